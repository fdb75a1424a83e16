/* Menus: keys, every size, and that what was chosen may show the next dialog. */
#include "tests/unit/unit.h"

#include "tui/dialog.h"
#include "tui/dialog_box.h"

#include <stdio.h>

static struct top top;
static size_t chosen;
static unsigned frees;

void top_say(struct top *of, enum log_kind kind, const char *format, ...)
{
    (void)of, (void)kind;
    fail_msg("%s", format);
}

static int setup(void **state)
{
    (void)state;
    top = (struct top){.frozen = -1};
    chosen = SIZE_MAX;
    frees = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dialog_close(&top);
    return 0;
}

/* As top does. */
static void press(int key)
{
    struct dialog *dialog = top.dialog;

    assert_non_null(dialog);
    if (!dialog->key(dialog, &top, key) && top.dialog == dialog)
        dialog_close(&top);
}

static void note_chosen(struct top *of, size_t n)
{
    assert_ptr_equal(of, &top);
    assert_null(of->dialog);
    chosen = n;
}

static void show(size_t count, size_t first, void (*done)(struct top *of, size_t n))
{
    char texts[100][32];
    const char *items[100];
    char title[] = "Which";

    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof(texts[i]), "item %zu.", i);
        items[i] = texts[i];
    }
    dialog_menu(&top, title, items, count, first, done);
    memset(texts, 'x', sizeof(texts)); /* they were copied */
    memset(title, 'x', sizeof(title) - 1);
}

static void expect_picture(int rows, int columns, const char *wanted)
{
    struct canvas canvas;
    struct buf out;

    assert_true(canvas_init(&canvas, rows, columns, true));
    top.dialog->draw(top.dialog, &top, &canvas);
    buf_init(&out, 65536);
    canvas_dump(&canvas, true, &out);
    assert_string_equal(buf_text(&out), wanted);
    buf_release(&out);
    canvas_release(&canvas);
}

/* -- tests --------------------------------------------------------------------------------------
 */

static void test_keys(void **state)
{
    static const struct {
        const int keys[4];
        size_t chosen;
    } cases[] = {{{KEY_ENTER_}, 3},
                 {{KEY_DOWN_, KEY_ENTER_}, 4},
                 {{'j', 'j', 'k', KEY_ENTER_}, 4},
                 {{KEY_UP_, KEY_ENTER_}, 2},
                 {{'G', KEY_ENTER_}, 29},
                 {{KEY_END_, KEY_DOWN_, KEY_ENTER_}, 29},
                 {{'g', 'k', KEY_ENTER_}, 0},
                 {{KEY_HOME_, KEY_PAGE_UP_, KEY_ENTER_}, 0},
                 {{KEY_PAGE_DOWN_, KEY_PAGE_DOWN_, KEY_PAGE_DOWN_, KEY_ENTER_}, 29},
                 {{'x', KEY_LEFT_, -1, KEY_ENTER_}, 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        show(30, 3, note_chosen);
        for (size_t n = 0; n < 4 && cases[i].keys[n]; n++)
            press(cases[i].keys[n]);
        assert_int_equal(chosen, cases[i].chosen);
        assert_null(top.dialog);
    }
}

static void test_leaving(void **state)
{
    (void)state;
    show(3, 99, note_chosen); /* there is no such first: the top one */
    press(KEY_ESCAPE_);
    assert_null(top.dialog);
    show(3, 99, note_chosen);
    press('q');
    assert_null(top.dialog);
    assert_int_equal(chosen, SIZE_MAX);
    show(0, 0, note_chosen);
    assert_null(top.dialog);
}

static void choose_again(struct top *of, size_t n)
{
    (void)n;
    assert_ptr_equal(of, &top);
    show(2, 0, note_chosen);
}

static void test_the_next_dialog(void **state)
{
    (void)state;
    show(3, 2, choose_again);
    press(KEY_ENTER_);
    assert_non_null(top.dialog);
    press('j');
    press(KEY_ENTER_);
    assert_int_equal(chosen, 1);
}

static void count_free(struct dialog *dialog, struct top *of)
{
    (void)dialog;
    assert_null(of->dialog); /* it may show another */
    frees++;
}

static void test_taking_a_place(void **state)
{
    struct dialog one = {.free = count_free}, two = {.free = count_free};

    (void)state;
    dialog_show(&top, &one);
    dialog_show(&top, &two);
    assert_int_equal(frees, 1);
    assert_ptr_equal(top.dialog, &two);
    dialog_close(&top);
    dialog_close(&top);
    assert_int_equal(frees, 2);
    assert_true(top.dirty);
}

static void test_pictures(void **state)
{
    (void)state;
    show(3, 1, note_chosen);
    expect_picture(9, 31,
                   "\n\n"
                   "          +-«strong: Which »-+\n"
                   "          | item 0. |\n"
                   "          | «selected:item 1.» |\n"
                   "          | item 2. |\n"
                   "          +---------+\n"
                   "\n\n");
}

static void test_scrolling(void **state)
{
    static const struct {
        size_t at;
        const char *wanted;
    } cases[] = {
        {0, "«strong:Which»\n«selected:item 0.       »\nitem 1.\nitem 2.\n"},
        {50, "«strong:Which»\nitem 49.\n«selected:item 50.      »\nitem 51.\n"},
        {99, "«strong:Which»\nitem 97.\nitem 98.\n«selected:item 99.      »\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        show(100, cases[i].at, note_chosen);
        expect_picture(4, 14, cases[i].wanted);
    }
    expect_picture(1, 6, "«selected:item ~»\n"); /* the cursor's at least */
    expect_picture(1, 1, "«selected:~»\n");
}

static void test_every_size(void **state)
{
    (void)state;
    show(100, 50, note_chosen);
    for (int rows = 1; rows < 30; rows++)
        for (int columns = 1; columns < 60; columns++) {
            struct canvas canvas;
            assert_true(canvas_init(&canvas, rows, columns, false));
            top.dialog->draw(top.dialog, &top, &canvas);
            assert_int_equal(canvas.height, rows); /* it is whole again */
            assert_int_equal(canvas.width, columns);
            canvas_release(&canvas);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_keys),       UNIT(test_leaving),   UNIT(test_the_next_dialog),
        UNIT(test_pictures),   UNIT(test_scrolling), UNIT(test_taking_a_place),
        UNIT(test_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
