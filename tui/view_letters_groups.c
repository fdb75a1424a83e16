/* Dead letters by endpoint, subscription and reason, as the newest samples tell. */
#include "tui/view_letters.h"

#include "tui/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- making -------------------------------------------------------------------------------------
 */

static int compare(const void *left, const void *right)
{
    const struct letter_group *a = left, *b = right;
    int by = (a->count < b->count) - (a->count > b->count);

    by = by ? by : strcmp(a->reason, b->reason);
    by = by ? by : strcmp(a->subscription, b->subscription);
    by = by ? by : (a->endpoint > b->endpoint) - (a->endpoint < b->endpoint);
    return by ? by : a->came_back - b->came_back;
}

/* With a filter: only those of subscriptions that are shown. */
static bool is_shown(const struct top *top, const char *subscription)
{
    size_t row;

    if (!*top->query_text)
        return true;
    row = fleet_find(top->fleet, subscription);
    return row != SIZE_MAX && order_find(&top->order, row) >= 0;
}

static void add(struct letter_groups *groups, const struct letter_group *group)
{
    if (group->count > 0)
        groups->items[groups->count++] = *group;
}

static void add_reason(struct letter_groups *groups, size_t endpoint, bool stale,
                       const struct sample_reason *reason)
{
    bool told = reason->came_back != SAMPLE_UNKNOWN && reason->came_back >= 0;
    int64_t back = !told                               ? 0
                   : reason->came_back < reason->count ? reason->came_back
                                                       : reason->count;
    struct letter_group group = {.endpoint = endpoint,
                                 .subscription = reason->subscription,
                                 .reason = reason->reason,
                                 .came_back = told ? 0 : -1,
                                 .count = reason->count - back,
                                 .oldest_ms = reason->oldest_ms,
                                 .stale = stale};

    if (reason->count <= 0) /* not told either */
        return;
    add(groups, &group);
    group.came_back = 1;
    group.count = back;
    add(groups, &group);
}

bool letter_groups_make(const struct top *top, struct letter_groups *groups)
{
    size_t endpoints = fleet_endpoints(top->fleet), most = 0;
    struct endpoint endpoint;

    *groups = (struct letter_groups){.items = NULL};
    for (size_t i = 0; i < endpoints; i++) {
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        most += endpoint.sample ? 2 * endpoint.sample->reason_count : 0;
    }
    groups->items = calloc(most + 1, sizeof(*groups->items));
    if (!groups->items)
        return false;
    for (size_t i = 0; i < endpoints; i++) {
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        for (size_t n = 0; endpoint.sample && n < endpoint.sample->reason_count; n++)
            if (is_shown(top, endpoint.sample->reasons[n].subscription))
                add_reason(groups, i, endpoint.state != ENDPOINT_LIVE,
                           &endpoint.sample->reasons[n]);
    }
    qsort(groups->items, groups->count, sizeof(*groups->items), compare);
    return true;
}

void letter_groups_release(struct letter_groups *groups)
{
    free(groups->items);
    *groups = (struct letter_groups){.items = NULL};
}

int letter_groups_find(const struct letter_groups *groups, const struct letter_group *group)
{
    for (size_t i = 0; group->reason && i < groups->count; i++) {
        const struct letter_group *one = &groups->items[i];
        if (one->endpoint == group->endpoint && one->came_back == group->came_back &&
            strcmp(one->reason, group->reason) == 0 &&
            strcmp(one->subscription, group->subscription) == 0)
            return (int)i;
    }
    return -1;
}

/* -- one group ----------------------------------------------------------------------------------
 */

bool letter_group_copy(struct letter_group *to, const struct letter_group *from)
{
    char *subscription = strdup(from->subscription), *reason = strdup(from->reason);

    if (!subscription || !reason) {
        free(subscription);
        free(reason);
        return false;
    }
    letter_group_release(to);
    *to = *from;
    to->subscription = subscription;
    to->reason = reason;
    return true;
}

void letter_group_release(struct letter_group *group)
{
    free((char *)group->subscription);
    free((char *)group->reason);
    *group = (struct letter_group){.reason = NULL};
}

void letter_group_filter(const struct letter_group *group, struct letter_filter *filter)
{
    letter_filter_init(filter);
    filter->subscription = group->subscription;
    filter->reason = group->reason;
    filter->came_back = group->came_back;
}

static const char *subscription_name(const struct top *top, const char *id)
{
    size_t row = fleet_find(top->fleet, id);

    return row != SIZE_MAX ? fleet_row(top->fleet, row)->name : *id ? id : "(of no subscription)";
}

void letter_group_name(const struct top *top, const struct letter_group *group, char *out,
                       size_t size)
{
    struct endpoint endpoint;

    fleet_endpoint(top->fleet, group->endpoint, top->now_ms, &endpoint);
    snprintf(out, size, "%.60s of %.80s at %.60s%s", group->reason,
             subscription_name(top, group->subscription), endpoint.name,
             group->came_back == 1 ? ", come back" : "");
}

void letter_group_what(const struct top *top, const struct letter_group *group, const char *which,
                       char *out, size_t size)
{
    snprintf(out, size, "%s of %.80s (%.60s%s)", which, subscription_name(top, group->subscription),
             group->reason, group->came_back == 1 ? ", come back" : "");
}

/* -- the cursor ---------------------------------------------------------------------------------
 */

/* Which of them to begin with: the first one of the subscription that is selected in the overview.
 */
static int place_of_row(const struct top *top, const struct letter_groups *groups)
{
    const char *id;

    if (top->selected >= fleet_rows(top->fleet))
        return 0;
    id = fleet_row(top->fleet, top->selected)->id;
    for (size_t i = 0; i < groups->count; i++)
        if (strcmp(groups->items[i].subscription, id) == 0)
            return (int)i;
    return 0;
}

/* Where the selected group is now; what took its place when it is gone. */
static void find_place(const struct top *top, struct letters *letters,
                       const struct letter_groups *groups)
{
    int place = letter_groups_find(groups, &letters->at);

    if (letters->came_from != top->selected)
        letters->group_place = place_of_row(top, groups);
    else if (place >= 0)
        letters->group_place = place;
    if (groups->count > 0)
        letters->came_from = top->selected;
    if (letters->group_place >= (int)groups->count)
        letters->group_place = groups->count > 0 ? (int)groups->count - 1 : 0;
}

bool letter_groups_move(struct top *top, struct letters *letters, enum top_request request)
{
    struct letter_groups groups;
    bool moved;

    if (!letter_groups_make(top, &groups)) {
        top_say(top, LOG_PROBLEM, "there is no memory for the dead letters");
        return false;
    }
    find_place(top, letters, &groups);
    moved = letters_move(&letters->group_place, request, (int)groups.count, view_page(top));
    if (groups.count == 0)
        letter_group_release(&letters->at);
    else if (!letter_group_copy(&letters->at, &groups.items[letters->group_place]))
        top_say(top, LOG_PROBLEM, "there is no memory for the dead letters");
    letter_groups_release(&groups);
    return moved;
}

/* -- drawing ------------------------------------------------------------------------------------
 */

enum group_cell {
    CELL_COUNT,
    CELL_BACK,
    CELL_REASON,
    CELL_NAME,
    CELL_ENDPOINT,
    CELL_OLDEST,
    CELLS
};

static const struct letters_column columns[CELLS] = {
    [CELL_COUNT] = {"COUNT", 6, 0, false},
    [CELL_REASON] = {"REASON", 14, 0, true},
    [CELL_NAME] = {"SUBSCRIPTION", 0, 0, true},
    [CELL_ENDPOINT] = {"ENDPOINT", 12, 60, true},
    [CELL_BACK] = {"", 4, 0, true},
    [CELL_OLDEST] = {"OLDEST", 7, 50, false},
};

static void draw_group(const struct top *top, struct canvas *canvas, int row,
                       const struct letter_group *group, bool selected)
{
    char count[FORMAT_SIZE], age[FORMAT_SIZE];
    struct endpoint endpoint;
    const char *cells[CELLS];

    fleet_endpoint(top->fleet, group->endpoint, top->now_ms, &endpoint);
    cells[CELL_COUNT] = format_count(count, sizeof(count), (double)group->count);
    cells[CELL_REASON] = group->reason;
    cells[CELL_NAME] = subscription_name(top, group->subscription);
    cells[CELL_ENDPOINT] = endpoint.name;
    cells[CELL_BACK] = group->came_back == 1 ? "back" : "";
    cells[CELL_OLDEST] = "?";
    if (group->oldest_ms > 0)
        cells[CELL_OLDEST] =
            format_seconds(age, sizeof(age), (double)(top->now_ms - group->oldest_ms) / 1000);
    letters_row(canvas, row, columns, CELLS, cells, group->stale ? STYLE_DIM : STYLE_PLAIN);
    if (selected)
        canvas_style(canvas, row, 0, canvas->width, STYLE_SELECTED);
}

static void draw_none(const struct top *top, struct canvas *canvas)
{
    bool told = false;

    for (size_t i = 0; i < fleet_endpoints(top->fleet); i++) {
        struct endpoint endpoint;
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        told = told || endpoint.sample;
    }
    canvas_text(canvas, 0, 0, canvas->width, STYLE_DIM,
                !told              ? "No endpoint has told of dead letters yet."
                : *top->query_text ? "No dead letters of the subscriptions that the filter shows."
                                   : "No dead letters.");
}

/* Endpoints of which nothing is known are named: no groups of theirs is not the same as none. */
static int draw_head(const struct top *top, struct canvas *canvas,
                     const struct letter_groups *groups)
{
    char text[512], number[FORMAT_SIZE];
    double total = 0;
    size_t length, stale = 0;

    for (size_t i = 0; i < groups->count; i++)
        total += (double)groups->items[i].count;
    for (size_t i = 0; i < fleet_endpoints(top->fleet); i++) {
        struct endpoint endpoint;
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        stale += endpoint.state != ENDPOINT_LIVE;
    }
    snprintf(text, sizeof(text), "%s dead letter%s in %zu group%s",
             format_count(number, sizeof(number), total), total > 1 ? "s" : "", groups->count,
             groups->count == 1 ? "" : "s");
    length = strlen(text);
    if (stale > 0)
        snprintf(text + length, sizeof(text) - length, "; %zu of %zu endpoints not live", stale,
                 fleet_endpoints(top->fleet));
    length = strlen(text);
    if (top->frozen >= 0)
        snprintf(text + length, sizeof(text) - length, "; of now, these are not frozen");
    canvas_text(canvas, 0, 0, canvas->width, STYLE_STRONG, text);
    letters_row(canvas, 1, columns, CELLS, NULL, STYLE_HEAD);
    return 2;
}

void letter_groups_draw(struct top *top, struct letters *letters, struct canvas *canvas)
{
    struct letter_groups groups;
    int head, *scroll = &letters->scroll[LETTERS_GROUPS];

    if (!letter_groups_make(top, &groups)) {
        canvas_text(canvas, 0, 0, canvas->width, STYLE_BAD, "There is no memory for this.");
        return;
    }
    if (groups.count == 0) {
        draw_none(top, canvas);
    } else {
        head = draw_head(top, canvas, &groups);
        letters_keep(scroll, letters->group_place, canvas->height - head);
        for (int row = head; row < canvas->height; row++) {
            int n = *scroll + row - head;
            if (n < (int)groups.count)
                draw_group(top, canvas, row, &groups.items[n], n == letters->group_place);
        }
    }
    letter_groups_release(&groups);
}
