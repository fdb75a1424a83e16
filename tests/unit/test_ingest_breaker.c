/* The circuit breaker: when it opens, for how long, and what lets it close. */
#include "ingest/breaker.h"

#include "tests/unit/unit.h"

enum { FAILURES = 3, OPEN_MS = 1000 };

static struct breaker broken(int64_t now_ms)
{
    struct breaker breaker;

    breaker_init(&breaker, FAILURES, OPEN_MS);
    assert_false(breaker_failed(&breaker, false, 1, now_ms));
    assert_false(breaker_failed(&breaker, false, 2, now_ms));
    assert_true(breaker_failed(&breaker, false, 1, now_ms));
    return breaker;
}

static void test_opens(void **state)
{
    struct breaker breaker = broken(50);

    (void)state;
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_false(breaker_allows(&breaker, 50 + OPEN_MS - 1));
    assert_true(breaker_allows(&breaker, 50 + OPEN_MS));
    assert_int_equal(breaker_due_ms(&breaker), 50 + OPEN_MS);
}

static void test_one_chain_never_opens_it(void **state)
{
    struct breaker breaker;

    (void)state;
    breaker_init(&breaker, FAILURES, OPEN_MS);
    for (int i = 0; i < 100; i++)
        assert_false(breaker_failed(&breaker, false, 7, i));
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_true(breaker_failed(&breaker, false, 8, 100));
}

static void test_success_begins_anew(void **state)
{
    struct breaker breaker;

    (void)state;
    breaker_init(&breaker, FAILURES, OPEN_MS);
    for (int i = 0; i < 100; i++) {
        assert_false(breaker_failed(&breaker, false, 1, i));
        assert_false(breaker_failed(&breaker, false, 2, i));
        breaker_succeeded(&breaker, false);
    }
    assert_int_equal(breaker.state, BREAKER_CLOSED);
}

static void test_one_probe(void **state)
{
    struct breaker breaker = broken(0);

    (void)state;
    assert_true(breaker_begin(&breaker, OPEN_MS));
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    assert_false(breaker_allows(&breaker, OPEN_MS));
    assert_int_equal(breaker_due_ms(&breaker), INT64_MAX);
    breaker_undecided(&breaker, true);
    assert_true(breaker_allows(&breaker, OPEN_MS));
    assert_true(breaker_begin(&breaker, OPEN_MS));
    breaker_succeeded(&breaker, true);
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_false(breaker_begin(&breaker, OPEN_MS));
}

static void test_what_began_before_says_nothing(void **state)
{
    struct breaker breaker = broken(0);

    (void)state;
    breaker_succeeded(&breaker, false);
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_false(breaker_failed(&breaker, false, 3, 500));
    assert_int_equal(breaker.until_ms, OPEN_MS);
}

static void test_doubles_up_to_16_times(void **state)
{
    static const int64_t times[] = {1, 2, 4, 8, 16, 16, 16};
    struct breaker breaker = broken(0);
    int64_t now_ms = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        assert_int_equal(breaker.until_ms - now_ms, OPEN_MS * times[i]);
        now_ms = breaker.until_ms;
        assert_true(breaker_begin(&breaker, now_ms));
        assert_true(breaker_failed(&breaker, true, 1, now_ms));
    }
    assert_true(breaker_begin(&breaker, breaker.until_ms));
    breaker_succeeded(&breaker, true);
    assert_int_equal(breaker.times, 1);
}

static void test_never(void **state)
{
    struct breaker breaker;

    (void)state;
    breaker_init(&breaker, 0, OPEN_MS);
    for (unsigned i = 0; i < 100; i++)
        assert_false(breaker_failed(&breaker, false, i, 0));
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(breaker_state_word(BREAKER_CLOSED), "closed");
    assert_string_equal(breaker_state_word(BREAKER_HALF_OPEN), "half-open");
    assert_string_equal(breaker_state_word(BREAKER_OPEN), "open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens),
        cmocka_unit_test(test_one_chain_never_opens_it),
        cmocka_unit_test(test_success_begins_anew),
        cmocka_unit_test(test_one_probe),
        cmocka_unit_test(test_what_began_before_says_nothing),
        cmocka_unit_test(test_doubles_up_to_16_times),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
