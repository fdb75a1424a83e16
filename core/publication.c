#include "core/publication.h"

#include "core/json.h"
#include "core/public_key.h"

#include <stdlib.h>
#include <string.h>

void publication_init(struct publication *publication)
{
    *publication = (struct publication){.changes = NULL};
}

void publication_release(struct publication *publication)
{
    for (size_t i = 0; i < publication->count; i++) {
        json_decref(publication->changes[i].before);
        json_decref(publication->changes[i].after);
    }
    free(publication->changes);
    json_decref(publication->entries);
    publication_init(publication);
}

/* -- what is there ----------------------------------------------------------------------------- */

/* Everything that publication_make works with. */
struct work {
    const struct publication_input *input;
    struct publication *publication;
    const json_t *published;     /* entries */
    json_t *by_id;               /* the same */
    json_t *placed;              /* ids of the wish: the entries that should be */
    json_t *gone;                /* ids of what the plan deletes: null */
    json_t *renamed;             /* "VIA NAME" of what it gives that name to: its id */
    struct object_index live;    /* by id */
    const struct object **names; /* the same by kind and name */
    char owner[256];             /* what entries of ours say, up to their name */
    struct error *error;
};

static int compare_names(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;
    int order = (int)x->via - (int)y->via;

    return order ? order : strcmp(x->name, y->name);
}

static bool index_live(struct work *work)
{
    const struct object_list *live = work->input->live;

    if (!object_index_make(&work->live, live))
        return false;
    work->names = calloc(live->count + 1, sizeof(*work->names));
    if (!work->names)
        return false;
    for (size_t i = 0; i < live->count; i++)
        work->names[i] = &live->items[i];
    qsort(work->names, live->count, sizeof(*work->names), compare_names);
    return true;
}

/* An object's place, as a key. The caller frees it. */
static char *place_of(const char *via, const char *name)
{
    char *key;

    return asprintf(&key, "%s %s", via, name) < 0 ? NULL : key;
}

static bool index_renamed(struct work *work, const struct plan_change *change)
{
    char *key = place_of(via_name(change->after->via), change->after->name);
    bool ok = key && json_object_set_new(work->renamed, key, json_string(change->before->id)) == 0;

    free(key);
    return ok;
}

static bool index_plan(struct work *work)
{
    const struct plan *plan = work->input->plan;

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->action == PLAN_UPDATE && strcmp(change->before->name, change->after->name)) {
            if (!index_renamed(work, change))
                return false;
        } else if (change->action == PLAN_DELETE || change->action == PLAN_REPLACE) {
            if (json_object_set_new(work->gone, change->before->id, json_null()) < 0)
                return false;
        }
    }
    return true;
}

static bool misread(struct work *work)
{
    return error_set(work->error, ERROR_FAILED, "what is published there cannot be read");
}

static bool index_published(struct work *work, const json_t *document)
{
    const json_t *entry;
    size_t i;

    work->published = json_object_get(document, "subscriptions");
    if (!json_is_array(work->published))
        return misread(work);
    json_array_foreach(work->published, i, entry)
    {
        const char *id = json_text(entry, "id");
        if (!id || json_object_get(work->by_id, id))
            return misread(work);
        if (json_object_set(work->by_id, id, (json_t *)entry) < 0)
            return error_no_memory(work->error);
    }
    return true;
}

static bool work_index(struct work *work, const json_t *document)
{
    const struct publication_input *input = work->input;
    size_t most = json_array_size(json_object_get(input->wish, "entries")) +
                  json_array_size(json_object_get(document, "subscriptions")) + 1;

    work->by_id = json_object();
    work->placed = json_object();
    work->gone = json_object();
    work->renamed = json_object();
    work->publication->entries = json_array();
    work->publication->changes = calloc(most, sizeof(*work->publication->changes));
    snprintf(work->owner, sizeof(work->owner), "%s/%s/", input->organization_id, input->owner);
    if (!work->by_id || !work->placed || !work->gone || !work->renamed ||
        !work->publication->entries || !work->publication->changes || !index_live(work) ||
        !index_plan(work))
        return error_no_memory(work->error);
    return index_published(work, document);
}

static void work_release(struct work *work)
{
    json_decref(work->by_id);
    json_decref(work->placed);
    json_decref(work->gone);
    json_decref(work->renamed);
    object_index_release(&work->live);
    free(work->names);
}

/* -- what an entry should be ------------------------------------------------------------------- */

/* The object at the service; *object is NULL when it is not there yet. One that the plan updates
 * may have another name until then. */
static bool find_object(const struct work *work, const json_t *wish, const struct object **object)
{
    const char *name = json_text(wish, "object"), *via = json_text(wish, "via");
    const struct object key = {.name = (char *)name, .via = via_find(via)};
    const struct object *wanted = &key, **found;
    char *place = NULL;

    *object = NULL;
    found = bsearch(&wanted, work->names, work->live.count, sizeof(*work->names), compare_names);
    if (found) {
        *object = *found;
    } else if (json_object_size(work->renamed) > 0) {
        if (!(place = place_of(via, name)))
            return false;
        const char *id = json_text(work->renamed, place);
        *object = id ? object_index_find(&work->live, id) : NULL;
        free(place);
    }
    return true;
}

/* Whether an entry's key is that one, and goes by its id. */
static bool is_key(const json_t *key, const char *id)
{
    const char *pem = json_text(key, "pem"), *named = json_text(key, "id");
    char own[PUBLIC_KEY_ID + 1];

    return pem && named && strcmp(named, id) == 0 && public_key_id(pem, own) &&
           strcmp(own, id) == 0;
}

/* The keys of an entry (a new reference); `pem` NULL: the service tells none. NULL: no memory. */
static json_t *keys_of(const json_t *before, const char *pem)
{
    json_t *was = json_object_get(before, "keys"), *first = json_array_get(was, 0), *keys;
    char id[PUBLIC_KEY_ID + 1];
    const json_t *key;
    size_t i;
    bool ok;

    if (!pem)
        return json_is_array(was) ? json_incref(was) : json_array();
    if (!public_key_id(pem, id) || !(keys = json_array()))
        return NULL;
    /* The same key in another layout is no change. */
    ok = is_key(first, id)
             ? json_array_append(keys, first) == 0
             : json_array_append_new(keys, json_pack("{s:s, s:s}", "id", id, "pem", pem)) == 0;
    json_array_foreach(was, i, key)
    {
        const char *other = json_text(key, "pem") ? json_text(key, "id") : NULL;
        if (ok && other && strcmp(other, id) != 0 && json_array_size(keys) < PUBLICATION_KEYS)
            ok = json_array_append(keys, (json_t *)key) == 0;
    }
    if (ok)
        return keys;
    json_decref(keys);
    return NULL;
}

/* NULL: no memory. */
static json_t *make_entry(const struct work *work, const json_t *wish, const struct object *object,
                          const json_t *before)
{
    const char *name = json_text(wish, "name");
    char owner[sizeof(work->owner) + MARKER_NAME_MAX + 1];

    snprintf(owner, sizeof(owner), "%s%s", work->owner, name);
    if (!object)
        return json_pack("{s:s, s:O, s:s, s:O}", "name", name, "version",
                         json_object_get(wish, "version"), "owner", owner, "filter",
                         json_object_get(wish, "filter"));
    return json_pack("{s:s, s:s, s:O, s:s, s:O, s:o, s:O*}", "id", object->id, "name", name,
                     "version", json_object_get(wish, "version"), "owner", owner, "filter",
                     json_object_get(wish, "filter"), "keys", keys_of(before, object->public_key),
                     "sink", json_object_get(before, "sink"));
}

/* -- comparing --------------------------------------------------------------------------------- */

/* A filter's canonical text, whatever its order. The caller frees it. */
static char *filter_text(const json_t *entry)
{
    struct object sorted;
    char *text = NULL;

    object_init(&sorted);
    if (object_set_sorted(&sorted, FIELD_FILTER, json_object_get(entry, "filter")))
        text = strdup(sorted.fields[FIELD_FILTER]);
    object_release(&sorted);
    return text;
}

static bool same_filter(const json_t *a, const json_t *b, bool *same)
{
    char *x = filter_text(a), *y = filter_text(b);
    bool ok = x && y;

    *same = ok && strcmp(x, y) == 0;
    free(x);
    free(y);
    return ok;
}

static bool same_keys(const json_t *before, const json_t *after)
{
    const json_t *was = json_object_get(before, "keys"), *is = json_object_get(after, "keys");

    return json_array_size(was) == json_array_size(is) &&
           (json_array_size(is) == 0 || json_equal((json_t *)was, (json_t *)is));
}

/* False: no memory. */
static bool compare(struct publication_change *change, bool *differs)
{
    *differs = false;
    for (enum publication_field field = 0; field < PUBLICATION_FIELDS; field++) {
        const char *name = publication_field_names[field];
        bool same;
        if (field == PUBLICATION_FILTER) {
            if (!same_filter(change->before, change->after, &same))
                return false;
        } else if (field == PUBLICATION_KEYS_FIELD) {
            same = same_keys(change->before, change->after);
        } else {
            same = json_equal(json_object_get(change->before, name),
                              json_object_get(change->after, name));
        }
        change->differs[field] = !same;
        *differs |= !same;
    }
    return true;
}

static void add_change(struct work *work, const struct publication_change *change)
{
    struct publication *publication = work->publication;

    json_incref(change->before);
    json_incref(change->after);
    publication->changes[publication->count++] = *change;
}

/* One entry of the wish. */
static bool place(struct work *work, const json_t *wish)
{
    struct publication_change change = {.id = NULL};
    const struct object *object;
    bool differs = true, ok;

    if (!find_object(work, wish, &object))
        return false;
    change.before = object ? json_object_get(work->by_id, object->id) : NULL;
    change.action = change.before ? PUBLICATION_UPDATE : PUBLICATION_ADD;
    change.after = make_entry(work, wish, object, change.before);
    if (!change.after)
        return false;
    change.name = json_text(change.after, "name");
    change.id = json_text(change.after, "id");
    ok = (!change.before || compare(&change, &differs)) &&
         (!object || json_object_set(work->placed, object->id, change.after) == 0);
    if (ok && differs)
        add_change(work, &change);
    work->publication->unchanged += ok && !differs;
    json_decref(change.after);
    return ok;
}

/* Says of an entry whether what it stands for was ours and is gone. */
static bool is_withdrawn(const struct work *work, const json_t *entry)
{
    const json_t *targets = json_object_get(work->input->wish, "targets"), *target;
    const char *id = json_text(entry, "id"), *owner = json_text(entry, "owner");
    size_t length = strlen(work->owner), i;

    if (json_object_get(work->gone, id))
        return true;
    if (!work->input->complete || !owner || strncmp(owner, work->owner, length) != 0 ||
        object_index_find(&work->live, id))
        return false;
    json_array_foreach(targets, i, target)
    {
        if (strcmp(json_string_value(target), owner + length) == 0)
            return true;
    }
    return !targets;
}

/* What stands there keeps its place; what is new comes behind it. */
static bool list_entries(struct work *work)
{
    json_t *entries = work->publication->entries, *after;
    const json_t *entry;
    const char *id;
    size_t i;

    json_array_foreach(work->published, i, entry)
    {
        after = json_object_get(work->placed, json_text(entry, "id"));
        if (!after && is_withdrawn(work, entry)) {
            const char *name = json_text(entry, "name");
            add_change(work, &(struct publication_change){.action = PUBLICATION_WITHDRAW,
                                                          .name = name ? name : "",
                                                          .id = json_text(entry, "id"),
                                                          .before = (json_t *)entry});
            continue;
        }
        work->publication->kept += !after;
        if (json_array_append(entries, after ? after : (json_t *)entry) < 0)
            return false;
    }
    json_object_foreach(work->placed, id, after)
    {
        if (!json_object_get(work->by_id, id) && json_array_append(entries, after) < 0)
            return false;
    }
    return true;
}

static bool work_run(struct work *work)
{
    const json_t *wish;
    size_t i;

    json_array_foreach(json_object_get(work->input->wish, "entries"), i, wish)
    {
        if (!place(work, wish))
            return error_no_memory(work->error);
    }
    return list_entries(work) || error_no_memory(work->error);
}

bool publication_make(struct publication *publication, const json_t *document,
                      const struct publication_input *input, struct error *error)
{
    struct work work = {.input = input, .publication = publication, .error = error};
    bool ok;

    publication_init(publication);
    ok = work_index(&work, document) && work_run(&work);
    work_release(&work);
    if (!ok)
        publication_release(publication);
    return ok;
}
