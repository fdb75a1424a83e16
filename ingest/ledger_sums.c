/* How many dead letters there are by subscription and reason, kept beside the table. */
#include "ingest/ledger_store.h"

void sums_release(struct dead_sums *sums)
{
    for (size_t i = 0; i < sums->count; i++) {
        free(sums->items[i].subscription);
        free(sums->items[i].reason);
    }
    free(sums->items);
    *sums = (struct dead_sums){.stale = true};
}

static struct dead_sum *find(struct dead_sums *sums, const char *subscription, const char *reason)
{
    for (size_t i = 0; i < sums->count; i++)
        if (strcmp(sums->items[i].reason, reason) == 0 &&
            strcmp(sums->items[i].subscription, subscription) == 0)
            return &sums->items[i];
    return NULL;
}

static struct dead_sum *add_item(struct dead_sums *sums, const char *subscription,
                                 const char *reason)
{
    struct dead_sum *item;

    if (sums->count == sums->size) {
        size_t size = sums->size ? sums->size * 2 : 16;
        struct dead_sum *items = reallocarray(sums->items, size, sizeof(*items));
        if (!items)
            return NULL;
        sums->items = items;
        sums->size = size;
    }
    item = &sums->items[sums->count];
    *item = (struct dead_sum){.subscription = strdup(subscription), .reason = strdup(reason)};
    if (item->subscription && item->reason) {
        sums->count++;
        return item;
    }
    free(item->subscription);
    free(item->reason);
    return NULL;
}

static struct dead_sum *find_or_add(struct dead_sums *sums, const char *subscription,
                                    const char *reason)
{
    struct dead_sum *item = find(sums, subscription, reason);

    if (!item)
        item = add_item(sums, subscription, reason);
    if (!item)
        sums->stale = true;
    return item;
}

void sums_add(struct dead_sums *sums, const char *subscription, const char *reason, int64_t died_us,
              bool came_back, int64_t bytes)
{
    struct dead_sum *item = find_or_add(sums, subscription, reason);

    sums->bytes += bytes;
    if (!item)
        return;
    if (item->count == 0) {
        item->oldest_us = died_us;
        item->oldest_stale = false;
    } else if (died_us < item->oldest_us) {
        item->oldest_us = died_us;
    }
    item->count++;
    item->came_back += came_back;
}

void sums_remove(struct dead_sums *sums, const char *subscription, const char *reason,
                 int64_t died_us, bool came_back, int64_t bytes)
{
    struct dead_sum *item = find_or_add(sums, subscription, reason);

    sums->bytes -= bytes;
    if (!item)
        return;
    item->count--;
    item->came_back -= came_back;
    item->oldest_stale = item->oldest_stale || died_us <= item->oldest_us;
}

/* Pairs that have none any more stay, at zero. */
static void empty(struct dead_sums *sums)
{
    for (size_t i = 0; i < sums->count; i++) {
        struct dead_sum *item = &sums->items[i];
        item->count = item->came_back = item->oldest_us = 0;
        item->oldest_stale = false;
    }
    sums->bytes = 0;
    sums->stale = false;
}

bool ledger_count_sums(struct ledger *ledger, struct error *error)
{
    struct dead_sums *sums = &ledger->sums;
    sqlite3_stmt *rows = sqlite_prepare(
        ledger->db,
        "SELECT subscription,reason,count(*),sum(replays>0),min(died_us),sum(bytes) FROM dead"
        " GROUP BY subscription,reason",
        NULL, error);
    int code = SQLITE_ERROR;

    if (!rows)
        return false;
    empty(sums);
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *subscription = (const char *)sqlite3_column_text(rows, 0);
        const char *reason = (const char *)sqlite3_column_text(rows, 1);
        struct dead_sum *item =
            subscription && reason ? find_or_add(sums, subscription, reason) : NULL;
        if (!item) {
            sums->stale = true;
            break;
        }
        item->count = sqlite3_column_int64(rows, 2);
        item->came_back = sqlite3_column_int64(rows, 3);
        item->oldest_us = sqlite3_column_int64(rows, 4);
        sums->bytes += sqlite3_column_int64(rows, 5);
    }
    if (code == SQLITE_ROW)
        error_no_memory(error);
    else if (code != SQLITE_DONE)
        sums->stale = !ledger_failed(ledger, "counting dead letters", error);
    sqlite3_finalize(rows);
    return code == SQLITE_DONE;
}

/* -- telling them ----------------------------------------------------------------------------- */

static void find_oldest(struct ledger *ledger, struct dead_sum *item)
{
    sqlite3_stmt *row = ledger->statements[SQL_DEAD_OLDEST];

    sqlite_bind_text(row, 1, item->subscription);
    sqlite_bind_text(row, 2, item->reason);
    if (sqlite3_step(row) == SQLITE_ROW) {
        item->oldest_us = sqlite3_column_int64(row, 0);
        item->oldest_stale = false;
    }
    sqlite3_reset(row);
}

/* A copy of what is to be told, so that the caller's function runs without the lock. */
static struct dead_sum *copy_sums(struct ledger *ledger, struct arena *arena, size_t *count)
{
    struct dead_sums *sums = &ledger->sums;
    struct dead_sum *copy = arena_alloc(arena, (sums->count + 1) * sizeof(*copy));

    *count = 0;
    for (size_t i = 0; copy && i < sums->count; i++) {
        struct dead_sum *item = &sums->items[i];
        if (item->oldest_stale && ledger->db)
            find_oldest(ledger, item);
        copy[*count] = *item;
        copy[*count].subscription = arena_text(arena, item->subscription);
        copy[*count].reason = arena_text(arena, item->reason);
        if (copy[*count].subscription && copy[*count].reason)
            ++*count;
    }
    return copy;
}

void ledger_dead_sums(struct ledger *ledger,
                      void (*each)(void *context, const char *subscription, const char *reason,
                                   int64_t count, int64_t came_back, int64_t oldest_us),
                      void *context)
{
    struct arena arena;
    struct dead_sum *sums;
    size_t count;

    arena_init(&arena);
    pthread_mutex_lock(&ledger->lock);
    if (!ledger_settle(ledger, NULL))
        atomic_store(&ledger->failing, true);
    sums = copy_sums(ledger, &arena, &count);
    pthread_mutex_unlock(&ledger->lock);
    for (size_t i = 0; i < count; i++)
        each(context, sums[i].subscription, sums[i].reason, sums[i].count, sums[i].came_back,
             sums[i].count > 0 ? sums[i].oldest_us : 0);
    arena_release(&arena);
}
