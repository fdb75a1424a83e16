/* Who sent this? The verification of requests on their raw bytes.
 *
 * A source has one scheme and any number of live keys (two while they are rotated). Schemes are the
 * rows of a table in auth.c; anything that is not exactly right fails closed. The signature
 * header's own algorithm must be the one that the key is for: the key decides, never the caller.
 *
 * Life cycle: auth_new reads the key files and takes copies of all else; an auth is read-only
 * and may be used by several threads; auth_free.
 */
#ifndef INGEST_AUTH_H
#define INGEST_AUTH_H

#include "core/error.h"
#include "ingest/config.h"
#include "ingest/http_reader.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a request is not believed. One table (auth.c) has their words, which are metric labels. */
enum auth_reason {
    AUTH_OK,
    AUTH_NETWORK,     /* the address is not among the source's networks */
    AUTH_MISSING,     /* no header */
    AUTH_MALFORMED,   /* the header comes twice, or is not of its form; parts twice, truncated */
    AUTH_SCHEME,      /* an algorithm that we do not know */
    AUTH_KEY,         /* a key id that we do not know */
    AUTH_ALGORITHM,   /* another algorithm than the key's */
    AUTH_EXPIRED,     /* signed too long ago */
    AUTH_FUTURE,      /* signed too far in the future: a clock is wrong */
    AUTH_SIGNATURE,   /* it does not verify */
    AUTH_CERTIFICATE, /* no client certificate, or another's */
    AUTH_TROUBLE,     /* not looked at for want of memory: our fault, so 503 and not 401 */
    AUTH_REASONS
};
const char *auth_reason_word(enum auth_reason reason); /* "expired": stable, a metric label */

/* A public key that eventctl published for a subscription; it counts for every source of scheme
 * SCHEME_SIGNATURE. One that was published for several subscriptions, or is a source's own too, is
 * nobody's in particular: its verdicts name no subscription. */
struct auth_published_key {
    const char *subscription;
    const char *id;
    const char *pem;
};

struct auth;
struct auth_source;

/* NULL: the error names the source, the key and what is wrong with it: unreadable, no public key,
 * of a kind that is not for the scheme, costlier than allowed, two keys with one id. */
struct auth *auth_new(const struct config *config, const struct auth_published_key *published,
                      size_t published_count, struct error *error);
void auth_free(struct auth *auth);

/* The source that serves a path; NULL when there is none. */
const struct auth_source *auth_find(const struct auth *auth, const char *path);
/* Its configuration: of the config that auth_new was given, which must live as long. */
const struct config_source *auth_source_config(const struct auth_source *source);

struct auth_sender {
    struct in6_addr address;       /* IPv4 as ::ffff:a.b.c.d */
    const char *const *cert_names; /* of a client certificate that the TLS layer verified: common
                                    * name and DNS names, ends with NULL; NULL: none */
    int64_t now_s;                 /* since the epoch */
};

struct auth_verdict {
    enum auth_reason reason;
    const char *key_id;       /* OK: which key; else NULL. Lives as long as the auth. */
    const char *algorithm;    /* OK: "ed25519", "hmac-sha256", "api-key", … */
    const char *subscription; /* OK: whose key it is, when it was published for one; else NULL */
};

/* May the address send to that source at all? Cheap; asked before the body is read. */
bool auth_allows(const struct auth_source *source, const struct in6_addr *address);

/* Verifies a complete request: headers and body as they came. Never fails otherwise than by its
 * verdict; leaves OpenSSL's error queue empty. */
struct auth_verdict auth_verify(const struct auth_source *source, const struct http_reader *request,
                                const struct auth_sender *sender);

/* -- the signature header, pure ------------------------------------------------------------------
 */

enum { SIGNATURE_BYTES_MOST = 1024 };

/* keyId=…,alg=…,t=…,sig=… : each part exactly once, in any order, nothing else, no white space.
 * An ECDSA signature is the DER of RFC 3279 section 2.2.3 (what `openssl dgst -sign` writes); the
 * bare 64 bytes r || s are not taken, so that a signature has one form only. */
struct signature_header {
    char key_id[129];   /* visible ASCII but the comma */
    char algorithm[33]; /* letters, digits, '-', '_', '.' */
    char time[21];      /* digits as they came (no leading zero): they are part of what is signed */
    int64_t time_s;
    uint8_t signature[SIGNATURE_BYTES_MOST];
    size_t signature_bytes;
};
/* False: it is not of that form, and `out` holds nothing of use. */
bool signature_header_read(const char *value, size_t length, enum config_encoding encoding,
                           struct signature_header *out);

/* Reads an encoded signature of 1 to `size` bytes. Strict, so that no two texts mean the same:
 * base64 (RFC 4648 section 4) padded, canonical, without white space; hex in lower case. */
bool signature_decode(const char *text, size_t length, enum config_encoding encoding, uint8_t *out,
                      size_t size, size_t *bytes);

#endif
