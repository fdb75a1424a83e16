#include "tui/top.h"

#include "core/json.h"
#include "core/text.h"
#include "tui/format.h"
#include "tui/top_state.h"
#include "tui/view_letters.h"

#include <stdlib.h>
#include <string.h>

enum {
    INTERVAL_MS = 1000,
    AGES_MS = 1000,       /* what grows by the second is drawn so often */
    SETTLE_MOST_MS = 1000 /* a step waits so long for the answers of its interval */
};

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool own_init(struct top *top, int64_t interval_ms)
{
    struct top_own *own = top->own = calloc(1, sizeof(*own));
    size_t endpoints = fleet_endpoints(top->fleet);

    if (!own)
        return false;
    own->interval_ms = interval_ms > 0 ? interval_ms : INTERVAL_MS;
    own->due_ms = own->drawn_ms = own->frozen_from = own->genesys_ms = -1;
    own->arrange = true;
    own->seen = calloc(endpoints + 1, sizeof(*own->seen));
    own->choices = calloc(endpoints + 1, sizeof(*own->choices));
    return own->seen && own->choices && top_command_init(top);
}

struct top *top_new(const struct top_options *options, struct error *error)
{
    struct top *top = calloc(1, sizeof(*top));

    if (!top) {
        error_no_memory(error);
        return NULL;
    }
    *top = (struct top){.wire = options->wire,
                        .watch = options->watch,
                        .fleet = options->fleet,
                        .genesys = options->genesys,
                        .read_only = options->read_only,
                        .color = options->color,
                        .who = options->who ? options->who : "?",
                        .save_folder = options->save_folder,
                        .frozen = -1,
                        .selected = SIZE_MAX,
                        .dirty = true};
    order_init(&top->order);
    if (!own_init(top, options->interval_ms)) {
        error_no_memory(error);
    } else if (!top_set_query(top, options->query ? options->query : "", error)) {
        error_wrap(error, "--filter");
    } else if (options->sort && !top_set_sort(top, options->sort, error)) {
        error_wrap(error, "--sort");
    } else {
        return top;
    }
    top_free(top);
    return NULL;
}

void top_free(struct top *top)
{
    if (!top)
        return;
    dialog_close(top);
    view_letters_free(top);
    top_log_free(top);
    query_free(top->query);
    order_release(&top->order);
    free(top->marks);
    if (top->own) {
        free(top->own->names);
        free(top->own->words);
        free(top->own->seen);
        free(top->own->choices);
        free(top->own);
    }
    free(top);
}

/* -- what is shown ------------------------------------------------------------------------------
 */

int64_t top_shown_step(const struct top *top)
{
    int64_t first = fleet_first(top->fleet);

    if (top->frozen < 0)
        return fleet_last(top->fleet);
    return top->frozen > first ? top->frozen : first;
}

bool top_set_query(struct top *top, const char *text, struct error *error)
{
    struct query *query;

    if (strlen(text) >= sizeof(top->query_text))
        return error_set(error, ERROR_INVALID, "a filter has at most %zu bytes",
                         sizeof(top->query_text) - 1);
    query = query_new(text, error);
    if (!query)
        return false;
    query_free(top->query);
    top->query = query;
    memcpy(top->query_text, text, strlen(text) + 1);
    top->own->arrange = true;
    return true;
}

void top_sort_by(struct top *top, enum column_id column)
{
    top->order.by = column;
    top->order.held_until = INT64_MIN;
    top->own->arrange = true;
}

bool top_set_sort(struct top *top, const char *name, struct error *error)
{
    const char *names[COLUMNS + 1] = {NULL}, *nearest;
    int column = column_find(name);

    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = column_table[i].name;
    if (column >= 0) {
        top_sort_by(top, (enum column_id)column);
        return true;
    }
    nearest = text_nearest(name, names);
    return error_set(error, ERROR_INVALID, "there is no column \"%s\"%s%s%s", name,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* In the overview something is selected whenever something is shown: the row, wherever it went;
 * what took its place when it is shown no more. Other views keep what they are about. */
static void keep_selected(struct top *top)
{
    struct top_own *own = top->own;
    int place = top->selected == SIZE_MAX ? -1 : order_find(&top->order, top->selected);

    if (place < 0 && top->order.count > 0 &&
        (top->view == VIEW_OVERVIEW || top->selected == SIZE_MAX)) {
        place = (int)(own->place < top->order.count ? own->place : top->order.count - 1);
        top->selected = top->order.views[place].row;
    }
    if (place >= 0)
        own->place = (size_t)place;
}

static void grow_marks(struct top *top)
{
    size_t rows = fleet_rows(top->fleet), capacity = top->mark_capacity ? top->mark_capacity : 64;
    bool *marks;

    if (rows <= top->mark_capacity)
        return;
    while (capacity < rows)
        capacity *= 2;
    marks = realloc(top->marks, capacity * sizeof(*marks));
    if (!marks)
        return; /* those rows cannot be marked */
    memset(marks + top->mark_capacity, 0, (capacity - top->mark_capacity) * sizeof(*marks));
    top->marks = marks;
    top->mark_capacity = capacity;
}

void top_arrange(struct top *top)
{
    if (!top->own->arrange)
        return;
    top->own->arrange = false;
    if (!order_make(&top->order, top->fleet, top_shown_step(top), top->query)) {
        top->order.count = 0; /* what it points to may be gone */
        top->own->arrange = true;
        top_hint(top, LOG_PROBLEM, "there is no memory for the table");
    }
    grow_marks(top);
    keep_selected(top);
}

void top_show(struct top *top, enum view_id view)
{
    if (view == top->view)
        return;
    top->before = top->view;
    top->view = view;
    top->own->arrange = true;
    top->dirty = true;
}

/* -- endpoints ----------------------------------------------------------------------------------
 */

static void log_endpoint(struct top *top, const struct endpoint *now, const struct top_seen *seen)
{
    const char *problem = now->problem ? now->problem : "?";
    char wait[FORMAT_SIZE];

    if (now->refused &&
        (!seen->refused || strncmp(seen->problem, problem, PROBLEM_BYTES - 1) != 0)) {
        top_say(top, LOG_AUTH, "%s refuses the token: %s", now->name, problem);
    } else if (now->state == ENDPOINT_DOWN && (!seen->down || (seen->refused && !now->refused))) {
        top_note(top, LOG_PROBLEM, "%s is down: %s", now->name, problem);
    } else if (now->state == ENDPOINT_LIVE && seen->down) {
        format_seconds(wait, sizeof(wait), (double)(top->now_ms - seen->down_since_ms) / 1000);
        top_note(top, LOG_NOTE, "%s is live again, after %s", now->name, wait);
    } else if (now->state == ENDPOINT_LIVE && seen->state == ENDPOINT_WAITING) {
        top_note(top, LOG_NOTE, "%s is live", now->name);
    }
}

static void look_at_endpoint(struct top *top, size_t n)
{
    struct top_seen *seen = &top->own->seen[n];
    struct endpoint now;

    fleet_endpoint(top->fleet, n, top->now_ms, &now);
    log_endpoint(top, &now, seen);
    if (now.state != seen->state)
        top->dirty = true;
    if (now.state == ENDPOINT_DOWN && !seen->down)
        seen->down_since_ms = now.down_since_ms;
    seen->down = now.state == ENDPOINT_DOWN || (seen->down && now.state != ENDPOINT_LIVE);
    seen->state = now.state;
    seen->refused = now.refused;
    snprintf(seen->problem, sizeof(seen->problem), "%s", now.problem ? now.problem : "?");
}

/* -- the Genesys side ---------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_text(object, key);

    return text ? text : "";
}

static void give_drift(struct top *top)
{
    const json_t *all = json_object_get(top->genesys_now, "subscriptions"), *one;
    struct fleet_drift *drifts = calloc(json_array_size(all) + 1, sizeof(*drifts));
    size_t i;

    if (!drifts)
        return; /* the next snapshot has it */
    json_array_foreach(all, i, one)
    {
        drifts[i] =
            (struct fleet_drift){.id = text_of(one, "id"),
                                 .name = text_of(one, "name"),
                                 .drift = text_of(one, "drift"),
                                 .health = text_of(one, "health"),
                                 .version = json_integer_value(json_object_get(one, "version"))};
    }
    if (!fleet_drift(top->fleet, drifts, json_array_size(all)))
        top_note(top, LOG_PROBLEM, "there is no memory for what has drifted");
    free(drifts);
    top->own->arrange = true;
}

/* Once per change, in the strongest words where it is a login or a permission. */
static void log_genesys(struct top *top)
{
    const char *problem = text_of(top->genesys_now, "error");
    char *seen = top->own->genesys_problem;

    if (strncmp(seen, problem, PROBLEM_BYTES - 1) == 0)
        return;
    if (!*problem)
        top_note(top, LOG_NOTE, "Genesys Cloud answers again");
    else if (json_is_true(json_object_get(top->genesys_now, "refused")))
        top_say(top, LOG_AUTH, "Genesys Cloud: %s", problem);
    else
        top_note(top, LOG_PROBLEM, "Genesys Cloud: %s", problem);
    snprintf(seen, PROBLEM_BYTES, "%s", problem);
}

static void take_genesys(struct top *top)
{
    struct top_own *own = top->own;
    int64_t at_ms;

    top->genesys_now =
        top->genesys ? genesys_snapshot(top->genesys) : wire_genesys(top->wire, top->now_ms);
    if (!top->genesys_now)
        return;
    at_ms = json_integer_value(json_object_get(top->genesys_now, "at_ms"));
    if (at_ms == own->genesys_ms)
        return;
    own->genesys_ms = at_ms;
    log_genesys(top);
    give_drift(top);
    if (top->frozen < 0 || top->view != VIEW_OVERVIEW)
        top->dirty = true;
}

const json_t *top_genesys_of(const struct top *top, size_t row)
{
    const json_t *all = json_object_get(top->genesys_now, "subscriptions"), *one;
    const json_t *by_name = NULL;
    const struct row *of;
    size_t i;

    if (row >= fleet_rows(top->fleet))
        return NULL;
    of = fleet_row(top->fleet, row);
    json_array_foreach(all, i, one)
    {
        if (strcmp(text_of(one, "id"), of->id) == 0)
            return one;
        if (!by_name && *of->name && strcmp(text_of(one, "name"), of->name) == 0)
            by_name = one;
    }
    return by_name;
}

/* -- time ---------------------------------------------------------------------------------------
 */

/* A little after the answers of that interval. */
static int64_t settle_ms(const struct top_own *own)
{
    return own->interval_ms / 10 < SETTLE_MOST_MS ? own->interval_ms / 10 : SETTLE_MOST_MS;
}

/* The first comes as soon as all have been heard. */
static bool is_tick_due(const struct top *top)
{
    return top->now_ms >= top->own->due_ms ||
           (fleet_last(top->fleet) < 0 && watch_all_heard(top->watch));
}

static void tick(struct top *top)
{
    struct top_own *own = top->own;

    if (own->due_ms < 0)
        own->due_ms = top->now_ms + settle_ms(own);
    if (!is_tick_due(top))
        return;
    if (own->due_ms <= top->now_ms)
        own->due_ms += ((top->now_ms - own->due_ms) / own->interval_ms + 1) * own->interval_ms;
    if (!fleet_tick(top->fleet, top->now_ms)) {
        top_hint(top, LOG_PROBLEM, "there is no memory for this step");
        return;
    }
    own->arrange = true;
    if (top->frozen < 0 || top->view == VIEW_SUBSCRIPTION) /* which tells of now beside it */
        top->dirty = true;
    if (top->frozen >= 0 && top->frozen < fleet_first(top->fleet)) {
        top->frozen = fleet_first(top->fleet);
        top_hint(top, LOG_NOTE, "what was frozen has left the history; this is the oldest of it");
    }
}

static void step_parts(struct top *top)
{
    const struct view *view = view_table[top->view];
    struct dialog *dialog = top->dialog;

    if (dialog) {
        top->dirty = true; /* its answers come outside of it */
        if (!dialog->step(dialog, top) && top->dialog == dialog)
            dialog_close(top);
    }
    if (view->step)
        view->step(top);
}

void top_step(struct top *top, int64_t now_ms)
{
    struct top_own *own = top->own;

    top->now_ms = now_ms;
    if (watch_news(top->watch)) {
        own->arrange = true;
        if (fleet_last(top->fleet) < 0)
            top->dirty = true;
    }
    for (size_t i = 0; i < fleet_endpoints(top->fleet); i++)
        look_at_endpoint(top, i);
    take_genesys(top);
    tick(top);
    step_parts(top);
    if (top->frozen < 0 && now_ms - own->drawn_ms >= AGES_MS)
        top->dirty = true;
    if (top->dirty)
        top_arrange(top);
}

int64_t top_wait_ms(const struct top *top, int64_t now_ms)
{
    int64_t due_ms = top->own->due_ms;

    return due_ms <= now_ms ? 0 : due_ms - now_ms;
}

bool top_is_dirty(const struct top *top)
{
    return top->dirty;
}

/* -- keys ---------------------------------------------------------------------------------------
 */

static void dialog_key(struct top *top, int key)
{
    struct dialog *dialog = top->dialog;

    if (!dialog->key(dialog, top, key) && top->dialog == dialog)
        dialog_close(top);
}

void top_key(struct top *top, int key)
{
    enum top_request request;
    char name[FORMAT_SIZE];

    *top->message = '\0';
    top->dirty = true;
    top_arrange(top);
    if (top->dialog) {
        dialog_key(top, key);
        return;
    }
    if (top->prompting != REQUEST_NONE) {
        top_prompt_key(top, key);
        return;
    }
    request = request_of_key(key, top->read_only);
    if (request == REQUEST_NONE)
        top_hint(top, LOG_NOTE, "%s does nothing here; ? shows the keys",
                 key_name(name, sizeof(name), key));
    else
        top_request(top, request);
}
