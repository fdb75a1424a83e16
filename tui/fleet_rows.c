/* Rows: one for each subscription that was ever seen, in the order of that, and an index by id. */
#include "tui/fleet_state.h"

#include <stdlib.h>
#include <string.h>

/* -- by id --------------------------------------------------------------------------------------
 */

size_t fleet_find(const struct fleet *fleet, const char *id)
{
    size_t low = 0, high = fleet->row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2, row = fleet->by_id[middle];
        int order = strcmp(fleet->rows[row].id, id);
        if (order == 0)
            return row;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

size_t fleet_rows(const struct fleet *fleet)
{
    return fleet->row_count;
}

const struct row *fleet_row(const struct fleet *fleet, size_t n)
{
    return &fleet->rows[n].shown;
}

/* -- new ones -----------------------------------------------------------------------------------
 */

static bool reserve(struct fleet *fleet, size_t count)
{
    size_t capacity = fleet->row_capacity ? fleet->row_capacity : 64;
    struct fleet_row *rows;
    uint32_t *by_id;

    if (count > FLEET_ROWS_MOST)
        return false;
    while (capacity < count)
        capacity *= 2;
    if (capacity == fleet->row_capacity)
        return true;
    rows = realloc(fleet->rows, capacity * sizeof(*rows));
    if (rows)
        fleet->rows = rows;
    by_id = realloc(fleet->by_id, capacity * sizeof(*by_id));
    if (by_id)
        fleet->by_id = by_id;
    if (!rows || !by_id)
        return false;
    fleet->row_capacity = capacity;
    return true;
}

static void row_release(struct fleet_row *row)
{
    free(row->id);
    free(row->name);
    free(row->sink);
    free(row->last_error);
}

bool fleet_rows_add(struct fleet *fleet, const char *const *ids, size_t count)
{
    if (!reserve(fleet, fleet->row_count + count))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct fleet_row *row = &fleet->rows[fleet->row_count + i];
        *row = (struct fleet_row){.id = strdup(ids[i])};
        if (!row->id) {
            fleet_rows_drop(fleet, i);
            return false;
        }
    }
    return true;
}

/* Merges the new ones into the index, from its end. */
void fleet_rows_commit(struct fleet *fleet, size_t count)
{
    size_t old = fleet->row_count, fresh = old + count;

    for (size_t at = fresh; fresh > fleet->row_count; at--) {
        const char *id = fleet->rows[fresh - 1].id;
        if (old > 0 && strcmp(fleet->rows[fleet->by_id[old - 1]].id, id) > 0)
            fleet->by_id[at - 1] = fleet->by_id[--old];
        else
            fleet->by_id[at - 1] = (uint32_t)--fresh;
    }
    fleet->row_count += count;
}

void fleet_rows_drop(struct fleet *fleet, size_t count)
{
    for (size_t i = 0; i < count; i++)
        row_release(&fleet->rows[fleet->row_count + i]);
}

void fleet_rows_free(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->row_count; i++)
        row_release(&fleet->rows[i]);
    free(fleet->rows);
    free(fleet->by_id);
}

/* -- what is shown of them ----------------------------------------------------------------------
 */

bool fleet_text_keep(char **kept, const char *text, bool *changed)
{
    char *copy = NULL;

    if (strcmp(*kept ? *kept : "", text) == 0)
        return true;
    if (*text && !(copy = strdup(text)))
        return false;
    free(*kept);
    *kept = copy;
    *changed = true;
    return true;
}

void fleet_row_show(const struct fleet *fleet, struct fleet_row *row)
{
    const struct fleet_drift *drift = fleet_drift_of(fleet, row->id, row->name);
    struct row *shown = &row->shown;

    shown->id = row->id;
    shown->name = row->name ? row->name : drift && *drift->name ? drift->name : row->id;
    shown->sink = row->sink ? row->sink : "";
    shown->last_error = row->last_error ? row->last_error : "";
    shown->drift = drift ? drift->drift : "";
    shown->health = drift ? drift->health : "";
    shown->version = drift ? drift->version : 0;
}
