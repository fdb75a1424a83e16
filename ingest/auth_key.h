/* One key of a source: loaded from a file or a text, and what is verified with it.
 *
 * Private to auth.c. A loaded key is read-only but for `spare`, which is exchanged atomically, so
 * that several threads may verify with it. What a key is for is decided when it is loaded; nothing
 * that a caller sends changes it.
 *
 * Life cycle: zeroed memory; one auth_key_load_*; auth_key_release. After a failed load there is
 * nothing to release but releasing does no harm.
 */
#ifndef INGEST_AUTH_KEY_H
#define INGEST_AUTH_KEY_H

#include "ingest/auth.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <sys/uio.h>

enum {
    KEY_PEM_BYTES_MOST = 64 * 1024,
    KEY_SECRET_BYTES_MOST = 4096,
    KEY_DIGEST_BYTES = 32, /* SHA-256 */
    KEY_RSA_BITS_LEAST = 2048,
};

/* A kind of public key: a row of the table in auth_key.c. */
struct auth_algorithm {
    const char *word; /* as the header says it: "ed25519" */
    const char *type; /* OpenSSL's name for the kind of key */
    bool digested;    /* the signature is over a SHA-256 of the text, not over the text */
    bool (*fits)(EVP_PKEY *key, int64_t rsa_bits_most, struct error *error);
};

/* NULL: nobody knows an algorithm of that name. */
const struct auth_algorithm *auth_algorithm_find(const char *word);

struct auth_key {
    const char *id;           /* borrowed */
    const char *subscription; /* borrowed; NULL: of none */
    bool published;
    /* A public key. */
    const struct auth_algorithm *algorithm;
    EVP_PKEY *public_key;
    EVP_PKEY_CTX *verifier; /* ready; copied for each use. NULL when not `digested` */
    /* A secret for HMAC. */
    EVP_MAC_CTX *mac;             /* ready; copied for each use */
    _Atomic(EVP_MAC_CTX *) spare; /* a copy that is not in use, or NULL */
    /* A secret that is sent as it is: only its digest is kept. */
    uint8_t digest[KEY_DIGEST_BYTES];
    /* mtls */
    const char *name; /* borrowed */
};

/* False: the error says what is wrong with it, without a name in front. */
MUST_CHECK bool auth_key_load_public(struct auth_key *key, const char *pem, size_t length,
                                     int64_t rsa_bits_most, struct error *error);
MUST_CHECK bool auth_key_load_mac(struct auth_key *key, const void *secret, size_t length,
                                  struct error *error);
MUST_CHECK bool auth_key_load_digest(struct auth_key *key, const void *secret, size_t length,
                                     struct error *error);
void auth_key_release(struct auth_key *key);

/* Are they the same public key? */
bool auth_key_same(const struct auth_key *a, const struct auth_key *b);

/* AUTH_OK, AUTH_SIGNATURE, or AUTH_TROUBLE. The text is what the pieces hold, one after the other.
 * `sha256` is a fetched digest. May leave errors in OpenSSL's queue. */
enum auth_reason auth_key_verify(const struct auth_key *key, const EVP_MD *sha256,
                                 const struct iovec *text, size_t count, const uint8_t *signature,
                                 size_t signature_bytes);
/* The same, for an HMAC-SHA256. */
enum auth_reason auth_key_verify_mac(struct auth_key *key, const struct iovec *text, size_t count,
                                     const uint8_t mac[KEY_DIGEST_BYTES]);
/* The same, for a secret whose digest this is. */
enum auth_reason auth_key_verify_digest(const struct auth_key *key,
                                        const uint8_t digest[KEY_DIGEST_BYTES]);

#endif
