/* The durable queue: what is in it after whatever happened to it. */
#include "ingest/queue.h"

#include "core/clock.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct config_queue options;

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test-queue-XXXXXX");
    options = (struct config_queue){
        .retention_ms = 0, .retention_bytes = 0, .reserve_bytes = 0, .wal_bytes = 1 << 20};
    return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static struct queue *open_queue(void)
{
    struct error error = ERROR_INIT;
    struct queue *queue = queue_open(folder, &options, &error);

    assert_string_equal(error.text, "");
    assert_non_null(queue);
    return queue;
}

static struct queue_reader *open_reader(struct queue *queue)
{
    struct error error = ERROR_INIT;
    struct queue_reader *reader = queue_reader_open(queue, &error);

    assert_string_equal(error.text, "");
    assert_non_null(reader);
    return reader;
}

static struct arrival arrival_of(const char *subscription, const char *body)
{
    return (struct arrival){.received_us = 1000,
                            .events = 2,
                            .flags = ARRIVAL_QUARANTINED,
                            .subscription = (char *)(uintptr_t)subscription,
                            .source = (char *)(uintptr_t) "genesys",
                            .verdict = (char *)(uintptr_t) "api-key key-1",
                            .headers = (char *)(uintptr_t) "{}",
                            .body = (char *)(uintptr_t)body,
                            .body_bytes = strlen(body)};
}

/* Appends one; the position that it got, or 0 and *trouble. */
static int64_t try_append(struct queue *queue, const char *subscription, const char *body,
                          enum queue_trouble *trouble)
{
    struct error error = ERROR_INIT;
    struct arrival arrival = arrival_of(subscription, body), *one = &arrival;
    bool ok = queue_append(queue, &one, 1, trouble, &error);

    assert_int_equal(ok, *trouble == QUEUE_FINE);
    assert_int_equal(ok, error.code == ERROR_NONE);
    assert_int_equal(ok, arrival.position > 0);
    return arrival.position;
}

static int64_t append(struct queue *queue, const char *subscription, const char *body)
{
    enum queue_trouble trouble;
    int64_t position = try_append(queue, subscription, body, &trouble);

    assert_int_equal(trouble, QUEUE_FINE);
    return position;
}

static void append_many(struct queue *queue, int count, size_t body_bytes)
{
    char *body = malloc(body_bytes + 1);

    assert_non_null(body);
    memset(body, 'x', body_bytes);
    body[body_bytes] = '\0';
    for (int i = 0; i < count; i++)
        append(queue, i % 2 ? "odd" : "even", body);
    free(body);
}

struct reading {
    int64_t first, last, next;
    size_t count, unreadable;
};

static struct reading read_some(struct queue_reader *reader, int64_t from, const char *subscription,
                                size_t most, size_t bytes)
{
    struct error error = ERROR_INIT;
    struct arrival out[64];
    struct reading reading = {0};

    assert_true(most <= 64);
    assert_true(queue_read(reader, from, subscription, most, bytes, out, &reading.count,
                           &reading.next, &reading.unreadable, &error));
    for (size_t i = 0; i < reading.count; i++) {
        if (subscription)
            assert_string_equal(out[i].subscription, subscription);
        reading.first = i == 0 ? out[i].position : reading.first;
        reading.last = out[i].position;
        arrival_release(&out[i]);
    }
    return reading;
}

static size_t trim(struct queue *queue, int64_t before, size_t most)
{
    struct error error = ERROR_INIT;
    size_t removed;

    assert_true(queue_trim(queue, before, most, &removed, &error));
    return removed;
}

static struct queue_stat stat_of(struct queue *queue)
{
    struct queue_stat stat;

    queue_stat(queue, &stat);
    return stat;
}

/* -- appending and reading -------------------------------------------------------------------- */
static void test_round_trip(void **state)
{
    static const char body[] = "{\"a\":\"\0b\"}";
    struct error error = ERROR_INIT;
    struct queue *queue = open_queue();
    struct queue_reader *reader = open_reader(queue);
    struct arrival first = arrival_of("orders", ""), second = arrival_of("calls", "");
    struct arrival *both[] = {&first, &second}, out[4];
    enum queue_trouble trouble;
    size_t count, unreadable;
    int64_t next;

    (void)state;
    first.body = (char *)(uintptr_t)body;
    first.body_bytes = sizeof(body) - 1;
    second.headers = NULL;
    assert_true(stat_of(queue).first > stat_of(queue).last);
    assert_true(queue_append(queue, both, 2, &trouble, &error));
    assert_int_equal(first.position, 1);
    assert_int_equal(second.position, 2);
    assert_true(queue_read(reader, 0, NULL, 4, SIZE_MAX, out, &count, &next, &unreadable, &error));
    assert_int_equal(count, 2);
    assert_int_equal(next, 3);
    assert_int_equal(out[0].position, 1);
    assert_int_equal(out[0].received_us, 1000);
    assert_int_equal(out[0].events, 2);
    assert_int_equal(out[0].flags, ARRIVAL_QUARANTINED);
    assert_string_equal(out[0].subscription, "orders");
    assert_string_equal(out[0].source, "genesys");
    assert_string_equal(out[0].verdict, "api-key key-1");
    assert_string_equal(out[0].headers, "{}");
    assert_int_equal(out[0].body_bytes, sizeof(body) - 1);
    assert_memory_equal(out[0].body, body, sizeof(body));
    assert_null(out[1].headers);
    assert_int_equal(out[1].body_bytes, 0);
    assert_string_equal(out[1].body, "");
    arrival_release(&out[0]);
    arrival_release(&out[1]);
    assert_int_equal(stat_of(queue).first, 1);
    assert_int_equal(stat_of(queue).last, 2);
    queue_reader_close(reader);
    queue_close(queue);
}

static void test_mode(void **state)
{
    struct queue *queue = open_queue();
    struct stat status;

    (void)state;
    append(queue, "a", "b");
    assert_int_equal(stat(path_of("queue.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(path_of("queue.db-wal"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    queue_close(queue);
}

static void test_limits_of_a_read(void **state)
{
    struct queue *queue = open_queue();
    struct queue_reader *reader = open_reader(queue);
    struct reading reading;

    (void)state;
    append_many(queue, 10, 1000);
    reading = read_some(reader, 1, NULL, 3, SIZE_MAX);
    assert_int_equal(reading.count, 3);
    assert_int_equal(reading.next, 4);
    reading = read_some(reader, 4, NULL, 64, 2500); /* until the bytes are reached */
    assert_int_equal(reading.count, 3);
    assert_int_equal(reading.next, 7);
    reading = read_some(reader, 7, NULL, 64, 1);
    assert_int_equal(reading.count, 1);
    reading = read_some(reader, 11, NULL, 64, 1000);
    assert_int_equal(reading.count, 0);
    assert_int_equal(reading.next, 11);
    queue_reader_close(reader);
    queue_close(queue);
}

static void test_reading_one_subscription(void **state)
{
    struct queue *queue = open_queue();
    struct queue_reader *reader = open_reader(queue);
    struct reading reading;

    (void)state;
    append_many(queue, 10, 100);
    reading = read_some(reader, 1, "odd", 3, SIZE_MAX);
    assert_int_equal(reading.count, 3);
    assert_int_equal(reading.first, 2);
    assert_int_equal(reading.last, 6);
    assert_int_equal(reading.next, 7);
    reading = read_some(reader, 7, "odd", 64, SIZE_MAX);
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.next, 11); /* what comes later is found from there */
    append(queue, "odd", "late");
    reading = read_some(reader, 11, "odd", 64, SIZE_MAX);
    assert_int_equal(reading.first, 11);
    append_many(queue, 200, 10);
    reading = read_some(reader, 1, "nobody", 1, SIZE_MAX); /* 64 rows for each that is wanted */
    assert_int_equal(reading.count, 0);
    assert_int_equal(reading.next, 65);
    queue_reader_close(reader);
    queue_close(queue);
}

struct tally {
    size_t count, bytes;
    int64_t last;
};

static void add_to_tally(void *context, const struct arrival *arrival)
{
    struct tally *tally = context;

    assert_null(arrival->body);
    tally->count++;
    tally->bytes += arrival->body_bytes;
    tally->last = arrival->position;
}

static void test_scan(void **state)
{
    struct error error = ERROR_INIT;
    struct queue *queue = open_queue();
    struct queue_reader *reader = open_reader(queue);
    struct tally tally = {0};
    int64_t unreadable;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct arrival arrival = arrival_of("a", "123"), *many[64];
        enum queue_trouble trouble;
        for (int j = 0; j < 64; j++)
            many[j] = &arrival;
        assert_true(queue_append(queue, many, 64, &trouble, &error));
    }
    assert_true(queue_scan(reader, 11, add_to_tally, &tally, &unreadable, &error));
    assert_int_equal(tally.count, 6390);
    assert_int_equal(tally.bytes, 6390 * 3);
    assert_int_equal(tally.last, 6400);
    assert_int_equal(unreadable, 0);
    queue_reader_close(reader);
    queue_close(queue);
}

/* -- trimming and positions ------------------------------------------------------------------- */

static void test_trim_by_age(void **state)
{
    struct queue *queue = open_queue();
    struct queue_reader *reader = open_reader(queue);
    struct arrival young = arrival_of("a", "b"), *one = &young;
    struct error error = ERROR_INIT;
    enum queue_trouble trouble;

    (void)state;
    options.retention_ms = 3600 * 1000;
    queue_reader_close(reader);
    queue_close(queue);
    queue = open_queue();
    reader = open_reader(queue);
    append_many(queue, 10, 10);
    young.received_us = clock_unix_us();
    assert_true(queue_append(queue, &one, 1, &trouble, &error));
    append_many(queue, 2, 10);
    assert_int_equal(trim(queue, 4, 100), 3);
    assert_int_equal(stat_of(queue).first, 4);
    assert_int_equal(trim(queue, 100, 2), 2);
    assert_int_equal(trim(queue, 100, 100), 5); /* what is behind a young one stays */
    assert_int_equal(trim(queue, 100, 100), 0);
    assert_int_equal(read_some(reader, 1, NULL, 64, SIZE_MAX).first, 11);
    queue_reader_close(reader);
    queue_close(queue);
}

static void test_trim_by_size(void **state)
{
    struct queue *queue;
    size_t removed = 0, once;

    (void)state;
    options.retention_ms = INT64_MAX; /* nothing is too old */
    options.retention_bytes = 100000;
    queue = open_queue();
    append_many(queue, 100, 4000);
    while ((once = trim(queue, 1000, 10)) > 0)
        removed += once;
    assert_in_range(removed, 70, 85);
    queue_close(queue);
}

static void test_positions_are_never_given_twice(void **state)
{
    struct queue *queue = open_queue();

    (void)state;
    append_many(queue, 5, 10);
    assert_int_equal(trim(queue, 1000, 1000), 4); /* the last one keeps the place */
    queue_close(queue);
    queue = open_queue();
    assert_int_equal(stat_of(queue).first, 5);
    assert_int_equal(append(queue, "a", "b"), 6);
    assert_int_equal(trim(queue, 6, 1000), 1);
    queue_close(queue);
    queue = open_queue();
    assert_int_equal(append(queue, "a", "b"), 7);
    queue_close(queue);
}

/* -- what goes wrong -------------------------------------------------------------------------- */

static void run_sql(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void test_another_process_writes(void **state)
{
    struct queue *queue = open_queue();
    enum queue_trouble trouble;
    sqlite3 *other;

    (void)state;
    append(queue, "a", "b");
    assert_int_equal(sqlite3_open(path_of("queue.db"), &other), SQLITE_OK);
    run_sql(other, "BEGIN EXCLUSIVE");
    assert_int_equal(try_append(queue, "a", "c", &trouble), 0);
    assert_int_equal(trouble, QUEUE_BUSY);
    assert_int_equal(stat_of(queue).trouble, QUEUE_BUSY);
    run_sql(other, "ROLLBACK");
    assert_int_equal(append(queue, "a", "c"), 2);
    assert_int_equal(stat_of(queue).trouble, QUEUE_FINE);
    sqlite3_close(other);
    queue_close(queue);
}

static void assert_refused(enum error_code code, const char *part)
{
    struct error error = ERROR_INIT;

    assert_null(queue_open(folder, &options, &error));
    assert_int_equal(error.code, code);
    assert_non_null(strstr(error.text, part));
}

static void write_file(const char *name, const char *bytes, size_t length, off_t at)
{
    int fd = open(path_of(name), O_RDWR | O_CREAT, 0600);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, at), length);
    close(fd);
}

static void test_no_database(void **state)
{
    static const char text[] = "This is a letter to my aunt, and no database at all. It is long "
                               "enough for SQLite to look at its first page, which has a header.";
    (void)state;
    write_file("queue.db", text, sizeof(text), 0);
    assert_refused(ERROR_INVALID, "not a database");
}

static void test_other_database(void **state)
{
    sqlite3 *db;

    (void)state;
    assert_int_equal(sqlite3_open(path_of("queue.db"), &db), SQLITE_OK);
    run_sql(db, "CREATE TABLE a(b)");
    sqlite3_close(db);
    assert_refused(ERROR_INVALID, "no queue");
}

static void test_newer_version(void **state)
{
    struct queue *queue = open_queue();
    sqlite3 *db;

    (void)state;
    queue_close(queue);
    assert_int_equal(sqlite3_open(path_of("queue.db"), &db), SQLITE_OK);
    run_sql(db, "PRAGMA user_version=2");
    sqlite3_close(db);
    assert_refused(ERROR_INVALID, "newer");
}

static void test_no_folder(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    assert_null(queue_open("/nonexistent", &options, &error));
    assert_int_equal(error.code, ERROR_FAILED);
    assert_non_null(strstr(error.text, "/nonexistent/queue.db"));
}

static void test_reserve(void **state)
{
    enum queue_trouble trouble;
    struct queue *queue;

    (void)state;
    options.reserve_bytes = INT64_MAX / 2;
    queue = open_queue();
    assert_int_equal(try_append(queue, "a", "b", &trouble), 0);
    assert_int_equal(trouble, QUEUE_FULL);
    assert_int_equal(stat_of(queue).reserve_bytes, INT64_MAX / 2);
    assert_true(stat_of(queue).free_bytes < INT64_MAX / 2);
    queue_close(queue);
}

/* A file that a restart would not find takes nothing more. */
static void test_removed_file(void **state)
{
    enum queue_trouble trouble;
    struct queue *queue = open_queue();

    (void)state;
    assert_int_equal(unlink(path_of("queue.db")), 0);
    assert_int_equal(try_append(queue, "a", "b", &trouble), 0);
    assert_int_equal(trouble, QUEUE_IO);
    queue_close(queue);
}

enum { PAGE_BYTES = 8192, ROWS = 400, PAGE_ROWS = 40 /* at most, with bodies of 500 bytes */ };

static const char noise[PAGE_BYTES] = "noise";

/* What is there of the queue's page goes to `was` unless that is NULL. */
static void replace_page(int64_t page, const char *bytes, char *was)
{
    off_t at = (off_t)(page - 1) * PAGE_BYTES;
    int fd = open(path_of("queue.db"), O_RDWR | O_CLOEXEC);

    assert_true(fd >= 0);
    if (was)
        assert_int_equal(pread(fd, was, PAGE_BYTES, at), PAGE_BYTES);
    assert_int_equal(pwrite(fd, bytes, PAGE_BYTES, at), PAGE_BYTES);
    close(fd);
}

/* A queue of so many rows, opened again with that page spoiled, and a reader without patience. */
static struct queue *open_spoiled(int64_t page, char *was, struct queue_reader **reader)
{
    struct queue *queue = open_queue();

    append_many(queue, ROWS, 500);
    queue_close(queue);
    replace_page(page, noise, was);
    queue = open_queue();
    *reader = open_reader(queue);
    queue_reader_patience(*reader, 0);
    return queue;
}

/* Reads on however often that fails. *failed says how often. */
static struct reading read_on(struct queue_reader *reader, int64_t from, const char *subscription,
                              size_t *failed)
{
    struct arrival out[64];
    struct reading reading = {0};

    for (int i = 0; i < 100; i++) {
        struct error error = ERROR_INIT;
        bool ok = queue_read(reader, from, subscription, 64, SIZE_MAX, out, &reading.count,
                             &reading.next, &reading.unreadable, &error);
        for (size_t j = 0; j < reading.count; j++)
            arrival_release(&out[j]);
        if (ok)
            return reading;
        assert_true(error.code && strstr(error.text, "queue.db"));
        ++*failed;
    }
    fail_msg("it never goes on from %lld", (long long)from);
    return reading;
}

static void read_to_the_end(struct queue_reader *reader, const char *subscription, size_t *count,
                            size_t *unreadable)
{
    struct reading reading;
    size_t failed = 0;

    *count = *unreadable = 0;
    for (int64_t from = 1; from <= ROWS; from = reading.next) {
        reading = read_on(reader, from, subscription, &failed);
        assert_true(reading.next > from);
        assert_true(reading.count == 0 || reading.unreadable == 0);
        *count += reading.count;
        *unreadable += reading.unreadable;
    }
}

/* One leaf is noise: what is before and behind it is read, and appending goes on. */
static void test_unreadable_page(void **state)
{
    struct queue_reader *reader;
    struct queue *queue = open_spoiled(10, NULL, &reader);
    struct error error = ERROR_INIT;
    struct tally tally = {0};
    size_t count, unreadable, odd, passed;
    int64_t last;

    (void)state;
    read_to_the_end(reader, NULL, &count, &unreadable);
    assert_in_range(unreadable, 5, PAGE_ROWS);
    assert_int_equal(count + unreadable, ROWS);
    assert_true(queue_scan(reader, 1, add_to_tally, &tally, &last, &error));
    assert_int_equal(tally.count, count);
    assert_in_range(last, unreadable, ROWS);
    read_to_the_end(reader, "odd", &odd, &passed);
    assert_in_range(odd, (ROWS - unreadable) / 2 - 1, (ROWS - unreadable) / 2 + 1);
    assert_int_equal(append(queue, "a", "b"), ROWS + 1);
    assert_int_equal(read_some(reader, ROWS + 1, NULL, 64, SIZE_MAX).count, 1);
    queue_reader_close(reader);
    queue_close(queue);
}

/* Two leaves with a good one between: what is on that is not passed over with them. */
static void test_two_unreadable_pages(void **state)
{
    struct queue_reader *reader;
    struct queue *queue = open_spoiled(10, NULL, &reader);
    size_t count, unreadable, one;

    (void)state;
    read_to_the_end(reader, NULL, &count, &one);
    queue_reader_close(reader);
    replace_page(12, noise, NULL);
    reader = open_reader(queue);
    queue_reader_patience(reader, 0);
    read_to_the_end(reader, NULL, &count, &unreadable);
    assert_in_range(unreadable, 2 * one - 2, 2 * one + 2);
    assert_int_equal(count + unreadable, ROWS);
    queue_reader_close(reader);
    queue_close(queue);
}

/* SQLite calls a disk that cannot be read for a moment corrupt: nothing is given up meanwhile. */
static void test_unreadable_for_a_moment(void **state)
{
    char was[PAGE_BYTES];
    struct queue_reader *reader;
    struct queue *queue = open_spoiled(10, was, &reader);
    struct error error = ERROR_INIT;
    struct reading reading;
    struct arrival out[1];
    size_t count = 0, unreadable = 0;
    int64_t from = 1;

    (void)state;
    queue_reader_patience(reader, INT64_MAX / 2);
    while (queue_read(reader, from, NULL, 1, SIZE_MAX, out, &count, &reading.next, &unreadable,
                      &error)) {
        assert_int_equal(count, 1);
        arrival_release(&out[0]);
        from = reading.next;
    }
    for (int i = 0; i < 20; i++)
        assert_false(queue_read(reader, from, NULL, 1, SIZE_MAX, out, &count, &reading.next,
                                &unreadable, &error));
    assert_int_equal(unreadable, 0);
    replace_page(10, was, NULL);
    read_to_the_end(reader, NULL, &count, &unreadable);
    assert_int_equal(count, ROWS);
    assert_int_equal(unreadable, 0);
    queue_reader_close(reader);
    queue_close(queue);
}

/* No row can be read: it is the disk, however long that lasts. */
static void test_nothing_readable(void **state)
{
    char was[2][PAGE_BYTES];
    struct queue_reader *reader;
    struct queue *queue = open_spoiled(10, was[0], &reader);
    struct error error = ERROR_INIT;
    struct reading reading;
    struct arrival out[1];
    size_t count, unreadable;

    (void)state;
    replace_page(10, was[0], NULL);
    replace_page(2, noise, was[1]); /* the root of the table */
    for (int i = 0; i < 20; i++) {
        assert_false(queue_read(reader, 1, NULL, 1, SIZE_MAX, out, &count, &reading.next,
                                &unreadable, &error));
        assert_int_equal(unreadable, 0);
    }
    replace_page(2, was[1], NULL);
    read_to_the_end(reader, NULL, &count, &unreadable);
    assert_int_equal(count, ROWS);
    queue_reader_close(reader);
    queue_close(queue);
}

/* -- the log ---------------------------------------------------------------------------------- */

static void test_checkpoint_ends_the_log(void **state)
{
    struct error error = ERROR_INIT;
    struct queue *queue = open_queue();
    int64_t length;

    (void)state;
    append_many(queue, 300, 2000);
    length = stat_of(queue).wal_bytes;
    assert_true(queue_checkpoint(queue, true, &error));
    append_many(queue, 100, 2000); /* into the log's beginning */
    assert_int_equal(stat_of(queue).wal_bytes, length);
    assert_true(queue_checkpoint(queue, true, &error));
    assert_true(queue_checkpoint(queue, true, &error)); /* nothing to do */
    append_many(queue, 1, 10);
    assert_int_equal(stat_of(queue).wal_bytes, length);
    queue_close(queue);
    queue = open_queue();
    assert_int_equal(stat_of(queue).last, 401);
    queue_close(queue);
}

static void test_short_log_is_left(void **state)
{
    struct error error = ERROR_INIT;
    struct queue *queue = open_queue();
    int64_t length = stat_of(queue).wal_bytes;

    (void)state;
    append_many(queue, 10, 100);
    assert_true(queue_checkpoint(queue, false, &error));
    append_many(queue, 10, 100);
    assert_true(stat_of(queue).wal_bytes > length);
    append_many(queue, 1000, 1000); /* past 1 MiB */
    length = stat_of(queue).wal_bytes;
    assert_true(queue_checkpoint(queue, false, &error));
    append_many(queue, 10, 100);
    assert_true(stat_of(queue).wal_bytes < length); /* begun anew, and cut to what it should be */
    assert_int_equal(stat_of(queue).wal_bytes, options.wal_bytes * 4);
    queue_close(queue);
}

/* -- threads ---------------------------------------------------------------------------------- */

struct crowd {
    struct queue *queue;
    atomic_bool done;
};

static void *read_all(void *context)
{
    struct crowd *crowd = context;
    struct error error = ERROR_INIT;
    struct queue_reader *reader = queue_reader_open(crowd->queue, &error);
    int64_t next = 1, seen = 0;
    bool last = false;

    while (reader && !last) {
        struct arrival out[32];
        size_t count, unreadable;
        last = atomic_load(&crowd->done);
        do {
            if (!queue_read(reader, next, NULL, 32, SIZE_MAX, out, &count, &next, &unreadable,
                            &error))
                return NULL;
            for (size_t i = 0; i < count; i++) {
                seen += out[i].position == seen + 1;
                arrival_release(&out[i]);
            }
        } while (count > 0);
    }
    queue_reader_close(reader);
    return (void *)(intptr_t)seen;
}

static void *checkpoint_all_the_time(void *context)
{
    struct crowd *crowd = context;
    struct error error = ERROR_INIT;
    intptr_t bad = 0;

    while (!atomic_load(&crowd->done))
        bad += !queue_checkpoint(crowd->queue, true, &error);
    return (void *)bad;
}

static void test_crowd(void **state)
{
    struct crowd crowd = {.queue = open_queue()};
    pthread_t threads[3];
    void *result;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &crowd), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, checkpoint_all_the_time, &crowd), 0);
    append_many(crowd.queue, 1500, 3000);
    atomic_store(&crowd.done, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &result);
        assert_int_equal((intptr_t)result, 1500);
    }
    pthread_join(threads[2], &result);
    assert_int_equal((intptr_t)result, 0);
    queue_close(crowd.queue);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(queue_trouble_word(QUEUE_FULL), "full");
    assert_string_equal(queue_trouble_word(QUEUE_CORRUPT), "corrupt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_round_trip),
        UNIT(test_mode),
        UNIT(test_limits_of_a_read),
        UNIT(test_reading_one_subscription),
        UNIT(test_scan),
        UNIT(test_trim_by_age),
        UNIT(test_trim_by_size),
        UNIT(test_positions_are_never_given_twice),
        UNIT(test_another_process_writes),
        UNIT(test_no_database),
        UNIT(test_other_database),
        UNIT(test_newer_version),
        UNIT(test_no_folder),
        UNIT(test_reserve),
        UNIT(test_removed_file),
        UNIT(test_unreadable_page),
        UNIT(test_two_unreadable_pages),
        UNIT(test_unreadable_for_a_moment),
        UNIT(test_nothing_readable),
        UNIT(test_checkpoint_ends_the_log),
        UNIT(test_short_log_is_left),
        UNIT(test_crowd),
        UNIT(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
