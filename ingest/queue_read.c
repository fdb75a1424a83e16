/* Reading the queue. Each call is one read transaction (or a few): one that stayed open would keep
 * the log from ending.
 *
 * Where a row cannot be read, the call goes on row by row: rows that can be are taken, and a run of
 * those that cannot is passed over by doubling steps, then halving back to its end.
 */
#include "ingest/queue.h"

#include "ingest/queue_store.h"

enum {
    SKIP_FACTOR = 64, /* rows of others that are looked at, for each that is wanted */
    SCAN_ROWS = 4096, /* of one read transaction */
    IO_PATIENCE = 5,  /* a row whose reading fails so often at a time is given up */
};

enum column { POSITION, RECEIVED, EVENTS, FLAGS, SUBSCRIPTION, SOURCE, VERDICT, HEADERS, BODY };

#define COLUMNS "SELECT position,received_us,events,flags,subscription,source,verdict,headers,"
#define RANGE   " FROM arrivals WHERE position BETWEEN ?1 AND ?2 "

struct queue_reader {
    struct queue *queue;
    sqlite3 *db;
    sqlite3_stmt *any, *of_one, *bare; /* whole rows; of a subscription; without bodies */
    int64_t failed_at;                 /* where reading failed last, … */
    int failures;                      /* … and how often in a row */
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

static bool is_readable(struct pass *pass, int64_t position)
{
    int code;

    sqlite3_bind_int64(pass->rows, 1, position);
    sqlite3_bind_int64(pass->rows, 2, position);
    code = sqlite3_step(pass->rows);
    sqlite3_reset(pass->rows);
    return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* pass->at is unreadable: moves it to the end of the run that is. */
static void pass_over(struct pass *pass)
{
    int64_t from = pass->at, good = pass->to + 1, bad = from;

    for (int64_t step = 1; step <= pass->to - from; step *= 2) {
        if (is_readable(pass, from + step)) {
            good = from + step;
            break;
        }
        bad = from + step;
    }
    while (good - bad > 1) {
        int64_t middle = bad + (good - bad) / 2;
        if (is_readable(pass, middle))
            good = middle;
        else
            bad = middle;
    }
    pass->unreadable += (size_t)(good - from);
    pass->at = good;
}

static bool is_unreadable(int code)
{
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_IOERR;
}

/* A corrupt row stays so. A failing disk may recover: it has a few tries. */
static bool is_given_up(struct queue_reader *reader, int code, int64_t at)
{
    if ((code & 0xFF) == SQLITE_CORRUPT)
        return true;
    reader->failures = reader->failed_at == at ? reader->failures + 1 : 1;
    reader->failed_at = at;
    return reader->failures >= IO_PATIENCE;
}

/* Reads until enough was taken or the range is at its end. */
static bool run_pass(struct queue_reader *reader, struct pass *pass, struct error *error)
{
    while (!pass->full && pass->at <= pass->to) {
        int code = read_span(pass, pass->row_by_row ? pass->at : pass->to);
        sqlite3_reset(pass->rows);
        if (code == SQLITE_DONE)
            continue;
        if (pass->no_memory)
            return error_no_memory(error);
        if (!is_unreadable(code))
            return sqlite_failed(reader->db, "reading the queue", NULL, error);
        if (!pass->row_by_row)
            pass->row_by_row = true;
        else if (is_given_up(reader, code, pass->at))
            pass_over(pass);
        else if (!pass->each) /* the caller tries again; a scan has nobody to do so */
            return sqlite_failed(reader->db, "reading the queue", NULL, error);
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
                struct error *error)
{
    int64_t first = atomic_load(&reader->queue->first);
    struct pass pass = {.rows = reader->bare,
                        .at = from < first ? first : from,
                        .to = atomic_load(&reader->queue->last),
                        .each = each,
                        .context = context};

    while (pass.at <= pass.to) {
        pass.full = false;
        if (!run_pass(reader, &pass, error))
            return false;
    }
    return true;
}
