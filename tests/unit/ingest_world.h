/* A dispatch with a real queue and a real ledger in a folder of its own, and a sink that does what
 * the test says. Included by the tests of the dispatch.
 *
 * An event is "n" of an interaction:
 * {"eventType":…,"payload":{"id":"i-1","n":7},"sequenceNumber":7}.
 */
#ifndef TESTS_UNIT_INGEST_WORLD_H
#define TESTS_UNIT_INGEST_WORLD_H

#include "core/clock.h"
#include "ingest/dispatch.h"

#include "tests/unit/unit.h"

#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { WORLD_LOG_MOST = 20000, WORLD_WAIT_MS = 20000 };

/* One call of the sink for one event. */
struct world_try {
    int n;
    int attempts; /* that failed before */
    int replays;
    int64_t dead_id;
    enum outcome_result result;
    char subscription[16];
    char interaction[16];
};

struct world {
    char folder[64];
    struct config config;
    struct config_sink sinks[2];
    struct config_queue queue_options;
    struct queue *queue;
    struct ledger *ledger;
    struct metrics *metrics;
    struct dispatch *dispatch;
    int64_t dead_letter_bytes;
    int64_t idle_ms; /* 0: the usual */
    size_t batch_most;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct world_try log[WORLD_LOG_MOST];
    size_t logged, delivered;
    bool held; /* the sink answers nobody */
    bool stopped;
    int inside, inside_most;
    /* What the sink says; NULL: delivered. The lock is held. */
    struct outcome (*decide)(struct world *world, const struct world_try *attempt);
    int number; /* for `decide` */
};

static struct world world;

/* -- the sink -----------------------------------------------------------------------------------
 */

static struct sink *fake_open(const struct config_sink *config, struct error *error)
{
    (void)error;
    return (struct sink *)(uintptr_t)config;
}

static void fake_close(struct sink *sink)
{
    (void)sink;
}

static size_t fake_batch_most(const struct sink *sink)
{
    (void)sink;
    return world.batch_most;
}

static void fake_one(const struct delivery *delivery, struct outcome *outcome)
{
    struct world_try attempt = {
        .attempts = delivery->attempts, .replays = delivery->replays, .dead_id = delivery->dead_id};
    const char *n = strstr(delivery->event, "\"n\":");

    attempt.n = n ? atoi(n + 4) : -1;
    snprintf(attempt.subscription, sizeof(attempt.subscription), "%s",
             delivery->request->arrival.subscription);
    snprintf(attempt.interaction, sizeof(attempt.interaction), "%s", delivery->interaction);
    *outcome = (struct outcome){.result = OUTCOME_DELIVERED};
    if (world.decide)
        *outcome = world.decide(&world, &attempt);
    attempt.result = outcome->result;
    assert_true(world.logged < WORLD_LOG_MOST);
    world.log[world.logged++] = attempt;
    world.delivered += outcome->result == OUTCOME_DELIVERED;
}

/* What a batch has failed to do with one of a chain, it does with none that follows it there. */
static bool fake_follows(struct delivery *const *deliveries, size_t place, struct outcome *outcomes)
{
    for (size_t i = 0; i < place; i++)
        if (deliveries[i]->chain == deliveries[place]->chain &&
            outcomes[i].result != OUTCOME_DELIVERED) {
            outcomes[place] = outcomes[i];
            return true;
        }
    return false;
}

static void fake_deliver(struct sink *sink, unsigned worker, struct delivery *const *deliveries,
                         size_t count, struct outcome *outcomes)
{
    (void)sink;
    (void)worker;
    pthread_mutex_lock(&world.lock);
    if (++world.inside > world.inside_most)
        world.inside_most = world.inside;
    pthread_cond_broadcast(&world.changed);
    while (world.held && !world.stopped)
        pthread_cond_wait(&world.changed, &world.lock);
    for (size_t i = 0; i < count; i++)
        if (world.stopped)
            outcomes[i] = (struct outcome){.result = OUTCOME_STOPPED};
        else if (!fake_follows(deliveries, i, outcomes))
            fake_one(deliveries[i], &outcomes[i]);
    world.inside--;
    pthread_cond_broadcast(&world.changed);
    pthread_mutex_unlock(&world.lock);
}

static void fake_stop(struct sink *sink)
{
    (void)sink;
    pthread_mutex_lock(&world.lock);
    world.stopped = true;
    pthread_cond_broadcast(&world.changed);
    pthread_mutex_unlock(&world.lock);
}

static const struct sink_calls fake_sinks = {.open = fake_open,
                                             .close = fake_close,
                                             .batch_most = fake_batch_most,
                                             .deliver = fake_deliver,
                                             .stop = fake_stop};

static inline void world_hold(bool held)
{
    pthread_mutex_lock(&world.lock);
    world.held = held;
    pthread_cond_broadcast(&world.changed);
    pthread_mutex_unlock(&world.lock);
}

static inline void world_decide(struct outcome (*decide)(struct world *world,
                                                         const struct world_try *attempt))
{
    pthread_mutex_lock(&world.lock);
    world.decide = decide;
    pthread_mutex_unlock(&world.lock);
}

static inline void world_wait(const size_t *number, size_t least)
{
    struct timespec until;
    int failed = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WORLD_WAIT_MS / 1000;
    pthread_mutex_lock(&world.lock);
    while (*number < least && !failed)
        failed = pthread_cond_timedwait(&world.changed, &world.lock, &until);
    pthread_mutex_unlock(&world.lock);
    if (failed)
        fail_msg("the sink saw %zu of %zu", *number, least);
}

static inline void world_wait_inside(int least)
{
    pthread_mutex_lock(&world.lock);
    while (world.inside < least)
        pthread_cond_wait(&world.changed, &world.lock);
    pthread_mutex_unlock(&world.lock);
}

static inline struct outcome world_failed(void)
{
    return (struct outcome){
        .result = OUTCOME_FAILED, .reason = "http-500", .detail = "no good", .wait_ms = 0};
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

static inline void world_configure(void)
{
    const struct config_sink sink = {.name = "crm",
                                     .type = SINK_HTTP,
                                     .order = ORDER_ARRIVAL,
                                     .order_wait_ms = 0,
                                     .retries_ms = {1, 1, 1},
                                     .retry_count = 3,
                                     .concurrency = 4,
                                     .breaker_failures = 0,
                                     .breaker_open_ms = 20,
                                     .url = "https://user:secret@crm.example/in?key=1"};

    world.sinks[0] = world.sinks[1] = sink;
    world.sinks[1].name = "staging";
    world.config = (struct config){.sinks = world.sinks,
                                   .sink_count = 2,
                                   .default_sink = "crm",
                                   .dedupe = {.window_ms = 86400000, .keys = 100000},
                                   .workers = {.least = 2, .most = 4, .events_per_worker = 10}};
    world.queue_options = (struct config_queue){
        .retention_ms = 86400000, .reserve_bytes = 0, .wal_bytes = 64 * 1024 * 1024};
    world.dead_letter_bytes = 1024 * 1024;
    world.batch_most = 1;
}

/* Opens everything; the dispatch is not started yet. */
static inline void world_open(void)
{
    const struct ledger_options ledger_options = {.window_ms = world.config.dedupe.window_ms,
                                                  .dead_letter_bytes = world.dead_letter_bytes,
                                                  .dead_letter_retention_ms = 86400000};
    struct error error = ERROR_INIT;
    struct dispatch_options options = {
        .config = &world.config, .sink_calls = &fake_sinks, .idle_ms = world.idle_ms};

    world.stopped = false;
    options.queue = world.queue = queue_open(world.folder, &world.queue_options, &error);
    assert_string_equal(error.text, "");
    options.ledger = world.ledger = ledger_open(world.folder, &ledger_options, &error);
    assert_string_equal(error.text, "");
    options.metrics = world.metrics = metrics_new();
    world.dispatch = dispatch_new(&options, &error);
    assert_string_equal(error.text, "");
    assert_non_null(world.dispatch);
}

static inline void world_start(void)
{
    struct error error = ERROR_INIT;

    world_open();
    assert_true(dispatch_start(world.dispatch, &error));
}

static inline void world_close(void)
{
    if (!world.dispatch)
        return;
    dispatch_stop(world.dispatch, clock_monotonic_ms() + 1000);
    dispatch_free(world.dispatch);
    ledger_close(world.ledger);
    queue_close(world.queue);
    metrics_free(world.metrics);
    world.dispatch = NULL;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    pthread_mutex_init(&world.lock, NULL);
    pthread_cond_init(&world.changed, NULL);
    snprintf(world.folder, sizeof(world.folder), "/tmp/ingest-dispatch-XXXXXX");
    world_configure();
    return mkdtemp(world.folder) ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    world_close();
    pthread_cond_destroy(&world.changed);
    pthread_mutex_destroy(&world.lock);
    return nftw(world.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
