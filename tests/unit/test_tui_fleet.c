/* Figures over time: rates, clocks, growth, drain time. Time is what the test says it is. */
#include "tests/unit/test_tui_fleet_fixture.h"

static void say_instance(size_t endpoint, const char *instance, int64_t started_ms,
                         struct sample_subscription of)
{
    struct ingest_sample sample;

    begin_sample(&sample, endpoint, &of, 1);
    sample.instance = instance;
    sample.started_ms = started_ms;
    take(endpoint, &sample);
}

static void say_dead(size_t endpoint, const char *id, int64_t count)
{
    struct sample_subscription of = busy(id, 0, 0);
    struct sample_reason reasons[] = {{id, "http-500", count, 0, 0}, {id, "timeout", 0, 0, 0}};
    struct ingest_sample sample;

    begin_sample(&sample, endpoint, &of, 1);
    sample.dead_count = count;
    sample.reasons = reasons;
    sample.reason_count = 2;
    take(endpoint, &sample);
}

/* -- nothing yet --------------------------------------------------------------------------------
 */

static void test_nothing(void **state)
{
    struct endpoint endpoint = endpoint_of(0);
    struct totals totals = totals_of();
    float values[4];

    (void)state;
    assert_int_equal(fleet_endpoints(fleet), ENDPOINTS);
    assert_string_equal(endpoint.name, "frankfurt");
    assert_string_equal(endpoint.url, "https://f.example:8444");
    assert_true(endpoint.production && !endpoint_of(1).production);
    assert_int_equal(endpoint.state, ENDPOINT_WAITING);
    assert_true(endpoint.skew_ms == SAMPLE_UNKNOWN && !endpoint.sample && isnan(endpoint.depth));
    assert_true(fleet_last(fleet) < 0 && fleet_rows(fleet) == 0);
    assert_int_equal(fleet_find(fleet, "a"), SIZE_MAX);
    assert_true(fleet_time_ms(fleet, 0) == SAMPLE_UNKNOWN && isnan(totals.figures[FIGURE_DEPTH]));
    assert_int_equal(fleet_series(fleet, SIZE_MAX, FIGURE_DEPTH, 0, values, 4), 0);
    tick(); /* nobody said anything: unknown is not 0 */
    totals = totals_of();
    assert_true(isnan(totals.figures[FIGURE_DEPTH]) && totals.rows == 0 && totals.live == 0);
    assert_int_equal(totals.endpoints, ENDPOINTS);
}

static void test_unknown(void **state)
{
    struct sample_subscription of = unknown("a");
    struct ingest_sample sample;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin_sample(&sample, 0, &of, 1);
        sample.dead_count = SAMPLE_UNKNOWN;
        take(0, &sample);
        tick();
    }
    for (enum figure figure = 0; figure < FIGURES; figure++)
        assert_no_figure(0, figure);
    assert_string_equal(state_of(0), "?");
    assert_string_equal(fleet_row(fleet, 0)->name, "a");
    assert_string_equal(fleet_row(fleet, 0)->last_error, "");
    assert_string_equal(fleet_row(fleet, 0)->drift, "");
    assert_int_equal(fleet_row(fleet, 0)->last_error_ms, 0);
}

/* -- rates --------------------------------------------------------------------------------------
 */

static void test_rates(void **state)
{
    struct sample_subscription of = busy("a", 5, 100);

    (void)state;
    say(0, of);
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
    assert_figure(0, FIGURE_DEPTH, 5);
    of.accepted = 130, of.delivered = 110, of.retried = 4, of.duplicates = 2, of.filtered = 1;
    say(0, of);
    tick();
    assert_figure(0, FIGURE_RECEIVED, 30);
    assert_figure(0, FIGURE_DELIVERED, 10);
    assert_figure(0, FIGURE_RETRIES, 4);
    assert_figure(0, FIGURE_DUPLICATES, 2);
    assert_figure(0, FIGURE_FILTERED, 1);
    assert_true(endpoint_of(0).received == 30 && endpoint_of(0).delivered == 10);
    assert_true(totals_of().figures[FIGURE_RECEIVED] == 30);
    tick(); /* its sample comes a little later: no gap while it lives, and then two steps' worth */
    assert_figure(0, FIGURE_RECEIVED, 30);
    of.accepted = 150;
    say(0, of);
    tick();
    assert_figure(0, FIGURE_RECEIVED, 10);
}

static void test_fast_samples(void **state)
{
    (void)state;
    say(0, busy("a", 0, 100));
    tick();
    for (int i = 1; i <= 4; i++) { /* none of them is lost */
        now_ms += 1000;
        say(0, busy("a", 0, 100 + 20 * i));
    }
    tick();
    assert_figure(0, FIGURE_DELIVERED, 80 / 5.0);
}

static void test_counter_falls(void **state)
{
    struct sample_subscription of = busy("a", 0, 100);

    (void)state;
    say(0, of);
    tick();
    of.accepted = 40, of.delivered = 120;
    say(0, of);
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
    assert_figure(0, FIGURE_DELIVERED, 20);
    of.accepted = 50;
    say(0, of);
    tick();
    assert_figure(0, FIGURE_RECEIVED, 10);
    of.accepted = SAMPLE_UNKNOWN;
    say(0, of);
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
}

static void test_new_instance(void **state)
{
    int64_t started_ms = begin_ms - 86400000;

    (void)state;
    say(0, busy("a", 0, 100));
    tick();
    say_instance(0, "second", started_ms, busy("a", 0, 500)); /* higher, but not of this count */
    tick();
    assert_no_figure(0, FIGURE_DELIVERED);
    assert_true(isnan(totals_of().figures[FIGURE_DELIVERED]) && isnan(endpoint_of(0).delivered));
    say_instance(0, "second", started_ms, busy("a", 0, 507));
    tick();
    assert_figure(0, FIGURE_DELIVERED, 7);
    say_instance(0, "second", now_ms, busy("a", 0, 900)); /* only its start tells */
    tick();
    assert_no_figure(0, FIGURE_DELIVERED);
    say_instance(0, "third", now_ms, busy("a", 0, 901)); /* gone again before the step is over */
    say_instance(0, "fourth", now_ms, busy("a", 0, 902));
    say_instance(0, "fourth", now_ms, busy("a", 0, 999));
    tick();
    assert_no_figure(0, FIGURE_DELIVERED);
}

/* One that begins anew does not make the others look as if they had sunk. */
static void test_new_instance_beside_another(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        say(0, busy("a", 0, 10 * i));
        say(1, busy("a", 0, 5 * i));
        tick();
    }
    assert_figure(0, FIGURE_RECEIVED, 15);
    say(0, busy("a", 0, 20));
    say_instance(1, "second", now_ms, busy("a", 0, 0));
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
    assert_true(isnan(totals_of().figures[FIGURE_RECEIVED]));
    assert_true(endpoint_of(0).received == 10 && isnan(endpoint_of(1).received));
    assert_figure(0, FIGURE_DEPTH, 0);
}

static void test_new_instance_of_other_rows(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        say(0, busy("a", 0, 10 * i));
        say_instance(1, i < 2 ? "first" : "second", begin_ms, busy("b", 0, 5 * i));
        tick();
    }
    assert_figure(0, FIGURE_RECEIVED, 10);
    assert_no_figure(1, FIGURE_RECEIVED);
    assert_true(isnan(totals_of().figures[FIGURE_RECEIVED])); /* not 10 of what was 15 */
}

/* Some go, some come, the others go on. */
static void test_change_of_rows(void **state)
{
    static const char *const ids[][3] = {{"a", "c", "e"}, {"c", "d", "e"}, {"b", "c", "e"}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sample_subscription of[3];
        struct ingest_sample sample;
        for (size_t n = 0; n < 3; n++)
            of[n] = busy(ids[i][n], 0, 10 * i + (int64_t)n * i);
        begin_sample(&sample, 0, of, 3);
        take(0, &sample);
        tick();
    }
    assert_int_equal(fleet_rows(fleet), 5);
    assert_figure(fleet_find(fleet, "c"), FIGURE_DELIVERED, 12);
    assert_figure(fleet_find(fleet, "e"), FIGURE_DELIVERED, 12);
    assert_no_figure(fleet_find(fleet, "b"), FIGURE_DELIVERED);
    assert_no_figure(fleet_find(fleet, "d"), FIGURE_DELIVERED);
    assert_string_equal(state_of(fleet_find(fleet, "a")), "GONE");
}

static void test_vanished_and_back(void **state)
{
    (void)state;
    say(0, busy("a", 0, 10));
    tick();
    say(0, busy("b", 0, 10));
    tick();
    say(0, busy("a", 0, 500));
    tick();
    assert_no_figure(0, FIGURE_DELIVERED);
    assert_int_equal(fleet_rows(fleet), 2);
}

/* -- clocks -------------------------------------------------------------------------------------
 */

static void test_clocks_apart(void **state)
{
    static const int64_t hour_ms = 3600000;

    (void)state;
    clock_ahead_ms[0] = 5 * hour_ms, clock_ahead_ms[1] = -7 * hour_ms;
    for (int i = 0; i < 2; i++) {
        for (size_t n = 0; n < 2; n++) {
            struct sample_subscription of = busy("a", 1, 10 * i);
            of.oldest_ms = now_ms + clock_ahead_ms[n] - 3000 * (int64_t)(n + 1);
            of.last_delivered_ms = now_ms + clock_ahead_ms[n] - 2000;
            say(n, of);
        }
        tick();
    }
    assert_figure(0, FIGURE_OLDEST_S, 6);
    assert_figure(0, FIGURE_DELIVERED, 20);
    assert_string_equal(state_of(0), "OK");
    assert_int_equal(endpoint_of(0).skew_ms, 5 * hour_ms);
    assert_int_equal(endpoint_of(1).skew_ms, -7 * hour_ms);
    assert_int_equal(fleet_row(fleet, 0)->last_delivered_ms, now_ms - STEP_MS - 2000);
}

/* The rate goes by the endpoint's clock, not by when its answers come. */
static void test_clock_of_its_own(void **state)
{
    (void)state;
    say(0, busy("a", 0, 0));
    tick();
    clock_ahead_ms[0] = 3000;
    say(0, busy("a", 0, 100));
    tick();
    assert_figure(0, FIGURE_DELIVERED, 25);
}

static void test_clock_backwards(void **state)
{
    struct sample_subscription of = busy("a", 1, 0);

    (void)state;
    say(0, of);
    tick();
    clock_ahead_ms[0] = -60000;
    of.accepted = 50;
    of.oldest_ms = now_ms; /* received before the clock was set: in its future */
    say(0, of);
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
    assert_figure(0, FIGURE_OLDEST_S, 0);
    of.accepted = 60;
    say(0, of);
    tick();
    assert_figure(0, FIGURE_RECEIVED, 10);
    now_ms += STEP_MS; /* backwards and on within one step */
    say(0, of);
    tick();
    clock_ahead_ms[0] -= 60000;
    say(0, of);
    clock_ahead_ms[0] += 61000;
    of.accepted = 1000;
    say(0, of);
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
}

static void test_our_clock_backwards(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        say_dead(0, "a", 1);
        tick();
    }
    now_ms -= 3600000;
    clock_ahead_ms[0] = 3600000;
    say_dead(0, "a", 1);
    tick();
    assert_no_figure(0, FIGURE_DEAD_GROWTH);
    say_dead(0, "a", 2);
    tick();
    assert_figure(0, FIGURE_DEAD_GROWTH, 60); /* what is from before does not count */
}

static void test_no_clock(void **state)
{
    struct sample_subscription of = busy("a", 1, 0);
    struct ingest_sample sample;

    (void)state;
    of.oldest_ms = SAMPLE_UNKNOWN;
    of.oldest_age_ms = 90000;
    for (int i = 0; i < 2; i++) {
        of.accepted = 10 * i;
        begin_sample(&sample, 0, &of, 1);
        sample.now_ms = SAMPLE_UNKNOWN;
        take(0, &sample);
        tick();
    }
    assert_figure(0, FIGURE_RECEIVED, 10); /* by when the answers came */
    assert_figure(0, FIGURE_OLDEST_S, 90);
    assert_string_equal(state_of(0), "LATE");
    assert_true(endpoint_of(0).skew_ms == SAMPLE_UNKNOWN);
    of.accepted = 20;
    say(0, of); /* now it has one: that is another scale */
    tick();
    assert_no_figure(0, FIGURE_RECEIVED);
}

static void test_hostile_numbers(void **state)
{
    static const int64_t times[] = {0, 1, INT64_MAX, -5, INT64_MIN + 1, INT64_MAX - 1};

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct sample_subscription of = busy("a", INT64_MAX, INT64_MAX);
        struct ingest_sample sample;
        of.oldest_ms = i % 2 ? INT64_MAX : INT64_MIN + 1;
        of.last_error_ms = of.last_delivered_ms = times[i];
        of.p99_s = INFINITY;
        of.delivered = times[i];
        begin_sample(&sample, 0, &of, 1);
        sample.now_ms = times[i];
        sample.started_ms = 0;
        take(0, &sample);
        tick();
        assert_true(isnan(figure_of(0, FIGURE_DELIVERED)) || figure_of(0, FIGURE_DELIVERED) >= 0);
        assert_true(figure_of(0, FIGURE_OLDEST_S) >= 0);
        assert_true(fleet_row(fleet, 0)->last_error_ms >= 0);
    }
}

/* -- growth and drain time ----------------------------------------------------------------------
 */

static void test_drain(void **state)
{
    int64_t depth = 1000;

    (void)state;
    say(0, busy("a", depth, 0));
    tick();
    assert_no_figure(0, FIGURE_DRAIN_S);
    for (int i = 0; i < 30; i++) { /* grows by 20, then shrinks by 50 */
        depth += i < 18 ? 20 : -50;
        say(0, busy("a", depth, 0));
        tick();
        if (i == 17)
            assert_true(isinf(figure_of(0, FIGURE_DRAIN_S)));
    }
    assert_figure(0, FIGURE_DRAIN_S, (float)depth / 50); /* of the last 10 steps alone */
    say(0, busy("a", 0, 0));
    tick();
    assert_figure(0, FIGURE_DRAIN_S, 0);
}

static void test_growth(void **state)
{
    (void)state;
    say_dead(0, "a", 5);
    tick();
    assert_figure(0, FIGURE_DEAD, 5);
    assert_no_figure(0, FIGURE_DEAD_GROWTH);
    assert_string_equal(state_of(0), "OK"); /* there are some, but they do not grow */
    for (int i = 1; i <= 20; i++) {
        say_dead(0, "a", 5 + i);
        tick();
    }
    assert_figure(0, FIGURE_DEAD_GROWTH, 60);
    assert_string_equal(state_of(0), "FAIL");
    assert_true(totals_of().figures[FIGURE_DEAD] == 25);
    for (int i = 0; i < 40; i++) {
        say_dead(0, "a", 25);
        tick();
    }
    assert_figure(0, FIGURE_DEAD_GROWTH, 20);
    for (int i = 0; i < 21; i++) {
        say_dead(0, "a", 25);
        tick();
    }
    assert_figure(0, FIGURE_DEAD_GROWTH, 0); /* over 60 s, no more */
    assert_string_equal(state_of(0), "OK");
    say_dead(0, "a", 1);
    tick();
    assert_true(figure_of(0, FIGURE_DEAD_GROWTH) < 0);
    assert_string_equal(state_of(0), "OK");
    say_dead(1, "a", 1000); /* another endpoint has some: that is no growth */
    tick();
    assert_no_figure(0, FIGURE_DEAD_GROWTH);
    assert_figure(0, FIGURE_DEAD, 1001);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(test_nothing),
        UNIT(test_unknown),
        UNIT(test_rates),
        UNIT(test_fast_samples),
        UNIT(test_counter_falls),
        UNIT(test_new_instance),
        UNIT(test_new_instance_beside_another),
        UNIT(test_new_instance_of_other_rows),
        UNIT(test_change_of_rows),
        UNIT(test_vanished_and_back),
        UNIT(test_clocks_apart),
        UNIT(test_clock_of_its_own),
        UNIT(test_clock_backwards),
        UNIT(test_our_clock_backwards),
        UNIT(test_no_clock),
        UNIT(test_hostile_numbers),
        UNIT(test_drain),
        UNIT(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
