/* What eventctl published by PUT /v1/subscriptions: subscriptions with their residual filters, and
 * the keys that their deliveries are signed with. Kept in the ledger as the document that came.
 */
#ifndef INGEST_PUBLISHED_H
#define INGEST_PUBLISHED_H

#include "core/arena.h"
#include "ingest/auth.h"
#include "ingest/config.h"

struct published {
    struct arena arena;
    const struct config_subscription *subscriptions;
    size_t count;
    const struct auth_published_key *keys;
    size_t key_count;
};

enum { PUBLISHED_MOST = 10000 };

/* Reads the document; one without subscriptions is fine. False: the error (ERROR_INVALID) says
 * which subscription and what is wrong with it, and *published is empty. Must be released either
 * way. */
MUST_CHECK bool published_read(struct published *published, const char *document, size_t length,
                               struct error *error);
void published_release(struct published *published);

/* The configuration's subscriptions and, where it has none of that id, the published ones; in the
 * arena of `published`. NULL: no memory. */
const struct config_subscription *published_merge(struct published *published,
                                                  const struct config *config, size_t *count);

#endif
