/* One request as it came: what is stored before it is answered, and what workers read.
 *
 * A request holds one event or a batch of them, and is stored whole, as one row. `subscription`
 * decides whose backlog it is in: that of the key it was signed with, else the one that its first
 * envelope names, else its source's. A batch is never split between subscriptions.
 */
#ifndef INGEST_ARRIVAL_H
#define INGEST_ARRIVAL_H

#include "core/arena.h"

#include <stdint.h>

enum { ARRIVAL_SUBSCRIPTION_MOST = 128 }; /* bytes of a subscription's id; longer ones are hashed */

enum arrival_flag {
    ARRIVAL_QUARANTINED = 1, /* verified, but not JSON as far as the scan can tell */
};

struct arrival {
    int64_t position;    /* in the queue, from 1; given when it is stored */
    int64_t received_us; /* since the epoch */
    uint32_t events;     /* as counted by the scan; at least 1 */
    uint32_t flags;      /* enum arrival_flag */
    char *subscription;  /* printable ASCII */
    char *source;        /* the configured source's name */
    char *verdict;       /* "genesys-signature ed25519 key-1": how it was verified */
    char *headers; /* those of interest, a JSON object: content-type, correlation ids, topic */
    char *body;    /* NUL after its last byte */
    size_t body_bytes;
};

/* Frees what it points to (each malloc'ed or NULL) and zeroes it. */
void arrival_release(struct arrival *arrival);

/* Bytes that it takes in memory, for limits. */
size_t arrival_bytes(const struct arrival *arrival);

#endif
