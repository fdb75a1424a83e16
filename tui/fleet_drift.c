/* What the Genesys side says, kept until it says something else. */
#include "tui/fleet_state.h"

#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct fleet_drift *)a)->id, ((const struct fleet_drift *)b)->id);
}

static int compare_names(const void *a, const void *b)
{
    const struct fleet_drift *one = a, *other = b;
    int order = strcmp(one->name, other->name);

    return order ? order : strcmp(one->id, other->id);
}

void fleet_drifts_release(struct drifts *drifts)
{
    arena_release(&drifts->arena);
    *drifts = (struct drifts){.count = 0};
}

static const char *copy(struct arena *arena, const char *text)
{
    return text && *text ? arena_text(arena, text) : "";
}

static bool drifts_copy(struct drifts *drifts, const struct fleet_drift *from, size_t count)
{
    struct arena *arena = &drifts->arena;

    drifts->by_id = arena_alloc(arena, (count + 1) * sizeof(*from));
    drifts->by_name = arena_alloc(arena, (count + 1) * sizeof(*from));
    if (!drifts->by_id || !drifts->by_name)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct fleet_drift *to = &drifts->by_id[i];
        *to = (struct fleet_drift){copy(arena, from[i].id), copy(arena, from[i].name),
                                   copy(arena, from[i].drift), copy(arena, from[i].health),
                                   from[i].version};
        if (!to->id || !to->name || !to->drift || !to->health)
            return false;
    }
    memcpy(drifts->by_name, drifts->by_id, count * sizeof(*from));
    qsort(drifts->by_id, count, sizeof(*from), compare_ids);
    qsort(drifts->by_name, count, sizeof(*from), compare_names);
    drifts->count = count;
    return true;
}

bool fleet_drift(struct fleet *fleet, const struct fleet_drift *drifts, size_t count)
{
    struct drifts fresh = {.count = 0};

    if (!drifts_copy(&fresh, drifts, count)) {
        fleet_drifts_release(&fresh);
        return false;
    }
    fleet_drifts_release(&fleet->drifts);
    fleet->drifts = fresh;
    for (size_t i = 0; i < fleet->row_count; i++)
        fleet_row_show(fleet, &fleet->rows[i]);
    return true;
}

/* -- whose it is --------------------------------------------------------------------------------
 */

/* The first of that name, in a list that is sorted by it; NULL. */
static const struct fleet_drift *first_named(const struct drifts *drifts, const char *name)
{
    size_t low = 0, high = drifts->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(drifts->by_name[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < drifts->count && strcmp(drifts->by_name[low].name, name) == 0
               ? &drifts->by_name[low]
               : NULL;
}

/* One found by its name is not of this row when a row has its id: a subscription that was made anew
 * under its old name. */
const struct fleet_drift *fleet_drift_of(const struct fleet *fleet, const char *id,
                                         const char *name)
{
    const struct drifts *drifts = &fleet->drifts;
    const struct fleet_drift key = {.id = id}, *found = NULL;

    if (*id && drifts->count > 0)
        found = bsearch(&key, drifts->by_id, drifts->count, sizeof(key), compare_ids);
    if (!found && name)
        found = first_named(drifts, name);
    if (found && *found->id && strcmp(found->id, id) != 0 &&
        fleet_find(fleet, found->id) != SIZE_MAX)
        return NULL;
    return found;
}
