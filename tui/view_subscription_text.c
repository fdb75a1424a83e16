#include "tui/view_subscription_text.h"

#include "core/json.h"
#include "tui/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_COLUMNS = 14, ITEMS_MOST = 1000 };

/* -- lines ----------------------------------------------------------------------------------------
 */

/* Of what is not kept by the step: beside figures of a frozen one it must not seem to be of then.
 */
static void add_head(struct paper *paper, const struct top *top, const char *text, const char *more)
{
    if (paper->count > 0)
        paper_add(paper, STYLE_PLAIN, 0, "", 0);
    paper_printf(paper, STYLE_HEAD, 0, "%s%s%s", text, top->frozen >= 0 ? ", now" : "", more);
}

/* "delivered      12/s": a label, and behind it what is wrapped under itself. */
__attribute__((format(printf, 4, 5))) static void add(struct paper *paper, enum style style,
                                                      const char *label, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text)
        paper_printf(paper, style, LABEL_COLUMNS + 2, "  %-*s%s", LABEL_COLUMNS, label, text);
    else
        paper->failed = true;
    free(text);
}

static const char *or_unknown(const char *text)
{
    return text && *text ? text : "?";
}

/* "14:02:09", or what there is to say instead. */
static char *when(char *out, size_t size, int64_t ms, int64_t now_ms)
{
    if (ms > 0)
        return format_time(out, size, ms, now_ms);
    snprintf(out, size, "?");
    return out;
}

/* -- figures --------------------------------------------------------------------------------------
 */

/* Those of one label share a line. */
static const struct {
    const char *label, *before, *behind;
    enum figure figure;
    char *(*format)(char *out, size_t size, double value);
    enum style above_zero;
} figures[] = {
    {"flow", "received ", "/s", FIGURE_RECEIVED, format_rate, STYLE_PLAIN},
    {"flow", "delivered ", "/s", FIGURE_DELIVERED, format_rate, STYLE_PLAIN},
    {"flow", "retried ", "/s", FIGURE_RETRIES, format_rate, STYLE_WARN},
    {"flow", "duplicates ", "/s", FIGURE_DUPLICATES, format_rate, STYLE_PLAIN},
    {"flow", "filtered out ", "/s", FIGURE_FILTERED, format_rate, STYLE_PLAIN},
    {"queue", "depth ", "", FIGURE_DEPTH, format_count, STYLE_PLAIN},
    {"queue", "parked ", "", FIGURE_PARKED, format_count, STYLE_WARN},
    {"queue", "oldest ", "", FIGURE_OLDEST_S, format_seconds, STYLE_PLAIN},
    {"latency", "p50 ", "", FIGURE_P50_S, format_seconds, STYLE_PLAIN},
    {"latency", "p95 ", "", FIGURE_P95_S, format_seconds, STYLE_PLAIN},
    {"latency", "p99 ", "", FIGURE_P99_S, format_seconds, STYLE_PLAIN},
    {"dead letters", "", "", FIGURE_DEAD, format_count, STYLE_BAD},
    {"dead letters", "", " a minute", FIGURE_DEAD_GROWTH, format_growth, STYLE_BAD},
};
enum { FIGURES_TOLD = sizeof(figures) / sizeof(figures[0]) };

/* The line that begins with the n-th. Returns the next line's first. */
static size_t add_line(struct paper *paper, const struct point *point, size_t n)
{
    const char *label = figures[n].label;
    enum style style = STYLE_PLAIN;
    char text[FORMAT_SIZE];
    struct buf line;

    buf_init(&line, SAMPLE_TEXT_MOST);
    for (; n < FIGURES_TOLD && strcmp(figures[n].label, label) == 0; n++) {
        double value = (double)point->figures[figures[n].figure];
        buf_printf(&line, "%s%s%s%s", line.length ? ", " : "", figures[n].before,
                   figures[n].format(text, sizeof(text), value),
                   isnan(value) ? "" : figures[n].behind);
        if (value > 0 && figures[n].above_zero != STYLE_PLAIN)
            style = figures[n].above_zero;
    }
    add(paper, point->stale ? STYLE_DIM : style, label, "%s", buf_text(&line));
    buf_release(&line);
    return n;
}

static void add_figures(struct paper *paper, const struct point *point)
{
    double depth = (double)point->figures[FIGURE_DEPTH];
    double drain_s = (double)point->figures[FIGURE_DRAIN_S];
    bool warns = !point->stale && isinf(drain_s);
    char text[FORMAT_SIZE];

    for (size_t n = 0; n < FIGURES_TOLD;)
        n = add_line(paper, point, n);
    add(paper,
        point->stale ? STYLE_DIM
        : warns      ? STYLE_WARN
                     : STYLE_PLAIN,
        "empty", "%s%s", isfinite(drain_s) && depth > 0 ? "in " : "",
        format_drain(text, sizeof(text), depth, drain_s));
}

static void add_row(struct paper *paper, const struct row *row, int64_t now_ms)
{
    char at[FORMAT_SIZE];

    add(paper, STYLE_PLAIN, "sink", "%s", or_unknown(row->sink));
    add(paper, STYLE_PLAIN, "endpoints", "%u have it", row->endpoints);
    add(paper, STYLE_PLAIN, "last delivery", "%s",
        when(at, sizeof(at), row->last_delivered_ms, now_ms));
    if (row->last_error && *row->last_error)
        add(paper, STYLE_BAD, "last error", "%s  %s",
            when(at, sizeof(at), row->last_error_ms, now_ms), row->last_error);
}

/* What the state's word stands for; fleet.h has the rules. */
static const char *const state_meanings[ROW_STATES] = {
    [ROW_UNKNOWN] = "no endpoint tells anything of it",
    [ROW_OK] = "it is being delivered",
    [ROW_DRIFT] = "it is not as the manifest says",
    [ROW_LATE] = "its oldest event waits too long, or an endpoint is late or down",
    [ROW_PAUSED] = "it is paused, at one endpoint at least",
    [ROW_FAIL] = "its dead letters grow, or its sink takes nothing",
    [ROW_GONE] = "no endpoint has it any more",
};

/* -- the Genesys side -----------------------------------------------------------------------------
 */

static void add_text(struct paper *paper, enum style style, const char *label, const char *text)
{
    add(paper, style, label, "%s", or_unknown(text));
}

/* The filter as it is there: "[]" lets everything through. */
static void add_filter(struct paper *paper, const char *filter)
{
    bool all = filter && (strcmp(filter, "[]") == 0 || strcmp(filter, "null") == 0);

    add_text(paper, STYLE_PLAIN, "filter", all ? "none: every event passes" : filter);
}

static void add_events(struct paper *paper, const json_t *events)
{
    const json_t *event;
    size_t i;

    if (json_array_size(events) == 0)
        add(paper, STYLE_DIM, "events", "?");
    json_array_foreach(events, i, event)
    {
        if (i == ITEMS_MOST) {
            add(paper, STYLE_DIM, "", "and %zu more", json_array_size(events) - i);
            break;
        }
        add_text(paper, STYLE_PLAIN, i == 0 ? "events" : "", json_string_value(event));
    }
}

static void add_health(struct paper *paper, const char *health)
{
    bool well = health && strcasecmp(health, "HEALTHY") == 0;

    add_text(paper,
             well                ? STYLE_GOOD
             : health && *health ? STYLE_BAD
                                 : STYLE_DIM,
             "health", health);
}

static void add_genesys(struct paper *paper, const struct top *top, const json_t *entry)
{
    const char *problem = json_text(top->genesys_now, "error");
    bool refused = json_is_true(json_object_get(top->genesys_now, "refused"));

    add_head(paper, top, "Genesys Cloud", "");
    if (problem)
        paper_printf(paper, refused ? STYLE_ALARM : STYLE_BAD, 2, "  %s", problem);
    if (!top->genesys_now)
        paper_printf(paper, STYLE_DIM, 2,
                     wire_is_replay(top->wire) ? "  nothing of it was recorded yet"
                     : top->genesys            ? "  is being read"
                                               : "  is not asked: no credentials were given");
    else if (!entry)
        paper_printf(paper, STYLE_DIM, 2, "  tells of no subscription with this id or name");
    if (!entry)
        return;
    add_health(paper, json_text(entry, "health"));
    add_text(paper, STYLE_PLAIN, "through", json_text(entry, "via"));
    if (json_is_integer(json_object_get(entry, "version")))
        add(paper, STYLE_PLAIN, "version", "%" JSON_INTEGER_FORMAT,
            json_integer_value(json_object_get(entry, "version")));
    add_text(paper, STYLE_PLAIN, "delivery", json_text(entry, "delivery"));
    add_events(paper, json_object_get(entry, "events"));
    add_filter(paper, json_text(entry, "filter"));
}

/* -- drift ----------------------------------------------------------------------------------------
 */

static void add_field(struct paper *paper, const json_t *field)
{
    static const struct {
        const char *key;
        enum style style;
    } sides[] = {{"live", STYLE_REMOVE}, {"wanted", STYLE_ADD}, {"applied", STYLE_DIM}};
    const char *cause = json_text(field, "cause");

    paper_printf(paper, STYLE_STRONG, 4, "  %s%s%s", or_unknown(json_text(field, "field")),
                 cause && *cause ? ": " : "", cause ? cause : "");
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        const json_t *value = json_object_get(field, sides[i].key);
        if (value)
            paper_printf(paper, sides[i].style, LABEL_COLUMNS + 2, "    %-*s%s", LABEL_COLUMNS - 2,
                         sides[i].key,
                         json_is_null(value) ? "-" : or_unknown(json_string_value(value)));
    }
}

static void add_who(struct paper *paper, const json_t *by, int64_t now_ms)
{
    const char *from = json_text(by, "from"), *changed = json_text(by, "changed");
    char at[FORMAT_SIZE];

    paper_printf(paper, STYLE_WARN, 4, "  %s  %s by %s%s%s%s%s",
                 when(at, sizeof(at), json_integer_value(json_object_get(by, "at_ms")), now_ms),
                 or_unknown(json_text(by, "what")), or_unknown(json_text(by, "who")),
                 from && *from ? " from " : "", from ? from : "", changed && *changed ? ": " : "",
                 changed ? changed : "");
}

static void add_drift(struct paper *paper, const struct top *top, const json_t *entry)
{
    const char *drift = json_text(entry, "drift");
    const json_t *item;
    size_t i;

    add_head(paper, top, "Drift", "");
    if (!drift || !*drift) {
        paper_printf(paper, STYLE_DIM, 2, entry && drift ? "  none is known" : "  ?");
        return;
    }
    add_text(paper, STYLE_WARN, "mark", drift);
    json_array_foreach(json_object_get(entry, "fields"), i, item)
    {
        if (i < ITEMS_MOST)
            add_field(paper, item);
    }
    json_array_foreach(json_object_get(entry, "by"), i, item)
    {
        if (i < ITEMS_MOST)
            add_who(paper, item, top->now_ms);
    }
    if (i == 0)
        paper_printf(paper, STYLE_DIM, 2, "  the audit log does not tell who did it");
}

/* -- endpoints ------------------------------------------------------------------------------------
 */

static const struct sample_subscription *find(const struct ingest_sample *sample, const char *id)
{
    size_t low = 0, high = sample ? sample->subscription_count : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(sample->subscriptions[middle].id, id);
        if (order == 0)
            return &sample->subscriptions[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void add_reasons(struct paper *paper, const struct ingest_sample *sample, const char *id,
                        int64_t now_ms)
{
    char count[FORMAT_SIZE], at[FORMAT_SIZE];
    size_t shown = 0;

    for (size_t i = 0; i < sample->reason_count && shown < ITEMS_MOST; i++) {
        const struct sample_reason *reason = &sample->reasons[i];
        if (strcmp(reason->subscription, id) != 0)
            continue;
        add(paper, STYLE_BAD, shown++ == 0 ? "dead letters" : "", "%s  %s, the oldest of %s",
            format_count(count, sizeof(count), (double)reason->count), reason->reason,
            when(at, sizeof(at), reason->oldest_ms, now_ms));
    }
}

static void add_sink(struct paper *paper, const struct ingest_sample *sample, const char *name)
{
    for (size_t i = 0; *name && i < sample->sink_count; i++) {
        const struct sample_sink *sink = &sample->sinks[i];
        bool well = strcmp(sink->breaker, "closed") == 0 && !*sink->rests;
        if (strcmp(sink->name, name) != 0)
            continue;
        add(paper, well ? STYLE_PLAIN : STYLE_BAD, "sink", "%s %s, breaker %s%s%s", name,
            sink->target, or_unknown(sink->breaker), *sink->rests ? ", rests: " : "", sink->rests);
        return;
    }
}

static void add_endpoint(struct paper *paper, const struct top *top,
                         const struct endpoint *endpoint, const struct sample_subscription *of)
{
    bool live = endpoint->state == ENDPOINT_LIVE;
    char depth[FORMAT_SIZE], parked[FORMAT_SIZE], at[FORMAT_SIZE], heading[SAMPLE_TEXT_MOST];

    snprintf(heading, sizeof(heading), "At %s", endpoint->name);
    add_head(paper, top, heading, live ? "" : ", which is late or down: as it was last");
    add(paper, live ? STYLE_PLAIN : STYLE_DIM, "depth", "%s, parked %s%s",
        format_count(depth, sizeof(depth), (double)of->depth),
        format_count(parked, sizeof(parked), (double)of->parked),
        of->known == SAMPLE_NO ? ", not in its configuration" : "");
    if (of->paused == SAMPLE_YES)
        add(paper, STYLE_PAUSED, "delivery", "paused");
    add_sink(paper, endpoint->sample, of->sink);
    if (*of->last_error)
        add(paper, STYLE_BAD, "last error", "%s  %s",
            when(at, sizeof(at), of->last_error_ms, top->now_ms), of->last_error);
    add_reasons(paper, endpoint->sample, of->id, top->now_ms);
}

static void add_endpoints(struct paper *paper, const struct top *top, const char *id)
{
    for (size_t i = 0; i < fleet_endpoints(top->fleet); i++) {
        const struct sample_subscription *of;
        struct endpoint endpoint;
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        of = find(endpoint.sample, id);
        if (of)
            add_endpoint(paper, top, &endpoint, of);
    }
}

/* -- the whole ------------------------------------------------------------------------------------
 */

/* What the figures below are of. */
static void add_time(struct paper *paper, const struct top *top, bool stale)
{
    char at[FORMAT_SIZE];

    if (top->frozen < 0)
        paper_printf(paper, STYLE_HEAD, 0, "%s", stale ? "As it was last" : "Now");
    else
        paper_printf(paper, STYLE_FROZEN, 0, "FROZEN at %s%s",
                     format_time(at, sizeof(at), fleet_time_ms(top->fleet, top_shown_step(top)),
                                 top->now_ms),
                     stale ? ", as it was last" : "");
}

void subscription_write(struct paper *paper, const struct top *top, const struct row_view *view)
{
    const json_t *entry = top_genesys_of(top, view->row);

    add_time(paper, top, view->point.stale);
    add(paper, STYLE_PLAIN, "state", "%s: %s", row_state_words[view->point.state],
        state_meanings[view->point.state]);
    add_figures(paper, &view->point);
    if (top->frozen >= 0)
        add_head(paper, top, "Delivery", "");
    add_row(paper, view->of, top->now_ms);
    add_drift(paper, top, entry);
    add_genesys(paper, top, entry);
    add_endpoints(paper, top, view->of->id);
}
