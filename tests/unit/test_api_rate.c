/* Pacing: free below the threshold, spread above it, waiting at the limit. */
#include "api/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct rate rate_at(int64_t now_ms, int64_t count, int64_t reset_s)
{
    struct rate rate;

    rate_init(&rate);
    rate_observe(&rate, now_ms, count, 300, reset_s);
    return rate;
}

static void test_unknown(void **state)
{
    struct rate rate;

    (void)state;
    rate_init(&rate);
    assert_int_equal(rate_delay_ms(&rate, 5), 0);
    assert_int_equal(rate_width(&rate, 5, 8), 8);
    assert_int_equal(rate_eta_ms(&rate, 5, 1000), 0);
}

static void test_free_below_threshold(void **state)
{
    struct rate rate = rate_at(1000, 150, 30);

    (void)state;
    assert_int_equal(rate_delay_ms(&rate, 1000), 0);
    assert_int_equal(rate_width(&rate, 1000, 8), 8);
    for (int i = 0; i < 59; i++)
        rate_start(&rate, 1000);
    assert_int_equal(rate_delay_ms(&rate, 1000), 0);
    rate_start(&rate, 1000); /* 210 of 300 are used or under way */
    assert_true(rate_delay_ms(&rate, 1000) > 0);
}

static void test_spreads_what_is_left(void **state)
{
    struct rate rate = rate_at(1000, 240, 30);
    int64_t now_ms = 1000;
    int sent = 0;

    (void)state;
    while (now_ms < 31000) {
        int64_t wait_ms = rate_delay_ms(&rate, now_ms);
        if (wait_ms > 0) {
            now_ms += wait_ms;
            continue;
        }
        rate_start(&rate, now_ms);
        sent++;
        rate_finish(&rate);
        rate_observe(&rate, now_ms, 240 + sent, 300, (31000 - now_ms + 999) / 1000);
    }
    assert_in_range(sent, 55, 60);
}

static void test_waits_at_the_limit(void **state)
{
    struct rate rate = rate_at(0, 300, 42);

    (void)state;
    assert_int_equal(rate_delay_ms(&rate, 0), 42000);
    assert_int_equal(rate_delay_ms(&rate, 41000), 1000);
    assert_int_equal(rate_delay_ms(&rate, 42000), 0);
    assert_int_equal(rate_width(&rate, 0, 8), 1);
}

static void test_refusal_blocks(void **state)
{
    struct rate rate;

    (void)state;
    rate_init(&rate);
    rate_block(&rate, 100, 5000);
    assert_int_equal(rate_delay_ms(&rate, 100), 5000);
    rate_block(&rate, 200, 10); /* a shorter one does not undo it */
    assert_int_equal(rate_delay_ms(&rate, 200), 4900);
    assert_int_equal(rate_eta_ms(&rate, 200, 1), 4900);
}

static void test_replies_out_of_order(void **state)
{
    struct rate rate = rate_at(1000, 20, 30);

    (void)state;
    rate_observe(&rate, 1010, 18, 300, 30);
    assert_int_equal(rate.count, 20);
    rate_observe(&rate, 31500, 1, 300, 60); /* a new window */
    assert_int_equal(rate.count, 1);
}

static void test_nonsense_is_ignored(void **state)
{
    static const int64_t bad[][3] = {{-1, 300, 10}, {5, 0, 10},        {5, -1, 10},
                                     {5, 300, -1},  {5, 300, 1000000}, {5, INT64_MAX, 10}};
    struct rate rate;

    (void)state;
    rate_init(&rate);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        rate_observe(&rate, 0, bad[i][0], bad[i][1], bad[i][2]);
    assert_int_equal(rate.allowed, -1);
    rate_observe(&rate, 0, INT64_MAX / 4, 300, 10);
    assert_int_equal(rate_delay_ms(&rate, 0), 10000);
    assert_int_equal(rate_width(&rate, 0, 8), 1);
}

static void test_width_narrows(void **state)
{
    unsigned last = 8;

    (void)state;
    for (int count = 200; count <= 300; count += 10) {
        struct rate rate = rate_at(0, count, 30);
        unsigned width = rate_width(&rate, 0, 8);
        assert_in_range(width, 1, last);
        last = width;
    }
    assert_int_equal(last, 1);
}

static void test_eta(void **state)
{
    struct rate rate = rate_at(0, 0, 60);

    (void)state;
    assert_int_equal(rate_eta_ms(&rate, 0, 200), 0);
    assert_int_equal(rate_eta_ms(&rate, 0, 255), 30000);
    assert_int_equal(rate_eta_ms(&rate, 0, 300), 60000);
    assert_int_equal(rate_eta_ms(&rate, 0, 400), 60000);
    assert_int_equal(rate_eta_ms(&rate, 0, 3000), 600000);
    assert_true(rate_eta_ms(&rate, 0, UINT64_MAX) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_free_below_threshold),
        cmocka_unit_test(test_spreads_what_is_left),
        cmocka_unit_test(test_waits_at_the_limit),
        cmocka_unit_test(test_refusal_blocks),
        cmocka_unit_test(test_replies_out_of_order),
        cmocka_unit_test(test_nonsense_is_ignored),
        cmocka_unit_test(test_width_narrows),
        cmocka_unit_test(test_eta),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
