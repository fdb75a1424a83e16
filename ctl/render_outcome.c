/* Dead letters, and what was done at ingest endpoints, as a person reads it. */
#include "ctl/render.h"

#include "core/text.h"
#include "ctl/columns.h"
#include "ctl/moment.h"
#include "ctl/paint.h"
#include "ctl/pretty.h"

#include <stdlib.h>
#include <string.h>

/* -- lists ------------------------------------------------------------------------------------- */

static void add_number_cell(struct columns *columns, int64_t number)
{
    char cell[32];

    snprintf(cell, sizeof(cell), "%lld", (long long)number);
    columns_add(columns, cell);
}

static void add_moment_cell(struct columns *columns, int64_t ms)
{
    struct buf cell;

    buf_init(&cell, 64);
    moment_add(&cell, ms);
    columns_add(columns, buf_text(&cell));
    buf_release(&cell);
}

static void add_state(struct buf *out, const struct letter *letter)
{
    if (letter->replaying)
        buf_add_text(out, "replaying");
    else if (letter->replays > 0)
        buf_printf(out, "came back (%lld)", (long long)letter->replays);
    else
        buf_add_text(out, "waiting");
}

static void add_row(struct columns *columns, const char *endpoint, const struct letter *letter)
{
    struct buf state;

    if (endpoint)
        columns_add(columns, endpoint);
    add_number_cell(columns, letter->id);
    add_moment_cell(columns, letter->died_ms);
    columns_add(columns, letter->subscription);
    columns_add(columns, letter->type);
    columns_add(columns, letter->interaction);
    columns_add(columns, letter->reason);
    buf_init(&state, 64);
    add_state(&state, letter);
    columns_add(columns, buf_text(&state));
    buf_release(&state);
}

/* How many there are, or why that is not known. */
static void add_sum(struct buf *out, const struct outcome_list *list)
{
    if (list->error.code != ERROR_NONE) { /* it names the endpoint */
        buf_add_text(out, "not known: ");
        paint_text(out, list->error.text);
        buf_add_char(out, '\n');
        return;
    }
    paint_text(out, list->endpoint);
    buf_printf(out, ": %zu", list->shown);
    if (list->total != (int64_t)list->shown)
        buf_printf(out, " of %lld", (long long)list->total);
    buf_printf(out, " dead letter%s", list->total == 1 ? "" : "s");
    if (list->total > 0)
        buf_printf(out, ", %lld bytes", (long long)list->bytes);
    buf_add_text(out, (int64_t)list->shown < list->total ? "; --limit shows more\n" : "\n");
}

static void add_lists(struct buf *out, const struct outcome *outcome)
{
    static const char *const heads[] = {"ENDPOINT", "ID",          "DIED",   "SUBSCRIPTION",
                                        "TYPE",     "INTERACTION", "REASON", "STATE"};
    size_t first = outcome->list_count > 1 ? 0 : 1, shown = 0; /* one endpoint needs no column */
    struct columns columns;

    columns_init(&columns, sizeof(heads) / sizeof(heads[0]) - first);
    for (size_t i = first; i < sizeof(heads) / sizeof(heads[0]); i++)
        columns_add(&columns, heads[i]);
    for (size_t i = 0; i < outcome->list_count; i++) {
        const struct outcome_list *list = &outcome->lists[i];
        for (size_t j = 0; j < list->page_count; j++)
            for (size_t k = 0; k < list->pages[j].count; k++, shown++)
                add_row(&columns, first ? NULL : list->endpoint, &list->pages[j].letters[k]);
    }
    if (shown > 0) {
        columns_print(&columns, out);
        buf_add_char(out, '\n');
    } else {
        buf_release(&columns.cells);
    }
    for (size_t i = 0; i < outcome->list_count; i++)
        add_sum(out, &outcome->lists[i]);
}

/* -- one letter -------------------------------------------------------------------------------- */

static void add_text(struct buf *out, const char *name, const char *text)
{
    if (!*text)
        return;
    buf_printf(out, "%s: ", name);
    paint_text(out, text);
    buf_add_char(out, '\n');
}

static void add_number(struct buf *out, const char *name, int64_t number)
{
    buf_printf(out, "%s: %lld\n", name, (long long)number);
}

static void add_moment(struct buf *out, const char *name, int64_t ms)
{
    if (ms == 0)
        return;
    buf_printf(out, "%s: ", name);
    moment_add(out, ms);
    buf_add_char(out, '\n');
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted by name. */
static void add_headers(struct buf *out, const json_t *headers)
{
    size_t count = 0;
    const char **names = calloc(json_object_size(headers) + 1, sizeof(*names));
    const char *name;
    json_t *value;

    if (!names) {
        out->failed = true;
        return;
    }
    json_object_foreach((json_t *)headers, name, value) names[count++] = name;
    qsort(names, count, sizeof(*names), compare_texts);
    if (count > 0)
        buf_add_text(out, "headers:\n");
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(headers, names[i]));
        buf_add_text(out, "    ");
        paint_text(out, names[i]);
        buf_add_text(out, ": ");
        paint_text(out, text ? text : "?");
        buf_add_char(out, '\n');
    }
    free(names);
}

/* Each line indented and safe. */
static void add_lines(struct buf *out, const char *text, size_t length)
{
    const char *end = text + length;

    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        size_t bytes = (size_t)((line_end ? line_end : end) - text);
        buf_add_text(out, "    ");
        text_add_safe(out, text, bytes);
        buf_add_char(out, '\n');
        text += bytes + 1;
    }
}

static void add_body(struct buf *out, const struct letter *letter)
{
    struct buf pretty;

    buf_printf(out, "body: %lld bytes%s\n", (long long)letter->body_length,
               letter->body_is_text ? "" : ", not UTF-8");
    buf_init(&pretty, out->limit);
    if (letter->body_is_text && pretty_json(&pretty, letter->body, letter->body_length))
        add_lines(out, buf_text(&pretty), pretty.length);
    else
        add_lines(out, letter->body, letter->body_length);
    out->failed |= pretty.failed;
    buf_release(&pretty);
}

static void add_letter(struct buf *out, const struct outcome_list *list)
{
    const struct letter *letter = &list->pages[0].letters[0];

    add_number(out, "id", letter->id);
    add_text(out, "endpoint", list->endpoint);
    buf_add_text(out, "state: ");
    add_state(out, letter);
    buf_add_char(out, '\n');
    add_text(out, "reason", letter->reason);
    add_text(out, "detail", letter->detail);
    add_text(out, "subscription", letter->subscription);
    add_text(out, "type", letter->type);
    add_text(out, "interaction", letter->interaction);
    add_number(out, "attempts", letter->attempts);
    add_number(out, "replays", letter->replays);
    add_moment(out, "event time", letter->event_time_ms);
    add_moment(out, "received", letter->received_ms);
    add_moment(out, "first failed", letter->first_failed_ms);
    add_moment(out, "died", letter->died_ms);
    add_moment(out, "due", letter->due_ms);
    if (letter->quarantined)
        buf_add_text(out, "quarantined: it is no JSON, or lacks its ids\n");
    add_text(out, "source", letter->source);
    add_text(out, "verdict", letter->verdict);
    add_number(out, "position", letter->position);
    add_number(out, "part", letter->part);
    add_text(out, "key", letter->key);
    if (letter->headers)
        add_headers(out, letter->headers);
    if (letter->body)
        add_body(out, letter);
}

/* -- what was done ----------------------------------------------------------------------------- */

/* What it is done to; of a subscription with its id, where that is another word. */
static void add_object(struct buf *out, const struct outcome_act *act)
{
    paint_text(out, act->object);
    if (act->id[0] && strcmp(act->id, act->object) != 0) {
        buf_add_text(out, " (");
        paint_text(out, act->id);
        buf_add_char(out, ')');
    }
}

static void add_done(struct buf *out, const struct outcome_act *act)
{
    bool going_on = act->kind == OUTCOME_REPLAY && act->delivered < 0;

    buf_printf(out, "%s ", going_on ? "replaying" : outcome_words[act->kind].done);
    add_object(out, act);
    if (act->came_back >= 0)
        buf_printf(out, ": %lld delivered, %lld came back", (long long)act->delivered,
                   (long long)act->came_back);
}

static void add_nothing(struct buf *out, const struct outcome_act *act)
{
    static const char *const so_already[OUTCOME_KINDS] = {
        [OUTCOME_PAUSE] = " is paused already", [OUTCOME_RESUME] = " is not paused"};

    if (so_already[act->kind]) {
        add_object(out, act);
        buf_add_text(out, so_already[act->kind]);
    } else {
        buf_printf(out, "nothing to %s", outcome_words[act->kind].verb);
    }
}

/* `alone`: the error is said elsewhere. */
static void add_act(struct buf *out, const struct outcome_act *act, bool alone)
{
    static const char *const words[OUTCOME_STATES] = {[OUTCOME_NOT_SENT] = "not sent: ",
                                                      [OUTCOME_WOULD] = "would ",
                                                      [OUTCOME_NOTHING] = "",
                                                      [OUTCOME_DONE] = "",
                                                      [OUTCOME_REFUSED] = "refused: ",
                                                      [OUTCOME_UNKNOWN] = "unknown: "};

    paint_text(out, act->endpoint);
    buf_printf(out, ": %s", words[act->state]);
    if (act->state == OUTCOME_DONE) {
        add_done(out, act);
    } else if (act->state == OUTCOME_NOTHING) {
        add_nothing(out, act);
    } else {
        buf_printf(out, "%s ", outcome_words[act->kind].verb);
        add_object(out, act);
    }
    if (act->error.code != ERROR_NONE && !alone) {
        buf_add_text(out, ": ");
        paint_text(out, act->error.text);
    }
    buf_add_char(out, '\n');
}

void render_text_outcome(struct buf *out, const struct report *report)
{
    const struct outcome *outcome = &report->outcome;
    const struct outcome_list *first = outcome->lists;

    if (outcome->whole && first && first->shown == 1) {
        const struct letter *letter = &first->pages[0].letters[0];
        if (!outcome->raw)
            add_letter(out, first);
        else if (letter->body)
            buf_add(out, letter->body, letter->body_length);
    } else if (outcome->has_lists && !outcome->whole) {
        add_lists(out, outcome);
    }
    for (size_t i = 0; i < outcome->act_count; i++)
        add_act(out, &outcome->acts[i], outcome->act_count == 1);
}
