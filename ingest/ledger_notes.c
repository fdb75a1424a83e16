/* Who changed what, and documents that are kept: all synced. */
#include "core/json.h"
#include "ingest/ledger_store.h"

/* Runs a bound statement as a synced transaction of its own. */
static bool store(struct ledger *ledger, enum statement statement, struct error *error)
{
    bool ok = sqlite_finish(ledger->statements[statement], NULL, error);

    return ledger_end(ledger, ok, true, error);
}

bool ledger_action(struct ledger *ledger, int64_t at_us, const char *who, const char *what,
                   const char *target, const char *reason, const char *result, struct error *error)
{
    const char *const texts[] = {who, what, target, reason, result};
    bool ok;

    pthread_mutex_lock(&ledger->lock);
    ok = ledger_begin(ledger, error);
    if (ok) {
        sqlite3_stmt *row = ledger->statements[SQL_ACTION];
        sqlite3_bind_int64(row, 1, at_us);
        for (int i = 0; i < 5; i++)
            sqlite_bind_text(row, i + 2, texts[i]);
        ok = store(ledger, SQL_ACTION, error);
    }
    pthread_mutex_unlock(&ledger->lock);
    return ok;
}

/* A text that is no UTF-8 is told as such, rather than hiding the action. */
static json_t *text_json(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    json_t *json;

    if (!text)
        return json_null();
    json = json_string(text);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *action_json(sqlite3_stmt *row)
{
    static const char *const names[] = {"who", "what", "target", "reason", "result"};
    json_t *action = json_object();
    bool ok = action &&
              json_object_set_new(action, "at_us", json_integer(sqlite3_column_int64(row, 0))) == 0;

    for (int i = 0; ok && i < 5; i++)
        ok = json_object_set_new(action, names[i], text_json(row, i + 1)) == 0;
    if (ok)
        return action;
    json_decref(action);
    return NULL;
}

static bool add_actions(struct ledger *ledger, json_t *actions, size_t most, struct error *error)
{
    sqlite3_stmt *rows = ledger->statements[SQL_ACTIONS];
    int code = SQLITE_DONE;
    bool ok = true;

    sqlite3_bind_int64(rows, 1, most > INT32_MAX ? INT32_MAX : (int64_t)most);
    while (ok && (code = sqlite3_step(rows)) == SQLITE_ROW)
        ok = json_array_append_new(actions, action_json(rows)) == 0;
    if (!ok)
        error_no_memory(error);
    else if (code != SQLITE_DONE)
        ok = ledger_failed(ledger, "reading actions", error);
    sqlite3_reset(rows);
    return ok;
}

json_t *ledger_actions(struct ledger *ledger, size_t most, struct error *error)
{
    json_t *actions = json_array();
    bool ok;

    if (!actions) {
        error_no_memory(error);
        return NULL;
    }
    pthread_mutex_lock(&ledger->lock);
    ok = ledger_settle(ledger, error) && add_actions(ledger, actions, most, error);
    pthread_mutex_unlock(&ledger->lock);
    if (ok)
        return actions;
    json_decref(actions);
    return NULL;
}

bool ledger_keep(struct ledger *ledger, const char *name, const char *document, struct error *error)
{
    bool ok;

    pthread_mutex_lock(&ledger->lock);
    ok = ledger_begin(ledger, error);
    if (ok) {
        sqlite_bind_text(ledger->statements[SQL_KEEP], 1, name);
        sqlite_bind_text(ledger->statements[SQL_KEEP], 2, document);
        ok = store(ledger, SQL_KEEP, error);
    }
    pthread_mutex_unlock(&ledger->lock);
    return ok;
}

static char *read_kept(struct ledger *ledger, const char *name, struct error *error)
{
    sqlite3_stmt *row = ledger->statements[SQL_KEPT];
    char *document = NULL;
    int code;

    sqlite_bind_text(row, 1, name);
    code = sqlite3_step(row);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(row, 0);
        document = strdup(text ? text : "");
        if (!document)
            error_no_memory(error);
    } else if (code != SQLITE_DONE) {
        ledger_failed(ledger, "reading a document", error);
    }
    sqlite3_reset(row);
    return document;
}

char *ledger_kept(struct ledger *ledger, const char *name, struct error *error)
{
    char *document = NULL;

    pthread_mutex_lock(&ledger->lock);
    if (ledger_settle(ledger, error))
        document = read_kept(ledger, name, error);
    pthread_mutex_unlock(&ledger->lock);
    return document;
}
