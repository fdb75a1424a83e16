/* The NDJSON sink: whole lines or nothing, whatever happens to the file. */
#include "ingest/sink.h"

#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "ingest/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[64], path[128], text[8 * 1024 * 1024];

static char subscription[] = "sub-1", type[] = "Interaction.Created", interaction[] = "c-1";
static struct shared_arrival request = {.arrival = {.subscription = subscription}};

static int setup(void **state)
{
    (void)state;
    log_begin(LOG_LEVEL_ERROR, false);
    signal(SIGXFSZ, SIG_IGN);
    snprintf(folder, sizeof(folder), "/tmp/test-sink-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/out.ndjson", folder);
    return 0;
}

/* The names in the folder that begin like `start`; the last of them in `name`. */
static size_t count_files(const char *start, char *name)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, start, strlen(start)) == 0) {
            count++;
            if (name)
                snprintf(name, 384, "%s/%s", folder, entry->d_name);
        }
    if (dir)
        closedir(dir);
    return count;
}

static int teardown(void **state)
{
    char name[384];

    (void)state;
    while (count_files("", name) > 0)
        if (unlink(name) != 0)
            break;
    return rmdir(folder);
}

static struct delivery event(const char *bytes)
{
    return (struct delivery){
        .request = &request,
        .place = {.position = 7, .part = 1},
        .event = bytes,
        .event_bytes = strlen(bytes),
        .type = type,
        .interaction = interaction,
        .received_us = 1769851800000123,
        .key = {0xab, 1},
    };
}

static struct config_sink settings(void)
{
    return (struct config_sink){.name = "file", .type = SINK_NDJSON, .path = path, .sync = true};
}

static struct sink *open_sink(const struct config_sink *config)
{
    struct error error = ERROR_INIT;
    struct sink *sink = sink_open(config, &error);

    if (!sink)
        fail_msg("%s", error.text);
    return sink;
}

static struct outcome deliver(struct sink *sink, const char *bytes)
{
    struct delivery delivery = event(bytes), *one = &delivery;
    struct outcome outcome;

    memset(&outcome, 0xff, sizeof(outcome));
    sink_deliver(sink, 0, &one, 1, &outcome);
    return outcome;
}

static void must_deliver(struct sink *sink, const char *bytes)
{
    struct outcome outcome = deliver(sink, bytes);

    if (outcome.result != OUTCOME_DELIVERED)
        fail_msg("%s: %s", outcome.reason, outcome.detail);
}

static void write_file(const char *name, const char *bytes, size_t length)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    close(fd);
}

static const char *read_file(const char *name)
{
    FILE *file = fopen(name, "r");
    size_t length;

    if (!file)
        return NULL;
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

/* Every line is JSON; returns how many there are. */
static size_t count_lines(const char *name)
{
    const char *at = read_file(name), *end;
    size_t count = 0;

    assert_non_null(at);
    for (; (end = strchr(at, '\n')); at = end + 1, count++) {
        json_t *line = json_read(at, (size_t)(end - at), 0, NULL);
        assert_non_null(line);
        json_decref(line);
    }
    assert_string_equal(at, "");
    return count;
}

#define LINE(more, bytes)                                                                          \
    "{\"received\":\"2026-01-31T09:30:00.000123Z\",\"subscription\":\"sub-1\","                    \
    "\"type\":\"Interaction.Created\",\"interaction\":\"c-1\","                                    \
    "\"key\":\"ab010000000000000000000000000000\",\"position\":\"7.1\"" more ",\"event\":" bytes   \
    "}\n"

/* -- lines ----------------------------------------------------------------------------------- */

static void test_line(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    struct stat status;

    (void)state;
    must_deliver(sink, "{\"id\":\"c-1\"}");
    assert_string_equal(read_file(path), LINE("", "{\"id\":\"c-1\"}"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0137, 0);
    must_deliver(sink, "{\r\n  \"a\": [1,\n\t2]\n}\n");
    assert_string_equal(read_file(path),
                        LINE("", "{\"id\":\"c-1\"}") LINE("", "{    \"a\": [1, \t2] } "));
    sink_close(sink);
}

static void test_marks(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    struct delivery delivery = event("5"), *one = &delivery;
    struct outcome outcome;

    (void)state;
    delivery.dead_id = 9;
    delivery.replays = 2;
    delivery.quarantined = true;
    sink_deliver(sink, 0, &one, 1, &outcome);
    assert_int_equal(outcome.result, OUTCOME_DELIVERED);
    assert_string_equal(read_file(path), LINE(",\"replayed\":3,\"quarantined\":true", "5"));
    sink_close(sink);
}

static void test_hostile_texts(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    struct delivery delivery = event("{}"), *one = &delivery;
    char hostile[] = "a\"b\\\n\x01", cut[] = "caf\xc3";
    struct outcome outcome;
    json_t *line;

    (void)state;
    delivery.type = hostile;
    delivery.interaction = cut;
    sink_deliver(sink, 0, &one, 1, &outcome);
    assert_int_equal(count_lines(path), 1);
    line = json_read_text(read_file(path));
    assert_string_equal(json_text(line, "type"), hostile);
    assert_string_equal(json_text(line, "interaction"), "caf");
    json_decref(line);
    sink_close(sink);
}

static void test_batch(void **state)
{
    static struct delivery deliveries[256], *list[256];
    static struct outcome outcomes[256];
    static char large[100 * 1024];
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);

    (void)state;
    memset(large, ' ', sizeof(large));
    large[0] = '1';
    large[sizeof(large) - 1] = '\0';
    for (size_t i = 0; i < 256; i++) {
        deliveries[i] = event(i % 4 ? "{}" : large); /* more than one write can hold */
        deliveries[i].place.part = (uint32_t)i;
        list[i] = &deliveries[i];
    }
    assert_int_equal(sink_batch_most(sink), 256);
    sink_deliver(sink, 0, list, 256, outcomes);
    for (size_t i = 0; i < 256; i++)
        assert_int_equal(outcomes[i].result, OUTCOME_DELIVERED);
    assert_int_equal(count_lines(path), 256);
    assert_non_null(strstr(text, "\"7.255\""));
    sink_close(sink);
}

static void test_stop(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);

    (void)state;
    must_deliver(sink, "1");
    sink_stop(sink);
    assert_int_equal(deliver(sink, "2").result, OUTCOME_STOPPED);
    assert_int_equal(count_lines(path), 1);
    sink_close(sink);
}

/* -- a file that is there already ------------------------------------------------------------ */

#define CUT_OFF "{\"received\":\"2026-01"

static void test_crash(void **state)
{
    static const struct {
        const char *before;
        size_t length;
        size_t lines; /* that stay */
    } cases[] = {
        {"", 0, 0},
        {"{\"a\":1}\n", 8, 1},
        {"{\"a\":1}\n" CUT_OFF, 8 + sizeof(CUT_OFF) - 1, 1},
        {"{\"a\":1}\n{", 9, 1},
        {"{\"a\":1}\n\0\0\0\0\0", 13, 1}, /* its bytes never reached the disk */
        {CUT_OFF, sizeof(CUT_OFF) - 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct config_sink config = settings();
        struct sink *sink;
        write_file(path, cases[i].before, cases[i].length);
        sink = open_sink(&config);
        must_deliver(sink, "{}");
        assert_int_equal(count_lines(path), cases[i].lines + 1);
        sink_close(sink);
    }
}

static void test_long_cut_off_line(void **state)
{
    const struct config_sink config = settings();
    static char bytes[300 * 1024];
    struct sink *sink;

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes, "{\"a\":1}\n{\"received\":\"", 21);
    write_file(path, bytes, sizeof(bytes));
    sink = open_sink(&config);
    must_deliver(sink, "{}");
    assert_int_equal(count_lines(path), 2);
    sink_close(sink);
}

/* Some other file, by mistake: not a byte of it is touched. */
static void test_other_file(void **state)
{
    struct config_sink config = settings();
    struct error error = ERROR_INIT;

    (void)state;
    write_file(path, "precious\nthings", 15);
    assert_null(sink_open(&config, &error));
    assert_non_null(strstr(error.text, "none of ingestd's"));
    assert_string_equal(read_file(path), "precious\nthings");
    config.path = "/dev/full";
    error = ERROR_INIT;
    assert_null(sink_open(&config, &error));
    assert_string_equal(error.text, "sink file: /dev/full: not a regular file");
    config.path = "/nowhere/out";
    error = ERROR_INIT;
    assert_null(sink_open(&config, &error));
    assert_string_equal(error.text, "sink file: /nowhere/out: No such file or directory");
}

static void test_two_writers(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    struct error error = ERROR_INIT;

    (void)state;
    assert_null(sink_open(&config, &error));
    assert_non_null(strstr(error.text, "another sink or process writes to it"));
    sink_close(sink);
    sink_close(open_sink(&config));
}

/* -- a file that changes under us ------------------------------------------------------------ */

static void test_moved(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    char moved[160];

    (void)state;
    snprintf(moved, sizeof(moved), "%s.1", path);
    must_deliver(sink, "1");
    assert_int_equal(rename(path, moved), 0);
    must_deliver(sink, "2");
    assert_int_equal(count_lines(moved), 1);
    assert_string_equal(read_file(path), LINE("", "2"));
    unlink(path); /* deleted */
    must_deliver(sink, "3");
    assert_string_equal(read_file(path), LINE("", "3"));
    unlink(path); /* another one in its place */
    write_file(path, "{}\n", 3);
    must_deliver(sink, "4");
    assert_string_equal(read_file(path), "{}\n" LINE("", "4"));
    assert_int_equal(truncate(path, 0), 0); /* emptied */
    must_deliver(sink, "5");
    assert_string_equal(read_file(path), LINE("", "5"));
    sink_close(sink);
}

static void test_folder_gone(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    struct outcome outcome;

    (void)state;
    must_deliver(sink, "1");
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    outcome = deliver(sink, "2");
    assert_int_equal(outcome.result, OUTCOME_FAILED);
    assert_string_equal(outcome.reason, "file");
    assert_non_null(strstr(outcome.detail, "No such file or directory"));
    assert_int_equal(mkdir(folder, 0700), 0);
    must_deliver(sink, "3");
    assert_string_equal(read_file(path), LINE("", "3"));
    sink_close(sink);
}

/* -- a disk that is full --------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_full(void **state)
{
    const struct config_sink config = settings();
    struct sink *sink = open_sink(&config);
    struct delivery deliveries[50], *list[50];
    struct outcome outcomes[50];
    struct rlimit before;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        deliveries[i] = event("{\"a\":[1,2,3]}");
        list[i] = &deliveries[i];
    }
    must_deliver(sink, "1");
    getrlimit(RLIMIT_FSIZE, &before);
    limit_files(4096);
    sink_deliver(sink, 0, list, 50, outcomes);
    limit_files(before.rlim_cur);
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(outcomes[i].result, OUTCOME_FAILED);
        assert_string_equal(outcomes[i].reason, "file");
        assert_non_null(strstr(outcomes[i].detail, "File too large"));
    }
    assert_string_equal(read_file(path), LINE("", "1")); /* no half batch, no half line */
    sink_deliver(sink, 0, list, 50, outcomes);
    assert_int_equal(outcomes[49].result, OUTCOME_DELIVERED);
    assert_int_equal(count_lines(path), 51);
    sink_close(sink);
}

/* -- rotation -------------------------------------------------------------------------------- */

static void test_rotate_by_size(void **state)
{
    struct config_sink config = settings();
    char rotated[384];
    struct sink *sink;
    const char *name;

    (void)state;
    config.rotate_bytes = 2 * (int64_t)strlen(LINE("", "1"));
    sink = open_sink(&config);
    must_deliver(sink, "1");
    must_deliver(sink, "2");
    assert_int_equal(count_files("", NULL), 1);
    must_deliver(sink, "3");
    assert_int_equal(count_files("", NULL), 2);
    assert_string_equal(read_file(path), LINE("", "3"));
    assert_int_equal(count_files("out.ndjson.2", rotated), 1);
    assert_string_equal(read_file(rotated), LINE("", "1") LINE("", "2"));
    name = strrchr(rotated, '.') + 1; /* 20260131T093000Z */
    assert_int_equal(strlen(name), 16);
    assert_true(name[8] == 'T' && name[15] == 'Z');
    sink_close(sink);
}

/* Of all files that begin like that. */
static bool some_file_holds(const char *start, const char *bytes)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char name[384];
    bool found = false;

    while (dir && (entry = readdir(dir))) {
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        if (strncmp(entry->d_name, start, strlen(start)) == 0)
            found |= strcmp(read_file(name), bytes) == 0;
    }
    closedir(dir);
    return found;
}

/* Many in one second have names of their own; only the newest stay. */
static void test_keep(void **state)
{
    struct config_sink config = settings();
    char strange[192], old[192], bytes[16];
    struct sink *sink;

    (void)state;
    config.rotate_bytes = 1;
    config.keep = 3;
    sink = open_sink(&config);
    snprintf(strange, sizeof(strange), "%s.20200101T000000Z.gz", path);
    snprintf(old, sizeof(old), "%s.20200101T000000Z-12", path);
    write_file(strange, "", 0);
    write_file(old, "", 0);
    for (int i = 0; i < 20; i++) {
        snprintf(bytes, sizeof(bytes), "%d", i);
        must_deliver(sink, bytes);
    }
    assert_int_equal(count_files("", NULL), 1 + 1 + 3);
    assert_int_equal(access(strange, F_OK), 0); /* somebody else's */
    assert_int_not_equal(access(old, F_OK), 0);
    assert_string_equal(read_file(path), LINE("", "19"));
    assert_true(some_file_holds("out.ndjson.", LINE("", "18")));
    assert_true(some_file_holds("out.ndjson.", LINE("", "17")));
    assert_true(some_file_holds("out.ndjson.", LINE("", "16")));
    sink_close(sink);
}

/* What is rotated now is the newest, whatever the clock says. */
static void test_clock_set_back(void **state)
{
    struct config_sink config = settings();
    char later[192], later_still[192];
    struct sink *sink;

    (void)state;
    config.rotate_bytes = 1;
    config.keep = 1;
    sink = open_sink(&config);
    snprintf(later, sizeof(later), "%s.29990101T000000Z-9", path);
    snprintf(later_still, sizeof(later_still), "%s.29990101T000000Z-11", path);
    write_file(later, "", 0);
    must_deliver(sink, "1");
    must_deliver(sink, "2");
    must_deliver(sink, "3");
    assert_int_equal(count_files("", NULL), 2);
    assert_string_equal(read_file(later_still), LINE("", "2"));
    sink_close(sink);
}

static void test_rotate_by_age(void **state)
{
    struct config_sink config = settings();
    struct sink *sink;
    int64_t until_us;

    (void)state;
    config.rotate_ms = 5;
    sink = open_sink(&config);
    must_deliver(sink, "1");
    until_us = clock_unix_us() + 50000;
    while (clock_unix_us() < until_us)
        continue;
    must_deliver(sink, "2");
    assert_string_equal(read_file(path), LINE("", "2"));
    sink_close(sink);
    config.rotate_ms = 3600000;
    sink = open_sink(&config);
    must_deliver(sink, "3");
    assert_int_equal(count_lines(path), 2);
    sink_close(sink);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_line),
        UNIT(test_marks),
        UNIT(test_hostile_texts),
        UNIT(test_batch),
        UNIT(test_stop),
        UNIT(test_crash),
        UNIT(test_long_cut_off_line),
        UNIT(test_other_file),
        UNIT(test_two_writers),
        UNIT(test_moved),
        UNIT(test_folder_gone),
        UNIT(test_full),
        UNIT(test_rotate_by_size),
        UNIT(test_keep),
        UNIT(test_rotate_by_age),
        UNIT(test_clock_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
