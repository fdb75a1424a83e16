/* Updating and deleting one object: only the version that was planned on, whatever becomes of the
 * answer. */
#include "core/clock.h"
#include "api/writing.h"

#include <string.h>

static void look(struct writing *writing);
static void on_changed(void *context, struct reply *reply);

static bool is_delete(const struct writing *writing)
{
    return writing->write->op == REMOTE_DELETE;
}

static bool send(struct writing *writing, struct error *error)
{
    struct remote_write *write = writing->write;
    bool deletes = is_delete(writing);
    struct request request = {
        .method = deletes ? "DELETE" : "PUT",
        .path = writing->path,
        .body = deletes ? NULL : remote_body(write->object, write->version),
        .permission = writing->driver->permissions[deletes ? DRIVER_DELETE : DRIVER_EDIT]};
    bool ok = request.body || deletes ? writing_ask(writing, &request, on_changed, error)
                                      : error_no_memory(error);

    json_decref(request.body);
    writing->sends += ok;
    writing->refused = false;
    return ok;
}

/* A delete of what is not there any more. */
static void end_gone(struct writing *writing)
{
    bool lost = writing->lost.code != ERROR_NONE;

    writing_end_done(writing, writing->write->id, 0, lost);
}

static void changed(struct writing *writing, const json_t *body)
{
    struct error why = ERROR_INIT;
    struct object live;

    if (is_delete(writing)) {
        writing_end_done(writing, writing->write->id, 0, false);
    } else if (writing->driver->entity_read(body, &live, &why)) {
        writing_end_done(writing, live.id, live.version, false);
        object_release(&live);
    } else {
        writing_begin_looking(writing, &why);
        look(writing);
    }
}

static void on_changed(void *context, struct reply *reply)
{
    struct writing *writing = context;
    bool conflict = reply->error.code == ERROR_STALE;

    if (reply->error.code == ERROR_NONE) {
        changed(writing, reply->body);
    } else if (writing_is_lost(reply)) {
        writing_begin_looking(writing, &reply->error);
        look(writing);
    } else if (conflict) {
        struct error before = writing->sends > 1 ? writing->lost : ERROR_INIT;
        writing_begin_looking(writing, &before);
        writing->refused = true;
        look(writing);
    } else if (reply->status == 404 && is_delete(writing)) {
        end_gone(writing);
    } else if (reply->status == 404) {
        writing_end_conflict(writing, NULL);
    } else if (writing->sends > 1) {
        writing_end_unknown(writing, "sent again, the first answer lost, this time refused",
                            &reply->error);
    } else {
        writing->write->error = reply->error;
        writing_end(writing, REMOTE_FAILED);
    }
}

/* The object is the very one that was planned for. */
static bool is_planned(const struct writing *writing, const struct object *live)
{
    const struct remote_write *write = writing->write;
    char planned[17], now[17];

    if (live->version != write->version)
        return false;
    if (!write->object)
        return true;
    return object_fingerprint(write->object, planned) && object_fingerprint(live, now) &&
           strcmp(planned, now) == 0;
}

/* It was looked for long enough and is still as it was planned on: the write has had no effect. */
static void looked_enough(struct writing *writing)
{
    struct error why = ERROR_INIT;

    if (writing->unseen.code != ERROR_NONE && writing->sends == 0) {
        writing->write->error = writing->unseen;
        writing_end(writing, REMOTE_FAILED);
    } else if (writing->sends == 0 ||
               (writing->unseen.code != ERROR_NONE && writing->lost.code == ERROR_NONE)) {
        writing_end_conflict(writing, NULL);
    } else if (writing->unseen.code != ERROR_NONE) {
        writing_end_unknown(writing, "the answer was lost and it could not be looked at",
                            &writing->unseen);
    } else if (writing->sends >= WRITING_SENDS_MAX || writing->refused) {
        writing_end_unknown(writing, "the answer was lost and nothing has changed", &writing->lost);
    } else if (!send(writing, &why)) {
        writing_end_unknown(writing, "the answer was lost", &why);
    }
}

static void judge_update(struct writing *writing, struct object *live)
{
    const struct remote_write *write = writing->write;
    bool first_refused = writing->refused && writing->lost.code == ERROR_NONE;

    if (first_refused)
        writing_end_conflict(writing, live);
    else if (live->version <= write->version)
        look(writing);
    else if (writing_equals_sent(writing, live))
        writing_end_done(writing, live->id, live->version, true);
    else
        writing_end_conflict(writing, live);
}

static void judge_delete(struct writing *writing, struct object *live)
{
    const struct remote_write *write = writing->write;
    struct error why = ERROR_INIT;
    bool behind = live->version < write->version;

    if (writing->refused || (!behind && !is_planned(writing, live)))
        writing_end_conflict(writing, live);
    else if (behind || writing->sends > 0)
        look(writing);
    else if (!send(writing, &why)) {
        writing->write->error = why;
        writing_end(writing, REMOTE_FAILED);
    }
}

static void on_looked(void *context, struct reply *reply)
{
    struct writing *writing = context;
    struct object live;

    writing->unseen = reply->error;
    if (reply->status == 404 && is_delete(writing)) {
        end_gone(writing);
    } else if (reply->status == 404) {
        writing_end_conflict(writing, NULL);
    } else if (reply->error.code != ERROR_NONE && writing->sends == 0) {
        writing->write->error = reply->error;
        writing_end(writing, REMOTE_FAILED);
    } else if (reply->error.code != ERROR_NONE ||
               !writing->driver->entity_read(reply->body, &live, &writing->unseen)) {
        look(writing);
    } else {
        if (is_delete(writing))
            judge_delete(writing, &live);
        else
            judge_update(writing, &live);
        object_release(&live);
    }
}

static bool get(struct writing *writing, int64_t delay_ms, struct error *error)
{
    struct request request = {.method = "GET",
                              .path = writing->path,
                              .permission = writing->driver->permissions[DRIVER_VIEW],
                              .delay_ms = delay_ms};

    return writing_ask(writing, &request, on_looked, error);
}

static void look(struct writing *writing)
{
    int64_t delay_ms = writing_next_look(writing);
    struct error why = ERROR_INIT;

    if (delay_ms < 0)
        looked_enough(writing);
    else if (!get(writing, delay_ms, &why)) {
        if (writing->sends > 0 && writing->lost.code == ERROR_NONE) {
            writing_end_conflict(writing, NULL);
        } else if (writing->sends > 0) {
            writing_end_unknown(writing, "the answer was lost", &why);
        } else {
            writing->write->error = why;
            writing_end(writing, REMOTE_FAILED);
        }
    }
}

bool writing_update(struct writing *writing, struct error *error)
{
    return send(writing, error);
}

bool writing_delete(struct writing *writing, struct error *error)
{
    struct error none = ERROR_INIT;

    writing_begin_looking(writing, &none);
    writing->looks = 1; /* the look below */
    return get(writing, 0, error);
}
