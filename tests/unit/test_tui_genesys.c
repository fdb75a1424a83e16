/* The Genesys side in the background, against the sandbox: snapshots, who did it, what is kept when
 * a reading fails. */
#include "tui/genesys.h"

#include "core/clock.h"
#include "core/json.h"
#include "tests/unit/test_api_sandbox.h"

#include <poll.h>

static int reset(void **state)
{
    (void)state;
    sandbox_clear();
    return 0;
}

/* Steps until there is a new snapshot, as the loop does: all waiting is in one poll. */
static const json_t *next_snapshot(struct genesys *genesys, int64_t now_ms)
{
    while (!genesys_step(genesys, now_ms)) {
        struct pollfd fds[16];
        int timeout_ms = 1000;
        size_t count = genesys_poll(genesys, fds, 16, &timeout_ms);
        poll(fds, (nfds_t)count, timeout_ms);
    }
    return genesys_snapshot(genesys);
}

static struct genesys_options options_of(const struct client_options *client)
{
    return (struct genesys_options){.client = client, .interval_ms = 60000};
}

static void seed(const char *name)
{
    char text[512];

    snprintf(text, sizeof(text),
             "{\"subscriptions\":[{\"name\":\"%s\",\"eventTypes\":[\"Interaction.Created\"],"
             "\"delivery\":{\"url\":\"https://x.example/in\"}}]}",
             name);
    sandbox_do("POST", "/_sandbox/objects", text);
}

static void test_snapshot(void **state)
{
    struct client_options client = sandbox_options();
    struct genesys_options options = options_of(&client);
    struct error error = ERROR_INIT;
    struct genesys *genesys = genesys_new(&options, &error);
    int64_t now_ms = clock_unix_us() / 1000;
    const json_t *snapshot, *entry;

    (void)state;
    assert_non_null(genesys);
    assert_null(genesys_snapshot(genesys));
    seed("voice@v3");
    snapshot = next_snapshot(genesys, now_ms);
    assert_true(json_is_null(json_object_get(snapshot, "error")));
    assert_string_equal(json_text(snapshot, "organization"), "acme-dev");
    assert_true(json_integer_value(json_object_get(snapshot, "token_expires_ms")) > now_ms);
    assert_int_equal(json_integer_value(json_object_get(snapshot, "read_ms")), now_ms);
    assert_int_equal(json_array_size(json_object_get(snapshot, "subscriptions")), 1);
    entry = json_array_get(json_object_get(snapshot, "subscriptions"), 0);
    assert_string_equal(json_text(entry, "name"), "voice@v3");
    assert_string_equal(json_text(entry, "health"), "HEALTHY");
    assert_string_equal(json_text(entry, "drift"), "");
    assert_string_equal(json_string_value(json_array_get(json_object_get(entry, "events"), 0)),
                        "Interaction.Created");
    assert_false(genesys_step(genesys, now_ms + 59000)); /* not yet */
    seed("chat@v1");
    snapshot = next_snapshot(genesys, now_ms + 60000);
    assert_int_equal(json_array_size(json_object_get(snapshot, "subscriptions")), 2);
    genesys_free(genesys);
}

static void test_failure_keeps_the_last(void **state)
{
    struct client_options client = sandbox_options();
    struct genesys_options options = options_of(&client);
    struct error error = ERROR_INIT;
    int64_t now_ms = clock_unix_us() / 1000;
    struct genesys *genesys;
    const json_t *snapshot;

    (void)state;
    client.no_retries = true;
    genesys = genesys_new(&options, &error);
    assert_non_null(genesys);
    seed("voice@v3");
    next_snapshot(genesys, now_ms);
    sandbox_do("PUT", "/_sandbox/faults",
               "[{\"fault\":\"status\",\"status\":500,\"match\":{\"path\":\"/api\"}}]");
    snapshot = next_snapshot(genesys, now_ms + 60000);
    assert_non_null(json_text(snapshot, "error"));
    assert_true(json_is_false(json_object_get(snapshot, "refused")));
    assert_int_equal(json_integer_value(json_object_get(snapshot, "read_ms")), now_ms);
    assert_int_equal(json_integer_value(json_object_get(snapshot, "at_ms")), now_ms + 60000);
    assert_int_equal(json_array_size(json_object_get(snapshot, "subscriptions")), 1);
    sandbox_clear();
    genesys_again(genesys);
    snapshot = next_snapshot(genesys, now_ms + 61000);
    assert_null(json_text(snapshot, "error"));
    assert_int_equal(json_array_size(json_object_get(snapshot, "subscriptions")), 0);
    genesys_free(genesys);
}

static void test_refused(void **state)
{
    struct client_options client = sandbox_options();
    struct genesys_options options = options_of(&client);
    struct error error = ERROR_INIT;
    struct genesys *genesys;
    const json_t *snapshot;

    (void)state;
    client.credentials[0].secret = "wrong";
    genesys = genesys_new(&options, &error);
    assert_non_null(genesys);
    snapshot = next_snapshot(genesys, 1000000);
    assert_true(json_is_true(json_object_get(snapshot, "refused")));
    assert_true(json_is_null(json_object_get(snapshot, "token_expires_ms")));
    genesys_free(genesys);
}

static void test_other_organization(void **state)
{
    struct client_options client = sandbox_options();
    struct genesys_options options = options_of(&client);
    struct error error = ERROR_INIT;
    struct genesys *genesys;

    (void)state;
    options.organizations[0] = "acme-production";
    genesys = genesys_new(&options, &error);
    assert_non_null(genesys);
    assert_non_null(strstr(json_text(next_snapshot(genesys, 1000000), "error"), "acme-production"));
    assert_int_equal(sandbox_count("GET /api/v2/processautomation"), 0);
    genesys_free(genesys);
}

/* A dashboard that is left in the middle of a reading. */
static void test_left(void **state)
{
    struct client_options client = sandbox_options();
    struct genesys_options options = options_of(&client);
    struct error error = ERROR_INIT;

    (void)state;
    for (int steps = 0; steps < 6; steps++) {
        struct genesys *genesys = genesys_new(&options, &error);
        assert_non_null(genesys);
        for (int i = 0; i < steps; i++)
            genesys_step(genesys, 1000000);
        genesys_free(genesys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_snapshot, reset),
        cmocka_unit_test_setup(test_failure_keeps_the_last, reset),
        cmocka_unit_test_setup(test_refused, reset),
        cmocka_unit_test_setup(test_other_organization, reset),
        cmocka_unit_test_setup(test_left, reset),
    };
    int failed;

    sandbox_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox_stop();
    return failed != 0;
}
