#include "api/remote.h"

#include "api/driver.h"
#include "api/hashes.h"
#include "api/lister.h"
#include "api/reply.h"

#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool remote_identify(struct client *client, struct remote_identity *identity, struct error *error)
{
    struct request request = {.method = "GET", .path = "/api/v2/tokens/me"};
    json_t *body = NULL;
    bool ok;

    memset(identity, 0, sizeof(*identity));
    if (!client_call(client, &request, &body, error))
        return false;
    ok = reply_read_identity(body, identity, error);
    json_decref(body);
    return ok;
}

json_t *remote_body(const struct object *object, int64_t version)
{
    return driver_find(object->via)->entity_body(object, version);
}

/* Listing */

void remote_listing_init(struct remote_listing *listing)
{
    memset(listing, 0, sizeof(*listing));
    object_list_init(&listing->objects);
}

void remote_listing_release(struct remote_listing *listing)
{
    object_list_release(&listing->objects);
    remote_listing_init(listing);
}

/* One of the kinds that are listed side by side. */
struct part {
    struct reading *reading;
    struct object_list objects;
    struct lister_result result; /* without its objects */
};

struct reading {
    struct part parts[VIA_COUNT];
    bool needed[VIA_COUNT];
    size_t waiting; /* parts that are not done; while it is being started, one more */
    remote_list_done done;
    void *context;
};

static bool move_objects(struct object_list *to, struct object_list *from, struct error *error)
{
    if (to->count == 0) {
        object_list_release(to);
        *to = *from;
        object_list_init(from);
        return true;
    }
    for (size_t i = 0; i < from->count; i++)
        if (!object_list_add(to, &from->items[i]))
            return error_no_memory(error);
    return true;
}

/* What one kind's listing means for the whole. */
static bool join_part(struct remote_listing *listing, enum via via, bool needed, struct part *part,
                      struct error *error)
{
    const struct error *why = &part->result.error;
    bool absent = part->result.status == 404 && part->result.pages == 0;
    bool forbidden = part->result.status == 403 && part->result.pages == 0;

    listing->pages += part->result.pages;
    listing->repeated += part->result.repeated;
    listing->listed[via] = forbidden ? REMOTE_FORBIDDEN : absent ? REMOTE_ABSENT : REMOTE_LISTED;
    if (why->code == ERROR_NONE)
        return move_objects(&listing->objects, &part->objects, error);
    listing->why[via] = *why;
    if ((forbidden || absent) && !needed)
        return true;
    return error_set(error, why->code, "%s", why->text);
}

static void reading_end(struct reading *reading)
{
    struct remote_listing listing;
    struct error error = ERROR_INIT;
    bool ok = true;

    if (--reading->waiting > 0)
        return;
    remote_listing_init(&listing);
    for (enum via via = 0; via < VIA_COUNT; via++) {
        struct part *part = &reading->parts[via];
        ok = ok && join_part(&listing, via, reading->needed[via], part, &error);
        object_list_release(&part->objects);
    }
    reading->done(reading->context, &listing, &error);
    free(reading);
}

static void on_listed(void *context, struct lister_result *result)
{
    struct part *part = context;

    part->objects = result->objects;
    object_list_init(&result->objects);
    part->result = *result;
    reading_end(part->reading);
}

bool remote_list_start(struct client *client, const bool needed[VIA_COUNT], remote_list_done done,
                       void *context, struct error *error)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    struct error why = ERROR_INIT;

    if (!reading)
        return error_no_memory(error);
    reading->done = done;
    reading->context = context;
    reading->waiting = 1;
    for (enum via via = 0; via < VIA_COUNT; via++) {
        struct part *part = &reading->parts[via];
        part->reading = reading;
        reading->needed[via] = needed[via];
        if (lister_start(client, driver_find(via), NULL, 0, NULL, on_listed, part, &why))
            reading->waiting++;
        else
            part->result.error = why;
    }
    if (reading->waiting > 1) {
        reading->waiting--; /* no callback comes before the next step */
        return true;
    }
    free(reading);
    return error_set(error, why.code, "%s", why.text);
}

struct waited {
    struct remote_listing *listing;
    struct error *error;
    bool done, ok;
};

static void on_waited(void *context, struct remote_listing *listing, const struct error *error)
{
    struct waited *waited = context;

    remote_listing_release(waited->listing);
    *waited->listing = *listing;
    waited->done = true;
    waited->ok = error->code == ERROR_NONE;
    if (!waited->ok)
        *waited->error = *error;
}

bool remote_list(struct client *client, const bool needed[VIA_COUNT],
                 struct remote_listing *listing, struct error *error)
{
    struct waited waited = {.listing = listing, .error = error};

    if (!remote_list_start(client, needed, on_waited, &waited, error))
        return false;
    while (!waited.done)
        client_step(client, 1000);
    return waited.ok;
}

/* One object */

struct one {
    enum via via;
    struct object *object;
    bool done, found;
    struct error error;
};

static void on_one(void *context, struct reply *reply)
{
    struct one *one = context;

    one->done = true;
    if (reply->error.code == ERROR_NONE)
        one->found = driver_find(one->via)->entity_read(reply->body, one->object, &one->error);
    else if (reply->status != 404)
        one->error = reply->error;
}

bool remote_get(struct client *client, enum via via, const char *id, struct object *object,
                bool *found, struct error *error)
{
    const struct driver *driver = driver_find(via);
    struct one one = {.via = via, .object = object};
    struct request request = {.method = "GET", .permission = driver->permissions[DRIVER_VIEW]};
    char path[512];

    object_init(object);
    *found = false;
    if (!driver_id_is_usable(id))
        return error_set(error, ERROR_FAILED, "this is no id of an object");
    snprintf(path, sizeof(path), "%s/%s", driver->path, id);
    request.path = path;
    if (!client_start(client, &request, on_one, &one, error))
        return false;
    while (!one.done)
        client_step(client, 1000);
    *found = one.found;
    return one.error.code == ERROR_NONE || error_set(error, one.error.code, "%s", one.error.text);
}

/* Topics */

struct topics {
    struct hashes known;
    bool done;
    struct error error;
};

/* A topic is a string, or an object that has it as its id or name. */
static const char *topic_of(const json_t *entity)
{
    const char *name = json_string_value(entity);

    name = name ? name : json_text(entity, "id");
    return name ? name : json_text(entity, "name");
}

static bool on_topics(void *context, const json_t *entities, size_t *fresh, struct error *error)
{
    struct topics *topics = context;

    for (size_t i = 0; i < json_array_size(entities); i++) {
        const char *name = topic_of(json_array_get(entities, i));
        size_t *slot = name ? hashes_slot(&topics->known, hashes_of(name)) : NULL;
        if (!name)
            return error_set(error, ERROR_FAILED, "a topic without a name");
        if (!slot)
            return error_no_memory(error);
        *fresh += *slot == 0;
        *slot = 1;
    }
    return true;
}

static void on_topics_done(void *context, const struct reply *last, size_t pages,
                           struct error *error)
{
    struct topics *topics = context;

    (void)last;
    (void)pages;
    topics->done = true;
    topics->error = *error;
}

bool remote_check_topics(struct client *client, const char *const *topics, size_t count,
                         struct buf *unknown, struct error *error)
{
    struct topics all = {.done = false};
    bool ok;

    hashes_init(&all.known);
    ok = pager_start(client, "/api/v2/processautomation/triggers/topics?pageSize=200",
                     driver_trigger.permissions[DRIVER_VIEW], 0, on_topics, on_topics_done, &all,
                     error);
    while (ok && !all.done)
        client_step(client, 1000);
    if (ok && all.error.code != ERROR_NONE)
        ok = error_set(error, all.error.code, "%s", all.error.text);
    for (size_t i = 0; ok && i < count; i++) {
        const size_t *slot = hashes_slot(&all.known, hashes_of(topics[i]));
        if (!slot)
            ok = error_no_memory(error);
        else if (*slot == 0)
            buf_printf(unknown, "%s%s", unknown->length ? ", " : "", topics[i]);
    }
    hashes_release(&all.known);
    return ok;
}
