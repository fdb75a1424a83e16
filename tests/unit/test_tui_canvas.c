/* Cells: what text from outside becomes, what is cut off, and that the screen's form always holds.
 */
#include "tests/unit/unit.h"

#include "core/text.h"
#include "tui/canvas_glyph.h"

#include <limits.h>
#include <stdio.h>

static struct canvas canvas;
static struct buf text;

static int setup(void **state)
{
    (void)state;
    buf_init(&text, 1 << 20);
    return canvas_init(&canvas, 3, 10, false) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    canvas_release(&canvas);
    buf_release(&text);
    return 0;
}

static const char *dump(bool styles)
{
    buf_reset(&text);
    canvas_dump(&canvas, styles, &text);
    return buf_text(&text);
}

/* What the text is in that many columns of a row. */
static const char *drawn(int columns, bool ascii, const char *from)
{
    canvas_release(&canvas);
    assert_true(canvas_init(&canvas, 1, 60, ascii));
    canvas_text(&canvas, 0, 0, columns, STYLE_PLAIN, from);
    return dump(false);
}

/* -- sizes and parts ----------------------------------------------------------------------------
 */

static void test_sizes(void **state)
{
    static const struct {
        int rows, columns, rows_are, columns_are;
    } cases[] = {{0, 0, 1, 1},
                 {-5, 7, 1, 7},
                 {INT_MAX, INT_MAX, CANVAS_ROWS_MOST, CANVAS_COLUMNS_MOST},
                 {INT_MIN, 80, 1, 80}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct canvas sized;
        assert_true(canvas_init(&sized, cases[i].rows, cases[i].columns, false));
        assert_int_equal(sized.rows, cases[i].rows_are);
        assert_int_equal(sized.columns, cases[i].columns_are);
        assert_int_equal(sized.cursor_row, -1);
        canvas_release(&sized);
        canvas_release(&sized);
    }
}

static void test_parts(void **state)
{
    struct canvas_part whole, part;

    (void)state;
    whole = canvas_enter(&canvas, 1, 2, 2, 5);
    canvas_text(&canvas, 0, -1, 10, STYLE_PLAIN, "abcdefghij");
    canvas_text(&canvas, -1, 0, 5, STYLE_PLAIN, "no");
    canvas_text(&canvas, 2, 0, 5, STYLE_PLAIN, "no");
    part = canvas_enter(&canvas, 1, -3, 99, 4); /* of it the first column is left */
    canvas_text(&canvas, 0, 0, 9, STYLE_PLAIN, "xy");
    assert_string_equal(dump(false), "\n  bcde…\n  …\n");
    canvas_restore(&canvas, part);
    canvas_fill(&canvas, 1, 1, INT_MAX, STYLE_PLAIN, "─", '-');
    canvas_restore(&canvas, whole);
    canvas_put(&canvas, 0, 9, STYLE_PLAIN, "│", '|');
    canvas_put(&canvas, 0, 10, STYLE_PLAIN, "│", '|');
    assert_string_equal(dump(false), "         │\n  bcde…\n  …────\n");
    canvas_clear(&canvas);
    assert_string_equal(dump(false), "\n\n\n");
}

static void test_parts_that_are_none(void **state)
{
    static const struct canvas_part cases[] = {
        {0, 0, 0, 0},       {0, 0, -1, 5},      {3, 0, 1, 1},       {0, 10, 1, 1},
        {INT_MAX, 0, 9, 9}, {0, 0, 9, INT_MIN}, {INT_MIN, 0, 9, 9}, {0, INT_MAX, 9, INT_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct canvas_part whole =
            canvas_enter(&canvas, cases[i].top, cases[i].left, cases[i].height, cases[i].width);
        canvas_text(&canvas, 0, 0, 9, STYLE_PLAIN, "no");
        canvas_right(&canvas, 0, 0, 9, STYLE_PLAIN, "no");
        canvas_put(&canvas, 0, 0, STYLE_PLAIN, "日", '#');
        canvas_fill(&canvas, 0, -1, INT_MAX, STYLE_PLAIN, "─", '-');
        canvas_style(&canvas, 0, INT_MIN, INT_MAX, STYLE_BAD);
        canvas_restore(&canvas, whole);
        assert_string_equal(dump(true), "\n\n\n");
    }
}

/* -- text ---------------------------------------------------------------------------------------
 */

static void test_safe(void **state)
{
    static const struct {
        const char *from, *shown, *in_ascii;
    } cases[] = {
        {"plain ~", "plain ~", "plain ~"},
        {"a\nb\tc\r", "a\\nb\\tc\\r", "a\\nb\\tc\\r"},
        {"\x1b[2J\x7f\x01", "\\x1b[2J\\x7f\\x01", "\\x1b[2J\\x7f\\x01"},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m", "\\x9b31m"},                                   /* C1: CSI */
        {"a\u202eb\u2066", "a\\u202eb\\u2066", "a\\u202eb\\u2066"}, /* bidi */
        {"\u200f\u061c", "\\u200f\\u061c", "\\u200f\\u061c"},       /* bidi marks */
        {"a\u200db\ufeff", "a\\u200db\\ufeff", "a\\u200db\\ufeff"}, /* invisible */
        {"\u2028\ufe0f\u3164", "\\u2028\\ufe0f\\u3164", "\\u2028\\ufe0f\\u3164"},
        {"a\u00adb", "a\\xadb", "a\\xadb"},
        {"\U000e0041", "\\ue0041", "\\ue0041"}, /* a tag */
        {"\ue000\uffff\u0378", "\\ue000\\uffff\\u0378", "\\ue000\\uffff\\u0378"},
        {"a\xff\xc3(", "a\\xff\\xc3(", "a\\xff\\xc3("}, /* no UTF-8 */
        {"\xed\xa0\x80\xc0\x80", "\\xed\\xa0\\x80\\xc0\\x80", "\\xed\\xa0\\x80\\xc0\\x80"},
        {"\xe6\x97", "\\xe6\\x97", "\\xe6\\x97"}, /* cut */
        {"Grüße 日本 😀", "Grüße 日本 😀", "Gr??e ?? ?"},
        {"e\u0301\u0323x", "e\u0301\u0323x", "e??x"},
        {"\u0301e", "\\u0301e", "?e"},
        {"\n\u0301", "\\n\\u0301", "\\n?"},
        {"\u05d0\u05d1", "\u05d0\u05d1", "??"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[100];
        snprintf(expected, sizeof(expected), "%s\n", cases[i].shown);
        assert_string_equal(drawn(60, false, cases[i].from), expected);
        snprintf(expected, sizeof(expected), "%s\n", cases[i].in_ascii);
        assert_string_equal(drawn(60, true, cases[i].from), expected);
    }
}

/* Nothing that text_add_safe makes safe is shown here, and both spell it alike. */
static void test_as_text_add_safe(void **state)
{
    (void)state;
    for (uint32_t code = 1; code < 0x3000; code++) {
        char from[4] = {(char)code};
        struct buf safe;
        if (code >= 0x800)
            snprintf(from, sizeof(from), "%c%c%c", (int)(0xE0 | code >> 12),
                     (int)(0x80 | (code >> 6 & 0x3F)), (int)(0x80 | (code & 0x3F)));
        else if (code >= 0x80)
            snprintf(from, sizeof(from), "%c%c", (int)(0xC0 | code >> 6),
                     (int)(0x80 | (code & 0x3F)));
        buf_init(&safe, 100);
        text_add_safe(&safe, from, strlen(from));
        if (*buf_text(&safe) == '\\' && code != '\\') {
            struct glyph glyph;
            glyph_read(&glyph, from, false);
            assert_string_equal(glyph.text, buf_text(&safe));
        }
        buf_release(&safe);
    }
}

static void test_widths(void **state)
{
    static const struct {
        uint32_t code;
        int width;
    } cases[] = {{'a', 1},     {0xE9, 1},      {0x65E5, 2},  {0x1F600, 2},    {0x301, 0},
                 {0x2588, 1},  {0x2500, 1},    {0x2026, 1},  {0x1B, -1},      {0x9F, -1},
                 {0xD800, -1}, {0xE000, -1},   {0xF8FF, -1}, {0xFFFD, 1},     {0x10FFFF, -1},
                 {0x378, -1},  {0x110000, -1}, {0x200B, -1}, {0xFFFFFFFF, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(glyph_width(cases[i].code), cases[i].width);
    assert_int_equal(text_columns("", false), 0);
    assert_int_equal(text_columns("a日\x1b", false), 7);
    assert_int_equal(text_columns("a日\x1b", true), 6);
}

static void test_cut(void **state)
{
    static const struct {
        int columns;
        const char *from, *shown, *in_ascii;
        int takes;
    } cases[] = {
        {5, "abcde", "abcde\n", "abcde\n", 5},
        {5, "abcdef", "abcd…\n", "abcd~\n", 5},
        {1, "abc", "…\n", "~\n", 1},
        {0, "abc", "\n", "\n", 0},
        {-3, "abc", "\n", "\n", 0},
        {4, "日本", "日本\n", "??\n", 4},
        {3, "日本語", "日…\n", "???\n", 3},
        {4, "日本語", "日 …\n", "???\n", 4}, /* no half of a character */
        {4, "a\u202e", "a\\u…\n", "a\\u~\n", 4},
        {2, "e\u0301e\u0301", "e\u0301e\u0301\n", "e~\n", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(drawn(cases[i].columns, true, cases[i].from), cases[i].in_ascii);
        assert_string_equal(drawn(cases[i].columns, false, cases[i].from), cases[i].shown);
        assert_int_equal(canvas_text(&canvas, 0, 0, cases[i].columns, STYLE_PLAIN, cases[i].from),
                         cases[i].takes);
    }
}

static void test_right(void **state)
{
    (void)state;
    assert_int_equal(canvas_right(&canvas, 0, 2, 6, STYLE_PLAIN, "日1"), 3);
    assert_int_equal(canvas_right(&canvas, 1, 2, 6, STYLE_PLAIN, "12345678"), 6);
    assert_int_equal(canvas_right(&canvas, 2, 2, INT_MAX, STYLE_PLAIN, "7"), 1);
    assert_int_equal(canvas_right(&canvas, 2, 0, -1, STYLE_PLAIN, "7"), 0);
    assert_int_equal(canvas_right(&canvas, 2, INT_MAX, INT_MAX, STYLE_PLAIN, "7"), 0);
    assert_string_equal(dump(false), "     日1\n  12345…\n         7\n");
}

static void test_marks_are_bounded(void **state)
{
    char *many = malloc(200002);

    (void)state;
    assert_non_null(many);
    many[0] = 'a';
    for (size_t i = 1; i < 200001; i += 2)
        memcpy(many + i, "\u0301", 2);
    many[200001] = '\0';
    assert_int_equal(canvas_text(&canvas, 0, 0, 10, STYLE_PLAIN, many), 1);
    assert_int_equal(strlen(canvas.cells[0].text), CELL_BYTES - 2); /* whole marks */
    assert_string_equal(canvas.cells[1].text, " ");
    free(many);
}

static void test_printf(void **state)
{
    char *wide = malloc(6001);

    (void)state;
    assert_non_null(wide);
    for (size_t i = 0; i < 6000; i += 3)
        memcpy(wide + i, "日", 3);
    wide[6000] = '\0';
    assert_int_equal(canvas_printf(&canvas, 0, 0, 10, STYLE_PLAIN, "%s=%d", "a\x1b", 7), 7);
    assert_int_equal(canvas_printf(&canvas, 1, 0, 10, STYLE_PLAIN, "%s%s", "", wide), 10);
    canvas_release(&canvas);
    assert_true(canvas_init(&canvas, 3, 1000, false));
    /* All that was printed is seen, up to where the buffer ends in the middle of a character. */
    assert_int_equal(canvas_printf(&canvas, 0, 0, 1000, STYLE_PLAIN, "%3500s%s", "", wide), 1000);
    assert_int_equal(canvas_printf(&canvas, 0, -3000, 4000, STYLE_PLAIN, "%2899s%s", "", wide),
                     2899 + 2 * 398);
    assert_null(strstr(dump(false), "\\x"));
    free(wide);
}

/* -- wide characters ----------------------------------------------------------------------------
 */

static void test_halves_become_blanks(void **state)
{
    (void)state;
    canvas_text(&canvas, 0, 0, 10, STYLE_PLAIN, "日本");
    canvas_put(&canvas, 0, 1, STYLE_PLAIN, "x", 'x'); /* a right half */
    canvas_put(&canvas, 0, 2, STYLE_PLAIN, "y", 'y'); /* a left half */
    canvas_text(&canvas, 1, 1, 10, STYLE_PLAIN, "日本");
    canvas_text(&canvas, 1, 2, 2, STYLE_PLAIN, "語"); /* halves of both */
    assert_string_equal(dump(false), " xy\n  語\n\n");
    canvas_put(&canvas, 2, 9, STYLE_PLAIN, "日", '#');
    canvas_put(&canvas, 2, -1, STYLE_PLAIN, "日", '#');
    assert_string_equal(dump(false), " xy\n  語\n\n");
}

static void test_halves_at_the_edge_of_a_part(void **state)
{
    struct canvas_part whole;

    (void)state;
    canvas_text(&canvas, 0, 1, 10, STYLE_PLAIN, "日a本");
    whole = canvas_enter(&canvas, 0, 2, 1, 3);
    canvas_fill(&canvas, 0, 0, 3, STYLE_PLAIN, "-", '-');
    canvas_restore(&canvas, whole);
    assert_string_equal(dump(false), "  ---\n\n\n");
}

/* -- styles and dump ----------------------------------------------------------------------------
 */

static void test_dump(void **state)
{
    (void)state;
    canvas_text(&canvas, 0, 0, 10, STYLE_BAD, "FAIL");
    canvas_text(&canvas, 0, 4, 10, STYLE_GRAPH_1, "日 ");
    canvas_text(&canvas, 0, 8, 10, STYLE_PLAIN, "x ");
    canvas_text(&canvas, 1, 1, 10, STYLE_PLAIN, "row");
    canvas_style(&canvas, 1, -5, 100, STYLE_SELECTED);
    canvas_style(&canvas, 3, 0, 10, STYLE_ALARM);
    canvas_style(&canvas, 2, 8, INT_MAX, STYLE_KEY);
    assert_string_equal(dump(true), "«bad:FAIL»«graph-1:日 » x\n"
                                    "«selected: row      »\n"
                                    "        «key:  »\n");
    assert_string_equal(dump(false), "FAIL日  x\n row\n\n");
}

static void test_every_style_has_a_name(void **state)
{
    (void)state;
    canvas_release(&canvas);
    assert_true(canvas_init(&canvas, STYLES, 1, true));
    for (int i = 0; i < STYLES; i++)
        canvas_style(&canvas, i, 0, 1, (enum style)i);
    assert_null(strstr(dump(true), "(null)"));
}

static void test_ascii_signs(void **state)
{
    (void)state;
    canvas.ascii = true;
    canvas_put(&canvas, 0, 0, STYLE_PLAIN, "│", '|');
    canvas_fill(&canvas, 0, 1, 3, STYLE_PLAIN, "─", '-');
    canvas.ascii = false;
    canvas_put(&canvas, 0, 5, STYLE_PLAIN, "\u202e", '!'); /* not even of ours */
    canvas_put(&canvas, 0, 6, STYLE_PLAIN, "", '"');
    assert_string_equal(dump(false), "|--- !\"\n\n\n");
}

/* -- what always holds --------------------------------------------------------------------------
 */

static uint32_t seed;

static uint32_t below(uint32_t most)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % most;
}

/* Bytes that are often UTF-8, and often of the bad sort. */
static void random_text(char *out, size_t size)
{
    static const char *const pieces[] = {"a",        "日",     "\u0301", "\u202e",     "\x1b[",
                                         "\xff",     "\u200d", "😀",      "\xe6\x97",   "\n",
                                         "\xc2\x85", "\ufe0f", "é",      "\U000e0020", " "};
    size_t length = 0;

    for (uint32_t left = below(30); left > 0 && length + 5 < size; left--)
        if (below(3) == 0)
            out[length++] = (char)(1 + below(255));
        else
            length += (size_t)snprintf(out + length, size - length, "%s",
                                       pieces[below(sizeof(pieces) / sizeof(pieces[0]))]);
    out[length] = '\0';
}

static void check_cell(const struct cell *cell)
{
    struct glyph glyph;

    assert_non_null(memchr(cell->text, '\0', sizeof(cell->text)));
    assert_int_equal(text_utf8_check(cell->text, strlen(cell->text)), strlen(cell->text));
    glyph_read(&glyph, cell->text, false);
    assert_false(glyph.spelled);
    assert_int_equal(glyph.bytes, strlen(cell->text)); /* one character and its marks */
    for (const unsigned char *c = (const unsigned char *)cell->text; canvas.ascii && *c; c++)
        assert_true(*c >= 0x20 && *c < 0x7F);
}

static void check_canvas(void)
{
    for (int row = 0; row < canvas.rows; row++) {
        const struct cell *cells = canvas.cells + row * canvas.columns;
        int columns = 0;
        while (columns < canvas.columns) {
            int width = text_columns(cells[columns].text, false);
            assert_in_range(width, 1, 2);
            check_cell(&cells[columns]);
            if (width == 2) {
                assert_true(columns + 1 < canvas.columns);
                assert_string_equal(cells[columns + 1].text, "");
            }
            columns += width;
        }
        assert_int_equal(columns, canvas.columns);
    }
}

static void draw_at_random(const char *from)
{
    int row = (int)below(8) - 2, column = (int)below(20) - 5, columns = (int)below(25) - 3;

    switch (below(6)) {
    case 0:
        canvas_right(&canvas, row, column, columns, STYLE_BAD, from);
        break;
    case 1:
        canvas_put(&canvas, row, column, STYLE_GOOD, from, '#');
        break;
    case 2:
        canvas_fill(&canvas, row, column, columns, STYLE_DIM, from, '-');
        break;
    case 3:
        canvas_printf(&canvas, row, column, columns, STYLE_KEY, "%s%s", from, from);
        break;
    default:
        assert_in_range(canvas_text(&canvas, row, column, columns, STYLE_PLAIN, from), 0, 25);
    }
}

static void test_what_always_holds(void **state)
{
    (void)state;
    for (seed = 1; seed <= 4; seed++) {
        uint32_t begun = seed;
        canvas_release(&canvas);
        assert_true(canvas_init(&canvas, 4, 1 + (int)below(13), begun % 2 == 0));
        for (int i = 0; i < 5000; i++) {
            struct canvas_part whole = canvas_enter(&canvas, (int)below(6) - 1, (int)below(9) - 2,
                                                    (int)below(6), (int)below(15));
            char from[128];
            random_text(from, sizeof(from));
            draw_at_random(from);
            check_canvas();
            canvas_restore(&canvas, whole);
        }
        seed = begun;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_sizes),
        UNIT(test_parts),
        UNIT(test_parts_that_are_none),
        UNIT(test_safe),
        UNIT(test_as_text_add_safe),
        UNIT(test_widths),
        UNIT(test_cut),
        UNIT(test_right),
        UNIT(test_marks_are_bounded),
        UNIT(test_printf),
        UNIT(test_halves_become_blanks),
        UNIT(test_halves_at_the_edge_of_a_part),
        UNIT(test_dump),
        UNIT(test_every_style_has_a_name),
        UNIT(test_ascii_signs),
        UNIT(test_what_always_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
