/* Reading again what an apply did. */
#include "ctl/apply.h"

#include "ctl/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- what is there under which name ---------------------------------------------------------- */

/* Objects by the place that they claim. */
struct places {
    const struct object **items;
    size_t count;
};

static int compare_place(const struct object *a, const struct object *b)
{
    int order = (int)a->via - (int)b->via;

    if (order == 0)
        order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->topic ? a->topic : "", b->topic ? b->topic : "");
}

static int compare_places(const void *a, const void *b)
{
    return compare_place(*(const struct object *const *)a, *(const struct object *const *)b);
}

static bool places_make(struct places *places, const struct object_list *live)
{
    places->count = live->count;
    places->items = calloc(live->count + 1, sizeof(*places->items));
    if (!places->items)
        return false;
    for (size_t i = 0; i < live->count; i++)
        places->items[i] = &live->items[i];
    qsort(places->items, places->count, sizeof(*places->items), compare_places);
    return true;
}

/* Another object at the place of `wanted` than the one of that id; NULL: none. */
static const struct object *places_find_other(const struct places *places,
                                              const struct object *wanted, const char *id)
{
    const struct object **end = places->items + places->count;
    const struct object **found =
        bsearch(&wanted, places->items, places->count, sizeof(*places->items), compare_places);

    while (found && found > places->items && compare_place(found[-1], wanted) == 0)
        found--;
    for (; found && found < end && compare_place(*found, wanted) == 0; found++)
        if (strcmp((*found)->id, id) != 0)
            return *found;
    return NULL;
}

/* -- what was done --------------------------------------------------------------------------- */

/* Is a done item at the service as it should be? */
static bool item_is_right(const struct apply_item *item, const struct object_index *live)
{
    const struct plan_change *change = item->change;
    struct plan_field fields[FIELD_COUNT];
    const struct object *found;
    size_t differing = 1;

    if (change->action == PLAN_DELETE || change->action == PLAN_REPLACE)
        if (object_index_find(live, change->before->id))
            return false;
    if (change->action == PLAN_DELETE)
        return true;
    found = object_index_find(live, item->id);
    return found && found->marker.present &&
           plan_compare(found, change->after, 0, fields, &differing) && differing == 0;
}

static void look_at_item(struct apply *apply, struct apply_item *item,
                         const struct object_index *live, const struct places *places)
{
    const struct object *twin = NULL;
    bool done = item->state == APPLY_DONE;

    item->wrong = done && !item_is_right(item, live);
    apply->wrong += item->wrong;
    if (done && item->change->after)
        twin = places_find_other(places, item->change->after, item->id);
    snprintf(item->twin, sizeof(item->twin), "%s", twin ? twin->id : "");
    apply->twins += twin != NULL;
}

static bool look_at_all(struct apply *apply, const struct object_list *live,
                        struct journal *journal, struct error *error)
{
    struct places places = {.items = NULL};
    struct object_index index;

    if (!object_index_make(&index, live))
        return error_no_memory(error);
    if (!places_make(&places, live)) {
        object_index_release(&index);
        return error_no_memory(error);
    }
    journal_see(journal, &index);
    apply->wrong = apply->twins = 0;
    for (size_t i = 0; i < apply->count; i++)
        look_at_item(apply, &apply->items[i], &index, &places);
    free(places.items);
    object_index_release(&index);
    return true;
}

static bool explain_twins(const struct apply *apply, struct error *error)
{
    const struct apply_item *first = apply->items;
    char others[64] = "";

    while (!first->twin[0])
        first++;
    if (apply->twins > 1)
        snprintf(others, sizeof(others), ", and so are %zu others", apply->twins - 1);
    return error_set(error, ERROR_VERIFY,
                     "applied, but %s is claimed by two objects now, %s and %s%s: somebody else "
                     "created the same at the same moment; delete one of the two",
                     plan_change_name(first->change), first->id, first->twin, others);
}

static bool explain_wrong(const struct apply *apply, struct error *error)
{
    return error_set(
        error, ERROR_VERIFY,
        "applied, but %zu of %zu changes cannot be seen at the service as they should be",
        apply->wrong, apply->count);
}

static bool read_again(struct apply *apply, const struct apply_options *options,
                       struct error *error)
{
    const bool needed[VIA_COUNT] = {false};
    struct remote_listing listing;
    bool ok;

    remote_listing_init(&listing);
    ok = remote_list(options->client, needed, &listing, error) &&
         look_at_all(apply, &listing.objects, options->journal, error);
    remote_listing_release(&listing);
    return ok || error_wrap(error, "applied, but not verified");
}

bool apply_verify(struct apply *apply, const struct apply_options *options, struct error *error)
{
    int64_t waited_ms = 0, wait_ms = 100;

    for (;;) {
        if (!read_again(apply, options, error))
            return false;
        if (apply->wrong == 0 || waited_ms >= options->settle_ms ||
            (options->stop && *options->stop))
            break;
        if (wait_ms > options->settle_ms - waited_ms)
            wait_ms = options->settle_ms - waited_ms;
        client_pause(options->client, wait_ms);
        waited_ms += wait_ms;
        wait_ms *= 2;
    }
    apply->seen = apply->wrong == 0;
    apply->verified = apply->seen && apply->twins == 0;
    return apply->verified ||
           (apply->seen ? explain_twins(apply, error) : explain_wrong(apply, error));
}
