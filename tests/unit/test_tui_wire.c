/* Recordings: what is written, what is read back, what is refused. */
#include "tests/unit/unit.h"

#include "tui/wire_state.h"

#include "core/file.h"
#include "core/json.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "{\"recording\":1,\"version\":\"0\",\"started_ms\":1000,\"endpoints\":[{\"name\":\"a\","       \
    "\"url\":\"http://127.0.0.1:1\",\"production\":false},{\"name\":\"b\","                        \
    "\"url\":\"http://127.0.0.1:2\",\"production\":true}],\"interval_ms\":1000}\n"
#define AT(at, endpoint, method, path, rest)                                                       \
    "{\"at_ms\":" #at ",\"took_ms\":5,\"endpoint\":\"" endpoint "\",\"method\":\"" method          \
    "\",\"path\":\"" path "\"," rest "}\n"
#define STATUS(at, body) AT(at, "a", "GET", "/v1/status", "\"status\":200,\"body\":" body)

static char folder[] = "/tmp/eventctl-wire-XXXXXX";
static char path[64];

/* What came back last. */
static struct {
    int calls;
    enum ingest_end end;
    long status;
    char body[256], error[1024];
    enum error_code code;
} got;

static void done(void *context, const struct ingest_answer *answer)
{
    (void)context;
    got.calls++;
    got.end = answer->end;
    got.status = answer->status;
    got.code = answer->error.code;
    assert_int_equal(strlen(answer->body), answer->length);
    snprintf(got.body, sizeof(got.body), "%s", answer->body);
    snprintf(got.error, sizeof(got.error), "%s", answer->error.text);
}

static int setup(void **state)
{
    (void)state;
    memset(&got, 0, sizeof(got));
    snprintf(path, sizeof(path), "%s/recording", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void write_file(const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_true(file_write_all(fd, text, length));
    close(fd);
}

static struct wire *replay_of(const char *text)
{
    struct error error = ERROR_INIT;
    struct wire *wire;

    write_file(text, strlen(text));
    wire = wire_replay(path, &error);
    assert_string_equal(error.text, "");
    assert_non_null(wire);
    return wire;
}

static unsigned get(struct wire *wire, size_t endpoint, const char *what)
{
    unsigned ask = wire_ask(wire, endpoint, "GET", what, NULL, done, NULL);

    assert_true(ask > 0);
    return ask;
}

/* -- replay -------------------------------------------------------------------------------------
 */

static void test_span(void **state)
{
    struct wire *wire = replay_of(HEAD STATUS(1500, "{}") STATUS(2500, "{}"));
    int64_t first, last, interval;

    (void)state;
    wire_span(wire, &first, &last, &interval);
    assert_int_equal(first, 1000);
    assert_int_equal(last, 2500);
    assert_int_equal(interval, 1000);
    assert_true(wire_is_replay(wire));
    assert_int_equal(wire_endpoints(wire), 2);
    assert_string_equal(wire_endpoint(wire, 1)->name, "b");
    assert_true(wire_endpoint(wire, 1)->production);
    assert_null(wire_endpoint(wire, 1)->token);
    wire_free(wire);
}

/* A sample comes once, at its time: an endpoint that was silent then is silent now. */
static void test_samples_come_at_their_time(void **state)
{
    struct wire *wire = replay_of(HEAD STATUS(1500, "{\"n\":1}") STATUS(9000, "{\"n\":2}"));
    int timeout = 60000;

    (void)state;
    get(wire, 0, "/v1/status");
    wire_step(wire, 1000, 0);
    assert_int_equal(got.calls, 0);
    wire_poll(wire, NULL, 0, &timeout);
    assert_int_equal(timeout, 500);
    wire_step(wire, 1500, 0);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.body, "{\"n\":1}");
    get(wire, 0, "/v1/status");
    wire_step(wire, 8999, 0);
    assert_int_equal(got.calls, 1);
    wire_step(wire, 9000, 0);
    assert_string_equal(got.body, "{\"n\":2}");
    get(wire, 0, "/v1/status");
    wire_step(wire, 100000, 0);
    assert_int_equal(got.calls, 2);
    wire_free(wire);
}

/* Of several that nobody asked for in time, the newest. */
static void test_samples_are_the_newest(void **state)
{
    struct wire *wire =
        replay_of(HEAD STATUS(1500, "{\"n\":1}") STATUS(2500, "{\"n\":2}") STATUS(9000, "{}"));

    (void)state;
    get(wire, 0, "/v1/status");
    wire_step(wire, 3000, 0);
    assert_string_equal(got.body, "{\"n\":2}");
    wire_free(wire);
}

static void test_other_questions_may_be_asked_again(void **state)
{
    struct wire *wire =
        replay_of(HEAD AT(2000, "a", "GET", "/v1/dlq", "\"status\":200,\"body\":{\"n\":1}")
                      AT(90000, "a", "GET", "/v1/dlq", "\"status\":200,\"body\":{\"n\":2}")
                          AT(90000, "a", "GET", "/v1/dlq/7", "\"status\":200,\"body\":{}"));

    (void)state;
    for (int i = 1; i <= 2; i++) {
        get(wire, 0, "/v1/dlq");
        wire_step(wire, 3000, 0);
        assert_int_equal(got.calls, i);
        assert_string_equal(got.body, "{\"n\":1}");
    }
    get(wire, 0, "/v1/dlq/7"); /* was asked long after: nobody waits for it */
    wire_step(wire, 3000, 0);
    assert_int_equal(got.end, INGEST_NOT_SENT);
    assert_string_equal(got.error, "not in the recording at this time");
    wire_free(wire);
}

static void test_changes_come_in_their_order(void **state)
{
    static const char *const bodies[] = {"{\"n\":1}", "{\"n\":2}"};
    struct wire *wire =
        replay_of(HEAD AT(2000, "a", "POST", "/v1/dlq/replay", "\"status\":200,\"body\":{\"n\":1}")
                      AT(3000, "a", "POST", "/v1/dlq/replay", "\"status\":200,\"body\":{\"n\":2}"));
    json_t *body = json_object();

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(wire_ask(wire, 0, "POST", "/v1/dlq/replay", body, done, NULL) > 0);
        wire_step(wire, 1000, 0);
        assert_int_equal(got.calls, i + 1);
        if (i < 2)
            assert_string_equal(got.body, bodies[i]);
    }
    assert_int_equal(got.end, INGEST_NOT_SENT);
    json_decref(body);
    wire_free(wire);
}

static void test_ends(void **state)
{
    static const struct {
        const char *rest, *error, *body;
        enum ingest_end end;
        long status;
        enum error_code code;
    } cases[] = {
        {"\"end\":\"not-sent\",\"error\":\"no route\"", "no route", "", INGEST_NOT_SENT, 0,
         ERROR_FAILED},
        {"\"end\":\"lost\",\"error\":\"cut\"", "cut", "", INGEST_LOST, 0, ERROR_FAILED},
        {"\"status\":401,\"error\":\"token\",\"body\":{}", "token", "{}", INGEST_ANSWERED, 401,
         ERROR_AUTH},
        {"\"status\":503,\"text\":\"busy\"", "HTTP 503", "busy", INGEST_ANSWERED, 503,
         ERROR_FAILED},
        {"\"status\":200,\"text\":\"a 1\\n\"", "", "a 1\n", INGEST_ANSWERED, 200, ERROR_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1024];
        struct wire *wire;
        snprintf(text, sizeof(text),
                 HEAD "{\"at_ms\":1000,\"endpoint\":\"b\",\"method\":\"GET\",\"path\":\"/x\",%s}\n",
                 cases[i].rest);
        wire = replay_of(text);
        get(wire, 1, "/x");
        wire_step(wire, 1000, 0);
        assert_int_equal(got.end, cases[i].end);
        assert_int_equal(got.status, cases[i].status);
        assert_int_equal(got.code, cases[i].code);
        assert_string_equal(got.error, cases[i].error);
        assert_string_equal(got.body, cases[i].body);
        wire_free(wire);
    }
}

static void test_never_recorded_and_cancelled(void **state)
{
    struct wire *wire = replay_of(HEAD);

    (void)state;
    get(wire, 0, "/v1/status");
    wire_cancel(wire, get(wire, 0, "/v1/status"));
    wire_step(wire, 1000, 0);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.end, INGEST_NOT_SENT);
    assert_string_equal(got.error, "not in the recording");
    get(wire, 0, "/left-under-way");
    wire_free(wire);
}

/* A clock that was set back while recording: the file's order holds. */
static void test_times_follow_the_file(void **state)
{
    struct wire *wire = replay_of(HEAD STATUS(5000, "{\"n\":1}") STATUS(2000, "{\"n\":2}"));
    int64_t first, last, interval;

    (void)state;
    wire_span(wire, &first, &last, &interval);
    assert_int_equal(last, 5000);
    get(wire, 0, "/v1/status");
    wire_step(wire, 4999, 0);
    assert_int_equal(got.calls, 0);
    wire_step(wire, 5000, 0);
    assert_string_equal(got.body, "{\"n\":2}");
    wire_free(wire);
}

static void test_genesys(void **state)
{
    struct wire *wire = replay_of(HEAD "{\"at_ms\":2000,\"genesys\":{\"n\":1}}\n"
                                       "{\"at_ms\":3000,\"genesys\":{\"n\":2}}\n");

    (void)state;
    assert_null(wire_genesys(wire, 1999));
    assert_int_equal(json_integer_value(json_object_get(wire_genesys(wire, 2500), "n")), 1);
    assert_int_equal(json_integer_value(json_object_get(wire_genesys(wire, 3000), "n")), 2);
    wire_free(wire);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", ":1: this is no recording"},
        {"garbage", ":1: this is no recording"},
        {"{}\n", ":1: this is no recording"},
        {"{\"recording\":1", ":1: this is no recording"},
        {"{\"recording\":2,\"endpoints\":[{}]}\n", ":1: a recording of another form"},
        {"{\"recording\":1,\"started_ms\":1,\"interval_ms\":0,\"endpoints\":[{}]}\n",
         ":1: started_ms"},
        {"{\"recording\":1,\"started_ms\":1,\"interval_ms\":1,\"endpoints\":[{}]}\n",
         ":1: an endpoint without"},
        {HEAD "\n" STATUS(2000, "{}"), ":2: a line that is no JSON"},
        {HEAD STATUS(2000, "{}") "{\"at_ms\n" STATUS(3000, "{}"), ":3: a line that is no JSON"},
        {HEAD "{\"at_ms\":-1,\"genesys\":{}}\n", ":2: at_ms"},
        {HEAD "{\"at_ms\":1e3,\"genesys\":{}}\n", ":2: at_ms"},
        {HEAD AT(1, "c", "GET", "/", "\"status\":200"), ":2: endpoint, method or path"},
        {HEAD AT(1, "a", "GET", "/", "\"x\":1"), ":2: neither a status nor an end"},
        {HEAD AT(1, "a", "GET", "/", "\"end\":\"up\""), ":2: neither a status nor an end"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_INIT;
        write_file(cases[i].text, strlen(cases[i].text));
        assert_null(wire_replay(path, &error));
        assert_int_equal(error.code, ERROR_INVALID);
        if (!strstr(error.text, cases[i].said))
            fail_msg("case %zu: %s", i, error.text);
    }
}

static void test_no_file(void **state)
{
    struct error error = ERROR_INIT, folder_error = ERROR_INIT;

    (void)state;
    assert_null(wire_replay(path, &error));
    assert_int_equal(error.code, ERROR_INVALID);
    assert_null(wire_replay(folder, &folder_error));
    assert_non_null(strstr(folder_error.text, "no regular file"));
}

/* A recorder that was killed leaves half a line: all before it is good, wherever it was cut. */
static void test_cut_last_line(void **state)
{
    static const char last[] = STATUS(9000, "{\"n\":2}"), text[] = HEAD STATUS(1500, "{}");
    char whole[sizeof(text) + sizeof(last)];

    (void)state;
    for (size_t cut = 0; cut < sizeof(last); cut++) {
        struct error error = ERROR_INIT;
        int64_t first, end, interval;
        snprintf(whole, sizeof(whole), "%s%.*s", text, (int)cut, last);
        write_file(whole, strlen(whole));
        struct wire *wire = wire_replay(path, &error);
        assert_non_null(wire);
        wire_span(wire, &first, &end, &interval);
        assert_int_equal(end, cut >= sizeof(last) - 2 ? 9000 : 1500);
        wire_free(wire);
    }
}

/* -- recording ----------------------------------------------------------------------------------
 */

static struct wire *recording(struct error *error)
{
    struct wire *wire = wire_new(1);

    assert_non_null(wire);
    assert_true(wire_add(wire, "a", "http://127.0.0.1:1", true));
    if (wire_record(wire, path, 250, 1000, error))
        return wire;
    wire_free(wire);
    return NULL;
}

static void record(struct wire *wire, int64_t at_ms, const char *what, const char *body,
                   size_t length, enum ingest_end end)
{
    const struct wire_under_way asked = {.method = (char *)(uintptr_t) "GET",
                                         .path = (char *)(uintptr_t)what};
    struct ingest_answer answer = {.end = end,
                                   .status = end == INGEST_ANSWERED ? 200 : 0,
                                   .body = body,
                                   .length = length,
                                   .took_ms = 3,
                                   .date_s = -1,
                                   .error = ERROR_INIT};

    if (end != INGEST_ANSWERED)
        error_set(&answer.error, ERROR_FAILED, "connection \"refused\"");
    recorder_answer(wire->recorder, "a", &asked, &answer, at_ms);
}

static void test_there_and_back(void **state)
{
    static const struct {
        const char *body, *back;
        size_t length;
    } cases[] = {
        {"{ \"a\" : [1, 0.5,\n null] }", "{\"a\":[1,0.5,null]}", 25},
        {"# text\nname{l=\"x\"} 1\n", "# text\nname{l=\"x\"} 1\n", 21},
        {"\x1b[2J\xff", "\\x1b[2J\\xff", 5},
        {"12", "12", 2},
        {"", "", 0},
        {"{\"n\":99999999999999999999}", "{\"n\":99999999999999999999}", 26},
    };
    struct error error = ERROR_INIT;
    struct wire *wire = recording(&error);
    int64_t first, last, interval;

    (void)state;
    assert_non_null(wire);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        record(wire, 2000 + (int64_t)i, "/v1/status", cases[i].body, cases[i].length,
               INGEST_ANSWERED);
    record(wire, 3000, "/v1/status", "", 0, INGEST_LOST);
    assert_true(wire_recording_is_well(wire, &error));
    wire_free(wire);
    wire = wire_replay(path, &error);
    assert_string_equal(error.text, "");
    wire_span(wire, &first, &last, &interval);
    assert_int_equal(interval, 250);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        get(wire, 0, "/v1/status");
        wire_step(wire, 2000 + (int64_t)i, 0);
        assert_string_equal(got.body, cases[i].back);
    }
    get(wire, 0, "/v1/status");
    wire_step(wire, 3000, 0);
    assert_int_equal(got.end, INGEST_LOST);
    assert_string_equal(got.error, "connection \"refused\"");
    wire_free(wire);
}

static void test_the_file(void **state)
{
    struct error error = ERROR_INIT;
    struct wire *wire = recording(&error);
    struct stat stat_of;
    struct buf text;

    (void)state;
    wire_free(wire);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0600);
    assert_null(recording(&error)); /* never over another */
    assert_int_equal(error.code, ERROR_INVALID);
    assert_non_null(strstr(error.text, "is there already"));
    error = ERROR_INIT;
    buf_init(&text, 10000);
    assert_true(file_read(path, &text, &error));
    assert_non_null(strstr(buf_text(&text), "\"endpoints\":[{\"name\":\"a\""));
    buf_release(&text);
}

static void test_genesys_is_recorded(void **state)
{
    struct error error = ERROR_INIT;
    struct wire *wire = recording(&error);
    json_t *snapshot = json_pack("{s:i}", "n", 7);

    (void)state;
    wire_note_genesys(wire, snapshot, 2000);
    json_decref(snapshot);
    wire_free(wire);
    wire = wire_replay(path, &error);
    assert_non_null(wire);
    assert_int_equal(json_integer_value(json_object_get(wire_genesys(wire, 2000), "n")), 7);
    wire_free(wire);
}

static void test_full_disk(void **state)
{
    struct error error = ERROR_INIT;
    struct wire *wire = recording(&error);
    int full = open("/dev/full", O_WRONLY);

    (void)state;
    if (full < 0)
        skip();
    /* The first descriptor of the file is the recorder's. */
    for (int fd = 3; fd < full; fd++) {
        struct stat of_fd, of_path;
        if (fstat(fd, &of_fd) == 0 && stat(path, &of_path) == 0 && of_fd.st_ino == of_path.st_ino)
            assert_int_equal(dup2(full, fd), fd);
    }
    close(full);
    record(wire, 2000, "/v1/status", "{}", 2, INGEST_ANSWERED);
    assert_false(wire_recording_is_well(wire, &error));
    assert_non_null(strstr(error.text, "No space left"));
    error = ERROR_INIT;
    assert_true(wire_recording_is_well(wire, &error)); /* it is told once */
    record(wire, 3000, "/v1/status", "{}", 2, INGEST_ANSWERED);
    wire_free(wire);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_span),
        UNIT(test_samples_come_at_their_time),
        UNIT(test_samples_are_the_newest),
        UNIT(test_other_questions_may_be_asked_again),
        UNIT(test_changes_come_in_their_order),
        UNIT(test_ends),
        UNIT(test_never_recorded_and_cancelled),
        UNIT(test_times_follow_the_file),
        UNIT(test_genesys),
        UNIT(test_refused),
        UNIT(test_no_file),
        UNIT(test_cut_last_line),
        UNIT(test_there_and_back),
        UNIT(test_the_file),
        UNIT(test_genesys_is_recorded),
        UNIT(test_full_disk),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
