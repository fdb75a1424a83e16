/* The queue's other end: what may go, and copying the log into the database. */
#include "ingest/queue.h"

#include "core/clock.h"
#include "ingest/queue_store.h"

enum {
    TRIM_BYTES = 8 * 1024 * 1024, /* of one call: a short commit */
    ROUNDS = 8,                   /* of copying beside the writer */
    LAST_PAGES = 256,             /* so many are left for the copying that the writer waits for */
    FRAME_BYTES = 24              /* what the log adds to a page */
};

/* -- retention -------------------------------------------------------------------------------- */

/* By how many bytes the file is beyond its size. */
static bool find_excess(struct queue *queue, int64_t *excess, enum queue_trouble *trouble,
                        struct error *error)
{
    int64_t pages, spare;

    *excess = 0;
    if (queue->options.retention_bytes == 0)
        return true;
    if (!sqlite_number(queue->db, "PRAGMA page_count", 0, &pages, trouble, error) ||
        !sqlite_number(queue->db, "PRAGMA freelist_count", 0, &spare, trouble, error))
        return false;
    *excess = (pages - spare) * queue->page_bytes - queue->options.retention_bytes;
    return true;
}

/* The last position that may go; 0: none. */
static bool find_cut(struct queue *queue, int64_t before, size_t most, int64_t *cut,
                     enum queue_trouble *trouble, struct error *error)
{
    int64_t now_us = clock_unix_us(), age_ms = queue->options.retention_ms;
    int64_t old_us = age_ms < now_us / 1000 ? now_us - age_ms * 1000 : 0;
    int64_t excess, bytes = 0;
    sqlite3_stmt *rows;
    int code = SQLITE_DONE;

    *cut = 0;
    if (!find_excess(queue, &excess, trouble, error))
        return false;
    rows = sqlite_prepare(queue->db,
                          "SELECT position, received_us, length(body) + 64"
                          " + coalesce(length(headers), 0) FROM arrivals"
                          " WHERE position < ?1 ORDER BY position LIMIT ?2",
                          trouble, error);
    if (!rows)
        return false;
    sqlite3_bind_int64(rows, 1, before);
    sqlite3_bind_int64(rows, 2, most > INT32_MAX ? INT32_MAX : (int64_t)most);
    while (bytes < TRIM_BYTES && (code = sqlite3_step(rows)) == SQLITE_ROW &&
           (sqlite3_column_int64(rows, 1) < old_us || bytes < excess)) {
        *cut = sqlite3_column_int64(rows, 0);
        bytes += sqlite3_column_int64(rows, 2);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        sqlite_failed(queue->db, "trimming", trouble, error);
    sqlite3_finalize(rows);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool remove_to(struct queue *queue, int64_t cut, size_t *removed,
                      enum queue_trouble *trouble, struct error *error)
{
    sqlite3_stmt *row =
        sqlite_prepare(queue->db, "DELETE FROM arrivals WHERE position <= ?1", trouble, error);
    bool ok;

    if (!row)
        return false;
    sqlite3_bind_int64(row, 1, cut);
    ok = sqlite_finish(queue->begin, trouble, error) && sqlite_finish(row, trouble, error);
    if (ok)
        *removed = (size_t)sqlite3_changes64(queue->db);
    ok = ok && sqlite_finish(queue->commit, trouble, error);
    sqlite3_finalize(row);
    return ok;
}

/* The very last request always stays: it is what keeps positions from being given twice. */
bool queue_trim(struct queue *queue, int64_t before_position, size_t most, size_t *removed,
                struct error *error)
{
    enum queue_trouble trouble = QUEUE_FINE;
    int64_t last, cut = 0;
    bool ok;

    *removed = 0;
    pthread_mutex_lock(&queue->writing);
    last = atomic_load(&queue->last);
    ok = queue_ready(queue, &trouble, error) &&
         find_cut(queue, before_position < last ? before_position : last, most, &cut, &trouble,
                  error) &&
         (cut == 0 || remove_to(queue, cut, removed, &trouble, error));
    if (!ok) {
        *removed = 0;
        queue_undo(queue, trouble);
    } else if (cut > 0) {
        queue->log_dirty = true;
        atomic_store(&queue->first, cut + 1);
    }
    pthread_mutex_unlock(&queue->writing);
    return ok;
}

/* -- checkpoints ------------------------------------------------------------------------------ */

/* Copies; *left says how many pages the log holds beyond what was copied, those of commits in the
 * meantime among them. Another one that is at it is no error. */
static bool copy_log(struct queue *queue, int mode, int64_t *left, struct error *error)
{
    int pages = 0, copied = 0;
    int code = sqlite3_wal_checkpoint_v2(queue->checkpointer, NULL, mode, &pages, &copied);

    if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED) {
        *left = atomic_load(&queue->log_pages);
        *left = (*left > pages ? *left : pages) - copied;
        return true;
    }
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        queue->sync_failed = true;
    return sqlite_failed(queue->checkpointer, "copying the log", NULL, error);
}

/* Syncs what was copied beside the writer, so that the writer does not wait for it afterwards. */
static bool sync_copied(struct queue *queue, struct error *error)
{
    if (sqlite_sync(queue->checkpointer, SQLITE_FILE_DATABASE, NULL, error))
        return true;
    queue->sync_failed = true;
    return false;
}

static bool is_log_dirty(struct queue *queue)
{
    bool dirty;

    pthread_mutex_lock(&queue->writing);
    dirty = queue->log_dirty;
    pthread_mutex_unlock(&queue->writing);
    return dirty;
}

/* Nobody commits meanwhile: all is copied, readers have left the log, the next commit begins it
 * anew. */
static bool end_log(struct queue *queue, struct error *error)
{
    int64_t left = 0;
    bool ok;

    pthread_mutex_lock(&queue->writing);
    ok = copy_log(queue, SQLITE_CHECKPOINT_RESTART, &left, error);
    if (ok && left <= 0) {
        queue->log_dirty = false;
        atomic_store(&queue->log_pages, 0);
    }
    pthread_mutex_unlock(&queue->writing);
    return ok;
}

static bool copy_all(struct queue *queue, struct error *error)
{
    int64_t left = INT64_MAX;
    bool ok = true;

    if (!is_log_dirty(queue))
        return true;
    pace_set(queue->pace, true);
    for (int round = 0; ok && round < ROUNDS && left > LAST_PAGES; round++)
        ok = copy_log(queue, SQLITE_CHECKPOINT_PASSIVE, &left, error) && sync_copied(queue, error);
    pace_set(queue->pace, false);
    return ok && end_log(queue, error);
}

bool queue_checkpoint(struct queue *queue, bool all, struct error *error)
{
    int64_t bytes = atomic_load(&queue->log_pages) * (queue->page_bytes + FRAME_BYTES);
    bool ok = true;

    pthread_mutex_lock(&queue->checkpointing);
    if (queue->sync_failed)
        ok = error_set(error, ERROR_FAILED,
                       "%s: a sync failed; its log is kept and grows until the next start",
                       queue->path);
    else if (all || bytes >= queue->options.wal_bytes)
        ok = copy_all(queue, error);
    pthread_mutex_unlock(&queue->checkpointing);
    return ok;
}
