/* What a reload replaces while connections go on: the configuration, keys and certificates.
 *
 * Read-only once made, and counted: whoever holds one may use it until live_drop. A connection
 * keeps the TLS context that it began with; each request is verified with the newest keys.
 */
#ifndef INGEST_LIVE_H
#define INGEST_LIVE_H

#include "ingest/auth.h"
#include "ingest/config.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct live {
    atomic_int references;
    struct live *base; /* whose configuration and certificates it shares; NULL: it has its own */
    const struct config *config;
    struct config own; /* what `config` points to unless there is a base */
    struct auth *auth;
    SSL_CTX *tls; /* NULL: plaintext */
    struct http_limits http;
};

/* Takes over the configuration (which is released and emptied on an error, too). The result has one
 * reference. NULL: the error names the file that is wrong: certificate, key, CA, signature key. */
struct live *live_new(struct config *config, const struct auth_published_key *published,
                      size_t published_count, struct error *error);
/* The same configuration and certificates with other published keys: a reference on `live` is
 * taken. */
struct live *live_again(struct live *live, const struct auth_published_key *published,
                        size_t published_count, struct error *error);
struct live *live_hold(struct live *live);
void live_drop(struct live *live);

#endif
