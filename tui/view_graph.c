#include "tui/view_graph.h"

#include "tui/graph.h"

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

/* Between two values; the steps that are shown need not be alike. */
static int64_t mean_step_ms(const struct fleet *fleet, int64_t step, size_t count)
{
    int64_t from = step - (int64_t)count + 1;

    if (count < 2)
        return 0;
    return (fleet_time_ms(fleet, step) - fleet_time_ms(fleet, from)) / (int64_t)(count - 1);
}

/* Takes the present part; a value a column within the frame. */
static void draw_one(const struct top *top, struct canvas *canvas, const struct view_graph *of,
                     size_t row)
{
    enum { FRAME = 2 };
    size_t columns = (size_t)clamp(canvas->width - FRAME, 1, CANVAS_COLUMNS_MOST);
    int64_t step = top_shown_step(top);
    float values[CANVAS_COLUMNS_MOST];
    size_t count = fleet_series(top->fleet, row, of->figure, step, values, columns);
    const struct graph graph = {.title = of->title,
                                .values = values,
                                .count = count,
                                .step_ms = mean_step_ms(top->fleet, step, count),
                                .style = of->style,
                                .format = of->format};

    graph_draw(canvas, &graph);
}

/* A last row with fewer has wider ones. */
int view_graphs_draw(const struct top *top, struct canvas *canvas, const struct view_graphs *graphs,
                     int line)
{
    int count = (int)graphs->count;
    int beside = clamp(canvas->width / graphs->columns_least, 1, count);
    int rows = clamp((count + beside - 1) / beside, 1, graphs->rows_most);

    beside = clamp(beside, 1, (count + rows - 1) / rows);
    for (int i = 0; i < count && i < rows * beside; i++) {
        int before = i / beside * beside, in_row = clamp(count - before, 1, beside);
        int left = canvas->width * (i - before) / in_row;
        int right = canvas->width * (i - before + 1) / in_row;
        struct canvas_part part = canvas_enter(canvas, line + i / beside * graphs->lines, left,
                                               graphs->lines, right - left);
        draw_one(top, canvas, &graphs->list[i], graphs->row);
        canvas_restore(canvas, part);
    }
    return rows * graphs->lines;
}
