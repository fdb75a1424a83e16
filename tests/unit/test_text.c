/* Text made safe, suggestions, durations, UTF-8, URLs. */
#include "core/text.h"
#include "tests/unit/unit.h"

static void safe_text_shows_what_could_move_a_cursor(void **state)
{
    static const char in[] = "a\x1b[31m\r\n\t\x7f\xC2\x9b\xE2\x80\xAE\xFFz\xC3\xA9";
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    text_add_safe(&out, in, sizeof(in) - 1);
    assert_string_equal(buf_text(&out), "a\\x1b[31m\\r\\n\\t\\x7f\\x9b\\u202e\\xffz\xC3\xA9");
    buf_release(&out);
}

static void the_nearest_word_is_found_and_a_far_one_is_not(void **state)
{
    static const char *const words[] = {"events", "enabled", "filter", NULL};

    (void)state;
    assert_string_equal(text_nearest("evnets", words), "events");
    assert_string_equal(text_nearest("Filter", words), "filter");
    assert_null(text_nearest("description", words));
}

static void durations_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"100ms", 100},
        {"10s", 10000},
        {"1h30m", 5400000},
        {"7d", 604800000},
        {"0s", 0},
        {"", -1},
        {"10", -1},
        {"s", -1},
        {"-1s", -1},
        {"1.5s", -1},
        {"1 s", -1},
        {"1x", -1},
        {"999999999999999d", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ms = 0;
        assert_int_equal(text_parse_duration(cases[i].text, &ms), cases[i].ms >= 0);
        if (cases[i].ms >= 0)
            assert_int_equal(ms, cases[i].ms);
    }
}

static void durations_are_written_shortest(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 1024);
    text_add_duration(&out, 100);
    buf_add_char(&out, ' ');
    text_add_duration(&out, 60000);
    buf_add_char(&out, ' ');
    text_add_duration(&out, 90000);
    buf_add_char(&out, ' ');
    text_add_duration(&out, 0);
    assert_string_equal(buf_text(&out), "100ms 1m 90s 0ms");
    buf_release(&out);
}

static void sizes_are_read_exactly_and_written_shortest(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: refused */
        const char *written;
    } cases[] = {
        {"0", 0, "0"},
        {"1000", 1000, "1000"},
        {"64KiB", 65536, "64KiB"},
        {"65536", 65536, "64KiB"},
        {"1536KiB", 1572864, "1536KiB"},
        {"1024KiB", 1048576, "1MiB"},
        {"2GiB", INT64_C(2147483648), "2GiB"},
        {"8191TiB", INT64_C(8191) << 40, "8191TiB"},
        {"8388608TiB", -1, NULL},
        {"9999999999999999999", -1, NULL},
        {"", -1, NULL},
        {"KiB", -1, NULL},
        {"1KB", -1, NULL},
        {"1kib", -1, NULL},
        {"1 KiB", -1, NULL},
        {"1KiBx", -1, NULL},
        {"-1", -1, NULL},
        {"1.5MiB", -1, NULL},
        {"010", -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        int64_t bytes = 0;
        assert_int_equal(text_parse_size(cases[i].text, &bytes), cases[i].bytes >= 0);
        if (cases[i].bytes < 0)
            continue;
        assert_int_equal(bytes, cases[i].bytes);
        buf_init(&out, 64);
        text_add_size(&out, bytes);
        assert_string_equal(buf_text(&out), cases[i].written);
        buf_release(&out);
    }
}

static void invalid_utf8_is_found_where_it_begins(void **state)
{
    (void)state;
    assert_int_equal(text_utf8_check("a\xC3\xA9z", 4), 4);
    assert_int_equal(text_utf8_check("a\xC0\x80", 3), 1);        /* overlong */
    assert_int_equal(text_utf8_check("a\xED\xA0\x80", 4), 1);    /* a surrogate */
    assert_int_equal(text_utf8_check("\xF4\x90\x80\x80", 4), 0); /* past U+10FFFF */
    assert_int_equal(text_utf8_check("ab\0c", 4), 2);
    assert_int_equal(text_utf8_check("a\xE2\x82", 3), 1); /* cut */
    assert_int_equal(text_utf16_length("a\xC3\xA9\xF0\x9F\x98\x80"), 4);
}

static void a_url_is_taken_apart(void **state)
{
    struct text_url url;

    (void)state;
    assert_true(text_parse_url("https://u:p@Host.example.com:8443/x?y", &url));
    assert_true(url.https && url.has_userinfo && !url.loopback);
    assert_string_equal(url.host, "Host.example.com");
    assert_int_equal(url.port, 8443);
    assert_true(text_parse_url("http://[::1]:80/", &url));
    assert_true(!url.https && url.loopback);
    assert_true(text_parse_url("http://127.9.9.9", &url));
    assert_true(url.loopback && url.port == 80);
    assert_true(text_parse_url("http://127.example.com", &url));
    assert_false(url.loopback);
    assert_false(text_parse_url("ftp://x", &url));
    assert_false(text_parse_url("https://", &url));
    assert_false(text_parse_url("https://a b", &url));
    assert_true(text_parse_url("https://a:/x", &url));
    assert_int_equal(url.port, 443);
    assert_true(text_parse_url("https://a:65535?x", &url));
    assert_false(text_parse_url("https://a:65536", &url));
    assert_false(text_parse_url("https://a:99999999999999999999/", &url));
    assert_false(text_parse_url("https://a:8o/", &url));
    assert_true(text_parse_url("https://[::1]", &url));
    assert_false(text_parse_url("https://[::1]x/", &url));
    assert_false(text_parse_url("https://[::1]:70000/", &url));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_text_shows_what_could_move_a_cursor),
        cmocka_unit_test(the_nearest_word_is_found_and_a_far_one_is_not),
        cmocka_unit_test(durations_are_read_exactly),
        cmocka_unit_test(durations_are_written_shortest),
        cmocka_unit_test(sizes_are_read_exactly_and_written_shortest),
        cmocka_unit_test(invalid_utf8_is_found_where_it_begins),
        cmocka_unit_test(a_url_is_taken_apart),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
