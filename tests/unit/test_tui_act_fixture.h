/* What the tests of actions share: a wire, a fleet and a log of their own, and keys and answers.
 * What is inline is not used by each of them. */
#ifndef TESTS_UNIT_TEST_TUI_ACT_FIXTURE_H
#define TESTS_UNIT_TEST_TUI_ACT_FIXTURE_H

#include "tests/unit/unit.h"

#include "core/json.h"
#include "tui/dialog.h"

#include <stdio.h>

enum { ENDPOINTS = 3, LINES_MOST = 16 };

/* -- the wire -----------------------------------------------------------------------------------
 */

static struct {
    unsigned number; /* 0: nothing is under way */
    size_t endpoint;
    char path[512], body[1024];
    ingest_done done;
    void *context;
} asked;
static unsigned last_number, asks, cancelled;
static bool no_memory, is_replay;

unsigned wire_ask(struct wire *wire, size_t endpoint, const char *method, const char *path,
                  const json_t *body, ingest_done done, void *context)
{
    char *text = json_write(body, JSON_COMPACT | JSON_SORT_KEYS);

    (void)wire;
    assert_string_equal(method, "POST");
    assert_int_equal(asked.number, 0); /* one at a time */
    if (no_memory) {
        free(text);
        return 0;
    }
    asks++;
    asked.number = ++last_number;
    asked.endpoint = endpoint;
    snprintf(asked.path, sizeof(asked.path), "%s", path);
    snprintf(asked.body, sizeof(asked.body), "%s", text);
    asked.done = done;
    asked.context = context;
    free(text);
    return last_number;
}

void wire_cancel(struct wire *wire, unsigned ask)
{
    (void)wire;
    assert_int_equal(ask, asked.number);
    asked.number = 0;
    cancelled++;
}

bool wire_is_replay(const struct wire *wire)
{
    (void)wire;
    return is_replay;
}

/* -- the fleet ----------------------------------------------------------------------------------
 */

/* frankfurt (production) has chat and voice, dublin voice, and london nothing that was heard. */
static struct sample_subscription frankfurt[] = {{.id = "c/1", .paused = SAMPLE_NO},
                                                 {.id = "v 1", .paused = SAMPLE_NO}};
static struct sample_subscription dublin[] = {{.id = "v 1", .paused = SAMPLE_NO}};
static struct ingest_sample samples[] = {{.subscriptions = frankfurt, .subscription_count = 2},
                                         {.subscriptions = dublin, .subscription_count = 1}};
static const struct row rows[] = {{.id = "c/1", .name = "chat"}, {.id = "v 1", .name = "voice"}};
enum { CHAT, VOICE };

size_t fleet_endpoints(const struct fleet *fleet)
{
    (void)fleet;
    return ENDPOINTS;
}

void fleet_endpoint(const struct fleet *fleet, size_t n, int64_t now_ms, struct endpoint *out)
{
    static const char *const names[] = {"frankfurt", "dublin", "london"};

    (void)fleet, (void)now_ms;
    *out = (struct endpoint){
        .name = names[n], .production = n == 0, .sample = n < 2 ? &samples[n] : NULL};
}

const struct row *fleet_row(const struct fleet *fleet, size_t n)
{
    (void)fleet;
    return &rows[n];
}

/* -- the log ------------------------------------------------------------------------------------
 */

static struct {
    enum log_kind kind;
    bool said; /* not only noted */
    char text[1024];
} lines[LINES_MOST];
static size_t line_count;

static void add_line(struct top *of, enum log_kind kind, bool said, const char *format,
                     va_list arguments)
{
    assert_true(line_count < LINES_MOST);
    of->log_count++;
    lines[line_count].kind = kind;
    lines[line_count].said = said;
    vsnprintf(lines[line_count++].text, sizeof(lines[0].text), format, arguments);
}

void top_say(struct top *of, enum log_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(of, kind, true, format, arguments);
    va_end(arguments);
}

void top_note(struct top *of, enum log_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_line(of, kind, false, format, arguments);
    va_end(arguments);
}

const struct log_line *top_log(const struct top *of, size_t n)
{
    static struct log_line line;

    (void)of;
    if (n >= line_count)
        return NULL;
    line = (struct log_line){.kind = lines[n].kind, .text = lines[n].text};
    return &line;
}

/* -- helpers ------------------------------------------------------------------------------------
 */

static struct top top;
static struct letter_filter filter;

static int setup(void **state)
{
    (void)state;
    top = (struct top){.frozen = -1, .who = "dana", .now_ms = 1000};
    letter_filter_init(&filter);
    filter.subscription = "v 1";
    asked.number = 0;
    line_count = asks = cancelled = 0;
    no_memory = is_replay = false;
    frankfurt[0].paused = frankfurt[1].paused = dublin[0].paused = SAMPLE_NO;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dialog_close(&top);
    return 0;
}

/* As top does. */
static void step(void)
{
    if (top.dialog && !top.dialog->step(top.dialog, &top))
        dialog_close(&top);
}

static void press(int key)
{
    assert_non_null(top.dialog);
    if (!top.dialog->key(top.dialog, &top, key))
        dialog_close(&top);
    step();
}

static void type(const char *text)
{
    press('U' & 0x1F);
    for (; *text; text++)
        press(*text);
    press(KEY_ENTER_);
}

static void give(const struct ingest_answer *answer)
{
    assert_true(asked.number > 0);
    asked.number = 0;
    asked.done(asked.context, answer);
    step();
}

static void answer_at(long status, const char *body, int64_t date_s)
{
    struct ingest_answer answer = {.end = INGEST_ANSWERED,
                                   .status = status,
                                   .body = body,
                                   .length = strlen(body),
                                   .date_s = date_s,
                                   .error = ERROR_INIT};

    if (status < 200 || status >= 300)
        error_set(&answer.error, ERROR_FAILED, "status %ld: %s", status, body);
    give(&answer);
}

static void answer(long status, const char *body)
{
    answer_at(status, body, 5);
}

static inline void break_off(enum ingest_end end, const char *text)
{
    struct ingest_answer answer = {.end = end, .body = "", .date_s = -1, .error = ERROR_INIT};

    error_set(&answer.error, ERROR_FAILED, "%s", text);
    give(&answer);
}

static inline void expect_asked(size_t endpoint, const char *path, const char *body)
{
    assert_true(asked.number > 0);
    assert_int_equal(asked.endpoint, endpoint);
    assert_string_equal(asked.path, path);
    assert_string_equal(asked.body, body);
}

/* The next line of the log; the last one, when the dialog is over. */
static inline void expect_line(size_t n, enum log_kind kind, const char *text)
{
    assert_true(n < line_count);
    assert_string_equal(lines[n].text, text);
    assert_int_equal(lines[n].kind, kind);
}

static void expect_over(size_t count)
{
    assert_null(top.dialog);
    assert_int_equal(asked.number, 0);
    assert_int_equal(line_count, count);
}

static inline void expect_shown(const char *text)
{
    struct canvas canvas;
    struct buf out;

    assert_true(canvas_init(&canvas, 20, 100, true));
    top.dialog->draw(top.dialog, &top, &canvas);
    buf_init(&out, 65536);
    canvas_dump(&canvas, false, &out);
    if (!strstr(buf_text(&out), text))
        fail_msg("\"%s\" is not in\n%s", text, buf_text(&out));
    buf_release(&out);
    canvas_release(&canvas);
}

enum { FRANKFURT, DUBLIN, LONDON };

#endif
