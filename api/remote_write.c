#include "api/writing.h"

#include "core/clock.h"
#include "api/retry.h"

#include <stdlib.h>
#include <string.h>

enum { LOOK_GAP_MS = 100, LOOK_GAP_MAX_MS = 5000 };

static void writing_free(struct writing *writing)
{
    free(writing->path);
    free(writing);
}

bool remote_write_start(struct client *client, struct remote_write *write, remote_done done,
                        void *context, struct error *error)
{
    static bool (*const first_steps[])(struct writing *, struct error *) = {
        [REMOTE_CREATE] = writing_create,
        [REMOTE_UPDATE] = writing_update,
        [REMOTE_DELETE] = writing_delete,
    };
    struct writing *writing = calloc(1, sizeof(*writing));
    bool ok;

    write->outcome = REMOTE_FAILED;
    write->id_now[0] = '\0';
    write->version_now = 0;
    write->found_later = false;
    write->error = ERROR_INIT;
    object_init(&write->live);
    if (write->op != REMOTE_CREATE && (!write->id || !driver_id_is_usable(write->id))) {
        free(writing);
        return error_set(error, ERROR_INVALID, "this is no id of an object");
    }
    if (!writing)
        return error_no_memory(error);
    writing->client = client;
    writing->driver = driver_find(write->via);
    writing->write = write;
    writing->done = done;
    writing->context = context;
    ok = asprintf(&writing->path, "%s%s%s", writing->driver->path,
                  write->op == REMOTE_CREATE ? "" : "/",
                  write->op == REMOTE_CREATE ? "" : write->id) >= 0;
    if (!ok) {
        writing->path = NULL;
        error_no_memory(error);
    }
    ok = ok && first_steps[write->op](writing, error);
    if (!ok)
        writing_free(writing);
    return ok;
}

bool writing_is_lost(const struct reply *reply)
{
    return reply->fate == REPLY_LOST ||
           (reply->fate == REPLY_ANSWERED && retry_is_uncertain(reply->status));
}

void writing_begin_looking(struct writing *writing, const struct error *lost)
{
    writing->looks = 0;
    writing->deadline_ms = clock_monotonic_ms() + writing->write->settle_ms;
    writing->lost = *lost;
    writing->unseen = ERROR_INIT;
}

int64_t writing_next_look(struct writing *writing)
{
    int64_t left_ms = writing->deadline_ms - clock_monotonic_ms();
    int64_t gap_ms = LOOK_GAP_MS;
    unsigned looks = writing->looks++;

    if (looks == 0)
        return 0;
    if (left_ms <= 0)
        return -1;
    while (--looks > 0 && gap_ms < LOOK_GAP_MAX_MS)
        gap_ms *= 2;
    return gap_ms < left_ms ? gap_ms : left_ms;
}

bool writing_ask(struct writing *writing, const struct request *request, client_done done,
                 struct error *error)
{
    return client_start(writing->client, request, done, writing, error);
}

static bool same_marker(const struct marker *sent, const struct marker *live)
{
    return live->present && strcmp(sent->organization, live->organization) == 0 &&
           strcmp(sent->owner, live->owner) == 0 && strcmp(sent->name, live->name) == 0 &&
           sent->version == live->version && sent->override.until_s == live->override.until_s;
}

bool writing_equals_sent(const struct writing *writing, const struct object *live)
{
    const struct object *sent = writing->write->object;
    struct marker marker;

    if (!object_marker(sent, &marker) || !same_marker(&marker, &live->marker) ||
        (sent->topic && (!live->topic || strcmp(sent->topic, live->topic) != 0)))
        return false;
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        if (!sent->fields[field])
            continue;
        if (!live->fields[field] || strcmp(sent->fields[field], live->fields[field]) != 0 ||
            strcmp(marker.hashes[field], live->marker.hashes[field]) != 0 ||
            strcmp(marker.override.hashes[field], live->marker.override.hashes[field]) != 0)
            return false;
    }
    return true;
}

void writing_end(struct writing *writing, enum remote_outcome outcome)
{
    struct remote_write *write = writing->write;
    remote_done done = writing->done;
    void *context = writing->context;

    write->outcome = outcome;
    writing_free(writing);
    done(context, write);
}

void writing_end_done(struct writing *writing, const char *id, int64_t version, bool found_later)
{
    struct remote_write *write = writing->write;

    snprintf(write->id_now, sizeof(write->id_now), "%s", id);
    write->version_now = version;
    write->found_later = found_later;
    write->error = ERROR_INIT;
    writing_end(writing, REMOTE_DONE);
}

void writing_end_conflict(struct writing *writing, struct object *live)
{
    struct remote_write *write = writing->write;
    const char *name = write->object ? write->object->name : write->id;

    if (live) {
        write->live = *live;
        object_init(live);
        error_set(&write->error, ERROR_STALE,
                  "%s %s: it is not what was planned for: version %lld, planned %lld",
                  writing->driver->noun, name, (long long)write->live.version,
                  (long long)write->version);
    } else {
        error_set(&write->error, ERROR_STALE, "%s %s: it was changed or deleted since the plan",
                  writing->driver->noun, name);
    }
    writing_end(writing, REMOTE_CONFLICT);
}

void writing_end_unknown(struct writing *writing, const char *what, const struct error *why)
{
    struct remote_write *write = writing->write;
    enum error_code code = why->code == ERROR_INTERRUPTED ? ERROR_INTERRUPTED : ERROR_FAILED;

    error_set(&write->error, code, "%s %s: %s: %s", writing->driver->noun,
              write->object ? write->object->name : write->id, what,
              writing->lost.code ? writing->lost.text : why->text);
    writing_end(writing, REMOTE_UNKNOWN);
}
