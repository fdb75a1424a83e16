#include "tui/graph.h"

#include "tui/format.h"

#include <math.h>
#include <stdio.h>

/* From the lowest on: as many as a cell has levels. */
static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char signs[] = "_.-=*#";
enum { BLOCKS = sizeof(blocks) / sizeof(blocks[0]), SIGNS = sizeof(signs) - 1 };

/* The greatest value that is a number; NAN: there is none. */
static double top_of(const float *values, size_t count)
{
    double top = NAN;

    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]) && !(values[i] <= top))
            top = (double)values[i];
    return top;
}

/* 1 … most, and only zero (or less) is 1; a gap is 0. */
static int level_of(double value, double top, int most)
{
    if (isnan(value))
        return 0;
    if (value <= 0)
        return 1;
    return value < top ? 1 + (int)ceil(value / top * (most - 1)) : most;
}

/* -- bars ---------------------------------------------------------------------------------------
 */

/* What a cell shows of a bar that is `level` high from the cell's own foot on. */
static void put_sign(struct canvas *canvas, int row, int column, enum style style, int level)
{
    int steps = canvas->ascii ? SIGNS : BLOCKS;
    int step = level < steps ? level - 1 : steps - 1;

    if (level <= 0)
        canvas_put(canvas, row, column, style, " ", ' ');
    else
        canvas_put(canvas, row, column, style, blocks[step * BLOCKS / steps],
                   signs[step * SIGNS / steps]);
}

/* Fills the present part; the newest value is at the right. */
static void draw_bars(struct canvas *canvas, enum style style, const float *values, size_t count)
{
    int steps = canvas->ascii ? SIGNS : BLOCKS;
    double top = top_of(values, count);

    for (int column = 0; column < canvas->width; column++) {
        size_t back = (size_t)(canvas->width - column);
        double value = back <= count ? (double)values[count - back] : NAN;
        int level = level_of(value, top, steps * canvas->height);
        for (int row = canvas->height - 1; row >= 0; row--, level -= steps)
            put_sign(canvas, row, column, style, level);
    }
}

void graph_sparkline(struct canvas *canvas, int row, int column, int columns, enum style style,
                     const float *values, size_t count)
{
    struct canvas_part part = canvas_enter(canvas, row, column, 1, columns);

    draw_bars(canvas, style, values, count);
    canvas_restore(canvas, part);
}

/* -- a framed graph -----------------------------------------------------------------------------
 */

/* "Delivered/s        3.1  max 40", the scale only where there is room. */
static void draw_head(struct canvas *canvas, int column, int columns, const struct graph *graph)
{
    char newest[FORMAT_SIZE], top[FORMAT_SIZE], figures[2 * FORMAT_SIZE + 8];
    double value = graph->count > 0 ? (double)graph->values[graph->count - 1] : NAN;
    int title = text_columns(graph->title, canvas->ascii), taken;

    graph->format(newest, sizeof(newest), value);
    graph->format(top, sizeof(top), top_of(graph->values, graph->count));
    snprintf(figures, sizeof(figures), " %s  max %s", newest, top);
    if (title + text_columns(figures, canvas->ascii) > columns)
        snprintf(figures, sizeof(figures), " %s", newest);
    taken = canvas_right(canvas, 0, column, columns, graph->style, figures);
    canvas_text(canvas, 0, column, columns - taken, STYLE_STRONG, graph->title);
}

/* Round the present part; how far back the columns go stands at the left of the foot. */
static void draw_frame(struct canvas *canvas, const struct graph *graph)
{
    int right = canvas->width - 1, foot = canvas->height - 1;
    int64_t shown = right - 1 < (int64_t)graph->count ? right - 1 : (int64_t)graph->count;
    char span[FORMAT_SIZE];

    canvas_fill(canvas, 0, 0, right, STYLE_DIM, "─", '-');
    canvas_fill(canvas, foot, 0, right, STYLE_DIM, "─", '-');
    for (int row = 1; row < foot; row++) {
        canvas_put(canvas, row, 0, STYLE_DIM, "│", '|');
        canvas_put(canvas, row, right, STYLE_DIM, "│", '|');
    }
    canvas_put(canvas, 0, 0, STYLE_DIM, "┌", '+');
    canvas_put(canvas, 0, right, STYLE_DIM, "┐", '+');
    canvas_put(canvas, foot, 0, STYLE_DIM, "└", '+');
    canvas_put(canvas, foot, right, STYLE_DIM, "┘", '+');
    if (shown > 1 && graph->step_ms > 0)
        canvas_printf(canvas, foot, 1, right - 1, STYLE_DIM, "-%s",
                      format_seconds(span, sizeof(span),
                                     (double)(shown - 1) * (double)graph->step_ms / 1000));
}

/* Under a part's head, or without one. */
static void draw_bars_in(struct canvas *canvas, struct canvas_part in, const struct graph *graph)
{
    struct canvas_part part = canvas_enter(canvas, in.top, in.left, in.height, in.width);

    draw_bars(canvas, graph->style, graph->values, graph->count);
    canvas_restore(canvas, part);
}

void graph_draw(struct canvas *canvas, const struct graph *graph)
{
    int height = canvas->height, width = canvas->width;
    int taken;

    if (height >= 3 && width >= 3) {
        draw_frame(canvas, graph);
        draw_head(canvas, 1, width - 2, graph);
        draw_bars_in(canvas, (struct canvas_part){1, 1, height - 2, width - 2}, graph);
    } else if (height >= 2) {
        draw_head(canvas, 0, width, graph);
        draw_bars_in(canvas, (struct canvas_part){1, 0, height - 1, width}, graph);
    } else {
        taken = canvas_text(canvas, 0, 0, width / 2, STYLE_STRONG, graph->title);
        taken += taken > 0;
        draw_bars_in(canvas, (struct canvas_part){0, taken, 1, width - taken}, graph);
    }
}
