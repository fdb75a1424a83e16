/* The table on a canvas: its head and its rows. */
#include "tui/column.h"

#include "tui/column_value.h"
#include "tui/format.h"
#include "tui/graph.h"

#include <math.h>
#include <stdio.h>

enum { CELL_TEXT_MOST = 64 };

/* The arrow stands in the gap beside the column, so that the title keeps its room. */
static void draw_title(struct canvas *canvas, int line, int at, int width,
                       const struct column *column, const char *arrow)
{
    char text[CELL_TEXT_MOST];

    snprintf(text, sizeof(text), "%s%s%s", column->left ? "" : arrow, column->title,
             column->left ? arrow : "");
    if (column->left)
        canvas_text(canvas, line, at, *arrow ? width + 1 : width, STYLE_HEAD, text);
    else
        canvas_right(canvas, line, *arrow ? at - 1 : at, *arrow ? width + 1 : width, STYLE_HEAD,
                     text);
}

void column_head(struct canvas *canvas, int line, const int widths[COLUMNS], int sorted_by,
                 bool reverse)
{
    const char *down = canvas->ascii ? "v" : "▼", *up = canvas->ascii ? "^" : "▲";
    int at = 0;

    canvas_fill(canvas, line, 0, canvas->width, STYLE_HEAD, " ", ' ');
    for (int column = 0; column < COLUMNS; column++) {
        if (widths[column] <= 0)
            continue;
        draw_title(canvas, line, at, widths[column], &column_table[column],
                   column != sorted_by ? ""
                   : reverse           ? up
                                       : down);
        at += widths[column] + 1;
    }
}

/* By meaning: what is wrong when it is more than 0. */
static enum style style_of(enum column_id column, const struct row_view *view)
{
    static const enum style above_zero[COLUMNS] = {
        [COLUMN_RETRIES] = STYLE_WARN, [COLUMN_DEAD] = STYLE_BAD, [COLUMN_GROWTH] = STYLE_BAD};

    if (view->point.stale)
        return STYLE_DIM;
    if (column == COLUMN_STATE)
        return column_state_styles[view->point.state];
    if (column == COLUMN_NAME)
        return view->point.state == ROW_GONE ? STYLE_DIM : STYLE_STRONG;
    if (!column_known(column, view))
        return STYLE_DIM;
    if (column == COLUMN_DRIFT)
        return *view->of->drift ? STYLE_WARN : STYLE_DIM;
    if (column == COLUMN_DRAIN)
        return isinf(column_number(column, view)) ? STYLE_WARN : STYLE_PLAIN;
    return column_number(column, view) > 0 ? above_zero[column] : STYLE_PLAIN;
}

static void draw_trend(struct canvas *canvas, int line, int at, int width,
                       const struct fleet *fleet, int64_t step, const struct row_view *view)
{
    float values[CANVAS_COLUMNS_MOST];
    size_t most = width < CANVAS_COLUMNS_MOST ? (size_t)width : CANVAS_COLUMNS_MOST;
    size_t count = fleet_series(fleet, view->row, FIGURE_DELIVERED, step, values, most);

    graph_sparkline(canvas, line, at, width, view->point.stale ? STYLE_DIM : STYLE_GRAPH_1, values,
                    count);
}

static void draw_cell(struct canvas *canvas, int line, int at, int width, enum column_id column,
                      const struct row_view *view)
{
    enum style style = style_of(column, view);
    char text[CELL_TEXT_MOST];

    if (column == COLUMN_NAME) {
        canvas_text(canvas, line, at, width, style, view->of->name);
        return;
    }
    if (column == COLUMN_STATE)
        column_state_text(text, sizeof(text), width, view);
    else
        column_text(text, sizeof(text), column, view);
    if (column_table[column].left)
        canvas_text(canvas, line, at, width, style, text);
    else
        canvas_right(canvas, line, at, width, style, text);
}

void column_draw(struct canvas *canvas, int line, const int widths[COLUMNS],
                 const struct fleet *fleet, int64_t step, const struct row_view *view)
{
    int at = 0;

    for (enum column_id column = 0; column < COLUMNS; column++) {
        if (widths[column] <= 0)
            continue;
        if (column == COLUMN_TREND)
            draw_trend(canvas, line, at, widths[column], fleet, step, view);
        else
            draw_cell(canvas, line, at, widths[column], column, view);
        at += widths[column] + 1;
    }
    if (view->marked) {
        canvas_style(canvas, line, 0, canvas->width, STYLE_MARKED);
        canvas_put(canvas, line, widths[COLUMN_STATE], STYLE_MARKED, "*", '*');
    }
    if (view->selected)
        canvas_style(canvas, line, 0, canvas->width, STYLE_SELECTED);
}
