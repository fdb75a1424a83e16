/* A sink's circuit breaker: when so many deliveries in a row failed, and not all of one chain, the
 * sink is left alone for a while; then one delivery is let through, and decides.
 *
 *   closed ── failures in a row, of two chains or more ──▶ open ── its time ──▶ half open
 *      ▲                                                    ▲                      │
 *      │                                                    └── the probe failed ──┤
 *      └─────────────────────────── the probe succeeded ───────────────────────────┘
 *
 * Pure: the time comes in as an argument. One chain that always fails never opens it. What began
 * before it opened says nothing any more.
 */
#ifndef INGEST_BREAKER_H
#define INGEST_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };
const char *breaker_state_word(enum breaker_state state); /* "closed", "half-open", "open" */

enum { BREAKER_LONGEST = 16 }; /* times the first length, at most */

struct breaker {
    enum breaker_state state;
    int64_t most;     /* failures in a row; 0: it never opens */
    int64_t open_ms;  /* the first length */
    int64_t times;    /* 1, 2, 4 … 16: how much longer it is next */
    int64_t until_ms; /* OPEN: monotonic */
    int64_t failures; /* CLOSED: in a row */
    uint64_t chain;   /* of the first of these */
    bool several;     /* others of these were of another chain */
    bool probing;     /* HALF_OPEN: the one delivery is under way */
};

void breaker_init(struct breaker *breaker, int64_t failures, int64_t open_ms);

/* May a delivery begin? Changes nothing. */
bool breaker_allows(const struct breaker *breaker, int64_t now_ms);

/* A delivery, which was allowed, begins. True: it is the probe, to be told with its end. */
bool breaker_begin(struct breaker *breaker, int64_t now_ms);

void breaker_succeeded(struct breaker *breaker, bool probe);
/* `chain` is a number for its chain. True: it has just opened. */
bool breaker_failed(struct breaker *breaker, bool probe, uint64_t chain, int64_t now_ms);
/* It ended without saying anything about the sink. */
void breaker_undecided(struct breaker *breaker, bool probe);

/* When breaker_allows may change by itself; INT64_MAX: not by time alone. */
int64_t breaker_due_ms(const struct breaker *breaker);

#endif
