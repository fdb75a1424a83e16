#include "tests/unit/test_ingest_ledger_fixture.h"

#include <fcntl.h>
#include <unistd.h>

/* -- what the dispatch writes ----------------------------------------------------------------- */

static void test_positions(void **state)
{
    (void)state;
    ledger_advance(ledger, "orders", 5);
    ledger_advance(ledger, "calls", 7);
    ledger_advance(ledger, "orders", 9);
    assert_string_equal(positions(), "calls=7 orders=9 ");
    open_again();
    assert_string_equal(positions(), "calls=7 orders=9 ");
}

static void test_delivered(void **state)
{
    struct parked_event event = {.place = {3, 1}, .subscription = "orders", .attempts = 1};

    (void)state;
    ledger_parked(ledger, &event);
    ledger_delivered(ledger, (struct event_place){2, 0}, key_of(1), 100, 0);
    ledger_delivered(ledger, (struct event_place){3, 1}, key_of(2), 101, 0);
    assert_string_equal(seen(0), "1@100 2@101 ");
    assert_string_equal(seen(101), "2@101 ");
    assert_string_equal(parked(), "");
    open_again();
    assert_string_equal(seen(0), "1@100 2@101 ");
}

/* Those that are older than the window, counted from the newest, are let go of. */
static void test_old_keys_go(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    ledger_delivered(ledger, (struct event_place){1, 0}, key_of(1), 1000, 0);
    ledger_delivered(ledger, (struct event_place){2, 0}, key_of(2), 1001, 0);
    ledger_delivered(ledger, (struct event_place){3, 0}, key_of(3), 4601, 0);
    assert_true(ledger_flush(ledger, false, &error));
    open_again(); /* its thread lets go before anything else, or with its first commit */
    for (uint8_t n = 4; strcmp(seen(0), "") != 0 && strstr(seen(0), "1@1000"); n++) {
        ledger_delivered(ledger, (struct event_place){n, 0}, key_of(9), 4601, 0);
        open_again();
    }
    assert_null(strstr(seen(0), "1@1000 "));
    assert_non_null(strstr(seen(0), "2@1001 3@4601 "));
}

static void test_parked(void **state)
{
    struct parked_event event = {.place = {3, 1},
                                 .subscription = "orders",
                                 .attempts = 1,
                                 .due_us = 2000,
                                 .first_failed_us = 1000,
                                 .dead_id = 0};

    (void)state;
    ledger_parked(ledger, &event);
    event.attempts = 2;
    event.due_us = 3000;
    ledger_parked(ledger, &event);
    event.place = (struct event_place){2, 7};
    event.dead_id = 12;
    ledger_parked(ledger, &event);
    event.place = (struct event_place){2, 8};
    ledger_parked(ledger, &event);
    ledger_dropped(ledger, event.place, 0);
    open_again();
    assert_string_equal(parked(), "2.7 orders 2 3000 1000 12\n3.1 orders 2 3000 1000 0\n");
}

static void test_many_pages(void **state)
{
    struct error error = ERROR_INIT;
    int64_t count = 0, bytes = 0;
    const char *text;

    (void)state;
    options.dead_letter_bytes = 1 << 30;
    open_again();
    for (int i = 0; i < 5000; i++)
        bury(i, "orders", "timeout", i);
    assert_true(ledger_dead_count(ledger, &everything, &count, &bytes, &error));
    assert_int_equal(count, 5000);
    text = places(4997);
    assert_string_equal(text, "4998.0 4999.0 ");
}

/* -- dead letters ----------------------------------------------------------------------------- */

static void test_bury(void **state)
{
    struct parked_event event = {.place = {3, 0}, .subscription = "orders", .attempts = 3};

    (void)state;
    ledger_parked(ledger, &event);
    bury(3, "orders", "timeout", 10);
    bury(4, "orders", "http-500", 11);
    assert_string_equal(parked(), "");
    assert_string_equal(letters(&everything, 10, true),
                        "1:orders:timeout:waiting:0:4:body 2:orders:http-500:waiting:0:4:body ");
    assert_string_equal(letters(&everything, 1, false), "1:orders:timeout:waiting:0:4 ");
    assert_string_equal(places(3), "4.0 ");
    open_again();
    assert_string_equal(letters(&everything, 10, false),
                        "1:orders:timeout:waiting:0:4 2:orders:http-500:waiting:0:4 ");
}

static void test_filters(void **state)
{
    static const int64_t ids[] = {2, 4, 99};
    const struct {
        struct dead_filter filter;
        const char *ids;
    } cases[] = {
        {{DEAD_FILTER_ANY}, "1 2 3 4 "},
        {{DEAD_FILTER_ANY, .subscription = "orders"}, "1 2 "},
        {{DEAD_FILTER_ANY, .reason = "timeout"}, "1 3 4 "},
        {{DEAD_FILTER_ANY, .reason = "timeout", .subscription = "calls"}, "3 4 "},
        {{DEAD_FILTER_ANY, .type = "call", .interaction = "i-1"}, "1 2 3 4 "},
        {{DEAD_FILTER_ANY, .type = "chat"}, ""},
        {{DEAD_FILTER_ANY, .interaction = "i-2"}, ""},
        {{.state = DEAD_WAITING, .came_back = -1, DEAD_FILTER_ANY_TIME}, "2 3 4 "},
        {{.state = DEAD_REPLAYING, .came_back = -1, DEAD_FILTER_ANY_TIME}, "1 "},
        {{.state = -1, .came_back = 1, DEAD_FILTER_ANY_TIME}, ""},
        {{.state = -1, .came_back = 0, DEAD_FILTER_ANY_TIME}, "1 2 3 4 "},
        {{.state = -1, .came_back = -1, .until_us = -1, .since_us = 12}, "3 4 "},
        {{.state = -1, .came_back = -1, .since_us = -1, .until_us = 12}, "1 2 "},
        {{.state = -1, .came_back = -1, .since_us = -1, .until_us = 0}, ""},
        {{.state = -1, .came_back = -1, .since_us = 0, .until_us = -1}, "1 2 3 4 "},
        {{DEAD_FILTER_ANY, .after_id = 2}, "3 4 "},
        {{DEAD_FILTER_ANY, .ids = ids, .id_count = 3}, "2 4 "},
    };
    const struct dead_filter first = {DEAD_FILTER_ANY, .ids = (int64_t[]){1}, .id_count = 1};

    (void)state;
    bury(1, "orders", "timeout", 10);
    bury(2, "orders", "http-500", 11);
    bury(3, "calls", "timeout", 12);
    bury(4, "calls", "timeout", 13);
    assert_int_equal(replay(&first, 0, 100), 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_INIT;
        char found[64] = "";
        const char *at = letters(&cases[i].filter, 10, false);
        int64_t count, bytes, told_count = 0;
        for (; *at; at = strchr(at, ' ') + 1, told_count++)
            snprintf(found + strlen(found), sizeof(found) - strlen(found), "%d ", atoi(at));
        assert_string_equal(found, cases[i].ids);
        assert_true(ledger_dead_count(ledger, &cases[i].filter, &count, &bytes, &error));
        assert_int_equal(count, told_count);
        assert_int_equal(bytes > 0, count > 0);
    }
}

static void test_quota(void **state)
{
    struct dead_letter letter = letter_of(1, "orders", "timeout", 10);
    struct error error = ERROR_INIT;
    int64_t one, count;

    (void)state;
    assert_true(ledger_bury(ledger, &letter));
    one = ledger_dead_bytes(ledger);
    assert_true(one > 4);
    options.dead_letter_bytes = one * 2;
    open_again();
    assert_int_equal(ledger_dead_bytes(ledger), one);
    assert_true(ledger_bury(ledger, &letter));
    assert_false(ledger_bury(ledger, &letter));
    letter.id = 1; /* one that comes back finds its place */
    assert_true(ledger_bury(ledger, &letter));
    letter.id = 0;
    assert_false(ledger_bury(ledger, &letter));
    assert_true(ledger_dead_discard(ledger, &everything, &count, &error));
    assert_int_equal(count, 2);
    assert_int_equal(ledger_dead_bytes(ledger), 0);
    assert_true(ledger_bury(ledger, &letter));
}

static void test_replay(void **state)
{
    struct dead_letter letter = letter_of(1, "orders", "http-500", 50);

    (void)state;
    bury(1, "orders", "timeout", 10);
    bury(2, "orders", "timeout", 11);
    assert_string_equal(due(INT64_MAX, 10), "");
    assert_int_equal(replay(&everything, 0, 100), 2);
    assert_int_equal(replay(&everything, 0, 100), 0); /* they are at it */
    assert_string_equal(due(99, 10), "");
    assert_string_equal(due(100, 1), "1:orders:timeout:replaying:0:4:body ");
    assert_string_equal(due(100, 10), "2:orders:timeout:replaying:0:4:body ");
    assert_string_equal(due(100, 10), ""); /* once a run */
    open_again();
    assert_string_equal(due(100, 10), "1:orders:timeout:replaying:0:4:body "
                                      "2:orders:timeout:replaying:0:4:body ");
    letter.id = 1;
    assert_true(ledger_bury(ledger, &letter));
    ledger_delivered(ledger, (struct event_place){2, 0}, key_of(2), 60, 2);
    assert_string_equal(letters(&everything, 10, true), "1:orders:http-500:waiting:1:4:body ");
    assert_int_equal(replay(&everything, 0, 200), 1);
    assert_string_equal(due(200, 10), "1:orders:http-500:replaying:1:4:body ");
}

static void test_rate(void **state)
{
    (void)state;
    for (int i = 1; i <= 4; i++)
        bury(i, "orders", "timeout", i);
    assert_int_equal(replay(&everything, 2, 1000000), 4);
    assert_string_equal(due(1000000, 10), "1:orders:timeout:replaying:0:4:body ");
    assert_string_equal(due(1499999, 10), "");
    assert_string_equal(due(1500000, 10), "2:orders:timeout:replaying:0:4:body ");
    assert_string_equal(due(9000000, 10), "3:orders:timeout:replaying:0:4:body "
                                          "4:orders:timeout:replaying:0:4:body ");
}

/* What is too far off for a number is a century off, not now. */
static void test_least_rate(void **state)
{
    (void)state;
    for (int i = 1; i <= 2; i++)
        bury(i, "orders", "timeout", i);
    assert_int_equal(replay(&everything, 1e-300, 1000000), 2);
    assert_string_equal(due(1000000, 10), "1:orders:timeout:replaying:0:4:body ");
    assert_string_equal(due(INT64_C(1000000) * 86400 * 365 * 99, 10), "");
}

static bool wants_calls(void *context, const char *subscription)
{
    (void)context;
    return strcmp(subscription, "calls") == 0;
}

/* Whose turn it is not keeps its letters there, and nobody else's; what is recalled is given out
 * again. */
static void test_wanted(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    bury(1, "orders", "timeout", 10);
    bury(2, "calls", "timeout", 11);
    bury(3, "orders", "timeout", 12);
    assert_int_equal(replay(&everything, 0, 100), 3);
    buf_init(&told, 4096);
    assert_true(ledger_dead_due(ledger, 100, 1, wants_calls, tell_letter, &told, &error));
    assert_string_equal(told_text(), "2:calls:timeout:replaying:0:4:body ");
    assert_string_equal(due(100, 10), "1:orders:timeout:replaying:0:4:body "
                                      "3:orders:timeout:replaying:0:4:body ");
    assert_string_equal(due(100, 10), "");
    ledger_recalled(ledger, 3);
    assert_true(ledger_flush(ledger, false, &error));
    assert_string_equal(due(100, 10), "3:orders:timeout:replaying:0:4:body ");
}

static void test_abort(void **state)
{
    struct error error = ERROR_INIT;
    int64_t count;

    (void)state;
    bury(1, "orders", "timeout", 10);
    bury(2, "orders", "timeout", 11);
    assert_int_equal(replay(&everything, 1, 0), 2);
    assert_string_equal(due(0, 10), "1:orders:timeout:replaying:0:4:body ");
    assert_true(ledger_dead_abort(ledger, &everything, &count, &error));
    assert_int_equal(count, 1); /* the other has begun */
    assert_string_equal(due(INT64_MAX, 10), "");
    assert_string_equal(letters(&everything, 10, false),
                        "1:orders:timeout:replaying:0:4 2:orders:timeout:waiting:0:4 ");
}

/* Those that are given out stay; what is discarded does not come again from the queue. */
static void test_discard(void **state)
{
    const struct dead_filter first = {DEAD_FILTER_ANY, .ids = (int64_t[]){1}, .id_count = 1};
    struct error error = ERROR_INIT;
    int64_t count;

    (void)state;
    bury(11, "orders", "timeout", 10);
    bury(12, "orders", "timeout", 11);
    bury(13, "orders", "timeout", 11);
    ledger_advance(ledger, "orders", 12);
    assert_int_equal(replay(&first, 0, 100), 1);
    assert_string_equal(due(100, 10), "1:orders:timeout:replaying:0:4:body ");
    assert_int_equal(replay(&everything, 1, 100), 2);
    assert_true(ledger_dead_discard(ledger, &everything, &count, &error));
    assert_int_equal(count, 2);
    assert_string_equal(letters(&everything, 10, false), "1:orders:timeout:replaying:0:4 ");
    assert_string_equal(places(0), "11.0 13.0 ");
}

/* A letter that comes back and has gone meanwhile is there again. */
static void test_back_after_discard(void **state)
{
    struct dead_letter letter = letter_of(1, "orders", "http-500", 50);

    (void)state;
    letter.id = 7;
    assert_true(ledger_bury(ledger, &letter));
    assert_string_equal(letters(&everything, 10, true), "7:orders:http-500:waiting:1:4:body ");
}

static void test_retention(void **state)
{
    (void)state;
    bury(1, "orders", "timeout", 10);
    options.dead_letter_retention_ms = 1000;
    open_again();
    ledger_close(ledger); /* its thread has looked at them before it ends */
    options.dead_letter_retention_ms = 0;
    open_ledger();
    assert_string_equal(letters(&everything, 10, false), "");
    assert_int_equal(ledger_dead_bytes(ledger), 0);
}

/* -- sums, against the table ------------------------------------------------------------------ */

static uint64_t seed;

static int roll(int below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)(seed % (uint64_t)below);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order. */
static void sort_lines(char *text)
{
    char copy[4096], *lines[64], *at = copy, *end;
    size_t count = 0;

    snprintf(copy, sizeof(copy), "%s", text);
    for (; (end = strchr(at, '\n')); at = end + 1) {
        *end = '\0';
        lines[count++] = at;
    }
    qsort(lines, count, sizeof(lines[0]), compare_lines);
    *text = '\0';
    for (size_t i = 0, used = 0; i < count; i++)
        used += (size_t)snprintf(text + used, 4096 - used, "%s\n", lines[i]);
}

static void read_table(char *text, size_t size, int64_t *bytes)
{
    char path[128];
    sqlite3_stmt *rows;
    sqlite3 *db;
    size_t used = 0;

    snprintf(path, sizeof(path), "%s/ledger.db", folder);
    *text = '\0';
    *bytes = 0;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT subscription||' '||reason||' '||count(*)||' '||"
                                        "sum(replays>0)||' '||min(died_us), sum(bytes) FROM dead"
                                        " GROUP BY subscription,reason",
                                        -1, &rows, NULL),
                     SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        used += (size_t)snprintf(text + used, size - used, "%s\n", sqlite3_column_text(rows, 0));
        *bytes += sqlite3_column_int64(rows, 1);
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
}

static void check_sums(void)
{
    char table[4096], sums[4096];
    int64_t bytes;

    buf_init(&told, 4096);
    ledger_dead_sums(ledger, tell_sum, &told);
    snprintf(sums, sizeof(sums), "%s", told_text());
    read_table(table, sizeof(table), &bytes);
    sort_lines(sums);
    sort_lines(table);
    assert_string_equal(sums, table);
    assert_int_equal(ledger_dead_bytes(ledger), bytes);
}

static void do_anything(int64_t now_us)
{
    static const char *const subscriptions[] = {"orders", "calls", "chats"};
    static const char *const reasons[] = {"timeout", "http-500", "not-json"};
    struct dead_letter letter =
        letter_of(roll(1000), subscriptions[roll(3)], reasons[roll(3)], roll(100));
    struct dead_filter filter = {.state = -1,
                                 .came_back = roll(3) - 1,
                                 DEAD_FILTER_ANY_TIME,
                                 .subscription = subscriptions[roll(3)],
                                 .reason = roll(2) ? reasons[roll(3)] : NULL};
    struct error error = ERROR_INIT;
    int64_t count;

    switch (roll(8)) {
    case 0:
        replay(&filter, 0, now_us);
        break;
    case 1:
        if (roll(4) == 0)
            assert_true(ledger_dead_discard(ledger, &filter, &count, &error));
        break;
    case 2:
        assert_true(ledger_dead_abort(ledger, &filter, &count, &error));
        break;
    case 3:
        letter.id = 1 + roll(60);
        assert_true(ledger_bury(ledger, &letter));
        break;
    case 4:
        ledger_delivered(ledger, letter.place, key_of(1), 1, 1 + roll(60));
        break;
    default:
        assert_true(ledger_bury(ledger, &letter));
    }
}

static void test_sums(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 5; run++) {
        seed = run * 0x9E3779B97F4A7C15u;
        for (int step = 0; step < 200; step++) {
            do_anything(step);
            if (roll(5) == 0)
                check_sums();
            if (roll(60) == 0)
                open_again();
        }
        check_sums();
    }
}

/* -- shapes, actions, documents --------------------------------------------------------------- */

static void tell_shape(void *context, const char *type, const char *hash, const char *fields,
                       const char *sample, size_t sample_bytes, int64_t first_seen_us)
{
    buf_printf(context, "%s %s %s %.*s %lld\n", type, hash, fields, (int)sample_bytes, sample,
               (long long)first_seen_us);
}

static void test_shapes(void **state)
{
    struct error error = ERROR_INIT;

    (void)state;
    ledger_shape(ledger, "call", "ab", "id:string", "{1}", 3, 100);
    ledger_shape(ledger, "call", "ab", "id:string", "{2}", 3, 200); /* the first one stays */
    ledger_shape(ledger, "call", "cd", "id:number", "{3}", 3, 300);
    open_again();
    buf_init(&told, 4096);
    assert_true(ledger_shapes(ledger, tell_shape, &told, &error));
    assert_string_equal(told_text(), "call ab id:string {1} 100\ncall cd id:number {3} 300\n");
}

static void test_actions(void **state)
{
    struct error error = ERROR_INIT;
    json_t *actions;
    char *text;

    (void)state;
    assert_true(ledger_action(ledger, 1, "ann", "pause", "orders", "deploy", "ok", &error));
    assert_true(ledger_action(ledger, 2, "bob", "resume", "orders", NULL, "ok", &error));
    open_again();
    actions = ledger_actions(ledger, 1, &error);
    text = json_canonical(actions);
    assert_string_equal(text, "[{\"at_us\":2,\"result\":\"ok\",\"target\":\"orders\","
                              "\"what\":\"resume\",\"who\":\"bob\"}]");
    free(text);
    json_decref(actions);
    actions = ledger_actions(ledger, 10, &error);
    assert_int_equal(json_array_size(actions), 2);
    json_decref(actions);
}

static void test_kept(void **state)
{
    struct error error = ERROR_INIT;
    char *document;

    (void)state;
    assert_null(ledger_kept(ledger, "paused", &error));
    assert_int_equal(error.code, ERROR_NONE);
    assert_true(ledger_keep(ledger, "paused", "[1]", &error));
    assert_true(ledger_keep(ledger, "paused", "[2]", &error));
    open_again();
    document = ledger_kept(ledger, "paused", &error);
    assert_string_equal(document, "[2]");
    free(document);
}

/* -- when it cannot be written ---------------------------------------------------------------- */

static sqlite3 *hold(void)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/ledger.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 60000); /* the ledger's own thread may be writing just now */
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void test_backlog(void **state)
{
    struct error error = ERROR_INIT;
    sqlite3 *other;

    (void)state;
    assert_true(ledger_flush(ledger, true, &error));
    other = hold();
    ledger_advance(ledger, "orders", 1);
    bury(2, "orders", "timeout", 10);
    assert_false(ledger_flush(ledger, false, &error));
    assert_int_equal(error.code, ERROR_FAILED);
    assert_int_equal(ledger_backlog(ledger), 2);
    ledger_advance(ledger, "orders", 2);
    assert_int_equal(ledger_backlog(ledger), 3);
    sqlite3_close(other);
    error = ERROR_INIT;
    assert_true(ledger_flush(ledger, false, &error));
    assert_int_equal(ledger_backlog(ledger), 0);
    assert_string_equal(positions(), "orders=2 ");
    check_sums();
}

static void test_not_ours(void **state)
{
    struct error error = ERROR_INIT;
    char command[256];
    sqlite3 *db;

    (void)state;
    ledger_close(ledger);
    ledger = NULL;
    snprintf(command, sizeof(command), "rm %s/ledger.db*", folder);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "%s/ledger.db", folder);
    assert_int_equal(sqlite3_open(command, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE diary(day TEXT)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_null(ledger_open(folder, &options, &error));
    assert_int_equal(error.code, ERROR_INVALID);
}

/* What is no database any more is set aside as it is, and a fresh one begun. */
static void test_broken(void **state)
{
    char command[256];

    (void)state;
    ledger_advance(ledger, "a", 7);
    ledger_close(ledger);
    snprintf(command, sizeof(command), "echo 'this is no database' > %s/ledger.db", folder);
    assert_int_equal(system(command), 0);
    open_ledger();
    assert_string_equal(positions(), "");
    snprintf(command, sizeof(command), "grep -q 'no database' %s/ledger.db.broken-*Z", folder);
    assert_int_equal(system(command), 0);
}

static void spoil_table(const char *table)
{
    char path[128], sql[128], noise[4096];
    sqlite3 *db;
    sqlite3_stmt *row;
    int64_t page;
    int fd;

    snprintf(path, sizeof(path), "%s/ledger.db", folder);
    snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_master WHERE name='%s'", table);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    page = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    memset(noise, 0xA5, sizeof(noise));
    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, noise, sizeof(noise), (page - 1) * 4096), sizeof(noise));
    close(fd);
}

/* A position is kept only with all that it speaks of: else what it passed is done again. */
static void test_rescued(void **state)
{
    static const struct {
        const char *spoiled, *positions, *letters;
    } cases[] = {{"seen", "a=7 ", "1:a:timeout:waiting:0:4 "},
                 {"shapes", "a=7 ", "1:a:timeout:waiting:0:4 "},
                 {"parked", "", "1:a:timeout:waiting:0:4 "},
                 {"dead", "", ""},
                 {"positions", "", "1:a:timeout:waiting:0:4 "}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        teardown(NULL);
        setup(NULL);
        bury(3, "a", "timeout", 1);
        ledger_advance(ledger, "a", 7);
        ledger_close(ledger);
        spoil_table(cases[i].spoiled);
        open_ledger();
        assert_string_equal(positions(), cases[i].positions);
        assert_string_equal(letters(&everything, 10, false), cases[i].letters);
    }
}

/* -- threads ---------------------------------------------------------------------------------- */

static atomic_bool finished;

static void *write_all(void *context)
{
    int64_t lane = (int64_t)(intptr_t)context;
    char name[16];

    snprintf(name, sizeof(name), "lane-%d", (int)lane);
    for (int64_t i = 1; i <= 3000; i++) {
        struct event_place place = {i, (uint32_t)lane};
        struct parked_event event = {.place = place, .attempts = 1};
        snprintf(event.subscription, sizeof(event.subscription), "%s", name);
        ledger_parked(ledger, &event);
        if (i % 100 == 0)
            bury(i, name, "timeout", i);
        ledger_delivered(ledger, place, key_of((uint8_t)i), i, 0);
        ledger_advance(ledger, name, i);
    }
    return NULL;
}

static void count_sum(void *context, const char *subscription, const char *reason, int64_t count,
                      int64_t came_back, int64_t oldest_us)
{
    (void)subscription;
    (void)reason;
    (void)came_back;
    (void)oldest_us;
    *(int64_t *)context += count;
}

static void *look_all_the_time(void *context)
{
    struct error error = ERROR_INIT;
    int64_t count, bytes;

    while (!atomic_load(&finished)) {
        *(int64_t *)context = 0;
        ledger_dead_sums(ledger, count_sum, context);
        if (!ledger_dead_count(ledger, &everything, &count, &bytes, &error) ||
            ledger_bytes(ledger) == 0)
            return context;
    }
    return NULL;
}

static void test_crowd(void **state)
{
    pthread_t writers[3], looker;
    int64_t count = 0;
    void *bad;

    (void)state;
    atomic_store(&finished, false);
    assert_int_equal(pthread_create(&looker, NULL, look_all_the_time, &count), 0);
    for (intptr_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_all, (void *)i), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(writers[i], NULL);
    atomic_store(&finished, true);
    pthread_join(looker, &bad);
    assert_null(bad);
    assert_string_equal(positions(), "lane-0=3000 lane-1=3000 lane-2=3000 ");
    assert_string_equal(parked(), "");
    check_sums();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_positions), UNIT(test_delivered),  UNIT(test_old_keys_go),
        UNIT(test_parked),    UNIT(test_many_pages), UNIT(test_bury),
        UNIT(test_filters),   UNIT(test_quota),      UNIT(test_replay),
        UNIT(test_rate),      UNIT(test_least_rate), UNIT(test_wanted),
        UNIT(test_abort),     UNIT(test_discard),    UNIT(test_back_after_discard),
        UNIT(test_retention), UNIT(test_sums),       UNIT(test_shapes),
        UNIT(test_actions),   UNIT(test_kept),       UNIT(test_backlog),
        UNIT(test_not_ours),  UNIT(test_broken),     UNIT(test_rescued),
        UNIT(test_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
