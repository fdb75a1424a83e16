/* Listing, good and bad, against the sandbox. */
#include "tests/unit/test_api_sandbox.h"

static int reset(void **state)
{
    (void)state;
    sandbox_clear();
    return 0;
}

static void seed(enum via via, int count)
{
    json_t *list = json_array(), *body;
    char *text;

    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "seed-%d", i);
        json_array_append_new(
            list, via == VIA_TRIGGER
                      ? json_pack("{s:s,s:s,s:{s:s,s:s}}", "name", name, "topicName", "v2.x",
                                  "target", "type", "Workflow", "id", "w")
                      : json_pack("{s:s,s:[s],s:{s:s}}", "name", name, "eventTypes",
                                  "Interaction.Created", "delivery", "url", "https://x.example"));
    }
    body = json_pack("{s:o}", via == VIA_TRIGGER ? "triggers" : "subscriptions", list);
    text = json_write(body, 0);
    sandbox_do("POST", "/_sandbox/objects", text);
    free(text);
    json_decref(body);
}

static bool list(struct client *client, bool needed, struct remote_listing *listing,
                 struct error *error)
{
    const bool kinds[VIA_COUNT] = {needed, needed};

    *error = ERROR_INIT;
    remote_listing_init(listing);
    return remote_list(client, kinds, listing, error);
}

static void test_identity(void **state)
{
    struct client *client = sandbox_client();
    struct remote_identity identity;
    struct error error = ERROR_INIT;

    (void)state;
    assert_true(remote_identify(client, &identity, &error));
    assert_string_equal(identity.organization, "acme-dev");
    assert_string_equal(identity.client_id, "sandbox-client");
    client_free(client);
}

static void test_list(void **state)
{
    struct client *client = sandbox_client();
    struct remote_listing listing;
    struct error error;

    (void)state;
    seed(VIA_EVENT_STREAMS, 450);
    seed(VIA_TRIGGER, 201);
    assert_true(list(client, true, &listing, &error));
    assert_int_equal(listing.objects.count, 651);
    assert_int_equal(listing.pages, 3 + 2);
    assert_int_equal(listing.repeated, 0);
    assert_string_equal(listing.objects.items[0].name, "seed-0");
    assert_string_equal(listing.objects.items[450].name, "seed-0");
    assert_int_equal(listing.objects.items[450].via, VIA_TRIGGER);
    assert_int_equal(sandbox_count("GET /api"), 5);
    assert_int_equal(sandbox_count("POST /oauth/token"), 1);
    remote_listing_release(&listing);
    client_free(client);
}

static void test_bad_pages(void **state)
{
    static const struct {
        const char *fault;
        size_t objects; /* 0: an error */
        const char *words;
    } cases[] = {
        {"[{\"fault\":\"loop_pages\",\"match\":{\"path\":\"/api\"}}]", 0, "round again"},
        {"[{\"fault\":\"repeat_object\",\"match\":{\"path\":\"/api\"}}]", 20, ""},
        {"[{\"fault\":\"garbage\",\"times\":2,\"match\":{\"path\":\"/api\"}}]", 20, ""},
        {"[{\"fault\":\"garbage\",\"match\":{\"path\":\"/api\"}}]", 0, "no JSON"},
        {"[{\"fault\":\"truncate\",\"times\":2,\"match\":{\"path\":\"/api\"}}]", 20, ""},
        {"[{\"fault\":\"cut_after\",\"times\":2,\"match\":{\"path\":\"/api\"}}]", 20, ""},
        {"[{\"fault\":\"status\",\"status\":503,\"times\":2,\"match\":{\"path\":\"/api\"}}]", 20,
         ""},
        {"[{\"fault\":\"drop_field\",\"field\":\"id\",\"match\":{\"path\":\"/api\"}}]", 0,
         "usable id"},
        {"[{\"fault\":\"set_field\",\"field\":\"name\",\"value\":7,\"match\":{\"path\":\"/api\"}}]",
         0, "has no name"},
        {"[{\"fault\":\"set_field\",\"field\":\"nextUri\",\"value\":\"http://evil.example/api/v2/"
         "x\","
         "\"match\":{\"path\":\"/api\"}}]",
         0, "leads away"},
        {"[{\"fault\":\"status\",\"status\":200,\"body\":\"{\\\"entities\\\":[],\\\"nextUri\\\":"
         "\\\"http://evil.example/api/v2/x\\\"}\",\"match\":{\"path\":\"/api\"}}]",
         0, "leads away"},
        {"[{\"fault\":\"status\",\"status\":200,\"body\":\"[]\",\"match\":{\"path\":\"/api\"}}]", 0,
         "without entities"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client *client = sandbox_client();
        struct remote_listing listing;
        struct error error;
        sandbox_clear();
        seed(VIA_TRIGGER, 20);
        sandbox_do("PUT", "/_sandbox/settings", "{\"page_size_max\":7}");
        sandbox_do("PUT", "/_sandbox/faults", cases[i].fault);
        bool ok = list(client, true, &listing, &error);
        if (ok != (cases[i].objects > 0) || !strstr(error.text, cases[i].words))
            print_error("%s: %s\n", cases[i].fault, error.text);
        assert_int_equal(ok, cases[i].objects > 0);
        assert_non_null(strstr(error.text, cases[i].words));
        if (ok)
            assert_int_equal(listing.objects.count, cases[i].objects);
        else
            assert_non_null(strstr(error.text, "correlation id"));
        if (strstr(cases[i].fault, "repeat_object"))
            assert_int_equal(listing.repeated, 2);
        remote_listing_release(&listing);
        client_free(client);
    }
}

static void test_forbidden(void **state)
{
    struct client *client = sandbox_client();
    struct remote_listing listing;
    struct error error;

    (void)state;
    seed(VIA_TRIGGER, 3);
    sandbox_do("PUT", "/_sandbox/settings", "{\"deny\":[\"eventstreams:subscriptions:edit\"]}");
    assert_true(list(client, false, &listing, &error));
    assert_int_equal(listing.listed[VIA_EVENT_STREAMS], REMOTE_FORBIDDEN);
    assert_int_equal(listing.listed[VIA_TRIGGER], REMOTE_LISTED);
    assert_int_equal(listing.objects.count, 3);
    assert_non_null(strstr(listing.why[VIA_EVENT_STREAMS].text, "eventstreams:subscriptions:edit"));
    remote_listing_release(&listing);
    assert_false(list(client, true, &listing, &error));
    assert_int_equal(error.code, ERROR_AUTH);
    assert_non_null(strstr(error.text, "correlation id c0"));
    remote_listing_release(&listing);
    sandbox_do("PUT", "/_sandbox/settings", "{\"deny\":[]}");
    sandbox_do("PUT", "/_sandbox/faults",
               "{\"fault\":\"status\",\"status\":404,\"match\":{\"path\":\"" EVENT_STREAMS "\"}}");
    assert_true(list(client, false, &listing, &error));
    assert_int_equal(listing.listed[VIA_EVENT_STREAMS], REMOTE_ABSENT);
    remote_listing_release(&listing);
    client_free(client);
}

static void test_topics(void **state)
{
    static const char *const topics[] = {"v2.detail.events.conversation.{id}.acd.end",
                                         "v2.nonsense", "v2.other"};
    struct client *client = sandbox_client();
    struct error error = ERROR_INIT;
    struct buf unknown;

    (void)state;
    buf_init(&unknown, 4096);
    assert_true(remote_check_topics(client, topics, 3, &unknown, &error));
    assert_string_equal(buf_text(&unknown), "v2.nonsense, v2.other");
    buf_release(&unknown);
    client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_identity, reset),
        cmocka_unit_test_setup(test_list, reset),
        cmocka_unit_test_setup(test_bad_pages, reset),
        cmocka_unit_test_setup(test_forbidden, reset),
        cmocka_unit_test_setup(test_topics, reset),
    };
    int failed;

    sandbox_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sandbox_stop();
    return failed != 0;
}
