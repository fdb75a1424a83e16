/* One subscription: its graphs, and all that is known of it. */
#include "tui/view.h"

#include "tui/column_value.h"
#include "tui/format.h"
#include "tui/view_graph.h"
#include "tui/view_subscription_text.h"

#include <math.h>

/* -- graphs ---------------------------------------------------------------------------------------
 */

static const struct view_graph graphs[] = {
    {"Delivered/s", FIGURE_DELIVERED, STYLE_GRAPH_1, format_rate},
    {"Queue depth", FIGURE_DEPTH, STYLE_GRAPH_2, format_count},
    {"Dead letters", FIGURE_DEAD, STYLE_GRAPH_3, format_count},
    {"Latency p95", FIGURE_P95_S, STYLE_GRAPH_2, format_seconds},
    {"Received/s", FIGURE_RECEIVED, STYLE_GRAPH_1, format_rate}};

/* Lines of a graph, by lines of the view: a third of them at most goes to two rows of graphs. */
static int graph_lines(int lines)
{
    enum { LINES_LEAST = 16, GRAPH_LEAST = 3, GRAPH_MOST = 10 };
    int each = lines / 6;

    if (lines < LINES_LEAST)
        return 0;
    return each < GRAPH_LEAST ? GRAPH_LEAST : each > GRAPH_MOST ? GRAPH_MOST : each;
}

/* Returns the lines taken. */
static int draw_graphs(const struct top *top, struct canvas *canvas, int line)
{
    const struct view_graphs all = {.list = graphs,
                                    .count = sizeof(graphs) / sizeof(graphs[0]),
                                    .row = top->selected,
                                    .lines = graph_lines(canvas->height),
                                    .columns_least = 24,
                                    .rows_most = 2};

    return all.lines > 0 ? view_graphs_draw(top, canvas, &all, line) : 0;
}

/* -- the view -------------------------------------------------------------------------------------
 */

/* "voice-lifecycle  FAIL  5eed0000-…": name, state, and where there is room the id. */
static void draw_heading(struct canvas *canvas, const struct row_view *view)
{
    enum style style = view->point.stale ? STYLE_DIM : column_state_styles[view->point.state];
    double age_s = (double)view->point.age_s;
    char age[FORMAT_SIZE];
    int at = canvas_text(canvas, 0, 0, canvas->width * 2 / 3, STYLE_STRONG, view->of->name) + 2;

    at += canvas_text(canvas, 0, at, canvas->width - at, style, row_state_words[view->point.state]);
    if (!isnan(age_s))
        at += canvas_printf(canvas, 0, at, canvas->width - at, STYLE_DIM, " %s old",
                            format_seconds(age, sizeof(age), age_s));
    canvas_text(canvas, 0, at + 2, canvas->width - at - 2, STYLE_DIM, view->of->id);
}

/* Of the shown step, whether the table has it or a filter hides it there. */
static struct row_view look(const struct top *top)
{
    int64_t step = top_shown_step(top);
    struct row_view view = {.row = top->selected, .of = fleet_row(top->fleet, top->selected)};

    fleet_point(top->fleet, top->selected, step, &view.point);
    return view;
}

static void draw(struct top *top, struct canvas *canvas)
{
    struct canvas_part part;
    struct row_view view;
    struct paper paper;
    int line = 1;

    if (top->selected >= fleet_rows(top->fleet)) {
        canvas_text(canvas, 0, 0, canvas->width, STYLE_DIM, "No subscription is selected.");
        return;
    }
    view = look(top);
    draw_heading(canvas, &view);
    if (top->panel[VIEW_SUBSCRIPTION] == 0)
        line += draw_graphs(top, canvas, line);
    paper_init(&paper, canvas->width, canvas->ascii);
    subscription_write(&paper, top, &view);
    part = canvas_enter(canvas, line, 0, canvas->height - line, canvas->width);
    paper_draw(&paper, canvas, &top->scroll[VIEW_SUBSCRIPTION]);
    canvas_restore(canvas, part);
    paper_release(&paper);
}

/* The other panel is the text alone, on all lines. */
static bool on_request(struct top *top, enum top_request request)
{
    enum { PAGE = 10 };

    if (request == REQUEST_PANEL) {
        top->panel[VIEW_SUBSCRIPTION] = !top->panel[VIEW_SUBSCRIPTION];
        return true;
    }
    return view_scroll(&top->scroll[VIEW_SUBSCRIPTION], request, PAGE);
}

const struct view view_subscription = {
    .title = "Subscription", .draw = draw, .request = on_request};
