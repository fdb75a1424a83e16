/* Pausing and resuming, key by key and answer by answer; what all actions have in common. */
#include "tests/unit/test_tui_act_fixture.h"

#define PAUSE_BODY "{\"by\":\"dana\",\"reason\":\"why\"}"
#define PAUSED     "{\"subscription\":\"v 1\",\"paused\":true}"
#define RESUMED    "{\"subscription\":\"v 1\",\"paused\":false}"
#define VOICE_PATH "/v1/subscriptions/v%201/"

/* Voice, where the menu's n-th item says. */
static void pause_voice(size_t n)
{
    static const size_t row = VOICE;

    act_pause(&top, &row, 1);
    while (n-- > 0)
        press('j');
    press(KEY_ENTER_);
}

/* -- pause and resume ---------------------------------------------------------------------------
 */

static void test_pause(void **state)
{
    (void)state;
    pause_voice(DUBLIN);
    expect_shown("dublin");
    expect_shown("voice");
    type("why");
    expect_asked(DUBLIN, VOICE_PATH "pause", PAUSE_BODY);
    answer(200, PAUSED);
    expect_over(1);
    expect_line(0, LOG_DONE, "paused voice at dublin");
}

static void test_menu(void **state)
{
    static const size_t both[] = {CHAT, VOICE};

    (void)state;
    dublin[0].paused = SAMPLE_YES;
    frankfurt[0].paused = SAMPLE_YES;
    act_pause(&top, both, 2);
    expect_shown("frankfurt (production): pause 1, 1 paused already");
    expect_shown("dublin: resume 1");
    expect_shown("all of them: pause 1, 2 paused already");
    press(KEY_ESCAPE_);
    expect_over(0);
}

static void test_resume_when_all_are_paused(void **state)
{
    (void)state;
    frankfurt[1].paused = dublin[0].paused = SAMPLE_YES;
    pause_voice(DUBLIN);
    type("why");
    expect_asked(DUBLIN, VOICE_PATH "resume", PAUSE_BODY);
    answer(200, RESUMED);
    expect_line(0, LOG_DONE, "resumed voice at dublin");
    expect_over(1);
}

/* Where it runs it is paused; where it is paused it is left alone. */
static void test_mixed(void **state)
{
    (void)state;
    frankfurt[1].paused = SAMPLE_YES;
    pause_voice(2);
    expect_shown("1 (1 paused already)");
    type("why"); /* frankfurt is not touched: its name is not asked for */
    expect_asked(DUBLIN, VOICE_PATH "pause", PAUSE_BODY);
    answer(200, PAUSED);
    expect_over(1);
}

static void test_only_one_endpoint_has_it(void **state)
{
    static const size_t row = CHAT;

    (void)state;
    act_pause(&top, &row, 1);
    expect_shown("reason:");
    expect_shown("frankfurt (production)");
    type("why");
    type("frankfurt");
    expect_asked(FRANKFURT, "/v1/subscriptions/c%2F1/pause", PAUSE_BODY);
}

static void test_nothing_to_pause(void **state)
{
    static const size_t row = VOICE;

    (void)state;
    samples[0].subscription_count = samples[1].subscription_count = 0;
    act_pause(&top, &row, 1);
    samples[0].subscription_count = 2;
    samples[1].subscription_count = 1;
    act_pause(&top, &row, 0);
    expect_over(2);
    expect_line(0, LOG_NOTE, "no endpoint has it now");
    expect_line(1, LOG_NOTE, "no subscription is selected");
}

/* -- confirming ---------------------------------------------------------------------------------
 */

static void test_empty_reason(void **state)
{
    static const char *const empty[] = {"", " ", "    "};

    (void)state;
    pause_voice(DUBLIN);
    for (size_t i = 0; i < 3; i++) {
        type(empty[i]);
        expect_shown("A reason is needed");
        assert_int_equal(asks, 0);
    }
    type("why");
    assert_int_equal(asks, 1);
}

static void test_production(void **state)
{
    static const char *const wrong[] = {"", "dublin", "Frankfurt", "frankfurt ", "frankfur"};

    (void)state;
    pause_voice(FRANKFURT);
    type("why");
    expect_shown("type its name");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        type(wrong[i]);
        expect_shown("That is not its name");
        assert_int_equal(asks, 0);
    }
    type("frankfurt");
    expect_asked(FRANKFURT, VOICE_PATH "pause", PAUSE_BODY);
}

static void test_escape_sends_nothing(void **state)
{
    (void)state;
    pause_voice(FRANKFURT);
    press(KEY_ESCAPE_);
    expect_over(0);
    pause_voice(FRANKFURT);
    type("why");
    press(KEY_ESCAPE_);
    expect_over(0);
    assert_int_equal(asks, 0);
}

static void test_when_nothing_may_be_changed(void **state)
{
    static const size_t row = VOICE;
    static const char *const words[] = {"--read-only", "a recording", "frozen"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        top.read_only = i == 0;
        is_replay = i == 1;
        top.frozen = i == 2 ? 7 : -1;
        act_pause(&top, &row, 1);
        act_letters(&top, ACT_DISCARD, DUBLIN, &filter, "dead letters of voice");
        expect_over(2 * (i + 1));
        for (size_t n = 2 * i; n < line_count; n++) {
            assert_int_equal(lines[n].kind, LOG_REFUSED);
            assert_non_null(strstr(lines[n].text, words[i]));
        }
    }
    assert_int_equal(asks, 0);
}

/* -- results ------------------------------------------------------------------------------------
 */

static void test_results(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum log_kind kind;
        const char *line;
    } cases[] = {
        {404, "no such subscription", LOG_REFUSED,
         "not done: pausing voice at dublin: status 404: no such subscription"},
        {401, "no", LOG_AUTH, "not done: pausing voice at dublin: status 401: no"},
        {403, "no", LOG_AUTH, "not done: pausing voice at dublin: status 403: no"},
        {500, "full", LOG_UNKNOWN,
         "unknown: the endpoint failed; look before doing it again: pausing voice at dublin: "
         "status 500: full"},
        {408, "late", LOG_UNKNOWN,
         "unknown: the endpoint failed; look before doing it again: pausing voice at dublin: "
         "status 408: late"},
        {200, RESUMED, LOG_UNKNOWN,
         "unknown: its answer cannot be read; look before doing it again: pausing voice at dublin"},
        {200, "<html>", LOG_UNKNOWN,
         "unknown: its answer cannot be read; look before doing it again: pausing voice at dublin"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pause_voice(DUBLIN);
        type("why");
        answer(cases[i].status, cases[i].body);
        expect_over(i + 1);
        expect_line(i, cases[i].kind, cases[i].line);
    }
}

static void test_no_answer(void **state)
{
    (void)state;
    pause_voice(DUBLIN);
    type("why");
    break_off(INGEST_NOT_SENT, "not sent: no route");
    pause_voice(DUBLIN);
    type("why");
    break_off(INGEST_LOST, "no whole answer: reset");
    no_memory = true;
    pause_voice(DUBLIN);
    type("why");
    expect_over(3);
    expect_line(0, LOG_REFUSED, "not done: pausing voice at dublin: not sent: no route");
    expect_line(
        1, LOG_UNKNOWN,
        "unknown: the connection broke; look before doing it again: pausing voice at dublin: "
        "no whole answer: reset");
    expect_line(2, LOG_REFUSED, "not done: pausing voice at dublin: not sent: there is no memory");
}

static void test_leaving_while_it_is_sent(void **state)
{
    (void)state;
    pause_voice(DUBLIN);
    type("why");
    press(KEY_ESCAPE_);
    expect_over(1);
    assert_int_equal(cancelled, 1);
    expect_line(0, LOG_UNKNOWN,
                "unknown: it was left before the answer came; look before doing it again: "
                "pausing voice at dublin");
}

static void test_quitting(void **state)
{
    (void)state;
    pause_voice(DUBLIN);
    dialog_close(&top); /* before anything was asked for */
    expect_over(0);
    pause_voice(DUBLIN);
    type("why");
    dialog_close(&top);
    expect_over(1);
    assert_int_equal(lines[0].kind, LOG_UNKNOWN);
}

/* What a signal interrupts, nobody would read in the log. */
static void test_last_words(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 65536);
    pause_voice(DUBLIN);
    type("why");
    answer(200, PAUSED);
    act_last_words(&top, &out);
    assert_string_equal(buf_text(&out), ""); /* it was on the screen */
    pause_voice(DUBLIN);
    type("why");
    break_off(INGEST_LOST, "\x1b[2J");
    pause_voice(DUBLIN);
    type("why");
    act_last_words(&top, &out);
    expect_over(3);
    assert_string_equal(buf_text(&out),
                        "unknown: the connection broke; look before doing it again: pausing voice "
                        "at dublin: ?[2J\n"
                        "unknown: it was left before the answer came; look before doing it again: "
                        "pausing voice at dublin\n");
    buf_release(&out);
}

/* -- several ------------------------------------------------------------------------------------
 */

static void pause_all(void)
{
    static const size_t both[] = {CHAT, VOICE};

    act_pause(&top, both, 2);
    press('G');
    press(KEY_ENTER_);
    expect_shown("chat at frankfurt, voice at frankfurt, voice at dublin");
    type("why");
    type("frankfurt");
}

/* What is done is marked no more; voice, which one endpoint refused, is still to do. */
static void test_several(void **state)
{
    bool marks[] = {[CHAT] = true, [VOICE] = true};

    (void)state;
    top.marks = marks;
    top.mark_capacity = 2;
    pause_all();
    expect_asked(FRANKFURT, "/v1/subscriptions/c%2F1/pause", PAUSE_BODY);
    answer(200, PAUSED);
    expect_asked(FRANKFURT, VOICE_PATH "pause", PAUSE_BODY);
    expect_shown("2 of 3");
    answer(404, "gone");
    expect_asked(DUBLIN, VOICE_PATH "pause", PAUSE_BODY);
    answer(200, PAUSED);
    expect_over(4);
    expect_line(0, LOG_DONE, "paused chat at frankfurt");
    expect_line(1, LOG_REFUSED, "not done: pausing voice at frankfurt: status 404: gone");
    expect_line(2, LOG_DONE, "paused voice at dublin");
    expect_line(3, LOG_REFUSED,
                "paused 2 of 3: 1 not done, 0 unknown, 0 not tried; the log tells which");
    assert_true(!marks[CHAT] && marks[VOICE]);
    for (size_t i = 0; i < line_count; i++)
        assert_int_equal(lines[i].said, i == 3);
}

static void test_several_without_memory(void **state)
{
    (void)state;
    no_memory = true;
    pause_all();
    for (int i = 0; i < 3; i++)
        step();
    expect_over(4);
    expect_line(3, LOG_REFUSED,
                "paused 0 of 3: 3 not done, 0 unknown, 0 not tried; the log tells which");
}

static void test_several_left(void **state)
{
    (void)state;
    pause_all();
    answer(200, PAUSED);
    press(KEY_ESCAPE_);
    expect_over(4);
    expect_line(0, LOG_DONE, "paused chat at frankfurt");
    assert_int_equal(lines[1].kind, LOG_UNKNOWN);
    expect_line(2, LOG_NOTE, "not done: pausing voice at dublin: left before it was sent");
    expect_line(3, LOG_UNKNOWN,
                "paused 1 of 3: 0 not done, 1 unknown, 1 not tried; the log tells which");
}

static void test_several_done(void **state)
{
    bool marks[] = {[CHAT] = true, [VOICE] = true};

    (void)state;
    top.marks = marks;
    top.mark_capacity = 2;
    pause_all();
    for (int i = 0; i < 3; i++)
        answer(200, PAUSED);
    expect_over(4);
    expect_line(1, LOG_DONE, "paused voice at frankfurt");
    expect_line(3, LOG_DONE,
                "paused 3 of 3: 0 not done, 0 unknown, 0 not tried; the log tells which");
    assert_true(!marks[CHAT] && !marks[VOICE]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_pause),
        UNIT(test_menu),
        UNIT(test_resume_when_all_are_paused),
        UNIT(test_mixed),
        UNIT(test_only_one_endpoint_has_it),
        UNIT(test_nothing_to_pause),
        UNIT(test_empty_reason),
        UNIT(test_production),
        UNIT(test_escape_sends_nothing),
        UNIT(test_when_nothing_may_be_changed),
        UNIT(test_results),
        UNIT(test_no_answer),
        UNIT(test_leaving_while_it_is_sent),
        UNIT(test_quitting),
        UNIT(test_last_words),
        UNIT(test_several),
        UNIT(test_several_without_memory),
        UNIT(test_several_left),
        UNIT(test_several_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
