#include "tests/unit/unit.h"

#include "api/ingest_sample.h"
#include "tui/rate.h"

#include <math.h>

static double rate(int64_t from, int64_t from_ms, int64_t to, int64_t to_ms)
{
    return rate_between((struct counted){from, from_ms}, (struct counted){to, to_ms});
}

static void test_between(void **state)
{
    (void)state;
    assert_true(rate(10, 1000, 30, 3000) == 10);
    assert_true(rate(10, 1000, 10, 3000) == 0);
    assert_true(rate(0, 0, 1, 4000) == 0.25);
    assert_true(isnan(rate(10, 1000, 9, 2000)));  /* it fell */
    assert_true(isnan(rate(10, 1000, 20, 1000))); /* no time went by */
    assert_true(isnan(rate(10, 2000, 20, 1000))); /* the clock ran backwards */
    assert_true(isnan(rate(SAMPLE_UNKNOWN, 1000, 20, 2000)));
    assert_true(isnan(rate(10, 1000, SAMPLE_UNKNOWN, 2000)));
    assert_true(isnan(rate(10, INT64_MAX, 20, INT64_MIN)));
    assert_true(rate(-INT64_MAX, INT64_MIN, INT64_MAX, INT64_MAX) > 0); /* no overflow */
}

static void test_drain(void **state)
{
    (void)state;
    assert_true(rate_drain_s(100, -4) == 25);
    assert_true(isinf(rate_drain_s(100, 0)) && isinf(rate_drain_s(100, 4)));
    assert_true(rate_drain_s(0, 4) == 0 && rate_drain_s(0, NAN) == 0);
    assert_true(isnan(rate_drain_s(100, NAN)));
    assert_true(isnan(rate_drain_s(NAN, -1)) && isnan(rate_drain_s(NAN, NAN)));
}

static void test_growth(void **state)
{
    static const float grows[] = {10, 20, 40}, gaps[] = {NAN, 10, NAN, NAN, 4, NAN};
    static const float one[] = {NAN, 7, NAN};

    (void)state;
    assert_true(rate_growth(grows, 3, 1000) == 30.0 / 2 * 60);
    assert_true(rate_growth(gaps, 6, 1000) == -6.0 / 3 * 60);
    assert_true(isnan(rate_growth(one, 3, 1000)));
    assert_true(isnan(rate_growth(one, 1, 1000)));
    assert_true(isnan(rate_growth(grows, 1, 1000)));
    assert_true(isnan(rate_growth(NULL, 0, 1000)));
    assert_true(isnan(rate_growth(grows, 3, 0)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
