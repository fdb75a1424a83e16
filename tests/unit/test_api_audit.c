/* Who changed what, and listing without waiting, against the sandbox. */
#include "tests/unit/test_api_sandbox.h"

#include "api/audit.h"
#include "core/clock.h"
#include "core/text.h"

#include <poll.h>

static int reset(void **state)
{
    (void)state;
    sandbox_clear();
    return 0;
}

static int64_t now_ms(void)
{
    return clock_unix_us() / 1000;
}

/* -- the audit ----------------------------------------------------------------------------------
 */

enum { KEPT_MOST = 8 };
static struct {
    unsigned calls;
    size_t count;
    struct audit_record records[KEPT_MOST];
    struct error error;
} told;

static void keep(void *context, const struct audit_record *records, size_t count,
                 const struct error *error)
{
    assert_ptr_equal(context, &told);
    told.calls++;
    told.count = count;
    for (size_t i = 0; i < count && i < KEPT_MOST; i++)
        told.records[i] = records[i];
    told.error = *error;
}

static void ask(struct client *client)
{
    struct error error = ERROR_INIT;

    memset(&told, 0, sizeof(told));
    assert_true(audit_start(client, "ProcessAutomation", now_ms() - 60000, now_ms() + 60000, keep,
                            &told, &error));
    assert_int_equal(told.calls, 0);
    client_run(client);
    assert_int_equal(told.calls, 1);
}

/* A client that may only read. */
static struct client *reader(void)
{
    struct client_options options = sandbox_options();
    struct error error = ERROR_INIT;
    struct client *client;

    options.read_only = true;
    options.no_retries = true;
    client = client_new(&options, &error);
    assert_non_null(client);
    return client;
}

static void test_changes(void **state)
{
    struct client *writer = sandbox_client(), *client = reader();
    struct object object;
    struct remote_write create = {.op = REMOTE_CREATE, .via = VIA_TRIGGER, .settle_ms = 10};
    struct remote_write update = {.op = REMOTE_UPDATE, .via = VIA_TRIGGER, .version = 1};

    (void)state;
    ask(client);
    assert_int_equal(told.error.code, ERROR_NONE);
    assert_int_equal(told.count, 0);
    make_object(&object, VIA_TRIGGER, 1, "some words");
    create.object = &object;
    run_write(writer, &create);
    assert_int_equal(create.outcome, REMOTE_DONE);
    object_release(&object);
    make_object(&object, VIA_TRIGGER, 1, "other words");
    update.object = &object;
    update.id = create.id_now;
    run_write(writer, &update);
    assert_int_equal(update.outcome, REMOTE_DONE);
    object_release(&object);
    ask(client);
    assert_int_equal(told.count, 2); /* the newest first */
    assert_string_equal(told.records[0].action, "Update");
    assert_string_equal(told.records[0].entity, create.id_now);
    assert_non_null(strstr(told.records[0].changed, "description"));
    assert_string_equal(told.records[0].who, "client sandbox-client");
    assert_string_equal(told.records[0].from, "127.0.0.1");
    assert_true(told.records[0].at_ms > now_ms() - 60000 && told.records[0].at_ms <= now_ms());
    assert_string_equal(told.records[1].action, "Create");
    client_free(client);
    client_free(writer);
}

static void test_forbidden(void **state)
{
    struct client *client = reader();

    (void)state;
    sandbox_do("PUT", "/_sandbox/settings", "{\"deny\":[\"audits:audit:view\"]}");
    ask(client);
    assert_int_equal(told.count, 0);
    assert_int_equal(told.error.code, ERROR_AUTH);
    assert_non_null(strstr(told.error.text, "audits:audit:view"));
    client_free(client);
}

/* What the service could say instead of what it says. */
static void test_odd_records(void **state)
{
    struct client *client = reader();
    struct buf body, fault;

    (void)state;
    buf_init(&body, 100000);
    buf_init(&fault, 100000);
    buf_add_text(&body, "{\"entities\":[1,{},{\"user\":{\"id\":\"u-1\",\"name\":\"");
    for (int i = 0; i < 100; i++)
        buf_add_text(&body, "\xe2\x82\xac");
    buf_add_text(&body, "\"},\"remoteIp\":[\"10.0.0.1\",\"10.0.0.2\"],\"eventDate\":"
                        "\"2026-11-26T10:00:00.250Z\",\"entity\":7,\"propertyChanges\":["
                        "{\"property\":\"a\"},{\"property\":1},{\"property\":\"b\"}]},"
                        "{\"user\":{\"id\":\"u-2\"},\"eventDate\":\"soon\"}]}");
    buf_add_text(
        &fault,
        "{\"fault\":\"status\",\"status\":200,\"match\":{\"path\":\"/api/v2/audits\"},\"body\":");
    json_add_string(&fault, body.data, body.length);
    buf_add_text(&fault, "}");
    sandbox_do("PUT", "/_sandbox/faults", fault.data);
    ask(client);
    assert_string_equal(told.error.text, "");
    assert_int_equal(told.count, 4);
    assert_string_equal(told.records[0].who, "");
    assert_int_equal(told.records[1].at_ms, 0);
    assert_int_equal(strlen(told.records[2].who), 126); /* whole characters */
    assert_int_equal(text_utf8_check(told.records[2].who, 126), 126);
    assert_string_equal(told.records[2].from, "10.0.0.1");
    assert_int_equal(told.records[2].at_ms, INT64_C(1795687200250));
    assert_string_equal(told.records[2].entity, "");
    assert_string_equal(told.records[2].changed, "a, b");
    assert_string_equal(told.records[3].who, "u-2");
    assert_int_equal(told.records[3].at_ms, 0);
    buf_release(&body);
    buf_release(&fault);
    client_free(client);
}

/* -- reading only -------------------------------------------------------------------------------
 */

static void on_reply(void *context, struct reply *reply)
{
    (void)reply;
    ++*(unsigned *)context;
}

static void test_read_only(void **state)
{
    static const struct {
        struct request request;
        bool sent;
    } cases[] = {
        {{.method = "GET", .path = "/api/v2/tokens/me"}, true},
        {{.method = "POST", .path = "/api/v2/audits/query/realtime", .repeatable = true}, true},
        {{.method = "POST", .path = TRIGGERS}, false},
        {{.method = "PUT", .path = TRIGGERS "/x", .repeatable = true}, false},
        {{.method = "DELETE", .path = TRIGGERS "/x", .repeatable = true}, false},
    };
    struct client *client = reader();
    unsigned replies = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_INIT;
        assert_int_equal(client_start(client, &cases[i].request, on_reply, &replies, &error),
                         cases[i].sent);
    }
    client_run(client);
    assert_int_equal(replies, 2);
    client_free(client);
}

/* -- listing ------------------------------------------------------------------------------------
 */

static struct {
    unsigned calls;
    struct remote_listing listing;
    struct error error;
} listed;

static void take(void *context, struct remote_listing *listing, const struct error *error)
{
    assert_ptr_equal(context, &listed);
    listed.calls++;
    listed.listing = *listing;
    listed.error = *error;
}

static void list_start(struct client *client)
{
    const bool needed[VIA_COUNT] = {true, true};
    struct error error = ERROR_INIT;

    listed.calls = 0;
    assert_true(remote_list_start(client, needed, take, &listed, &error));
    assert_int_equal(listed.calls, 0);
}

/* As a loop does that has other things to wait for: all waiting is in its own poll. */
static void run_by_poll(struct client *client, const unsigned *calls)
{
    while (*calls == 0) {
        struct pollfd fds[16];
        int timeout_ms = 10000;
        size_t count = client_poll(client, fds, 16, &timeout_ms);
        int64_t before_ms = clock_monotonic_ms();
        poll(fds, (nfds_t)count, timeout_ms);
        assert_true(clock_monotonic_ms() - before_ms < 9000); /* it never waits for nothing */
        client_step(client, 0);
    }
}

static void test_list_by_poll(void **state)
{
    struct client *client = sandbox_client();
    struct pollfd fds[4];
    int timeout_ms = -1;

    (void)state;
    assert_int_equal(client_poll(client, fds, 4, &timeout_ms), 0);
    assert_int_equal(timeout_ms, -1); /* nothing is due */
    sandbox_do("POST", "/_sandbox/objects",
               "{\"subscriptions\":[{\"name\":\"a\",\"eventTypes\":[\"Interaction.Created\"],"
               "\"delivery\":{\"url\":\"https://x.example\"}}]}");
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"status\",\"status\":503,\"times\":1,\"match\":{\"path\":\"/api\"}}");
    list_start(client);
    run_by_poll(client, &listed.calls); /* login and a retry among it */
    assert_int_equal(listed.calls, 1);
    assert_string_equal(listed.error.text, "");
    assert_int_equal(listed.listing.objects.count, 1);
    assert_int_equal(sandbox_count("GET /api"), 3);
    remote_listing_release(&listed.listing);
    timeout_ms = -1;
    client_step(client, 0);
    assert_int_equal(client_poll(client, fds, 4, &timeout_ms), 0);
    assert_int_equal(timeout_ms, -1);
    client_free(client);
}

static void test_list_fails(void **state)
{
    struct client *client = reader();

    (void)state;
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"status\",\"status\":500,\"match\":{\"path\":\"" TRIGGERS "\"}}");
    list_start(client);
    run_by_poll(client, &listed.calls);
    assert_int_equal(listed.error.code, ERROR_FAILED);
    remote_listing_release(&listed.listing);
    client_free(client);
}

/* Whoever leaves gets his callback by then. */
static void test_list_is_left(void **state)
{
    struct client *client = reader();

    (void)state;
    list_start(client);
    client_step(client, 0);
    client_free(client);
    assert_int_equal(listed.calls, 1);
    assert_int_equal(listed.error.code, ERROR_INTERRUPTED);
    remote_listing_release(&listed.listing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_changes, reset),
        cmocka_unit_test_setup(test_forbidden, reset),
        cmocka_unit_test_setup(test_odd_records, reset),
        cmocka_unit_test_setup(test_read_only, reset),
        cmocka_unit_test_setup(test_list_by_poll, reset),
        cmocka_unit_test_setup(test_list_fails, reset),
        cmocka_unit_test_setup(test_list_is_left, reset),
    };
    int failed;

    sandbox_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox_stop();
    return failed != 0;
}
