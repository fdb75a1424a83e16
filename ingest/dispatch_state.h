/* What the dispatch's own files share: dispatch.c, known.c, flow.c, settle.c, recall.c,
 * restore.c, splitter.c, worker.c and dispatch_view.c. Nobody else includes it.
 *
 * `lock` protects everything that is not atomic and not said to be of one thread. `lanes_lock` only
 * protects finding and adding lanes, so that the writer, which counts what it stored, never waits
 * for a worker; it may be taken while `lock` is held, never the other way round.
 */
#ifndef INGEST_DISPATCH_STATE_H
#define INGEST_DISPATCH_STATE_H

#include "ingest/breaker.h"
#include "ingest/compat.h"
#include "ingest/dispatch.h"
#include "ingest/lane.h"
#include "ingest/window.h"

#include <pthread.h>

enum {
    DISPATCH_BATCH_MOST = 256,      /* deliveries of one call */
    DISPATCH_LANE_LEAST = 16,       /* a lane may hold so many even when all together are full */
    DISPATCH_LOADED_MOST = 2048,    /* parked events whose bodies are back in memory */
    DISPATCH_REPLAYS_MOST = 1000,   /* in memory, about … */
    DISPATCH_LANE_REPLAYS = 250,    /* … and of one lane; all may have DISPATCH_LANE_LEAST */
    DISPATCH_BACKLOG_MOST = 100000, /* of the ledger */
    DISPATCH_TELL_MS = 5,           /* positions are told to the ledger at most so often */
    DISPATCH_FAR = 10000, /* positions; so far behind, a lane is read for itself or moved on */
};

/* A sink with what the dispatch knows of it. */
struct outlet {
    const struct config_sink *config;
    struct sink *sink;
    struct breaker breaker;
    size_t batch_most;
    int64_t calls, calls_most;         /* under way */
    int64_t flying;                    /* deliveries of these */
    int64_t wait_until_ms;             /* the sink said so */
    struct lane *run_first, *run_last; /* lanes with chains that are ready */
    uint64_t attempts, failures;
    struct compat *compat; /* the newest; NULL: events go as they came */
    struct series *seconds, *compat_skipped;
};

/* What one worker has in hand. */
struct batch {
    struct outlet *outlet;
    struct compat *compat; /* the outlet's when the batch was taken; held */
    struct delivery *items[DISPATCH_BATCH_MOST];
    struct outcome outcomes[DISPATCH_BATCH_MOST];
    size_t count;
    bool probe;
};

/* An event of the queue that the start must not take up a second time. */
struct skip {
    struct event_place place;
    bool parked; /* else it is a dead letter */
};

/* Positions, `to` not among them. */
struct run {
    int64_t from, to;
};

struct splitter;
struct worker;

struct dispatch {
    struct dispatch_options options;
    struct sink_calls sinks;
    pthread_mutex_t lock;
    pthread_cond_t work;  /* for workers that wait */
    pthread_cond_t ended; /* a worker ended */

    struct outlet *outlets;
    size_t outlet_count, next_outlet;
    struct outlet *fallback; /* of subscriptions that name none */

    /* Held while replays pass from the ledger into their lanes, or back; taken before the other
     * locks, and before the ledger's. */
    pthread_mutex_t replaying;

    pthread_mutex_t lanes_lock;
    struct table lane_table;
    struct lane **lanes; /* room for all that there may be; only ever added to */
    atomic_size_t lane_count;

    struct table chain_table;
    struct chain_heap waiting;
    struct chain_list loading;
    struct window *window;
    size_t held;    /* unresolved events, in all lanes */
    size_t parked;  /* in all lanes */
    size_t loaded;  /* of these */
    size_t replays; /* in memory; each is in its lane's list too */
    atomic_llong held_bytes;
    struct lane *moved; /* whose positions are to be told */
    int64_t told_ms;

    atomic_llong stored;         /* the last position in the queue */
    atomic_llong split;          /* the last position that the main reading has passed */
    atomic_llong settled_before; /* and the ledger has it on disk */
    struct lane *behind;
    struct skip *skips; /* sorted; read-only after the start */
    size_t skip_count;
    struct parked_event *restored; /* sorted; for the splitter, which frees it */
    size_t restored_count;

    /* The splitter's own. */
    struct run *given_up;   /* requests that could not be read */
    size_t given_up_count;  /* of runs */
    bool miscounted;        /* lanes count them as unread */
    int64_t read_failed_ms; /* when it was logged last that the queue cannot be read */

    int bell; /* an eventfd, which wakes the splitter */
    atomic_bool rung;
    atomic_bool replays_asked;
    atomic_bool stopping;
    struct splitter *splitter;

    struct worker *workers;
    size_t worker_count; /* places for them */
    size_t running, busy, idle;
    int64_t took_ms; /* when one last took something to deliver */
    bool leading;    /* one of the idle ones waits for the next due time */
    int64_t leading_until_ms;
};

/* -- flow.c: lanes and chains; the lock is held unless said otherwise ---------------------------
 */

/* The lane of a subscription, made if need be; the shared one when there are too many. NULL: no
 * memory. Takes lanes_lock; the lock need not be held. */
struct lane *flow_lane(struct dispatch *dispatch, const char *subscription);
/* NULL when nothing is known of it. */
struct lane *flow_lane_find(struct dispatch *dispatch, const char *id);
/* Takes it over into its chain; `row` may be NULL (a replay, or parked already). False: no memory,
 * and nothing has happened. */
MUST_CHECK bool flow_admit(struct dispatch *dispatch, struct lane *lane, struct row *row,
                           struct delivery *delivery);
/* Puts the chain where it belongs now; frees it when it is done. */
void flow_chain(struct dispatch *dispatch, struct chain *chain);
/* Puts the lane into its outlet's list if anything of it can go. */
void flow_run(struct dispatch *dispatch, struct lane *lane);
/* May no more be admitted? And may it begin again? */
bool flow_full(const struct dispatch *dispatch, const struct lane *lane);
bool flow_roomy(const struct dispatch *dispatch, const struct lane *lane);
/* The next deliveries. False: there is nothing now. */
bool flow_take(struct dispatch *dispatch, struct batch *batch, int64_t now_ms);
/* Does nothing go to the sink now, whatever there is for it? */
bool flow_rests(const struct outlet *outlet, int64_t now_ms);
/* Would flow_take find something? */
bool flow_waits(const struct dispatch *dispatch, int64_t now_ms);
/* When flow_take may find something by time alone; INT64_MAX: never. */
int64_t flow_due_ms(const struct dispatch *dispatch);

/* Wakes the splitter; no lock needed. */
void flow_ring(struct dispatch *dispatch);

/* -- known.c ------------------------------------------------------------------------------------
 */

/* At the start: what the ledger says of paused subscriptions. */
MUST_CHECK bool known_restore(struct dispatch *dispatch, struct error *error);

#endif
