/* Text and JSON without a screen: prints, once or each interval. A recording is gone through as
 * fast as it can be read. */
#include "tui/loop_state.h"

#include "core/text.h"
#include "tui/once.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    OUTPUT_MOST = 256 * 1024 * 1024,
    COLUMNS_USUAL = 120,
    COLUMNS_LEAST = 20,
    GENESYS_WAIT_MS = 15000, /* how long the first print waits for the Genesys side */
    WAIT_MOST_MS = 1000,
};

struct text {
    struct loop *loop;
    struct query *query;
    struct order order;
    int columns;
    bool ascii, replay;
    int64_t now_ms, begun_ms;
    int64_t due_ms; /* of the next print; -1: the first is waited for */
    int64_t prints;
    int64_t drift_ms; /* of the snapshot that was taken last; -1: none */
    bool closed;      /* nobody reads stdout any more */
    struct signals came;
};

/* -- what is asked for --------------------------------------------------------------------------
 */

static int find_columns(const struct top_settings *settings)
{
    const char *variable = getenv("COLUMNS");
    struct winsize size;
    long columns = settings->columns;

    if (columns <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    if (columns <= 0 && variable)
        columns = strtol(variable, NULL, 10);
    if (columns <= 0)
        columns = COLUMNS_USUAL;
    return columns < COLUMNS_LEAST         ? COLUMNS_LEAST
           : columns > CANVAS_COLUMNS_MOST ? CANVAS_COLUMNS_MOST
                                           : (int)columns;
}

static bool set_sort(struct order *order, const char *name, struct error *error)
{
    const char *names[COLUMNS + 1] = {NULL};
    int column = column_find(name);
    const char *nearest;

    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = column_table[i].name;
    nearest = text_nearest(name, names);
    if (column < 0)
        return error_set(error, ERROR_INVALID, "--sort %s: there is no such column%s%s%s", name,
                         nearest ? "; did you mean " : "", nearest ? nearest : "",
                         nearest ? "?" : "");
    order->by = (enum column_id)column;
    return true;
}

/* -- writing ------------------------------------------------------------------------------------
 */

/* In pieces that a pipe takes at once, so that a reader that stands still delays no signal. False:
 * it was interrupted, or nobody reads. */
static bool write_all(struct text *text, const char *bytes, size_t length)
{
    enum { PIECE = 4096 };

    while (length > 0) {
        struct pollfd fds[] = {{STDOUT_FILENO, POLLOUT, 0}, {signals_fd(), POLLIN, 0}};
        ssize_t written;
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return false;
        if (fds[1].revents) {
            text->came = signals_take();
            if (text->came.end)
                return false;
        }
        if (!fds[0].revents)
            continue;
        written = write(STDOUT_FILENO, bytes, length < PIECE ? length : PIECE);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            text->closed = true;
            return false;
        }
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool print(struct text *text, struct error *error)
{
    const struct loop *loop = text->loop;
    struct once once = {.fleet = loop->fleet,
                        .order = &text->order,
                        .step = fleet_last(loop->fleet),
                        .now_ms = text->now_ms,
                        .columns = text->columns,
                        .ascii = text->ascii};
    struct buf out;
    bool ok;

    buf_init(&out, OUTPUT_MOST);
    ok = order_make(&text->order, loop->fleet, once.step, text->query) &&
         (loop->settings->json ? once_json(&once, &out) : once_text(&once, &out));
    if (!ok)
        error_no_memory(error);
    else
        (void)write_all(text, buf_text(&out), out.length);
    text->prints++;
    buf_release(&out);
    return ok;
}

/* -- the Genesys side ---------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* False: no memory. */
static bool take_drift(struct text *text)
{
    struct loop *loop = text->loop;
    const json_t *snapshot =
        loop->genesys ? genesys_snapshot(loop->genesys) : wire_genesys(loop->wire, text->now_ms);
    const json_t *all = json_object_get(snapshot, "subscriptions"), *one;
    int64_t at_ms = json_integer_value(json_object_get(snapshot, "at_ms"));
    struct fleet_drift *drifts;
    size_t i;
    bool ok;

    if (!snapshot || at_ms == text->drift_ms)
        return true;
    drifts = calloc(json_array_size(all) + 1, sizeof(*drifts));
    if (!drifts)
        return false;
    json_array_foreach(all, i, one) drifts[i] = (struct fleet_drift){
        text_of(one, "id"), text_of(one, "name"), text_of(one, "drift"), text_of(one, "health"),
        json_integer_value(json_object_get(one, "version"))};
    ok = fleet_drift(loop->fleet, drifts, json_array_size(all));
    free(drifts);
    text->drift_ms = at_ms;
    return ok;
}

/* -- when to print ------------------------------------------------------------------------------
 */

/* Every endpoint told twice, so that there are rates, or failed. */
static bool may_begin(const struct text *text)
{
    const struct loop *loop = text->loop;

    if (!watch_all_heard(loop->watch) || !watch_all_sampled(loop->watch, 2))
        return false;
    return !loop->genesys || genesys_snapshot(loop->genesys) ||
           text->now_ms - text->begun_ms >= GENESYS_WAIT_MS;
}

static bool is_done(const struct text *text)
{
    const struct top_settings *settings = text->loop->settings;
    int64_t wanted = settings->count > 0 ? settings->count : settings->once ? 1 : INT64_MAX;

    return text->closed || text->came.end || text->prints >= wanted;
}

/* Closes a step where one is due, and prints it unless only the last of a recording is wanted. */
static bool beat(struct text *text, bool last, struct error *error)
{
    struct loop *loop = text->loop;
    bool begins = text->due_ms < 0 && may_begin(text);
    bool only_last = text->replay && loop->settings->once;

    if (fleet_last(loop->fleet) < 0 && watch_all_heard(loop->watch) && !begins &&
        !fleet_tick(loop->fleet, text->now_ms)) /* what the first rates are reckoned from */
        return error_no_memory(error);
    if (!last && !begins && (text->due_ms < 0 || text->now_ms < text->due_ms))
        return true;
    /* A little after the answers of that interval. */
    if (text->due_ms < 0)
        text->due_ms = text->now_ms + loop->interval_ms / 10;
    while (text->due_ms <= text->now_ms)
        text->due_ms += loop->interval_ms;
    if (begins)
        text->due_ms = text->now_ms + loop->interval_ms + loop->interval_ms / 10;
    if (!fleet_tick(loop->fleet, text->now_ms))
        return error_no_memory(error);
    return (only_last && !last) || print(text, error);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* In a recording time goes on by itself, to whatever comes next. */
static void go_on(struct text *text, int64_t wait_ms)
{
    struct loop *loop = text->loop;
    int timeout = (int)least(wait_ms, WAIT_MOST_MS);

    if (text->due_ms >= 0)
        timeout = (int)least(timeout, text->due_ms - text->now_ms);
    if (!text->replay) {
        struct loop_woken woken = loop_wait(loop, -1, STDOUT_FILENO, timeout);
        text->closed = woken.out_gone;
        text->now_ms = loop_now(loop);
    } else {
        (void)wire_poll(loop->wire, NULL, 0, &timeout);
        text->now_ms = least(text->now_ms + (timeout > 1 ? timeout : 1), loop->last_ms);
    }
    text->came = signals_take();
}

static bool run(struct text *text, struct error *error)
{
    struct loop *loop = text->loop;

    text->now_ms = text->begun_ms = text->replay ? loop->first_ms : loop_now(loop);
    for (;;) {
        bool last = text->replay && text->now_ms >= loop->last_ms, drift;
        int64_t wait_ms = loop_turn(loop, text->now_ms, &drift);
        struct error lost = ERROR_INIT;
        if (last) /* what was asked only now has its answer in the same line */
            (void)loop_turn(loop, text->now_ms, &drift);
        if (!take_drift(text))
            return error_no_memory(error);
        if (!wire_recording_is_well(loop->wire, &lost))
            return error_set(error, lost.code, "%s", lost.text);
        if (!beat(text, last, error))
            return false;
        if (text->came.end)
            return loop_interrupted(error);
        if (last || is_done(text))
            return true;
        go_on(text, wait_ms);
        if (text->came.end)
            return loop_interrupted(error);
        if (text->closed)
            return true;
    }
}

bool loop_text(struct loop *loop, enum top_health *health, struct error *error)
{
    const struct top_settings *settings = loop->settings;
    struct text text = {.loop = loop,
                        .columns = find_columns(settings),
                        .ascii = settings->ascii || strcasecmp(nl_langinfo(CODESET), "UTF-8") != 0,
                        .replay = wire_is_replay(loop->wire),
                        .due_ms = -1,
                        .drift_ms = -1};
    bool ok;

    order_init(&text.order);
    text.query = query_new(settings->filter ? settings->filter : "", error);
    ok = text.query && (!settings->sort || set_sort(&text.order, settings->sort, error)) &&
         run(&text, error);
    *health = top_judge(loop->fleet, text.now_ms);
    order_release(&text.order);
    query_free(text.query);
    return ok;
}
