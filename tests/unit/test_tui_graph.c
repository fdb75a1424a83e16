/* Sparklines and framed graphs as text. The format of numbers is the test's own. */
#include "tests/unit/unit.h"

#include "tui/format.h"
#include "tui/graph.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

static struct canvas canvas;
static struct buf text;

char *format_seconds(char *out, size_t size, double seconds)
{
    snprintf(out, size, "%gs", seconds);
    return out;
}

static char *format_number(char *out, size_t size, double value)
{
    snprintf(out, size, isnan(value) ? "?" : "%g", value);
    return out;
}

static int setup(void **state)
{
    (void)state;
    buf_init(&text, 1 << 20);
    canvas = (struct canvas){.cells = NULL};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    canvas_release(&canvas);
    buf_release(&text);
    return 0;
}

static void open_canvas(int rows, int columns, bool ascii)
{
    canvas_release(&canvas);
    assert_true(canvas_init(&canvas, rows, columns, ascii));
}

static const char *dump(void)
{
    buf_reset(&text);
    canvas_dump(&canvas, false, &text);
    return buf_text(&text);
}

static const char *sparkline(int columns, bool ascii, const float *values, size_t count)
{
    open_canvas(1, 12, ascii);
    canvas_text(&canvas, 0, 0, 12, STYLE_PLAIN, "[xxxxxxxxxx]");
    graph_sparkline(&canvas, 0, 1, columns, STYLE_GRAPH_1, values, count);
    return dump();
}

/* -- sparklines ---------------------------------------------------------------------------------
 */

static void test_sparkline(void **state)
{
    static const struct {
        size_t count;
        float values[8];
        const char *blocks, *ascii;
    } cases[] = {
        {8, {0, 1, 2, 3, 4, 5, 6, 7}, "[▁▂▃▄▅▆▇█xx]\n", "[_.-==*##xx]\n"},
        {8, {0}, "[▁▁▁▁▁▁▁▁xx]\n", "[________xx]\n"},
        {3, {0, NAN, 5}, "[     ▁ █xx]\n", "[     _ #xx]\n"},    /* at the right */
        {2, {0.001F, 1000}, "[      ▂█xx]\n", "[      .#xx]\n"}, /* zero alone is lowest */
        {0, {0}, "[        xx]\n", "[        xx]\n"},
        {4, {NAN, NAN, NAN, NAN}, "[        xx]\n", "[        xx]\n"},
        {4, {INFINITY, 1, 2, -INFINITY}, "[    █▅█▁xx]\n", "[    #=#_xx]\n"},
        {2, {INFINITY, INFINITY}, "[      ██xx]\n", "[      ##xx]\n"},
        {3, {FLT_MAX, FLT_MAX / 2, FLT_TRUE_MIN}, "[     █▅▂xx]\n", "[     #=.xx]\n"},
        {3, {-1, -2, 0}, "[     ▁▁▁xx]\n", "[     ___xx]\n"},
        {2, {FLT_TRUE_MIN, 0}, "[      █▁xx]\n", "[      #_xx]\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(sparkline(8, false, cases[i].values, cases[i].count), cases[i].blocks);
        assert_string_equal(sparkline(8, true, cases[i].values, cases[i].count), cases[i].ascii);
    }
}

static void test_sparkline_is_cut(void **state)
{
    static const float values[] = {14, 1, 2, 7};

    (void)state;
    assert_string_equal(sparkline(3, false, values, 4), "[▂▂▅xxxxxxx]\n"); /* scaled by all */
    assert_string_equal(sparkline(0, false, values, 4), "[xxxxxxxxxx]\n");
    assert_string_equal(sparkline(-9, false, values, 4), "[xxxxxxxxxx]\n");
    assert_string_equal(sparkline(INT_MAX, false, values, 4), "[       █▂▂▅\n");
}

/* -- framed graphs ------------------------------------------------------------------------------
 */

static const float climbing[] = {0, 4, NAN, 8, 12, 16};
static struct graph graph = {.title = "Depth",
                             .values = climbing,
                             .count = 6,
                             .step_ms = 1000,
                             .style = STYLE_GRAPH_1,
                             .format = format_number};

static const char *drawn(int rows, int columns, bool ascii)
{
    open_canvas(rows, columns, ascii);
    graph_draw(&canvas, &graph);
    return dump();
}

static void test_graph(void **state)
{
    (void)state;
    assert_string_equal(drawn(4, 20, false), "┌Depth── 16  max 16┐\n"
                                             "│               ▁▅█│\n"
                                             "│            ▁▅ ███│\n"
                                             "└-5s───────────────┘\n");
    assert_string_equal(drawn(4, 20, true), "+Depth-- 16  max 16+\n"
                                            "|               _=#|\n"
                                            "|            _= ###|\n"
                                            "+-5s---------------+\n");
}

static void test_narrow_and_low(void **state)
{
    static const struct {
        int rows, columns;
        const char *shown;
    } cases[] = {
        {3, 12, "┌Depth── 16┐\n│    ▁▃ ▅▇█│\n└-5s───────┘\n"},
        {3, 6, "┌… 16┐\n│ ▅▇█│\n└-3s─┘\n"},
        {3, 3, "┌…┐\n│█│\n└─┘\n"},
        {3, 2, " …\n▅█\n██\n"},
        {2, 20, "Depth     16  max 16\n              ▁▃ ▅▇█\n"},
        {1, 20, "Depth         ▁▃ ▅▇█\n"},
        {1, 8, "Dep… ▅▇█\n"},
        {1, 1, "█\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(drawn(cases[i].rows, cases[i].columns, false), cases[i].shown);
}

static void test_graph_of_nothing(void **state)
{
    struct graph nothing = {
        .title = "\x1b[2J\u202e日", .style = STYLE_GRAPH_2, .format = format_number};

    (void)state;
    open_canvas(3, 30, false);
    graph_draw(&canvas, &nothing);
    assert_string_equal(dump(), "┌\\x1b[2J\\u202e日──── ?  max ?┐\n"
                                "│                            │\n"
                                "└────────────────────────────┘\n");
}

static void test_scale_is_of_numbers(void **state)
{
    static const float values[] = {INFINITY, 0, 2, NAN};
    struct graph odd = {
        .title = "T", .values = values, .count = 4, .step_ms = INT64_MAX, .format = format_number};

    (void)state;
    open_canvas(3, 16, false);
    graph_draw(&canvas, &odd);
    assert_string_equal(dump(), "┌T──── ?  max 2┐\n"
                                "│          █▁█ │\n"
                                "└-2.76701e+16s─┘\n");
}

/* Every size up to a screen's, in a part; what is outside of it stays as it was. */
static void test_every_size(void **state)
{
    (void)state;
    for (int rows = 0; rows < 8; rows++)
        for (int columns = 0; columns < 24; columns++) {
            struct canvas_part whole;
            open_canvas(8, 24, columns % 2 == 0);
            canvas_fill(&canvas, 0, 0, 24, STYLE_PLAIN, "x", 'x');
            canvas_fill(&canvas, 7, 0, 24, STYLE_PLAIN, "x", 'x');
            whole = canvas_enter(&canvas, 1, 0, rows < 6 ? rows : 6, columns);
            graph_draw(&canvas, &graph);
            canvas_restore(&canvas, whole);
            assert_memory_equal(dump(), "xxxxxxxxxxxxxxxxxxxxxxxx\n", 25);
            assert_string_equal(text.data + text.length - 25, "xxxxxxxxxxxxxxxxxxxxxxxx\n");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_sparkline),      UNIT(test_sparkline_is_cut), UNIT(test_graph),
        UNIT(test_narrow_and_low), UNIT(test_graph_of_nothing), UNIT(test_scale_is_of_numbers),
        UNIT(test_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
