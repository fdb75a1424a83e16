#include "ingest/dispatch.h"

#include "core/clock.h"
#include "ingest/dispatch_state.h"
#include "ingest/restore.h"
#include "ingest/splitter.h"
#include "ingest/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const struct sink_calls real_sinks = {.open = sink_open,
                                             .close = sink_close,
                                             .batch_most = sink_batch_most,
                                             .deliver = sink_deliver,
                                             .stop = sink_stop};

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool outlet_open(struct dispatch *dispatch, struct outlet *outlet,
                        const struct config_sink *config, struct error *error)
{
    outlet->config = config;
    outlet->sink = dispatch->sinks.open(config, error);
    if (!outlet->sink)
        return error_wrap(error, "sink %s", config->name);
    outlet->batch_most = dispatch->sinks.batch_most(outlet->sink);
    if (outlet->batch_most > DISPATCH_BATCH_MOST)
        outlet->batch_most = DISPATCH_BATCH_MOST;
    /* A sink that takes batches takes one at a time. */
    outlet->calls_most =
        outlet->batch_most > 1 || config->concurrency < 1 ? 1 : config->concurrency;
    breaker_init(&outlet->breaker, config->breaker_failures, config->breaker_open_ms);
    outlet->seconds =
        metrics_series(dispatch->options.metrics, METRIC_SINK_SECONDS, config->name, NULL);
    outlet->compat_skipped =
        metrics_series(dispatch->options.metrics, METRIC_COMPAT_SKIPPED, config->name, NULL);
    return true;
}

static bool open_outlets(struct dispatch *dispatch, struct error *error)
{
    const struct config *config = dispatch->options.config;

    if (!config->sink_count)
        return error_set(error, ERROR_INVALID, "there is no sink");
    dispatch->outlets = calloc(config->sink_count, sizeof(struct outlet));
    if (!dispatch->outlets)
        return error_no_memory(error);
    for (size_t i = 0; i < config->sink_count; i++) {
        if (!outlet_open(dispatch, &dispatch->outlets[i], &config->sinks[i], error))
            return false;
        dispatch->outlet_count++;
        if (config->default_sink && strcmp(config->sinks[i].name, config->default_sink) == 0)
            dispatch->fallback = &dispatch->outlets[i];
    }
    if (!dispatch->fallback)
        dispatch->fallback = &dispatch->outlets[0];
    return true;
}

static bool init_locks(struct dispatch *dispatch, struct error *error)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&dispatch->lock, NULL);
    pthread_mutex_init(&dispatch->lanes_lock, NULL);
    pthread_mutex_init(&dispatch->replaying, NULL);
    pthread_cond_init(&dispatch->work, &monotonic);
    pthread_cond_init(&dispatch->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    dispatch->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (dispatch->bell < 0)
        return error_set(error, ERROR_FAILED, "no event descriptor");
    return true;
}

static bool init_tables(struct dispatch *dispatch, struct error *error)
{
    const struct config_dedupe *dedupe = &dispatch->options.config->dedupe;

    dispatch->window = window_new(dedupe->window_ms, dedupe->keys);
    dispatch->lanes = calloc(DISPATCH_LANES_MOST + 1, sizeof(struct lane *));
    if (!table_init(&dispatch->lane_table) || !table_init(&dispatch->chain_table) ||
        !dispatch->window || !dispatch->lanes)
        return error_no_memory(error);
    return true;
}

struct dispatch *dispatch_new(const struct dispatch_options *options, struct error *error)
{
    struct dispatch *dispatch = calloc(1, sizeof(*dispatch));
    const struct config *config = options->config;

    if (!dispatch) {
        error_no_memory(error);
        return NULL;
    }
    dispatch->options = *options;
    dispatch->sinks = options->sink_calls ? *options->sink_calls : real_sinks;
    if (init_locks(dispatch, error) && init_tables(dispatch, error) &&
        open_outlets(dispatch, error) && dispatch_compat(dispatch, config, error) &&
        known_restore(dispatch, error) && restore_all(dispatch, error) &&
        dispatch_subscriptions(dispatch, config->subscriptions, config->subscription_count, error))
        return dispatch;
    dispatch_free(dispatch);
    return NULL;
}

bool dispatch_start(struct dispatch *dispatch, struct error *error)
{
    if (!workers_start(dispatch, error))
        return false;
    dispatch->splitter = splitter_start(dispatch, error);
    return dispatch->splitter != NULL;
}

void dispatch_stop(struct dispatch *dispatch, int64_t deadline_ms)
{
    bool begun = dispatch->splitter || dispatch->workers;

    atomic_store(&dispatch->stopping, true);
    splitter_stop(dispatch->splitter);
    dispatch->splitter = NULL;
    workers_stop(dispatch, deadline_ms);
    if (begun)
        splitter_settled(dispatch);
}

static void free_chains(struct dispatch *dispatch)
{
    struct table_node *node;

    while ((node = table_take(&dispatch->chain_table)) != NULL) {
        struct chain *chain = (struct chain *)node;

        while (chain->first)
            delivery_free(chain_pop(chain));
        free(chain);
    }
    table_release(&dispatch->chain_table);
    chain_heap_release(&dispatch->waiting);
}

static void free_lanes(struct dispatch *dispatch)
{
    for (size_t i = 0; i < atomic_load(&dispatch->lane_count); i++)
        lane_free(dispatch->lanes[i]);
    free(dispatch->lanes);
    table_release(&dispatch->lane_table);
}

void dispatch_free(struct dispatch *dispatch)
{
    if (!dispatch)
        return;
    dispatch_stop(dispatch, clock_monotonic_ms());
    free_chains(dispatch);
    free_lanes(dispatch);
    for (size_t i = 0; i < dispatch->outlet_count; i++) {
        dispatch->sinks.close(dispatch->outlets[i].sink);
        compat_drop(dispatch->outlets[i].compat);
    }
    free(dispatch->outlets);
    window_free(dispatch->window);
    free(dispatch->skips);
    free(dispatch->restored);
    free(dispatch->given_up);
    if (dispatch->bell >= 0)
        close(dispatch->bell);
    pthread_cond_destroy(&dispatch->work);
    pthread_cond_destroy(&dispatch->ended);
    pthread_mutex_destroy(&dispatch->replaying);
    pthread_mutex_destroy(&dispatch->lanes_lock);
    pthread_mutex_destroy(&dispatch->lock);
    free(dispatch);
}

/* -- compatibility maps -------------------------------------------------------------------------
 */

bool dispatch_compat(struct dispatch *dispatch, const struct config *config, struct error *error)
{
    struct compat **made = calloc(dispatch->outlet_count, sizeof(struct compat *));
    bool ok = made || error_no_memory(error);

    for (size_t i = 0; ok && i < dispatch->outlet_count; i++) {
        const struct config_sink *sink =
            config_find_sink(config, dispatch->outlets[i].config->name);
        if (sink)
            ok = compat_new(&made[i], sink, error);
        else /* it stays until a restart, and so does its map */
            made[i] = compat_hold(dispatch->outlets[i].compat);
    }
    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; ok && i < dispatch->outlet_count; i++) {
        struct compat *before = dispatch->outlets[i].compat;
        dispatch->outlets[i].compat = made[i];
        made[i] = before;
    }
    pthread_mutex_unlock(&dispatch->lock);
    for (size_t i = 0; made && i < dispatch->outlet_count; i++)
        compat_drop(made[i]);
    free(made);
    return ok;
}

/* -- the writer's -------------------------------------------------------------------------------
 */

static void count_stored(struct lane *lane, const struct arrival *arrival)
{
    if (atomic_fetch_add(&lane->unread, arrival->events) <= 0)
        atomic_store(&lane->unread_us, arrival->received_us);
    atomic_fetch_add(&lane->depth, arrival->events);
    series_add(lane->counts[LANE_ACCEPTED], arrival->events);
}

void dispatch_stored(void *context, struct arrival *const *arrivals, size_t count)
{
    struct dispatch *dispatch = context;
    struct lane *lane = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!lane || strcmp(lane->id, arrivals[i]->subscription) != 0)
            lane = flow_lane(dispatch, arrivals[i]->subscription);
        if (lane) /* without memory for it, it is found again at the next start at the latest */
            count_stored(lane, arrivals[i]);
    }
    if (count)
        atomic_store(&dispatch->stored, arrivals[count - 1]->position);
    flow_ring(dispatch);
}

int64_t dispatch_settled_before(void *context)
{
    struct dispatch *dispatch = context;

    return atomic_load(&dispatch->settled_before);
}

void dispatch_wake(struct dispatch *dispatch)
{
    atomic_store(&dispatch->replays_asked, true);
    flow_ring(dispatch);
}
