/* What the dispatch reads at the start, page by page, each given without the lock. */
#include "ingest/ledger_store.h"

enum { PAGE_ROWS = 2048 };

/* A way through a table: how a row is copied, where the next page begins, to whom a row goes. */
struct walk {
    enum statement statement;
    size_t row_bytes;
    void (*bind)(sqlite3_stmt *rows, const void *last); /* the cursor; NULL: from the start */
    bool (*copy)(sqlite3_stmt *rows, void *row, struct arena *arena);
    void (*give)(const struct walk *walk, const void *row);
    int limit_at; /* the parameter that says how many */
    union {
        void (*position)(void *context, const char *subscription, int64_t position);
        void (*seen)(void *context, const uint8_t key[EVENT_KEY_BYTES], int64_t at_s);
        void (*parked)(void *context, const struct parked_event *event);
        void (*place)(void *context, struct event_place place);
        void (*shape)(void *context, const char *type, const char *hash, const char *fields,
                      const char *sample, size_t sample_bytes, int64_t first_seen_us);
    } each;
    void *context;
    int64_t since;
};

static bool read_rows(struct ledger *ledger, const struct walk *walk, const void *last, char *rows,
                      size_t *count, struct arena *arena, struct error *error)
{
    sqlite3_stmt *statement;
    int code = SQLITE_DONE;
    bool copied = true;

    *count = 0;
    if (!ledger_settle(ledger, error))
        return false;
    statement = ledger->statements[walk->statement];
    walk->bind(statement, last);
    sqlite3_bind_int64(statement, walk->limit_at, PAGE_ROWS);
    while (copied && *count < PAGE_ROWS && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        copied = walk->copy(statement, rows + *count * walk->row_bytes, arena);
        *count += copied;
    }
    if (!copied)
        error_no_memory(error);
    else if (code != SQLITE_ROW && code != SQLITE_DONE)
        copied = ledger_failed(ledger, "reading the ledger", error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return copied;
}

static bool walk_all(struct ledger *ledger, const struct walk *walk, struct error *error)
{
    struct arena pages[2]; /* the last row of the one before says where the next begins */
    const void *last = NULL;
    size_t count = PAGE_ROWS;
    bool ok = true;

    arena_init(&pages[0]);
    arena_init(&pages[1]);
    for (int turn = 0; ok && count == PAGE_ROWS; turn = 1 - turn) {
        char *rows;
        arena_release(&pages[turn]);
        rows = arena_alloc(&pages[turn], PAGE_ROWS * walk->row_bytes);
        if (!rows) {
            ok = error_no_memory(error);
            break;
        }
        pthread_mutex_lock(&ledger->lock);
        ok = read_rows(ledger, walk, last, rows, &count, &pages[turn], error);
        pthread_mutex_unlock(&ledger->lock);
        for (size_t i = 0; ok && i < count; i++)
            walk->give(walk, rows + i * walk->row_bytes);
        if (count > 0)
            last = rows + (count - 1) * walk->row_bytes;
    }
    arena_release(&pages[0]);
    arena_release(&pages[1]);
    return ok;
}

static const char *keep_text(struct arena *arena, sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return arena_text(arena, text ? text : "");
}

/* -- positions -------------------------------------------------------------------------------- */

struct position_row {
    const char *subscription;
    int64_t position;
};

static void bind_position(sqlite3_stmt *rows, const void *last)
{
    const struct position_row *row = last;

    if (row)
        sqlite_bind_text(rows, 1, row->subscription);
    else
        sqlite3_bind_int(rows, 1, 0); /* a number sorts before any text */
}

static bool copy_position(sqlite3_stmt *rows, void *out, struct arena *arena)
{
    struct position_row *row = out;

    row->subscription = keep_text(arena, rows, 0);
    row->position = sqlite3_column_int64(rows, 1);
    return row->subscription;
}

static void give_position(const struct walk *walk, const void *row)
{
    const struct position_row *position = row;

    walk->each.position(walk->context, position->subscription, position->position);
}

bool ledger_positions(struct ledger *ledger,
                      void (*each)(void *context, const char *subscription, int64_t position),
                      void *context, struct error *error)
{
    const struct walk walk = {.statement = SQL_READ_POSITIONS,
                              .row_bytes = sizeof(struct position_row),
                              .bind = bind_position,
                              .copy = copy_position,
                              .give = give_position,
                              .limit_at = 2,
                              .each.position = each,
                              .context = context};

    return walk_all(ledger, &walk, error);
}

/* -- keys ------------------------------------------------------------------------------------- */

struct seen_row {
    int64_t n, at_s;
    uint8_t key[EVENT_KEY_BYTES];
};

static void bind_seen(sqlite3_stmt *rows, const void *last)
{
    const struct seen_row *row = last;

    sqlite3_bind_int64(rows, 1, row ? row->n : INT64_MIN);
}

static bool copy_seen(sqlite3_stmt *rows, void *out, struct arena *arena)
{
    struct seen_row *row = out;

    (void)arena;
    row->n = sqlite3_column_int64(rows, 0);
    row->at_s = sqlite3_column_int64(rows, 2);
    if (sqlite3_column_bytes(rows, 1) == EVENT_KEY_BYTES)
        memcpy(row->key, sqlite3_column_blob(rows, 1), EVENT_KEY_BYTES);
    return true;
}

static void give_seen(const struct walk *walk, const void *row)
{
    const struct seen_row *seen = row;

    if (seen->at_s >= walk->since)
        walk->each.seen(walk->context, seen->key, seen->at_s);
}

bool ledger_seen(struct ledger *ledger, int64_t since_s,
                 void (*each)(void *context, const uint8_t key[EVENT_KEY_BYTES], int64_t at_s),
                 void *context, struct error *error)
{
    const struct walk walk = {.statement = SQL_READ_SEEN,
                              .row_bytes = sizeof(struct seen_row),
                              .bind = bind_seen,
                              .copy = copy_seen,
                              .give = give_seen,
                              .limit_at = 2,
                              .each.seen = each,
                              .context = context,
                              .since = since_s};

    return walk_all(ledger, &walk, error);
}

/* -- places ----------------------------------------------------------------------------------- */

static void bind_place(sqlite3_stmt *rows, const void *last)
{
    const struct event_place *place = last; /* the first member of a parked event, too */

    sqlite3_bind_int64(rows, 1, place ? place->position : INT64_MIN);
    sqlite3_bind_int64(rows, 2, place ? (int64_t)place->part : -1);
}

static bool copy_place(sqlite3_stmt *rows, void *out, struct arena *arena)
{
    struct event_place *place = out;

    (void)arena;
    place->position = sqlite3_column_int64(rows, 0);
    place->part = (uint32_t)sqlite3_column_int64(rows, 1);
    return true;
}

static void give_place(const struct walk *walk, const void *row)
{
    const struct event_place *place = row;

    if (place->position > walk->since)
        walk->each.place(walk->context, *place);
}

bool ledger_dead_places(struct ledger *ledger, int64_t after_position,
                        void (*each)(void *context, struct event_place place), void *context,
                        struct error *error)
{
    const struct walk walk = {.statement = SQL_READ_PLACES,
                              .row_bytes = sizeof(struct event_place),
                              .bind = bind_place,
                              .copy = copy_place,
                              .give = give_place,
                              .limit_at = 3,
                              .each.place = each,
                              .context = context,
                              .since = after_position};

    return walk_all(ledger, &walk, error);
}

static bool copy_parked(sqlite3_stmt *rows, void *out, struct arena *arena)
{
    struct parked_event *event = out;
    const char *subscription = (const char *)sqlite3_column_text(rows, 2);

    if (!copy_place(rows, &event->place, arena))
        return false;
    snprintf(event->subscription, sizeof(event->subscription), "%s",
             subscription ? subscription : "");
    event->attempts = sqlite3_column_int(rows, 3);
    event->due_us = sqlite3_column_int64(rows, 4);
    event->first_failed_us = sqlite3_column_int64(rows, 5);
    event->dead_id = sqlite3_column_int64(rows, 6);
    return true;
}

static void give_parked(const struct walk *walk, const void *row)
{
    walk->each.parked(walk->context, row);
}

bool ledger_all_parked(struct ledger *ledger,
                       void (*each)(void *context, const struct parked_event *event), void *context,
                       struct error *error)
{
    const struct walk walk = {.statement = SQL_READ_PARKED,
                              .row_bytes = sizeof(struct parked_event),
                              .bind = bind_place,
                              .copy = copy_parked,
                              .give = give_parked,
                              .limit_at = 3,
                              .each.parked = each,
                              .context = context};

    return walk_all(ledger, &walk, error);
}

/* -- shapes ----------------------------------------------------------------------------------- */

struct shape_row {
    const char *type, *hash, *fields, *sample;
    size_t sample_bytes;
    int64_t first_us;
};

static void bind_shape(sqlite3_stmt *rows, const void *last)
{
    const struct shape_row *row = last;

    if (row) {
        sqlite_bind_text(rows, 1, row->type);
        sqlite_bind_text(rows, 2, row->hash);
    } else {
        sqlite3_bind_int(rows, 1, 0);
        sqlite3_bind_int(rows, 2, 0);
    }
}

static bool copy_shape(sqlite3_stmt *rows, void *out, struct arena *arena)
{
    struct shape_row *row = out;
    const char *sample = sqlite3_column_blob(rows, 3);

    row->sample_bytes = (size_t)sqlite3_column_bytes(rows, 3);
    row->type = keep_text(arena, rows, 0);
    row->hash = keep_text(arena, rows, 1);
    row->fields = keep_text(arena, rows, 2);
    row->sample = arena_copy(arena, sample ? sample : "", row->sample_bytes);
    row->first_us = sqlite3_column_int64(rows, 4);
    return row->type && row->hash && row->fields && row->sample;
}

static void give_shape(const struct walk *walk, const void *row)
{
    const struct shape_row *shape = row;

    walk->each.shape(walk->context, shape->type, shape->hash, shape->fields, shape->sample,
                     shape->sample_bytes, shape->first_us);
}

bool ledger_shapes(struct ledger *ledger,
                   void (*each)(void *context, const char *type, const char *hash,
                                const char *fields, const char *sample, size_t sample_bytes,
                                int64_t first_seen_us),
                   void *context, struct error *error)
{
    const struct walk walk = {.statement = SQL_READ_SHAPES,
                              .row_bytes = sizeof(struct shape_row),
                              .bind = bind_shape,
                              .copy = copy_shape,
                              .give = give_shape,
                              .limit_at = 3,
                              .each.shape = each,
                              .context = context};

    return walk_all(ledger, &walk, error);
}
