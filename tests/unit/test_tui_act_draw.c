/* What actions show at each size, as text; and that nobody confirms what he cannot see. */
#include "tests/unit/test_tui_act_fixture.h"

#define PREFIX "Customer experience / EMEA / conversations of the voice channel / "

/* The dialog on a screen of this size, as top gives it room: rows that have something, from the
 * leftmost column that has. */
static void draw(int height, int columns, struct buf *out)
{
    bool framed = height >= 8 && columns >= 40;
    struct canvas canvas;
    struct buf dump;
    size_t left = SIZE_MAX;

    assert_true(canvas_init(&canvas, framed ? height - 2 : height, columns, true));
    top.dialog->draw(top.dialog, &top, &canvas);
    buf_init(&dump, 1 << 20);
    buf_init(out, 1 << 20);
    canvas_dump(&canvas, false, &dump);
    for (const char *line = buf_text(&dump); *line; line = strchr(line, '\n') + 1)
        if (*line != '\n' && strspn(line, " ") < left)
            left = strspn(line, " ");
    for (const char *line = buf_text(&dump); *line; line = strchr(line, '\n') + 1)
        if (*line != '\n')
            buf_add(out, line + left, strcspn(line + left, "\n") + 1);
    buf_release(&dump);
    canvas_release(&canvas);
}

static void expect_drawn(int height, int columns, const char *wanted)
{
    struct buf out;

    draw(height, columns, &out);
    assert_string_equal(buf_text(&out), wanted);
    buf_release(&out);
}

/* On a screen of 120x36 and of 80x24, of 40x10, of 20x4. */
static void expect_pictures(const char *wide, const char *narrow, const char *tiny)
{
    expect_drawn(36, 120, wide);
    expect_drawn(24, 80, wide);
    expect_drawn(10, 40, narrow);
    expect_drawn(4, 20, tiny);
}

static void expect_word(int height, int columns, const char *word, bool wanted)
{
    struct buf out;

    draw(height, columns, &out);
    if (!!strstr(buf_text(&out), word) != wanted)
        fail_msg("\"%s\": %s in\n%s", word, wanted ? "not" : "it is", buf_text(&out));
    buf_release(&out);
}

static void begin(enum act_kind kind, const char *what, const char *counted)
{
    act_letters(&top, kind, FRANKFURT, &filter, what);
    step();
    answer(200, counted);
}

static const size_t both[] = {CHAT, VOICE};

/* -- pictures -----------------------------------------------------------------------------------
 */

static void test_where(void **state)
{
    (void)state;
    act_pause(&top, both, 2);
    expect_pictures(
        "+- Pause or resume: where? ------------------------------------------------+\n"
        "| frankfurt (production): pause 2                                          |\n"
        "| dublin: pause 1                                                          |\n"
        "| all of them: pause 3                                                     |\n"
        "|                                                                          |\n"
        "| Enter chooses  Esc leaves                                                |\n"
        "+--------------------------------------------------------------------------+\n",
        "+- Pause or resume: where? ------------+\n"
        "| frankfurt (production): pause 2      |\n"
        "| dublin: pause 1                      |\n"
        "| all of them: pause 3                 |\n"
        "|                                      |\n"
        "| Enter chooses  Esc leaves            |\n"
        "+--------------------------------------+\n",
        "Pause or resume: wh~\n"
        "frankfurt (producti~\n"
        "Enter chooses  Esc ~\n");
}

static void test_several(void **state)
{
    (void)state;
    act_pause(&top, both, 2);
    press('G');
    press(KEY_ENTER_);
    expect_pictures(
        "+- Pause ------------------------------------------------------------------+\n"
        "| Endpoint  frankfurt (production), dublin                                 |\n"
        "| Object    chat at frankfurt, voice at frankfurt, voice at dublin         |\n"
        "| Count     3                                                              |\n"
        "| Effect    events are taken and kept, but not delivered                   |\n"
        "|                                                                          |\n"
        "| Why? It is kept with what is done.                                       |\n"
        "| reason:                                                                  |\n"
        "|                                                                          |\n"
        "| Enter confirms  Esc leaves                                               |\n"
        "+--------------------------------------------------------------------------+\n",
        "Pause\n"
        "Endpoint  frankfurt (production), dublin\n"
        "Object    chat at frankfurt, voice at\n"
        "          frankfurt, voice at dublin\n"
        "Count     3\n"
        "Effect    events are taken and kept, but\n"
        "          not delivered\n"
        "reason:\n",
        "Pause\n"
        "Endpoint  frank~blin\n"
        "Too small to confir~\n"
        "reason:\n");
}

static void test_rate(void **state)
{
    (void)state;
    begin(ACT_REPLAY, "dead letters of voice (http-500)", "{\"count\":12}");
    expect_pictures(
        "+- Replay -----------------------------------------------------------------+\n"
        "| Endpoint  frankfurt (production)                                         |\n"
        "| Object    dead letters of voice (http-500)                               |\n"
        "| Count     12                                                             |\n"
        "| Effect    each is delivered once more                                    |\n"
        "|                                                                          |\n"
        "| How many a second? 0 is all at once.                                     |\n"
        "| rate: 10                                                                 |\n"
        "|                                                                          |\n"
        "| Enter goes on  Esc leaves                                                |\n"
        "+--------------------------------------------------------------------------+\n",
        "Replay\n"
        "Endpoint  frankfurt (production)\n"
        "Object    dead letters of voice\n"
        "          (http-500)\n"
        "Count     12\n"
        "Effect    each is delivered once more\n"
        "How many a second? 0 is all at once.\n"
        "rate: 10\n",
        "Replay\n"
        "Endpoint  frank~ion)\n"
        "How many a second? ~\n"
        "rate: 10\n");
}

static void test_discard(void **state)
{
    (void)state;
    begin(ACT_DISCARD, "dead letters of " PREFIX "frankfurt (http-500)", "{\"count\":12}");
    expect_pictures(
        "+- Discard ----------------------------------------------------------------+\n"
        "| Endpoint  frankfurt (production)                                         |\n"
        "| Object    dead letters of Customer experience / EMEA / conversations of  |\n"
        "|           the voice channel / frankfurt (http-500)                       |\n"
        "| Count     12                                                             |\n"
        "| Effect    they are removed for good                                      |\n"
        "|                                                                          |\n"
        "| Why? It is kept with what is done.                                       |\n"
        "| reason:                                                                  |\n"
        "|                                                                          |\n"
        "| Enter confirms  Esc leaves                                               |\n"
        "+--------------------------------------------------------------------------+\n",
        "Discard\n"
        "Endpoint  frankfurt (production)\n"
        "Object    dead letters of Customer exper\n"
        "          ~hannel / frankfurt (http-500)\n"
        "Count     12\n"
        "Effect    they are removed for good\n"
        "Too small to confirm: make it larger.\n"
        "reason:\n",
        "Discard\n"
        "Endpoint  frank~ion)\n"
        "Too small to confir~\n"
        "reason:\n");
}

static void test_name(void **state)
{
    (void)state;
    begin(ACT_DISCARD, "dead letters of voice (http-500)", "{\"count\":1}");
    type("old");
    expect_pictures(
        "+- Discard ----------------------------------------------------------------+\n"
        "| Endpoint  frankfurt (production)                                         |\n"
        "| Object    dead letters of voice (http-500)                               |\n"
        "| Count     1                                                              |\n"
        "| Effect    they are removed for good                                      |\n"
        "|                                                                          |\n"
        "| frankfurt is marked production: type its name.                           |\n"
        "| its name:                                                                |\n"
        "|                                                                          |\n"
        "| Enter confirms  Esc leaves                                               |\n"
        "+--------------------------------------------------------------------------+\n",
        "Discard\n"
        "Endpoint  frankfurt (production)\n"
        "Object    dead letters of voice\n"
        "          (http-500)\n"
        "Count     1\n"
        "Effect    they are removed for good\n"
        "frankfurt is marked production: type it~\n"
        "its name:\n",
        "Discard\n"
        "Endpoint  frank~ion)\n"
        "Too small to confir~\n"
        "its name:\n");
    expect_word(24, 80, "its name:", true);
    type("dublin");
    expect_pictures(
        "+- Discard ----------------------------------------------------------------+\n"
        "| Endpoint  frankfurt (production)                                         |\n"
        "| Object    dead letters of voice (http-500)                               |\n"
        "| Count     1                                                              |\n"
        "| Effect    they are removed for good                                      |\n"
        "|                                                                          |\n"
        "| That is not its name: frankfurt                                          |\n"
        "| its name:                                                                |\n"
        "|                                                                          |\n"
        "| Enter confirms  Esc leaves                                               |\n"
        "+--------------------------------------------------------------------------+\n",
        "Discard\n"
        "Endpoint  frankfurt (production)\n"
        "Object    dead letters of voice\n"
        "          (http-500)\n"
        "Count     1\n"
        "Effect    they are removed for good\n"
        "That is not its name: frankfurt\n"
        "its name:\n",
        "Discard\n"
        "Endpoint  frank~ion)\n"
        "Too small to confir~\n"
        "its name:\n");
}

static void test_watch(void **state)
{
    (void)state;
    begin(ACT_REPLAY, "dead letters of voice (http-500)", "{\"count\":12}");
    press(KEY_ENTER_);
    type("why");
    type("frankfurt");
    answer(200, "{\"replaying\":12}");
    answer(200, "{\"count\":5}");
    expect_pictures(
        "+- Replay -----------------------------------------------------------------+\n"
        "| Endpoint  frankfurt (production)                                         |\n"
        "| Object    dead letters of voice (http-500)                               |\n"
        "| Count     12                                                             |\n"
        "| Effect    each is delivered once more, 10 a second: 1.2s at least        |\n"
        "|                                                                          |\n"
        "| 7 of 12 done, 5 left                                                     |\n"
        "|                                                                          |\n"
        "| b leaves it going on  Esc takes back what has not begun, then leaves     |\n"
        "+--------------------------------------------------------------------------+\n",
        "Replay\n"
        "Endpoint  frankfurt (production)\n"
        "Object    dead letters of voice\n"
        "          (http-500)\n"
        "Count     12\n"
        "Effect    each is deliver~ 1.2s at least\n"
        "7 of 12 done, 5 left\n"
        "b leaves it going on  Esc takes back wh~\n",
        "Replay\n"
        "Endpoint  frank~ion)\n"
        "7 of 12 done, 5 left\n"
        "b leaves it going o~\n");
}

/* -- confirming ---------------------------------------------------------------------------------
 */

/* Two that differ at their ends alone; and the middle goes before an end does. */
static void test_names_that_begin_alike(void **state)
{
    (void)state;
    begin(ACT_DISCARD, PREFIX "frankfurt", "{\"count\":12}");
    expect_word(24, 80, "frankfurt  ", true);
    dialog_close(&top);
    begin(ACT_DISCARD, PREFIX PREFIX PREFIX PREFIX "dublin", "{\"count\":12}");
    expect_word(10, 40, "Customer experience", true);
    expect_word(10, 40, "~", true);
    expect_word(10, 40, "dublin\n", true);
}

static void test_too_small_to_confirm(void **state)
{
    static const struct {
        int rows, columns;
        bool small;
    } cases[] = {{4, 20, true},   {1, 80, true},    {10, 40, false},
                 {24, 80, false}, {36, 120, false}, {6, 20, true}};
    struct buf out;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(ACT_DISCARD, "dead letters of voice", "{\"count\":12}");
        asks = 0;
        draw(cases[i].rows, cases[i].columns, &out);
        assert_int_equal(!!strstr(buf_text(&out), "Too small"),
                         cases[i].small && cases[i].rows > 1);
        buf_release(&out);
        type("old");
        type("frankfurt");
        assert_int_equal(asks, !cases[i].small);
        if (cases[i].small) { /* what was typed is not lost when it is made larger */
            expect_word(24, 80, "reason: frankfurt", true);
            press(KEY_ENTER_);
            type("frankfurt");
        }
        assert_int_equal(asks, 1);
        dialog_close(&top);
        asked.number = 0;
    }
}

/* It grew small before the name was typed. */
static void test_too_small_for_the_name(void **state)
{
    (void)state;
    begin(ACT_DISCARD, "dead letters of voice", "{\"count\":12}");
    asks = 0;
    expect_word(24, 80, "Too small", false);
    type("old");
    expect_word(4, 20, "Too small", true);
    type("frankfurt");
    assert_int_equal(asks, 0);
    press(KEY_ESCAPE_);
    expect_over(0);
}

/* A complaint takes a fact's room until the next key. */
static void test_complaint_where_room_is_short(void **state)
{
    (void)state;
    begin(ACT_DISCARD, "dead letters of voice", "{\"count\":12}");
    expect_word(6, 40, "Why?", false);
    type("");
    expect_word(6, 40, "A reason is needed", true);
    expect_word(6, 40, "removed for good", false);
    press('o');
    expect_word(6, 40, "removed for good", true);
    press(KEY_ENTER_);
    expect_word(6, 40, "its name:", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_where),
        UNIT(test_several),
        UNIT(test_rate),
        UNIT(test_discard),
        UNIT(test_name),
        UNIT(test_watch),
        UNIT(test_names_that_begin_alike),
        UNIT(test_too_small_to_confirm),
        UNIT(test_too_small_for_the_name),
        UNIT(test_complaint_where_room_is_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
