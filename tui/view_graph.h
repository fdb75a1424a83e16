/* Graphs of figures over time, side by side. Private to the views. */
#ifndef TUI_VIEW_GRAPH_H
#define TUI_VIEW_GRAPH_H

#include "tui/view.h"

struct view_graph {
    const char *title;
    enum figure figure;
    enum style style;
    char *(*format)(char *out, size_t size, double value);
};

struct view_graphs {
    const struct view_graph *list; /* those that matter most first: what has no room is left out */
    size_t count;
    size_t row;                          /* of the fleet; SIZE_MAX: the totals */
    int lines, columns_least, rows_most; /* of each; rows of graphs */
};

/* From that line of the present part on. Returns the lines taken. */
int view_graphs_draw(const struct top *top, struct canvas *canvas, const struct view_graphs *graphs,
                     int line);

#endif
