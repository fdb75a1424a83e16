/* The whole dashboard with a wire of the test's own: status comes by the real watch into the real
 * fleet; what else is asked, a test answers itself. Each function is used by each of the tests. */
#ifndef TESTS_UNIT_TEST_TUI_TOP_FIXTURE_H
#define TESTS_UNIT_TEST_TUI_TOP_FIXTURE_H

#include "tests/unit/unit.h"

#include "core/json.h"
#include "tui/dialog.h"
#include "tui/view.h"

#include <stdio.h>

enum { ENDPOINTS = 2, ASKS_MOST = 32, STEP_MS = 1000, BODY_MOST = 64 * 1024 };
static const int64_t begin_ms = 1795514400000; /* 2026-11-24 10:00:00 UTC */

/* -- the wire -----------------------------------------------------------------------------------
 */

static struct asked {
    unsigned number; /* 0: none */
    size_t endpoint;
    char path[256];
    ingest_done done;
    void *context;
} asks[ASKS_MOST];
static unsigned last_number, cancelled;
static bool no_memory;
static json_t *snapshot; /* of the Genesys side */

size_t wire_endpoints(const struct wire *wire)
{
    (void)wire;
    return ENDPOINTS;
}

bool wire_is_replay(const struct wire *wire)
{
    (void)wire;
    return false;
}

const json_t *wire_genesys(const struct wire *wire, int64_t now_ms)
{
    (void)wire, (void)now_ms;
    return snapshot;
}

unsigned wire_ask(struct wire *wire, size_t endpoint, const char *method, const char *path,
                  const json_t *body, ingest_done done, void *context)
{
    (void)wire;
    assert_string_equal(method, "GET"); /* nothing here changes anything */
    assert_null(body);
    for (size_t i = 0; i < ASKS_MOST && !no_memory; i++)
        if (!asks[i].number) {
            asks[i] = (struct asked){
                .number = ++last_number, .endpoint = endpoint, .done = done, .context = context};
            snprintf(asks[i].path, sizeof(asks[i].path), "%s", path);
            return last_number;
        }
    return 0;
}

void wire_cancel(struct wire *wire, unsigned ask)
{
    (void)wire;
    for (size_t i = 0; i < ASKS_MOST; i++)
        if (asks[i].number == ask) {
            asks[i].number = 0;
            cancelled++;
            return;
        }
    fail_msg("a call is cancelled that is not under way");
}

/* The oldest that is under way and begins so; NULL. */
static struct asked *asking(size_t endpoint, const char *path)
{
    struct asked *oldest = NULL;

    for (size_t i = 0; i < ASKS_MOST; i++)
        if (asks[i].number && asks[i].endpoint == endpoint &&
            strncmp(asks[i].path, path, strlen(path)) == 0 &&
            (!oldest || asks[i].number < oldest->number))
            oldest = &asks[i];
    return oldest;
}

/* Status 0: nothing was sent. */
static void answer(struct asked *one, long status, const char *body)
{
    struct ingest_answer given = {.end = status ? INGEST_ANSWERED : INGEST_NOT_SENT,
                                  .status = status,
                                  .body = body,
                                  .length = strlen(body),
                                  .date_s = -1,
                                  .error = ERROR_INIT};
    struct asked asked;

    assert_non_null(one);
    asked = *one;
    if (status < 200 || status >= 300)
        error_set(&given.error, ERROR_FAILED, "trouble %ld", status);
    one->number = 0;
    asked.done(asked.context, &given);
}

/* -- actions ------------------------------------------------------------------------------------
 */

static struct {
    size_t pauses, count, rows[8]; /* of the last act_pause */
    size_t acts, endpoint, id_count;
    enum act_kind kind;
    char what[300], subscription[64], reason[64];
    int came_back;
    int64_t ids[8];
} acted;

void act_pause(struct top *top, const size_t *rows, size_t count)
{
    (void)top;
    acted.pauses++;
    acted.count = count;
    for (size_t i = 0; i < count && i < 8; i++)
        acted.rows[i] = rows[i];
}

void act_letters(struct top *top, enum act_kind kind, size_t endpoint,
                 const struct letter_filter *filter, const char *what)
{
    (void)top;
    acted.acts++;
    acted.kind = kind;
    acted.endpoint = endpoint;
    acted.id_count = filter->id_count;
    acted.came_back = filter->came_back;
    snprintf(acted.what, sizeof(acted.what), "%s", what);
    snprintf(acted.subscription, sizeof(acted.subscription), "%s",
             filter->subscription ? filter->subscription : "");
    snprintf(acted.reason, sizeof(acted.reason), "%s", filter->reason ? filter->reason : "");
    for (size_t i = 0; i < filter->id_count && i < 8; i++)
        acted.ids[i] = filter->ids[i];
}

/* -- the world ----------------------------------------------------------------------------------
 */

static struct fleet *fleet;
static struct watch *watch;
static struct top *top;
static int64_t now_ms;
/* What the endpoints say of "a", "b" and "c"; `down`: nothing. */
static int64_t depths[ENDPOINTS][3];
static const char *reasons[ENDPOINTS];
static long down[ENDPOINTS];
static bool silent;

static struct top *top_make(const char *query, const char *sort, bool read_only,
                            struct error *error)
{
    const struct top_options options = {.watch = watch,
                                        .fleet = fleet,
                                        .read_only = read_only,
                                        .who = "ops",
                                        .save_folder = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp",
                                        .query = query,
                                        .sort = sort,
                                        .interval_ms = STEP_MS};

    return top_new(&options, error);
}

static int setup(void **state)
{
    static const struct fleet_endpoint endpoints[ENDPOINTS] = {
        {"frankfurt", "https://f.example:8444", true}, {"dublin", "https://d.example:8444", false}};
    struct error error = ERROR_INIT;

    (void)state;
    memset(asks, 0, sizeof(asks));
    memset(depths, 0, sizeof(depths));
    memset(down, 0, sizeof(down));
    memset(&acted, 0, sizeof(acted));
    reasons[0] = reasons[1] = "";
    cancelled = 0;
    no_memory = silent = false;
    snapshot = NULL;
    now_ms = begin_ms;
    fleet = fleet_new(endpoints, ENDPOINTS, STEP_MS, 20);
    watch = watch_new(NULL, fleet, STEP_MS);
    top = top_make(NULL, "depth", false, &error);
    return top ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    top_free(top);
    watch_free(watch);
    fleet_free(fleet);
    json_decref(snapshot);
    return 0;
}

static void answer_status(size_t endpoint)
{
    struct asked *status = asking(endpoint, "/v1/status");
    char body[4096];

    if (!status || silent)
        return;
    snprintf(body, sizeof(body),
             "{\"status_version\":1,\"instance\":\"i\",\"version\":\"1\",\"now_ms\":%lld,"
             "\"ready\":true,\"dead_letters\":{\"count\":0,\"reasons\":[%s]},\"subscriptions\":["
             "{\"id\":\"a\",\"name\":\"alpha\",\"depth\":%d},"
             "{\"id\":\"b\",\"name\":\"beta\",\"depth\":%d},"
             "{\"id\":\"c\",\"name\":\"gamma\",\"depth\":%d}]}",
             (long long)now_ms, reasons[endpoint], (int)depths[endpoint][0],
             (int)depths[endpoint][1], (int)depths[endpoint][2]);
    answer(status, down[endpoint] ? down[endpoint] : 200, body);
}

/* Goes on by so much in turns as the loop has them. */
static void go_on(int64_t ms)
{
    for (int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
        now_ms += 100;
        (void)watch_step(watch, now_ms);
        for (size_t i = 0; i < ENDPOINTS; i++)
            answer_status(i);
        top_step(top, now_ms);
    }
}

static void press(const char *keys)
{
    char name[16];

    for (size_t length; *keys; keys += length + (keys[length] == ' ')) {
        length = strcspn(keys, " ");
        snprintf(name, sizeof(name), "%.*s", (int)length, keys);
        top_key(top, key_of_name(name));
    }
}

static void type(const char *text)
{
    for (; *text; text++)
        top_key(top, (unsigned char)*text);
}

/* The screen as text, valid until the next one. */
static const char *screen_of(int rows, int columns, bool styles)
{
    static char text[BODY_MOST];
    struct canvas canvas;
    struct buf out;

    assert_true(canvas_init(&canvas, rows, columns, false));
    canvas_clear(&canvas);
    top_draw(top, &canvas);
    buf_init(&out, sizeof(text) - 1);
    canvas_dump(&canvas, styles, &out);
    snprintf(text, sizeof(text), "%s", buf_text(&out));
    buf_release(&out);
    canvas_release(&canvas);
    return text;
}

static const char *screen(void)
{
    return screen_of(24, 80, false);
}

static void assert_shows(const char *text)
{
    const char *shown = screen();

    if (!strstr(shown, text))
        fail_msg("\"%s\" is not on the screen:\n%s", text, shown);
}

static void assert_shows_not(const char *text)
{
    const char *shown = screen();

    if (strstr(shown, text))
        fail_msg("\"%s\" is on the screen:\n%s", text, shown);
}

#endif
