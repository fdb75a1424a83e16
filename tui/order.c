#include "tui/order.h"

#include "tui/column_value.h"

#include <stdlib.h>

void order_init(struct order *order)
{
    *order = (struct order){.by = COLUMN_STATE, .held_until = INT64_MIN};
}

void order_release(struct order *order)
{
    free(order->views);
    order_init(order);
}

void order_hold(struct order *order, int64_t step)
{
    order->held_until = step + ORDER_HOLD_STEPS;
}

/* -- the list -------------------------------------------------------------------------------------
 */

/* False: the row is not shown. */
static bool look(const struct fleet *fleet, size_t row, int64_t step, const struct query *query,
                 struct row_view *view)
{
    *view = (struct row_view){.row = row, .of = fleet_row(fleet, row)};
    fleet_point(fleet, row, step, &view->point);
    return query_holds(query, view);
}

/* Those that were shown keep their order, the others come behind them. `seen` is all false. */
static void gather(struct order *order, const struct fleet *fleet, int64_t step,
                   const struct query *query, bool *seen)
{
    size_t rows = fleet_rows(fleet), before = order->count;
    struct row_view view;

    order->count = 0;
    for (size_t i = 0; i < before; i++) {
        size_t row = order->views[i].row;
        if (row >= rows || seen[row])
            continue;
        seen[row] = true;
        if (look(fleet, row, step, query, &view))
            order->views[order->count++] = view;
    }
    for (size_t row = 0; row < rows; row++)
        if (!seen[row] && look(fleet, row, step, query, &view))
            order->views[order->count++] = view;
}

static bool make_room(struct order *order, size_t rows)
{
    struct row_view *more;

    if (rows <= order->capacity)
        return true;
    more = reallocarray(order->views, rows, sizeof(*more));
    if (!more)
        return false;
    order->views = more;
    order->capacity = rows;
    return true;
}

/* -- sorting --------------------------------------------------------------------------------------
 */

/* Reverse turns neither what is not known to the front nor equal ones round. */
static int compare(const void *left, const void *right, void *context)
{
    const struct order *order = context;
    const struct row_view *a = left, *b = right;
    bool known = column_known(order->by, a) && column_known(order->by, b);
    int values = column_compare_values(order->by, a, b);

    if (values == 0)
        return column_compare(order->by, a, b);
    return order->reverse && known ? -values : values;
}

static bool is_sorted(struct order *order)
{
    for (size_t i = 1; i < order->count; i++)
        if (compare(&order->views[i - 1], &order->views[i], order) > 0)
            return false;
    return true;
}

bool order_make(struct order *order, const struct fleet *fleet, int64_t step,
                const struct query *query)
{
    bool held = step <= order->held_until && order->count > 0;
    size_t rows = fleet_rows(fleet);
    bool *seen = calloc(rows + 1, sizeof(*seen));
    bool ok = seen && make_room(order, rows);

    if (ok) {
        gather(order, fleet, step, query, seen);
        if (!held && !is_sorted(order))
            qsort_r(order->views, order->count, sizeof(*order->views), compare, order);
    }
    free(seen);
    return ok;
}

int order_find(const struct order *order, size_t row)
{
    for (size_t i = 0; i < order->count; i++)
        if (order->views[i].row == row)
            return (int)i;
    return -1;
}
