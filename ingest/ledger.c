#include "ingest/ledger.h"

#include "core/clock.h"
#include "ingest/ledger_store.h"
#include "ingest/log.h"

#include <time.h>

enum {
    PAGE_BYTES = 4096,
    GATHER_MOST = 8192,      /* ops: so many are committed at once, without waiting */
    AGAIN_MS = 250,          /* after a failure */
    IDLE_MS = 60 * 1000,     /* retention is looked at so often when nothing is written */
    TRIM_ROWS = 10000,       /* keys that are let go of at a time */
    CHECKPOINT_PAGES = 4000, /* of log */
    BROKEN_TRIES = 3         /* a disk may be ill for one of them */
};

/* `gone` has the places of dead letters that were discarded before their subscription's position
 * had passed them. A change of the tables needs a new version, and code that leads the old over. */
static const struct sqlite_kind ledger_kind = {
    .what = "ledger of ingestd",
    .id = 0x45434C31, /* "ECL1" */
    .version = 1,
    .page_bytes = PAGE_BYTES,
    .schema =
        "CREATE TABLE positions(subscription TEXT PRIMARY KEY, position INTEGER NOT NULL)"
        " WITHOUT ROWID;"
        "CREATE TABLE seen(n INTEGER PRIMARY KEY, key BLOB NOT NULL, at_s INTEGER NOT NULL);"
        "CREATE TABLE parked(position INTEGER, part INTEGER, subscription TEXT NOT NULL,"
        " attempts INTEGER NOT NULL, due_us INTEGER NOT NULL, first_failed_us INTEGER NOT NULL,"
        " dead_id INTEGER NOT NULL, PRIMARY KEY(position, part)) WITHOUT ROWID;"
        "CREATE TABLE dead(id INTEGER PRIMARY KEY AUTOINCREMENT, position INTEGER NOT NULL,"
        " part INTEGER NOT NULL, subscription TEXT NOT NULL, type TEXT, interaction TEXT,"
        " reason TEXT NOT NULL, detail TEXT, attempts INTEGER NOT NULL, replays INTEGER NOT NULL,"
        " state INTEGER NOT NULL, given INTEGER NOT NULL, received_us INTEGER NOT NULL,"
        " first_failed_us INTEGER NOT NULL, died_us INTEGER NOT NULL, due_us INTEGER NOT NULL,"
        " time_ms INTEGER NOT NULL, key BLOB NOT NULL, quarantined INTEGER NOT NULL, source TEXT,"
        " verdict TEXT, headers TEXT, bytes INTEGER NOT NULL, body BLOB);"
        "CREATE INDEX dead_by ON dead(subscription, reason, died_us);"
        "CREATE INDEX dead_due ON dead(due_us) WHERE state=1 AND given=0;"
        "CREATE TABLE gone(position INTEGER, part INTEGER, subscription TEXT NOT NULL,"
        " PRIMARY KEY(position, part)) WITHOUT ROWID;"
        "CREATE TABLE shapes(type TEXT, hash TEXT, fields TEXT, sample BLOB, first_us INTEGER,"
        " PRIMARY KEY(type, hash)) WITHOUT ROWID;"
        "CREATE TABLE actions(n INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, who TEXT, what TEXT,"
        " target TEXT, reason TEXT, result TEXT);"
        "CREATE TABLE kept(name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
};

static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_ADVANCE] = "INSERT INTO positions VALUES(?1,?2)"
                    " ON CONFLICT(subscription) DO UPDATE SET position=?2",
    [SQL_SEEN] = "INSERT INTO seen(key,at_s) VALUES(?1,?2)",
    [SQL_UNPARK] = "DELETE FROM parked WHERE position=?1 AND part=?2",
    [SQL_PARK] = "REPLACE INTO parked VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [SQL_DEAD_SUM] = "SELECT subscription,reason,died_us,replays>0,bytes FROM dead WHERE id=?1",
    [SQL_DEAD_INSERT] = "INSERT INTO dead VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,0,0,?11,?12,?13,0,"
                        "?14,?15,?16,?17,?18,?19,?20,?21)",
    [SQL_DEAD_BACK] = "UPDATE dead SET state=0,given=0,due_us=0,replays=replays+1,reason=?2,"
                      "detail=?3,attempts=?4,first_failed_us=?5,died_us=?6,subscription=?7"
                      " WHERE id=?1",
    [SQL_DEAD_DELETE] = "DELETE FROM dead WHERE id=?1",
    [SQL_DEAD_REPLAY] = "UPDATE dead SET state=1,given=0,due_us=?2 WHERE id=?1",
    [SQL_DEAD_WAIT] = "UPDATE dead SET state=0,given=0,due_us=0 WHERE id=?1",
    [SQL_DEAD_GIVEN] = "UPDATE dead SET given=1 WHERE id=?1",
    [SQL_DEAD_RECALL] = "UPDATE dead SET given=0 WHERE id=?1 AND state=1",
    [SQL_DEAD_NEXT_DUE] = "SELECT min(due_us) FROM dead WHERE state=1 AND given=0",
    [SQL_DEAD_OLDEST] = "SELECT min(died_us) FROM dead WHERE subscription=?1 AND reason=?2",
    [SQL_DEAD_EXPIRED] = "SELECT id FROM dead WHERE id>?1 AND died_us<?2 AND state=0"
                         " ORDER BY id LIMIT ?3",
    [SQL_GONE] = "INSERT OR IGNORE INTO gone SELECT position,part,subscription FROM dead"
                 " WHERE id=?1 AND position>coalesce((SELECT p.position FROM positions p"
                 " WHERE p.subscription=dead.subscription),0)",
    [SQL_GONE_TRIM] = "DELETE FROM gone WHERE position<=(SELECT p.position FROM positions p"
                      " WHERE p.subscription=gone.subscription)",
    [SQL_SHAPE] = "INSERT OR IGNORE INTO shapes VALUES(?1,?2,?3,?4,?5)",
    [SQL_SEEN_TRIM] = "DELETE FROM seen WHERE n IN (SELECT n FROM (SELECT n,at_s FROM seen"
                      " ORDER BY n LIMIT ?2) WHERE at_s<?1)",
    [SQL_READ_POSITIONS] = "SELECT subscription,position FROM positions WHERE subscription>?1"
                           " ORDER BY subscription LIMIT ?2",
    [SQL_READ_SEEN] = "SELECT n,key,at_s FROM seen WHERE n>?1 ORDER BY n LIMIT ?2",
    [SQL_READ_PARKED] = "SELECT position,part,subscription,attempts,due_us,first_failed_us,dead_id"
                        " FROM parked WHERE (position,part)>(?1,?2) ORDER BY position,part"
                        " LIMIT ?3",
    [SQL_READ_PLACES] = "SELECT position,part FROM (SELECT position,part FROM dead UNION"
                        " SELECT position,part FROM gone) WHERE (position,part)>(?1,?2)"
                        " ORDER BY position,part LIMIT ?3",
    [SQL_READ_SHAPES] = "SELECT type,hash,fields,sample,first_us FROM shapes"
                        " WHERE (type,hash)>(?1,?2) ORDER BY type,hash LIMIT ?3",
    [SQL_ACTION] = "INSERT INTO actions(at_us,who,what,target,reason,result)"
                   " VALUES(?1,?2,?3,?4,?5,?6)",
    [SQL_ACTIONS] = "SELECT at_us,who,what,target,reason,result FROM actions"
                    " ORDER BY n DESC LIMIT ?1",
    [SQL_KEEP] = "REPLACE INTO kept VALUES(?1,?2)",
    [SQL_KEPT] = "SELECT document FROM kept WHERE name=?1",
};

/* -- the connection --------------------------------------------------------------------------- */

static void drop_connection(struct ledger *ledger)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(ledger->statements[i]);
        ledger->statements[i] = NULL;
    }
    sqlite_close(ledger->db);
    ledger->db = NULL;
}

static int note_log(void *context, sqlite3 *db, const char *name, int pages)
{
    struct ledger *ledger = context;

    (void)db;
    (void)name;
    ledger->log_pages = pages;
    return SQLITE_OK;
}

static bool open_connection(struct ledger *ledger, enum queue_trouble *trouble, struct error *error)
{
    bool ok = true;

    if (ledger->db)
        return true;
    ledger->db = sqlite_open(&ledger_kind, ledger->path,
                             "PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864",
                             trouble, error);
    if (!ledger->db)
        return false;
    sqlite_copy_on_close(ledger->db, true);
    sqlite3_wal_hook(ledger->db, note_log, ledger);
    for (int i = 0; ok && i < SQL_COUNT; i++)
        ok = (ledger->statements[i] = sqlite_prepare(ledger->db, statements[i], trouble, error));
    if (!ok)
        drop_connection(ledger);
    return ok;
}

static bool ready(struct ledger *ledger, struct error *error)
{
    return open_connection(ledger, NULL, error);
}

bool ledger_failed(struct ledger *ledger, const char *doing, struct error *error)
{
    return sqlite_failed(ledger->db, doing, NULL, error);
}

/* Leaves no transaction open, and no connection that may have been harmed. */
static void undo(struct ledger *ledger)
{
    enum queue_trouble trouble = QUEUE_FINE;

    ledger->sums.stale = true;
    if (!ledger->db)
        return;
    sqlite_failed(ledger->db, "", &trouble, NULL);
    if (!sqlite3_get_autocommit(ledger->db) &&
        !sqlite_finish(ledger->statements[SQL_ROLLBACK], NULL, NULL))
        trouble = QUEUE_IO;
    if (trouble == QUEUE_IO || trouble == QUEUE_CORRUPT)
        drop_connection(ledger);
}

/* -- ops -------------------------------------------------------------------------------------- */

static void list_init(struct op_list *list)
{
    *list = (struct op_list){.end = &list->first};
}

static void list_move(struct op_list *from, struct op_list *to)
{
    if (!from->first)
        return;
    *to->end = from->first;
    to->end = from->end;
    to->count += from->count;
    list_init(from);
}

static void list_free(struct op_list *list)
{
    for (struct op *op = list->first, *next; op; op = next) {
        next = op->next;
        free(op);
    }
    list_init(list);
}

static void take_waiting(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->listing);
    list_move(&ledger->waiting, &ledger->applying);
    pthread_mutex_unlock(&ledger->listing);
}

/* The commit holds: its ops are done with. */
static void leave_applied(struct ledger *ledger)
{
    int64_t buried = 0;

    for (const struct op *op = ledger->applying.first; op; op = op->next)
        if (op->kind == OP_BURY && op->letter.id == 0)
            buried += dead_letter_bytes(&op->letter);
    pthread_mutex_lock(&ledger->listing);
    ledger->bury_bytes -= buried;
    atomic_store(&ledger->dead_bytes, ledger->sums.bytes + ledger->bury_bytes);
    pthread_mutex_unlock(&ledger->listing);
    atomic_fetch_sub(&ledger->backlog, ledger->applying.count);
    list_free(&ledger->applying);
}

void ledger_tell_bytes(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->listing);
    atomic_store(&ledger->dead_bytes, ledger->sums.bytes + ledger->bury_bytes);
    pthread_mutex_unlock(&ledger->listing);
}

static bool apply_all(struct ledger *ledger, struct error *error)
{
    for (const struct op *op = ledger->applying.first; op; op = op->next)
        if (!ledger_apply(ledger, op, error))
            return false;
    return true;
}

/* -- transactions ----------------------------------------------------------------------------- */

static bool begin(struct ledger *ledger, struct error *error)
{
    return ready(ledger, error) && (!ledger->sums.stale || ledger_count_sums(ledger, error)) &&
           sqlite_finish(ledger->statements[SQL_BEGIN], NULL, error);
}

bool ledger_settle(struct ledger *ledger, struct error *error)
{
    bool ok;

    take_waiting(ledger);
    if (!ledger->applying.first)
        return ready(ledger, error) && (!ledger->sums.stale || ledger_count_sums(ledger, error));
    ok = begin(ledger, error) && apply_all(ledger, error) &&
         sqlite_finish(ledger->statements[SQL_COMMIT], NULL, error);
    atomic_store(&ledger->failing, !ok);
    if (ok)
        leave_applied(ledger);
    else
        undo(ledger);
    return ok;
}

bool ledger_begin(struct ledger *ledger, struct error *error)
{
    if (!ledger_settle(ledger, error))
        return false;
    if (begin(ledger, error))
        return true;
    undo(ledger);
    return false;
}

bool ledger_end(struct ledger *ledger, bool ok, bool sync, struct error *error)
{
    ok = ok && sqlite_finish(ledger->statements[SQL_COMMIT], NULL, error);
    if (!ok)
        undo(ledger);
    else
        ledger_tell_bytes(ledger);
    return ok && (!sync || sqlite_sync(ledger->db, SQLITE_FILE_LOG, NULL, error));
}

bool ledger_flush(struct ledger *ledger, bool sync, struct error *error)
{
    bool ok;

    pthread_mutex_lock(&ledger->lock);
    ok = ledger_settle(ledger, error) &&
         (!sync || sqlite_sync(ledger->db, SQLITE_FILE_LOG, NULL, error));
    pthread_mutex_unlock(&ledger->lock);
    return ok;
}

size_t ledger_backlog(const struct ledger *ledger)
{
    size_t count = atomic_load(&ledger->backlog);

    if (atomic_load(&ledger->failing))
        return count;
    return count > GATHER_MOST ? count - GATHER_MOST : 0;
}

int64_t ledger_bytes(const struct ledger *ledger)
{
    return sqlite_file_bytes(ledger->path) + sqlite_file_bytes(ledger->log_path) +
           sqlite_file_bytes(ledger->index_path);
}

/* -- the committing thread -------------------------------------------------------------------- */

/* Keys are appended as time goes: the oldest are first. */
static bool trim_seen(struct ledger *ledger, struct error *error)
{
    int64_t old_s = ledger->seen_newest_s - ledger->options.window_ms / 1000;
    sqlite3_stmt *row = ledger->statements[SQL_SEEN_TRIM];
    bool ok;

    if (old_s <= ledger->seen_trimmed_s)
        return true;
    sqlite3_bind_int64(row, 1, old_s);
    sqlite3_bind_int64(row, 2, TRIM_ROWS);
    if (!ledger_begin(ledger, error))
        return false;
    ok = ledger_end(ledger, sqlite_finish(row, NULL, error), false, error);
    if (ok && sqlite3_changes(ledger->db) < TRIM_ROWS)
        ledger->seen_trimmed_s = old_s;
    return ok;
}

static bool keep_house(struct ledger *ledger, struct error *error)
{
    bool ok;

    if (!ledger_begin(ledger, error))
        return false;
    ok = ledger_expire_dead(ledger, error) &&
         sqlite_finish(ledger->statements[SQL_GONE_TRIM], NULL, error);
    return ledger_end(ledger, ok, false, error);
}

/* On this thread alone, so that nobody who reads waits for the disk. */
static void checkpoint(struct ledger *ledger)
{
    if (ledger->db && ledger->log_pages >= CHECKPOINT_PAGES &&
        sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
            SQLITE_OK)
        ledger->log_pages = 0;
}

static bool wait_until(struct ledger *ledger, int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

    return pthread_cond_timedwait(&ledger->wake, &ledger->listing, &until) == 0;
}

/* Waits for the first op, or until `house_ms`; then lets more gather. */
static bool wait_for_work(struct ledger *ledger, int64_t house_ms)
{
    bool failing = atomic_load(&ledger->failing), stopping;
    int64_t until_ms;

    pthread_mutex_lock(&ledger->listing);
    while (!ledger->stopping && !ledger->waiting.first && !failing && wait_until(ledger, house_ms))
        continue;
    until_ms = clock_monotonic_ms() + (failing ? AGAIN_MS : LEDGER_COMMIT_MS);
    while (!ledger->stopping && (failing || ledger->waiting.count < GATHER_MOST) &&
           wait_until(ledger, until_ms))
        continue;
    stopping = ledger->stopping;
    pthread_mutex_unlock(&ledger->listing);
    return !stopping;
}

/* Tells once when it begins and once when it ends. */
static void tell(bool ok, bool *failed, const struct error *error)
{
    if (!ok && !*failed)
        log_event(LOG_LEVEL_ERROR, "ledger-failed", "detail", error->text, NULL);
    if (ok && *failed)
        log_event(LOG_LEVEL_INFO, "ledger-recovered", NULL);
    *failed = !ok;
}

static void *commit_all_the_time(void *context)
{
    struct ledger *ledger = context;
    int64_t house_ms = 0;
    bool failed = false;

    do {
        struct error error = ERROR_INIT;
        bool ok;
        pthread_mutex_lock(&ledger->lock);
        ok = ledger_settle(ledger, &error) && trim_seen(ledger, &error);
        if (clock_monotonic_ms() >= house_ms) {
            ok = ok && keep_house(ledger, &error);
            house_ms = clock_monotonic_ms() + IDLE_MS;
        }
        checkpoint(ledger);
        pthread_mutex_unlock(&ledger->lock);
        tell(ok, &failed, &error);
    } while (wait_for_work(ledger, house_ms));
    return NULL;
}

/* -- opening ---------------------------------------------------------------------------------- */

static struct ledger *ledger_new(const char *folder, const struct ledger_options *options)
{
    struct ledger *ledger = calloc(1, sizeof(*ledger));
    pthread_condattr_t monotonic;

    if (!ledger)
        return NULL;
    ledger->options = *options;
    pthread_mutex_init(&ledger->lock, NULL);
    pthread_mutex_init(&ledger->listing, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ledger->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    list_init(&ledger->waiting);
    list_init(&ledger->applying);
    ledger->sums.stale = true;
    atomic_store(&ledger->next_due_us, INT64_MAX);
    if (asprintf(&ledger->path, "%s/ledger.db", folder) < 0)
        ledger->path = NULL;
    if (asprintf(&ledger->log_path, "%s/ledger.db-wal", folder) < 0)
        ledger->log_path = NULL;
    if (asprintf(&ledger->index_path, "%s/ledger.db-shm", folder) < 0)
        ledger->index_path = NULL;
    if (ledger->path && ledger->log_path && ledger->index_path)
        return ledger;
    ledger_close(ledger);
    return NULL;
}

static bool open_file(struct ledger *ledger, enum queue_trouble *trouble, struct error *error)
{
    return sqlite_create_file(ledger->path, trouble, error) &&
           open_connection(ledger, trouble, error) && ledger_check(ledger, trouble, error);
}

/* A broken file is set aside and what is left of it carried over: no more than at least once is
 * promised, and events go on being taken. One whose disk is ill is waited for by whoever starts us
 * again. */
static bool open_or_rescue(struct ledger *ledger, struct error *error)
{
    char *aside;
    bool ok;

    for (int tries = 0; tries < BROKEN_TRIES; tries++) {
        enum queue_trouble trouble = QUEUE_FINE;
        *error = ERROR_INIT;
        if (open_file(ledger, &trouble, error))
            return true;
        drop_connection(ledger);
        if (trouble != QUEUE_CORRUPT || !ledger_is_broken(ledger, error))
            return false;
    }
    log_event(LOG_LEVEL_ERROR, "ledger-broken", "detail", error->text, NULL);
    *error = ERROR_INIT;
    aside = ledger_set_aside(ledger, error);
    ok = aside && sqlite_create_file(ledger->path, NULL, error) && ready(ledger, error) &&
         ledger_carry_over(ledger, aside, error);
    free(aside);
    return ok;
}

/* What was given out in another run and did not come back is given out again. */
static bool recall(struct ledger *ledger, struct error *error)
{
    return open_or_rescue(ledger, error) &&
           sqlite_run(ledger->db, "UPDATE dead SET given=0 WHERE given=1", NULL, error) &&
           sqlite_number(ledger->db, "SELECT at_s FROM seen ORDER BY n DESC LIMIT 1", 0,
                         &ledger->seen_newest_s, NULL, error) &&
           ledger_count_sums(ledger, error) && ledger_find_due(ledger, error);
}

struct ledger *ledger_open(const char *folder, const struct ledger_options *options,
                           struct error *error)
{
    struct ledger *ledger = ledger_new(folder, options);

    if (!ledger) {
        error_no_memory(error);
        return NULL;
    }
    if (recall(ledger, error)) {
        ledger_tell_bytes(ledger);
        if (pthread_create(&ledger->thread, NULL, commit_all_the_time, ledger) == 0) {
            ledger->started = true;
            return ledger;
        }
        error_set(error, ERROR_FAILED, "%s: no thread can be started", ledger->path);
    }
    ledger_close(ledger);
    return NULL;
}

static void stop(struct ledger *ledger)
{
    struct error error = ERROR_INIT;

    pthread_mutex_lock(&ledger->listing);
    ledger->stopping = true;
    pthread_cond_broadcast(&ledger->wake);
    pthread_mutex_unlock(&ledger->listing);
    pthread_join(ledger->thread, NULL);
    if (!ledger_flush(ledger, true, &error))
        log_event(LOG_LEVEL_ERROR, "ledger-failed", "detail", error.text, NULL);
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    if (ledger->started)
        stop(ledger);
    drop_connection(ledger);
    list_free(&ledger->waiting);
    list_free(&ledger->applying);
    sums_release(&ledger->sums);
    pthread_mutex_destroy(&ledger->lock);
    pthread_mutex_destroy(&ledger->listing);
    pthread_cond_destroy(&ledger->wake);
    free(ledger->path);
    free(ledger->log_path);
    free(ledger->index_path);
    free(ledger);
}
