/* Reading the queue. Each call is one read transaction (or a few): one that stayed open would keep
 * the log from ending.
 *
 * Where a row cannot be read, the call goes on row by row and takes those that can be. SQLite says
 * "corrupt" of a disk that is ill for a moment, too: so a row is given up only after a while of
 * failing, and only if others can be read from the same disk meanwhile; until then the call fails.
 */
#include "ingest/queue.h"

#include "core/clock.h"
#include "ingest/queue_store.h"

#include <unistd.h>

enum {
    SKIP_FACTOR = 64,    /* rows of others that are looked at, for each that is wanted */
    SCAN_ROWS = 4096,    /* of one read transaction */
    PATIENCE_TRIES = 5,  /* a row is given up no earlier than after so many failures, … */
    PATIENCE_MS = 10000, /* … the first of them so long ago */
    FAILING_MOST = 64,   /* rows that are being waited for; further ones are once there is room */
    STALE_MS = 60000,    /* … and one that nobody reads any more is forgotten */
    RUN_MOST = 1000,     /* rows on either side of one that are looked at for the run's ends */
    SCAN_PAUSE_MS = 100, /* a scan has no caller that tries again later */
};

/* A row that could not be read when it was tried last. */
struct failing {
    int64_t position, since_ms, last_ms;
    int tries; /* 0: the place is free */
};

enum column { POSITION, RECEIVED, EVENTS, FLAGS, SUBSCRIPTION, SOURCE, VERDICT, HEADERS, BODY };

#define COLUMNS "SELECT position,received_us,events,flags,subscription,source,verdict,headers,"
#define RANGE   " FROM arrivals WHERE position BETWEEN ?1 AND ?2 "

struct queue_reader {
    struct queue *queue;
    sqlite3 *db;
    sqlite3_stmt *any, *of_one, *bare; /* whole rows; of a subscription; without bodies */
    int64_t patience_ms;
    struct failing failing[FAILING_MOST];
    int64_t given_up_from, given_up_to; /* the last run that was: its rows need no more patience */
};

void queue_reader_close(struct queue_reader *reader)
{
    if (!reader)
        return;
    sqlite3_finalize(reader->any);
    sqlite3_finalize(reader->of_one);
    sqlite3_finalize(reader->bare);
    sqlite_close(reader->db);
    free(reader);
}

struct queue_reader *queue_reader_open(struct queue *queue, struct error *error)
{
    static const char setup[] = "PRAGMA query_only=ON; PRAGMA cell_size_check=ON";
    struct queue_reader *reader = calloc(1, sizeof(*reader));

    if (!reader) {
        error_no_memory(error);
        return NULL;
    }
    reader->queue = queue;
    reader->patience_ms = PATIENCE_MS;
    reader->db = sqlite_open(&queue_kind, queue->path, setup, NULL, error);
    if (reader->db &&
        (reader->any =
             sqlite_prepare(reader->db, COLUMNS "body" RANGE "ORDER BY position", NULL, error)) &&
        (reader->of_one = sqlite_prepare(
             reader->db, COLUMNS "body" RANGE "AND subscription=?3 ORDER BY position", NULL,
             error)) &&
        (reader->bare = sqlite_prepare(reader->db, COLUMNS "length(body)" RANGE "ORDER BY position",
                                       NULL, error)))
        return reader;
    queue_reader_close(reader);
    return NULL;
}

void queue_reader_patience(struct queue_reader *reader, int64_t patience_ms)
{
    reader->patience_ms = patience_ms;
}

/* -- one pass over a range -------------------------------------------------------------------- */

struct pass {
    sqlite3_stmt *rows;
    int64_t at, to; /* what is still to be read */
    size_t unreadable;
    bool row_by_row;
    bool no_memory;
    bool full; /* enough was taken */
    /* queue_read */
    struct arrival *out;
    size_t count, most, bytes, bytes_most;
    /* queue_scan */
    void (*each)(void *context, const struct arrival *arrival);
    void *context;
    size_t told;
};

static const char *column_text(sqlite3_stmt *row, enum column column)
{
    return (const char *)sqlite3_column_text(row, (int)column);
}

static void fill_numbers(struct arrival *arrival, sqlite3_stmt *row)
{
    arrival->position = sqlite3_column_int64(row, POSITION);
    arrival->received_us = sqlite3_column_int64(row, RECEIVED);
    arrival->events = (uint32_t)sqlite3_column_int64(row, EVENTS);
    arrival->flags = (uint32_t)sqlite3_column_int64(row, FLAGS);
}

static bool copy_text(char **out, sqlite3_stmt *row, enum column column)
{
    const char *text = column_text(row, column);

    *out = text ? strdup(text) : NULL;
    return *out || sqlite3_column_type(row, (int)column) == SQLITE_NULL;
}

static bool copy_body(struct arrival *arrival, sqlite3_stmt *row)
{
    const void *body = sqlite3_column_blob(row, BODY);
    size_t bytes = (size_t)sqlite3_column_bytes(row, BODY);

    if (!body && sqlite3_errcode(sqlite3_db_handle(row)) == SQLITE_NOMEM)
        return false;
    arrival->body = malloc(bytes + 1);
    if (!arrival->body)
        return false;
    if (bytes > 0)
        memcpy(arrival->body, body, bytes);
    arrival->body[bytes] = '\0';
    arrival->body_bytes = bytes;
    return true;
}

static void take_copy(struct pass *pass)
{
    struct arrival arrival = {.position = 0};

    fill_numbers(&arrival, pass->rows);
    if (!copy_text(&arrival.subscription, pass->rows, SUBSCRIPTION) ||
        !copy_text(&arrival.source, pass->rows, SOURCE) ||
        !copy_text(&arrival.verdict, pass->rows, VERDICT) ||
        !copy_text(&arrival.headers, pass->rows, HEADERS) || !copy_body(&arrival, pass->rows)) {
        arrival_release(&arrival);
        pass->no_memory = true;
        return;
    }
    pass->out[pass->count++] = arrival;
    pass->bytes += arrival_bytes(&arrival);
    pass->full = pass->count == pass->most || pass->bytes >= pass->bytes_most;
}

static void take_view(struct pass *pass)
{
    struct arrival arrival = {.position = 0};

    fill_numbers(&arrival, pass->rows);
    arrival.subscription = (char *)(uintptr_t)column_text(pass->rows, SUBSCRIPTION);
    arrival.source = (char *)(uintptr_t)column_text(pass->rows, SOURCE);
    arrival.verdict = (char *)(uintptr_t)column_text(pass->rows, VERDICT);
    arrival.headers = (char *)(uintptr_t)column_text(pass->rows, HEADERS);
    arrival.body_bytes = (size_t)sqlite3_column_int64(pass->rows, BODY);
    pass->each(pass->context, &arrival);
    pass->full = ++pass->told % SCAN_ROWS == 0;
}

/* Reads rows from pass->at up to and with `end`, and moves pass->at behind what was read. The
 * result code that stopped it: SQLITE_DONE also when enough was taken. */
static int read_span(struct pass *pass, int64_t end)
{
    int code = SQLITE_DONE;

    sqlite3_bind_int64(pass->rows, 1, pass->at);
    sqlite3_bind_int64(pass->rows, 2, end);
    while (!pass->full && (code = sqlite3_step(pass->rows)) == SQLITE_ROW) {
        int64_t position = sqlite3_column_int64(pass->rows, POSITION);
        if (pass->each)
            take_view(pass);
        else
            take_copy(pass);
        if (pass->no_memory) {
            code = SQLITE_NOMEM;
            break;
        }
        pass->at = position + 1;
    }
    if (code == SQLITE_ROW)
        code = SQLITE_DONE;
    if (code == SQLITE_DONE && !pass->full)
        pass->at = end + 1;
    return code;
}

/* -- rows that cannot be read ----------------------------------------------------------------- */

static bool is_unreadable(int code)
{
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_IOERR;
}

/* From the disk, if its page is not in memory. Also true of a position that no row has. */
static bool is_readable(struct pass *pass, int64_t position)
{
    int code;

    sqlite3_bind_int64(pass->rows, 1, position);
    sqlite3_bind_int64(pass->rows, 2, position);
    code = sqlite3_step(pass->rows);
    sqlite3_reset(pass->rows);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* The row's place among the failing ones, taken for it if need be. NULL: there is none now. */
static struct failing *find_failing(struct queue_reader *reader, int64_t position, int64_t now_ms)
{
    struct failing *place = NULL;

    for (size_t i = 0; i < FAILING_MOST; i++) {
        struct failing *failing = &reader->failing[i];

        if (now_ms - failing->last_ms > STALE_MS)
            failing->tries = 0;
        if (failing->tries && failing->position == position)
            return failing;
        if (!failing->tries && !place)
            place = failing;
    }
    if (place)
        *place = (struct failing){.position = position, .since_ms = now_ms, .last_ms = now_ms};
    return place;
}

static void forget_failing(struct queue_reader *reader, int64_t from, int64_t to)
{
    for (size_t i = 0; i < FAILING_MOST; i++)
        if (reader->failing[i].position >= from && reader->failing[i].position < to)
            reader->failing[i].tries = 0;
}

static bool has_been_given_up(const struct queue_reader *reader, int64_t position)
{
    return position >= reader->given_up_from && position < reader->given_up_to;
}

/* A scan has waited once when it gives up its first run. */
static bool is_patience_over(struct queue_reader *reader, const struct pass *pass)
{
    int64_t patience_ms = pass->each && pass->unreadable ? 0 : reader->patience_ms;
    int64_t now_ms = clock_monotonic_ms();
    struct failing *failing = find_failing(reader, pass->at, now_ms);

    if (has_been_given_up(reader, pass->at))
        return true;
    if (!failing)
        return false;
    failing->last_ms = now_ms;
    failing->tries++;
    return failing->tries >= PATIENCE_TRIES && now_ms - failing->since_ms >= patience_ms;
}

/* Gives up the run of unreadable rows around pass->at, and moves behind it. False: it is not the
 * row but the disk, as no other row can be read either; or the row is well again. */
static bool give_up(struct queue_reader *reader, struct pass *pass)
{
    int64_t first = atomic_load(&reader->queue->first), last = atomic_load(&reader->queue->last);
    int64_t from = pass->at, to = pass->at + 1;

    if (is_readable(pass, pass->at))
        return false;
    while (from > first && pass->at - from < RUN_MOST && !is_readable(pass, from - 1))
        from--;
    while (to <= pass->to && to - pass->at < RUN_MOST && !is_readable(pass, to))
        to++;
    if (!(from > first && is_readable(pass, from - 1)) &&
        !(to <= pass->to && is_readable(pass, to)) && !is_readable(pass, first) &&
        !is_readable(pass, last))
        return false;
    reader->given_up_from = from;
    reader->given_up_to = to;
    forget_failing(reader, from, to);
    pass->unreadable += (size_t)(to - pass->at);
    pass->at = to;
    pass->full = true;
    return true;
}

/* True: the pass goes on. What was taken is given out before a run that follows it is given up. */
static bool meet_unreadable(struct queue_reader *reader, struct pass *pass)
{
    bool by_row = pass->row_by_row;

    sqlite3_db_release_memory(reader->db); /* a page in memory says nothing of the disk */
    pass->row_by_row = true;
    return !by_row || (pass->count == 0 && is_patience_over(reader, pass) && give_up(reader, pass));
}

/* Reads until enough was taken, the range is at its end, or a run was given up. */
static bool run_pass(struct queue_reader *reader, struct pass *pass, struct error *error)
{
    while (!pass->full && pass->at <= pass->to) {
        int64_t from = pass->at;
        int code = read_span(pass, pass->row_by_row ? pass->at : pass->to);
        sqlite3_reset(pass->rows);
        forget_failing(reader, from, pass->at);
        if (code == SQLITE_DONE)
            continue;
        if (pass->no_memory)
            return error_no_memory(error);
        /* Told before others are looked at: the connection remembers its last error alone. */
        sqlite_failed(reader->db, "reading the queue", NULL, error);
        if (!is_unreadable(code) || !meet_unreadable(reader, pass))
            return error_wrap(error, "%s", reader->queue->path);
        if (error)
            *error = ERROR_INIT;
    }
    return true;
}

/* -- the two ways to read --------------------------------------------------------------------- */

static int64_t range_end(int64_t from, int64_t last, size_t most)
{
    int64_t rows = most > INT32_MAX ? INT32_MAX : (int64_t)most * SKIP_FACTOR;

    return last - from < rows ? last : from + rows - 1;
}

bool queue_read(struct queue_reader *reader, int64_t from, const char *subscription, size_t most,
                size_t bytes, struct arrival *out, size_t *count, int64_t *next, size_t *unreadable,
                struct error *error)
{
    /* Both before the transaction begins: it sees at least what they speak of. */
    int64_t last = atomic_load(&reader->queue->last);
    int64_t first = atomic_load(&reader->queue->first);
    struct pass pass = {.rows = subscription ? reader->of_one : reader->any,
                        .at = from < first ? first : from,
                        .out = out,
                        .most = most,
                        .bytes_most = bytes};
    bool ok;

    *count = *unreadable = 0;
    *next = from;
    if (pass.at > last || most == 0)
        return true;
    pass.to = subscription ? range_end(pass.at, last, most) : last;
    if (subscription)
        sqlite_bind_text(pass.rows, 3, subscription);
    ok = run_pass(reader, &pass, error) || pass.count > 0;
    sqlite3_clear_bindings(pass.rows);
    if (ok && error && pass.count > 0)
        *error = ERROR_INIT;
    *count = pass.count;
    *unreadable = pass.unreadable;
    *next = pass.at;
    return ok;
}

bool queue_scan(struct queue_reader *reader, int64_t from,
                void (*each)(void *context, const struct arrival *arrival), void *context,
                int64_t *last_unreadable, struct error *error)
{
    int64_t first = atomic_load(&reader->queue->first), begun_ms = clock_monotonic_ms(), at = 0;
    struct pass pass = {.rows = reader->bare,
                        .at = from < first ? first : from,
                        .to = atomic_load(&reader->queue->last),
                        .each = each,
                        .context = context};

    *last_unreadable = 0;
    while (pass.at <= pass.to) {
        size_t unreadable = pass.unreadable;
        pass.full = false;
        if (pass.at != at)
            begun_ms = clock_monotonic_ms();
        at = pass.at;
        if (run_pass(reader, &pass, error)) {
            if (pass.unreadable > unreadable)
                *last_unreadable = pass.at - 1;
            continue;
        }
        if (!pass.row_by_row || clock_monotonic_ms() - begun_ms > 2 * reader->patience_ms + 1000)
            return false;
        usleep(SCAN_PAUSE_MS * 1000);
        if (error)
            *error = ERROR_INIT;
    }
    return true;
}
