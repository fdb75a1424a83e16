/* Dead letters: listing, replaying, discarding. */
#include "core/buf.h"
#include "core/clock.h"
#include "ingest/ledger_store.h"

enum {
    LIST_ROWS = 256,    /* of one page without bodies */
    BODY_ROWS = 32,     /* of one with */
    CHANGE_ROWS = 1024, /* ids that are held at a time while they are changed */
    EXPIRE_ROWS = 1000
};

const char *dead_state_word(enum dead_state state)
{
    return state == DEAD_REPLAYING ? "replaying" : "waiting";
}

/* -- filters ---------------------------------------------------------------------------------- */

enum parameter {
    AFTER = 1,
    LIMIT,
    SUBSCRIPTION,
    REASON,
    TYPE,
    INTERACTION,
    STATE,
    SINCE,
    UNTIL,
    IDS
};

/* A query by a filter, to be stepped page by page. */
struct query {
    sqlite3_stmt *rows;
    char *ids; /* JSON */
};

static char *ids_text(const struct dead_filter *filter)
{
    struct buf text;

    buf_init(&text, 64 * 1024 * 1024);
    buf_add_char(&text, '[');
    for (size_t i = 0; i < filter->id_count; i++)
        buf_printf(&text, i ? ",%lld" : "%lld", (long long)filter->ids[i]);
    buf_add_char(&text, ']');
    return buf_take(&text);
}

static void add_conditions(struct buf *sql, const struct dead_filter *filter)
{
    const struct {
        bool wanted;
        const char *sql;
    } conditions[] = {
        {filter->subscription, " AND subscription=?3"},
        {filter->reason, " AND reason=?4"},
        {filter->type, " AND type=?5"},
        {filter->interaction, " AND interaction=?6"},
        {filter->state >= 0, " AND state=?7"},
        {filter->came_back > 0, " AND replays>0"},
        {filter->came_back == 0, " AND replays=0"},
        {filter->since_us >= 0, " AND died_us>=?8"},
        {filter->until_us >= 0, " AND died_us<?9"},
        {filter->id_count > 0, " AND id IN (SELECT value FROM json_each(?10))"},
    };

    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
        if (conditions[i].wanted)
            buf_add_text(sql, conditions[i].sql);
}

static void bind_filter(struct query *query, const struct dead_filter *filter)
{
    /* Those that the text does not have are out of its range, or of no effect. */
    sqlite_bind_text(query->rows, SUBSCRIPTION, filter->subscription);
    sqlite_bind_text(query->rows, REASON, filter->reason);
    sqlite_bind_text(query->rows, TYPE, filter->type);
    sqlite_bind_text(query->rows, INTERACTION, filter->interaction);
    sqlite3_bind_int64(query->rows, STATE, filter->state);
    sqlite3_bind_int64(query->rows, SINCE, filter->since_us);
    sqlite3_bind_int64(query->rows, UNTIL, filter->until_us);
    sqlite_bind_text(query->rows, IDS, query->ids);
}

static void query_release(struct query *query)
{
    sqlite3_finalize(query->rows);
    free(query->ids);
    *query = (struct query){.rows = NULL};
}

/* "SELECT `what` FROM dead WHERE … `also` `end`". `lock` is held. */
static bool query_begin(struct ledger *ledger, struct query *query,
                        const struct dead_filter *filter, const char *what, const char *also,
                        const char *end, struct error *error)
{
    struct buf sql;
    bool ok = false;

    *query = (struct query){.rows = NULL};
    buf_init(&sql, 4096);
    buf_printf(&sql, "SELECT %s FROM dead WHERE id>?1%s", what, also);
    add_conditions(&sql, filter);
    buf_add_text(&sql, end);
    query->ids = filter->id_count > 0 ? ids_text(filter) : NULL;
    if (sql.failed || (filter->id_count > 0 && !query->ids))
        error_no_memory(error);
    else
        ok = (query->rows = sqlite_prepare(ledger->db, buf_text(&sql), NULL, error));
    buf_release(&sql);
    if (ok)
        bind_filter(query, filter);
    else
        query_release(query);
    return ok;
}

/* -- reading letters -------------------------------------------------------------------------- */

#define LETTER_COLUMNS                                                                             \
    "id,position,part,subscription,type,interaction,reason,detail,attempts,replays,state,"         \
    "received_us,first_failed_us,died_us,due_us,time_ms,key,quarantined,source,verdict,headers,"   \
    "length(body)"

/* A page of letters, copied, so that they are given without the lock. */
struct page {
    struct arena arena;
    struct dead_letter *letters;
    size_t count, most;
};

static bool page_begin(struct page *page, size_t most)
{
    arena_init(&page->arena);
    page->count = 0;
    page->most = most;
    page->letters = arena_alloc(&page->arena, most * sizeof(*page->letters));
    return page->letters != NULL;
}

static const char *keep_text(struct arena *arena, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ? arena_text(arena, text) : "";
}

static bool copy_letter(struct page *page, sqlite3_stmt *row, bool body)
{
    struct dead_letter *letter = &page->letters[page->count];
    struct arena *arena = &page->arena;
    const struct {
        int column;
        const char **text;
    } texts[] = {{3, &letter->subscription}, {4, &letter->type},    {5, &letter->interaction},
                 {6, &letter->reason},       {7, &letter->detail},  {18, &letter->source},
                 {19, &letter->verdict},     {20, &letter->headers}};
    bool ok = true;

    *letter = (struct dead_letter){
        .id = sqlite3_column_int64(row, 0),
        .place = {sqlite3_column_int64(row, 1), (uint32_t)sqlite3_column_int64(row, 2)},
        .attempts = sqlite3_column_int(row, 8),
        .replays = sqlite3_column_int(row, 9),
        .state = sqlite3_column_int(row, 10) == 1 ? DEAD_REPLAYING : DEAD_WAITING,
        .received_us = sqlite3_column_int64(row, 11),
        .first_failed_us = sqlite3_column_int64(row, 12),
        .died_us = sqlite3_column_int64(row, 13),
        .due_us = sqlite3_column_int64(row, 14),
        .time_ms = sqlite3_column_int64(row, 15),
        .quarantined = sqlite3_column_int(row, 17) != 0,
        .body_bytes = (size_t)sqlite3_column_int64(row, 21)};
    if (sqlite3_column_bytes(row, 16) == EVENT_KEY_BYTES)
        memcpy(letter->key, sqlite3_column_blob(row, 16), EVENT_KEY_BYTES);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ok = ok && (*texts[i].text = keep_text(arena, row, texts[i].column));
    if (ok && body) {
        const char *bytes = sqlite3_column_blob(row, 22);
        letter->body_bytes = (size_t)sqlite3_column_bytes(row, 22);
        letter->body = arena_copy(arena, bytes ? bytes : "", letter->body_bytes);
        ok = letter->body;
    }
    page->count += ok;
    return ok;
}

/* What is asked of each subscription, once for letters of it that follow one another. */
struct asking {
    bool (*wants)(void *context, const char *subscription); /* NULL: all are wanted */
    void *context;
    char subscription[ARRIVAL_SUBSCRIPTION_MOST + 1];
    bool asked, wanted;
};

static bool is_wanted(struct asking *asking, sqlite3_stmt *row)
{
    const char *subscription;

    if (!asking || !asking->wants)
        return true;
    subscription = (const char *)sqlite3_column_text(row, 3);
    if (!subscription)
        subscription = "";
    if (!asking->asked || strcmp(asking->subscription, subscription) != 0) {
        asking->asked = true;
        asking->wanted = asking->wants(asking->context, subscription);
        snprintf(asking->subscription, sizeof(asking->subscription), "%s", subscription);
    }
    return asking->wanted;
}

/* `asking` may be NULL. */
static bool fill_page(struct ledger *ledger, struct query *query, struct page *page, int64_t after,
                      bool bodies, struct asking *asking, struct error *error)
{
    int code = SQLITE_DONE;

    sqlite3_bind_int64(query->rows, AFTER, after);
    sqlite3_bind_int64(query->rows, LIMIT, asking ? -1 : (int64_t)page->most);
    while (page->count < page->most && (code = sqlite3_step(query->rows)) == SQLITE_ROW)
        if (is_wanted(asking, query->rows) && !copy_letter(page, query->rows, bodies))
            return error_no_memory(error);
    return code == SQLITE_ROW || code == SQLITE_DONE ||
           ledger_failed(ledger, "reading dead letters", error);
}

static bool read_page(struct ledger *ledger, const struct dead_filter *filter, int64_t after,
                      bool bodies, struct page *page, struct error *error)
{
    struct query query = {.rows = NULL};
    bool ok;

    pthread_mutex_lock(&ledger->lock);
    ok = ledger_settle(ledger, error) &&
         query_begin(ledger, &query, filter, bodies ? LETTER_COLUMNS ",body" : LETTER_COLUMNS, "",
                     " ORDER BY id LIMIT ?2", error) &&
         fill_page(ledger, &query, page, after, bodies, NULL, error);
    query_release(&query);
    pthread_mutex_unlock(&ledger->lock);
    return ok;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool ledger_dead_list(struct ledger *ledger, const struct dead_filter *filter, size_t most,
                      bool bodies, void (*each)(void *context, const struct dead_letter *letter),
                      void *context, struct error *error)
{
    int64_t after = filter->after_id;
    bool ok = true, end = false;

    while (ok && !end && most > 0) {
        struct page page;
        if (!page_begin(&page, least(most, bodies ? BODY_ROWS : LIST_ROWS)))
            return error_no_memory(error);
        ok = read_page(ledger, filter, after, bodies, &page, error);
        for (size_t i = 0; ok && i < page.count; i++)
            each(context, &page.letters[i]);
        end = page.count < page.most;
        most -= page.count;
        if (page.count > 0)
            after = page.letters[page.count - 1].id;
        arena_release(&page.arena);
    }
    return ok;
}

bool ledger_dead_count(struct ledger *ledger, const struct dead_filter *filter, int64_t *count,
                       int64_t *bytes, struct error *error)
{
    struct query query = {.rows = NULL};
    bool ok;

    *count = *bytes = 0;
    pthread_mutex_lock(&ledger->lock);
    ok = ledger_settle(ledger, error) &&
         query_begin(ledger, &query, filter, "count(*),total(bytes)", "", "", error);
    if (ok) {
        sqlite3_bind_int64(query.rows, AFTER, filter->after_id);
        sqlite3_bind_int64(query.rows, LIMIT, 1);
        ok = sqlite3_step(query.rows) == SQLITE_ROW;
        if (ok) {
            *count = sqlite3_column_int64(query.rows, 0);
            *bytes = sqlite3_column_int64(query.rows, 1);
        } else {
            ledger_failed(ledger, "counting dead letters", error);
        }
    }
    query_release(&query);
    pthread_mutex_unlock(&ledger->lock);
    return ok;
}

/* -- changing them ---------------------------------------------------------------------------- */

struct change {
    const char *which; /* condition beyond the filter */
    bool (*apply)(struct ledger *ledger, const struct change *change, int64_t id, int64_t nth,
                  struct error *error);
    double rate;
    int64_t now_us;
};

/* The next ids after `after`; they are changed only when the query is at rest. */
static bool next_ids(struct ledger *ledger, struct query *query, int64_t after, int64_t *ids,
                     size_t *count, struct error *error)
{
    int code;

    *count = 0;
    sqlite3_bind_int64(query->rows, AFTER, after);
    sqlite3_bind_int64(query->rows, LIMIT, CHANGE_ROWS);
    while ((code = sqlite3_step(query->rows)) == SQLITE_ROW && *count < CHANGE_ROWS)
        ids[(*count)++] = sqlite3_column_int64(query->rows, 0);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        ledger_failed(ledger, "reading dead letters", error);
    sqlite3_reset(query->rows);
    return code == SQLITE_DONE || code == SQLITE_ROW;
}

static bool change_all(struct ledger *ledger, struct query *query, const struct change *change,
                       int64_t after, int64_t *count, struct error *error)
{
    int64_t ids[CHANGE_ROWS];
    size_t found = CHANGE_ROWS;

    while (found == CHANGE_ROWS) {
        if (!next_ids(ledger, query, after, ids, &found, error))
            return false;
        for (size_t i = 0; i < found; i++)
            if (!change->apply(ledger, change, ids[i], (*count)++, error))
                return false;
        if (found > 0)
            after = ids[found - 1];
    }
    return true;
}

static bool change_letters(struct ledger *ledger, const struct dead_filter *filter,
                           const struct change *change, int64_t *count, struct error *error)
{
    struct query query = {.rows = NULL};
    bool ok;

    *count = 0;
    pthread_mutex_lock(&ledger->lock);
    ok = ledger_begin(ledger, error);
    if (ok) {
        ok = query_begin(ledger, &query, filter, "id", change->which, " ORDER BY id LIMIT ?2",
                         error) &&
             change_all(ledger, &query, change, filter->after_id, count, error);
        query_release(&query);
        ok = ledger_end(ledger, ok, true, error) && ledger_find_due(ledger, error);
    }
    pthread_mutex_unlock(&ledger->lock);
    if (!ok)
        *count = 0;
    return ok;
}

#define WAIT_MOST_US (INT64_C(100) * 365 * 86400 * 1000000) /* a century */

static bool replay_one(struct ledger *ledger, const struct change *change, int64_t id, int64_t nth,
                       struct error *error)
{
    double apart_us = change->rate > 0 ? (double)nth * 1e6 / change->rate : 0;
    int64_t wait_us = apart_us < (double)WAIT_MOST_US ? (int64_t)apart_us : WAIT_MOST_US;

    sqlite3_bind_int64(ledger->statements[SQL_DEAD_REPLAY], 2, change->now_us + wait_us);
    return ledger_finish_id(ledger, SQL_DEAD_REPLAY, id, error);
}

bool ledger_dead_replay(struct ledger *ledger, const struct dead_filter *filter, double rate,
                        int64_t now_us, int64_t *count, struct error *error)
{
    const struct change change = {
        .which = " AND state=0", .apply = replay_one, .rate = rate, .now_us = now_us};

    return change_letters(ledger, filter, &change, count, error);
}

static bool abort_one(struct ledger *ledger, const struct change *change, int64_t id, int64_t nth,
                      struct error *error)
{
    (void)change;
    (void)nth;
    return ledger_finish_id(ledger, SQL_DEAD_WAIT, id, error);
}

bool ledger_dead_abort(struct ledger *ledger, const struct dead_filter *filter, int64_t *count,
                       struct error *error)
{
    const struct change change = {.which = " AND state=1 AND given=0", .apply = abort_one};

    return change_letters(ledger, filter, &change, count, error);
}

static bool discard_one(struct ledger *ledger, const struct change *change, int64_t id, int64_t nth,
                        struct error *error)
{
    (void)change;
    (void)nth;
    return ledger_apply_discard(ledger, id, error);
}

bool ledger_dead_discard(struct ledger *ledger, const struct dead_filter *filter, int64_t *count,
                         struct error *error)
{
    const struct change change = {.which = " AND (state=0 OR given=0)", .apply = discard_one};

    return change_letters(ledger, filter, &change, count, error);
}

bool ledger_expire_dead(struct ledger *ledger, struct error *error)
{
    int64_t now_us = clock_unix_us();
    int64_t retention_ms = ledger->options.dead_letter_retention_ms;
    sqlite3_stmt *rows = ledger->statements[SQL_DEAD_EXPIRED];
    int64_t ids[EXPIRE_ROWS];
    size_t count = 0;
    bool ok;

    if (retention_ms == 0 || retention_ms >= now_us / 1000)
        return true;
    sqlite3_bind_int64(rows, 1, 0);
    sqlite3_bind_int64(rows, 2, now_us - retention_ms * 1000);
    sqlite3_bind_int64(rows, 3, EXPIRE_ROWS);
    while (count < EXPIRE_ROWS && sqlite3_step(rows) == SQLITE_ROW)
        ids[count++] = sqlite3_column_int64(rows, 0);
    ok = sqlite3_reset(rows) == SQLITE_OK || ledger_failed(ledger, "expiring", error);
    for (size_t i = 0; ok && i < count; i++)
        ok = ledger_apply_discard(ledger, ids[i], error);
    return ok;
}

/* -- replays ---------------------------------------------------------------------------------- */

/* They count as given out only when that is in the table. */
static bool give_out(struct ledger *ledger, const struct page *page, struct error *error)
{
    bool ok = true;

    for (size_t i = 0; ok && i < page->count; i++)
        ok = ledger_finish_id(ledger, SQL_DEAD_GIVEN, page->letters[i].id, error);
    return ok;
}

static bool take_due(struct ledger *ledger, int64_t now_us, struct asking *asking,
                     struct page *page, struct error *error)
{
    static const struct dead_filter all = {DEAD_FILTER_ANY};
    struct query query = {.rows = NULL};
    struct dead_filter due = all;
    bool ok;

    pthread_mutex_lock(&ledger->lock);
    ok = ledger_begin(ledger, error);
    if (ok) {
        due.until_us = now_us; /* bound as ?9, which is compared with due_us here */
        ok = query_begin(ledger, &query, &all, LETTER_COLUMNS ",body",
                         " AND state=1 AND given=0 AND due_us<=?9", " ORDER BY due_us,id LIMIT ?2",
                         error);
        if (ok)
            bind_filter(&query, &due);
        ok = ok && fill_page(ledger, &query, page, 0, true, asking, error);
        query_release(&query);
        ok = ok && give_out(ledger, page, error);
        ok = ledger_end(ledger, ok, false, error) && ledger_find_due(ledger, error);
    }
    pthread_mutex_unlock(&ledger->lock);
    return ok;
}

bool ledger_dead_due(struct ledger *ledger, int64_t now_us, size_t most,
                     bool (*wants)(void *context, const char *subscription),
                     void (*each)(void *context, const struct dead_letter *letter), void *context,
                     struct error *error)
{
    struct asking asking = {.wants = wants, .context = context};
    bool ok = true, end = false;

    while (ok && !end && most > 0 && now_us >= atomic_load(&ledger->next_due_us)) {
        struct page page;
        if (!page_begin(&page, least(most, BODY_ROWS)))
            return error_no_memory(error);
        ok = take_due(ledger, now_us, &asking, &page, error);
        for (size_t i = 0; ok && i < page.count; i++)
            each(context, &page.letters[i]);
        end = page.count < page.most;
        most -= page.count;
        arena_release(&page.arena);
    }
    return ok;
}
