/* One event on its way to its sink. Made by the splitter, owned by the dispatch, lent to one worker
 * at a time. */
#ifndef INGEST_DELIVERY_H
#define INGEST_DELIVERY_H

#include "ingest/arrival.h"
#include "ingest/envelope.h"
#include "ingest/ledger.h"

#include <stdatomic.h>
#include <stdint.h>

/* A request that its events share; the last one lets it go. */
struct shared_arrival {
    atomic_int references;
    struct arrival arrival;
};
struct shared_arrival *
shared_arrival_new(struct arrival *arrival); /* takes it over; NULL: no memory */
struct shared_arrival *shared_arrival_hold(struct shared_arrival *shared);
void shared_arrival_drop(struct shared_arrival *shared);

struct chain;
struct lane;

struct delivery {
    /* What it is; read-only once admitted. */
    struct shared_arrival *request; /* one reference is its own */
    struct event_place place;
    const char *event; /* its own bytes, in the request's body */
    size_t event_bytes;
    char *type;        /* malloc'ed */
    char *interaction; /* malloc'ed; "" when it has none */
    int64_t time_ms;   /* its own; 0 when it has none */
    int64_t received_us;
    uint8_t key[EVENT_KEY_BYTES];
    bool quarantined; /* its ids are missing */
    bool hopeless;    /* no JSON: goes to the dead letters without an attempt */
    int64_t dead_id;  /* the replay of this dead letter; 0: it is none */
    int replays;

    /* Where it stands; the dispatch's. */
    int attempts; /* that failed */
    int64_t first_failed_us;
    int64_t due_ms; /* monotonic: not before */
    int64_t due_us; /* the same, since the epoch, for the ledger */
    bool parked;
    struct lane *lane;
    struct chain *chain;
    struct delivery *next;
};

void delivery_free(struct delivery *delivery);

#endif
