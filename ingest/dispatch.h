/* What is to be delivered now, and by whom: the workers' side of the queue.
 *
 * One lane a subscription, one chain an interaction. An event goes when it is first in its chain,
 * its lane is not paused, its time has come, and its sink has a free place and a closed breaker.
 * What fails is parked: it and what is behind it in its chain wait, all other chains flow.
 *
 *   splitter: reads the queue, cuts requests into events, filters, looks at shapes, admits
 *   dispatch: lanes, chains, the idempotency window, retries, breakers (locked inside)
 *   worker:   takes, delivers by its sink, settles
 *
 * Memory is bounded: a lane holds at most DISPATCH_LANE_MOST events and all lanes together
 * DISPATCH_MOST events or DISPATCH_BYTES; a full or paused lane is left behind and the splitter
 * reads the queue for it again once there is room, so that one that stands still keeps nobody
 * waiting.
 *
 * At the start it takes up what the ledger says: positions, parked events, the window. At the end
 * it keeps no state of its own.
 */
#ifndef INGEST_DISPATCH_H
#define INGEST_DISPATCH_H

#include "core/error.h"
#include "ingest/config.h"
#include "ingest/delivery.h"
#include "ingest/ledger.h"
#include "ingest/metrics.h"
#include "ingest/queue.h"
#include "ingest/shape.h"
#include "ingest/sink.h"

enum {
    DISPATCH_LANE_MOST = 5000,
    DISPATCH_MOST = 50000,
    DISPATCH_BYTES = 64 * 1024 * 1024,
    DISPATCH_PARKED_MOST = 100000,
    DISPATCH_LANES_MOST = 20000, /* subscriptions; what comes later shares one lane, "other" */
};

struct dispatch;

/* The functions of sink.h. */
struct sink_calls {
    struct sink *(*open)(const struct config_sink *config, struct error *error);
    void (*close)(struct sink *sink);
    size_t (*batch_most)(const struct sink *sink);
    void (*deliver)(struct sink *sink, unsigned worker, struct delivery *const *deliveries,
                    size_t count, struct outcome *outcomes);
    void (*stop)(struct sink *sink);
};

struct dispatch_options {
    const struct config *config; /* sinks, workers, dedupe: as at the start; lives as long */
    struct queue *queue;
    struct ledger *ledger;
    struct metrics *metrics;
    struct shapes *shapes;
    const struct sink_calls *sink_calls; /* NULL: those of sink.h; a test has others */
    int64_t idle_ms;                     /* after which a worker ends; 0: WORKER_IDLE_MS */
};

/* Reads the ledger and counts the queue; opens the sinks. NULL: the error says why. */
struct dispatch *dispatch_new(const struct dispatch_options *options, struct error *error);
/* Starts the splitter and the workers. */
MUST_CHECK bool dispatch_start(struct dispatch *dispatch, struct error *error);
/* Ends them; deliveries that are under way get until `deadline_ms` (monotonic), then they are cut
 * off and will be done again. */
void dispatch_stop(struct dispatch *dispatch, int64_t deadline_ms);
void dispatch_free(struct dispatch *dispatch);

/* The writer's: these are stored now. Counts depth and wakes the splitter. */
void dispatch_stored(void *dispatch, struct arrival *const *arrivals, size_t count);
/* The writer's: nothing before this position is needed any more. */
int64_t dispatch_settled_before(void *dispatch);

/* What is known of subscriptions: names, sinks, filters. Replaces all of it; takes effect for what
 * is not split yet. Copies. False: a filter is wrong, a sink is not there; nothing was changed. */
MUST_CHECK bool dispatch_subscriptions(struct dispatch *dispatch,
                                       const struct config_subscription *subscriptions,
                                       size_t count, struct error *error);
/* Takes over the compatibility maps of the sinks of a new configuration, for what is delivered from
 * now on. Copies. False: no memory; nothing was changed. */
MUST_CHECK bool dispatch_compat(struct dispatch *dispatch, const struct config *config,
                                struct error *error);
/* Stops, or goes on with, delivering one. False with ERROR_INVALID: it is not known and
 * was not seen. */
MUST_CHECK bool dispatch_pause(struct dispatch *dispatch, const char *subscription, bool paused,
                               struct error *error);

/* Wakes the splitter: dead letters were marked for replay. */
void dispatch_wake(struct dispatch *dispatch);
/* Take back those of the filter that are to be replayed, or remove those of it for good; only what
 * a worker has under way stays as it is. Synced. */
MUST_CHECK bool dispatch_abort(struct dispatch *dispatch, const struct dead_filter *filter,
                               int64_t *count, struct error *error);
MUST_CHECK bool dispatch_discard(struct dispatch *dispatch, const struct dead_filter *filter,
                                 int64_t *count, struct error *error);

/* -- what can be seen of it ---------------------------------------------------------------------
 */

struct lane_view {
    const char *subscription; /* its id */
    const char *name;         /* "" when none is known */
    const char *sink;
    bool known; /* configured or published */
    bool paused;
    int64_t depth;     /* events accepted and not settled, parked and replaying ones included */
    int64_t parked;    /* of these, waiting for a retry or behind one */
    int64_t oldest_us; /* when the oldest of them was received; 0: none */
    uint64_t accepted, delivered, replayed, duplicates, filtered, retried, dead_lettered,
        quarantined;            /* since the start */
    double p50_s, p95_s, p99_s; /* received to delivered, since the start; -1: none yet */
    const char *last_error;     /* "" when there was none */
    int64_t last_error_us, last_delivered_us;
};
/* In the order of their ids. Borrowed. */
void dispatch_lanes(struct dispatch *dispatch,
                    void (*each)(void *context, const struct lane_view *view), void *context);

struct sink_view {
    const char *name, *type, *target; /* URL without userinfo and query, or path */
    const char *breaker;              /* "closed", "half-open", "open" */
    const char *rests; /* "" or why nothing is sent to it: "breaker", "retry-after" */
    int64_t rests_until_us;
    int64_t in_flight, concurrency;
    uint64_t attempts, failures;
};
void dispatch_sinks(struct dispatch *dispatch,
                    void (*each)(void *context, const struct sink_view *view), void *context);

struct dispatch_view {
    int64_t depth, parked, oldest_us;
    int64_t workers, workers_busy, workers_least, workers_most, workers_wanted;
    size_t dedupe_keys;
    uint64_t dedupe_dropped;
};
void dispatch_view(struct dispatch *dispatch, struct dispatch_view *view);

/* Sets the gauges of the metrics from all of this. */
void dispatch_measure(struct dispatch *dispatch);

#endif
