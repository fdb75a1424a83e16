#include "tui/view_overview_head.h"

#include "core/json.h"
#include "tui/column_value.h"
#include "tui/format.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* -- a line, piece by piece -----------------------------------------------------------------------
 */

enum { PIECE_BYTES = 1024, PIECE_GAP = 2 };

struct pen {
    struct canvas *canvas;
    int line, at;
};

static void pen_begin(struct pen *pen, struct canvas *canvas, int line)
{
    *pen = (struct pen){.canvas = canvas, .line = line};
}

static void pen_text(struct pen *pen, enum style style, const char *text)
{
    int left = pen->canvas->width - pen->at;

    if (*text && left > 0)
        pen->at += canvas_text(pen->canvas, pen->line, pen->at, left, style, text) + PIECE_GAP;
}

/* Whole or not at all: half a number would be another number. */
__attribute__((format(printf, 3, 4))) static void pen_piece(struct pen *pen, enum style style,
                                                            const char *format, ...)
{
    char text[PIECE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (text_columns(text, pen->canvas->ascii) <= pen->canvas->width - pen->at)
        pen_text(pen, style, text);
}

/* -- endpoints ------------------------------------------------------------------------------------
 */

enum { ENDPOINT_NAME_MOST = 24, SKEW_SHOWN_MS = 2000 };

/* How well an endpoint is, the worst first. */
enum grade { GRADE_REFUSED, GRADE_DOWN, GRADE_LATE, GRADE_UNREADY, GRADE_WAITING, GRADE_LIVE };

static enum grade grade_of(const struct endpoint *endpoint)
{
    bool unready = endpoint->sample && endpoint->sample->ready == SAMPLE_NO;

    switch (endpoint->state) {
    case ENDPOINT_DOWN:
        return endpoint->refused ? GRADE_REFUSED : GRADE_DOWN;
    case ENDPOINT_LATE:
        return GRADE_LATE;
    case ENDPOINT_WAITING:
        return GRADE_WAITING;
    default:
        return unready ? GRADE_UNREADY : GRADE_LIVE;
    }
}

static const enum style grade_styles[] = {
    [GRADE_REFUSED] = STYLE_ALARM, [GRADE_DOWN] = STYLE_BAD,    [GRADE_LATE] = STYLE_WARN,
    [GRADE_UNREADY] = STYLE_BAD,   [GRADE_WAITING] = STYLE_DIM, [GRADE_LIVE] = STYLE_GOOD};

static double seconds_between(int64_t from_ms, int64_t to_ms)
{
    return to_ms > from_ms ? (double)(to_ms - from_ms) / 1000 : 0;
}

/* What is frozen is not drawn by the second: it has times instead of what grows or runs out. */
static void put_state(struct pen *pen, const struct endpoint *endpoint, const struct top *top)
{
    enum style style = grade_styles[grade_of(endpoint)];
    const char *problem = endpoint->problem ? endpoint->problem : "?";
    char text[PIECE_BYTES], since[FORMAT_SIZE], wait[FORMAT_SIZE];
    int64_t now_ms = top->now_ms;
    bool frozen = top->frozen >= 0;

    switch (endpoint->state) {
    case ENDPOINT_DOWN:
        format_seconds(wait, sizeof(wait), seconds_between(now_ms, endpoint->retry_ms));
        snprintf(text, sizeof(text), "%s since %s%s%s: %s",
                 endpoint->refused ? "token REFUSED" : "down",
                 format_time(since, sizeof(since), endpoint->down_since_ms, now_ms),
                 frozen ? "" : ", retry in ", frozen ? "" : wait, problem);
        break;
    case ENDPOINT_LATE:
        format_seconds(wait, sizeof(wait), seconds_between(endpoint->sampled_ms, now_ms));
        format_time(since, sizeof(since), endpoint->sampled_ms, now_ms);
        snprintf(text, sizeof(text), "late %s%s", frozen ? "since " : "", frozen ? since : wait);
        break;
    case ENDPOINT_WAITING:
        snprintf(text, sizeof(text), "waiting for its first answer");
        break;
    default:
        snprintf(text, sizeof(text), "live");
    }
    pen_text(pen, style, text);
}

/* What the endpoint says of itself. Of one that is down it is old, and why it is down has the line.
 */
static void put_facts(struct pen *pen, const struct endpoint *endpoint)
{
    const struct ingest_sample *sample = endpoint->sample;
    char text[FORMAT_SIZE], more[FORMAT_SIZE];
    int64_t skew_ms = endpoint->skew_ms;

    if (!sample || endpoint->state == ENDPOINT_DOWN)
        return;
    if (sample->ready == SAMPLE_NO)
        pen_piece(pen, STYLE_BAD, "NOT READY: %.200s", sample->not_ready);
    if (skew_ms != SAMPLE_UNKNOWN && (skew_ms > SKEW_SHOWN_MS || skew_ms < -SKEW_SHOWN_MS))
        pen_piece(pen, STYLE_WARN, "clock %s%s",
                  format_seconds(text, sizeof(text), fabs((double)skew_ms) / 1000),
                  skew_ms > 0 ? " ahead" : " behind");
    if (sample->started_ms > 0 && sample->now_ms != SAMPLE_UNKNOWN)
        pen_piece(pen, STYLE_PLAIN, "up %s",
                  format_seconds(text, sizeof(text),
                                 seconds_between(sample->started_ms, sample->now_ms)));
    pen_piece(pen, endpoint->dead > 0 ? STYLE_BAD : STYLE_PLAIN, "dead %s",
              format_count(text, sizeof(text), (double)endpoint->dead));
    pen_piece(pen, STYLE_PLAIN, "depth %s",
              format_count(text, sizeof(text), (double)endpoint->depth));
    pen_piece(pen, STYLE_PLAIN, "in %s/s out %s/s",
              format_rate(text, sizeof(text), (double)endpoint->received),
              format_rate(more, sizeof(more), (double)endpoint->delivered));
}

static void put_endpoint(const struct top *top, struct canvas *canvas, int line, size_t n,
                         int name_columns)
{
    struct endpoint endpoint;
    struct pen pen;

    pen_begin(&pen, canvas, line);
    fleet_endpoint(top->fleet, n, top->now_ms, &endpoint);
    canvas_text(canvas, line, 0, name_columns, STYLE_STRONG, endpoint.name);
    pen.at = name_columns + PIECE_GAP;
    put_state(&pen, &endpoint, top);
    if (top->frozen >= 0)
        pen_piece(&pen, STYLE_DIM, "now");
    put_facts(&pen, &endpoint);
}

struct endpoints_summary {
    size_t count, grades[GRADE_LIVE + 1];
    int name_columns;
};

static void summarize(const struct top *top, const struct canvas *canvas,
                      struct endpoints_summary *out)
{
    *out = (struct endpoints_summary){.count = fleet_endpoints(top->fleet)};
    for (size_t i = 0; i < out->count; i++) {
        struct endpoint endpoint;
        int columns;
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        out->grades[grade_of(&endpoint)]++;
        columns = text_columns(endpoint.name, canvas->ascii);
        if (columns > out->name_columns)
            out->name_columns = columns < ENDPOINT_NAME_MOST ? columns : ENDPOINT_NAME_MOST;
    }
}

/* The first `most` of those that are worst, each on its line. */
static int put_worst(const struct top *top, struct canvas *canvas, int most,
                     const struct endpoints_summary *all)
{
    int line = 0;

    for (enum grade grade = GRADE_REFUSED; grade <= GRADE_LIVE && line < most; grade++)
        for (size_t i = 0; i < all->count && line < most && all->grades[grade] > 0; i++) {
            struct endpoint endpoint;
            fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
            if (grade_of(&endpoint) == grade)
                put_endpoint(top, canvas, line++, i, all->name_columns);
        }
    return line;
}

static void put_more(struct canvas *canvas, int line, int shown,
                     const struct endpoints_summary *all)
{
    size_t down = all->grades[GRADE_REFUSED] + all->grades[GRADE_DOWN];
    size_t down_more = down > (size_t)shown ? down - (size_t)shown : 0;

    canvas_printf(canvas, line, 0, canvas->width, down_more ? STYLE_BAD : STYLE_DIM,
                  "and %zu more, %zu of them down", all->count - (size_t)shown, down_more);
}

int overview_endpoints(const struct top *top, struct canvas *canvas, int lines)
{
    struct endpoints_summary all;
    int shown;

    summarize(top, canvas, &all);
    if (all.count <= (size_t)lines) {
        for (size_t i = 0; i < all.count; i++)
            put_endpoint(top, canvas, (int)i, i, all.name_columns);
        return (int)all.count;
    }
    shown = put_worst(top, canvas, lines - 1, &all);
    put_more(canvas, shown, shown, &all);
    return shown + 1;
}

int overview_trouble(const struct top *top, struct canvas *canvas, int line)
{
    static const char *const words[] = {
        [GRADE_REFUSED] = "REFUSED",   [GRADE_DOWN] = "down",       [GRADE_LATE] = "late",
        [GRADE_UNREADY] = "not ready", [GRADE_WAITING] = "waiting", [GRADE_LIVE] = "live"};
    struct endpoints_summary all;
    struct pen pen;

    summarize(top, canvas, &all);
    if (all.grades[GRADE_LIVE] == all.count)
        return 0;
    pen_begin(&pen, canvas, line);
    pen_piece(&pen, STYLE_PLAIN, "endpoints");
    for (enum grade grade = GRADE_REFUSED; grade <= GRADE_LIVE; grade++)
        if (all.grades[grade] > 0)
            pen_piece(&pen, grade_styles[grade], "%zu %s", all.grades[grade], words[grade]);
    return 1;
}

/* -- the Genesys side -----------------------------------------------------------------------------
 */

enum { TOKEN_SHORT_MS = 5 * 60 * 1000 };

static void put_token(struct pen *pen, const struct top *top)
{
    const json_t *expires = json_object_get(top->genesys_now, "token_expires_ms");
    int64_t left_ms = json_integer_value(expires) - top->now_ms;
    char left[FORMAT_SIZE];

    format_seconds(left, sizeof(left), fabs((double)left_ms) / 1000);
    if (!json_is_integer(expires))
        pen_piece(pen, STYLE_DIM, "token ?");
    else if (top->frozen >= 0)
        pen_piece(pen, STYLE_PLAIN, "token dies at %s",
                  format_time(left, sizeof(left), json_integer_value(expires), top->now_ms));
    else if (left_ms <= 0)
        pen_piece(pen, STYLE_BAD, "token died %s ago", left);
    else
        pen_piece(pen, left_ms < TOKEN_SHORT_MS ? STYLE_WARN : STYLE_PLAIN, "token dies in %s",
                  left);
}

static void put_read(struct pen *pen, const struct top *top)
{
    const json_t *read = json_object_get(top->genesys_now, "read_ms");
    int64_t read_ms = json_integer_value(read);
    char text[FORMAT_SIZE];

    if (!json_is_integer(read))
        return;
    if (top->frozen >= 0)
        pen_piece(pen, STYLE_DIM, "read at %s",
                  format_time(text, sizeof(text), read_ms, top->now_ms));
    else
        pen_piece(pen, STYLE_DIM, "read %s ago",
                  format_seconds(text, sizeof(text), seconds_between(read_ms, top->now_ms)));
}

int overview_genesys(const struct top *top, struct canvas *canvas, int line)
{
    const json_t *snapshot = top->genesys_now;
    const char *organization = json_text(snapshot, "organization");
    const char *problem = json_text(snapshot, "error");
    struct pen pen;

    if (!snapshot && !top->genesys)
        return 0;
    pen_begin(&pen, canvas, line);
    pen_piece(&pen, STYLE_STRONG, "Genesys Cloud");
    if (!snapshot) {
        pen_piece(&pen, STYLE_DIM, "is being read");
        return 1;
    }
    if (organization && *organization)
        pen_piece(&pen, STYLE_PLAIN, "%.100s", organization);
    if (json_is_true(json_object_get(snapshot, "refused")))
        pen_text(&pen, STYLE_ALARM, problem ? problem : "refused");
    else if (problem)
        pen_text(&pen, STYLE_BAD, problem);
    put_token(&pen, top);
    put_read(&pen, top);
    return 1;
}

/* -- totals ---------------------------------------------------------------------------------------
 */

static void put_states(struct pen *pen, const struct totals *totals, const enum row_state *states,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (totals->states[states[i]] > 0)
            pen_piece(pen, column_state_styles[states[i]], "%zu %s", totals->states[states[i]],
                      row_state_words[states[i]]);
}

static void put_trouble(struct pen *pen, const struct totals *totals)
{
    static const enum row_state states[] = {ROW_FAIL, ROW_LATE, ROW_DRIFT, ROW_PAUSED};

    put_states(pen, totals, states, sizeof(states) / sizeof(states[0]));
}

static void put_others(struct pen *pen, const struct totals *totals)
{
    static const enum row_state states[] = {ROW_OK, ROW_GONE, ROW_UNKNOWN};

    put_states(pen, totals, states, sizeof(states) / sizeof(states[0]));
}

static void put_dead(struct pen *pen, const struct totals *totals)
{
    double dead = (double)totals->figures[FIGURE_DEAD];
    double growth = (double)totals->figures[FIGURE_DEAD_GROWTH];
    char text[FORMAT_SIZE];

    pen_piece(pen, dead > 0 ? STYLE_BAD : STYLE_PLAIN, "dead %s",
              format_count(text, sizeof(text), dead));
    if (growth != 0)
        pen_piece(pen, growth > 0 ? STYLE_BAD : STYLE_PLAIN, "%s/min",
                  format_growth(text, sizeof(text), growth));
}

static void put_depth(struct pen *pen, const struct totals *totals)
{
    double depth = (double)totals->figures[FIGURE_DEPTH];
    double drain_s = (double)totals->figures[FIGURE_DRAIN_S];
    char count[FORMAT_SIZE], drain[FORMAT_SIZE];

    pen_piece(pen, STYLE_PLAIN, "depth %s", format_count(count, sizeof(count), depth));
    if (depth > 0)
        pen_piece(pen, isinf(drain_s) ? STYLE_WARN : STYLE_PLAIN, "empty %s%s",
                  isfinite(drain_s) ? "in " : "",
                  format_drain(drain, sizeof(drain), depth, drain_s));
}

static void put_figures(struct pen *pen, const struct totals *totals)
{
    static const struct {
        const char *before, *behind;
        enum figure figure;
        char *(*format)(char *out, size_t size, double value);
        enum style above_zero;
    } pieces[] = {
        {"out ", "/s", FIGURE_DELIVERED, format_rate, STYLE_PLAIN},
        {"in ", "/s", FIGURE_RECEIVED, format_rate, STYLE_PLAIN},
        {"oldest ", "", FIGURE_OLDEST_S, format_seconds, STYLE_PLAIN},
        {"p95 ", "", FIGURE_P95_S, format_seconds, STYLE_PLAIN},
        {"retries ", "/s", FIGURE_RETRIES, format_rate, STYLE_WARN},
    };
    char text[FORMAT_SIZE];

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        double value = (double)totals->figures[pieces[i].figure];
        pen_piece(pen, value > 0 ? pieces[i].above_zero : STYLE_PLAIN, "%s%s%s", pieces[i].before,
                  pieces[i].format(text, sizeof(text), value), pieces[i].behind);
    }
}

/* A sum that lacks an endpoint must not look like one that fell. */
static void put_live(struct pen *pen, const struct totals *totals)
{
    if (totals->live < totals->endpoints)
        pen_piece(pen, STYLE_WARN, "of %zu of %zu endpoints", totals->live, totals->endpoints);
}

void overview_totals(const struct top *top, struct canvas *canvas, int line)
{
    enum { COUNTED_FROM_COLUMNS = 100 };
    struct totals totals;
    struct pen pen;

    fleet_totals(top->fleet, top_shown_step(top), &totals);
    pen_begin(&pen, canvas, line);
    if (canvas->width >= COUNTED_FROM_COLUMNS)
        pen_piece(&pen, STYLE_STRONG, "%zu subscription%s", totals.rows,
                  totals.rows == 1 ? "" : "s");
    put_live(&pen, &totals);
    put_trouble(&pen, &totals);
    put_others(&pen, &totals);
    put_dead(&pen, &totals);
    put_depth(&pen, &totals);
    put_figures(&pen, &totals);
}

void overview_totals_alone(const struct top *top, struct canvas *canvas)
{
    struct endpoints_summary endpoints;
    struct totals totals;
    struct pen pen;

    fleet_totals(top->fleet, top_shown_step(top), &totals);
    summarize(top, canvas, &endpoints);
    pen_begin(&pen, canvas, 0);
    if (top->frozen >= 0)
        pen_piece(&pen, STYLE_FROZEN, "FROZEN");
    if (endpoints.grades[GRADE_REFUSED] > 0)
        pen_piece(&pen, STYLE_ALARM, "%zu REFUSED", endpoints.grades[GRADE_REFUSED]);
    if (endpoints.grades[GRADE_DOWN] > 0)
        pen_piece(&pen, STYLE_BAD, "%zu down", endpoints.grades[GRADE_DOWN]);
    put_trouble(&pen, &totals);
    put_dead(&pen, &totals);
    put_depth(&pen, &totals);
    put_figures(&pen, &totals);
    put_others(&pen, &totals);
}
