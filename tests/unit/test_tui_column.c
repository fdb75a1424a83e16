/* The table's columns: which fit, what stands in them, as text and as JSON. */
#include "tests/unit/tui_table_world.h"

#include "core/json.h"
#include "tui/column_value.h"

static int setup(void **state)
{
    (void)state;
    world_count = 0;
    return 0;
}

/* -- the table ------------------------------------------------------------------------------------
 */

static void every_column_is_named_and_told(void **state)
{
    (void)state;
    for (int i = 0; i < COLUMNS; i++) {
        const struct column *column = &column_table[i];
        assert_non_null(column->name);
        assert_non_null(column->help);
        assert_int_equal(column_find(column->name), i);
        assert_true(strlen(column->title) <= (size_t)column->width);
        assert_true(column->priority >= 0 && column->priority < 5);
        assert_true((column->figure >= 0) == (column->format != NULL));
    }
    assert_int_equal(column_find("DePtH"), COLUMN_DEPTH);
    assert_int_equal(column_find("no such"), -1);
    assert_int_equal(column_find(""), -1);
}

/* -- layout ---------------------------------------------------------------------------------------
 */

static int sum_of(const int widths[COLUMNS])
{
    int sum = 0, shown = 0;

    for (int i = 0; i < COLUMNS; i++) {
        assert_true(widths[i] >= 0);
        sum += widths[i];
        shown += widths[i] > 0;
    }
    return shown > 0 ? sum + shown - 1 : 0;
}

static void every_width_is_filled_and_never_passed(void **state)
{
    int widths[COLUMNS];

    (void)state;
    for (int columns = -3; columns <= 1000; columns++) {
        column_layout(columns, widths);
        assert_true(sum_of(widths) <= (columns > 0 ? columns : 0));
        if (columns >= 20)
            assert_int_equal(sum_of(widths), columns);
        if (columns >= 14)
            assert_true(widths[COLUMN_NAME] >= column_table[COLUMN_NAME].width);
    }
}

static void columns_go_by_priority(void **state)
{
    static const struct {
        int columns;
        const char *shown; /* one letter a column, in the table's order */
    } cases[] = {
        {123, "sniotdroPQRyuDgfv"},
        {122, "sniotdroPQRyuDgf"}, /* the name needs the room */
        {120, "sniotdroPQRyuDgf"},
        {119, "snio"
              "tdro"
              "Q"
              "y"
              "Dgf"},
        {100, "sniotdroQyDgf"},
        {99, "sniodroQDg"},
        {80, "sniodroQDg"},
        {79, "snodrDg"},
        {60, "snodrDg"},
        {59, "snoD"},
        {40, "snoD"},
        {30, "snoD"},
        {20, "snD"},
        {14, "sn"},
        {3, "sn"},
        {1, "s"},
        {0, ""},
    };
    static const char letters[] = "sniotdroPQRyuDgfv";

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char shown[COLUMNS + 1] = "";
        int widths[COLUMNS];
        size_t length = 0;
        column_layout(cases[i].columns, widths);
        for (int column = 0; column < COLUMNS; column++)
            if (widths[column] > 0)
                shown[length++] = letters[column];
        shown[length] = '\0';
        assert_string_equal(shown, cases[i].shown);
    }
}

/* The name tells the rows apart: more columns must not make it shorter than 80 of them do. */
static void a_wider_screen_shows_no_less_of_a_name(void **state)
{
    int usual[COLUMNS], widths[COLUMNS];

    (void)state;
    column_layout(80, usual);
    for (int columns = 80; columns <= 400; columns++) {
        column_layout(columns, widths);
        assert_true(widths[COLUMN_NAME] >= usual[COLUMN_NAME]);
        assert_true(columns < 100 || widths[COLUMN_TREND] >= 5);
    }
}

static void sparklines_are_shorter_on_a_narrow_screen(void **state)
{
    int narrow[COLUMNS], usual[COLUMNS], wide[COLUMNS];

    (void)state;
    column_layout(100, narrow);
    column_layout(120, usual);
    column_layout(200, wide);
    assert_true(narrow[COLUMN_TREND] < usual[COLUMN_TREND]);
    assert_true(usual[COLUMN_TREND] < wide[COLUMN_TREND]);
}

/* -- text -----------------------------------------------------------------------------------------
 */

static const char *text_of(enum column_id column, const struct row_view *view)
{
    static char text[256];

    column_text(text, sizeof(text), column, view);
    return text;
}

static void what_is_not_known_is_a_question_mark(void **state)
{
    struct row_view view;

    (void)state;
    view = world_view(world_add("voice"));
    for (enum column_id column = 0; column < COLUMNS; column++)
        assert_string_equal(text_of(column, &view), column == COLUMN_NAME ? "voice" : "?");
}

static void zero_is_zero(void **state)
{
    size_t n = world_add("voice");
    struct row_view view;

    (void)state;
    for (size_t i = 0; i < FIGURES; i++)
        world_points[n].figures[i] = 0;
    view = world_view(n);
    assert_string_equal(text_of(COLUMN_RECEIVED, &view), "0");
    assert_string_equal(text_of(COLUMN_DEPTH, &view), "0");
    assert_string_equal(text_of(COLUMN_GROWTH, &view), "0");
    assert_string_equal(text_of(COLUMN_OLDEST, &view), "0s");
    assert_string_equal(text_of(COLUMN_DRAIN, &view), "now");
}

static void a_queue_that_never_drains_says_so(void **state)
{
    size_t n = world_add("voice");
    struct row_view view;

    (void)state;
    world_points[n].figures[FIGURE_DRAIN_S] = INFINITY;
    view = world_view(n);
    assert_string_equal(text_of(COLUMN_DRAIN, &view), "never");
    world_points[n].figures[FIGURE_DRAIN_S] = 200;
    view = world_view(n);
    assert_string_equal(text_of(COLUMN_DRAIN, &view), "3m20");
}

static void no_drift_is_not_an_unknown_drift(void **state)
{
    size_t n = world_add("voice");
    struct row_view view = world_view(n);

    (void)state;
    assert_string_equal(text_of(COLUMN_DRIFT, &view), "?");
    world_rows[n].version = 3;
    assert_string_equal(text_of(COLUMN_DRIFT, &view), "-");
    assert_string_equal(text_of(COLUMN_VERSION, &view), "3");
    world_rows[n].drift = "drifted";
    assert_string_equal(text_of(COLUMN_DRIFT, &view), "drifted");
}

static void what_is_stale_tells_its_age(void **state)
{
    static const struct {
        enum row_state state;
        float age_s;
        const char *text;
    } cases[] = {
        {ROW_OK, 45, "OK 45s"},    {ROW_LATE, 12, "! 12s"}, {ROW_PAUSED, 12, "= 12s"},
        {ROW_FAIL, 200, "X 3m20"}, {ROW_OK, NAN, "OK"},     {ROW_UNKNOWN, 0, "? 0s"},
    };
    size_t n = world_add("voice");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct row_view view;
        world_points[n].state = (uint8_t)cases[i].state;
        world_points[n].stale = true;
        world_points[n].figures[FIGURE_DEPTH] = 7;
        world_points[n].age_s = cases[i].age_s;
        view = world_view(n);
        assert_string_equal(text_of(COLUMN_STATE, &view), cases[i].text);
        assert_string_equal(text_of(COLUMN_DEPTH, &view), "7");
    }
}

static void a_small_buffer_holds_no_half_character(void **state)
{
    struct row_view view;
    char text[6];

    (void)state;
    view = world_view(world_add("abcdé"));
    column_text(text, sizeof(text), COLUMN_NAME, &view);
    assert_string_equal(text, "abcd");
}

/* -- on the screen --------------------------------------------------------------------------------
 */

static const char *drawn(const struct row_view *view, int columns, bool styles)
{
    static struct buf out;
    struct canvas canvas;
    int widths[COLUMNS];

    buf_release(&out);
    buf_init(&out, 1 << 16);
    assert_true(canvas_init(&canvas, 1, columns, true));
    column_layout(columns, widths);
    if (view)
        column_draw(&canvas, 0, widths, NULL, 0, view);
    else
        column_head(&canvas, 0, widths, COLUMN_DEAD, false);
    canvas_dump(&canvas, styles, &out);
    canvas_release(&canvas);
    while (out.length > 0 && out.data[out.length - 1] == '\n')
        out.data[--out.length] = '\0';
    return buf_text(&out);
}

static size_t add_failing(void)
{
    size_t n = world_add("voice-lifecycle");

    world_points[n].state = ROW_FAIL;
    world_points[n].figures[FIGURE_DELIVERED] = 12.5F;
    world_points[n].figures[FIGURE_DEAD] = 3;
    return n;
}

static void heads_stand_above_their_cells(void **state)
{
    struct row_view view;

    (void)state;
    view = world_view(add_failing());
    assert_string_equal(drawn(NULL, 40, false), "STATE   NAME                 OUT/S vDEAD");
    assert_string_equal(drawn(&view, 40, false), "FAIL    voice-lifecycle         12     3");
}

static void without_room_a_state_is_one_character(void **state)
{
    struct row_view view;

    (void)state;
    view = world_view(add_failing());
    assert_string_equal(drawn(&view, 20, false), "X voice-lifec~     3");
    assert_string_equal(drawn(&view, 2, false), "X");
}

static void a_mark_and_the_cursor_are_seen_without_colours(void **state)
{
    struct row_view view;

    (void)state;
    view = world_view(add_failing());
    view.marked = true;
    assert_string_equal(drawn(&view, 40, false), "FAIL   *voice-lifecycle         12     3");
    view.selected = true;
    assert_non_null(strstr(drawn(&view, 40, true), "selected"));
    assert_null(strstr(drawn(&view, 40, true), "bad"));
}

static void what_is_wrong_and_what_is_stale_look_different(void **state)
{
    size_t n = add_failing();
    struct row_view view = world_view(n);

    (void)state;
    assert_non_null(strstr(drawn(&view, 40, true), "bad:FAIL"));
    view.point.stale = true;
    assert_null(strstr(drawn(&view, 40, true), "bad"));
    assert_non_null(strstr(drawn(&view, 40, true), "dim"));
}

static void a_hostile_name_harms_no_column(void **state)
{
    static const char *const names[] = {"\x1b[2J\a\n",
                                        "漢字漢字漢字漢字漢字漢字漢字漢字",
                                        "e\u0301\u0301\u0301",
                                        "\u202egnirts",
                                        "\xff\xfe",
                                        ""};
    char tail[8];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct row_view view;
        const char *line;
        world_count = 0;
        view = world_view(add_failing());
        world_rows[0].name = names[i];
        line = drawn(&view, 40, false);
        assert_int_equal(strlen(line), 40);
        assert_null(strchr(line, '\x1b'));
        snprintf(tail, sizeof(tail), "%s", line + 34);
        assert_string_equal(tail, "     3");
    }
}

/* -- JSON -----------------------------------------------------------------------------------------
 */

static void json_tells_nothing_that_is_not_known(void **state)
{
    struct row_view view;
    const char *key;
    json_t *object, *value;

    (void)state;
    view = world_view(world_add("voice"));
    object = column_json(&view);
    assert_non_null(object);
    assert_string_equal(json_text(object, "id"), "row-0000");
    assert_string_equal(json_text(object, "name"), "voice");
    assert_true(json_is_false(json_object_get(object, "stale")));
    json_object_foreach(object, key, value)
    {
        if (column_find(key) >= 0 && strcmp(key, "name") != 0)
            assert_true(json_is_null(value));
    }
    for (enum column_id column = 0; column < COLUMNS; column++)
        assert_true((json_object_get(object, column_table[column].name) != NULL) ==
                    (column != COLUMN_TREND));
    json_decref(object);
}

static void json_numbers_are_whole_or_exact(void **state)
{
    size_t n = world_add("voi\"ce\n");
    struct row_view view;
    json_t *object;
    char *text;

    (void)state;
    world_points[n].figures[FIGURE_DEPTH] = 1234567;
    world_points[n].figures[FIGURE_P95_S] = 0.1F;
    world_points[n].figures[FIGURE_P99_S] = 16777.217F;
    world_points[n].figures[FIGURE_DRAIN_S] = INFINITY;
    world_points[n].state = ROW_FAIL;
    view = world_view(n);
    object = column_json(&view);
    text = json_write(object, JSON_COMPACT);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"depth\":1234567,"));
    assert_non_null(strstr(text, "\"drain\":null,"));
    assert_non_null(strstr(text, "\"state\":\"FAIL\","));
    assert_non_null(strstr(text, "\"name\":\"voi\\\"ce\\n\","));
    assert_true(json_real_value(json_object_get(object, "p95")) == 0.1);
    assert_true((float)json_real_value(json_object_get(object, "p99")) == 16777.217F);
    free(text);
    json_decref(object);
}

/* -- order ----------------------------------------------------------------------------------------
 */

static void what_matters_comes_first(void **state)
{
    size_t a = world_add("Beta"), b = world_add("alpha"), c = world_add("gamma");
    struct row_view left, right, unknown;

    (void)state;
    world_points[a].figures[FIGURE_DEPTH] = 5;
    world_points[b].figures[FIGURE_DEPTH] = 7;
    world_points[a].state = ROW_FAIL;
    world_points[b].state = ROW_GONE;
    left = world_view(a);
    right = world_view(b);
    unknown = world_view(c);
    assert_int_equal(column_compare(COLUMN_DEPTH, &left, &right), 1);
    assert_int_equal(column_compare(COLUMN_DEPTH, &right, &left), -1);
    assert_int_equal(column_compare(COLUMN_DEPTH, &unknown, &left), 1);
    assert_int_equal(column_compare(COLUMN_DEPTH, &left, &unknown), -1);
    assert_int_equal(column_compare(COLUMN_NAME, &left, &right), 1);
    assert_int_equal(column_compare(COLUMN_STATE, &left, &right), -1);
    assert_int_equal(column_compare(COLUMN_STATE, &right, &unknown), -1);
    assert_int_equal(column_compare(COLUMN_P99, &left, &right), -1); /* by id */
    assert_int_equal(column_compare(COLUMN_P99, &left, &left), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_column_is_named_and_told, setup),
        cmocka_unit_test_setup(every_width_is_filled_and_never_passed, setup),
        cmocka_unit_test_setup(columns_go_by_priority, setup),
        cmocka_unit_test_setup(a_wider_screen_shows_no_less_of_a_name, setup),
        cmocka_unit_test_setup(sparklines_are_shorter_on_a_narrow_screen, setup),
        cmocka_unit_test_setup(what_is_not_known_is_a_question_mark, setup),
        cmocka_unit_test_setup(zero_is_zero, setup),
        cmocka_unit_test_setup(a_queue_that_never_drains_says_so, setup),
        cmocka_unit_test_setup(no_drift_is_not_an_unknown_drift, setup),
        cmocka_unit_test_setup(what_is_stale_tells_its_age, setup),
        cmocka_unit_test_setup(a_small_buffer_holds_no_half_character, setup),
        cmocka_unit_test_setup(heads_stand_above_their_cells, setup),
        cmocka_unit_test_setup(without_room_a_state_is_one_character, setup),
        cmocka_unit_test_setup(a_mark_and_the_cursor_are_seen_without_colours, setup),
        cmocka_unit_test_setup(what_is_wrong_and_what_is_stale_look_different, setup),
        cmocka_unit_test_setup(a_hostile_name_harms_no_column, setup),
        cmocka_unit_test_setup(json_tells_nothing_that_is_not_known, setup),
        cmocka_unit_test_setup(json_numbers_are_whole_or_exact, setup),
        cmocka_unit_test_setup(what_matters_comes_first, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
