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
    atomic_llong *held_bytes; /* where its bytes are counted while it is held; or NULL */
};
struct shared_arrival *
shared_arrival_new(struct arrival *arrival); /* takes it over; NULL: no memory */
struct shared_arrival *shared_arrival_hold(struct shared_arrival *shared);
void shared_arrival_drop(struct shared_arrival *shared);
/* Counts its bytes there from now on until it is let go. Once, while there is one reference. */
void shared_arrival_account(struct shared_arrival *shared, atomic_llong *held_bytes);

struct chain;
struct lane;
struct row;

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
    enum envelope_form form; /* where its payload stands */
    bool quarantined;        /* its ids are missing */
    bool hopeless;           /* goes to the dead letters without an attempt: no JSON, or a stray */
    char *stray;     /* malloc'ed: whose it is, when its batch came for another subscription */
    int64_t dead_id; /* the replay of this dead letter; 0: it is none */
    int replays;
    bool fresh; /* a replay of what has never been through its lane: no exception is made for it */

    /* What its sink sees instead of `event`, by the sink's compatibility map (compat.h); its
     * worker's, while the sink has it. */
    char *mapped; /* malloc'ed; NULL: the event itself */
    size_t mapped_bytes;
    bool unmapped; /* it could not be mapped; counted */

    /* Where it stands; the dispatch's. */
    int attempts; /* that failed */
    int64_t first_failed_us;
    int64_t due_ms;   /* monotonic: not before */
    int64_t due_us;   /* the same, since the epoch, for the ledger */
    int64_t order_ms; /* what it is sorted by where the sink wants order by time */
    bool parked;      /* its body is left in the queue until it is its turn: request is NULL */
    bool loaded;      /* parked, and its body is back in memory */
    struct lane *lane;
    struct chain *chain;
    struct row *row; /* which waits for it; NULL: none does (parked, or a replay) */
    struct delivery *next;
    struct delivery *parked_next, *parked_before; /* the lane's parked ones */
    struct delivery *replay_next;                 /* the lane's replays */
};

void delivery_free(struct delivery *delivery);

/* What its sink sees. */
const char *delivery_shown(const struct delivery *delivery, size_t *length_bytes);

/* Lets go of its body and texts; what it is and where it stands stays. */
void delivery_empty(struct delivery *delivery);
/* Takes over body, texts and key of another one, which is freed. */
void delivery_fill(struct delivery *delivery, struct delivery *from);

#endif
