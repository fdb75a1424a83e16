#include "store.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct store {
    struct object **objects; /* by sequence */
    size_t length;
    size_t capacity;
    size_t deleted; /* of them, deleted but still shown */
    void *by_id;    /* tsearch tree of struct object */
    void *by_name;  /* the same, live objects only */
    bool unique_names;
    uint64_t last_sequence;
    uint64_t last_number;
    uint64_t reads;
    uint64_t changes;
};

static int compare_id(const void *a, const void *b)
{
    return strcmp(((const struct object *)a)->id, ((const struct object *)b)->id);
}

static int compare_name(const void *a, const void *b)
{
    return strcmp(((const struct object *)a)->name, ((const struct object *)b)->name);
}

struct store *store_new(bool unique_names)
{
    struct store *store = text_zeroed(sizeof *store);

    store->unique_names = unique_names;
    return store;
}

static void object_free(struct object *object)
{
    json_decref(object->body);
    json_decref(object->shown);
    free(object->name);
    free(object);
}

static void keep(void *node)
{
    (void)node;
}

void store_clear(struct store *store)
{
    tdestroy(store->by_id, keep);
    tdestroy(store->by_name, keep);
    for (size_t i = 0; i < store->length; i++)
        object_free(store->objects[i]);
    store->by_id = NULL;
    store->by_name = NULL;
    store->length = 0;
    store->deleted = 0;
    store->changes++;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    store_clear(store);
    free(store->objects);
    free(store);
}

uint64_t store_changes(const struct store *store)
{
    return store->changes;
}

size_t store_count(const struct store *store)
{
    return store->length - store->deleted;
}

size_t store_length(const struct store *store)
{
    return store->length;
}

struct object *store_at(const struct store *store, size_t position)
{
    return store->objects[position];
}

uint64_t store_next_number(struct store *store)
{
    return ++store->last_number;
}

static struct object *find_any(const struct store *store, const char *id)
{
    struct object key = {.id = id};
    void *node = tfind(&key, &store->by_id, compare_id);

    return node ? *(struct object **)node : NULL;
}

struct object *store_find(const struct store *store, const char *id)
{
    struct object *object = find_any(store, id);

    return object && !object->deleted ? object : NULL;
}

struct object *store_find_name(const struct store *store, const char *name)
{
    struct object key = {.name = (char *)name};
    void *node = tfind(&key, &store->by_name, compare_name);

    return node ? *(struct object **)node : NULL;
}

size_t store_position_after(const struct store *store, uint64_t sequence)
{
    size_t low = 0;
    size_t high = store->length;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store->objects[middle]->sequence <= sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool lag_over(const struct store *store, const struct object *object)
{
    return !object->lagging ||
           (store->reads > object->visible_read && text_monotonic_ms() >= object->visible_ms);
}

json_t *store_shown(const struct store *store, const struct object *object)
{
    if (lag_over(store, object))
        return object->deleted ? NULL : object->body;
    return object->shown;
}

static void object_remove(struct store *store, struct object *object)
{
    size_t position = store_position_after(store, object->sequence) - 1;

    tdelete(object, &store->by_id, compare_id);
    memmove(store->objects + position, store->objects + position + 1,
            (store->length - position - 1) * sizeof *store->objects);
    store->length--;
    store->deleted -= object->deleted;
    object_free(object);
}

/* From now on readers see `before` until the lag is over. Takes over `before`. */
static void lag_start(struct store *store, struct object *object, json_t *before,
                      struct store_lag lag)
{
    /* A write on top of one that is not shown yet: readers go on seeing what they saw. */
    json_t *shown = lag_over(store, object) ? before : json_incref(object->shown);

    if (shown != before)
        json_decref(before);
    json_decref(object->shown);
    object->shown = NULL;
    object->lagging = lag.ms > 0 || lag.reads > 0;
    if (!object->lagging) {
        json_decref(shown);
        return;
    }
    object->shown = shown;
    object->visible_ms = text_monotonic_ms() + lag.ms;
    object->visible_read = store->reads + (uint64_t)lag.reads;
}

static void object_name(struct store *store, struct object *object)
{
    const char *name = json_string_value(json_object_get(object->body, "name"));

    if (store->unique_names && object->name)
        tdelete(object, &store->by_name, compare_name);
    free(object->name);
    object->name = text_copy(name ? name : "");
    if (store->unique_names)
        tsearch(object, &store->by_name, compare_name);
}

static struct object *object_append(struct store *store, json_t *body, uint64_t sequence)
{
    struct object *object = text_zeroed(sizeof *object);

    if (store->length == store->capacity) {
        store->capacity = store->capacity ? 2 * store->capacity : 64;
        store->objects = text_resized(store->objects, store->capacity * sizeof *store->objects);
    }
    object->sequence = sequence;
    object->body = body;
    object->id = json_string_value(json_object_get(body, "id"));
    store->objects[store->length++] = object;
    tsearch(object, &store->by_id, compare_id);
    object_name(store, object);
    store->changes++;
    return object;
}

struct object *store_insert(struct store *store, json_t *body, struct store_lag lag)
{
    struct object *object = object_append(store, body, ++store->last_sequence);

    lag_start(store, object, NULL, lag);
    return object;
}

void store_replace(struct store *store, struct object *object, json_t *body, struct store_lag lag)
{
    json_t *before = object->body;

    /* The old body holds the key of the tree: same text, so the tree stays in order. */
    object->body = body;
    object->id = json_string_value(json_object_get(body, "id"));
    object_name(store, object);
    store->changes++;
    lag_start(store, object, before, lag);
}

void store_delete(struct store *store, struct object *object, struct store_lag lag)
{
    lag_start(store, object, json_incref(object->body), lag);
    if (store->unique_names)
        tdelete(object, &store->by_name, compare_name);
    object->deleted = true;
    store->deleted++;
    store->changes++;
    if (!object->lagging)
        object_remove(store, object);
}

void store_tick(struct store *store)
{
    store->reads++;
    for (size_t i = store->length; store->deleted && i-- > 0;) {
        struct object *object = store->objects[i];
        if (object->deleted && lag_over(store, object))
            object_remove(store, object);
    }
}

json_t *store_read(struct store *store, const char *id)
{
    struct object *object = find_any(store, id);

    return object ? store_shown(store, object) : NULL;
}

json_t *store_save(const struct store *store)
{
    json_t *list = json_array();

    for (size_t i = 0; i < store->length; i++) {
        const struct object *object = store->objects[i];
        if (!object->deleted)
            json_array_append_new(list,
                                  json_pack("{s:I, s:O}", "sequence", (json_int_t)object->sequence,
                                            "body", object->body));
    }
    return json_pack("{s:I, s:I, s:o}", "lastSequence", (json_int_t)store->last_sequence,
                     "lastNumber", (json_int_t)store->last_number, "objects", list);
}

bool store_load(struct store *store, const json_t *saved)
{
    size_t i;
    json_t *entry;
    json_t *list = json_object_get(saved, "objects");

    if (!json_is_array(list))
        return false;
    store_clear(store);
    store->last_sequence = (uint64_t)json_integer_value(json_object_get(saved, "lastSequence"));
    store->last_number = (uint64_t)json_integer_value(json_object_get(saved, "lastNumber"));
    json_array_foreach(list, i, entry)
    {
        json_t *body = json_object_get(entry, "body");
        uint64_t sequence = (uint64_t)json_integer_value(json_object_get(entry, "sequence"));
        bool ordered = !store->length || sequence > store->objects[store->length - 1]->sequence;
        if (!json_is_string(json_object_get(body, "id")) || !ordered ||
            sequence > store->last_sequence)
            return false;
        object_append(store, json_incref(body), sequence);
    }
    return true;
}
