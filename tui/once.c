#include "tui/once.h"

#include "tui/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const once_endpoint_words[] = {[ENDPOINT_WAITING] = "waiting",
                                           [ENDPOINT_LIVE] = "live",
                                           [ENDPOINT_LATE] = "late",
                                           [ENDPOINT_DOWN] = "down"};
static const char *const health_words[] = {
    [TOP_HEALTHY] = "healthy", [TOP_CANNOT_TELL] = "cannot-tell", [TOP_DEGRADED] = "degraded"};

const char *once_health_word(enum top_health health)
{
    return health_words[health];
}

/* -- text ---------------------------------------------------------------------------------------
 */

enum { LINE_MOST = 4096 };

/* One line that is drawn on a canvas of one row: cut to its columns, and made safe. */
static void put_line(struct canvas *canvas, struct buf *out)
{
    canvas_dump(canvas, false, out);
    if (out->length == 0 || out->data[out->length - 1] != '\n')
        buf_add_char(out, '\n');
    canvas_clear(canvas);
}

static void add_since(char *out, size_t size, const struct endpoint *endpoint, int64_t now_ms)
{
    char since[FORMAT_SIZE], wait[FORMAT_SIZE], age[FORMAT_SIZE];
    int64_t retry_ms = endpoint->retry_ms - now_ms;

    if (endpoint->state == ENDPOINT_DOWN)
        snprintf(out, size, "down since %s, retry in %s: %s",
                 format_time(since, sizeof(since), endpoint->down_since_ms, now_ms),
                 format_seconds(wait, sizeof(wait), retry_ms > 0 ? (double)retry_ms / 1000 : 0),
                 endpoint->problem ? endpoint->problem : "?");
    else if (endpoint->state == ENDPOINT_LATE)
        snprintf(out, size, "late %s",
                 format_seconds(age, sizeof(age), (double)(now_ms - endpoint->sampled_ms) / 1000));
    else
        snprintf(out, size, "%s", once_endpoint_words[endpoint->state]);
}

/* " up 2h05 skew -3s version 0.1.0 NOT READY: disk full" */
static void add_facts(char *out, size_t size, const struct endpoint *endpoint)
{
    const struct ingest_sample *sample = endpoint->sample;
    char up[FORMAT_SIZE], skew[FORMAT_SIZE];
    bool skewed = endpoint->skew_ms != SAMPLE_UNKNOWN;

    *out = '\0';
    if (!sample)
        return;
    format_seconds(up, sizeof(up),
                   sample->started_ms > 0 && sample->now_ms != SAMPLE_UNKNOWN
                       ? (double)(sample->now_ms - sample->started_ms) / 1000
                       : NAN);
    format_seconds(skew, sizeof(skew), skewed ? fabs((double)endpoint->skew_ms) / 1000 : NAN);
    snprintf(out, size, "  up %s  skew %s%s  version %s%s%s", up,
             skewed && endpoint->skew_ms < 0 ? "-" : "", skew,
             sample->version && *sample->version ? sample->version : "?",
             sample->ready == SAMPLE_NO ? "  NOT READY: " : "",
             sample->ready == SAMPLE_NO ? sample->not_ready : "");
}

static void add_endpoints(const struct once *once, struct canvas *canvas, struct buf *out)
{
    for (size_t i = 0; i < fleet_endpoints(once->fleet); i++) {
        char since[LINE_MOST], facts[LINE_MOST];
        struct endpoint endpoint;
        fleet_endpoint(once->fleet, i, once->now_ms, &endpoint);
        add_since(since, sizeof(since), &endpoint, once->now_ms);
        add_facts(facts, sizeof(facts), &endpoint);
        canvas_printf(canvas, 0, 0, canvas->columns, STYLE_PLAIN, "endpoint %s  %s%s",
                      endpoint.name, since, facts);
        put_line(canvas, out);
    }
}

static void add_totals(const struct once *once, struct canvas *canvas, struct buf *out)
{
    char received[FORMAT_SIZE], delivered[FORMAT_SIZE], depth[FORMAT_SIZE], dead[FORMAT_SIZE];
    char growth[FORMAT_SIZE], drain[FORMAT_SIZE];
    struct totals totals;

    fleet_totals(once->fleet, once->step, &totals);
    canvas_printf(
        canvas, 0, 0, canvas->columns, STYLE_PLAIN,
        "%s: %zu subscription%s  received/s %s  delivered/s %s  depth %s  drain %s  dead %s  "
        "growth/min %s",
        once_health_word(top_judge(once->fleet, once->now_ms)), totals.rows,
        totals.rows == 1 ? "" : "s",
        format_rate(received, sizeof(received), (double)totals.figures[FIGURE_RECEIVED]),
        format_rate(delivered, sizeof(delivered), (double)totals.figures[FIGURE_DELIVERED]),
        format_count(depth, sizeof(depth), (double)totals.figures[FIGURE_DEPTH]),
        format_drain(drain, sizeof(drain), (double)totals.figures[FIGURE_DEPTH],
                     (double)totals.figures[FIGURE_DRAIN_S]),
        format_count(dead, sizeof(dead), (double)totals.figures[FIGURE_DEAD]),
        format_growth(growth, sizeof(growth), (double)totals.figures[FIGURE_DEAD_GROWTH]));
    put_line(canvas, out);
}

/* As on the screen, but the sparkline: its place is the name's. */
static void lay_out(const struct once *once, int widths[COLUMNS])
{
    column_layout(once->columns, widths);
    if (widths[COLUMN_TREND] > 0)
        widths[COLUMN_NAME] += widths[COLUMN_TREND] + 1;
    widths[COLUMN_TREND] = 0;
}

static void put_cell(struct canvas *canvas, int at, int width, bool left, const char *text)
{
    if (left)
        canvas_text(canvas, 0, at, width, STYLE_PLAIN, text);
    else
        canvas_right(canvas, 0, at, width, STYLE_PLAIN, text);
}

/* `view` NULL: the heads. */
static void add_row(struct canvas *canvas, const int widths[COLUMNS], const struct row_view *view,
                    struct buf *out)
{
    char text[LINE_MOST];
    int at = 0;

    for (enum column_id column = 0; column < COLUMNS; column++) {
        if (widths[column] <= 0)
            continue;
        if (view)
            column_text(text, sizeof(text), column, view);
        put_cell(canvas, at, widths[column], column_table[column].left,
                 view ? text : column_table[column].title);
        at += widths[column] + 1;
    }
    put_line(canvas, out);
}

bool once_text(const struct once *once, struct buf *out)
{
    int widths[COLUMNS];
    struct canvas canvas;

    if (!canvas_init(&canvas, 1, once->columns, once->ascii))
        return false;
    canvas_clear(&canvas);
    add_endpoints(once, &canvas, out);
    add_totals(once, &canvas, out);
    lay_out(once, widths);
    add_row(&canvas, widths, NULL, out);
    for (size_t i = 0; i < once->order->count; i++)
        add_row(&canvas, widths, &once->order->views[i], out);
    buf_add_char(out, '\n');
    canvas_release(&canvas);
    return !out->failed;
}
