/* The idempotency window against the simplest model of it, with times that are made up. */
#include "ingest/window.h"

#include "tests/unit/unit.h"

enum { KEYS = 400, WINDOW_S = 100 };

static uint64_t seed;

static uint64_t roll(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static const uint8_t *key_of(uint64_t n)
{
    static uint8_t key[EVENT_KEY_BYTES];

    memset(key, 0, sizeof(key));
    memcpy(key, &n, sizeof(n));
    return key;
}

/* Has the model's key been added less than the window before? */
static bool is_seen(int64_t at_s, int64_t now_s)
{
    return at_s > 0 && now_s - at_s < WINDOW_S;
}

static size_t count_seen(const int64_t *at_s, int64_t now_s)
{
    size_t count = 0;

    for (size_t i = 0; i < KEYS; i++)
        count += is_seen(at_s[i], now_s);
    return count;
}

static void test_model(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 20; run++) {
        struct window *window = window_new(WINDOW_S * 1000, 1000000);
        int64_t at_s[KEYS] = {0}, now_s = 1000;
        assert_non_null(window);
        seed = run * 0x9E3779B97F4A7C15u;
        for (int step = 0; step < 5000; step++) {
            uint64_t n = roll(KEYS);
            now_s += roll(10) == 0;
            if (roll(2) == 0) {
                assert_true(window_add(window, key_of(n), now_s, now_s));
                at_s[n] = now_s;
            }
            if (roll(50) == 0) {
                window_expire(window, now_s);
                assert_int_equal(window_count(window), count_seen(at_s, now_s));
            }
            n = roll(KEYS);
            assert_int_equal(window_has(window, key_of(n), now_s), is_seen(at_s[n], now_s));
        }
        assert_int_equal(window_dropped(window), 0);
        window_free(window);
    }
}

/* The edge: exactly the window's length later it is forgotten. */
static void test_edge(void **state)
{
    struct window *window = window_new(WINDOW_S * 1000, 10);

    (void)state;
    assert_non_null(window);
    assert_false(window_has(window, key_of(1), 1000));
    assert_true(window_add(window, key_of(1), 1000, 1000));
    assert_true(window_has(window, key_of(1), 1000 + WINDOW_S - 1));
    assert_false(window_has(window, key_of(1), 1000 + WINDOW_S));
    window_free(window);
}

static void test_later_time(void **state)
{
    struct window *window = window_new(WINDOW_S * 1000, 10);

    (void)state;
    assert_non_null(window);
    assert_true(window_add(window, key_of(1), 1000, 1000));
    assert_true(window_add(window, key_of(1), 1050, 1050));
    assert_true(window_add(window, key_of(1), 1010, 1050)); /* an earlier one changes nothing */
    window_expire(window, 1120);
    assert_int_equal(window_count(window), 1);
    assert_true(window_has(window, key_of(1), 1149));
    assert_false(window_has(window, key_of(1), 1150));
    window_free(window);
}

static void test_clock_set_back(void **state)
{
    struct window *window = window_new(WINDOW_S * 1000, 10);

    (void)state;
    assert_non_null(window);
    assert_true(window_add(window, key_of(1), 1000, 1000));
    window_expire(window, 10);
    assert_true(window_has(window, key_of(1), 10));
    assert_true(window_add(window, key_of(2), 10, 10));
    assert_true(window_has(window, key_of(1), 1000));
    window_free(window);
}

static void test_expired_is_not_added(void **state)
{
    struct window *window = window_new(WINDOW_S * 1000, 10);

    (void)state;
    assert_non_null(window);
    assert_true(window_add(window, key_of(1), 1000, 1000 + WINDOW_S));
    assert_int_equal(window_count(window), 0);
    window_free(window);
}

static void test_oldest_go_first(void **state)
{
    struct window *window = window_new(WINDOW_S * 1000, 10);

    (void)state;
    assert_non_null(window);
    for (uint64_t n = 0; n < 25; n++)
        assert_true(window_add(window, key_of(n), 1000, 1000));
    assert_int_equal(window_count(window), 10);
    assert_int_equal(window_dropped(window), 15);
    for (uint64_t n = 0; n < 25; n++)
        assert_int_equal(window_has(window, key_of(n), 1000), n >= 15);
    assert_true(window_add(window, key_of(20), 1001, 1001)); /* one that is there drops none */
    assert_int_equal(window_dropped(window), 15);
    window_free(window);
}

/* Many parts: never more than the most, and what was added last is there. */
static void test_many(void **state)
{
    enum { MOST = 100000 };
    struct window *window = window_new(WINDOW_S * 1000, MOST);

    (void)state;
    assert_non_null(window);
    for (uint64_t n = 0; n < 250000; n++) {
        assert_true(window_add(window, key_of(n), 1000, 1000));
        assert_true(window_count(window) <= MOST);
    }
    assert_int_equal(window_count(window), MOST);
    assert_int_equal(window_dropped(window), 250000 - MOST);
    for (uint64_t n = 250000 - MOST / 2; n < 250000; n++)
        assert_true(window_has(window, key_of(n), 1000));
    for (uint64_t n = 0; n < 250000 - MOST * 3 / 2; n++)
        assert_false(window_has(window, key_of(n), 1000));
    window_expire(window, 1000 + WINDOW_S);
    assert_int_equal(window_count(window), 0);
    window_free(window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_edge),
        cmocka_unit_test(test_later_time),
        cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_expired_is_not_added),
        cmocka_unit_test(test_oldest_go_first),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
