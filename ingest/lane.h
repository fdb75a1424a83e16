/* A subscription's lane: what is known of it, its requests that are not settled, its chains that
 * can go, and how far it is settled.
 *
 * Requests are rows here, in the order of their positions, each with the count of its events that
 * are unresolved: neither settled nor parked. The lane is settled up to the request before the
 * first row. Rows that have nothing unresolved and stand behind such a one are merged, so that
 * there are never more than twice as many as unresolved events.
 *
 * A lane is made by whoever meets its subscription first and lives as long as the dispatch. Its
 * counters `depth`, `unread` and `unread_us` are atomic; all else is under the dispatch's lock.
 */
#ifndef INGEST_LANE_H
#define INGEST_LANE_H

#include "ingest/chain.h"
#include "ingest/metrics.h"

#include "core/match.h"

#include <stdatomic.h>

/* What is known of a subscription; counted, since the splitter uses one without the lock. */
struct known {
    atomic_int references;
    char *name;
    struct match *match; /* NULL: everything passes */
    struct outlet *outlet;
    bool paused;
};
struct known *known_hold(struct known *known); /* NULL is fine, here and below */
void known_drop(struct known *known);

struct row {
    struct row *next, *before;
    int64_t position;
    int64_t received_us;
    uint32_t unresolved;
};

enum lane_count {
    LANE_ACCEPTED,
    LANE_QUARANTINED,
    LANE_DELIVERED,
    LANE_REPLAYED,
    LANE_DUPLICATES,
    LANE_FILTERED,
    LANE_RETRIED,
    LANE_COUNTS
};

struct lane {
    struct table_node node;
    char id[ARRIVAL_SUBSCRIPTION_MOST + 1];
    uint8_t salt[EVENT_KEY_BYTES]; /* makes a key one of this subscription */
    bool shared;                   /* the one that late subscriptions share */
    struct known *known;           /* NULL: nobody has told of it */
    struct outlet *outlet;
    int pause;   /* 0, 1: somebody said so; -1: as known */
    bool paused; /* what comes of both */

    atomic_llong depth;     /* events accepted and not settled */
    atomic_llong unread;    /* of these, not split yet */
    atomic_llong unread_us; /* the oldest of these was not received before */

    struct row *first_row, *last_row;
    int64_t read;    /* the last position that was split */
    int64_t settled; /* all its events at or before it are settled or parked */
    int64_t told;    /* what the ledger knows of that; -1: nothing */
    bool moved;      /* in the dispatch's list of those whose position is to be told */
    struct lane *moved_next;

    bool behind;         /* the splitter's main reading has passed it by … */
    bool catching;       /* … and it has room again */
    int64_t behind_from; /* … from this position on */
    struct lane *behind_next;

    size_t held;                  /* unresolved events */
    struct delivery *parked_list; /* newest first */
    size_t parked;
    struct delivery *replay_list; /* few: DISPATCH_LANE_REPLAYS, about */
    size_t replays;

    struct chain_list ready;
    bool running; /* in its outlet's list */
    struct lane *run_next;

    struct series *counts[LANE_COUNTS];
    struct series *seconds;
    uint64_t dead_lettered;
    char last_error[256];
    int64_t last_error_us, last_delivered_us;
};

/* NULL: no memory. */
struct lane *lane_new(const char *id, struct metrics *metrics);
/* Frees its rows too; its chains are the dispatch's. */
void lane_free(struct lane *lane);

/* The key as the window has it: two subscriptions that have the same event both get it. */
void lane_key(const struct lane *lane, const uint8_t key[EVENT_KEY_BYTES],
              uint8_t out[EVENT_KEY_BYTES]);

/* Begins a request; it is held as one unresolved event until lane_row_done. NULL: no memory. */
struct row *lane_row_new(struct lane *lane, int64_t position, int64_t received_us);
/* One event less. True: `settled` has moved, and *row is gone or merged. */
bool lane_row_done(struct lane *lane, struct row *row);

/* Marks as parked, or no more. */
void lane_park(struct lane *lane, struct delivery *delivery);
void lane_unpark(struct lane *lane, struct delivery *delivery);

/* A replay is in memory, or no more. */
void lane_replay(struct lane *lane, struct delivery *delivery);
void lane_replay_end(struct lane *lane, struct delivery *delivery);

/* The least position, and time of receipt, of its parked events (replays left out) and rows;
 * INT64_MAX: none. */
void lane_oldest(const struct lane *lane, int64_t *position, int64_t *received_us);

#endif
