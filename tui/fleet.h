/* What all endpoints said over time: the dashboard's model. Knows no terminal, no socket, no clock:
 * it is told what time it is (milliseconds since the epoch).
 *
 * Samples come in whenever endpoints answer. fleet_tick, once an interval, closes a step: for each
 * subscription one point of figures, aggregated over the endpoints that have it, kept in a ring.
 * Rates come from counters: between two samples of one instance; a counter that fell or another
 * instance begins anew, and there is no rate for that step. What no live endpoint told is NAN.
 * Steps are numbered on and on; a step that left the ring is gone.
 *
 * A subscription that is in no newest sample any more stays as a row, marked gone, and keeps its
 * number. An endpoint that is late or down keeps what it said last: a row of which only such ones
 * have something is stale, and has the figures that it had; a row that a live one has too is LATE,
 * and its figures are of those that live. In the totals there is nothing stale.
 */
#ifndef TUI_FLEET_H
#define TUI_FLEET_H

#include "api/ingest_sample.h"
#include "core/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    FLEET_ROWS_MOST = 100000,     /* that were ever seen; a sample with more is not taken */
    FLEET_POINTS = 240,           /* of one row, when nobody says how many */
    FLEET_POINT_BYTES = 24 << 20, /* of all rows: with many the ring is shorter */
    FLEET_LATE_INTERVALS = 3,     /* an endpoint is late after more than so many without a sample */
    FLEET_LATE_MS = 60000,        /* a row is late when its oldest event waits longer */
    FLEET_DRAIN_STEPS = 10,       /* that the drain time goes by */
    FLEET_GROWTH_MS = 60000,      /* that the growth of dead letters goes by */
};

enum figure {
    FIGURE_RECEIVED,   /* accepted events a second */
    FIGURE_DELIVERED,  /* a second */
    FIGURE_RETRIES,    /* a second */
    FIGURE_DUPLICATES, /* a second */
    FIGURE_FILTERED,   /* a second */
    FIGURE_DEPTH,
    FIGURE_PARKED,
    FIGURE_OLDEST_S, /* age of the oldest event that waits; 0: none waits */
    FIGURE_P50_S,
    FIGURE_P95_S,
    FIGURE_P99_S,
    FIGURE_DEAD,        /* dead letters in the table */
    FIGURE_DEAD_GROWTH, /* a minute, over the last 60 s or what there is of them */
    FIGURE_DRAIN_S, /* until the depth is 0, by the net rate of the last 10 steps; INFINITY: never
                     */
    FIGURES
};

/* Figures of several endpoints are added up; of ages and latencies the worst counts. One endpoint
 * that begins anew makes the rate of all unknown for that step: else it would seem to sink. Growth
 * and drain time go back no further than the same endpoints have told of a row.
 *
 * The worst that is true of a row, worst last but GONE:
 *
 *   FAIL     its dead letters grow; or the breaker of its sink is open; or events are parked and
 *            the last error came after the last delivery
 *   PAUSED   at one endpoint at least
 *   LATE     the oldest event waits longer than FLEET_LATE_MS; or an endpoint is late or down
 *   DRIFT    its mark is "drifted"
 *   UNKNOWN  no endpoint tells a single figure of it
 */
enum row_state {
    ROW_UNKNOWN,
    ROW_OK,
    ROW_DRIFT,
    ROW_LATE,
    ROW_PAUSED,
    ROW_FAIL,
    ROW_GONE,
    ROW_STATES
};
extern const char
    *const row_state_words[ROW_STATES];        /* "?" "OK" "DRIFT" "LATE" "PAUSED" "FAIL" "GONE" */
extern const char row_state_chars[ROW_STATES]; /* '?' '.' '~' '!' '=' 'X' '-' */

struct point {
    float figures[FIGURES]; /* NAN: not known */
    float age_s;            /* of what is stale: since it was told, when the step was closed; NAN */
    uint8_t state;          /* enum row_state */
    bool stale;             /* of an endpoint that is late or down */
};

/* One subscription, over all endpoints. Pointers stay good until the next fleet_* that takes a
 * sample or ticks. */
struct row {
    const char *id, *name; /* name: the id when none is known */
    const char *sink, *last_error;
    int64_t last_error_ms, last_delivered_ms; /* the latest of all endpoints, by our clock to the
                                                 second; 0: none that is known */
    int64_t sampled_ms;                       /* when the newest sample that had it came */
    const char *drift;  /* "" or the mark that fleet_drift gave: "drifted", "pending", … */
    int64_t version;    /* of the manifest; 0: not known */
    const char *health; /* of the Genesys side: "HEALTHY", …; "" */
    unsigned endpoints; /* how many have it */
};

enum endpoint_state { ENDPOINT_WAITING, ENDPOINT_LIVE, ENDPOINT_LATE, ENDPOINT_DOWN };
struct endpoint {
    const char *name, *url;
    bool production; /* actions need its name typed */
    enum endpoint_state
        state;          /* WAITING: nothing came yet. LATE: over 3 intervals without a sample */
    int64_t sampled_ms; /* when the newest sample came; 0: none yet */
    int64_t down_since_ms, retry_ms;        /* DOWN */
    const char *problem;                    /* DOWN: why, safe to show; refused tokens: `refused` */
    bool refused;                           /* 401 or 403 */
    int64_t skew_ms;                        /* its clock minus ours; SAMPLE_UNKNOWN */
    const struct ingest_sample *sample;     /* the newest; NULL */
    float received, delivered, depth, dead; /* of it alone, in the newest step in which it told */
};

struct totals {
    float figures[FIGURES]; /* sums; the worst of OLDEST and the latencies */
    size_t rows;            /* those that are gone left out */
    size_t states[ROW_STATES];
    size_t live, endpoints;
};

struct fleet;
struct fleet_endpoint {
    const char *name, *url;
    bool production;
};
/* `points_most`: of one row (240 when 0; fewer when rows are many, so that all stay under 24 MiB).
 * Copies. NULL: no memory. */
struct fleet *fleet_new(const struct fleet_endpoint *endpoints, size_t count, int64_t interval_ms,
                        size_t points_most);
void fleet_free(struct fleet *fleet);

/* A whole sample of one endpoint; takes it over (the caller's is empty afterwards). False: no
 * memory, or too many rows; then the sample is still the caller's. */
MUST_CHECK bool fleet_take(struct fleet *fleet, size_t endpoint, struct ingest_sample *sample,
                           int64_t now_ms);
/* It could not be had. */
void fleet_fail(struct fleet *fleet, size_t endpoint, const char *problem, bool refused,
                int64_t now_ms, int64_t retry_ms);
/* What the Genesys side says of all subscriptions: each found by its id or else its name, also
 * when it comes only later. It replaces what was said before. False: no memory, nothing changed. */
struct fleet_drift {
    const char *id, *name, *drift, *health;
    int64_t version;
};
MUST_CHECK bool fleet_drift(struct fleet *fleet, const struct fleet_drift *drifts, size_t count);

/* Closes a step. False: no memory, nothing changed. */
MUST_CHECK bool fleet_tick(struct fleet *fleet, int64_t now_ms);

size_t fleet_endpoints(const struct fleet *fleet);
void fleet_endpoint(const struct fleet *fleet, size_t n, int64_t now_ms, struct endpoint *out);
size_t fleet_rows(const struct fleet *fleet); /* in the order they were first seen; they stay */
const struct row *fleet_row(const struct fleet *fleet, size_t n);
size_t fleet_find(const struct fleet *fleet, const char *id); /* SIZE_MAX: none */

/* Steps that are still there: first <= step <= last; last < 0: none yet. */
int64_t fleet_first(const struct fleet *fleet);
int64_t fleet_last(const struct fleet *fleet);
int64_t fleet_time_ms(const struct fleet *fleet, int64_t step); /* SAMPLE_UNKNOWN: not there */
/* A row's point of that step; all NAN and ROW_UNKNOWN where there is none. */
void fleet_point(const struct fleet *fleet, size_t row, int64_t step, struct point *out);
/* Up to `count` values of one figure that end with `step`, oldest first, gaps NAN (what is stale
 * is one); returns how many. row SIZE_MAX: the totals'. */
size_t fleet_series(const struct fleet *fleet, size_t row, enum figure figure, int64_t step,
                    float *values, size_t count);
/* All NAN and 0 of a step that is not there. */
void fleet_totals(const struct fleet *fleet, int64_t step, struct totals *out);

#endif
