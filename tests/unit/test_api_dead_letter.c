/* What is asked of dead letters, to the byte, and what is read of the answers. */
#include "tests/unit/unit.h"

#include "api/dead_letter.h"

#include "core/json.h"

#include <math.h>
#include <stdio.h>

#define LETTER(id) "{\"id\":" #id ",\"state\":\"waiting\"}"
#define LIST(letters, next)                                                                        \
    "{\"count\":7,\"bytes\":900,\"next\":" next ",\"dead_letters\":[" letters "]}"

static struct letter_page page;
static struct error error;

static int setup(void **state)
{
    (void)state;
    letter_page_init(&page);
    error = ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    letter_page_release(&page);
    return 0;
}

/* -- paths --------------------------------------------------------------------------------------
 */

static void expect_path(const struct letter_filter *filter, int64_t after, int limit,
                        const char *wanted)
{
    struct buf path;

    buf_init(&path, 4096);
    letter_list_path(&path, filter, after, limit);
    assert_string_equal(buf_text(&path), wanted);
    buf_release(&path);
}

static void test_paths(void **state)
{
    struct letter_filter filter;

    (void)state;
    letter_filter_init(&filter);
    assert_true(letter_filter_is_empty(&filter));
    expect_path(&filter, 0, 100, "/v1/dlq?limit=100");
    expect_path(&filter, 42, 1, "/v1/dlq?after=42&limit=1");
    filter.subscription = "a b&c=d/\xc3\xa9%+#?";
    filter.reason = "http-500";
    filter.type = "";
    filter.since_ms = 5;
    filter.until_ms = INT64_MAX;
    filter.came_back = 0;
    assert_false(letter_filter_is_empty(&filter));
    expect_path(&filter, 0, 10,
                "/v1/dlq?subscription=a%20b%26c%3Dd%2F%C3%A9%25%2B%23%3F&reason=http-500&type=&"
                "since=5&until=9223372036854775807&came_back=false&limit=10");
    letter_filter_init(&filter);
    filter.interaction = "\n\x1b";
    filter.came_back = 1;
    expect_path(&filter, 0, 10, "/v1/dlq?interaction=%0A%1B&came_back=true&limit=10");
}

/* -- bodies -------------------------------------------------------------------------------------
 */

static void expect_body(const struct letter_filter *filter, const struct letter_act *act,
                        const char *wanted)
{
    json_t *body = letter_act_body(filter, act);
    char *text;

    if (!wanted) {
        assert_null(body);
        return;
    }
    assert_non_null(body);
    text = json_write(body, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(body);
}

static void test_bodies(void **state)
{
    static const int64_t ids[] = {3, INT64_MAX};
    struct letter_act act = {.reason = "", .by = "", .dry_run = true};
    struct letter_filter filter;

    (void)state;
    letter_filter_init(&filter);
    expect_body(&filter, &act, "{\"all\":true,\"dry_run\":true}");
    act = (struct letter_act){.reason = "the CRM is \"well\"", .by = "dana", .rate = 2.5};
    filter.subscription = "voice";
    filter.came_back = 1;
    filter.since_ms = 12;
    expect_body(&filter, &act,
                "{\"by\":\"dana\",\"filter\":{\"came_back\":true,\"since\":12,"
                "\"subscription\":\"voice\"},\"rate\":2.5,\"reason\":\"the CRM is \\\"well\\\"\"}");
    filter.ids = ids; /* instead of the others */
    filter.id_count = 2;
    act.rate = 0;
    expect_body(&filter, &act,
                "{\"by\":\"dana\",\"ids\":[3,9223372036854775807],"
                "\"reason\":\"the CRM is \\\"well\\\"\"}");
}

static void test_nothing_selects_all_by_accident(void **state)
{
    static const int64_t ids[] = {1};
    struct letter_act act = {.reason = NULL, .by = NULL};
    struct letter_filter filter;

    (void)state;
    letter_filter_init(&filter);
    filter.ids = ids; /* none of them */
    expect_body(&filter, &act, "{\"ids\":[]}");
    letter_filter_init(&filter);
    filter.subscription = "\xff";
    expect_body(&filter, &act, NULL);
    letter_filter_init(&filter);
    act.rate = NAN;
    expect_body(&filter, &act, NULL);
    act.rate = INFINITY;
    expect_body(&filter, &act, NULL);
}

static void test_counts(void **state)
{
    static const struct {
        const char *body;
        int64_t count;
    } cases[] = {{"{\"dry_run\":true,\"count\":12,\"bytes\":9}", 12},
                 {"{\"dry_run\":false,\"replaying\":3}", 3},
                 {"{\"aborted\":0}", 0},
                 {"{\"discarded\":1,\"new\":[]}", 1},
                 {"{\"count\":-1}", -1},
                 {"{\"count\":\"1\"}", -1},
                 {"{\"count\":1.0}", -1},
                 {"{\"count\":99999999999999999999}", -1},
                 {"[1]", -1},
                 {"{}", -1},
                 {"", -1},
                 {"<html>", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(letter_act_count(cases[i].body, strlen(cases[i].body)), cases[i].count);
}

/* -- pages --------------------------------------------------------------------------------------
 */

static bool read_page(const char *text)
{
    error = ERROR_INIT;
    letter_page_release(&page);
    return letter_page_read(&page, text, strlen(text), &error);
}

static void test_list(void **state)
{
    const struct letter *letter;

    (void)state;
    assert_true(read_page(LIST(
        "{\"id\":5,\"state\":\"replaying\",\"subscription\":\"voice\",\"type\":\"T\","
        "\"interaction\":\"i\",\"reason\":\"http-500\",\"detail\":\"\\u001b[2J\",\"attempts\":4,"
        "\"replays\":1,\"received_ms\":10,\"first_failed_ms\":11,\"died_ms\":12,\"due_ms\":13,"
        "\"event_time_ms\":-1,\"position\":14,\"part\":2,\"body_bytes\":15,\"quarantined\":true,"
        "\"key\":\"00ff\",\"new\":{}}," LETTER(9),
        "9")));
    assert_int_equal(page.count, 2);
    assert_int_equal(page.total, 7);
    assert_int_equal(page.bytes, 900);
    assert_int_equal(page.next_id, 9);
    letter = &page.letters[0];
    assert_int_equal(letter->id, 5);
    assert_true(letter->replaying && letter->quarantined);
    assert_string_equal(letter->subscription, "voice");
    assert_string_equal(letter->detail, "\x1b[2J"); /* as it came */
    assert_string_equal(letter->key, "00ff");
    assert_int_equal(letter->attempts + letter->replays, 5);
    assert_int_equal(letter->due_ms, 13);
    assert_int_equal(letter->event_time_ms, -1);
    assert_int_equal(letter->part, 2);
    assert_null(letter->body);
    assert_null(letter->headers);
    letter = &page.letters[1];
    assert_false(letter->replaying || letter->quarantined);
    assert_string_equal(letter->source, "");
    assert_int_equal(letter->died_ms, 0);
}

static void test_last_page(void **state)
{
    (void)state;
    assert_true(read_page(LIST("", "null")));
    assert_int_equal(page.count, 0);
    assert_int_equal(page.next_id, 0);
    assert_true(read_page(LIST(LETTER(1), "null")));
    assert_int_equal(page.next_id, 0);
}

static void test_whole(void **state)
{
    const struct letter *letter;

    (void)state;
    assert_true(
        read_page("{\"id\":5,\"state\":\"waiting\",\"subscription\":null,\"body_bytes\":3,"
                  "\"headers\":{\"Host\":\"x\"},\"verdict\":\"ok\",\"body\":\"a\\u0000b\"}"));
    letter = &page.letters[0];
    assert_int_equal(page.count, 1);
    assert_int_equal(page.total, 1);
    assert_int_equal(letter->body_length, 3);
    assert_memory_equal(letter->body, "a\0b", 4);
    assert_true(letter->body_is_text);
    assert_string_equal(json_text(letter->headers, "Host"), "x");
    assert_string_equal(letter->verdict, "ok");
}

static void test_base64(void **state)
{
    static const struct {
        const char *text, *bytes;
        int length; /* -1: refused */
    } cases[] = {{"", "", 0},
                 {"AA==", "\0", 1},
                 {"/+8=", "\xff\xef", 2},
                 {"AP8A", "\0\xff", 3},
                 {"AP8AYWJj", "\0\xff\0abc", 6},
                 {"A", "", -1},
                 {"A===", "", -1},
                 {"====", "", -1},
                 {"AA=A", "", -1},
                 {"A A=", "", -1},
                 {"AA\\u0000A", "", -1},
                 {"AA-_", "", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "{\"id\":1,\"state\":\"waiting\",\"body_base64\":\"%s\"}",
                 cases[i].text);
        assert_int_equal(read_page(text), cases[i].length >= 0);
        if (cases[i].length < 0)
            continue;
        assert_int_equal(page.letters[0].body_length, cases[i].length);
        assert_memory_equal(page.letters[0].body, cases[i].bytes, cases[i].length + 1);
        assert_false(page.letters[0].body_is_text);
    }
}

static void test_garbage(void **state)
{
    static const char *const cases[] = {
        "",
        "null",
        "[]",
        "{",
        "<html>",
        "{}",
        "\"x\"",
        LIST("1", "null"),
        LIST("{}", "null"),
        LIST("{\"id\":1}", "null"),
        LIST("{\"id\":0,\"state\":\"waiting\"}", "null"),
        LIST("{\"id\":null,\"state\":\"waiting\"}", "null"),
        LIST("{\"id\":1.5,\"state\":\"waiting\"}", "null"),
        LIST("{\"id\":99999999999999999999,\"state\":\"waiting\"}", "null"),
        LIST("{\"id\":1,\"state\":\"gone\"}", "null"),
        LIST("{\"id\":1,\"state\":1}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"reason\":5}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"reason\":\"a\\u0000b\"}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"attempts\":\"5\"}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"attempts\":-1}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"quarantined\":1}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"headers\":[]}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"body\":{}}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"body_base64\":1}", "null"),
        LIST("{\"id\":1,\"state\":\"waiting\",\"body\":\"\",\"body_base64\":\"\"}", "null"),
        LIST(LETTER(2) "," LETTER(1), "null"),
        LIST(LETTER(1) "," LETTER(1), "null"),
        LIST(LETTER(2), "1"),
        LIST("", "1"),
        LIST("", "-1"),
        "{\"count\":1,\"bytes\":1,\"dead_letters\":{}}",
        "{\"bytes\":1,\"dead_letters\":[]}",
        "{\"count\":-1,\"bytes\":1,\"dead_letters\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(read_page(cases[i]));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_true(*error.text);
        assert_null(page.top);
        assert_null(page.letters);
        assert_int_equal(page.count, 0);
    }
}

static void test_too_many(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 1 << 20);
    buf_add_text(&text, "{\"count\":1,\"bytes\":1,\"next\":null,\"dead_letters\":[");
    for (int i = 1; i <= 10001; i++)
        buf_printf(&text, "%s{\"id\":%d,\"state\":\"waiting\"}", i > 1 ? "," : "", i);
    buf_add_text(&text, "]}");
    assert_false(read_page(buf_text(&text)));
    assert_int_equal(error.code, ERROR_INVALID);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_paths),    UNIT(test_bodies), UNIT(test_nothing_selects_all_by_accident),
        UNIT(test_counts),   UNIT(test_list),   UNIT(test_last_page),
        UNIT(test_whole),    UNIT(test_base64), UNIT(test_garbage),
        UNIT(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
