/* Keys in, text and cursor out. A `|` in what the tests show is where the next character goes. */
#include "tests/unit/unit.h"

#include "core/text.h"
#include "tui/prompt.h"
#include "tui/request.h"

#include <stdio.h>

static const char *const words[] = {"pause",  "panel",     "quit",      "pa\x1b[2J",
                                    "résumé", "rés\u202e", "sort-menu", NULL};
static struct prompt prompt;
static struct canvas canvas;
static struct buf text;

static int setup(void **state)
{
    (void)state;
    buf_init(&text, 1 << 20);
    prompt_begin(&prompt, ":", "", words);
    return canvas_init(&canvas, 1, 30, false) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    canvas_release(&canvas);
    buf_release(&text);
    return 0;
}

static const char *shown(void)
{
    static char out[PROMPT_BYTES + 2];

    assert_int_equal(prompt.length, strlen(prompt.text));
    assert_true(prompt.at <= prompt.length);
    snprintf(out, sizeof(out), "%.*s|%s", (int)prompt.at, prompt.text, prompt.text + prompt.at);
    return out;
}

static void press(int key)
{
    assert_int_equal(prompt_key(&prompt, key), PROMPT_GOES_ON);
}

static void type(const char *ascii)
{
    for (; *ascii; ascii++)
        press(*ascii);
}

/* -- editing ------------------------------------------------------------------------------------
 */

enum { C_A = 1, C_E = 5, C_H = 8, C_U = 21, C_W = 23 };

static void test_editing(void **state)
{
    static const struct {
        const char *from;
        int keys[6];
        const char *shown;
    } cases[] = {
        {"abc", {KEY_LEFT_, 'x', KEY_RIGHT_, KEY_RIGHT_, 'y'}, "abxcy|"},
        {"abc", {KEY_HOME_, KEY_LEFT_, 'x'}, "x|abc"},
        {"abc", {C_A, KEY_DELETE_, C_E, KEY_DELETE_, KEY_BACKSPACE_}, "b|"},
        {"abc", {KEY_HOME_, KEY_BACKSPACE_, KEY_END_, C_H, 0x7F}, "a|"},
        {"a é日e\u0323\u0301", {KEY_BACKSPACE_}, "a é日|"}, /* with its marks */
        {"aé日e\u0323\u0301z", {KEY_LEFT_, KEY_LEFT_, KEY_LEFT_, 'x'}, "aéx|日e\u0323\u0301z"},
        {"aé日", {KEY_HOME_, KEY_RIGHT_, KEY_RIGHT_, KEY_DELETE_}, "aé|"},
        {"e", {0x301, 0x65E5, 0x1F600, 'x'}, "e\u0301日😀x|"},
        {"one  two  ", {C_W}, "one  |"},
        {"one two", {KEY_LEFT_, C_W}, "one |o"},
        {"one", {C_W, C_W}, "|"},
        {"one two", {KEY_LEFT_, C_U}, "|o"},
        {"\u0301z", {KEY_HOME_, 'a'}, "a\u0301|z"}, /* the mark joins: never within */
        {"a\n\u0301", {KEY_LEFT_, KEY_LEFT_, KEY_DELETE_}, "a\u0301|"},
        {"a\xff"
         "b",
         {KEY_BACKSPACE_, KEY_BACKSPACE_},
         "a|"},
        {"", {KEY_BACKSPACE_, KEY_DELETE_, C_W, C_U, KEY_LEFT_, KEY_RIGHT_}, "|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        prompt_begin(&prompt, ":", cases[i].from, NULL);
        for (size_t k = 0; k < 6 && cases[i].keys[k]; k++)
            press(cases[i].keys[k]);
        assert_string_equal(shown(), cases[i].shown);
    }
}

static void test_what_cannot_be_typed(void **state)
{
    static const int refused[] = {
        0,      2,      3,       0x1C,         0x80,      0x9B,       0x202E,           0x2066,
        0x200E, 0x200D, 0xFEFF,  0xAD,         0xD800,    0xDFFF,     0xE000,           0x378,
        -1,     0xFFFF, KEY_UP_, KEY_PAGE_UP_, KEYS_END_, 0x7FFFFFFF, (-0x7FFFFFFF) - 1};

    (void)state;
    type("ab");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        press(refused[i]);
    assert_string_equal(shown(), "ab|");
}

static void test_ends(void **state)
{
    static const struct {
        int key;
        enum prompt_result result;
    } cases[] = {{KEY_ENTER_, PROMPT_DONE},
                 {'\r', PROMPT_DONE},
                 {'\n', PROMPT_DONE},
                 {KEY_ESCAPE_, PROMPT_LEFT},
                 {0x1B, PROMPT_LEFT}};

    (void)state;
    type("abc");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(prompt_key(&prompt, cases[i].key), cases[i].result);
    assert_string_equal(shown(), "abc|");
}

/* -- limits -------------------------------------------------------------------------------------
 */

static void test_full(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * PROMPT_BYTES; i++)
        press(0x65E5);
    assert_int_equal(prompt.length, (PROMPT_BYTES - 1) / 3 * 3);
    press('a'); /* 511 bytes */
    press('b');
    assert_int_equal(prompt.length, PROMPT_BYTES - 1);
    press('\t');
    press(C_A);
    press('c');
    assert_int_equal(prompt.length, PROMPT_BYTES - 1);
    assert_int_equal(text_utf8_check(prompt.text, prompt.length), prompt.length);
}

static void test_begun_with_too_much(void **state)
{
    char many[3001];

    (void)state;
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(many + i, "日", 3);
    many[3000] = '\0';
    prompt_begin(&prompt, many, many, NULL);
    assert_int_equal(prompt.length, 510);
    assert_int_equal(strlen(prompt.label), 126);
    assert_int_equal(prompt.at, prompt.length);
    prompt_begin(&prompt, "", NULL, NULL);
    assert_string_equal(shown(), "|");
}

/* -- completion ---------------------------------------------------------------------------------
 */

static void test_completion(void **state)
{
    (void)state;
    type("go pa");
    press(KEY_TAB_);
    assert_string_equal(shown(), "go pause|");
    press('\t');
    assert_string_equal(shown(), "go panel|"); /* what has an escape is not offered */
    press(KEY_TAB_);
    assert_string_equal(shown(), "go pause|");
    press(KEY_BACKSPACE_); /* begins anew, with what stands there */
    press(KEY_TAB_);
    assert_string_equal(shown(), "go pause|");
    press(KEY_TAB_);
    assert_string_equal(shown(), "go pause|");
    type(" r");
    press(KEY_TAB_);
    press(KEY_TAB_);
    assert_string_equal(shown(), "go pause résumé|");
}

static void test_completion_of_nothing(void **state)
{
    (void)state;
    press(KEY_TAB_); /* all fit */
    assert_string_equal(shown(), "pause|");
    for (int i = 0; i < 5; i++)
        press(KEY_TAB_);
    assert_string_equal(shown(), "pause|");
    prompt_begin(&prompt, ":", "x", words);
    press(KEY_TAB_);
    assert_string_equal(shown(), "x|");
    prompt_begin(&prompt, ":", "pa", NULL);
    press(KEY_TAB_);
    assert_string_equal(shown(), "pa|");
}

static void test_completion_takes_the_last_word(void **state)
{
    (void)state;
    prompt_begin(&prompt, ":", "pa qu", words);
    press(KEY_HOME_);
    press(KEY_TAB_);
    assert_string_equal(shown(), "pa quit|");
}

static void test_completion_that_does_not_fit(void **state)
{
    (void)state;
    for (int i = 0; i < PROMPT_BYTES - 8; i++)
        press('x');
    type(" s");
    press(KEY_TAB_); /* "sort-menu" has no place */
    assert_int_equal(prompt.length, PROMPT_BYTES - 6);
    press(KEY_BACKSPACE_);
    press(KEY_TAB_);
    press(KEY_TAB_);
    assert_string_equal(prompt.text + PROMPT_BYTES - 8, " panel");
}

/* -- drawing ------------------------------------------------------------------------------------
 */

/* The row, with the cursor's column. */
static const char *drawn(int columns, bool ascii)
{
    canvas_release(&canvas);
    assert_true(canvas_init(&canvas, 1, columns, ascii));
    prompt_draw(&prompt, &canvas, 0);
    buf_reset(&text);
    canvas_dump(&canvas, false, &text);
    text.data[--text.length] = '\0';
    buf_printf(&text, " %d", canvas.cursor_column);
    return buf_text(&text);
}

static void test_drawing(void **state)
{
    static const struct {
        const char *label, *from;
        int lefts, columns;
        const char *shown, *in_ascii;
    } cases[] = {
        {"/", "", 0, 10, "/ 1", "/ 1"},
        {"/", "日e\u0301", 0, 10, "/日e\u0301 4", "/?e? 4"},
        {"/", "日e\u0301", 1, 10, "/日e\u0301 3", "/?e? 2"},
        {"/", "12345678", 0, 10, "/12345678 9", "/12345678 9"},
        {"/", "123456789", 0, 10, "/…3456789 9", "/~3456789 9"},
        {"/", "123456789a", 10, 10, "/12345678… 1", "/12345678~ 1"},
        {"/", "abcdefghijklmnopqrst", 8, 10, "/…hijklmn… 7", "/~hijklmn~ 7"},
        {"/", "a\u202e\x1b", 0, 30, "/a\\u202e\\x1b 12", "/a\\u202e\\x1b 12"},
        {"reason, which is long: ", "x", 0, 12, "reaso…x 7", "reaso~x 7"},
        {"/", "日本語日本語", 0, 8, "/… 本語 7", "/?????? 7"},
        {"/", "abc", 0, 2, "/… 1", "/~ 1"},
        {"/", "abc", 0, 1, "… 0", "~ 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        prompt_begin(&prompt, cases[i].label, cases[i].from, NULL);
        for (int k = 0; k < cases[i].lefts; k++)
            press(KEY_LEFT_);
        assert_string_equal(drawn(cases[i].columns, true), cases[i].in_ascii);
        assert_string_equal(drawn(cases[i].columns, false), cases[i].shown);
    }
}

static void test_drawing_in_a_part(void **state)
{
    (void)state;
    type("ab");
    canvas_fill(&canvas, 0, 0, 30, STYLE_PLAIN, "#", '#');
    canvas_enter(&canvas, 0, 5, 1, 10);
    prompt_draw(&prompt, &canvas, 1); /* outside */
    prompt_draw(&prompt, &canvas, -1);
    assert_int_equal(canvas.cursor_column, -1);
    prompt_draw(&prompt, &canvas, 0);
    assert_int_equal(canvas.cursor_row, 0);
    assert_int_equal(canvas.cursor_column, 8);
    canvas_dump(&canvas, false, &text);
    assert_string_equal(buf_text(&text), "#####:ab       ###############\n");
}

/* -- any keys -----------------------------------------------------------------------------------
 */

static void test_any_keys(void **state)
{
    static const int keys[] = {'a',         ' ',      'p',       0xE9,           0x301,
                               0x65E5,      KEY_TAB_, KEY_LEFT_, KEY_RIGHT_,     KEY_HOME_,
                               KEY_DELETE_, C_W,      KEY_END_,  KEY_BACKSPACE_, 0x1F600,
                               0x202E,      'r',      0x323};
    enum { KEYS = sizeof(keys) / sizeof(keys[0]) };
    uint32_t seed = 1;

    (void)state;
    prompt_begin(&prompt, "label", "\u0301\xff\u202e\n", words);
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525 + 1013904223;
        press(keys[(seed >> 8) % KEYS]);
        (void)shown();
        (void)drawn(1 + i % 40, i % 2 == 0);
        assert_in_range(canvas.cursor_column, 0, i % 40);
        if (i % 500 == 0)
            prompt_begin(&prompt, "", prompt.text, words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_editing),
        UNIT(test_what_cannot_be_typed),
        UNIT(test_ends),
        UNIT(test_full),
        UNIT(test_begun_with_too_much),
        UNIT(test_completion),
        UNIT(test_completion_of_nothing),
        UNIT(test_completion_takes_the_last_word),
        UNIT(test_completion_that_does_not_fit),
        UNIT(test_drawing),
        UNIT(test_drawing_in_a_part),
        UNIT(test_any_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
