/* Which rows are shown, and in which order: filter, sort, hold. Knows no screen. */
#ifndef TUI_ORDER_H
#define TUI_ORDER_H

#include "tui/column.h"

/* The filter language: words that must all hold.
 *
 *   voice           in name or id, whatever its case
 *   state:fail      a column's text holds it; "sink:" and "error:" too
 *   depth>100       a column's number (> >= < <= =); with a unit: oldest>5m p95>=300ms dead>1k
 *   !word           the word does not hold
 *
 * What is not known holds nothing but its "!". */
struct query;
/* NULL: *error says what is wrong, and where. "" is fine and holds always. */
struct query *query_new(const char *text, struct error *error);
void query_free(struct query *query); /* NULL is nothing */
/* NULL holds always. */
bool query_holds(const struct query *query, const struct row_view *view);

enum { ORDER_HOLD_STEPS = 5 };

struct order {
    enum column_id by;
    bool reverse;           /* the least first; what is not known stays last */
    struct row_view *views; /* what is shown, in its order */
    size_t count;
    int64_t held_until; /* step: until then nobody changes places */
    size_t capacity;
};
void order_init(struct order *order); /* by state, worst first */
void order_release(struct order *order);
/* After a move of the cursor: the order holds for five steps. New rows go to the end meanwhile. */
void order_hold(struct order *order, int64_t step);
/* Makes the list of a step. False: no memory; it is as it was. */
MUST_CHECK bool order_make(struct order *order, const struct fleet *fleet, int64_t step,
                           const struct query *query);
/* Where a row stands; -1: it is not shown. */
int order_find(const struct order *order, size_t row);

#endif
