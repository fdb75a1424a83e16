/* What can be seen of the dispatch: copies, taken under the lock, shown without it. */
#include "ingest/dispatch_state.h"

#include "core/arena.h"
#include "core/clock.h"
#include "ingest/log.h"
#include "ingest/worker.h"

#include <stdlib.h>
#include <string.h>

/* -- lanes --------------------------------------------------------------------------------------
 */

/* The oldest of its events; 0: there is none, or nothing is known of it. The lock is held. */
static int64_t lane_oldest_us(const struct lane *lane)
{
    int64_t position, received_us;
    int64_t unread_us = atomic_load(&lane->unread_us);

    lane_oldest(lane, &position, &received_us);
    if (atomic_load(&lane->unread) > 0 && unread_us < received_us)
        received_us = unread_us;
    return received_us == INT64_MAX ? 0 : received_us;
}

static int64_t at_least_0(long long number)
{
    return number > 0 ? number : 0;
}

/* False: no memory. The lock is held. */
static bool lane_copy(const struct lane *lane, struct arena *arena, struct lane_view *view)
{
    *view = (struct lane_view){
        .subscription = lane->id,
        .name = arena_text(arena, lane->known ? lane->known->name : ""),
        .sink = lane->outlet->config->name,
        .known = lane->known != NULL,
        .paused = lane->paused,
        .depth = at_least_0(atomic_load(&lane->depth)),
        .parked = (int64_t)lane->parked,
        .oldest_us = lane_oldest_us(lane),
        .dead_lettered = lane->dead_lettered,
        .last_error = arena_text(arena, lane->last_error),
        .last_error_us = lane->last_error_us,
        .last_delivered_us = lane->last_delivered_us,
    };
    return view->name && view->last_error;
}

/* What is atomic by itself needs no lock. */
static void lane_count(const struct lane *lane, struct lane_view *view)
{
    view->accepted = series_count(lane->counts[LANE_ACCEPTED]);
    view->delivered = series_count(lane->counts[LANE_DELIVERED]);
    view->replayed = series_count(lane->counts[LANE_REPLAYED]);
    view->duplicates = series_count(lane->counts[LANE_DUPLICATES]);
    view->filtered = series_count(lane->counts[LANE_FILTERED]);
    view->retried = series_count(lane->counts[LANE_RETRIED]);
    view->quarantined = series_count(lane->counts[LANE_QUARANTINED]);
    view->p50_s = series_quantile(lane->seconds, 0.5);
    view->p95_s = series_quantile(lane->seconds, 0.95);
    view->p99_s = series_quantile(lane->seconds, 0.99);
}

static int view_compare(const void *a, const void *b)
{
    return strcmp(((const struct lane_view *)a)->subscription,
                  ((const struct lane_view *)b)->subscription);
}

/* The caller frees. NULL: no memory, or no lane. */
static struct lane_view *lane_views(struct dispatch *dispatch, struct arena *arena, size_t *count)
{
    size_t lanes = atomic_load(&dispatch->lane_count);
    struct lane_view *views = lanes ? calloc(lanes, sizeof(*views)) : NULL;
    bool ok = views != NULL;

    *count = ok ? lanes : 0;
    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; ok && i < lanes; i++)
        ok = lane_copy(dispatch->lanes[i], arena, &views[i]);
    pthread_mutex_unlock(&dispatch->lock);
    for (size_t i = 0; ok && i < lanes; i++)
        lane_count(dispatch->lanes[i], &views[i]);
    if (ok) {
        qsort(views, lanes, sizeof(*views), view_compare);
        return views;
    }
    if (lanes)
        log_event(LOG_LEVEL_ERROR, "view-no-memory", NULL);
    free(views);
    *count = 0;
    return NULL;
}

void dispatch_lanes(struct dispatch *dispatch,
                    void (*each)(void *context, const struct lane_view *view), void *context)
{
    struct arena arena;
    struct lane_view *views;
    size_t count;

    arena_init(&arena);
    views = lane_views(dispatch, &arena, &count);
    for (size_t i = 0; i < count; i++)
        each(context, &views[i]);
    free(views);
    arena_release(&arena);
}

/* -- sinks --------------------------------------------------------------------------------------
 */

/* A URL without userinfo and query, or the path as it is. */
static char *target_copy(struct arena *arena, const struct config_sink *sink)
{
    const char *url = sink->url ? sink->url : "";
    const char *host = strstr(url, "://");
    size_t authority, length;
    const char *user_end = NULL;

    if (sink->type != SINK_HTTP)
        return arena_text(arena, sink->path ? sink->path : "");
    host = host ? host + 3 : url;
    authority = strcspn(host, "/?#");
    for (size_t i = 0; i < authority; i++)
        if (host[i] == '@')
            user_end = host + i + 1;
    length = strcspn(host, "?#");
    if (!user_end)
        user_end = host;
    return arena_printf(arena, "%.*s%.*s", (int)(host - url), url,
                        (int)(length - (size_t)(user_end - host)), user_end);
}

static void outlet_rest(const struct outlet *outlet, int64_t now_ms, struct sink_view *view)
{
    int64_t until_ms = outlet->wait_until_ms;

    view->rests = until_ms > now_ms ? "retry-after" : "";
    if (outlet->breaker.state == BREAKER_OPEN && outlet->breaker.until_ms > until_ms) {
        until_ms = outlet->breaker.until_ms;
        view->rests = "breaker";
    }
    if (*view->rests)
        view->rests_until_us = clock_unix_us() + (until_ms - now_ms) * 1000;
}

static void outlet_copy(const struct outlet *outlet, int64_t now_ms, struct sink_view *view)
{
    static const char *const types[SINK_TYPES] = {[SINK_HTTP] = "http", [SINK_NDJSON] = "ndjson"};
    const struct breaker *breaker = &outlet->breaker;

    *view = (struct sink_view){
        .name = outlet->config->name,
        .type = types[outlet->config->type],
        .breaker = breaker_state_word(breaker->state),
        .in_flight = outlet->flying,
        .concurrency = outlet->config->concurrency,
        .attempts = outlet->attempts,
        .failures = outlet->failures,
    };
    outlet_rest(outlet, now_ms, view);
}

void dispatch_sinks(struct dispatch *dispatch,
                    void (*each)(void *context, const struct sink_view *view), void *context)
{
    int64_t now_ms = clock_monotonic_ms();

    for (size_t i = 0; i < dispatch->outlet_count; i++) {
        struct arena arena;
        struct sink_view view;

        arena_init(&arena);
        pthread_mutex_lock(&dispatch->lock);
        outlet_copy(&dispatch->outlets[i], now_ms, &view);
        pthread_mutex_unlock(&dispatch->lock);
        view.target = target_copy(&arena, dispatch->outlets[i].config);
        if (!view.target)
            view.target = "";
        each(context, &view);
        arena_release(&arena);
    }
}

/* -- all of it ----------------------------------------------------------------------------------
 */

void dispatch_view(struct dispatch *dispatch, struct dispatch_view *view)
{
    const struct config_workers *workers = &dispatch->options.config->workers;

    *view = (struct dispatch_view){.workers_least = workers->least, .workers_most = workers->most};
    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; i < atomic_load(&dispatch->lane_count); i++) {
        const struct lane *lane = dispatch->lanes[i];
        int64_t oldest_us = lane_oldest_us(lane);

        view->depth += at_least_0(atomic_load(&lane->depth));
        if (oldest_us && (!view->oldest_us || oldest_us < view->oldest_us))
            view->oldest_us = oldest_us;
    }
    view->parked = (int64_t)dispatch->parked;
    view->workers = (int64_t)dispatch->running;
    view->workers_busy = (int64_t)dispatch->busy;
    view->workers_wanted = (int64_t)workers_wanted(dispatch);
    view->dedupe_keys = window_count(dispatch->window);
    view->dedupe_dropped = window_dropped(dispatch->window);
    pthread_mutex_unlock(&dispatch->lock);
}

static void measure_lane(void *context, const struct lane_view *view)
{
    struct metrics *metrics = context;
    int64_t age_us = view->oldest_us ? clock_unix_us() - view->oldest_us : 0;

    series_set(metrics_series(metrics, METRIC_DEPTH, view->subscription, NULL),
               (double)view->depth);
    series_set(metrics_series(metrics, METRIC_OLDEST_SECONDS, view->subscription, NULL),
               age_us > 0 ? (double)age_us / 1e6 : 0);
    series_set(metrics_series(metrics, METRIC_PARKED, view->subscription, NULL),
               (double)view->parked);
    series_set(metrics_series(metrics, METRIC_PAUSED, view->subscription, NULL), view->paused);
}

static void measure_breakers(struct dispatch *dispatch)
{
    for (size_t i = 0; i < dispatch->outlet_count; i++) {
        const struct outlet *outlet = &dispatch->outlets[i];
        enum breaker_state state;

        pthread_mutex_lock(&dispatch->lock);
        state = outlet->breaker.state;
        pthread_mutex_unlock(&dispatch->lock);
        series_set(metrics_series(dispatch->options.metrics, METRIC_SINK_STATE,
                                  outlet->config->name, NULL),
                   state);
    }
}

/* The dropped keys are a counter: what is new since the last time is added. */
static void measure_dropped(struct metrics *metrics, uint64_t dropped)
{
    struct series *series = metrics_series(metrics, METRIC_DEDUPE_DROPPED, NULL, NULL);
    uint64_t counted = series_count(series);

    if (dropped > counted)
        series_add(series, dropped - counted);
}

void dispatch_measure(struct dispatch *dispatch)
{
    struct metrics *metrics = dispatch->options.metrics;
    struct dispatch_view view;

    dispatch_view(dispatch, &view);
    dispatch_lanes(dispatch, measure_lane, metrics);
    measure_breakers(dispatch);
    series_set(metrics_series(metrics, METRIC_WORKERS, NULL, NULL), (double)view.workers);
    series_set(metrics_series(metrics, METRIC_DEDUPE_KEYS, NULL, NULL), (double)view.dedupe_keys);
    measure_dropped(metrics, view.dedupe_dropped);
}
