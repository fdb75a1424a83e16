/* A view: a table of functions. The overview, one subscription, dead letters, drift, log, help. */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include "tui/top.h"

struct view {
    const char *title; /* in the title bar */
    /* Draws into the present part: all but the title bar and the foot line. */
    void (*draw)(struct top *top, struct canvas *canvas);
    /* False: it does not know it, and top does what all views have in common. */
    bool (*request)(struct top *top, enum top_request request);
    void (*step)(struct top *top); /* time went on, something came; NULL: nothing to do */
};
extern const struct view view_overview, view_subscription, view_letters, view_drift, view_log,
    view_help;
extern const struct view *const view_table[VIEWS];

/* Lines that can be scrolled, as drift, log, help and a letter's text have them: draws those that
 * fit from *scroll on, which is kept within bounds. `line` gives the n-th. */
struct view_lines {
    size_t count;
    const char *(*line)(void *context, size_t n, enum style *style);
    void *context;
};
void view_draw_lines(struct canvas *canvas, const struct view_lines *lines, int *scroll);
/* Up, Down, pages, first and last, for such a view. */
bool view_scroll(int *scroll, enum top_request request, int page);
int view_page(const struct top *top); /* rows that a page is: those of the screen, 10 before any */

/* How many of the subscriptions that are shown are marked; a filter may hide others. */
size_t view_marked(const struct top *top);
/* Which the actions are for: the marked subscriptions that are shown, else the selected one. Rows
 * of the fleet; returns how many. */
size_t view_targets(const struct top *top, size_t *rows, size_t most);

#endif
