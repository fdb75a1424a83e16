/* The dashboard without a view of its own: time, history, filter, order, marks, log, the frame. */
#include "tests/unit/test_tui_top_fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *selected(void)
{
    return top->selected < fleet_rows(fleet) ? fleet_row(fleet, top->selected)->id : "none";
}

static const char *shown(size_t place)
{
    return place < top->order.count ? top->order.views[place].of->id : "none";
}

/* -- time ---------------------------------------------------------------------------------------
 */

static void test_first_paint_comes_before_any_answer(void **state)
{
    (void)state;
    top_step(top, now_ms);
    assert_true(top_is_dirty(top));
    assert_shows("Overview");
    assert_shows("10:00:00 UTC");
    assert_false(top_is_dirty(top));
    assert_string_equal(selected(), "none");
}

static void test_a_step_an_interval(void **state)
{
    (void)state;
    go_on(100); /* all are heard: the first at once */
    assert_int_equal(fleet_last(fleet), 0);
    go_on(1000);
    assert_true(fleet_last(fleet) == 1 || fleet_last(fleet) == 2);
    int64_t before = fleet_last(fleet);
    go_on(10000);
    assert_int_equal(fleet_last(fleet), before + 10);
    assert_true(top_wait_ms(top, now_ms) > 0);
    assert_true(top_wait_ms(top, now_ms) <= STEP_MS);
    now_ms += 3600 * 1000; /* it slept: what was missed is not made up for */
    go_on(100);
    assert_int_equal(fleet_last(fleet), before + 11);
}

static void test_drawn_once_a_second(void **state)
{
    int drawn = 0;

    (void)state;
    go_on(3000);
    (void)screen();
    for (int i = 0; i < 100; i++) {
        go_on(100);
        if (top_is_dirty(top)) {
            drawn++;
            (void)screen();
        }
    }
    assert_true(drawn >= 10 && drawn <= 11);
}

/* -- history ------------------------------------------------------------------------------------
 */

static void test_frozen_goes_on_sampling_and_writes_nothing(void **state)
{
    (void)state;
    depths[0][0] = 7;
    go_on(5000);
    int64_t last = fleet_last(fleet);
    press("z");
    assert_int_equal(top_shown_step(top), last);
    assert_shows("FROZEN 10:00:0");
    assert_shows_not("UTC");
    depths[0][0] = 5555;
    go_on(4000);
    assert_int_equal(fleet_last(fleet), last + 4);
    assert_int_equal(top_shown_step(top), last);
    assert_false(top_is_dirty(top));
    assert_shows(" depth 7 ");
    press("Enter"); /* this one has what is now beside it */
    assert_shows("FROZEN at 10:00:0");
    assert_shows("Drift, now");
    go_on(1000);
    assert_true(top_is_dirty(top));
    press("Esc L");
    assert_shows_not(" depth 7 ");
    assert_shows_not("FROZEN");
}

static void test_history(void **state)
{
    (void)state;
    press("[");
    assert_shows("nothing has come in yet");
    go_on(6000);
    int64_t last = fleet_last(fleet);
    press("]");
    assert_int_equal(top->frozen, -1);
    press("[ [ [");
    assert_int_equal(top_shown_step(top), last - 3);
    assert_shows("-3.0s");
    press("]");
    assert_int_equal(top_shown_step(top), last - 2);
    press("] ] ]");
    assert_int_equal(top_shown_step(top), last);
    assert_shows("this is the newest");
    for (int i = 0; i < 40; i++)
        press("[");
    assert_int_equal(top_shown_step(top), fleet_first(fleet));
    assert_shows("the oldest that is kept");
    press("z");
    assert_int_equal(top->frozen, -1);
}

static void test_what_is_frozen_leaves_the_ring(void **state)
{
    (void)state;
    go_on(3000);
    press("z");
    int64_t frozen = top_shown_step(top);
    go_on(60000);
    assert_true(fleet_first(fleet) > frozen);
    assert_int_equal(top_shown_step(top), fleet_first(fleet));
    assert_shows("left the history");
    press("[");
    assert_int_equal(top_shown_step(top), fleet_first(fleet));
}

/* -- order and selection ------------------------------------------------------------------------
 */

static void test_selection_follows_the_subscription(void **state)
{
    (void)state;
    depths[0][0] = 30, depths[0][1] = 20, depths[0][2] = 10;
    go_on(2000);
    assert_string_equal(selected(), "a"); /* the first, when none was */
    assert_string_equal(shown(0), "a");
    depths[0][0] = 1;
    go_on(2000);
    assert_string_equal(shown(2), "a");
    assert_string_equal(selected(), "a");
}

static void test_order_holds_for_five_steps(void **state)
{
    (void)state;
    depths[0][0] = 30, depths[0][1] = 20, depths[0][2] = 10;
    go_on(2000);
    press("j");
    assert_string_equal(selected(), "b");
    depths[0][2] = 100;
    go_on(4000);
    assert_string_equal(shown(2), "c");
    go_on(2000);
    assert_string_equal(shown(0), "c");
    assert_string_equal(selected(), "b");
    press("j");
    press("r"); /* another order is one's own wish: it does not wait */
    assert_string_equal(shown(2), "c");
}

static void test_what_is_filtered_away_gives_its_place(void **state)
{
    (void)state;
    depths[0][0] = 30, depths[0][1] = 20, depths[0][2] = 10;
    go_on(2000);
    press("j");
    press("/");
    type("!beta");
    assert_string_equal(selected(), "c");
    press("Enter");
    press("Enter"); /* in: what one looks at stays */
    assert_int_equal(top->view, VIEW_SUBSCRIPTION);
    press("/");
    type("nothing has this");
    press("Enter");
    assert_string_equal(selected(), "c");
    press("Esc");
    assert_int_equal(top->view, VIEW_OVERVIEW);
    assert_shows("nothing has this");
}

static void test_sorting(void **state)
{
    (void)state;
    go_on(2000);
    (void)screen();
    assert_int_equal(top->order.by, COLUMN_DEPTH);
    press(">");
    assert_int_equal(top->order.by, COLUMN_DRAIN);
    press("< <");
    assert_int_equal(top->order.by, COLUMN_DELIVERED); /* no TREND on 80 columns */
    press("s");
    assert_non_null(top->dialog);
    assert_shows("Sort by");
    press("Down Down Enter");
    assert_null(top->dialog);
    assert_int_equal(top->order.by, COLUMN_DEPTH);
    press(":");
    type("sort p95");
    press("Enter");
    assert_int_equal(top->order.by, COLUMN_P95);
    press(":");
    type("sort p96");
    press("Enter");
    assert_shows("there is no column \"p96\"; did you mean ");
    assert_int_equal(top->order.by, COLUMN_P95);
}

/* -- filter and commands ------------------------------------------------------------------------
 */

static void test_filter_holds_as_it_is_typed(void **state)
{
    (void)state;
    go_on(2000);
    press("/");
    type("alph");
    assert_int_equal(top->order.count, 1);
    assert_string_equal(shown(0), "a");
    press("Esc"); /* as it was */
    assert_int_equal(top->order.count, 3);
    assert_string_equal(top->query_text, "");
    press("/");
    type("gamma");
    press("Enter");
    assert_int_equal(top->order.count, 1);
    assert_shows("filter: gamma");
    press("/ C-u Enter");
    assert_int_equal(top->order.count, 3);
}

static void test_filter_that_cannot_be_read(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    go_on(2000);
    press("/");
    type("alpha depht>3");
    press("Enter");
    assert_shows("there is no column \"depht\"");
    assert_shows("Filter: alpha depht>3"); /* to be mended */
    assert_int_equal(top->order.count, 0); /* by the last that could be read: "alpha depht" */
    press("Esc");
    assert_int_equal(top->order.count, 3);
    assert_null(top_make("depht>3", NULL, false, &error));
    assert_non_null(strstr(error.text, "--filter"));
    error = ERROR_INIT;
    assert_null(top_make(NULL, "depht", false, &error));
    assert_non_null(strstr(error.text, "--sort"));
    assert_non_null(strstr(error.text, "did you mean depth?"));
}

static void test_commands(void **state)
{
    (void)state;
    go_on(2000);
    press(":");
    type("view log");
    press("Enter");
    assert_int_equal(top->view, VIEW_LOG);
    press(":");
    type("overview");
    press("Enter");
    assert_int_equal(top->view, VIEW_OVERVIEW);
    press(":");
    type("filter beta");
    press("Enter");
    assert_string_equal(top->query_text, "beta");
    press(":");
    type("qiut");
    press("Enter");
    assert_shows("did you mean quit?");
    press(":");
    type("sort");
    press("Enter");
    assert_shows("sort needs the name of a column");
    press(":");
    type("view ");
    press("Enter");
    assert_shows("view needs overview, subscription,");
    press(":");
    type("filter");
    press("Enter"); /* as the key: it asks for one */
    assert_shows("Filter: beta");
    press("Enter :");
    type("freez");
    press("Tab Enter");
    assert_true(top->frozen >= 0);
    press(":");
    type("  quit  ");
    press("Enter");
    assert_true(top->quit);
}

/* -- views --------------------------------------------------------------------------------------
 */

static void test_the_way_back(void **state)
{
    (void)state;
    go_on(2000);
    press("Esc");
    assert_false(top->quit);
    assert_int_equal(top->view, VIEW_OVERVIEW);
    press("Enter 2 ?");
    assert_int_equal(top->view, VIEW_HELP);
    press("?");
    assert_int_equal(top->view, VIEW_LETTERS);
    press("Esc");
    assert_int_equal(top->view, VIEW_OVERVIEW);
    press("Enter 2 Esc");
    assert_int_equal(top->view, VIEW_SUBSCRIPTION);
    press("Esc q");
    assert_true(top->quit);
}

static void test_sizes(void **state)
{
    static const int sizes[][2] = {{1, 1},  {1, 200}, {60, 1},  {4, 20},   {7, 40},
                                   {8, 39}, {8, 40},  {24, 80}, {36, 120}, {60, 200}};

    (void)state;
    go_on(3000);
    press("z");
    for (enum view_id view = 0; view < VIEWS; view++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            top_show(top, view);
            (void)screen_of(sizes[i][0], sizes[i][1], false);
            press("s");
            (void)screen_of(sizes[i][0], sizes[i][1], false);
            press("Esc :");
            (void)screen_of(sizes[i][0], sizes[i][1], false);
            press("Esc");
        }
    top_show(top, VIEW_HELP);
    assert_non_null(strstr(screen_of(8, 40, false), "Help"));
    assert_null(strstr(screen_of(7, 40, false), "Help\n"));
    assert_non_null(strstr(screen_of(4, 20, false), "Keys"));
}

static void test_read_only(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    top_free(top);
    top = top_make(NULL, NULL, true, &error);
    go_on(2000);
    press("P R D");
    assert_int_equal(acted.pauses + acted.acts, 0);
    assert_shows("D does nothing here");
    press(":");
    type("pause");
    press("Enter");
    assert_int_equal(acted.pauses, 0);
    press("?");
    assert_null(strstr(screen_of(100, 120, false), "pause or resume"));
}

/* -- marks and actions --------------------------------------------------------------------------
 */

static void test_marks(void **state)
{
    (void)state;
    depths[0][0] = 30, depths[0][1] = 20, depths[0][2] = 10;
    go_on(2000);
    press("P");
    assert_int_equal(acted.count, 1);
    assert_int_equal(acted.rows[0], fleet_find(fleet, "a"));
    press("Space Space");
    assert_string_equal(selected(), "c");
    assert_shows("2 marked");
    press("P");
    assert_int_equal(acted.count, 2);
    assert_int_equal(acted.rows[0], fleet_find(fleet, "a"));
    assert_int_equal(acted.rows[1], fleet_find(fleet, "b"));
    press("Enter P"); /* looking at one, it is meant */
    assert_int_equal(acted.count, 1);
    assert_int_equal(acted.rows[0], fleet_find(fleet, "c"));
    press("Esc g Space");
    assert_shows("1 marked");
    press("3 P");
    assert_int_equal(acted.pauses, 3);
}

/* What nobody sees is not acted on: marked before a filter hid it. */
static void test_marks_that_a_filter_hides(void **state)
{
    (void)state;
    depths[0][0] = 30, depths[0][1] = 20, depths[0][2] = 10;
    go_on(2000);
    press("Space Space /");
    type("alpha");
    press("Enter");
    assert_shows("2 marked, 1 hidden");
    press("P");
    assert_int_equal(acted.count, 1);
    assert_int_equal(acted.rows[0], fleet_find(fleet, "a"));
    press("/ C-u Enter P");
    assert_int_equal(acted.count, 2);
}

static void test_dead_letters_of_the_selected(void **state)
{
    (void)state;
    depths[0][0] = 30, depths[0][1] = 20, depths[0][2] = 10;
    reasons[0] = "{\"subscription\":\"a\",\"reason\":\"x\",\"count\":3,\"came_back\":0},"
                 "{\"subscription\":\"b\",\"reason\":\"x\",\"count\":1,\"came_back\":0}";
    reasons[1] = "{\"subscription\":\"b\",\"reason\":\"x\",\"count\":1,\"came_back\":0}";
    go_on(2000);
    press("R");
    assert_int_equal(acted.acts, 1);
    assert_int_equal(acted.kind, ACT_REPLAY);
    assert_int_equal(acted.endpoint, 0);
    assert_string_equal(acted.subscription, "a");
    assert_string_equal(acted.what, "dead letters of alpha");
    press("j D"); /* on two endpoints: which? */
    assert_int_equal(acted.acts, 1);
    press("Down Enter");
    assert_int_equal(acted.acts, 2);
    assert_int_equal(acted.kind, ACT_DISCARD);
    assert_int_equal(acted.endpoint, 1);
    assert_string_equal(acted.subscription, "b");
    press("j R");
    assert_int_equal(acted.acts, 2);
    assert_shows("gamma has no dead letters");
    press("Space g R"); /* of one, whatever is marked */
    assert_int_equal(acted.acts, 3);
    assert_string_equal(acted.subscription, "a");
    assert_shows("replay is for the selected one alone, not for what is marked");
}

/* -- the log ------------------------------------------------------------------------------------
 */

static void test_log_is_a_ring(void **state)
{
    char long_text[4096];

    (void)state;
    for (int i = 0; i < 1005; i++)
        top_note(top, LOG_NOTE, "line %d", i);
    assert_int_equal(top->log_count, 1000);
    assert_string_equal(top_log(top, 0)->text, "line 5");
    assert_string_equal(top_log(top, 999)->text, "line 1004");
    assert_null(top_log(top, 1000));
    assert_string_equal(top->message, "");
    for (size_t i = 0; i + 1 < sizeof(long_text); i += 3)
        memcpy(long_text + i, "\xe2\x82\xac", 3); /* € */
    long_text[sizeof(long_text) - 1] = '\0';
    top_say(top, LOG_DONE, "%s", long_text);
    assert_int_equal(strlen(top->message) % 3, 0); /* not cut within a character */
    assert_int_equal(strlen(top_log(top, 999)->text) % 3, 0);
}

static void test_log_view(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        top_note(top, i == 20 ? LOG_AUTH : LOG_NOTE, "line %d \x1b[31m", i);
    press("4");
    assert_shows("line 49 \\x1b[31m");
    assert_shows_not("line 20");
    press("g");
    assert_shows("line 0 ");
    top_note(top, LOG_NOTE, "line 50"); /* what is read stays */
    assert_shows("line 0 ");
    press("G");
    assert_shows("line 50");
    press("/");
    type("LINE 20");
    assert_shows("auth");
    assert_shows_not("line 19");
    press("Enter");
    assert_shows("filter: LINE 20");
    assert_string_equal(top->query_text, "");
    assert_non_null(strstr(screen_of(24, 80, true), "alarm:"));
}

static void test_endpoints_in_the_log(void **state)
{
    (void)state;
    go_on(2000);
    down[1] = 503;
    go_on(3000);
    assert_int_equal(top->log_count, 3);
    assert_string_equal(top_log(top, 0)->text, "frankfurt is live");
    assert_string_equal(top_log(top, 2)->text, "dublin is down: trouble 503");
    assert_int_equal(top_log(top, 2)->kind, LOG_PROBLEM);
    down[1] = 0;
    go_on(5000);
    assert_int_equal(top->log_count, 4);
    assert_non_null(strstr(top_log(top, 3)->text, "dublin is live again, after "));
}

static void test_refused_tokens_are_said_once(void **state)
{
    (void)state;
    down[0] = 401;
    go_on(20000);
    assert_int_equal(top->log_count, 2);
    assert_string_equal(top->message, "frankfurt refuses the token: trouble 401");
    assert_int_equal(top->message_kind, LOG_AUTH);
    press("j"); /* the message goes with the next key, and does not come again */
    go_on(20000);
    assert_string_equal(top->message, "");
    down[0] = 403;
    go_on(60000);
    assert_string_equal(top->message, "frankfurt refuses the token: trouble 403");
    assert_true(top_is_dirty(top));
}

static void test_genesys(void **state)
{
    (void)state;
    go_on(2000);
    snapshot = json_pack("{s:i, s:s, s:b, s:[{s:s, s:s, s:s, s:s, s:i}]}", "at_ms", 1, "error",
                         "login refused", "refused", 1, "subscriptions", "id", "other", "name",
                         "beta", "drift", "drifted", "health", "HEALTHY", "version", 7);
    (void)screen();
    go_on(100);
    assert_true(top_is_dirty(top));
    assert_string_equal(top->message, "Genesys Cloud: login refused");
    assert_int_equal(top->message_kind, LOG_AUTH);
    size_t lines = top->log_count, beta = fleet_find(fleet, "b");
    assert_string_equal(fleet_row(fleet, beta)->drift, "drifted");
    assert_int_equal(fleet_row(fleet, beta)->version, 7);
    assert_string_equal(json_text(top_genesys_of(top, beta), "id"), "other");
    assert_null(top_genesys_of(top, fleet_find(fleet, "a")));
    assert_null(top_genesys_of(top, SIZE_MAX));
    go_on(3000);
    assert_int_equal(top->log_count, lines);
    json_object_set_new(snapshot, "at_ms", json_integer(2));
    json_object_set_new(snapshot, "error", json_null());
    go_on(100);
    assert_string_equal(top_log(top, lines)->text, "Genesys Cloud answers again");
}

/* -- saving -------------------------------------------------------------------------------------
 */

static void test_save_overwrites_nothing(void **state)
{
    char folder[] = "/tmp/test_tui_top.XXXXXX", path[128];
    struct stat status;
    FILE *file;
    char line[256] = "";

    (void)state;
    assert_non_null(mkdtemp(folder));
    top->save_folder = folder;
    press("w"); /* nothing was drawn yet: nothing is written */
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    go_on(2000);
    (void)screen();
    press("w");
    snprintf(path, sizeof(path), "%s/eventctl-top-20261124-100002.txt", folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_non_null(strstr(top->message, path));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    assert_non_null(strstr(line, "Overview"));
    assert_int_equal(truncate(path, 0), 0);
    press("w"); /* within the same second */
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_non_null(strstr(top->message, "-2.txt"));
    press(":");
    type("save ");
    type(path);
    press("Enter");
    assert_non_null(strstr(top->message, "File exists"));
    assert_int_equal(top->message_kind, LOG_PROBLEM);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/eventctl-top-20261124-100002-2.txt", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_first_paint_comes_before_any_answer),
        UNIT(test_a_step_an_interval),
        UNIT(test_drawn_once_a_second),
        UNIT(test_frozen_goes_on_sampling_and_writes_nothing),
        UNIT(test_history),
        UNIT(test_what_is_frozen_leaves_the_ring),
        UNIT(test_selection_follows_the_subscription),
        UNIT(test_order_holds_for_five_steps),
        UNIT(test_what_is_filtered_away_gives_its_place),
        UNIT(test_sorting),
        UNIT(test_filter_holds_as_it_is_typed),
        UNIT(test_filter_that_cannot_be_read),
        UNIT(test_commands),
        UNIT(test_the_way_back),
        UNIT(test_sizes),
        UNIT(test_read_only),
        UNIT(test_marks),
        UNIT(test_marks_that_a_filter_hides),
        UNIT(test_dead_letters_of_the_selected),
        UNIT(test_log_is_a_ring),
        UNIT(test_log_view),
        UNIT(test_endpoints_in_the_log),
        UNIT(test_refused_tokens_are_said_once),
        UNIT(test_genesys),
        UNIT(test_save_overwrites_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
