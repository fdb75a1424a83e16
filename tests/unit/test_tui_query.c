/* The filter language: cases are a filter, and which of three rows it lets through. */
#include "tests/unit/tui_table_world.h"

/* voice fails, chat is well, and of the third nothing is known. */
static int setup(void **state)
{
    size_t n;

    (void)state;
    world_count = 0;
    n = world_add("Voice-Lifecycle");
    world_rows[n].sink = "crm";
    world_rows[n].last_error = "HTTP-503: busy";
    world_rows[n].drift = "drifted";
    world_rows[n].version = 3;
    world_points[n].state = ROW_FAIL;
    world_points[n].figures[FIGURE_DEPTH] = 1500;
    world_points[n].figures[FIGURE_OLDEST_S] = 300;
    world_points[n].figures[FIGURE_P95_S] = 0.3F;
    world_points[n].figures[FIGURE_DRAIN_S] = INFINITY;
    world_points[n].figures[FIGURE_DEAD_GROWTH] = -2;
    n = world_add("chat");
    world_rows[n].health = "HEALTHY";
    world_points[n].state = ROW_OK;
    world_points[n].figures[FIGURE_DEPTH] = 0;
    world_points[n].figures[FIGURE_OLDEST_S] = 0;
    world_points[n].figures[FIGURE_P95_S] = 0.004F;
    world_points[n].figures[FIGURE_DRAIN_S] = 0;
    world_points[n].figures[FIGURE_DEAD_GROWTH] = 0;
    world_add("survey");
    return 0;
}

static struct query *read_query(const char *text)
{
    struct error error = ERROR_INIT;
    struct query *query = query_new(text, &error);

    if (!query)
        fail_msg("%s", error.text);
    assert_int_equal(error.code, ERROR_NONE);
    return query;
}

static void filters_let_rows_through(void **state)
{
    static const struct {
        const char *text, *rows; /* v, c, s */
    } cases[] = {
        {"", "vcs"},
        {" \t\n", "vcs"},
        {"voice", "v"},
        {"VOICE life", "v"},
        {"row-0001", "c"},
        {"e", "vs"},
        {"!e", "c"},
        {"voice chat", ""},
        {"state:fail", "v"},
        {"STATE:Fa", "v"},
        {"!state:fail", "cs"},
        {"state:?", ""},
        {"!state:?", "vcs"},
        {"sink:CRM", "v"},
        {"error:503", "v"},
        {"!error:503", "cs"},
        {"error::", "v"},
        {"drift:drift", "v"},
        {"!drift:d", "cs"},
        {"name:chat", "c"},
        {"depth>100", "v"},
        {"depth>1.4k", "v"},
        {"depth>1.5K", ""},
        {"depth>=1.5k", "v"},
        {"depth<1m", "vc"},
        {"depth=0", "c"},
        {"depth<=0", "c"},
        {"!depth=0", "vs"},
        {"depth:1500", "v"},
        {"!depth:1500", "cs"},
        {"oldest>4m", "v"},
        {"oldest>=5M", "v"},
        {"oldest>300", ""},
        {"oldest<1h", "vc"},
        {"oldest<1d", "vc"},
        {"p95>=300ms", "v"},
        {"p95=0.3", "v"},
        {"p95<10ms", "c"},
        {"p95>.1s", "v"},
        {"drain>9h", "v"},
        {"growth<0", "v"},
        {"growth=-2", "v"},
        {"growth>=+0", "c"},
        {"version=3", "v"},
        {"retries>=0", ""},
        {"!retries>=0", "vcs"},
        {"depth>0 state:fail !chat", "v"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query *query = read_query(cases[i].text);
        char rows[4] = "";
        size_t length = 0;
        for (size_t n = 0; n < world_count; n++) {
            struct row_view view = world_view(n);
            if (query_holds(query, &view))
                rows[length++] = "vcs"[n];
        }
        rows[length] = '\0';
        if (strcmp(rows, cases[i].rows) != 0)
            fail_msg("%s lets \"%s\" through, not \"%s\"", cases[i].text, rows, cases[i].rows);
        query_free(query);
    }
}

static void errors_name_the_place(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"depth>x", "depth>x: a number is expected after >"},
        {"voice depth>= state:ok", "depth>=: a number is expected after >="},
        {"depth>-", "depth>-: a number is expected after >"},
        {"depth>nan", "depth>nan: a number is expected after >"},
        {"depth>inf", "depth>inf: a number is expected after >"},
        {"depth=0x10", "depth=0x10: no unit \"x10\" is known here, but: k M G"},
        {"depth>1.2.3", "depth>1.2.3: a number is expected after >"},
        {"depth>.", "depth>.: a number is expected after >"},
        {"depth>5m5", "depth>5m5: no unit \"m5\" is known here, but: k M G"},
        {"oldest>5k", "oldest>5k: no unit \"k\" is known here, but: ms s m h d"},
        {"dept>5", "dept>5: there is no column \"dept\"; did you mean depth?"},
        {"http://x", "http://x: there is no column \"http\""},
        {"eror:x", "eror:x: there is no column \"eror\"; did you mean error?"},
        {">5", ">5: a column is expected before >"},
        {"!:x", ":x: a column is expected before :"},
        {"state:", "state:: a text is expected after :"},
        {"!state:bogus",
         "state:bogus: there is no state \"bogus\", but: OK, DRIFT, LATE, PAUSED, FAIL, GONE"},
        {"state=fail", "state=fail: state is text, ask for it with state:"},
        {"!", "!: a word is expected after !"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_INIT;
        assert_null(query_new(cases[i].text, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        assert_string_equal(error.text, cases[i].error);
    }
}

static void too_much_is_refused(void **state)
{
    static char text[8000];
    struct error error = ERROR_INIT;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    assert_null(query_new(text, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    for (size_t i = 0; i < 65; i++)
        memcpy(text + 2 * i, "x ", 2);
    text[130] = '\0';
    error = ERROR_INIT;
    assert_null(query_new(text, &error));
    assert_string_equal(error.text, "x: the filter has over 64 words");
    text[128] = '\0';
    query_free(read_query(text));
}

static void a_long_word_is_no_column(void **state)
{
    struct error error = ERROR_INIT;
    char text[300];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + 200, ">5", 3);
    assert_null(query_new(text, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    error = ERROR_INIT;
    memset(text, '1', sizeof(text));
    memcpy(text, "depth>", 6);
    text[200] = '\0';
    assert_null(query_new(text, &error));
    assert_int_equal(error.code, ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(filters_let_rows_through, setup),
        cmocka_unit_test_setup(errors_name_the_place, setup),
        cmocka_unit_test_setup(too_much_is_refused, setup),
        cmocka_unit_test_setup(a_long_word_is_no_column, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
