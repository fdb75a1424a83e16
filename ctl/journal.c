#include "ctl/journal.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "ctl/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    JOURNAL_MAX_BYTES = 64 * 1024 * 1024,
    FORGOTTEN_MS = 24 * 3600 * 1000 /* what is out of sight for a day is no lag: it was deleted */
};

struct journal {
    char *path;
    int fd;
    bool locked;
    struct journal_last last;
    struct journal_create *creates;
    size_t create_count, create_size;
};

/* A journal of an older eventctl has no kind; its names tell it, since only triggers have one with
 * an event. */
static enum via read_via(const char *kind, const char *name)
{
    for (enum via via = 0; kind && via < VIA_COUNT; via++)
        if (strcmp(via_name(via), kind) == 0)
            return via;
    return strchr(name, '/') ? VIA_TRIGGER : VIA_EVENT_STREAMS;
}

static bool add_create(struct journal *journal, const char *name, const json_t *entry)
{
    if (journal->create_count == journal->create_size) {
        size_t size = journal->create_size ? journal->create_size * 2 : 16;
        struct journal_create *grown = reallocarray(journal->creates, size, sizeof(*grown));
        if (!grown)
            return false;
        journal->creates = grown;
        journal->create_size = size;
    }
    struct journal_create *create = &journal->creates[journal->create_count];
    *create = (struct journal_create){
        .name = strdup(name),
        .at_ms = json_integer_value(json_object_get(entry, "at_ms")),
        .via = read_via(json_text(entry, "kind"), name),
    };
    journal->create_count += create->name != NULL;
    return create->name != NULL;
}

/* The outcome of a create that was sent: done, or forgotten since it had no effect. */
static void end_create(struct journal *journal, const char *name, bool done, const char *id)
{
    for (size_t i = journal->create_count; i-- > 0;)
        if (strcmp(journal->creates[i].name, name) == 0) {
            journal->creates[i].done = done && id;
            journal->creates[i].seen =
                clock_unix_us() / 1000 - journal->creates[i].at_ms >= FORGOTTEN_MS;
            snprintf(journal->creates[i].id, sizeof(journal->creates[i].id), "%s", id ? id : "");
            if (!done) {
                free(journal->creates[i].name);
                journal->creates[i] = journal->creates[--journal->create_count];
            }
            return;
        }
}

/* One line of an earlier run. A line that is no JSON is the one in which it was cut off. */
static bool read_line(struct journal *journal, const char *line, size_t length)
{
    json_t *entry = json_read(line, length, 0, NULL);
    const char *state = json_text(entry, "state"), *name = json_text(entry, "name");
    const char *action = json_text(entry, "action");
    bool ok = true;

    if (state && strcmp(state, "ended") == 0) {
        journal->last.unfinished = false;
    } else if (state && name && action) {
        bool create = strcmp(action, "create") == 0, done = strcmp(state, "done") == 0;
        journal->last.unfinished = true;
        journal->last.done += done;
        if (create && strcmp(state, "sending") == 0)
            ok = add_create(journal, name, entry);
        else if (create && strcmp(state, "unknown") != 0)
            end_create(journal, name, done, json_text(entry, "id"));
    }
    json_decref(entry);
    return ok;
}

static bool read_last(struct journal *journal, struct error *error)
{
    struct buf text;
    bool ok;

    buf_init(&text, JOURNAL_MAX_BYTES);
    ok = file_read(journal->path, &text, error);
    for (const char *line = buf_text(&text); ok && *line;) {
        size_t length = strcspn(line, "\n");
        ok = read_line(journal, line, length) || error_no_memory(error);
        line += length + (line[length] == '\n');
    }
    buf_release(&text);
    return ok;
}

static char *journal_file(const char *organization_id, const char *owner, struct error *error)
{
    char *folder = folder_state(error);
    char *path = NULL;

    if (!folder)
        return NULL;
    if (!file_make_folder(folder, error) ||
        asprintf(&path, "%s/apply-%s%s%s.journal", folder, organization_id, owner[0] ? "-" : "",
                 owner) < 0)
        path = NULL;
    free(folder);
    if (!path)
        error_no_memory(error);
    return path;
}

/* The file may be removed between its opening and its locking by a run that ends just then:
 * a lock on what the path no longer names keeps nobody out. */
static bool is_current(const struct journal *journal)
{
    struct stat opened, named;

    return fstat(journal->fd, &opened) == 0 && stat(journal->path, &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static bool open_locked(struct journal *journal, struct error *error)
{
    for (int tries = 0; tries < 10; tries++) {
        journal->fd =
            open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (journal->fd < 0)
            return error_set(error, ERROR_FAILED, "%s: %s", journal->path, strerror(errno));
        if (flock(journal->fd, LOCK_EX | LOCK_NB) < 0)
            break;
        journal->locked = is_current(journal);
        if (journal->locked)
            return true;
        close(journal->fd);
        journal->fd = -1;
    }
    return error_set(error, ERROR_REFUSED,
                     "another apply to this organisation is running (%s is locked)", journal->path);
}

struct journal *journal_open(const char *organization_id, const char *owner, struct error *error)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    if (!journal) {
        error_no_memory(error);
        return NULL;
    }
    journal->fd = -1;
    journal->path = journal_file(organization_id, owner, error);
    if (!journal->path)
        goto failed;
    if (!open_locked(journal, error))
        goto failed;
    if (!read_last(journal, error))
        goto failed;
    return journal;
failed:
    journal_close(journal, JOURNAL_LEFT);
    return NULL;
}

const char *journal_path(const struct journal *journal)
{
    return journal->path;
}

void journal_get_last(const struct journal *journal, struct journal_last *last)
{
    *last = journal->last;
    last->creates = journal->creates;
    last->create_count = journal->create_count;
    for (size_t i = 0; i < last->create_count; i++)
        last->in_doubt += !last->creates[i].done;
}

void journal_see(struct journal *journal, const struct object_index *listed)
{
    for (size_t i = 0; i < journal->create_count; i++) {
        struct journal_create *create = &journal->creates[i];
        create->seen |= create->done && object_index_find(listed, create->id);
    }
}

/* One line in one write, so that a line is there whole or is seen to be cut. */
static bool add_line(struct journal *journal, json_t *entry)
{
    char *line = entry ? json_write(entry, JSON_COMPACT) : NULL;
    size_t length = line ? strlen(line) : 0;
    bool ok = line != NULL;

    if (ok) {
        line[length] = '\n'; /* in place of the NUL: the length is known */
        ok = write(journal->fd, line, length + 1) == (ssize_t)(length + 1);
    }
    free(line);
    json_decref(entry);
    return ok;
}

static bool add_sending(struct journal *journal, const char *action, enum via via, const char *name,
                        int64_t at_ms)
{
    return add_line(journal,
                    json_pack("{s:s, s:s, s:s, s:s, s:I}", "state", "sending", "action", action,
                              "name", name, "kind", via_name(via), "at_ms", (json_int_t)at_ms));
}

static bool add_outcome(struct journal *journal, const char *action, const char *name,
                        const char *state, const char *id)
{
    return add_line(journal, json_pack("{s:s, s:s, s:s, s:s}", "state", state, "action", action,
                                       "name", name, "id", id));
}

static bool is_carried(const struct journal_create *create)
{
    return create->done && !create->seen;
}

static bool carries(const struct journal *journal)
{
    for (size_t i = 0; i < journal->create_count; i++)
        if (is_carried(&journal->creates[i]))
            return true;
    return false;
}

bool journal_start(struct journal *journal, struct error *error)
{
    bool ok = ftruncate(journal->fd, 0) == 0;

    for (size_t i = 0; ok && i < journal->create_count; i++) {
        const struct journal_create *create = &journal->creates[i];
        if (is_carried(create))
            ok = add_sending(journal, "create", create->via, create->name, create->at_ms) &&
                 add_outcome(journal, "create", create->name, "done", create->id);
    }
    return ok || error_set(error, ERROR_FAILED, "%s: %s", journal->path, strerror(errno));
}

static bool unwritable(const struct journal *journal, struct error *error)
{
    return error_set(error, ERROR_FAILED, "%s cannot be written: %s", journal->path,
                     strerror(errno));
}

bool journal_sending(struct journal *journal, const char *action, enum via via, const char *name,
                     struct error *error)
{
    return add_sending(journal, action, via, name, clock_unix_us() / 1000) ||
           unwritable(journal, error);
}

bool journal_publishing(struct journal *journal, const char *endpoint, struct error *error)
{
    return add_line(journal,
                    json_pack("{s:s, s:s, s:s, s:I}", "state", "sending", "action", "publish",
                              "name", endpoint, "at_ms", (json_int_t)(clock_unix_us() / 1000))) ||
           unwritable(journal, error);
}

void journal_outcome(struct journal *journal, const char *action, const char *name,
                     const char *state, const char *id)
{
    /* When this cannot be written, the next run takes the write for one in doubt and looks. */
    (void)add_outcome(journal, action, name, state, id);
}

static bool is_empty(const struct journal *journal)
{
    struct stat status;

    return fstat(journal->fd, &status) == 0 && status.st_size == 0;
}

/* What the file becomes when nobody writes to it any more. */
static void end_file(struct journal *journal, enum journal_end end)
{
    struct error none = ERROR_INIT;

    if (end == JOURNAL_SEEN && carries(journal) && journal_start(journal, &none))
        end = JOURNAL_ENDED;
    if (end == JOURNAL_ENDED)
        (void)add_line(journal, json_pack("{s:s}", "state", "ended"));
    else if (end == JOURNAL_SEEN || is_empty(journal))
        unlink(journal->path);
}

void journal_close(struct journal *journal, enum journal_end end)
{
    if (!journal)
        return;
    if (journal->locked)
        end_file(journal, end);
    if (journal->fd >= 0)
        close(journal->fd);
    for (size_t i = 0; i < journal->create_count; i++)
        free(journal->creates[i].name);
    free(journal->creates);
    free(journal->path);
    free(journal);
}
