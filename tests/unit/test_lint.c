/* The lint rules: each found where it should be, silent where not, and switched off by its id. */
#include "core/event.h"
#include "tests/unit/findings.h"

#include <stdio.h>

#define WORKFLOW "3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10"
#define TOPIC    "v2.detail.events.conversation.{id}."
#define BATCHED  "delivery: {url: 'https://h.example.com/e', batching: {mode: batched}}"

/* One subscription in braces; what is given stands from column 33. */
#define ONE(rest)     HEAD "subscriptions:\n  a: {version: 1, description: d, " rest "}\n"
#define STREAM(rest)  ONE("events: [Interaction.Created], " rest)
#define TRIGGER(rest) ONE("via: trigger, target: {workflow: " WORKFLOW "}, " rest)
#define WITH_URL(url)                                                                              \
    HEAD "defaults: {delivery: {batching: {mode: batched}, url: '" url "'}}\n"                     \
         "subscriptions:\n"                                                                        \
         "  a: {version: 1, description: d, events: [Interaction.Created]}\n"                      \
         "  b: {version: 1, description: d, events: [Interaction.Closed]}\n"
#define FILTER_OF_STREAM(filter)                                                                   \
    HEAD "subscriptions:\n  a:\n    version: 1\n    description: d\n"                              \
         "    events: [Interaction.Created]\n    " BATCHED "\n    filter:\n" filter
#define FILTER_OF_TRIGGER(filter)                                                                  \
    HEAD "subscriptions:\n  a:\n    version: 1\n    description: d\n    via: trigger\n"            \
         "    target: {workflow: " WORKFLOW "}\n    events: ['" TOPIC "acd.end']\n"                \
         "    filter:\n" filter

static void events_and_delivery(void **state)
{
    static const struct finding_case cases[] = {
        {STREAM(BATCHED), ""},
        {ONE("events: ['*'], " BATCHED), "catch-all@4:44"},
        {ONE("events: ['Interaction.*'], " BATCHED), "catch-all@4:44"},
        {STREAM("delivery: {url: 'https://h.example.com/e'}"), "immediate-high-volume@4:44"},
        {ONE("events: [Interaction.Abandoned], delivery: {url: 'https://h.example.com/e'}"), ""},
        {TRIGGER("events: ['" TOPIC "acd.end']"), "busy-topic-without-filter@4:116"},
        {TRIGGER("events: [Interaction.Confirmed]"), ""},
        {TRIGGER("events: ['" TOPIC "acw', 'v2.users.{id}.activity']"), "unknown-topic@4:158"},
        {TRIGGER("events: [Interaction.Confirmed], ttl: 10s, delay: 60s"), "ttl-and-delay@4:3"},
        {STREAM(
             "delivery: {url: 'https://h.example.com', batching: {mode: batched, window: 20ms}}"),
         "window-range@4:3"},
        {STREAM("delivery: {url: 'https://h.example.com', batching: {mode: batched, size: 1}}"),
         "window-range@4:3"},
        {STREAM("delivery: {url: 'https://h.example.com', batching: {mode: batched, window: 30s}}"),
         "window-range@4:3"},
        {HEAD "subscriptions:\n  a: {version: 1, events: [Interaction.Created], " BATCHED "}\n",
         "missing-description@4:3"},
    };

    (void)state;
    CHECK_FINDINGS(cases);
}

static void urls(void **state)
{
    static const struct finding_case cases[] = {
        {WITH_URL("http://h.example.com/"), "insecure-url@3:55"}, /* once for both */
        {WITH_URL("https://localhost:8443/"), "insecure-url@3:55"},
        {WITH_URL("https://10.1.2.3/"), "unreachable-url@3:55"},
        {WITH_URL("https://172.20.1.1/"), "unreachable-url@3:55"},
        {WITH_URL("https://172.32.1.1/"), ""},
        {WITH_URL("https://[fd00::1]/"), "unreachable-url@3:55"},
        {WITH_URL("https://ingest/"), "unreachable-url@3:55"},
        {WITH_URL("https://u:p@h.example.com/"), "url-userinfo@3:55"},
        {WITH_URL("https://h.example.com/?a=1&API_KEY=x"), "url-query-secret@3:55"},
        {WITH_URL("https://h.example.com/token?a=token"), ""},
        {WITH_URL("https://h.example.com/#?token=x"), ""},
    };

    (void)state;
    CHECK_FINDINGS(cases);
}

static void a_sandbox_may_be_anywhere(void **state)
{
    static const char text[] = WITH_URL("http://127.0.0.1:8080/");
    struct manifest_text texts = {"m.yaml", text, sizeof(text) - 1};
    struct manifest_options options = {.texts = &texts, .text_count = 1, .sandbox = true};
    struct reading_of_text reading;

    (void)state;
    manifest_init(&reading.manifest);
    diag_list_init(&reading.diags);
    buf_init(&reading.findings, 1);
    assert_true(manifest_read(&reading.manifest, &options, &reading.diags));
    assert_int_equal(reading.diags.count, 0);
    release_reading(&reading);
}

static void fields_and_values(void **state)
{
    static const struct finding_case cases[] = {
        {FILTER_OF_STREAM("      - {field: mediaType, op: eq, value: voice}\n"),
         "unknown-field@10:9"},
        {FILTER_OF_STREAM("      - {field: direction, op: in, value: [INBOUND]}\n"),
         "value-case@10:9"},
        {FILTER_OF_STREAM("      - {field: status, op: size, value: 2}\n"), "residual-filter@10:9"},
        {FILTER_OF_STREAM("      - {field: status, op: ne, value: abandoned}\n"
                          "      - {field: status, op: ne, value: abandoned}\n"),
         "duplicate-criterion@11:9"},
        {FILTER_OF_TRIGGER("      - {field: interactionType, op: eq, value: voice}\n"),
         "unknown-field@11:9"},
        {FILTER_OF_TRIGGER("      - {field: mediaType, op: eq, value: voice}\n"),
         "value-case@11:9"},
        {FILTER_OF_TRIGGER("      - {field: acdOutcome, op: eq, value: FLOW_OUT}\n"
                           "      - {field: requestedRoutings, op: all, value: [LAST]}\n"),
         ""},
    };

    (void)state;
    CHECK_FINDINGS(cases);
}

#define TWO(first, second)                                                                         \
    "      - {field: connectedDurationMs, " first "}\n"                                            \
    "      - {field: connectedDurationMs, " second "}\n"

static void criteria_that_never_hold_together(void **state)
{
    static const struct {
        const char *first, *second;
        bool never;
    } cases[] = {
        {"op: eq, value: 1", "op: eq, value: 2", true},
        {"op: eq, value: 1", "op: ne, value: 1", true},
        {"op: ne, value: 1", "op: ne, value: 2", false},
        {"op: eq, value: 1", "op: in, value: [2, 3]", true},
        {"op: eq, value: 2", "op: in, value: [2, 3]", false},
        {"op: not_in, value: [1, 2]", "op: eq, value: 1", true},
        {"op: in, value: [1]", "op: in, value: [2]", true},
        {"op: in, value: [1, 2]", "op: not_in, value: [1, 2, 3]", true},
        {"op: in, value: [1]", "op: ne, value: 1", true},
        {"op: in, value: [1, 2]", "op: ne, value: 1", false},
        {"op: gt, value: 5", "op: lt, value: 5", true},
        {"op: ge, value: 5", "op: le, value: 5", false},
        {"op: ge, value: 5", "op: lt, value: 5", true},
        {"op: lt, value: 5", "op: gt, value: 4", false},
        {"op: lt, value: 4", "op: gt, value: 5", true},
        {"op: gt, value: 5", "op: eq, value: 5", true},
        {"op: ge, value: 5", "op: eq, value: 5", false},
        {"op: gt, value: 'a'", "op: lt, value: 'A'",
         false}, /* texts: the source's order is its own */
        {"op: exists, value: false", "op: gt, value: 1", true},
        {"op: exists, value: false", "op: ne, value: 1", false},
        {"op: exists", "op: exists, value: false", true},
        {"op: size, value: 1", "op: size, value: 2", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[2048];
        struct finding_case one = {text, cases[i].never ? "contradiction@12:9" : ""};
        snprintf(text, sizeof(text), FILTER_OF_TRIGGER(TWO("%s", "%s")), cases[i].first,
                 cases[i].second);
        check_findings(&one, 1);
    }
}

static void what_an_events_mapping_adds_counts_too(void **state)
{
    static const struct finding_case cases[] = {
        {TRIGGER("events: [Interaction.Confirmed], "
                 "filter: [{field: acdOutcome, op: eq, value: ABANDON}]"),
         "contradiction@4:149"},
    };

    (void)state;
    CHECK_FINDINGS(cases);
}

static void subscriptions_that_overlap(void **state)
{
#define LINE(name, rest) "  " name ": {version: 1, description: d, " rest "}\n"
#define F1               "{field: status, op: ne, value: x}"
#define F2               "{field: direction, op: eq, value: inbound}"
#define CREATED          "events: [Interaction.Created], " BATCHED ", "
    static const struct finding_case cases[] = {
        {HEAD "subscriptions:\n" LINE("a", CREATED "filter: [" F1 ", " F2 "]")
             LINE("b", CREATED "filter: [" F2 ", " F1 "]"),
         "overlapping-subscriptions@5:3"},
        {HEAD "subscriptions:\n" LINE("a", CREATED "filter: [" F1 "]")
             LINE("b", CREATED "filter: [" F2 "]"),
         ""},
        {HEAD "subscriptions:\n" LINE("a", CREATED "enabled: false") LINE("b", CREATED), ""},
        {HEAD "subscriptions:\n" LINE("a", CREATED)
             LINE("b", "events: [Interaction.Created], delivery: {url: 'https://h.example.com/f', "
                       "batching: {mode: batched}}"),
         ""},
        {HEAD "defaults: {via: trigger, target: {workflow: " WORKFLOW "}}\nsubscriptions:\n" LINE(
             "a", "events: [Interaction.Created], filter: [{field: ani, op: exists}]")
             LINE("b", "events: ['" TOPIC "customer.start'], filter: [{field: ani, op: exists}]")
                 LINE("c", "events: [Interaction.Confirmed], filter: [{field: ani, op: exists}]")
                     LINE("d", "events: ['" TOPIC "acd.end'], filter: [{field: ani, op: exists}]"),
         "overlapping-subscriptions@6:3"},
    };

    (void)state;
    CHECK_FINDINGS(cases);
}

static void a_description_leaves_room_for_the_mark(void **state)
{
    char text[2048], description[601];
    struct finding_case one = {text, "description-too-long@4:3"};

    (void)state;
    memset(description, 'x', sizeof(description));
    description[500] = '\0';
    snprintf(text, sizeof(text),
             HEAD "subscriptions:\n  a: {version: 1, description: %s, "
                  "events: [Interaction.Created], " BATCHED "}\n",
             description);
    check_findings(&one, 1);
}

static void a_rule_is_switched_off_by_its_id(void **state)
{
    static const char *const off[] = {"missing-description", NULL};
    static const struct finding_case cases[] = {
        {"lint: {disable: [catch-all, window-range]}\n" ONE("events: ['*'], " BATCHED), ""},
        {"lint: {disable: [window-range]}\n" ONE("events: ['*'], " BATCHED), "catch-all@5:44"},
    };
    static const char text[] =
        HEAD "subscriptions:\n  a: {version: 1, events: [Interaction.Created], " BATCHED "}\n";
    struct manifest_text texts = {"m.yaml", text, sizeof(text) - 1};
    struct manifest_options options = {.texts = &texts, .text_count = 1};
    struct reading_of_text reading;

    (void)state;
    CHECK_FINDINGS(cases);
    manifest_init(&reading.manifest);
    diag_list_init(&reading.diags);
    buf_init(&reading.findings, 1);
    reading.diags.disabled = off;
    assert_true(manifest_read(&reading.manifest, &options, &reading.diags));
    assert_int_equal(reading.diags.count, 0);
    assert_ptr_equal(reading.diags.disabled, off);
    release_reading(&reading);
}

static void the_table_of_events_fits_together(void **state)
{
    (void)state;
    for (const struct event *event = event_table; event->name; event++) {
        assert_ptr_equal(event_find(event->name), event);
        assert_false(event_is_catch_all(event->name));
        if (!event->topic)
            continue;
        assert_true(event_is_topic(event->topic));
        const struct event *topic = event_find(event->topic);
        assert_non_null(topic);
        assert_string_equal(topic->topic, topic->name);
        bool found = !event->adds.field;
        for (const char *const *field = topic->fields; *field && !found; field++)
            found = strcmp(*field, event->adds.field) == 0;
        assert_true(found);
    }
    assert_true(event_is_catch_all("*") && event_is_catch_all("Interaction.*"));
    assert_false(event_is_topic("v2.x"));
    assert_false(event_is_topic("v2.a.{b"));
    assert_false(event_is_topic("v2.a..b"));
    assert_true(event_is_topic("v2.users.{id}.activity"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_and_delivery),
        cmocka_unit_test(urls),
        cmocka_unit_test(a_sandbox_may_be_anywhere),
        cmocka_unit_test(fields_and_values),
        cmocka_unit_test(criteria_that_never_hold_together),
        cmocka_unit_test(what_an_events_mapping_adds_counts_too),
        cmocka_unit_test(subscriptions_that_overlap),
        cmocka_unit_test(a_description_leaves_room_for_the_mark),
        cmocka_unit_test(a_rule_is_switched_off_by_its_id),
        cmocka_unit_test(the_table_of_events_fits_together),
    };

    return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
