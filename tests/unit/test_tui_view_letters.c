/* Dead letters: groups, the list of one, one letter; what is asked for, and what an answer becomes.
 */
#include "tests/unit/test_tui_top_fixture.h"

#define GROUP "/v1/dlq?subscription=a&reason=http-500&came_back=false&"

static void begin(void)
{
    reasons[0] = "{\"subscription\":\"a\",\"reason\":\"http-500\",\"count\":250,\"came_back\":4},"
                 "{\"subscription\":\"b\",\"reason\":\"timeout\",\"count\":9,\"came_back\":0}";
    reasons[1] = "{\"subscription\":\"c\",\"reason\":\"timeout\",\"count\":70,\"came_back\":70}";
    depths[0][0] = 5;
    go_on(2000);
    press("2");
}

/* Letters `first` to `last`; next 0: there is no next page. */
static const char *page(int first, int last, int total, int next, bool replaying)
{
    static char text[BODY_MOST];
    struct buf out;

    buf_init(&out, sizeof(text) - 1);
    buf_printf(&out, "{\"count\":%d,\"bytes\":1,\"next\":", total);
    if (next)
        buf_printf(&out, "%d", next);
    else
        buf_add_text(&out, "null");
    buf_add_text(&out, ",\"dead_letters\":[");
    for (int i = first; i <= last; i++)
        buf_printf(&out,
                   "%s{\"id\":%d,\"state\":\"%s\",\"subscription\":\"a\",\"type\":"
                   "\"v2.x.{id}.start\",\"interaction\":\"call-%d\\u001b[2J\",\"reason\":"
                   "\"http-500\",\"attempts\":4}",
                   i > first ? "," : "", i, replaying ? "replaying" : "waiting", i);
    buf_add_text(&out, "]}");
    assert_false(out.failed);
    snprintf(text, sizeof(text), "%s", buf_text(&out));
    buf_release(&out);
    return text;
}

static void open_list(void)
{
    begin();
    press("Enter");
    answer(asking(0, GROUP "limit=100"), 200, page(1, 100, 250, 100, false));
}

/* -- groups -------------------------------------------------------------------------------------
 */

static void test_groups(void **state)
{
    const char *shown, *first, *back;

    (void)state;
    begin();
    shown = screen();
    first = strstr(shown, "246      http-500");
    back = strstr(shown, "4 back http-500");
    assert_non_null(first);
    assert_non_null(back); /* a group of its own */
    assert_non_null(strstr(shown, "70 back timeout"));
    assert_true(first < strstr(shown, "70 back timeout"));
    assert_non_null(strstr(shown, "329 dead letters in 4 groups"));
    assert_non_null(strstr(shown, "alpha"));
    press("R");
    assert_string_equal(acted.subscription, "a");
    assert_string_equal(acted.reason, "http-500");
    assert_int_equal(acted.came_back, 0);
    press("j D");
    assert_int_equal(acted.kind, ACT_DISCARD);
    assert_int_equal(acted.endpoint, 1);
    assert_int_equal(acted.came_back, 1);
    assert_string_equal(acted.what, "dead letters of gamma (timeout, come back)");
}

static void test_groups_cursor_follows_its_group(void **state)
{
    (void)state;
    begin();
    press("j");
    reasons[1] = "{\"subscription\":\"c\",\"reason\":\"timeout\",\"count\":990,\"came_back\":990}";
    go_on(1000);
    (void)screen();
    press("R");
    assert_int_equal(acted.endpoint, 1); /* it is the first now */
    reasons[1] = "";
    go_on(1000);
    press("R"); /* gone: what took its place */
    assert_int_equal(acted.endpoint, 0);
    assert_string_equal(acted.reason, "http-500");
}

static void test_groups_begin_with_the_selected_subscription(void **state)
{
    (void)state;
    begin();
    press("Esc G 2 R");
    assert_string_equal(acted.subscription, fleet_row(fleet, top->selected)->id);
}

static void test_no_groups(void **state)
{
    (void)state;
    silent = true;
    go_on(500);
    press("2");
    assert_shows("No endpoint has told of dead letters yet.");
    press("Enter R D Space G Esc");
    assert_int_equal(acted.acts, 0);
    silent = false;
    go_on(2000);
    press("2");
    assert_shows("No dead letters.");
}

static void test_filtered_groups(void **state)
{
    (void)state;
    begin();
    press("/");
    type("gamma");
    assert_shows("70 dead letters in 1 group");
    assert_shows_not("alpha");
    press("C-u");
    type("nobody");
    assert_shows("No dead letters of the subscriptions that the filter shows.");
}

/* -- the list -----------------------------------------------------------------------------------
 */

static void test_list_is_read_by_pages(void **state)
{
    (void)state;
    begin();
    press("Enter");
    assert_shows("Reading ...");
    answer(asking(0, GROUP "limit=100"), 200, page(1, 100, 250, 100, false));
    assert_shows("100 of 250: http-500 of alpha at frankfurt");
    assert_shows("call-1\\x1b[2J");
    assert_shows(" start ");
    press("j PgDn");
    assert_null(asking(0, GROUP));
    press("G"); /* past the end: the next */
    assert_shows("Reading the next page ...");
    press("G");
    answer(asking(0, GROUP "after=100&limit=100"), 200, page(101, 200, 250, 200, false));
    assert_null(asking(0, GROUP));
    press("j");
    assert_null(asking(0, GROUP));
    press("G");
    answer(asking(0, GROUP "after=200&limit=100"), 200, page(201, 250, 250, 0, false));
    press("G G");
    assert_null(asking(0, GROUP));
    assert_shows("250 of 250");
    assert_shows("call-250");
}

static void test_next_page_that_leads_back(void **state)
{
    (void)state;
    open_list();
    press("G");
    answer(asking(0, GROUP "after=100&limit=100"), 200, page(51, 100, 250, 100, false));
    press("G G");
    assert_null(asking(0, GROUP));
}

static void test_list_cannot_be_read(void **state)
{
    (void)state;
    begin();
    press("Enter");
    answer(asking(0, GROUP), 0, "");
    assert_shows("The list could not be read: trouble 0; u tries again");
    press("u");
    assert_shows("Reading ...");
    answer(asking(0, GROUP), 200, "{\"dead_letters\":[17]}");
    assert_shows("could not be read");
    press("u");
    answer(asking(0, GROUP), 200, page(1, 0, 0, 0, false));
    assert_shows("None is left of these.");
    press("Enter R Space G");
    assert_int_equal(acted.acts, 0);
    no_memory = true;
    press("u");
    assert_shows("there is no memory");
    no_memory = false;
    press("u");
    press("Esc"); /* what is under way is cancelled with its level */
    assert_int_equal(cancelled, 1);
    assert_null(asking(0, GROUP));
}

static void test_freed_while_asking(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    open_list();
    press("Enter G"); /* a letter */
    assert_non_null(asking(0, "/v1/dlq/1"));
    top_free(top);
    assert_null(asking(0, "/v1/dlq"));
    top = top_make(NULL, NULL, false, &error);
}

static void test_marks(void **state)
{
    (void)state;
    open_list();
    press("Space j Space Space Space"); /* 1, 3, 4, 5 */
    press("k Space");                   /* not 5 */
    assert_shows("3 marked");
    press("R");
    assert_int_equal(acted.id_count, 3);
    assert_int_equal(acted.ids[0], 1);
    assert_int_equal(acted.ids[1], 3);
    assert_int_equal(acted.ids[2], 4);
    assert_string_equal(acted.what, "marked dead letters of alpha (http-500)");
    top_step(top, now_ms); /* the action is over: what is left? */
    answer(asking(0, GROUP "limit=100"), 200, page(3, 90, 88, 0, false));
    assert_shows("88 of 88, 2 marked");
    press("D");
    assert_int_equal(acted.id_count, 2);
    assert_int_equal(acted.ids[0], 3);
    press("Esc Enter"); /* leaving unmarks nothing */
    answer(asking(0, GROUP "limit=100"), 200, page(3, 90, 88, 0, false));
    assert_shows("2 marked");
}

static void test_what_came_back_is_marked_still(void **state)
{
    (void)state;
    open_list();
    press("Space Esc");
    press(
        "G k Enter"); /* the fourth group but one: timeout of b; back, then the one that is back */
    press("Esc G Enter");
    answer(asking(0, "/v1/dlq?subscription=a&reason=http-500&came_back=true&"), 200,
           page(1, 4, 4, 0, false));
    assert_shows("4 of 4, 1 marked");
}

static void test_list_is_read_again_while_some_are_replayed(void **state)
{
    (void)state;
    open_list();
    press("G");
    answer(asking(0, GROUP "after=100"), 200, page(101, 150, 150, 0, true));
    go_on(1500);
    assert_null(asking(0, GROUP));
    go_on(1000);
    answer(asking(0, GROUP "limit=100"), 200, page(1, 99, 99, 99, false));
    assert_shows("150 of 150"); /* the old one, until the new one is as long */
    answer(asking(0, GROUP "after=99&limit=100"), 200, page(100, 120, 120, 0, false));
    assert_shows("120 of 120");
    go_on(5000);
    assert_null(asking(0, GROUP));
}

static void test_cursor_stays_with_its_letter(void **state)
{
    (void)state;
    open_list();
    press("j j j u");
    answer(asking(0, GROUP "limit=100"), 200, page(3, 100, 98, 0, false));
    press("R");
    assert_int_equal(acted.ids[0], 4);
    assert_string_equal(acted.what, "dead letter 4 of alpha (http-500)");
}

/* -- one letter ---------------------------------------------------------------------------------
 */

static void open_letter(const char *more)
{
    char body[4096];

    open_list();
    press("Enter");
    assert_shows("Reading dead letter 1 ...");
    snprintf(body, sizeof(body),
             "{\"id\":1,\"state\":\"waiting\",\"subscription\":\"a\",\"type\":\"t\",\"reason\":"
             "\"http-500\","
             "\"verdict\":\"key main\",\"headers\":{\"b-Two\":\"2\",\"a-One\":\"\\u001b]0;x\"}%s}",
             more);
    answer(asking(0, "/v1/dlq/1"), 200, body);
}

static void test_letter(void **state)
{
    const char *shown;

    (void)state;
    open_letter(",\"body\":\"{\\\"n\\\":1.10,\\\"big\\\":123456789012345678901,\\\"e\\\":[],"
                "\\\"l\\\":[1,{\\\"s\\\":\\\"a{\\\\\\\",b\\\"}]}\"");
    shown = screen_of(60, 80, false);
    assert_non_null(strstr(shown, "Dead letter 1\n"));
    assert_non_null(strstr(shown, "subscription   alpha"));
    assert_non_null(strstr(shown, "verdict        key main"));
    assert_non_null(strstr(shown, "  a-One: \\x1b]0;x\n  b-Two: 2\n"));
    assert_non_null(strstr(shown, "{\n"
                                  "  \"n\": 1.10,\n"
                                  "  \"big\": 123456789012345678901,\n"
                                  "  \"e\": [],\n"
                                  "  \"l\": [\n"
                                  "    1,\n"
                                  "    {\n"
                                  "      \"s\": \"a{\\\",b\"\n"
                                  "    }\n"
                                  "  ]\n"
                                  "}\n"));
    press("D");
    assert_int_equal(acted.ids[0], 1);
    press("Esc");
    assert_shows("100 of 250");
}

static void test_letter_that_is_text(void **state)
{
    (void)state;
    open_letter(",\"body\":\"one\\tx\\r\\ntwo \\u001b[2J \\u202e {not: json\\n\\n"
                "01234567890123456789012345678901234567890123456789012345678901234567890123456789"
                "wrapped\\u0000\"");
    const char *shown = screen_of(60, 80, false);
    assert_non_null(strstr(shown, "one\\tx\ntwo \\x1b[2J \\u202e {not: json\n\n0123"));
    assert_non_null(strstr(shown, "6789\nwrapped"));
}

static void test_letter_that_is_no_text(void **state)
{
    (void)state;
    open_letter(",\"body_base64\":\"AP/+QUIbWw==\"");
    assert_shows("its bytes are no UTF-8");
    assert_non_null(strstr(screen_of(60, 80, false), "00000000  00 ff fe 41 42 1b 5b"));
    assert_non_null(strstr(screen_of(60, 80, false), "|...AB.[|"));
    assert_non_null(strstr(screen_of(60, 40, false), "00000000  00 ff fe 41  |...A|"));
}

static void test_letter_cannot_be_read(void **state)
{
    (void)state;
    open_list();
    press("Enter");
    answer(asking(0, "/v1/dlq/1"), 500, "");
    assert_shows("Dead letter 1 could not be read: trouble 500; u tries again");
    press("u");
    answer(asking(0, "/v1/dlq/1"), 404, "{}");
    assert_shows("Dead letter 1 is there no more");
    press("u");
    answer(asking(0, "/v1/dlq/1"), 200, "garbage");
    assert_shows("could not be read");
    press("u Esc");
    assert_int_equal(cancelled, 1);
}

static void test_hostile_json(void **state)
{
    static char body[3000];
    size_t at = 0;

    (void)state;
    at += (size_t)snprintf(body, sizeof(body), ",\"body\":\"");
    while (at < 1000)
        body[at++] = '[';
    while (at < 1992)
        body[at++] = ']';
    body[at++] = '"';
    body[at] = '\0';
    open_letter(body);
    press("G");
    (void)screen();
    (void)screen_of(1, 1, false);
    (void)screen_of(3, 3, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_groups),
        UNIT(test_groups_cursor_follows_its_group),
        UNIT(test_groups_begin_with_the_selected_subscription),
        UNIT(test_no_groups),
        UNIT(test_filtered_groups),
        UNIT(test_list_is_read_by_pages),
        UNIT(test_next_page_that_leads_back),
        UNIT(test_list_cannot_be_read),
        UNIT(test_freed_while_asking),
        UNIT(test_marks),
        UNIT(test_what_came_back_is_marked_still),
        UNIT(test_list_is_read_again_while_some_are_replayed),
        UNIT(test_cursor_stays_with_its_letter),
        UNIT(test_letter),
        UNIT(test_letter_that_is_text),
        UNIT(test_letter_that_is_no_text),
        UNIT(test_letter_cannot_be_read),
        UNIT(test_hostile_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
