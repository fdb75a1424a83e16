/* Numbers as an operator reads them: every form, and where one form ends. */
#include "tests/unit/unit.h"

#include "api/ingest_sample.h"
#include "tui/format.h"

#include <float.h>
#include <math.h>

typedef char *format_function(char *out, size_t size, double value);

struct expected {
    double value;
    const char *text;
};

static void check(format_function *format, const struct expected *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char out[FORMAT_SIZE];
        assert_ptr_equal(format(out, sizeof(out), rows[i].value), out);
        if (strcmp(out, rows[i].text) != 0)
            fail_msg("%.17g is \"%s\", not \"%s\"", rows[i].value, out, rows[i].text);
    }
}

#define CHECK(format, rows) check(format, rows, sizeof(rows) / sizeof((rows)[0]))
#define UNKNOWN                                                                                    \
    {NAN, "?"},                                                                                    \
    {                                                                                              \
        (double)SAMPLE_UNKNOWN, "?"                                                                \
    }

static void test_count(void **state)
{
    static const struct expected rows[] = {
        {0, "0"},         {-0.0, "0"},        {17, "17"},        {9999, "9999"},
        {9999.4, "9999"}, {9999.5, "10.0k"},  {12345, "12.3k"},  {99949, "99.9k"},
        {99950, "100k"},  {999499, "999k"},   {999960, "1.0M"},  {4.5e6, "4.5M"},
        {1.2e9, "1.2G"},  {3e12, "3.0T"},     {1e15, "1.0P"},    {9e18, "9.0E"},
        {1e30, ">999E"},  {DBL_MAX, ">999E"}, {INFINITY, "inf"}, {-INFINITY, "-inf"},
        {-17, "-17"},     {-12345, "-12.3k"}, {-0.2, "0"},       UNKNOWN,
    };

    (void)state;
    CHECK(format_count, rows);
}

static void test_rate(void **state)
{
    static const struct expected rows[] = {
        {0, "0"},         {0.02, "0.02"},  {0.4, "0.4"},      {3.1, "3.1"},     {120, "120"},
        {12345, "12.3k"}, {1e-9, "<0.01"}, {0.0049, "<0.01"}, {0.005, "0.01"},  {0.094, "0.09"},
        {0.0951, "0.1"},  {0.999, "1.0"},  {9.949, "9.9"},    {9.96, "10"},     {12.4, "12"},
        {999.96, "1000"}, {-3.1, "-3.1"},  {INFINITY, "inf"}, {1e300, ">999E"}, UNKNOWN,
    };

    (void)state;
    CHECK(format_rate, rows);
}

static void test_growth(void **state)
{
    static const struct expected rows[] = {
        {12, "+12"},        {-3, "-3"},          {0, "0"},          {-0.0, "0"},
        {0.4, "+0.4"},      {-0.02, "-0.02"},    {0.001, "+<0.01"}, {0.96, "+1"},
        {1.2, "+1"},        {12345, "+12.3k"},   {-4.5e6, "-4.5M"}, {999960, "+1.0M"},
        {INFINITY, "+inf"}, {-INFINITY, "-inf"}, UNKNOWN,
    };

    (void)state;
    CHECK(format_growth, rows);
}

static void test_bytes(void **state)
{
    static const struct expected rows[] = {
        {0, "0B"},
        {512, "512B"},
        {1023, "1023B"},
        {1024, "1.0K"},
        {1229, "1.2K"},
        {64 << 20, "64M"},
        {1.5 * (1 << 30), "1.5G"},
        {1023.0 * (1 << 20), "1.0G"},
        {-2048, "-2.0K"},
        {INFINITY, "inf"},
        {1e40, ">999E"},
        UNKNOWN,
    };

    (void)state;
    CHECK(format_bytes, rows);
}

static void test_seconds(void **state)
{
    static const struct expected rows[] = {
        {0.0004, "0.4ms"},
        {0.012, "12ms"},
        {1.2, "1.2s"},
        {45, "45s"},
        {200, "3m20"},
        {7500, "2h05"},
        {4 * 86400 + 7200, "4d02h"},
        {0, "0s"},
        {1e-9, "<0.1ms"},
        {0.00996, "10ms"},
        {0.9994, "999ms"},
        {0.9996, "1.0s"},
        {9.96, "10s"},
        {59.4, "59s"},
        {59.6, "1m00"},
        {3599.6, "1h00"},
        {86399.6, "1d00h"},
        {99998.0 * 86400, "99998d00h"},
        {1e12, ">99999d"},
        {INFINITY, "inf"},
        {-3, "-3.0s"},
        {-7500, "-2h05"},
        {-1e300, "->99999d"},
        UNKNOWN,
    };

    (void)state;
    CHECK(format_seconds, rows);
}

static void test_drain(void **state)
{
    static const struct {
        double depth, seconds;
        const char *text;
    } rows[] = {
        {10, 12, "12s"},
        {10, 5.2, "5s"},
        {10, 0.001, "1s"},
        {10, 200, "3m20"},
        {0, 0, "now"},
        {0, NAN, "now"},
        {0, INFINITY, "now"},
        {10, INFINITY, "never"},
        {10, NAN, "?"},
        {NAN, 12, "?"},
        {(double)SAMPLE_UNKNOWN, 12, "?"},
        {10, -5, "?"},
        {10, 1e300, ">99999d"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[FORMAT_SIZE];
        assert_string_equal(format_drain(out, sizeof(out), rows[i].depth, rows[i].seconds),
                            rows[i].text);
    }
}

static void test_time(void **state)
{
    static const int64_t noon = 1795514400000; /* 2026-11-24 10:00:00 */
    static const struct {
        int64_t ms, now_ms;
        const char *text;
    } rows[] = {
        {noon + 129999, noon, "10:02:09"},
        {noon, noon + 86400000, "11-24 10:00"},
        {noon - 365LL * 86400000, noon, "11-24 10:00"}, /* the same day of another year */
        {noon, SAMPLE_UNKNOWN, "11-24 10:00"},
        {-1, noon, "12-31 23:59"},
        {SAMPLE_UNKNOWN, noon, "?"},
        {INT64_MAX, noon, "08-17 07:12"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[FORMAT_SIZE];
        assert_string_equal(format_time(out, sizeof(out), rows[i].ms, rows[i].now_ms),
                            rows[i].text);
    }
}

static void test_no_room(void **state)
{
    char out[4] = "abc";

    (void)state;
    assert_string_equal(format_count(out, sizeof(out), 123456789), "123");
    assert_string_equal(format_time(out, 3, 0, 0), "00");
    assert_string_equal(format_seconds(out, 1, 45), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count), cmocka_unit_test(test_rate),    cmocka_unit_test(test_growth),
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_seconds), cmocka_unit_test(test_drain),
        cmocka_unit_test(test_time),  cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
