/* What all views have in common: a table from requests to functions. */
#include "tui/top_state.h"

#include <inttypes.h>
#include <string.h>

/* -- views --------------------------------------------------------------------------------------
 */

static void show_overview(struct top *top)
{
    top_show(top, VIEW_OVERVIEW);
}

static void show_letters(struct top *top)
{
    top_show(top, VIEW_LETTERS);
}

static void show_drift(struct top *top)
{
    top_show(top, VIEW_DRIFT);
}

static void show_log(struct top *top)
{
    top_show(top, VIEW_LOG);
}

static void show_help(struct top *top)
{
    top_show(top, VIEW_HELP);
}

/* One view back, then to the overview. */
static void go_back(struct top *top)
{
    if (top->view == VIEW_OVERVIEW) {
        top_hint(top, LOG_NOTE, "q quits");
        return;
    }
    top_show(top, top->before);
    top->before = VIEW_OVERVIEW;
}

static void quit(struct top *top)
{
    top->quit = true;
}

/* -- history ------------------------------------------------------------------------------------
 */

static void show_step(struct top *top, int64_t step)
{
    top->frozen = step;
    top->order.held_until = INT64_MIN;
    top->own->arrange = true;
}

static void go_live(struct top *top)
{
    top->own->frozen_from = -1;
    show_step(top, -1);
}

/* False: there is no step yet. */
static bool freeze_newest(struct top *top)
{
    int64_t last = fleet_last(top->fleet);

    if (top->frozen >= 0) {
        if (top->own->frozen_from < 0) /* the end of a recording froze it */
            top->own->frozen_from = top->frozen;
        return true;
    }
    if (last < 0) {
        top_hint(top, LOG_NOTE, "nothing has come in yet");
        return false;
    }
    top->own->frozen_from = last;
    show_step(top, last);
    return true;
}

static void toggle_freeze(struct top *top)
{
    if (top->frozen >= 0)
        go_live(top);
    else
        (void)freeze_newest(top);
}

static void step_back(struct top *top)
{
    if (!freeze_newest(top))
        return;
    if (top->frozen <= fleet_first(top->fleet))
        top_hint(top, LOG_NOTE, "this is the oldest that is kept");
    else
        show_step(top, top->frozen - 1);
}

static void step_on(struct top *top)
{
    if (top->frozen < 0 || top->frozen >= fleet_last(top->fleet))
        top_hint(top, LOG_NOTE, "this is the newest%s", top->frozen < 0 ? "" : "; L goes live");
    else
        show_step(top, top->frozen + 1);
}

/* -- sorting ------------------------------------------------------------------------------------
 */

static void sort_chosen(struct top *top, size_t n)
{
    top_sort_by(top, (enum column_id)n);
}

static void sort_menu(struct top *top)
{
    const char *names[COLUMNS];

    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = column_table[i].name;
    dialog_menu(top, "Sort by", names, COLUMNS, top->order.by, sort_chosen);
}

/* To the next column that the screen shows. */
static void sort_beside(struct top *top, size_t by)
{
    int widths[COLUMNS];
    size_t column = top->order.by;

    column_layout(top->own->columns > 0 ? top->own->columns : CANVAS_COLUMNS_MOST, widths);
    for (size_t i = 0; i < COLUMNS; i++) {
        column = (column + by) % COLUMNS;
        if (widths[column] > 0 && column_table[column].name)
            break;
    }
    top_sort_by(top, (enum column_id)column);
}

static void sort_left(struct top *top)
{
    sort_beside(top, COLUMNS - 1);
}

static void sort_right(struct top *top)
{
    sort_beside(top, 1);
}

static void reverse(struct top *top)
{
    top->order.reverse = !top->order.reverse;
    top_sort_by(top, top->order.by);
}

/* -- subscriptions ------------------------------------------------------------------------------
 */

static bool is_about_subscriptions(struct top *top, enum top_request request)
{
    if (top->view == VIEW_OVERVIEW || top->view == VIEW_SUBSCRIPTION)
        return true;
    top_hint(top, LOG_NOTE, "%s is for the overview and for a subscription",
             request_table[request].name);
    return false;
}

static void mark(struct top *top)
{
    if (top->view != VIEW_OVERVIEW || top->selected >= top->mark_capacity)
        return;
    top->marks[top->selected] = !top->marks[top->selected];
    (void)view_table[top->view]->request(top, REQUEST_DOWN);
}

static void refresh(struct top *top)
{
    if (top->genesys)
        genesys_again(top->genesys);
    top_hint(top, LOG_NOTE,
             top->genesys ? "Genesys Cloud is read again"
                          : "endpoints are asked once an interval by themselves");
}

static void pause_or_resume(struct top *top)
{
    size_t count = fleet_rows(top->fleet), *rows;

    if (!is_about_subscriptions(top, REQUEST_PAUSE))
        return;
    rows = calloc(count + 1, sizeof(*rows));
    if (!rows) {
        top_hint(top, LOG_PROBLEM, "there is no memory");
        return;
    }
    count = view_targets(top, rows, count);
    if (count > 0)
        act_pause(top, rows, count);
    else
        top_hint(top, LOG_NOTE, "no subscription is selected");
    free(rows);
}

/* -- dead letters of a subscription -------------------------------------------------------------
 */

static void letters_chosen(struct top *top, size_t n)
{
    const struct top_own *own = top->own;
    const struct row *row = fleet_row(top->fleet, own->choice_row);
    struct letter_filter filter;
    char what[256];

    letter_filter_init(&filter);
    filter.subscription = row->id;
    snprintf(what, sizeof(what), "dead letters of %.200s", row->name);
    act_letters(top, own->choice_kind, own->choices[n], &filter, what);
}

static bool has_letters(const struct endpoint *endpoint, const char *subscription)
{
    const struct ingest_sample *sample = endpoint->sample;

    for (size_t i = 0; sample && i < sample->reason_count; i++)
        if (sample->reasons[i].count > 0 &&
            strcmp(sample->reasons[i].subscription, subscription) == 0)
            return true;
    return false;
}

/* Of the selected subscription, at the endpoint that has any; a menu where several have. */
static void act_on_letters(struct top *top, enum act_kind kind, enum top_request request)
{
    size_t count = fleet_endpoints(top->fleet);
    const char **names = calloc(count + 1, sizeof(*names));
    struct top_own *own = top->own;
    const struct row *row;

    if (!names || !is_about_subscriptions(top, request))
        goto cleanup;
    if (top->selected >= fleet_rows(top->fleet)) {
        top_hint(top, LOG_NOTE, "no subscription is selected");
        goto cleanup;
    }
    row = fleet_row(top->fleet, top->selected);
    own->choice_kind = kind;
    own->choice_row = top->selected;
    own->choice_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct endpoint endpoint;
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        if (!has_letters(&endpoint, row->id))
            continue;
        names[own->choice_count] = endpoint.name;
        own->choices[own->choice_count++] = i;
    }
    if (own->choice_count == 0) {
        top_hint(top, LOG_NOTE, "%s has no dead letters", row->name);
        goto cleanup;
    }
    if (top->view == VIEW_OVERVIEW && view_marked(top) > 0)
        top_hint(top, LOG_NOTE, "%s is for the selected one alone, not for what is marked",
                 request_table[request].name);
    if (own->choice_count == 1)
        letters_chosen(top, 0);
    else
        dialog_menu(top, "Dead letters of which endpoint", names, own->choice_count, 0,
                    letters_chosen);
cleanup:
    free(names);
}

static void replay(struct top *top)
{
    act_on_letters(top, ACT_REPLAY, REQUEST_REPLAY);
}

static void discard(struct top *top)
{
    act_on_letters(top, ACT_DISCARD, REQUEST_DISCARD);
}

static void save(struct top *top)
{
    top_save(top, NULL);
}

/* -- the table ----------------------------------------------------------------------------------
 */

static void (*const common[REQUESTS])(struct top *top) = {
    [REQUEST_HELP] = show_help,
    [REQUEST_FILTER] = top_filter_begin,
    [REQUEST_COMMAND] = top_command_begin,
    [REQUEST_SORT_MENU] = sort_menu,
    [REQUEST_SORT_LEFT] = sort_left,
    [REQUEST_SORT_RIGHT] = sort_right,
    [REQUEST_REVERSE] = reverse,
    [REQUEST_BACK] = go_back,
    [REQUEST_OVERVIEW] = show_overview,
    [REQUEST_LETTERS] = show_letters,
    [REQUEST_DRIFT] = show_drift,
    [REQUEST_LOG] = show_log,
    [REQUEST_FREEZE] = toggle_freeze,
    [REQUEST_STEP_BACK] = step_back,
    [REQUEST_STEP_ON] = step_on,
    [REQUEST_LIVE] = go_live,
    [REQUEST_MARK] = mark,
    [REQUEST_SAVE] = save,
    [REQUEST_REFRESH] = refresh,
    [REQUEST_PAUSE] = pause_or_resume,
    [REQUEST_REPLAY] = replay,
    [REQUEST_DISCARD] = discard,
    [REQUEST_QUIT] = quit,
};

void top_request(struct top *top, enum top_request request)
{
    size_t selected = top->selected;

    if (top->read_only && request_table[request].acts)
        return;
    if (!view_table[top->view]->request(top, request) && common[request])
        common[request](top);
    if (top->selected != selected)
        top->own->arrange = true; /* it remembers the place, too */
    top_arrange(top);
}
