/* The embedded queue's own parts, shared by queue_sqlite.c (opening, appending), queue_trim.c
 * (retention, checkpoints) and queue_read.c.
 *
 * Three kinds of connection to one file: the writer's, the checkpointer's, one for each reader.
 * The log can only be begun anew by a commit that finds all of it copied and nobody reading in it;
 * so that this never happens while a checkpoint is starting (SQLite before 3.51.3 may then lose
 * commits, sqlite.org/wal.html#walresetbug), a checkpoint outside of the mutex is only begun while
 * the log holds something that is not copied (log_dirty).
 */
#ifndef INGEST_QUEUE_STORE_H
#define INGEST_QUEUE_STORE_H

#include "ingest/pace.h"
#include "ingest/queue.h"
#include "ingest/sqlite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

struct queue {
    char *folder, *path, *log_path, *index_path;
    struct config_queue options;
    int page_bytes;
    dev_t device; /* of the file that was opened: another one in its place is noticed */
    ino_t inode;

    pthread_mutex_t writing; /* held by whoever commits or ends the log */
    /* under it: */
    sqlite3 *db; /* NULL: to be opened by the next call */
    sqlite3_stmt *begin, *insert, *commit, *rollback;
    bool log_dirty; /* something was committed since the log was wholly copied */
    int64_t room_checked_ms, room_written_bytes;
    bool room_low;

    pthread_mutex_t checkpointing; /* one checkpoint at a time; taken before `writing` */
    sqlite3 *checkpointer;
    struct pace *pace; /* on while the writer goes on beside it */
    bool sync_failed;  /* what a failed sync left is unknown: the log is kept as it is */

    _Atomic int64_t first, last; /* positions */
    _Atomic int64_t log_pages;
    atomic_int trouble;
};

extern const struct sqlite_kind queue_kind;

/* Opens the writer's connection unless it is open. `writing` is held. */
MUST_CHECK bool queue_ready(struct queue *queue, enum queue_trouble *trouble, struct error *error);
/* Leaves no transaction open; closes the connection when `trouble` is of a kind that a fresh one
 * may help. `writing` is held. */
void queue_undo(struct queue *queue, enum queue_trouble trouble);

#endif
