/* What is repeated, and after how long. */
#include "api/retry.h"

#include "api/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct retry_policy policy = {.base_ms = 500, .total_ms = 180000, .retries = 5};

static struct retry_attempt answered(long status, bool repeatable)
{
    return (struct retry_attempt){.fate = REPLY_ANSWERED,
                                  .status = status,
                                  .repeatable = repeatable,
                                  .retry_after_ms = -1,
                                  .random = 0.5};
}

static void test_what(void **state)
{
    static const struct {
        enum reply_fate fate;
        long status;
        bool unreadable, read, write; /* repeated when repeatable, when not */
    } cases[] = {
        {REPLY_NOT_SENT, 0, false, true, true},     {REPLY_LOST, 0, false, true, false},
        {REPLY_ANSWERED, 200, false, false, false}, {REPLY_ANSWERED, 200, true, true, false},
        {REPLY_ANSWERED, 400, false, false, false}, {REPLY_ANSWERED, 403, false, false, false},
        {REPLY_ANSWERED, 404, false, false, false}, {REPLY_ANSWERED, 409, false, false, false},
        {REPLY_ANSWERED, 429, false, true, true},   {REPLY_ANSWERED, 500, false, true, false},
        {REPLY_ANSWERED, 501, false, false, false}, {REPLY_ANSWERED, 502, false, true, false},
        {REPLY_ANSWERED, 503, false, true, false},  {REPLY_ANSWERED, 504, false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int repeatable = 0; repeatable < 2; repeatable++) {
            struct retry_attempt attempt = answered(cases[i].status, repeatable);
            attempt.fate = cases[i].fate;
            attempt.unreadable = cases[i].unreadable;
            assert_int_equal(retry_wait_ms(&policy, &attempt) >= 0,
                             repeatable ? cases[i].read : cases[i].write);
        }
}

static void test_gaps_grow(void **state)
{
    (void)state;
    assert_int_equal(retry_gap_ms(500, 0, 0.5), 250);
    assert_int_equal(retry_gap_ms(500, 1, 0.5), 500);
    assert_int_equal(retry_gap_ms(500, 3, 0.5), 2000);
    assert_int_equal(retry_gap_ms(500, 1000000, 0.5), RETRY_GAP_MAX_MS / 2);
    assert_int_equal(retry_gap_ms(500, 3, 0), 0);
}

static void test_limits(void **state)
{
    struct retry_attempt attempt = answered(503, true);
    struct retry_policy none = policy;

    (void)state;
    attempt.attempt = policy.retries;
    assert_int_equal(retry_wait_ms(&policy, &attempt), -1);
    attempt.attempt = 0;
    attempt.spent_ms = policy.total_ms;
    assert_int_equal(retry_wait_ms(&policy, &attempt), -1);
    attempt.spent_ms = 0;
    none.retries = 0;
    assert_int_equal(retry_wait_ms(&none, &attempt), -1);
}

static void test_retry_after(void **state)
{
    struct retry_attempt attempt = answered(429, false);

    (void)state;
    attempt.retry_after_ms = 42000;
    assert_int_equal(retry_wait_ms(&policy, &attempt), 42000);
    attempt.attempt = 50; /* limited by time alone */
    assert_int_equal(retry_wait_ms(&policy, &attempt), 42000);
    attempt.retry_after_ms = INT64_MAX / 2;
    assert_int_equal(retry_wait_ms(&policy, &attempt), -1);
    attempt.attempt = 0;
    attempt.random = 0;
    attempt.retry_after_ms = 0;
    assert_true(retry_wait_ms(&policy, &attempt) >= policy.base_ms / 2);
    attempt.retry_after_ms = -1;
    assert_true(retry_wait_ms(&policy, &attempt) >= policy.base_ms);
}

static void test_random(void **state)
{
    uint64_t seed = 1;
    double least = 1, most = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        double number = retry_random(&seed);
        least = number < least ? number : least;
        most = number > most ? number : most;
    }
    assert_true(least >= 0 && least < 0.01 && most < 1 && most > 0.99);
}

static void test_regions(void **state)
{
    (void)state;
    assert_string_equal(region_find("mypurecloud.de"), "mypurecloud.de");
    assert_string_equal(region_find("https://apps.MyPureCloud.ie/"), "mypurecloud.ie");
    assert_string_equal(region_find("login.use2.us-gov-pure.cloud"), "use2.us-gov-pure.cloud");
    assert_null(region_find(""));
    assert_null(region_find("mypurecloud.com.evil"));
    assert_null(region_find("api.api.mypurecloud.com"));
    for (size_t i = 0; region_domains[i]; i++)
        assert_string_equal(region_find(region_domains[i]), region_domains[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what),   cmocka_unit_test(test_gaps_grow),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_random), cmocka_unit_test(test_regions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
