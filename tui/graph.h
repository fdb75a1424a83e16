/* Graphs over time. NAN is a gap, never a zero. */
#ifndef TUI_GRAPH_H
#define TUI_GRAPH_H

#include "tui/canvas.h"

/* One row: the last `columns` values, oldest first, scaled from 0 to the greatest of them (of all
 * `count` values). Eighths of blocks; in ASCII "_.-=*#". A gap is a blank, a zero the lowest sign.
 */
void graph_sparkline(struct canvas *canvas, int row, int column, int columns, enum style style,
                     const float *values, size_t count);

/* A framed graph with a title at the left, the newest value and the scale's top at the right; the
 * newest column is the rightmost. Takes the present part of the canvas whole, however small. */
struct graph {
    const char *title;
    const float *values; /* oldest first */
    size_t count;
    int64_t step_ms; /* between two values */
    enum style style;
    char *(*format)(char *out, size_t size, double value);
};
void graph_draw(struct canvas *canvas, const struct graph *graph);

#endif
