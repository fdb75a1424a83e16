/* Which rows are shown, and where: filter, sort, hold. */
#include "tests/unit/tui_table_world.h"

static struct order order;

static int setup(void **state)
{
    (void)state;
    world_count = 0;
    order_init(&order);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    order_release(&order);
    return 0;
}

static void add(const char *name, enum row_state state, float depth)
{
    size_t n = world_add(name);

    world_points[n].state = (uint8_t)state;
    world_points[n].figures[FIGURE_DEPTH] = depth;
}

/* The names of one letter in the order of a step. */
static const char *made(int64_t step, const struct query *query)
{
    static char names[WORLD_ROWS_MOST + 1];
    size_t length = 0;

    assert_true(order_make(&order, NULL, step, query));
    for (size_t i = 0; i < order.count; i++) {
        assert_int_equal(order_find(&order, order.views[i].row), i);
        names[length++] = *order.views[i].of->name;
    }
    names[length] = '\0';
    return names;
}

static void the_worst_come_first(void **state)
{
    (void)state;
    add("o", ROW_OK, 1);
    add("?", ROW_UNKNOWN, 1);
    add("d", ROW_DRIFT, 1);
    add("f", ROW_FAIL, 1);
    add("g", ROW_GONE, 1);
    add("l", ROW_LATE, 1);
    add("p", ROW_PAUSED, 1);
    add("F", ROW_FAIL, 1);
    assert_string_equal(made(0, NULL), "fFpldog?");
    order.reverse = true;
    assert_string_equal(made(1, NULL), "godlpfF?");
    assert_int_equal(order_find(&order, SIZE_MAX), -1);
}

static void what_is_not_known_is_last_either_way(void **state)
{
    (void)state;
    add("a", ROW_OK, 3);
    add("b", ROW_OK, NAN);
    add("c", ROW_OK, 9);
    add("d", ROW_OK, NAN);
    add("e", ROW_OK, 0);
    order.by = COLUMN_DEPTH;
    assert_string_equal(made(0, NULL), "caebd");
    order.reverse = true;
    assert_string_equal(made(0, NULL), "eacbd");
}

static void what_is_held_changes_no_places(void **state)
{
    (void)state;
    add("a", ROW_OK, 1);
    add("b", ROW_OK, 2);
    order.by = COLUMN_DEPTH;
    assert_string_equal(made(10, NULL), "ba");
    order_hold(&order, 10);
    world_points[0].figures[FIGURE_DEPTH] = 5;
    add("n", ROW_OK, 9);
    assert_string_equal(made(11, NULL), "ban");
    assert_true(order.views[1].point.figures[FIGURE_DEPTH] == 5);
    world_points[1].state = ROW_GONE;
    world_points[1].figures[FIGURE_DEPTH] = NAN;
    assert_string_equal(made(15, NULL), "ban");
    assert_string_equal(made(16, NULL), "nab");
}

static void another_move_holds_on(void **state)
{
    (void)state;
    add("a", ROW_OK, 1);
    add("b", ROW_OK, 2);
    order.by = COLUMN_DEPTH;
    made(0, NULL);
    order_hold(&order, 0);
    world_points[0].figures[FIGURE_DEPTH] = 5;
    order_hold(&order, 4);
    assert_string_equal(made(9, NULL), "ba");
    assert_string_equal(made(10, NULL), "ab");
}

static void a_filter_holds_at_once(void **state)
{
    struct error error = ERROR_INIT;
    struct query *query = query_new("depth>1", &error);

    (void)state;
    assert_non_null(query);
    add("a", ROW_OK, 1);
    add("b", ROW_OK, 2);
    add("c", ROW_FAIL, 3);
    assert_string_equal(made(0, NULL), "cab");
    order_hold(&order, 0);
    assert_string_equal(made(1, query), "cb");
    assert_int_equal(order_find(&order, 0), -1);
    assert_string_equal(made(2, NULL), "cba"); /* at its end again, as if it were new */
    assert_string_equal(made(9, NULL), "cab");
    query_free(query);
}

static void before_the_first_step_there_are_rows(void **state)
{
    (void)state;
    assert_string_equal(made(-1, NULL), "");
    add("a", ROW_UNKNOWN, NAN);
    assert_string_equal(made(-1, NULL), "a");
    assert_string_equal(made(3, NULL), "a");
}

/* In falling order, then in an order that a naive sort takes worst: ten thousand rows, many alike.
 */
static void many_rows_are_sorted_whole(void **state)
{
    (void)state;
    for (size_t n = 0; n < WORLD_ROWS_MOST; n++)
        add("x", ROW_OK, (float)(n * 7919 % 1000));
    order.by = COLUMN_DEPTH;
    for (int turn = 0; turn < 3; turn++) {
        order.reverse = turn == 1;
        made(turn * 100, NULL);
        assert_int_equal(order.count, WORLD_ROWS_MOST);
        for (size_t i = 1; i < order.count; i++) {
            const struct row_view *a = &order.views[i - 1], *b = &order.views[i];
            float before = a->point.figures[FIGURE_DEPTH], now = b->point.figures[FIGURE_DEPTH];
            assert_true(order.reverse ? before <= now : before >= now);
            assert_true(before != now || a->row < b->row);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(the_worst_come_first),           UNIT(what_is_not_known_is_last_either_way),
        UNIT(what_is_held_changes_no_places), UNIT(another_move_holds_on),
        UNIT(a_filter_holds_at_once),         UNIT(before_the_first_step_there_are_rows),
        UNIT(many_rows_are_sorted_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
