/* One dead letter: added, put back, removed; the sums follow. */
#include "ingest/ledger_store.h"

/* -- one letter ------------------------------------------------------------------------------- */

enum visit { VISIT_MISSING, VISIT_DONE, VISIT_FAILED };

/* Takes one out of the sums, before it is changed or removed. */
static enum visit leave_sums(struct ledger *ledger, int64_t id, int64_t *bytes, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_DEAD_SUM];
    enum visit visit = VISIT_MISSING;
    int code;

    sqlite3_bind_int64(row, 1, id);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        const char *subscription = (const char *)sqlite3_column_text(row, 0);
        const char *reason = (const char *)sqlite3_column_text(row, 1);
        *bytes = sqlite3_column_int64(row, 4);
        if (subscription && reason)
            sums_remove(&ledger->sums, subscription, reason, sqlite3_column_int64(row, 2),
                        sqlite3_column_int(row, 3) != 0, *bytes);
        else
            ledger->sums.stale = true;
        visit = VISIT_DONE;
    } else if (code != SQLITE_DONE) {
        ledger_failed(ledger, "reading a dead letter", error);
        visit = VISIT_FAILED;
    }
    sqlite3_reset(row);
    return visit;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static bool insert_letter(struct ledger *ledger, const struct dead_letter *letter,
                          struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_DEAD_INSERT];
    const int64_t bytes = dead_letter_bytes(letter);
    const int replays = letter->id == 0 ? letter->replays : letter->replays + 1;
    const struct {
        int at;
        int64_t number;
    } numbers[] = {{2, letter->place.position}, {3, letter->place.part},
                   {9, letter->attempts},       {10, replays},
                   {11, letter->received_us},   {12, letter->first_failed_us},
                   {13, letter->died_us},       {14, letter->time_ms},
                   {16, letter->quarantined},   {20, bytes}};
    const struct {
        int at;
        const char *text;
    } texts[] = {{4, or_empty(letter->subscription)},
                 {5, letter->type},
                 {6, letter->interaction},
                 {7, or_empty(letter->reason)},
                 {8, letter->detail},
                 {17, letter->source},
                 {18, letter->verdict},
                 {19, letter->headers}};

    if (letter->id == 0)
        sqlite3_bind_null(row, 1);
    else
        sqlite3_bind_int64(row, 1, letter->id);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sqlite3_bind_int64(row, numbers[i].at, numbers[i].number);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sqlite_bind_text(row, texts[i].at, texts[i].text);
    sqlite_bind_blob(row, 15, letter->key, EVENT_KEY_BYTES);
    sqlite_bind_blob(row, 21, or_empty(letter->body), letter->body ? letter->body_bytes : 0);
    sums_add(&ledger->sums, or_empty(letter->subscription), or_empty(letter->reason),
             letter->died_us, replays > 0, bytes);
    return sqlite_finish(row, NULL, error);
}

static bool put_back(struct ledger *ledger, const struct dead_letter *letter, int64_t bytes,
                     struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_DEAD_BACK];

    sqlite3_bind_int64(row, 1, letter->id);
    sqlite_bind_text(row, 2, or_empty(letter->reason));
    sqlite_bind_text(row, 3, letter->detail);
    sqlite3_bind_int64(row, 4, letter->attempts);
    sqlite3_bind_int64(row, 5, letter->first_failed_us);
    sqlite3_bind_int64(row, 6, letter->died_us);
    sqlite_bind_text(row, 7, or_empty(letter->subscription));
    sums_add(&ledger->sums, or_empty(letter->subscription), or_empty(letter->reason),
             letter->died_us, true, bytes);
    return sqlite_finish(row, NULL, error);
}

/* One that is to be put back and has gone meanwhile is added anew: an event never just vanishes. */
bool ledger_apply_bury(struct ledger *ledger, const struct dead_letter *letter, struct error *error)
{
    enum visit visit = VISIT_MISSING;
    int64_t bytes = 0;

    if (letter->id != 0)
        visit = leave_sums(ledger, letter->id, &bytes, error);
    if (visit == VISIT_FAILED)
        return false;
    return visit == VISIT_DONE ? put_back(ledger, letter, bytes, error)
                               : insert_letter(ledger, letter, error);
}

bool ledger_finish_id(struct ledger *ledger, enum statement statement, int64_t id,
                      struct error *error)
{
    sqlite3_bind_int64(ledger->statements[statement], 1, id);
    return sqlite_finish(ledger->statements[statement], NULL, error);
}

bool ledger_apply_remove(struct ledger *ledger, int64_t id, struct error *error)
{
    int64_t bytes;
    enum visit visit = leave_sums(ledger, id, &bytes, error);

    if (visit != VISIT_DONE)
        return visit == VISIT_MISSING;
    return ledger_finish_id(ledger, SQL_DEAD_DELETE, id, error);
}

bool ledger_apply_discard(struct ledger *ledger, int64_t id, struct error *error)
{
    return ledger_finish_id(ledger, SQL_GONE, id, error) && ledger_apply_remove(ledger, id, error);
}

bool ledger_find_due(struct ledger *ledger, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_DEAD_NEXT_DUE];
    int code = sqlite3_step(row);
    bool some = code == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL;

    if (code == SQLITE_ROW)
        atomic_store(&ledger->next_due_us, some ? sqlite3_column_int64(row, 0) : INT64_MAX);
    else
        ledger_failed(ledger, "looking for replays", error);
    sqlite3_reset(row);
    return code == SQLITE_ROW;
}
