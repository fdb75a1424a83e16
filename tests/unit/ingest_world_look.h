/* What a test puts into ingest_world.h's world, and what it sees of it. */
#ifndef TESTS_UNIT_INGEST_WORLD_LOOK_H
#define TESTS_UNIT_INGEST_WORLD_LOOK_H

#include "tests/unit/ingest_world.h"

/* -- events -------------------------------------------------------------------------------------
 */

static inline void world_store_body(const char *subscription, const char *body, uint32_t events)
{
    struct arrival arrival = {.received_us = clock_unix_us(),
                              .events = events,
                              .subscription = strdup(subscription),
                              .source = strdup("test"),
                              .verdict = strdup("none"),
                              .headers = strdup("{}"),
                              .body = strdup(body),
                              .body_bytes = strlen(body)};
    struct arrival *one = &arrival;
    enum queue_trouble trouble;
    struct error error = ERROR_INIT;

    assert_true(queue_append(world.queue, &one, 1, &trouble, &error));
    dispatch_stored(world.dispatch, &one, 1);
    arrival_release(&arrival);
}

static inline void world_event(char *out, size_t size, int interaction, int n, const char *more)
{
    snprintf(out, size,
             "{\"eventType\":\"Interaction.Created\",\"payload\":{\"id\":\"i-%d\",\"n\":%d%s},"
             "\"sequenceNumber\":%d}",
             interaction, n, more, n);
}

static inline void world_store(const char *subscription, int interaction, int n)
{
    char body[256];

    world_event(body, sizeof(body), interaction, n, "");
    world_store_body(subscription, body, 1);
}

/* -- what can be seen ---------------------------------------------------------------------------
 */

static void take_lane(void *context, const struct lane_view *view)
{
    struct lane_view *out = context;

    if (strcmp(view->subscription, out->subscription) != 0)
        return;
    *out = *view;
    out->last_error = out->name = NULL; /* borrowed */
}

static inline struct lane_view world_lane(const char *subscription)
{
    struct lane_view view = {.subscription = subscription};

    dispatch_lanes(world.dispatch, take_lane, &view);
    return view;
}

static inline struct dispatch_view world_view(void)
{
    struct dispatch_view view;

    dispatch_view(world.dispatch, &view);
    return view;
}

/* Until all is settled, or `depth` is left. */
static inline void world_settle(int64_t depth)
{
    int64_t deadline_ms = clock_monotonic_ms() + WORLD_WAIT_MS;

    while (world_view().depth != depth)
        if (clock_monotonic_ms() > deadline_ms)
            fail_msg("depth is %lld", (long long)world_view().depth);
        else
            poll(NULL, 0, 1);
}

/* Until so many are parked. */
static inline void world_park(int64_t parked)
{
    int64_t deadline_ms = clock_monotonic_ms() + WORLD_WAIT_MS;

    while (world_view().parked != parked)
        if (clock_monotonic_ms() > deadline_ms)
            fail_msg("%lld are parked", (long long)world_view().parked);
        else
            poll(NULL, 0, 1);
}

/* How often n was delivered. */
static inline int world_times(int n)
{
    int times = 0;

    for (size_t i = 0; i < world.logged; i++)
        times += world.log[i].n == n && world.log[i].result == OUTCOME_DELIVERED;
    return times;
}

static inline int64_t world_dead(void)
{
    const struct dead_filter filter = {DEAD_FILTER_ANY};
    struct error error = ERROR_INIT;
    int64_t count = 0, bytes = 0;

    assert_true(ledger_dead_count(world.ledger, &filter, &count, &bytes, &error));
    return count;
}

#endif
