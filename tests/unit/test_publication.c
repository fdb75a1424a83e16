/* What an ingest service is told: whose entries are, what differs, what stays. */
#include "core/json.h"
#include "core/public_key.h"
#include "core/publication.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static const char pem_one[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MCowBQYDK2VwAyEAJdMbG3JG0zq1Of6RJgtVhZWBpSAL8cnE2Y0PH78QqJQ=\n"
                              "-----END PUBLIC KEY-----\n";
static const char id_one[] = "9fd4b83fdd3217b0"; /* openssl pkey -pubin -outform DER | sha256sum */

/* A manifest of two subscriptions, and what is at the service. */
struct world {
    struct subscription subscriptions[2];
    struct manifest_event event;
    struct criterion criteria[2];
    struct manifest manifest;
    struct object_list desired, live;
    struct plan plan;
    struct plan_change changes[2];
    struct publication publication;
    json_t *wish;
    bool incomplete;
};

static void make_subscription(struct world *world, size_t i, const char *name)
{
    world->subscriptions[i] = (struct subscription){.name = name,
                                                    .version = 1,
                                                    .via = VIA_EVENT_STREAMS,
                                                    .description = "text",
                                                    .events = &world->event,
                                                    .event_count = 1,
                                                    .enabled = true,
                                                    .url = "https://example.com/in"};
}

static int setup(void **state)
{
    static struct world world;
    struct error error = ERROR_INIT;

    world = (struct world){.event = {.name = "Interaction.Closed"}};
    world.criteria[0] = (struct criterion){"queue", FILTER_EQ, "\"q\"", {0}};
    world.criteria[1] = (struct criterion){"skills", FILTER_ALL, "[\"b\",\"a\"]", {0}};
    make_subscription(&world, 0, "calls");
    make_subscription(&world, 1, "mails");
    world.subscriptions[0].filter = world.criteria;
    world.subscriptions[0].filter_count = 2;
    world.manifest = (struct manifest){.organization = "acme",
                                       .owner = "",
                                       .subscriptions = world.subscriptions,
                                       .subscription_count = 2};
    world.plan.changes = world.changes;
    object_list_init(&world.desired);
    object_list_init(&world.live);
    publication_init(&world.publication);
    assert_true(object_list_desire(&world.desired, &world.manifest, &error));
    world.wish = publication_wish(&world.desired, NULL);
    assert_non_null(world.wish);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    publication_release(&world->publication);
    json_decref(world->wish);
    object_list_release(&world->desired);
    object_list_release(&world->live);
    return 0;
}

/* The i-th desired object is at the service. */
static struct object *world_create(struct world *world, size_t i, const char *id, const char *pem)
{
    struct object object;

    assert_true(object_copy(&object, &world->desired.items[i]));
    object.id = strdup(id);
    object.public_key = pem ? strdup(pem) : NULL;
    assert_true(object.id && object_list_add(&world->live, &object));
    return &world->live.items[world->live.count - 1];
}

/* Compares with the document, whose ' are ". */
static void world_compare(struct world *world, const char *document)
{
    const struct publication_input input = {.wish = world->wish,
                                            .live = &world->live,
                                            .complete = !world->incomplete,
                                            .plan = &world->plan,
                                            .organization_id = "org-1",
                                            .owner = "billing"};
    struct error error = ERROR_INIT;
    char text[4096];
    json_t *json;

    snprintf(text, sizeof(text), "%s", document);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json = json_read_text(text);
    publication_release(&world->publication);
    if (!publication_make(&world->publication, json, &input, &error))
        fail_msg("%s", error.text);
    json_decref(json);
}

static void assert_entry(const struct world *world, size_t i, const char *wanted)
{
    char *text = json_canonical(json_array_get(world->publication.entries, i));

    for (char *c = text; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    assert_string_equal(text, wanted);
    free(text);
}

#define EMPTY "{'subscriptions': []}"
#define CALLS                                                                                      \
    "{'filter':[{'field':'skills','op':'all','value':['a','b']}],'id':'sub-1','keys':[],"          \
    "'name':'calls','owner':'org-1/billing/calls','version':1}"
#define MAILS                                                                                      \
    "{'filter':[],'id':'sub-2','keys':[],'name':'mails','owner':'org-1/billing/"                   \
    "mails','version':1}"

/* -- what is there and what is not ---------------------------------------------------------------
 */

static void test_not_created(void **state)
{
    struct world *world = *state;

    world_compare(world, EMPTY);
    assert_int_equal(world->publication.count, 2);
    assert_int_equal(world->publication.changes[0].action, PUBLICATION_ADD);
    assert_string_equal(world->publication.changes[0].name, "calls");
    assert_null(world->publication.changes[0].id);
    assert_int_equal(json_array_size(world->publication.entries), 0);
}

static void test_created(void **state)
{
    struct world *world = *state;

    world_create(world, 0, "sub-1", NULL);
    world_create(world, 1, "sub-2", NULL);
    world_compare(world, EMPTY);
    assert_int_equal(world->publication.count, 2);
    assert_string_equal(world->publication.changes[1].id, "sub-2");
    assert_entry(world, 0, CALLS);
    assert_entry(world, 1, MAILS);
    world_compare(world, "{'subscriptions': [" MAILS "," CALLS "]}");
    assert_int_equal(world->publication.count, 0);
    assert_int_equal(world->publication.unchanged, 2);
    assert_entry(world, 0, MAILS); /* each keeps its place */
}

static void test_differs(void **state)
{
    struct world *world = *state;
    const struct publication_change *change = world->publication.changes;

    world_create(world, 0, "sub-1", NULL);
    world_create(world, 1, "sub-2", NULL);
    world_compare(world, "{'subscriptions': [" MAILS ", {'id': 'sub-1', 'name': 'calls', "
                         "'version': 2, 'sink': 'crm', 'owner': 'org-1/billing/calls', "
                         "'filter': [{'field': 'skills', 'op': 'all', 'value': ['a']}]}]}");
    change = world->publication.changes;
    assert_int_equal(world->publication.count, 1);
    assert_int_equal(change->action, PUBLICATION_UPDATE);
    assert_false(change->differs[PUBLICATION_NAME]);
    assert_true(change->differs[PUBLICATION_VERSION]);
    assert_false(change->differs[PUBLICATION_OWNER]);
    assert_true(change->differs[PUBLICATION_FILTER]);
    assert_false(change->differs[PUBLICATION_KEYS_FIELD]);
    assert_string_equal(json_text(change->after, "sink"), "crm");
}

/* Criteria must all hold: their order means nothing. */
static void test_order_of_criteria(void **state)
{
    struct world *world = *state;
    static struct criterion more[2] = {{"a", FILTER_SIZE, "1", {0}}, {"b", FILTER_SIZE, "2", {0}}};

    world->subscriptions[1].filter = more;
    world->subscriptions[1].filter_count = 2;
    json_decref(world->wish);
    world->wish = publication_wish(&world->desired, (const char *const[]){"mails", NULL});
    world_create(world, 1, "sub-2", NULL);
    world_compare(world, "{'subscriptions': [{'id': 'sub-2', 'name': 'mails', 'version': 1, "
                         "'owner': 'org-1/billing/mails', 'filter': "
                         "[{'field': 'b', 'op': 'size', 'value': 2},"
                         " {'value': 1, 'op': 'size', 'field': 'a'}]}]}");
    assert_int_equal(world->publication.count, 0);
}

/* -- whose it is ---------------------------------------------------------------------------------
 */

#define GONE(owner) "{'subscriptions': [{'id': 'sub-9', 'name': 'old', 'owner': '" owner "'}]}"

static void test_withdrawn(void **state)
{
    struct world *world = *state;
    static const char *const kept[] = {GONE("org-1/other/old"), GONE("org-2/billing/old"),
                                       GONE("org-1/billing"), GONE(""),
                                       "{'subscriptions': [{'id': 'sub-9', 'name': 'calls'}]}"};

    world_compare(world, GONE("org-1/billing/old"));
    assert_int_equal(world->publication.count, 3);
    assert_int_equal(world->publication.changes[2].action, PUBLICATION_WITHDRAW);
    assert_int_equal(world->publication.kept, 0);
    assert_int_equal(json_array_size(world->publication.entries), 0);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        world_compare(world, kept[i]);
        assert_int_equal(world->publication.count, 2);
        assert_int_equal(world->publication.kept, 1);
        assert_int_equal(json_array_size(world->publication.entries), 1);
    }
}

/* Only what is known not to be there is withdrawn: not an orphan, nor what could not be listed. */
static void test_still_there(void **state)
{
    struct world *world = *state;
    struct object *orphan = world_create(world, 1, "sub-9", NULL);

    free(orphan->name);
    orphan->name = strdup("old@v1");
    world_compare(world, GONE("org-1/billing/old"));
    assert_int_equal(world->publication.kept, 1);
    free(orphan->id);
    orphan->id = strdup("sub-8");
    world->incomplete = true;
    world_compare(world, GONE("org-1/billing/old"));
    assert_int_equal(world->publication.kept, 1);
    world->incomplete = false;
    world_compare(world, GONE("org-1/billing/old"));
    assert_int_equal(world->publication.kept, 0);
}

/* What the plan deletes or replaces goes whoever published it; what it renames is found. */
static void test_of_the_plan(void **state)
{
    struct world *world = *state;
    struct object *live = world_create(world, 0, "sub-1", NULL);

    free(live->name);
    live->name = strdup("renamed behind our back");
    world->plan.count = 1;
    world->changes[0] = (struct plan_change){
        .action = PLAN_UPDATE, .before = live, .after = &world->desired.items[0]};
    world_compare(world, "{'subscriptions': [" CALLS "]}");
    assert_int_equal(world->publication.unchanged, 1);
    world->changes[0].action = PLAN_REPLACE;
    world_compare(world, "{'subscriptions': [{'id': 'sub-1', 'name': 'calls', 'version': 1}]}");
    assert_int_equal(world->publication.count, 3);
    assert_int_equal(world->publication.changes[0].action, PUBLICATION_ADD);
    assert_null(world->publication.changes[0].id);
    assert_int_equal(world->publication.changes[2].action, PUBLICATION_WITHDRAW);
}

static void test_targets(void **state)
{
    struct world *world = *state;

    json_decref(world->wish);
    world->wish = publication_wish(&world->desired, (const char *const[]){"mails", NULL});
    world_compare(world, GONE("org-1/billing/old"));
    assert_int_equal(world->publication.count, 1);
    assert_string_equal(world->publication.changes[0].name, "mails");
    assert_int_equal(world->publication.kept, 1);
    world_compare(world, GONE("org-1/billing/mails"));
    assert_int_equal(world->publication.count, 2);
}

/* -- keys ----------------------------------------------------------------------------------------
 */

static void assert_keys(struct world *world, const char *keys, const char *wanted)
{
    char document[1024];
    json_t *value;
    char *text;

    snprintf(document, sizeof(document),
             "{'subscriptions': [{'id': 'sub-1', 'name': 'calls', 'version': 1, 'keys': %s}]}",
             keys);
    world_compare(world, document);
    value =
        publication_value(json_array_get(world->publication.entries, 0), PUBLICATION_KEYS_FIELD);
    text = json_canonical(value);
    for (char *c = text; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    assert_string_equal(text, wanted);
    assert_int_equal(world->publication.changes[0].differs[PUBLICATION_KEYS_FIELD],
                     strcmp(keys, wanted) != 0 && !strstr(keys, "same"));
    free(text);
    json_decref(value);
}

static void test_keys(void **state)
{
    struct world *world = *state;

    world_create(world, 0, "sub-1", pem_one);
    assert_keys(world, "[]", "['9fd4b83fdd3217b0']");
    assert_keys(world, "[{'id':'a','pem':'A'}]", "['9fd4b83fdd3217b0','a']");
    assert_keys(world, "[{'id':'b','pem':'B'},{'id':'a','pem':'A'}]", "['9fd4b83fdd3217b0','b']");
    /* what could not be a key is not kept, and one under our id must be ours */
    assert_keys(world, "[3,{'id':'a'},{'pem':'A'}]", "['9fd4b83fdd3217b0']");
    assert_keys(world, "[{'id':'9fd4b83fdd3217b0','pem':'forged'}]", "['9fd4b83fdd3217b0']");
    assert_string_equal(
        json_text(json_array_get(
                      json_object_get(json_array_get(world->publication.entries, 0), "keys"), 0),
                  "pem"),
        pem_one);
}

/* The same key in another layout is no change; nor is one that waits behind it. */
static void test_same_key(void **state)
{
    struct world *world = *state;

    world_create(world, 0, "sub-1", pem_one);
    assert_keys(world,
                "[{'id':'9fd4b83fdd3217b0','pem':'same\\n-----BEGIN PUBLIC KEY-----\\n"
                "MCowBQYDK2VwAyEAJdMbG3JG0zq1Of6RJgtV\\nhZWBpSAL8cnE2Y0PH78QqJQ=\\n"
                "-----END PUBLIC KEY-----\\n'},{'id':'a','pem':'A'}]",
                "['9fd4b83fdd3217b0','a']");
}

/* Where the service tells no key, those that are there stay. */
static void test_no_key(void **state)
{
    struct world *world = *state;

    world_create(world, 0, "sub-1", NULL);
    assert_keys(world, "[{'id':'same','pem':'A'}]", "['same']");
}

static void test_key_ids(void **state)
{
    char id[PUBLIC_KEY_ID + 1], other[PUBLIC_KEY_ID + 1];

    (void)state;
    assert_true(public_key_id(pem_one, id));
    assert_string_equal(id, id_one);
    assert_true(public_key_id("no key at all", id) && public_key_id("", other));
    assert_string_not_equal(id, other);
}

/* -- documents from outside ----------------------------------------------------------------------
 */

static void test_unreadable(void **state)
{
    struct world *world = *state;
    const struct publication_input input = {.wish = world->wish,
                                            .live = &world->live,
                                            .plan = &world->plan,
                                            .organization_id = "org-1",
                                            .owner = ""};
    static const char *const documents[] = {
        "[]",
        "{}",
        "{\"subscriptions\": {}}",
        "{\"subscriptions\": [3]}",
        "{\"subscriptions\": [{\"id\": 3}]}",
        "{\"subscriptions\": [{\"id\": \"a\"}, {\"id\": \"a\"}]}"};

    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        json_t *document = json_read_text(documents[i]);
        struct error error = ERROR_INIT;
        assert_false(publication_make(&world->publication, document, &input, &error));
        assert_int_equal(error.code, ERROR_FAILED);
        assert_int_equal(world->publication.count, 0);
        json_decref(document);
    }
}

static void test_wish_from_outside(void **state)
{
    struct world *world = *state;
    static const char *const wrong[] = {
        "{}",
        "{\"entries\": 3}",
        "{\"entries\": [{}]}",
        "{\"entries\": [], \"targets\": 3}",
        "{\"entries\": [], \"targets\": [3]}",
        "{\"entries\": [{\"object\": \"a\", \"via\": \"pigeon\", \"name\": \"a\", \"version\": 1, "
        "\"filter\": []}]}"};

    assert_true(publication_wish_fits(world->wish));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        json_t *wish = json_read_text(wrong[i]);
        assert_false(publication_wish_fits(wish));
        json_decref(wish);
    }
    assert_false(publication_wish_fits(NULL));
}

/* The state is of the entries alone, however the document is laid out. */
static void test_state(void **state)
{
    static const char *const same[] = {
        "{\"subscriptions\": [{\"id\": \"a\", \"name\": \"b\"}]}",
        "{\"by\":\"x\",\"subscriptions\":[{\"name\":\"b\",\"id\":\"a\"}]}"};
    char states[3][PUBLICATION_STATE + 1];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *document = json_read_text(same[i]);
        assert_true(publication_state(document, states[i]));
        json_decref(document);
    }
    assert_string_equal(states[0], states[1]);
    assert_true(publication_state(NULL, states[2])); /* nothing was published yet */
    assert_string_not_equal(states[0], states[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_not_created), UNIT(test_created),
        UNIT(test_differs),     UNIT(test_order_of_criteria),
        UNIT(test_withdrawn),   UNIT(test_still_there),
        UNIT(test_of_the_plan), UNIT(test_targets),
        UNIT(test_keys),        UNIT(test_same_key),
        UNIT(test_no_key),      UNIT(test_key_ids),
        UNIT(test_unreadable),  UNIT(test_wish_from_outside),
        UNIT(test_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
