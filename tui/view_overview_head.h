/* What stands above the overview's table: endpoints, the Genesys side, totals. Private to
 * view_overview*.c. */
#ifndef TUI_VIEW_OVERVIEW_HEAD_H
#define TUI_VIEW_OVERVIEW_HEAD_H

#include "tui/top.h"

/* One line an endpoint, from the top of the present part on: all of them in at most `lines`, or
 * else the worst ones and how many more there are. Returns the lines taken. */
int overview_endpoints(const struct top *top, struct canvas *canvas, int lines);

/* The organisation, and how long its token lives. Returns the lines taken: 0 or 1. */
int overview_genesys(const struct top *top, struct canvas *canvas, int line);

/* The fleet in one line, what is wrong first: as much of it as fits. */
void overview_totals(const struct top *top, struct canvas *canvas, int line);

/* The same where it is the only line: what is down comes first. */
void overview_totals_alone(const struct top *top, struct canvas *canvas);

/* In one line how many endpoints are not well; nothing where all are. Returns the lines taken. */
int overview_trouble(const struct top *top, struct canvas *canvas, int line);

#endif
