/* Replaying and discarding, key by key and answer by answer; and that all sizes can be drawn. */
#include "tests/unit/test_tui_act_fixture.h"

#define SELECTED "\"filter\":{\"subscription\":\"v 1\",\"until\":6000}"
#define DRY_LEFT "{\"dry_run\":true," SELECTED "}"

/* -- dead letters -------------------------------------------------------------------------------
 */

static void begin(enum act_kind kind, size_t endpoint)
{
    act_letters(&top, kind, endpoint, &filter, "dead letters of voice");
    step();
}

static void test_discard(void **state)
{
    (void)state;
    begin(ACT_DISCARD, DUBLIN);
    expect_asked(DUBLIN, "/v1/dlq/discard",
                 "{\"dry_run\":true,\"filter\":{\"subscription\":\"v 1\"}}");
    expect_shown("Counting");
    answer(200, "{\"dry_run\":true,\"count\":12,\"bytes\":3}");
    expect_shown("dead letters of voice");
    expect_shown("12");
    expect_shown("removed for good");
    type("old");
    /* Those that die after they were counted are not meant. */
    expect_asked(DUBLIN, "/v1/dlq/discard", "{\"by\":\"dana\"," SELECTED ",\"reason\":\"old\"}");
    answer(200, "{\"dry_run\":false,\"discarded\":11}");
    expect_over(1);
    expect_line(0, LOG_DONE, "discarded 11: dead letters of voice at dublin");
}

static void test_nothing_is_there(void **state)
{
    (void)state;
    begin(ACT_DISCARD, DUBLIN);
    answer(200, "{\"count\":0}");
    expect_over(1);
    assert_int_equal(lines[0].kind, LOG_NOTE);
}

static void test_counting_fails(void **state)
{
    static const struct {
        long status; /* 0: lost */
        const char *body;
        enum log_kind kind;
    } cases[] = {{0, "", LOG_PROBLEM},
                 {401, "no", LOG_AUTH},
                 {400, "no", LOG_REFUSED},
                 {503, "full", LOG_PROBLEM},
                 {200, "{}", LOG_PROBLEM}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(ACT_REPLAY, DUBLIN);
        if (cases[i].status)
            answer(cases[i].status, cases[i].body);
        else
            break_off(INGEST_LOST, "reset");
        expect_over(i + 1);
        assert_int_equal(lines[i].kind, cases[i].kind);
        assert_non_null(strstr(lines[i].text, "could not be counted"));
    }
}

static void test_leaving_while_it_counts(void **state)
{
    (void)state;
    begin(ACT_REPLAY, DUBLIN);
    press(KEY_ESCAPE_);
    expect_over(0);
    assert_int_equal(cancelled, 1);
}

static void test_rate(void **state)
{
    static const char *const wrong[] = {"",    "x",    "-1",    "nan", "inf",
                                        "1e3", "0x10", "1.2.3", "1 2", "."};

    (void)state;
    begin(ACT_REPLAY, DUBLIN);
    answer(200, "{\"count\":12}");
    expect_shown("rate: 10");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        type(wrong[i]);
        expect_shown("A rate is a number");
    }
    type("0.5");
    expect_shown("0.5 a second");
    type("why");
    expect_asked(DUBLIN, "/v1/dlq/replay",
                 "{\"by\":\"dana\"," SELECTED ",\"rate\":0.5,\"reason\":\"why\"}");
}

/* Replays 12, as the rate's default says, up to the first look at what is left. */
static void replay(size_t endpoint)
{
    begin(ACT_REPLAY, endpoint);
    answer(200, "{\"count\":12}");
    press(KEY_ENTER_);
    type("why");
    if (endpoint == FRANKFURT)
        type("frankfurt");
    expect_asked(endpoint, "/v1/dlq/replay",
                 filter.ids ? "{\"by\":\"dana\",\"ids\":[3,4],\"rate\":10.0,\"reason\":\"why\"}"
                            : "{\"by\":\"dana\"," SELECTED ",\"rate\":10.0,\"reason\":\"why\"}");
    answer_at(200, "{\"dry_run\":false,\"replaying\":12}", 9);
}

static void test_replay(void **state)
{
    (void)state;
    replay(FRANKFURT);
    expect_asked(FRANKFURT, "/v1/dlq/abort", DRY_LEFT);
    answer(200, "{\"count\":5}");
    expect_shown("7 of 12 done, 5 left");
    assert_int_equal(asked.number, 0);
    top.now_ms += 999;
    step();
    assert_int_equal(asked.number, 0); /* not yet */
    top.now_ms++;
    step();
    break_off(INGEST_LOST, "reset"); /* it is looked at again */
    expect_shown("How many are left is not known: reset");
    top.now_ms += 1000;
    step();
    expect_asked(FRANKFURT, "/v1/dlq/abort", DRY_LEFT);
    answer(200, "{\"count\":0}");
    expect_asked(FRANKFURT, "/v1/dlq/replay",
                 "{\"dry_run\":true,\"filter\":{\"came_back\":true,\"since\":9000,"
                 "\"subscription\":\"v 1\"}}");
    answer(200, "{\"count\":1}");
    expect_over(1);
    expect_line(0, LOG_REFUSED,
                "replayed 12, 11 delivered, 1 came back: dead letters of voice at frankfurt");
}

static void test_replay_of_ids(void **state)
{
    int64_t ids[] = {3, 4};

    (void)state;
    filter.ids = ids;
    filter.id_count = 2;
    replay(DUBLIN);
    ids[0] = ids[1] = 99; /* they were copied */
    expect_asked(DUBLIN, "/v1/dlq/abort", "{\"dry_run\":true,\"ids\":[3,4]}");
    answer(200, "{\"count\":0}");
    expect_asked(DUBLIN, "/v1/dlq/replay", "{\"dry_run\":true,\"ids\":[3,4]}");
    answer(200, "{\"count\":2}");
    expect_line(0, LOG_REFUSED,
                "replayed 12, 10 delivered, 2 came back: dead letters of voice at dublin");
    expect_over(1);
}

/* What comes back may do so for another reason than it was selected by. */
static void test_back_for_another_reason(void **state)
{
    (void)state;
    filter.reason = "http-500";
    filter.type = "T";
    filter.since_ms = 1;
    filter.until_ms = 2;
    filter.came_back = 0;
    begin(ACT_REPLAY, DUBLIN);
    answer(200, "{\"count\":12}");
    press(KEY_ENTER_);
    type("why");
    assert_non_null(strstr(asked.body, "\"until\":2}")); /* it was narrower already */
    answer_at(200, "{\"replaying\":12}", 9);
    answer(200, "{\"count\":0}");
    expect_asked(DUBLIN, "/v1/dlq/replay",
                 "{\"dry_run\":true,\"filter\":{\"came_back\":true,\"since\":9000,"
                 "\"subscription\":\"v 1\",\"type\":\"T\"}}");
}

/* Without its clock nobody can tell which came back since. */
static void test_no_date(void **state)
{
    (void)state;
    begin(ACT_REPLAY, DUBLIN);
    answer_at(200, "{\"count\":12}", -1);
    press(KEY_ENTER_);
    type("why");
    assert_null(strstr(asked.body, "until"));
    answer_at(200, "{\"replaying\":12}", -1);
    answer(200, "{\"count\":0}");
    expect_over(1);
    expect_line(0, LOG_UNKNOWN,
                "unknown how many of 12 were delivered: dead letters of voice at dublin");
}

static void test_what_came_back_is_not_known(void **state)
{
    (void)state;
    replay(DUBLIN);
    answer(200, "{\"count\":0}");
    answer(500, "no");
    expect_over(1);
    expect_line(0, LOG_UNKNOWN,
                "unknown how many of 12 were delivered: dead letters of voice at dublin");
    replay(DUBLIN);
    answer(200, "{\"count\":0}");
    answer(200, "{\"count\":99}"); /* more than there were: others replay too */
    expect_line(1, LOG_PROBLEM,
                "replayed 12, 0 delivered, 12 came back: dead letters of voice at dublin");
}

static void test_replay_fails(void **state)
{
    (void)state;
    begin(ACT_REPLAY, DUBLIN);
    answer(200, "{\"count\":12}");
    press(KEY_ENTER_);
    type("why");
    break_off(INGEST_LOST, "reset");
    expect_over(1);
    expect_line(0, LOG_UNKNOWN,
                "unknown: the connection broke; look before doing it again: "
                "replaying dead letters of voice at dublin: reset");
    begin(ACT_REPLAY, DUBLIN);
    answer(200, "{\"count\":12}");
    press(KEY_ENTER_);
    type("why");
    answer(200, "{\"replaying\":0}");
    expect_over(2);
    expect_line(1, LOG_NOTE, "replayed 0, none waited any more: dead letters of voice at dublin");
}

static void abort_with(int64_t left)
{
    char body[64];

    snprintf(body, sizeof(body), "{\"count\":%lld}", (long long)left);
    replay(DUBLIN);
    answer(200, body);
    press(KEY_ESCAPE_);
    expect_asked(DUBLIN, "/v1/dlq/abort",
                 "{\"by\":\"dana\"," SELECTED ",\"reason\":\"taken back: why\"}");
}

static void test_abort(void **state)
{
    (void)state;
    abort_with(8);
    answer(200, "{\"dry_run\":false,\"aborted\":6}");
    expect_line(0, LOG_DONE, "took back 6 of 12: dead letters of voice at dublin");
    expect_shown("6 of 12 taken back, 4 done, 2 left");
    expect_asked(DUBLIN, "/v1/dlq/abort", DRY_LEFT); /* what has begun is waited for */
    answer(200, "{\"count\":0}");
    answer(200, "{\"count\":1}");
    expect_over(2);
    expect_line(1, LOG_REFUSED,
                "replayed 6, 5 delivered, 1 came back, 6 taken back: dead letters of voice at "
                "dublin");
}

static void test_abort_cancels_the_look(void **state)
{
    (void)state;
    replay(DUBLIN);
    press(KEY_ESCAPE_);
    assert_int_equal(cancelled, 1);
    expect_asked(DUBLIN, "/v1/dlq/abort",
                 "{\"by\":\"dana\"," SELECTED ",\"reason\":\"taken back: why\"}");
    press(KEY_ESCAPE_);
    expect_over(1); /* nothing is said after this, as if all were well */
    expect_line(0, LOG_UNKNOWN,
                "unknown: it was left before the answer came; look before doing it again: "
                "taking back dead letters of voice at dublin");
}

static void test_abort_is_refused(void **state)
{
    (void)state;
    abort_with(8);
    answer(400, "no");
    expect_line(0, LOG_REFUSED,
                "not done: taking back dead letters of voice at dublin: status 400: no");
    press(KEY_ESCAPE_); /* the second one leaves */
    expect_over(2);
    expect_line(1, LOG_NOTE, "goes on, 8 of 12 were left: dead letters of voice at dublin");
    assert_int_equal(asks, 5); /* count, replay, look, abort, look */
}

static void test_abort_is_lost(void **state)
{
    (void)state;
    abort_with(8);
    break_off(INGEST_LOST, "reset");
    assert_int_equal(lines[0].kind, LOG_UNKNOWN);
    answer(200, "{\"count\":3}");
    expect_shown("3 of 12 left; how many were taken back is not known");
    top.now_ms += 1000;
    step();
    answer(200, "{\"count\":0}");
    expect_over(2);
    expect_line(1, LOG_UNKNOWN,
                "unknown how many of 12 were delivered: dead letters of voice at dublin");
    abort_with(8);
    break_off(INGEST_LOST, "reset");
    press(KEY_ESCAPE_);
    expect_over(4);
    expect_line(3, LOG_UNKNOWN,
                "unknown how many of 12 were taken back, the others go on: dead letters of voice "
                "at dublin");
}

/* None is left: there is nothing to watch. */
static void test_abort_takes_all_back(void **state)
{
    (void)state;
    abort_with(8);
    answer(200, "{\"aborted\":8}");
    answer(200, "{\"count\":0}");
    expect_over(2);
    expect_line(1, LOG_DONE,
                "replayed 4, 4 delivered, 0 came back, 8 taken back: dead letters of voice at "
                "dublin");
}

static void test_nothing_came_back(void **state)
{
    (void)state;
    replay(DUBLIN);
    answer(200, "{\"count\":0}");
    answer(200, "{\"count\":0}");
    expect_over(1);
    expect_line(0, LOG_DONE,
                "replayed 12, 12 delivered, 0 came back: dead letters of voice at dublin");
}

static void test_in_the_background(void **state)
{
    (void)state;
    replay(DUBLIN);
    answer(200, "{\"count\":5}");
    expect_shown("b leaves it going on");
    press('b');
    expect_over(1);
    assert_int_equal(asks, 3); /* count, replay, look: nothing was taken back */
    expect_line(0, LOG_NOTE, "goes on, 5 of 12 were left: dead letters of voice at dublin");
}

static void test_leaving_the_last_look(void **state)
{
    (void)state;
    replay(DUBLIN);
    answer(200, "{\"count\":0}");
    press(KEY_ESCAPE_);
    expect_over(1);
    expect_line(0, LOG_UNKNOWN,
                "unknown how many of 12 were delivered: dead letters of voice at dublin");
}

/* -- every size ---------------------------------------------------------------------------------
 */

/* The last is great enough to confirm on. */
static void draw_everywhere(void)
{
    for (int size = 0; size <= 40 * 12; size++) {
        struct canvas canvas;
        int height = size == 40 * 12 ? 100 : 1 + size % 12;
        assert_true(canvas_init(&canvas, height, 1 + size / 12 * 3, size % 2));
        top.dialog->draw(top.dialog, &top, &canvas);
        assert_int_equal(canvas.height, canvas.rows); /* it is whole again */
        assert_int_equal(canvas.width, canvas.columns);
        assert_true(canvas.cursor_row < canvas.rows && canvas.cursor_column < canvas.columns);
        canvas_release(&canvas);
    }
}

static void test_every_size(void **state)
{
    static const size_t row = VOICE;
    char name[2001];

    (void)state;
    act_pause(&top, &row, 1);
    draw_everywhere();
    dialog_close(&top);
    for (size_t i = 0; i < sizeof(name) - 1; i++)
        name[i] = "\x1b[2J\xe6\xbc\xa2\xcc\x81\xff"[i % 10];
    name[sizeof(name) - 1] = '\0';
    act_letters(&top, ACT_REPLAY, DUBLIN, &filter, name);
    step();
    draw_everywhere();
    answer(200, "{\"count\":9223372036854775807}");
    draw_everywhere();
    press(KEY_ENTER_);
    draw_everywhere();
    type("why");
    answer(200, "{\"replaying\":9223372036854775807}");
    answer(200, "{\"count\":1}");
    draw_everywhere();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_discard),
        UNIT(test_nothing_is_there),
        UNIT(test_counting_fails),
        UNIT(test_leaving_while_it_counts),
        UNIT(test_rate),
        UNIT(test_replay),
        UNIT(test_replay_of_ids),
        UNIT(test_back_for_another_reason),
        UNIT(test_no_date),
        UNIT(test_what_came_back_is_not_known),
        UNIT(test_replay_fails),
        UNIT(test_abort),
        UNIT(test_abort_cancels_the_look),
        UNIT(test_abort_is_refused),
        UNIT(test_abort_is_lost),
        UNIT(test_abort_takes_all_back),
        UNIT(test_nothing_came_back),
        UNIT(test_in_the_background),
        UNIT(test_leaving_the_last_look),
        UNIT(test_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
