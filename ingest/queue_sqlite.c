#include "ingest/queue.h"

#include "core/clock.h"
#include "ingest/queue_store.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum {
    PAGE_BYTES = 8192,
    ROOM_CHECK_MS = 200,                /* the disk is looked at no more often, … */
    ROOM_CHECK_BYTES = 8 * 1024 * 1024, /* … unless so much was written */
    ROW_BYTES = 64                      /* about what a row takes beyond its texts */
};

/* The body is last, so that a scan of the other columns never follows its overflow pages.
 * A change of this needs a new version, and code in queue_ready that leads the old one over. */
const struct sqlite_kind queue_kind = {
    .what = "queue of ingestd",
    .id = 0x45435131, /* "ECQ1" */
    .version = 1,
    .page_bytes = PAGE_BYTES,
    .schema = "CREATE TABLE arrivals(position INTEGER PRIMARY KEY, received_us INTEGER NOT NULL,"
              " events INTEGER NOT NULL, flags INTEGER NOT NULL, subscription TEXT, source TEXT,"
              " verdict TEXT, headers TEXT, body BLOB)",
};

static const char *const trouble_words[QUEUE_TROUBLES] = {"fine", "full", "busy", "io", "corrupt"};

const char *queue_trouble_word(enum queue_trouble trouble)
{
    return trouble < QUEUE_TROUBLES ? trouble_words[trouble] : "io";
}

/* -- the writer's connection ------------------------------------------------------------------ */

static void drop_writer(struct queue *queue)
{
    sqlite3_finalize(queue->begin);
    sqlite3_finalize(queue->insert);
    sqlite3_finalize(queue->commit);
    sqlite3_finalize(queue->rollback);
    queue->begin = queue->insert = queue->commit = queue->rollback = NULL;
    sqlite_close(queue->db);
    queue->db = NULL;
}

static int note_log(void *context, sqlite3 *db, const char *name, int pages)
{
    struct queue *queue = context;

    (void)db;
    (void)name;
    atomic_store(&queue->log_pages, pages);
    return SQLITE_OK;
}

static bool prepare_writer(struct queue *queue, enum queue_trouble *trouble, struct error *error)
{
    sqlite3_wal_hook(queue->db, note_log, queue);
    return (queue->begin = sqlite_prepare(queue->db, "BEGIN IMMEDIATE", trouble, error)) &&
           (queue->commit = sqlite_prepare(queue->db, "COMMIT", trouble, error)) &&
           (queue->rollback = sqlite_prepare(queue->db, "ROLLBACK", trouble, error)) &&
           (queue->insert = sqlite_prepare(
                queue->db, "INSERT INTO arrivals VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8)", trouble,
                error));
}

bool queue_ready(struct queue *queue, enum queue_trouble *trouble, struct error *error)
{
    char setup[128];

    if (queue->db)
        return true;
    /* A log that once grew (a reader held it) is cut when it is begun anew. */
    snprintf(setup, sizeof(setup), "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=%" PRId64,
             queue->options.wal_bytes * 4);
    queue->db = sqlite_open(&queue_kind, queue->path, setup, trouble, error);
    if (queue->db && prepare_writer(queue, trouble, error))
        return true;
    drop_writer(queue);
    return false;
}

void queue_undo(struct queue *queue, enum queue_trouble trouble)
{
    bool open = queue->db && !sqlite3_get_autocommit(queue->db);

    if (open && !sqlite_finish(queue->rollback, NULL, NULL))
        open = queue->db && !sqlite3_get_autocommit(queue->db);
    else
        open = false;
    if (open || trouble == QUEUE_IO || trouble == QUEUE_CORRUPT)
        drop_writer(queue);
}

/* -- opening ---------------------------------------------------------------------------------- */

static bool find_ends(struct queue *queue, struct error *error)
{
    struct stat status;
    int64_t first, last, page_bytes;

    if (!sqlite_number(queue->db, "SELECT min(position) FROM arrivals", 1, &first, NULL, error) ||
        !sqlite_number(queue->db, "SELECT max(position) FROM arrivals", 0, &last, NULL, error) ||
        !sqlite_number(queue->db, "PRAGMA page_size", PAGE_BYTES, &page_bytes, NULL, error))
        return error_wrap(error, "%s", queue->path);
    if (stat(queue->path, &status) < 0)
        return error_set(error, ERROR_FAILED, "%s: it has gone", queue->path);
    queue->device = status.st_dev;
    queue->inode = status.st_ino;
    queue->page_bytes = (int)page_bytes;
    atomic_store(&queue->first, first);
    atomic_store(&queue->last, last);
    atomic_store(&queue->log_pages, sqlite_file_bytes(queue->log_path) / (page_bytes + 24));
    queue->log_dirty = atomic_load(&queue->log_pages) > 0;
    return true;
}

static struct queue *queue_new(const char *folder, const struct config_queue *options)
{
    struct queue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        return NULL;
    queue->options = *options;
    queue->room_checked_ms = INT64_MIN / 2;
    pthread_mutex_init(&queue->writing, NULL);
    pthread_mutex_init(&queue->checkpointing, NULL);
    queue->folder = strdup(folder);
    if (asprintf(&queue->path, "%s/queue.db", folder) < 0)
        queue->path = NULL;
    if (asprintf(&queue->log_path, "%s/queue.db-wal", folder) < 0)
        queue->log_path = NULL;
    if (asprintf(&queue->index_path, "%s/queue.db-shm", folder) < 0)
        queue->index_path = NULL;
    if (queue->folder && queue->path && queue->log_path && queue->index_path)
        return queue;
    queue_close(queue);
    return NULL;
}

struct queue *queue_open(const char *folder, const struct config_queue *options,
                         struct error *error)
{
    struct queue *queue = queue_new(folder, options);

    if (!queue) {
        error_no_memory(error);
        return NULL;
    }
    if (sqlite_create_file(queue->path, NULL, error) && queue_ready(queue, NULL, error) &&
        find_ends(queue, error) &&
        (queue->checkpointer =
             sqlite_open(&queue_kind, queue->path, "PRAGMA synchronous=NORMAL", NULL, error))) {
        queue->pace = pace_new(queue->checkpointer);
        if (queue->pace)
            return queue;
        error_no_memory(error);
    }
    queue_close(queue);
    return NULL;
}

void queue_close(struct queue *queue)
{
    if (!queue)
        return;
    drop_writer(queue);
    /* The last one out copies the log, unless nobody knows what a failed sync left. */
    if (queue->checkpointer && !queue->sync_failed)
        sqlite_copy_on_close(queue->checkpointer, true);
    sqlite_close(queue->checkpointer);
    pace_free(queue->pace);
    pthread_mutex_destroy(&queue->writing);
    pthread_mutex_destroy(&queue->checkpointing);
    free(queue->folder);
    free(queue->path);
    free(queue->log_path);
    free(queue->index_path);
    free(queue);
}

/* -- room ------------------------------------------------------------------------------------- */

static int64_t disk_free_bytes(const struct queue *queue)
{
    struct statvfs disk;

    if (statvfs(queue->folder, &disk) < 0)
        return INT64_MAX;
    return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

/* What must be free for the reserve to be there once the log is copied. Trimming gives no bytes
 * back to the disk, but pages to the file: they count as free, up to three quarters of the reserve.
 */
static bool is_room_low(struct queue *queue)
{
    int64_t reserve = queue->options.reserve_bytes;
    int64_t to_copy = atomic_load(&queue->log_pages) * queue->page_bytes;
    int64_t spare, free_bytes = disk_free_bytes(queue) - to_copy;

    if (reserve == 0 || free_bytes >= reserve)
        return false;
    if (!sqlite_number(queue->db, "PRAGMA freelist_count", 0, &spare, NULL, NULL))
        return true;
    spare *= queue->page_bytes;
    return free_bytes + (spare < reserve / 4 * 3 ? spare : reserve / 4 * 3) < reserve;
}

static bool is_replaced(const struct queue *queue)
{
    struct stat status;

    return stat(queue->path, &status) < 0 || status.st_ino != queue->inode ||
           status.st_dev != queue->device;
}

/* Is there room on the disk, and is the file still the one that a restart will find? */
static bool check_room(struct queue *queue, enum queue_trouble *trouble, struct error *error)
{
    int64_t now_ms = clock_monotonic_ms(), reserve = queue->options.reserve_bytes;

    if (now_ms - queue->room_checked_ms >= ROOM_CHECK_MS ||
        queue->room_written_bytes >= ROOM_CHECK_BYTES || queue->room_written_bytes >= reserve / 4) {
        if (is_replaced(queue)) {
            *trouble = QUEUE_IO;
            return error_set(error, ERROR_FAILED, "%s was removed or replaced", queue->path);
        }
        queue->room_low = is_room_low(queue);
        queue->room_checked_ms = now_ms;
        queue->room_written_bytes = 0;
    }
    if (!queue->room_low)
        return true;
    *trouble = QUEUE_FULL;
    return error_set(error, ERROR_FAILED,
                     "the disk of %s has less than the reserve of %" PRId64 " bytes free",
                     queue->folder, queue->options.reserve_bytes);
}

/* -- appending -------------------------------------------------------------------------------- */

static bool insert(struct queue *queue, const struct arrival *arrival, enum queue_trouble *trouble,
                   struct error *error)
{
    sqlite3_stmt *row = queue->insert;

    sqlite3_bind_int64(row, 1, arrival->received_us);
    sqlite3_bind_int64(row, 2, arrival->events);
    sqlite3_bind_int64(row, 3, arrival->flags);
    sqlite_bind_text(row, 4, arrival->subscription);
    sqlite_bind_text(row, 5, arrival->source);
    sqlite_bind_text(row, 6, arrival->verdict);
    sqlite_bind_text(row, 7, arrival->headers);
    sqlite_bind_blob(row, 8, arrival->body ? arrival->body : "", arrival->body_bytes);
    queue->room_written_bytes += (int64_t)arrival->body_bytes + ROW_BYTES;
    return sqlite_finish(row, trouble, error);
}

static bool insert_all(struct queue *queue, struct arrival *const *arrivals, size_t count,
                       enum queue_trouble *trouble, struct error *error)
{
    if (!sqlite_finish(queue->begin, trouble, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!insert(queue, arrivals[i], trouble, error))
            return false;
        arrivals[i]->position = sqlite3_last_insert_rowid(queue->db);
    }
    return sqlite_finish(queue->commit, trouble, error);
}

static void forget_positions(struct arrival *const *arrivals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        arrivals[i]->position = 0;
}

bool queue_append(struct queue *queue, struct arrival *const *arrivals, size_t count,
                  enum queue_trouble *trouble, struct error *error)
{
    bool ok;

    *trouble = QUEUE_FINE;
    if (count == 0)
        return true;
    pthread_mutex_lock(&queue->writing);
    ok = queue_ready(queue, trouble, error) && check_room(queue, trouble, error) &&
         insert_all(queue, arrivals, count, trouble, error);
    if (ok) {
        queue->log_dirty = true;
        atomic_store(&queue->last, arrivals[count - 1]->position);
    } else {
        if (*trouble == QUEUE_FINE)
            *trouble = QUEUE_IO;
        queue_undo(queue, *trouble);
        forget_positions(arrivals, count);
    }
    atomic_store(&queue->trouble, (int)*trouble);
    pthread_mutex_unlock(&queue->writing);
    return ok;
}

/* -- state ------------------------------------------------------------------------------------ */

void queue_stat(struct queue *queue, struct queue_stat *stat)
{
    stat->last = atomic_load(&queue->last);
    stat->first = atomic_load(&queue->first);
    stat->wal_bytes = sqlite_file_bytes(queue->log_path);
    stat->bytes =
        sqlite_file_bytes(queue->path) + stat->wal_bytes + sqlite_file_bytes(queue->index_path);
    stat->free_bytes = disk_free_bytes(queue);
    stat->reserve_bytes = queue->options.reserve_bytes;
    stat->trouble = (enum queue_trouble)atomic_load(&queue->trouble);
}
