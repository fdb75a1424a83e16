/* A ledger that is broken: told from one whose disk is ill, set aside, and what can still be read
 * of it carried over into a fresh one.
 *
 * Nothing of the broken file is changed. What a fresh ledger does not know is done again from the
 * queue, so losing a row here never loses an event that the queue still has: a subscription's
 * position alone says that something need not be done again, and is carried over only when all that
 * it speaks of was.
 */
#include "ingest/ledger_store.h"

#include "core/clock.h"
#include "ingest/log.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 16, COLUMNS_MOST = 64 };

/* In the order of copying; rows are found by their first column. */
static const struct {
    const char *name;
    bool settles; /* positions speak of what is in it */
} tables[] = {{"kept", false}, {"shapes", false}, {"actions", false}, {"seen", false},
              {"dead", true},  {"gone", false},   {"parked", true},   {"positions", true}};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

/* -- is it broken? ---------------------------------------------------------------------------- */

/* Reads all of a file. False: it cannot be read, and errno says why. No file at all is fine. */
static bool read_through(const char *path, char *head, size_t head_bytes)
{
    static char bytes[READ_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
    off_t at = 0;
    ssize_t got;

    if (fd < 0)
        return errno == ENOENT;
    while ((got = pread(fd, bytes, sizeof(bytes), at)) > 0) {
        if (head && at == 0)
            memcpy(head, bytes, (size_t)got < head_bytes ? (size_t)got : head_bytes);
        at += got;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return got == 0;
}

bool ledger_is_broken(const struct ledger *ledger, struct error *error)
{
    static const char magic[] = "SQLite format 3";
    char head[sizeof(magic)] = "";

    if (!read_through(ledger->path, head, sizeof(head)) || !read_through(ledger->log_path, NULL, 0))
        return error_set(error, ERROR_FAILED,
                         "%s cannot be read from its disk (%s); it is left as it is: start again "
                         "when the disk is well, or move it and its -wal away to do without it",
                         ledger->path, strerror(errno));
    /* A database of somebody else's, or of a newer version. */
    return error->code != ERROR_INVALID || memcmp(head, magic, sizeof(magic)) != 0;
}

bool ledger_check(struct ledger *ledger, enum queue_trouble *trouble, struct error *error)
{
    sqlite3_stmt *row = sqlite_prepare(ledger->db, "PRAGMA quick_check(1)", trouble, error);
    const char *text = NULL;
    bool ok;

    if (!row)
        return false;
    if (sqlite3_step(row) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(row, 0);
    ok = text && strcmp(text, "ok") == 0;
    if (text && !ok) {
        *trouble = QUEUE_CORRUPT;
        error_set(error, ERROR_FAILED, "%s: %s", ledger->path, text);
    } else if (!ok) {
        sqlite_failed(ledger->db, "checking it", trouble, error);
        error_wrap(error, "%s", ledger->path);
    }
    sqlite3_finalize(row);
    return ok;
}

/* -- aside ------------------------------------------------------------------------------------ */

static char *aside_path(const struct ledger *ledger)
{
    time_t now = (time_t)clock_unix_s();
    char *path = NULL, when[32];
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &parts);
    for (int n = 1; n < 1000; n++) {
        char number[16] = "";
        if (n > 1)
            snprintf(number, sizeof(number), "-%d", n);
        if (asprintf(&path, "%s.broken-%s%s", ledger->path, when, number) < 0)
            return NULL;
        if (access(path, F_OK) != 0)
            return path;
        free(path);
    }
    return NULL;
}

static bool move(const char *from, const char *to, const char *suffix, struct error *error)
{
    char *path = NULL;
    bool ok;

    if (asprintf(&path, "%s%s", to, suffix) < 0)
        return error_no_memory(error);
    ok = rename(from, path) == 0 || errno == ENOENT ||
         error_set(error, ERROR_FAILED, "%s is broken and cannot be set aside: %s", from,
                   strerror(errno));
    free(path);
    return ok;
}

char *ledger_set_aside(const struct ledger *ledger, struct error *error)
{
    char *path = aside_path(ledger);

    if (!path) {
        error_no_memory(error);
        return NULL;
    }
    /* The log first: a fresh file must never find it. */
    if (move(ledger->log_path, path, "-wal", error) &&
        move(ledger->index_path, path, "-shm", error) && move(ledger->path, path, "", error))
        return path;
    free(path);
    return NULL;
}

/* -- carrying over ---------------------------------------------------------------------------- */

static sqlite3_stmt *prepare_insert(sqlite3 *db, const char *table, int columns,
                                    struct error *error)
{
    char sql[64 + 2 * COLUMNS_MOST], *at = sql;

    at += snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO %s VALUES(?", table);
    for (int i = 1; i < columns; i++, at += 2)
        memcpy(at, ",?", 3);
    memcpy(at, ")", 2);
    return sqlite_prepare(db, sql, NULL, error);
}

/* One way through a table. *whole: to its end. False: the fresh ledger cannot be written. */
static bool copy_rows(struct ledger *ledger, sqlite3 *from, const char *table, const char *order,
                      bool *whole, struct error *error)
{
    sqlite3_stmt *rows, *insert = NULL;
    char sql[96];
    int code = SQLITE_ERROR, columns;
    bool ok = true;

    *whole = false;
    snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1 %s", table, order);
    rows = sqlite_prepare(from, sql, NULL, NULL);
    columns = rows ? sqlite3_column_count(rows) : 0;
    if (columns > 0 && columns <= COLUMNS_MOST)
        ok = (insert = prepare_insert(ledger->db, table, columns, error)) != NULL;
    while (ok && insert && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++)
            sqlite3_bind_value(insert, i + 1, sqlite3_column_value(rows, i));
        ok = sqlite_finish(insert, NULL, error);
    }
    *whole = code == SQLITE_DONE;
    sqlite3_finalize(insert);
    sqlite3_finalize(rows);
    return ok;
}

/* From its begin, and, where that stops at what is broken, from its end. */
static bool copy_table(struct ledger *ledger, sqlite3 *from, const char *table, bool *whole,
                       struct error *error)
{
    bool back;

    return copy_rows(ledger, from, table, "", whole, error) &&
           (*whole || copy_rows(ledger, from, table, "DESC", &back, error));
}

static bool copy_tables(struct ledger *ledger, sqlite3 *from, bool *settled, struct error *error)
{
    *settled = true;
    for (size_t i = 0; i < TABLES; i++) {
        bool whole = false;
        if (!copy_table(ledger, from, tables[i].name, &whole, error))
            return false;
        *settled = *settled && (whole || !tables[i].settles);
    }
    return *settled || sqlite_run(ledger->db, "DELETE FROM positions", NULL, error);
}

/* What is broken may be where the tables are named: then there is nothing to carry over. */
bool ledger_carry_over(struct ledger *ledger, const char *aside, struct error *error)
{
    sqlite3 *from = NULL;
    int64_t letters = 0;
    bool settled = false, ok;

    if (sqlite3_open_v2(aside, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        sqlite3_close(from);
        from = NULL;
    } else {
        sqlite_copy_on_close(from, false);
    }
    ok = sqlite_run(ledger->db, "BEGIN IMMEDIATE", NULL, error) &&
         (!from || copy_tables(ledger, from, &settled, error)) &&
         sqlite_number(ledger->db, "SELECT count(*) FROM dead", 0, &letters, NULL, error) &&
         sqlite_run(ledger->db, "COMMIT", NULL, error) &&
         sqlite_sync(ledger->db, SQLITE_FILE_LOG, NULL, error);
    sqlite_close(from);
    if (ok)
        log_event(LOG_LEVEL_ERROR, "ledger-set-aside", "file", aside, "dead_letters_carried_over",
                  log_number(letters), "detail",
                  settled ? "a fresh ledger goes on where it was; look at the disk"
                          : "a fresh ledger delivers again what the queue keeps, but for the keys "
                            "of the dedupe window that could be read; dead letters that could not "
                            "are in the file that was set aside; look at the disk",
                  NULL);
    return ok;
}
