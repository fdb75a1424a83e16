/* A fleet of three endpoints, what they say, and how to look at what became of it. */
#ifndef TEST_TUI_FLEET_FIXTURE_H
#define TEST_TUI_FLEET_FIXTURE_H

#include "tests/unit/unit.h"

#include "tui/fleet.h"

#include <math.h>
#include <stdio.h>

enum { ENDPOINTS = 3, STEP_MS = 1000 };
static const int64_t begin_ms = 1795514400000;

static struct fleet *fleet;
static int64_t now_ms;
static int64_t clock_ahead_ms[ENDPOINTS];

static int setup(void **state)
{
    static const struct fleet_endpoint endpoints[ENDPOINTS] = {
        {"frankfurt", "https://f.example:8444", true},
        {"dublin", "https://d.example:8444", false},
        {"london", "https://l.example:8444", false},
    };

    (void)state;
    memset(clock_ahead_ms, 0, sizeof(clock_ahead_ms));
    now_ms = begin_ms;
    fleet = fleet_new(endpoints, ENDPOINTS, STEP_MS, 0);
    return fleet ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    fleet_free(fleet);
    return 0;
}

/* -- samples ------------------------------------------------------------------------------------
 */

/* A subscription of which nothing is known but its id. */
static struct sample_subscription unknown(const char *id)
{
    return (struct sample_subscription){
        .id = id,
        .name = "",
        .sink = "",
        .known = SAMPLE_PERHAPS,
        .paused = SAMPLE_PERHAPS,
        .depth = SAMPLE_UNKNOWN,
        .parked = SAMPLE_UNKNOWN,
        .oldest_ms = SAMPLE_UNKNOWN,
        .oldest_age_ms = SAMPLE_UNKNOWN,
        .accepted = SAMPLE_UNKNOWN,
        .delivered = SAMPLE_UNKNOWN,
        .replayed = SAMPLE_UNKNOWN,
        .duplicates = SAMPLE_UNKNOWN,
        .filtered = SAMPLE_UNKNOWN,
        .retried = SAMPLE_UNKNOWN,
        .dead_lettered = SAMPLE_UNKNOWN,
        .quarantined = SAMPLE_UNKNOWN,
        .p50_s = NAN,
        .p95_s = NAN,
        .p99_s = NAN,
        .last_error = "",
        .last_error_ms = SAMPLE_UNKNOWN,
        .last_delivered_ms = SAMPLE_UNKNOWN,
    };
}

/* One that has so many events waiting, and accepted and delivered so many. */
static struct sample_subscription busy(const char *id, int64_t depth, int64_t count)
{
    struct sample_subscription of = unknown(id);

    of.name = "voice";
    of.sink = "crm";
    of.paused = SAMPLE_NO;
    of.depth = depth;
    of.parked = 0;
    of.oldest_ms = 0;
    of.accepted = of.delivered = count;
    of.retried = of.duplicates = of.filtered = 0;
    return of;
}

/* What an endpoint says; the texts are the test's. */
static void begin_sample(struct ingest_sample *sample, size_t endpoint,
                         const struct sample_subscription *of, size_t count)
{
    sample_init(sample);
    sample->instance = "first";
    sample->started_ms = begin_ms - 86400000;
    sample->now_ms = now_ms + clock_ahead_ms[endpoint];
    sample->dead_count = 0;
    sample->subscriptions = arena_alloc(&sample->arena, (count + 1) * sizeof(*of));
    assert_non_null(sample->subscriptions);
    if (count > 0)
        memcpy(sample->subscriptions, of, count * sizeof(*of));
    sample->subscription_count = count;
}

static void take(size_t endpoint, struct ingest_sample *sample)
{
    assert_true(fleet_take(fleet, endpoint, sample, now_ms));
    assert_int_equal(sample->subscription_count, 0);
    assert_null(sample->arena.blocks);
}

static void say(size_t endpoint, struct sample_subscription of)
{
    struct ingest_sample sample;

    begin_sample(&sample, endpoint, &of, 1);
    take(endpoint, &sample);
}

static void tick(void)
{
    assert_true(fleet_tick(fleet, now_ms));
    now_ms += STEP_MS;
}

/* -- looking ------------------------------------------------------------------------------------
 */

static struct point point_of(size_t row)
{
    struct point point;

    fleet_point(fleet, row, fleet_last(fleet), &point);
    return point;
}

static float figure_of(size_t row, enum figure figure)
{
    return point_of(row).figures[figure];
}

static const char *state_of(size_t row)
{
    return row_state_words[point_of(row).state];
}

static struct totals totals_of(void)
{
    struct totals totals;

    fleet_totals(fleet, fleet_last(fleet), &totals);
    return totals;
}

static struct endpoint endpoint_of(size_t n)
{
    struct endpoint endpoint;

    fleet_endpoint(fleet, n, now_ms, &endpoint);
    return endpoint;
}

#define assert_figure(row, figure, value)                                                          \
    do {                                                                                           \
        float figure_is = figure_of(row, figure);                                                  \
        if (figure_is != (float)(value))                                                           \
            fail_msg("%s is %g, not %g", #figure, (double)figure_is, (double)(value));             \
    } while (0)
#define assert_no_figure(row, figure) assert_true(isnan(figure_of(row, figure)))

#endif
