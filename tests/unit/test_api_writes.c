/* Writes whose answers are lost: never doubled, never overwriting, whatever the moment of the loss.
 */
#include "tests/unit/test_api_sandbox.h"

enum { SETTLE_MS = 300 };

static const char *const kinds[VIA_COUNT] = {"subscriptions", "triggers"};
static const char *const paths[VIA_COUNT] = {EVENT_STREAMS, TRIGGERS};
static const char *const faults[] = {"cut_before",  "cut_after", "reset_before",
                                     "reset_after", "truncate",  "garbage"};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static int reset(void **state)
{
    (void)state;
    sandbox_clear();
    return 0;
}

static void set_fault(const char *fault, const char *method, enum via via, int times)
{
    char body[512];

    snprintf(body, sizeof(body),
             "[{\"fault\":\"%s\",\"times\":%d,\"match\":{\"method\":\"%s\",\"path\":\"%s\"}}]",
             fault, times, method, paths[via]);
    sandbox_do("PUT", "/_sandbox/faults", body);
}

static bool has_effect(const char *fault)
{
    return !strstr(fault, "_before");
}

/* A write of an object that stands there as `object` with that id and version. */
static struct remote_write write_of(enum remote_op op, enum via via, const struct object *object,
                                    const char *id, int64_t version)
{
    return (struct remote_write){.op = op,
                                 .via = via,
                                 .object = object,
                                 .id = id,
                                 .version = version,
                                 .settle_ms = SETTLE_MS};
}

static void expect_done(const struct remote_write *write)
{
    if (write->outcome != REMOTE_DONE)
        print_error("outcome %d: %s\n", (int)write->outcome, write->error.text);
    assert_int_equal(write->outcome, REMOTE_DONE);
    assert_string_equal(write->error.text, "");
}

/* Creates one object and warms the connection up. */
static struct remote_write create_one(struct client *client, enum via via, struct object *object)
{
    struct remote_write write;

    make_object(object, via, 1, "first");
    write = write_of(REMOTE_CREATE, via, object, NULL, 0);
    run_write(client, &write);
    expect_done(&write);
    assert_false(write.found_later);
    assert_true(write.version_now > 0);
    return write;
}

/* The object as a listing shows it. */
static void list_one(struct client *client, enum via via, struct object *object)
{
    struct remote_listing listing;
    struct error error = ERROR_INIT;
    const bool needed[VIA_COUNT] = {true, true};

    remote_listing_init(&listing);
    assert_true(remote_list(client, needed, &listing, &error));
    assert_int_equal(listing.objects.count, 1);
    assert_int_equal(listing.objects.items[0].via, via);
    assert_true(object_copy(object, &listing.objects.items[0]));
    remote_listing_release(&listing);
}

static void test_plain(void **state)
{
    (void)state;
    for (enum via via = 0; via < VIA_COUNT; via++) {
        struct client *client = sandbox_client();
        struct object object, live, other;
        sandbox_clear();
        struct remote_write write = create_one(client, via, &object);
        list_one(client, via, &live);
        for (enum field field = 0; field < FIELD_COUNT; field++)
            if (object.fields[field])
                assert_string_equal(object.fields[field], live.fields[field]);
        make_object(&other, via, 1, "second");
        struct remote_write update =
            write_of(REMOTE_UPDATE, via, &other, write.id_now, write.version_now);
        run_write(client, &update);
        expect_done(&update);
        assert_int_equal(update.version_now, write.version_now + 1);
        struct remote_write stale =
            write_of(REMOTE_UPDATE, via, &object, write.id_now, write.version_now);
        run_write(client, &stale);
        assert_int_equal(stale.outcome, REMOTE_CONFLICT);
        assert_int_equal(stale.error.code, ERROR_STALE);
        assert_int_equal(stale.live.version, update.version_now);
        object_release(&stale.live);
        struct remote_write late =
            write_of(REMOTE_DELETE, via, &live, write.id_now, write.version_now);
        run_write(client, &late);
        assert_int_equal(late.outcome, REMOTE_CONFLICT);
        object_release(&late.live);
        object_release(&live);
        list_one(client, via, &live);
        struct remote_write gone = write_of(REMOTE_DELETE, via, &live, live.id, live.version);
        run_write(client, &gone);
        expect_done(&gone);
        run_write(client, &gone);
        expect_done(&gone);
        assert_int_equal(sandbox_objects(kinds[via]), 0);
        object_release(&object);
        object_release(&other);
        object_release(&live);
        client_free(client);
    }
}

/* One create under one fault, on a kept connection or a fresh one, with reads that lag or not. */
static void lost_create(const char *fault, enum via via, bool warm, bool lag)
{
    struct client *client = sandbox_client();
    struct object object;
    struct error error = ERROR_INIT;
    struct remote_identity identity;

    sandbox_clear();
    if (warm)
        assert_true(remote_identify(client, &identity, &error));
    if (lag)
        sandbox_do("PUT", "/_sandbox/settings", "{\"read_lag_reads\":2}");
    set_fault(fault, "POST", via, 1);
    make_object(&object, via, 1, "first");
    struct remote_write write = write_of(REMOTE_CREATE, via, &object, NULL, 0);
    run_write(client, &write);
    if (write.outcome != REMOTE_DONE || sandbox_objects(kinds[via]) != 1)
        print_error("%s via %d warm %d lag %d: %s\n", fault, (int)via, warm, lag, write.error.text);
    expect_done(&write);
    assert_int_equal(sandbox_objects(kinds[via]), 1);
    assert_int_equal(write.found_later, has_effect(fault));
    assert_int_equal(sandbox_count(via == VIA_TRIGGER ? "POST " TRIGGERS : "POST " EVENT_STREAMS),
                     has_effect(fault) ? 1 : 2);
    assert_true(write.id_now[0] != '\0' && write.version_now > 0);
    object_release(&object);
    client_free(client);
}

static void test_lost_create(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAULTS; f++)
        for (enum via via = 0; via < VIA_COUNT; via++)
            for (int bits = 0; bits < 4; bits++)
                lost_create(faults[f], via, bits & 1, bits & 2);
}

static void lost_update(const char *fault, enum via via, bool lag)
{
    struct client *client = sandbox_client();
    struct object object, other;

    sandbox_clear();
    struct remote_write created = create_one(client, via, &object);
    if (lag)
        sandbox_do("PUT", "/_sandbox/settings", "{\"read_lag_reads\":2}");
    set_fault(fault, "PUT", via, 1);
    make_object(&other, via, 1, "second");
    struct remote_write write =
        write_of(REMOTE_UPDATE, via, &other, created.id_now, created.version_now);
    run_write(client, &write);
    expect_done(&write);
    assert_int_equal(write.found_later, has_effect(fault));
    assert_int_equal(write.version_now, created.version_now + 1);
    assert_int_equal(sandbox_count("PUT "), has_effect(fault) ? 1 : 2);
    object_release(&object);
    object_release(&other);
    client_free(client);
}

static void lost_delete(const char *fault, enum via via, bool lag)
{
    struct client *client = sandbox_client();
    struct object object, live;

    sandbox_clear();
    create_one(client, via, &object);
    list_one(client, via, &live);
    if (lag)
        sandbox_do("PUT", "/_sandbox/settings", "{\"read_lag_reads\":2}");
    set_fault(fault, "DELETE", via, 1);
    struct remote_write write = write_of(REMOTE_DELETE, via, &live, live.id, live.version);
    run_write(client, &write);
    expect_done(&write);
    assert_int_equal(sandbox_objects(kinds[via]), 0);
    assert_in_range(sandbox_count("DELETE "), 1, 2);
    object_release(&object);
    object_release(&live);
    client_free(client);
}

static void test_lost_change(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAULTS; f++)
        for (enum via via = 0; via < VIA_COUNT; via++)
            for (int lag = 0; lag < 2; lag++) {
                lost_update(faults[f], via, lag);
                lost_delete(faults[f], via, lag);
            }
}

/* The first create took effect but shows only after the second was sent: one of them goes. */
static void test_late_first(void **state)
{
    struct client *client = sandbox_client();
    struct object object;

    (void)state;
    for (enum via via = 0; via < VIA_COUNT; via++) {
        sandbox_clear();
        sandbox_do("PUT", "/_sandbox/settings", "{\"read_lag_ms\":450}");
        set_fault("cut_after", "POST", via, 1);
        make_object(&object, via, 1, "first");
        struct remote_write write = write_of(REMOTE_CREATE, via, &object, NULL, 0);
        run_write(client, &write);
        expect_done(&write);
        assert_true(write.found_later);
        assert_int_equal(sandbox_objects(kinds[via]), 1);
        object_release(&object);
    }
    client_free(client);
}

/* Both answers lost and nothing to be seen: not known, and not sent a third time. */
static void test_unknown(void **state)
{
    struct client *client = sandbox_client();
    struct object object;

    (void)state;
    for (enum via via = 0; via < VIA_COUNT; via++) {
        sandbox_clear();
        set_fault("cut_before", "POST", via, 2);
        make_object(&object, via, 1, "first");
        struct remote_write write = write_of(REMOTE_CREATE, via, &object, NULL, 0);
        run_write(client, &write);
        assert_int_equal(write.outcome, REMOTE_UNKNOWN);
        assert_int_equal(sandbox_count("POST /api"), 2);
        assert_int_equal(sandbox_objects(kinds[via]), 0);
        object_release(&object);
    }
    client_free(client);
}

/* Statuses that say nothing about the effect are looked into; those that say no are not. */
static void test_statuses(void **state)
{
    struct client *client = sandbox_client();
    struct object object;

    (void)state;
    for (int effect = 0; effect < 2; effect++) {
        char body[256];
        sandbox_clear();
        snprintf(body, sizeof(body),
                 "[{\"fault\":\"status\",\"status\":503,\"times\":1,\"effect\":%s,"
                 "\"match\":{\"method\":\"POST\",\"path\":\"/api\"}}]",
                 effect ? "true" : "false");
        sandbox_do("PUT", "/_sandbox/faults", body);
        make_object(&object, VIA_TRIGGER, 1, "first");
        struct remote_write write = write_of(REMOTE_CREATE, VIA_TRIGGER, &object, NULL, 0);
        run_write(client, &write);
        expect_done(&write);
        assert_int_equal(write.found_later, effect);
        assert_int_equal(sandbox_objects("triggers"), 1);
        object_release(&object);
    }
    sandbox_clear();
    set_fault("rate_limited", "POST", VIA_TRIGGER, 1);
    sandbox_do("PUT", "/_sandbox/faults",
               "[{\"fault\":\"rate_limited\",\"retry_after\":0,\"times\":2,"
               "\"match\":{\"method\":\"POST\",\"path\":\"/api\"}}]");
    struct remote_write limited = create_one(client, VIA_TRIGGER, &object);
    assert_false(limited.found_later);
    assert_int_equal(sandbox_objects("triggers"), 1);
    object_release(&object);
    client_free(client);
}

static void test_duplicate_name(void **state)
{
    struct client *client = sandbox_client();
    struct object object;

    (void)state;
    create_one(client, VIA_EVENT_STREAMS, &object);
    struct remote_write again = write_of(REMOTE_CREATE, VIA_EVENT_STREAMS, &object, NULL, 0);
    run_write(client, &again);
    assert_int_equal(again.outcome, REMOTE_FAILED);
    assert_int_equal(again.error.code, ERROR_STALE);
    assert_non_null(strstr(again.error.text, "came into being since the plan"));
    object_release(&object);
    client_free(client);
}

/* A version conflict in either dress. */
static void test_conflict(void **state)
{
    static const char *const dresses[] = {"version_conflict_409", "version_conflict_400"};
    struct client *client = sandbox_client();
    struct object object, other;

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        sandbox_clear();
        struct remote_write created = create_one(client, VIA_TRIGGER, &object);
        make_object(&other, VIA_TRIGGER, 1, "second");
        set_fault(dresses[d], "PUT", VIA_TRIGGER, 1);
        struct remote_write write =
            write_of(REMOTE_UPDATE, VIA_TRIGGER, &other, created.id_now, created.version_now);
        run_write(client, &write);
        assert_int_equal(write.outcome, REMOTE_CONFLICT);
        assert_int_equal(write.error.code, ERROR_STALE);
        assert_string_equal(write.live.fields[FIELD_DESCRIPTION], "\"first\"");
        object_release(&write.live);
        object_release(&object);
        object_release(&other);
    }
    client_free(client);
}

/* A server that goes away: the write under way ends, and what was not sent says so. */
static void test_cancelled(void **state)
{
    struct client *client = sandbox_client();
    struct object object;
    struct error error = ERROR_INIT;
    bool ended = false;

    (void)state;
    sandbox_clear();
    sandbox_do("PUT", "/_sandbox/faults",
               "[{\"fault\":\"hang\",\"match\":{\"method\":\"POST\",\"path\":\"/api\"}}]");
    make_object(&object, VIA_TRIGGER, 1, "first");
    struct remote_write write = write_of(REMOTE_CREATE, VIA_TRIGGER, &object, NULL, 0);
    assert_true(remote_write_start(client, &write, write_ended, &ended, &error));
    for (int i = 0; i < 20; i++)
        client_step(client, 10);
    client_free(client);
    assert_true(ended);
    assert_int_equal(write.outcome, REMOTE_UNKNOWN);
    object_release(&object);
}

static volatile sig_atomic_t stop;

/* Stopped while the answer is on its way: what cannot be looked for any more is not known. */
static void test_stopped(void **state)
{
    struct client_options options = sandbox_options();
    struct client *client;
    struct object object;
    struct error error = ERROR_INIT;
    bool ended = false;

    (void)state;
    options.stop = &stop;
    client = client_new(&options, &error);
    set_fault("cut_after", "POST", VIA_TRIGGER, 1);
    make_object(&object, VIA_TRIGGER, 1, "first");
    struct remote_write write = write_of(REMOTE_CREATE, VIA_TRIGGER, &object, NULL, 0);
    assert_true(client_login(client, &error));
    assert_true(remote_write_start(client, &write, write_ended, &ended, &error));
    client_step(client, 0);
    stop = 1;
    client_run(client);
    assert_true(ended);
    assert_int_equal(write.outcome, REMOTE_UNKNOWN);
    assert_int_equal(write.error.code, ERROR_INTERRUPTED);
    assert_int_equal(sandbox_objects("triggers"), 1);
    object_release(&object);
    client_free(client);
}

/* An id that would lead elsewhere goes nowhere. */
static void test_bad_id(void **state)
{
    static const char *const ids[] = {NULL, "", "..", "a/b", "a?b", "a b", "a%2fb"};
    struct client *client = sandbox_client();
    bool ended = false;

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct remote_write write = write_of(REMOTE_DELETE, VIA_TRIGGER, NULL, ids[i], 1);
        struct error error = ERROR_INIT;
        assert_false(remote_write_start(client, &write, write_ended, &ended, &error));
        assert_int_equal(error.code, ERROR_INVALID);
    }
    assert_int_equal(sandbox_count(""), 0);
    client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_plain, reset),
        cmocka_unit_test_setup(test_lost_create, reset),
        cmocka_unit_test_setup(test_lost_change, reset),
        cmocka_unit_test_setup(test_late_first, reset),
        cmocka_unit_test_setup(test_unknown, reset),
        cmocka_unit_test_setup(test_statuses, reset),
        cmocka_unit_test_setup(test_duplicate_name, reset),
        cmocka_unit_test_setup(test_conflict, reset),
        cmocka_unit_test_setup(test_cancelled, reset),
        cmocka_unit_test_setup(test_stopped, reset),
        cmocka_unit_test_setup(test_bad_id, reset),
    };
    int failed;

    sandbox_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox_stop();
    return failed != 0;
}
