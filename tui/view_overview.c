/* The first view: header, three graphs, and the table of subscriptions. */
#include "tui/view.h"

#include "tui/format.h"
#include "tui/view_graph.h"
#include "tui/view_overview_head.h"

/* -- what a screen has room for -------------------------------------------------------------------
 */

enum { TOTALS_BELOW_ROWS = 8, TOTALS_BELOW_COLUMNS = 40 };

/* By rows of the screen, the tallest first. Without endpoints' lines only what is wrong with them
 * is told. */
struct room {
    int rows_least, graph_lines, endpoint_lines, totals_lines;
};
static const struct room rooms[] = {{56, 14, 8, 1}, {34, 7, 5, 1}, {30, 5, 4, 1}, {24, 3, 3, 1},
                                    {16, 0, 3, 1},  {12, 0, 0, 1}, {0, 0, 0, 0}};

static const struct room *room_of(const struct canvas *canvas)
{
    const struct room *room = rooms;

    while (canvas->rows < room->rows_least)
        room++;
    return room;
}

static const struct view_graph graphs[] = {
    {"Delivered/s", FIGURE_DELIVERED, STYLE_GRAPH_1, format_rate},
    {"Queue depth", FIGURE_DEPTH, STYLE_GRAPH_2, format_count},
    {"Dead letters", FIGURE_DEAD, STYLE_GRAPH_3, format_count}};

/* Returns the lines taken. */
static int draw_graphs(const struct top *top, struct canvas *canvas, int line, int lines)
{
    const struct view_graphs all = {.list = graphs,
                                    .count = sizeof(graphs) / sizeof(graphs[0]),
                                    .row = SIZE_MAX,
                                    .lines = lines,
                                    .columns_least = 20,
                                    .rows_most = 1};

    return lines > 0 ? view_graphs_draw(top, canvas, &all, line) : 0;
}

/* -- the table ------------------------------------------------------------------------------------
 */

/* Why there is no row. */
static void draw_nothing(const struct top *top, struct canvas *canvas, int line)
{
    size_t live = 0, waiting = 0, count = fleet_endpoints(top->fleet);
    const char *text;

    for (size_t i = 0; i < count; i++) {
        struct endpoint endpoint;
        fleet_endpoint(top->fleet, i, top->now_ms, &endpoint);
        live += endpoint.sample != NULL;
        waiting += endpoint.state == ENDPOINT_WAITING;
    }
    if (fleet_rows(top->fleet) > 0 && *top->query_text)
        text = "No subscription is what the filter asks for; / changes it.";
    else if (count == 0)
        text = "There is no endpoint to ask; see `eventctl top --help`.";
    else if (live > 0)
        text = "No endpoint that answered knows a subscription yet.";
    else if (waiting > 0)
        text = "Waiting for the first answer of the endpoints.";
    else
        text = "No endpoint has answered yet; each is asked again and again.";
    canvas_text(canvas, line, 0, canvas->width, STYLE_DIM, text);
}

/* The scroll follows the selection, and leaves no room empty at the end. Until the cursor is moved
 * the top stays in sight, where what is worst is: the selected row may sink below the page. */
static int scroll_to(struct top *top, int lines)
{
    int *scroll = &top->scroll[VIEW_OVERVIEW];
    int count = (int)top->order.count, at = order_find(&top->order, top->selected);

    bool follows = *scroll > 0 || top->order.held_until != INT64_MIN;

    if (at >= 0 && at < *scroll)
        *scroll = at;
    if (follows && at >= *scroll + lines)
        *scroll = at - lines + 1;
    if (*scroll > count - lines)
        *scroll = count - lines;
    if (*scroll < 0)
        *scroll = 0;
    return *scroll;
}

static void draw_rows(struct top *top, struct canvas *canvas, int line, const int widths[COLUMNS])
{
    int lines = canvas->height - line, from = scroll_to(top, lines);
    int64_t step = top_shown_step(top);

    for (int i = 0; i < lines && (size_t)(from + i) < top->order.count; i++) {
        struct row_view view = top->order.views[from + i];
        view.selected = view.row == top->selected;
        view.marked = view.row < top->mark_capacity && top->marks[view.row];
        column_draw(canvas, line + i, widths, top->fleet, step, &view);
    }
}

static void draw_table(struct top *top, struct canvas *canvas, int line)
{
    int widths[COLUMNS];

    column_layout(canvas->width, widths);
    column_head(canvas, line++, widths, (int)top->order.by, top->order.reverse);
    /* The overview's cursor is the selected row, so that its number tells how long a page is. */
    top->cursor[VIEW_OVERVIEW] = canvas->height - line;
    if (line >= canvas->height)
        return;
    if (top->order.count == 0)
        draw_nothing(top, canvas, line);
    else
        draw_rows(top, canvas, line, widths);
}

static void draw(struct top *top, struct canvas *canvas)
{
    const struct room *room = room_of(canvas);
    int line;

    if (canvas->rows < TOTALS_BELOW_ROWS || canvas->columns < TOTALS_BELOW_COLUMNS) {
        overview_totals_alone(top, canvas);
        return;
    }
    if (room->endpoint_lines == 0) {
        line = overview_trouble(top, canvas, 0);
    } else {
        line = overview_endpoints(top, canvas, room->endpoint_lines);
        line += overview_genesys(top, canvas, line);
    }
    if (room->totals_lines > 0)
        overview_totals(top, canvas, line);
    line += room->totals_lines;
    line += draw_graphs(top, canvas, line, room->graph_lines);
    draw_table(top, canvas, line);
}

/* -- requests -------------------------------------------------------------------------------------
 */

static void move_to(struct top *top, int64_t place)
{
    int64_t last = (int64_t)top->order.count - 1;

    if (last < 0)
        return;
    if (place > last)
        place = last;
    top->selected = top->order.views[place > 0 ? place : 0].row;
    order_hold(&top->order, top_shown_step(top));
    top->dirty = true;
}

static bool on_request(struct top *top, enum top_request request)
{
    int page = top->cursor[VIEW_OVERVIEW] > 1 ? top->cursor[VIEW_OVERVIEW] : 1;
    const struct {
        enum top_request request;
        int64_t by;
    } moves[] = {{REQUEST_UP, -1},          {REQUEST_DOWN, 1},          {REQUEST_PAGE_UP, -page},
                 {REQUEST_PAGE_DOWN, page}, {REQUEST_FIRST, INT32_MIN}, {REQUEST_LAST, INT32_MAX}};

    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
        if (moves[i].request == request) {
            move_to(top, order_find(&top->order, top->selected) + moves[i].by);
            return true;
        }
    if (request != REQUEST_IN || order_find(&top->order, top->selected) < 0)
        return false;
    top->scroll[VIEW_SUBSCRIPTION] = 0;
    top_show(top, VIEW_SUBSCRIPTION);
    return true;
}

const struct view view_overview = {.title = "Overview", .draw = draw, .request = on_request};
