/* A thin layer over SQLite, shared by the queue and the ledger: a file that must be of one kind and
 * of a known version, prepared statements, and what went wrong as an error and a trouble.
 *
 * Always holds: each connection is in WAL mode, is used by one thread at a time (the caller's
 * mutex), and leaves its log alone when it is closed, unless told otherwise.
 *
 * `trouble` and `error` may be NULL everywhere.
 */
#ifndef INGEST_SQLITE_H
#define INGEST_SQLITE_H

#include "core/error.h"
#include "ingest/queue.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct sqlite_kind {
    const char *what;   /* "queue": for errors */
    int64_t id;         /* application_id of its files */
    int64_t version;    /* user_version: the highest that this program knows */
    int page_bytes;     /* of a new file */
    const char *schema; /* makes a new file's tables */
};

/* Makes an empty file of mode 0600 unless there is one. Opens nothing that is there: closing any
 * descriptor of a database would drop the locks that this process has on it. */
MUST_CHECK bool sqlite_create_file(const char *path, enum queue_trouble *trouble,
                                   struct error *error);

/* Opens what is there, checks its kind and version (ERROR_INVALID when they are others) and makes
 * the tables of an empty one. `setup`: pragmas of this connection. NULL on an error. */
sqlite3 *sqlite_open(const struct sqlite_kind *kind, const char *path, const char *setup,
                     enum queue_trouble *trouble, struct error *error);
/* All its statements must be finalized. */
void sqlite_close(sqlite3 *db);

/* Should closing the last connection copy the log into the database, and remove it? */
void sqlite_copy_on_close(sqlite3 *db, bool copy);

/* A statement that is kept. NULL on an error. */
sqlite3_stmt *sqlite_prepare(sqlite3 *db, const char *sql, enum queue_trouble *trouble,
                             struct error *error);

/* Runs SQL text that yields nothing of interest. */
MUST_CHECK bool sqlite_run(sqlite3 *db, const char *sql, enum queue_trouble *trouble,
                           struct error *error);

/* Runs a bound statement whose rows are of no interest to its end, resets it. */
MUST_CHECK bool sqlite_finish(sqlite3_stmt *statement, enum queue_trouble *trouble,
                              struct error *error);

/* The one number that SQL text yields; `none` when it yields no row or NULL. */
MUST_CHECK bool sqlite_number(sqlite3 *db, const char *sql, int64_t none, int64_t *number,
                              enum queue_trouble *trouble, struct error *error);

/* Texts are not copied: they must outlive the step. NULL binds NULL. */
void sqlite_bind_text(sqlite3_stmt *statement, int at, const char *text);
void sqlite_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t length_bytes);

/* Syncs the database's file, or its log's. */
enum sqlite_file { SQLITE_FILE_DATABASE, SQLITE_FILE_LOG };
MUST_CHECK bool sqlite_sync(sqlite3 *db, enum sqlite_file file, enum queue_trouble *trouble,
                            struct error *error);

/* Sets trouble and error from what the connection met last. Returns false. */
bool sqlite_failed(sqlite3 *db, const char *doing, enum queue_trouble *trouble,
                   struct error *error);

/* The trouble that a result code means; system_errno tells a full disk from a broken one. */
enum queue_trouble sqlite_trouble(int code, int system_errno);

/* Bytes of a file on disk; 0 when there is none. */
int64_t sqlite_file_bytes(const char *path);

#endif
