/* Creating an object once, whatever becomes of the answer. */
#include "api/lister.h"
#include "api/writing.h"

#include <string.h>

static void look(struct writing *writing, struct object_list *found);

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* By its marker, or by its exact name when the marker was edited away. */
static bool is_ours(void *context, const struct object *live)
{
    const struct writing *writing = context;
    const struct object *sent = writing->write->object;
    const struct marker *ours = &sent->marker, *theirs = &live->marker;
    bool marked = ours->present && theirs->present && theirs->version == ours->version &&
                  strcmp(theirs->name, ours->name) == 0 &&
                  strcmp(theirs->organization, ours->organization) == 0 &&
                  strcmp(theirs->owner, ours->owner) == 0;

    return is_same(live->topic, sent->topic) && (marked || is_same(live->name, sent->name));
}

static void on_created(void *context, struct reply *reply);

static bool send(struct writing *writing, struct error *error)
{
    struct request request = {.method = "POST",
                              .path = writing->path,
                              .body = remote_body(writing->write->object, 0),
                              .permission = writing->driver->permissions[DRIVER_ADD]};
    bool ok =
        request.body ? writing_ask(writing, &request, on_created, error) : error_no_memory(error);

    json_decref(request.body);
    writing->sends += ok;
    return ok;
}

bool writing_create(struct writing *writing, struct error *error)
{
    return send(writing, error);
}

/* Two of one name are possible and the first answer was lost: with the second created, it is
 * watched whether the first turns up after all. */
static bool must_watch(const struct writing *writing)
{
    return writing->sends > 1 && !writing->driver->unique_names;
}

static void created(struct writing *writing, const json_t *body)
{
    struct remote_write *write = writing->write;
    struct error why = ERROR_INIT;
    struct object live;

    if (!writing->driver->entity_read(body, &live, &why)) {
        writing_begin_looking(writing, &why);
        look(writing, NULL);
        return;
    }
    if (must_watch(writing)) {
        snprintf(write->id_now, sizeof(write->id_now), "%s", live.id);
        write->version_now = live.version;
        writing_begin_looking(writing, &writing->lost);
        look(writing, NULL);
    } else {
        writing_end_done(writing, live.id, live.version, false);
    }
    object_release(&live);
}

static void on_created(void *context, struct reply *reply)
{
    struct writing *writing = context;
    struct remote_write *write = writing->write;
    bool again = writing->sends > 1;

    if (reply->error.code == ERROR_NONE) {
        created(writing, reply->body);
    } else if (writing_is_lost(reply) || (again && reply->status == 409)) {
        writing_begin_looking(writing, &reply->error);
        look(writing, NULL);
    } else if (again) {
        writing_end_unknown(writing, "sent twice, the first answer lost, the second time refused",
                            &reply->error);
    } else if (reply->status == 409) {
        error_set(&write->error, ERROR_STALE,
                  "%s %s: something of that name came into being since the plan: %s",
                  writing->driver->noun, write->object->name, reply->error.text);
        writing_end(writing, REMOTE_FAILED);
    } else {
        write->error = reply->error;
        writing_end(writing, REMOTE_FAILED);
    }
}

static void found_one(struct writing *writing, struct object *live)
{
    if (writing_equals_sent(writing, live))
        writing_end_done(writing, live->id, live->version, true);
    else
        writing_end_conflict(writing, live);
}

/* The settling time has passed and nothing more is to be seen. */
static void looked_enough(struct writing *writing, struct object_list *found)
{
    struct remote_write *write = writing->write;
    struct error why = ERROR_INIT;

    if (writing->unseen.code != ERROR_NONE) {
        writing_end_unknown(writing, "the answer was lost and it could not be looked for",
                            &writing->unseen);
    } else if (write->id_now[0]) { /* the second was created, the first never was */
        char id[sizeof(write->id_now)];
        memcpy(id, write->id_now, sizeof(id));
        writing_end_done(writing, id, write->version_now, false);
    } else if (found && found->count == 1) {
        found_one(writing, &found->items[0]);
    } else if (found && found->count > 1) {
        writing_end_unknown(writing, "the answers were lost and there is more than one now",
                            &writing->lost);
    } else if (writing->sends > 1) {
        writing_end_unknown(writing, "the answer was lost and it has not appeared", &writing->lost);
    } else if (!send(writing, &why)) {
        writing_end_unknown(writing, "the answer was lost", &why);
    }
}

static void on_second_deleted(void *context, struct reply *reply)
{
    struct writing *writing = context;
    struct remote_write *write = writing->write;
    char id[sizeof(write->id_now)];

    if (reply->error.code != ERROR_NONE && reply->status != 404) {
        writing_end_unknown(writing, "there are two of it now", &reply->error);
        return;
    }
    memcpy(id, write->live.id, strlen(write->live.id) + 1); /* ids are shorter than that */
    int64_t version = write->live.version;
    object_release(&write->live);
    writing_end_done(writing, id, version, true);
}

/* The first one has turned up beside the second: the second goes, whose id is known to be of our
 * making. */
static void delete_second(struct writing *writing, struct object *first)
{
    struct remote_write *write = writing->write;
    struct error why = ERROR_INIT;
    struct request request = {.method = "DELETE",
                              .repeatable = true,
                              .permission = writing->driver->permissions[DRIVER_DELETE]};
    char path[512];

    write->live = *first;
    object_init(first);
    snprintf(path, sizeof(path), "%s/%s", writing->path, write->id_now);
    request.path = path;
    if (!writing_ask(writing, &request, on_second_deleted, &why))
        writing_end_unknown(writing, "there are two of it now", &why);
}

/* Beside the second, which was created and answered, the one whose answer was lost. The second
 * itself may not show yet. */
static struct object *find_first(const struct writing *writing, struct object_list *found)
{
    const char *second = writing->write->id_now;

    for (size_t i = 0; second[0] && i < found->count; i++)
        if (strcmp(found->items[i].id, second) != 0)
            return &found->items[i];
    return NULL;
}

static void on_look(void *context, struct lister_result *result)
{
    struct writing *writing = context;
    struct object_list *found = &result->objects;
    struct object *first = result->error.code == ERROR_NONE ? find_first(writing, found) : NULL;

    writing->unseen = result->error;
    if (result->error.code != ERROR_NONE)
        look(writing, NULL);
    else if (first)
        delete_second(writing, first);
    else if (found->count == 1 && !must_watch(writing))
        found_one(writing, &found->items[0]);
    else
        look(writing, found);
}

/* Looks, or looks again, or ends it. `found`: what the last look has found; NULL: nothing could be
 * seen. */
static void look(struct writing *writing, struct object_list *found)
{
    const char *topic = writing->write->object->topic;
    int64_t delay_ms = writing_next_look(writing);
    struct error why = ERROR_INIT;

    if (delay_ms < 0)
        looked_enough(writing, found);
    else if (!lister_start(writing->client, writing->driver, topic, delay_ms, is_ours, on_look,
                           writing, &why))
        writing_end_unknown(writing, "the answer was lost", &why);
}
