/* Rows and endpoints: what is added up, states, what is gone, stale, or too much. */
#include "tests/unit/test_tui_fleet_fixture.h"

enum { MANY = 10000 };

static size_t compared;

/* Counts what the model does with ids, whatever it does it with. */
int strcmp(const char *a, const char *b)
{
    compared++;
    for (; *a && *a == *b; a++)
        b++;
    return (unsigned char)*a - (unsigned char)*b;
}

/* -- several endpoints --------------------------------------------------------------------------
 */

static void test_aggregation(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        for (size_t n = 0; n < ENDPOINTS; n++) {
            struct sample_subscription of = busy("a", 10 * (int64_t)(n + 1), 100 * i);
            of.parked = 1;
            of.oldest_ms = now_ms - 1000 * (int64_t)n;
            of.p50_s = n == 1 ? 0.5 : 0.1;
            of.p95_s = n == 2 ? NAN : 1 + (double)n;
            if (n == 0)
                of.retried = SAMPLE_UNKNOWN;
            say(n, of);
        }
        tick();
    }
    assert_figure(0, FIGURE_DEPTH, 60);
    assert_figure(0, FIGURE_PARKED, 3);
    assert_figure(0, FIGURE_RECEIVED, 300);
    assert_figure(0, FIGURE_RETRIES, 0); /* of those that tell */
    assert_figure(0, FIGURE_OLDEST_S, 2);
    assert_figure(0, FIGURE_P50_S, 0.5);
    assert_figure(0, FIGURE_P95_S, 2);
    assert_no_figure(0, FIGURE_P99_S);
    assert_int_equal(fleet_row(fleet, 0)->endpoints, 3);
    assert_true(endpoint_of(2).depth == 30 && endpoint_of(2).dead == 0);
    assert_int_equal(totals_of().live, 3);
}

static void test_totals(void **state)
{
    struct sample_subscription of[2] = {busy("a", 10, 0), busy("b", 5, 0)};
    struct ingest_sample sample;
    struct totals totals;
    float values[4];

    (void)state;
    of[0].p99_s = 2;
    of[1].p99_s = 3;
    of[1].oldest_ms = now_ms - 4000;
    of[1].paused = SAMPLE_YES;
    begin_sample(&sample, 0, of, 2);
    take(0, &sample);
    tick();
    totals = totals_of();
    assert_true(totals.figures[FIGURE_DEPTH] == 15 && totals.figures[FIGURE_P99_S] == 3);
    assert_true(totals.figures[FIGURE_OLDEST_S] == 4);
    assert_true(isnan(totals.figures[FIGURE_P50_S]) && isnan(totals.figures[FIGURE_RECEIVED]));
    assert_true(totals.rows == 2 && totals.states[ROW_OK] == 1 && totals.states[ROW_PAUSED] == 1);
    assert_true(totals.live == 1 && totals.endpoints == ENDPOINTS);
    of[0].depth = 4;
    begin_sample(&sample, 0, of, 2);
    take(0, &sample);
    tick();
    assert_true(totals_of().figures[FIGURE_DRAIN_S] == 9 / 6.0F);
    assert_int_equal(fleet_series(fleet, SIZE_MAX, FIGURE_DEPTH, 1, values, 4), 2);
    assert_true(values[0] == 15 && values[1] == 9);
}

static void test_late_and_down(void **state)
{
    float values[8], age_s;
    struct point then;

    (void)state;
    for (int i = 0; i < 2; i++) {
        say(0, busy("a", 7, 10 * i));
        tick();
    }
    assert_int_equal(endpoint_of(0).state, ENDPOINT_LIVE);
    now_ms += 3 * STEP_MS - STEP_MS; /* three intervals after the sample, to the millisecond */
    assert_int_equal(endpoint_of(0).state, ENDPOINT_LIVE);
    now_ms++;
    assert_int_equal(endpoint_of(0).state, ENDPOINT_LATE);
    tick();
    assert_true(point_of(0).stale);
    age_s = point_of(0).age_s;
    assert_true(age_s > 3 && age_s < 5);
    assert_string_equal(state_of(0), "LATE");
    assert_figure(0, FIGURE_DEPTH, 7);
    assert_figure(0, FIGURE_RECEIVED, 10);
    assert_true(isinf(figure_of(0, FIGURE_DRAIN_S)));
    assert_true(isnan(totals_of().figures[FIGURE_DEPTH]) && totals_of().live == 0);
    fleet_fail(fleet, 0, "connection refused", false, now_ms, now_ms + 2000);
    tick();
    fleet_fail(fleet, 0, "401", true, now_ms, now_ms + 4000);
    assert_int_equal(endpoint_of(0).state, ENDPOINT_DOWN);
    assert_int_equal(endpoint_of(0).down_since_ms, now_ms - STEP_MS); /* since the first */
    assert_int_equal(endpoint_of(0).retry_ms, now_ms + 4000);
    assert_string_equal(endpoint_of(0).problem, "401");
    assert_true(endpoint_of(0).refused && endpoint_of(0).sample && endpoint_of(0).depth == 7);
    assert_true(point_of(0).stale);
    assert_int_equal(fleet_series(fleet, 0, FIGURE_DEPTH, fleet_last(fleet), values, 8), 4);
    assert_true(values[1] == 7 && isnan(values[2]) && isnan(values[3])); /* gaps in the graph */
    say(0, busy("a", 8, 20));
    tick();
    assert_true(!point_of(0).stale && endpoint_of(0).state == ENDPOINT_LIVE);
    assert_true(!endpoint_of(0).problem && !endpoint_of(0).refused);
    assert_string_equal(state_of(0), "OK");
    assert_figure(0, FIGURE_DEPTH, 8);
    assert_true(isnan(point_of(0).age_s));
    fleet_point(fleet, 0, fleet_last(fleet) - 2, &then); /* history keeps the age that it had */
    assert_true(then.stale && then.age_s == age_s);
}

static void test_down_before_a_step(void **state)
{
    (void)state;
    say(0, busy("a", 7, 10));
    fleet_fail(fleet, 0, "gone", false, now_ms, now_ms);
    fleet_fail(fleet, 1, "never there", false, now_ms, now_ms);
    tick();
    assert_true(point_of(0).stale);
    assert_figure(0, FIGURE_DEPTH, 7);
    assert_int_equal(endpoint_of(1).state, ENDPOINT_DOWN);
    assert_true(!endpoint_of(1).sample && endpoint_of(1).sampled_ms == 0);
}

/* One of two down: LATE, of those that live, and no drain time from one count less. */
static void test_one_of_two_down(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        say(0, busy("a", 100, 10 * i));
        say(1, busy("a", 40, 10 * i));
        tick();
    }
    assert_figure(0, FIGURE_DEPTH, 140);
    fleet_fail(fleet, 1, "gone", false, now_ms, now_ms);
    say(0, busy("a", 100, 30));
    tick();
    assert_figure(0, FIGURE_DEPTH, 100);
    assert_figure(0, FIGURE_RECEIVED, 10);
    assert_no_figure(0, FIGURE_DRAIN_S);
    assert_true(!point_of(0).stale && isnan(totals_of().figures[FIGURE_DRAIN_S]));
    assert_string_equal(state_of(0), "LATE");
    say(0, busy("a", 90, 30));
    tick();
    assert_figure(0, FIGURE_DRAIN_S, 9);
}

static void test_problem_is_cut(void **state)
{
    char problem[3002] = "x"; /* so that the room for it ends within a character */

    (void)state;
    for (size_t i = 1; i < 3001; i += 3)
        memcpy(problem + i, "\xe5\xad\x97", 3);
    fleet_fail(fleet, 0, problem, false, now_ms, now_ms);
    assert_int_equal(strlen(endpoint_of(0).problem) % 3, 1);
    assert_true(strlen(endpoint_of(0).problem) > 200);
}

/* -- states -------------------------------------------------------------------------------------
 */

static const char *state_when(struct sample_subscription of)
{
    say(0, of);
    tick();
    return state_of(0);
}

static void test_states(void **state)
{
    static const struct fleet_drift drifted[] = {{"a", "voice", "drifted", "HEALTHY", 3}};
    struct sample_subscription of = busy("a", 1, 0);

    (void)state;
    assert_string_equal(state_when(of), "OK");
    of.oldest_ms = now_ms - FLEET_LATE_MS;
    assert_string_equal(state_when(of), "OK");
    assert_true(fleet_drift(fleet, drifted, 1));
    of.oldest_ms = now_ms;
    assert_string_equal(state_when(of), "DRIFT");
    of.oldest_ms = now_ms - FLEET_LATE_MS - 10;
    assert_string_equal(state_when(of), "LATE");
    of.paused = SAMPLE_YES;
    assert_string_equal(state_when(of), "PAUSED");
    of.last_error_ms = 2000;
    of.last_delivered_ms = 1000;
    assert_string_equal(state_when(of), "PAUSED"); /* nothing is parked */
    of.parked = 1;
    assert_string_equal(state_when(of), "FAIL");
    of.last_delivered_ms = 0; /* never */
    assert_string_equal(state_when(of), "FAIL");
    of.last_delivered_ms = 2001;
    assert_string_equal(state_when(of), "PAUSED");
    of.last_error_ms = 0;
    of.last_delivered_ms = SAMPLE_UNKNOWN;
    assert_string_equal(state_when(of), "PAUSED");
}

static void test_open_breaker(void **state)
{
    static const char *const breakers[] = {"closed", "half-open", "open", ""};
    static const char *const expected[] = {"OK", "OK", "FAIL", "OK"};
    struct sample_subscription of = busy("a", 0, 0);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct sample_sink sinks[] = {{.name = "another", .breaker = "closed"},
                                      {.name = "crm", .breaker = breakers[i]},
                                      {.name = "warehouse", .breaker = "open"}};
        struct ingest_sample sample;
        begin_sample(&sample, 0, &of, 1);
        sample.sinks = sinks;
        sample.sink_count = 3;
        take(0, &sample);
        tick();
        assert_string_equal(state_of(0), expected[i]);
    }
}

static void test_gone(void **state)
{
    struct ingest_sample sample;
    struct point point;

    (void)state;
    say(0, busy("a", 3, 0));
    say(1, busy("a", 4, 0));
    tick();
    begin_sample(&sample, 0, NULL, 0);
    take(0, &sample);
    tick();
    assert_int_equal(fleet_row(fleet, 0)->endpoints, 1);
    assert_figure(0, FIGURE_DEPTH, 4);
    say(1, busy("b", 1, 0));
    tick();
    assert_string_equal(state_of(0), "GONE");
    assert_no_figure(0, FIGURE_DEPTH);
    assert_false(point_of(0).stale);
    assert_string_equal(fleet_row(fleet, 0)->name, "voice");
    assert_int_equal(fleet_find(fleet, "a"), 0);
    assert_int_equal(fleet_find(fleet, "b"), 1);
    assert_true(totals_of().rows == 1 && totals_of().states[ROW_GONE] == 1);
    fleet_point(fleet, 0, 0, &point); /* what it was is still there */
    assert_true(point.figures[FIGURE_DEPTH] == 7);
    fleet_point(fleet, 1, 0, &point); /* what was not there yet is not */
    assert_true(isnan(point.figures[FIGURE_DEPTH]) && point.state == ROW_UNKNOWN);
    say(0, busy("a", 9, 0));
    tick();
    assert_string_equal(state_of(0), "OK");
}

/* -- what rows show -----------------------------------------------------------------------------
 */

static void test_errors(void **state)
{
    struct sample_subscription of = busy("a", 0, 0);
    const struct row *row;

    (void)state;
    of.last_error = "http-500";
    of.last_error_ms = now_ms - 5000;
    say(0, of);
    of.last_error = "timeout";
    of.last_error_ms = now_ms - 9000;
    now_ms += 10;
    say(1, of); /* older: it does not show, however new the sample */
    row = fleet_row(fleet, 0);
    assert_string_equal(row->last_error, "http-500");
    assert_int_equal(row->last_error_ms, now_ms - 10 - 5000);
    assert_int_equal(row->sampled_ms, now_ms);
    of.last_error = "";
    of.last_error_ms = 0;
    say(0, of); /* that endpoint knows of none any more: it was started again */
    assert_string_equal(fleet_row(fleet, 0)->last_error, "");
    assert_string_equal(fleet_row(fleet, 0)->sink, "crm");
}

static void test_drift(void **state)
{
    static const struct fleet_drift drifts[] = {
        {"a", "chat", "drifted", "HEALTHY", 3},
        {"zz", "mail", "pending", "", 0},
        {"", "survey", "missing", NULL, 2},
    };
    struct sample_subscription of = busy("a", 0, 0);

    (void)state;
    assert_true(fleet_drift(fleet, drifts, 3)); /* before there are any */
    of.name = "";
    say(0, of);
    of.id = "b", of.name = "mail";
    say(1, of);
    of.id = "c", of.name = "survey";
    say(2, of);
    assert_string_equal(fleet_row(fleet, 0)->name, "chat"); /* the only name that it has */
    assert_string_equal(fleet_row(fleet, 0)->drift, "drifted");
    assert_string_equal(fleet_row(fleet, 0)->health, "HEALTHY");
    assert_int_equal(fleet_row(fleet, 0)->version, 3);
    assert_string_equal(fleet_row(fleet, 1)->drift, "pending"); /* by its name */
    assert_string_equal(fleet_row(fleet, 2)->drift, "missing");
    assert_string_equal(fleet_row(fleet, 2)->health, "");
    of.id = "zz", of.name = "mail";
    say(1, of); /* now the one that is meant is there */
    assert_string_equal(fleet_row(fleet, 3)->drift, "pending");
    assert_string_equal(fleet_row(fleet, 1)->drift, "");
    assert_true(fleet_drift(fleet, NULL, 0));
    assert_string_equal(fleet_row(fleet, 0)->drift, "");
    assert_string_equal(fleet_row(fleet, 0)->name, "a");
    assert_int_equal(fleet_row(fleet, 0)->version, 0);
}

/* -- the ring -----------------------------------------------------------------------------------
 */

static void test_ring(void **state)
{
    float values[400];
    struct point point;
    size_t count;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        if (i % 2 == 0) /* each second step is told twice */
            say(0, busy("a", i, 0));
        tick();
    }
    assert_int_equal(fleet_last(fleet), 999);
    assert_int_equal(fleet_first(fleet), 1000 - FLEET_POINTS);
    assert_int_equal(fleet_time_ms(fleet, 999), begin_ms + 999 * STEP_MS);
    assert_true(fleet_time_ms(fleet, fleet_first(fleet) - 1) == SAMPLE_UNKNOWN);
    assert_true(fleet_time_ms(fleet, 1000) == SAMPLE_UNKNOWN);
    fleet_point(fleet, 0, fleet_first(fleet) - 1, &point);
    assert_true(point.state == ROW_UNKNOWN && isnan(point.figures[FIGURE_DEPTH]));
    count = fleet_series(fleet, 0, FIGURE_DEPTH, 999, values, 400);
    assert_int_equal(count, FLEET_POINTS);
    for (size_t i = 0; i < count; i++)
        assert_true(values[i] == (float)((760 + i) / 2 * 2));
    assert_int_equal(fleet_series(fleet, 0, FIGURE_DEPTH, 800, values, 3), 3);
    assert_true(values[0] == 798 && values[2] == 800);
    assert_int_equal(fleet_series(fleet, 0, FIGURE_DEPTH, 761, values, 400), 2);
    assert_int_equal(fleet_series(fleet, 0, FIGURE_DEPTH, 5, values, 400), 0);
    assert_int_equal(fleet_series(fleet, 7, FIGURE_DEPTH, 999, values, 1), 1);
    assert_true(isnan(values[0]));
}

/* -- many ---------------------------------------------------------------------------------------
 */

static char ids[4 * MANY][16];

static void say_many(size_t endpoint, size_t from, size_t count, int64_t counter)
{
    struct sample_subscription *of = calloc(count, sizeof(*of));
    struct ingest_sample sample;

    assert_non_null(of);
    for (size_t i = 0; i < count; i++)
        of[i] = busy(ids[from + i], 1, counter);
    begin_sample(&sample, endpoint, of, count);
    take(endpoint, &sample);
    free(of);
}

static void number_ids(void)
{
    for (size_t i = 0; i < 4 * MANY; i++)
        snprintf(ids[i], sizeof(ids[i]), "sub-%05zu", i);
}

static void test_many(void **state)
{
    static const size_t a_binary_search = 16, of_texts = 8;
    size_t at_first, later, steps;

    (void)state;
    number_ids();
    compared = 0;
    for (size_t n = 0; n < ENDPOINTS; n++) /* they overlap by half */
        say_many(n, n * MANY / 2, MANY, 0);
    at_first = compared;
    assert_int_equal(fleet_rows(fleet), 2 * MANY);
    assert_true(at_first < ENDPOINTS * (size_t)MANY * (a_binary_search + of_texts));
    tick();
    compared = 0;
    for (size_t n = 0; n < ENDPOINTS; n++)
        say_many(n, n * MANY / 2, MANY, 3);
    tick();
    later = compared;
    assert_true(later < ENDPOINTS * (size_t)MANY * of_texts); /* nobody is looked for again */
    assert_true(totals_of().figures[FIGURE_DEPTH] == ENDPOINTS * MANY);
    assert_true(totals_of().figures[FIGURE_RECEIVED] == 3 * ENDPOINTS * MANY);
    for (size_t i = 0; i < 2 * MANY; i += 7)
        assert_int_equal(fleet_find(fleet, ids[i]), i);
    for (int i = 0; i < 40; i++)
        tick();
    steps = (size_t)(fleet_last(fleet) - fleet_first(fleet)) + 1;
    assert_true(steps * 2 * MANY * sizeof(struct point) <= FLEET_POINT_BYTES);
    assert_true((steps + 1) * 2 * MANY * sizeof(struct point) > FLEET_POINT_BYTES);
}

/* Ids that come in whatever order of samples are all found. */
static void test_index(void **state)
{
    (void)state;
    number_ids();
    for (size_t i = 0; i < 50; i++)
        say_many(i % ENDPOINTS, (i * 37 % 50) * 10, 10 + i % 4, 0);
    assert_int_equal(fleet_rows(fleet), 503);
    for (size_t i = 0; i < 503; i++)
        assert_string_equal(fleet_row(fleet, fleet_find(fleet, ids[i]))->id, ids[i]);
    assert_int_equal(fleet_find(fleet, "sub-"), SIZE_MAX);
    assert_int_equal(fleet_find(fleet, "zzz"), SIZE_MAX);
}

/* An endpoint with other ids each time cannot make it grow without end. */
static void begin_others(struct ingest_sample *sample, size_t round)
{
    struct sample_subscription none = unknown("");

    begin_sample(sample, 0, &none, 0);
    sample->subscriptions = arena_alloc(&sample->arena, MANY * sizeof(none));
    assert_non_null(sample->subscriptions);
    sample->subscription_count = MANY;
    for (size_t i = 0; i < MANY; i++)
        sample->subscriptions[i] =
            busy(arena_printf(&sample->arena, "%03zu-%06zu", round, i), 1, 0);
}

static void test_too_many(void **state)
{
    struct ingest_sample sample;

    (void)state;
    for (size_t round = 0; round < FLEET_ROWS_MOST / MANY; round++) {
        begin_others(&sample, round);
        take(0, &sample);
    }
    begin_others(&sample, FLEET_ROWS_MOST / MANY);
    assert_false(fleet_take(fleet, 0, &sample, now_ms));
    assert_int_equal(sample.subscription_count, MANY); /* still the caller's */
    sample_release(&sample);
    assert_int_equal(fleet_rows(fleet), FLEET_ROWS_MOST);
    tick();
    assert_string_equal(state_of(0), "GONE");
    assert_string_equal(state_of(FLEET_ROWS_MOST - 1), "OK");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(test_aggregation),
        UNIT(test_totals),
        UNIT(test_late_and_down),
        UNIT(test_down_before_a_step),
        UNIT(test_one_of_two_down),
        UNIT(test_problem_is_cut),
        UNIT(test_states),
        UNIT(test_open_breaker),
        UNIT(test_gone),
        UNIT(test_errors),
        UNIT(test_drift),
        UNIT(test_ring),
        UNIT(test_many),
        UNIT(test_index),
        UNIT(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
