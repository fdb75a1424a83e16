#include "ingest/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 50 };

/* -- errors ----------------------------------------------------------------------------------- */

enum queue_trouble sqlite_trouble(int code, int system_errno)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return QUEUE_FINE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return QUEUE_BUSY;
    case SQLITE_FULL:
        return QUEUE_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return QUEUE_CORRUPT;
    default:
        return system_errno == ENOSPC || system_errno == EDQUOT ? QUEUE_FULL : QUEUE_IO;
    }
}

static bool told(const char *doing, int code, int system_errno, const char *text,
                 enum queue_trouble *trouble, struct error *error)
{
    if (trouble)
        *trouble = sqlite_trouble(code, system_errno);
    return error_set(error, ERROR_FAILED, "%s: %s (SQLite %d%s%s)", doing, text, code,
                     system_errno ? ", " : "", system_errno ? strerror(system_errno) : "");
}

bool sqlite_failed(sqlite3 *db, const char *doing, enum queue_trouble *trouble, struct error *error)
{
    int code = sqlite3_extended_errcode(db);
    int system_errno = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN
                           ? sqlite3_system_errno(db)
                           : 0;

    return told(doing, code, system_errno, sqlite3_errmsg(db), trouble, error);
}

/* -- opening ---------------------------------------------------------------------------------- */

/* Counting all memory would make each allocation of every thread wait for one mutex. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool sqlite_create_file(const char *path, enum queue_trouble *trouble, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno != EEXIST)
        return told(path, SQLITE_CANTOPEN, errno, "cannot be made", trouble, error);
    if (fd >= 0)
        close(fd);
    return true;
}

static bool make_tables(sqlite3 *db, const struct sqlite_kind *kind, enum queue_trouble *trouble,
                        struct error *error)
{
    char identity[160];

    snprintf(identity, sizeof(identity),
             "PRAGMA application_id=%" PRId64 "; PRAGMA user_version=%" PRId64 "; COMMIT", kind->id,
             kind->version);
    if (sqlite_run(db, "BEGIN IMMEDIATE", trouble, error) &&
        sqlite_run(db, kind->schema, trouble, error) && sqlite_run(db, identity, trouble, error))
        return true;
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* *empty: it is to be made. Looks before anything of the file is changed. */
static bool check_kind(sqlite3 *db, const struct sqlite_kind *kind, const char *path, bool *empty,
                       enum queue_trouble *trouble, struct error *error)
{
    int64_t id, version, tables;

    if (!sqlite_number(db, "PRAGMA application_id", 0, &id, trouble, error) ||
        !sqlite_number(db, "PRAGMA user_version", 0, &version, trouble, error) ||
        !sqlite_number(db, "SELECT count(*) FROM sqlite_master", 0, &tables, trouble, error))
        return false;
    *empty = id == 0 && version == 0 && tables == 0;
    if (*empty)
        return true;
    if (id == kind->id && version >= 1 && version <= kind->version)
        return true;
    if (trouble)
        *trouble = QUEUE_CORRUPT;
    if (id == kind->id && version > kind->version)
        return error_set(error, ERROR_INVALID,
                         "%s is of version %" PRId64 ", newer than this program, which knows "
                         "up to %" PRId64,
                         path, version, kind->version);
    return error_set(error, ERROR_INVALID, "%s is a database, but no %s", path, kind->what);
}

static bool set_up(sqlite3 *db, const struct sqlite_kind *kind, const char *path, const char *setup,
                   enum queue_trouble *trouble, struct error *error)
{
    char pages[64];
    bool empty;

    snprintf(pages, sizeof(pages), "PRAGMA page_size=%d", kind->page_bytes);
    return check_kind(db, kind, path, &empty, trouble, error) &&
           (!empty || sqlite_run(db, pages, trouble, error)) &&
           sqlite_run(db,
                      "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
                      "PRAGMA trusted_schema=OFF; PRAGMA secure_delete=FAST",
                      trouble, error) &&
           (!empty || make_tables(db, kind, trouble, error)) &&
           sqlite_run(db, setup, trouble, error);
}

sqlite3 *sqlite_open(const struct sqlite_kind *kind, const char *path, const char *setup,
                     enum queue_trouble *trouble, struct error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sqlite3 *db = NULL;
    int code;

    pthread_once(&once, configure);
    code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        told(path, code, db ? sqlite3_system_errno(db) : 0, sqlite3_errstr(code), trouble, error);
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    sqlite_copy_on_close(db, false);
    if (set_up(db, kind, path, setup, trouble, error))
        return db;
    if (error && error->code == ERROR_FAILED) {
        if (sqlite3_errcode(db) == SQLITE_NOTADB)
            error->code = ERROR_INVALID;
        error_wrap(error, "%s", path);
    }
    sqlite_close(db);
    return NULL;
}

void sqlite_close(sqlite3 *db)
{
    sqlite3_close_v2(db);
}

void sqlite_copy_on_close(sqlite3 *db, bool copy)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, copy ? 0 : 1, NULL);
}

/* -- statements ------------------------------------------------------------------------------- */

sqlite3_stmt *sqlite_prepare(sqlite3 *db, const char *sql, enum queue_trouble *trouble,
                             struct error *error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        sqlite_failed(db, "preparing", trouble, error);
    return statement;
}

bool sqlite_run(sqlite3 *db, const char *sql, enum queue_trouble *trouble, struct error *error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           sqlite_failed(db, sql, trouble, error);
}

bool sqlite_finish(sqlite3_stmt *statement, enum queue_trouble *trouble, struct error *error)
{
    int code;

    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW);
    if (code != SQLITE_DONE)
        sqlite_failed(sqlite3_db_handle(statement), "storing", trouble, error);
    sqlite3_reset(statement);
    return code == SQLITE_DONE;
}

bool sqlite_number(sqlite3 *db, const char *sql, int64_t none, int64_t *number,
                   enum queue_trouble *trouble, struct error *error)
{
    sqlite3_stmt *statement = sqlite_prepare(db, sql, trouble, error);
    int code;

    if (!statement)
        return false;
    *number = none;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *number = sqlite3_column_int64(statement, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        sqlite_failed(db, sql, trouble, error);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

void sqlite_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC); /* NULL is bound as NULL */
}

void sqlite_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t length_bytes)
{
    sqlite3_bind_blob64(statement, at, bytes, length_bytes, SQLITE_STATIC);
}

/* -- files ------------------------------------------------------------------------------------ */

bool sqlite_sync(sqlite3 *db, enum sqlite_file file, enum queue_trouble *trouble,
                 struct error *error)
{
    int which = file == SQLITE_FILE_LOG ? SQLITE_FCNTL_JOURNAL_POINTER : SQLITE_FCNTL_FILE_POINTER;
    sqlite3_file *handle = NULL;
    int code = sqlite3_file_control(db, "main", which, &handle);

    if (code == SQLITE_OK && handle && handle->pMethods)
        code = handle->pMethods->xSync(handle, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK ||
           told("syncing", code, sqlite3_system_errno(db), sqlite3_errstr(code), trouble, error);
}

int64_t sqlite_file_bytes(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}
