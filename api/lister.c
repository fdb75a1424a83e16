#include "api/lister.h"

#include "api/hashes.h"

#include <stdlib.h>
#include <string.h>

struct lister {
    const struct driver *driver;
    struct hashes ids; /* of the ids seen; the number is the index in objects, plus 1 */
    struct lister_result result;
    lister_keep keep;
    lister_done done;
    void *context;
};

enum { NOT_KEPT = -1 }; /* as an index plus 1: seen, but not among the objects */

/* Where an id stands; a clash of hashes goes on to the next key. */
static size_t *slot_of(struct lister *lister, const char *id)
{
    uint64_t key = hashes_of(id);
    size_t *slot;

    while ((slot = hashes_slot(&lister->ids, key)) && *slot != 0 && *slot != (size_t)NOT_KEPT &&
           strcmp(lister->result.objects.items[*slot - 1].id, id) != 0)
        key = key == UINT64_MAX ? 1 : key + 1;
    return slot;
}

/* Takes an object in. Whatever becomes of it, it is released or moved. */
static bool take_object(struct lister *lister, struct object *object, size_t *fresh,
                        struct error *error)
{
    struct object_list *objects = &lister->result.objects;
    size_t *slot = slot_of(lister, object->id);
    bool ok = slot || error_no_memory(error);

    if (ok && *slot == 0) {
        ++*fresh;
        *slot = (size_t)NOT_KEPT;
        if (objects->count >= LISTER_OBJECTS_MAX)
            ok = error_set(error, ERROR_FAILED, "more than %d objects", LISTER_OBJECTS_MAX);
        else if (!lister->keep || lister->keep(lister->context, object)) {
            ok = object_list_add(objects, object) || error_no_memory(error);
            if (ok)
                *slot = objects->count;
        }
    } else if (ok) {
        lister->result.repeated++;
        if (*slot != (size_t)NOT_KEPT && objects->items[*slot - 1].version < object->version) {
            struct object older = objects->items[*slot - 1];
            objects->items[*slot - 1] = *object;
            *object = older;
        }
    }
    object_release(object);
    return ok;
}

static bool on_page(void *context, const json_t *entities, size_t *fresh, struct error *error)
{
    struct lister *lister = context;

    for (size_t i = 0; i < json_array_size(entities); i++) {
        struct object object;
        if (!lister->driver->entity_read(json_array_get(entities, i), &object, error))
            return error_wrap(error, "entity %zu of the page", i + 1);
        if (!take_object(lister, &object, fresh, error))
            return false;
    }
    return true;
}

static void lister_free(struct lister *lister)
{
    hashes_release(&lister->ids);
    object_list_release(&lister->result.objects);
    free(lister);
}

static void on_done(void *context, const struct reply *last, size_t pages, struct error *error)
{
    struct lister *lister = context;

    lister->result.pages = pages;
    lister->result.status = last->status;
    lister->result.error = *error;
    lister->done(lister->context, &lister->result);
    lister_free(lister);
}

/* Appends a query parameter, percent-encoded. */
static void add_parameter(struct buf *path, const char *name, const char *value)
{
    buf_printf(path, "&%s=", name);
    for (; *value; value++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", *value))
            buf_add_char(path, *value);
        else
            buf_printf(path, "%%%02X", (unsigned char)*value);
}

bool lister_start(struct client *client, const struct driver *driver, const char *topic,
                  int64_t delay_ms, lister_keep keep, lister_done done, void *context,
                  struct error *error)
{
    struct lister *lister = calloc(1, sizeof(*lister));
    struct buf path;
    bool ok;

    if (!lister)
        return error_no_memory(error);
    hashes_init(&lister->ids);
    object_list_init(&lister->result.objects);
    lister->driver = driver;
    lister->keep = keep;
    lister->done = done;
    lister->context = context;
    buf_init(&path, 8192);
    buf_printf(&path, "%s?pageSize=%d", driver->path, LISTER_PAGE_SIZE);
    if (topic && driver->topic_parameter)
        add_parameter(&path, driver->topic_parameter, topic);
    ok = (!path.failed || error_no_memory(error)) &&
         pager_start(client, path.data, driver->permissions[DRIVER_VIEW], delay_ms, on_page,
                     on_done, lister, error);
    buf_release(&path);
    if (!ok)
        lister_free(lister);
    return ok;
}
