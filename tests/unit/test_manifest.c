/* Manifests: what is read, what is merged, what is refused. */
#include "core/keys.h"
#include "tests/unit/findings.h"

#include <regex.h>
#include <stdio.h>
#include <unistd.h>

#define WORKFLOW "3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10"
#define URL      "    delivery: {url: 'https://h.example.com/e', batching: {mode: batched}}\n"
#define STREAM   "    version: 1\n    description: d\n    events: [Interaction.Created]\n"
#define TOPIC    "v2.detail.events.conversation.{id}."
#define TRIGGER                                                                                    \
    "    version: 1\n    description: d\n    via: trigger\n    target: {workflow: " WORKFLOW "}\n"

/* One subscription, whose first key stands on line 5. */
#define ONE(body) HEAD "subscriptions:\n  a:\n" body

static struct reading_of_text reading;

static int setup(void **state)
{
    (void)state;
    memset(&reading, 0, sizeof(reading));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    release_reading(&reading);
    return 0;
}

static const struct subscription *read_good(const char *text)
{
    read_text(&reading, text);
    assert_string_equal(buf_text(&reading.findings), "");
    assert_true(reading.ok);
    return reading.manifest.subscriptions;
}

static void a_subscription_has_all_that_it_says(void **state)
{
    const struct subscription *a =
        read_good(HEAD "owner: team-a\nsubscriptions:\n"
                       "  a:\n    version: 7\n    description: \"d \\u00e9\"\n"
                       "    events: [Interaction.Created, Interaction.Closed]\n"
                       "    filter:\n      - {field: status, op: ne, value: closed}\n"
                       "      - {field: direction, op: in, value: [inbound, 5, true, 1.50, '5']}\n"
                       "    enabled: false\n    protect: true\n"
                       "    delivery:\n      url: https://h.example.com/e\n"
                       "      batching: {mode: batched, window: 1s, size: 20}\n");

    (void)state;
    assert_string_equal(reading.manifest.organization, "acme-dev");
    assert_string_equal(reading.manifest.owner, "team-a");
    assert_int_equal(strlen(reading.manifest.hash), DIGEST_HEX);
    assert_string_equal(a->name, "a");
    assert_int_equal(a->place.line, 5);
    assert_int_equal(a->version, 7);
    assert_int_equal(a->via, VIA_EVENT_STREAMS);
    assert_string_equal(a->description, "d é");
    assert_int_equal(a->event_count, 2);
    assert_string_equal(a->events[1].name, "Interaction.Closed");
    assert_int_equal(a->filter_count, 2);
    assert_string_equal(a->filter[0].value, "\"closed\"");
    assert_int_equal(a->filter[1].op, FILTER_IN);
    assert_string_equal(a->filter[1].value, "[\"inbound\",5,true,1.5,\"5\"]");
    assert_true(!a->enabled && a->protect && a->batched);
    assert_string_equal(a->url, "https://h.example.com/e");
    assert_int_equal(a->url_place.line, 15);
    assert_int_equal(a->window_ms, 1000);
    assert_int_equal(a->size, 20);
}

static void a_trigger_has_all_that_it_says(void **state)
{
    const struct subscription *a =
        read_good(ONE(TRIGGER "    events: [Interaction.Transferred, '" TOPIC "wrapup']\n"
                              "    ttl: 1m\n    filter: [{field: mediaType, op: exists}]\n"));

    (void)state;
    assert_int_equal(a->via, VIA_TRIGGER);
    assert_string_equal(a->workflow, WORKFLOW);
    assert_string_equal(a->data_format, "TopLevelPrimitives");
    assert_int_equal(a->ttl_s, 60);
    assert_int_equal(a->delay_s, 0);
    assert_string_equal(a->filter[0].value, "true");
    assert_null(a->url);
}

static void what_is_not_told_has_its_default(void **state)
{
    const struct subscription *a =
        read_good(HEAD "lint: {disable: [missing-description]}\nsubscriptions:\n"
                       "  a: {version: 1, events: [Interaction.Transferred], "
                       "delivery: {url: 'https://h.example.com/e'}}\n"
                       "  b: {version: 1, events: [Interaction.Created], "
                       "delivery: {url: 'https://h.example.com/e', batching: {mode: batched}}}\n");

    (void)state;
    assert_true(a[0].enabled && !a[0].protect && !a[0].batched);
    assert_string_equal(a[0].description, "");
    assert_true(a[1].batched);
    assert_int_equal(a[1].window_ms, 100);
    assert_int_equal(a[1].size, 50);
}

static void defaults_reach_the_kinds_that_have_the_key(void **state)
{
    const struct subscription *a = read_good(
        HEAD "defaults:\n  enabled: false\n  ttl: 10s\n  target: {workflow: " WORKFLOW "}\n"
             "  delivery: {url: 'https://h.example.com/e', batching: {mode: batched, size: 9}}\n"
             "subscriptions:\n"
             "  a: {version: 1, description: d, events: [Interaction.Closed],"
             " delivery: {batching: {size: 8}}}\n"
             "  b: {version: 1, description: d, via: trigger, events: [Interaction.Confirmed],"
             " enabled: true, target: {dataFormat: Json}}\n");

    (void)state;
    assert_true(!a[0].enabled && a[0].batched);
    assert_int_equal(a[0].size, 8);
    assert_int_equal(a[0].url_place.line, 7);
    assert_int_equal(a[0].ttl_s, 0);
    assert_true(a[1].enabled && !a[1].batched);
    assert_string_equal(a[1].workflow, WORKFLOW);
    assert_string_equal(a[1].data_format, "Json");
    assert_int_equal(a[1].ttl_s, 10);
    assert_null(a[1].url);
}

static void variables_are_filled_in_and_cannot_become_structure(void **state)
{
    const struct subscription *a = read_good(
        HEAD "variables: [INGEST_URL, FIVE, HASH]\nsubscriptions:\n  a:\n    version: ${FIVE}\n"
             "    description: a ${HASH} $${FIVE} $x\n    events: [Interaction.Created]\n"
             "    filter: [{field: status, op: eq, value: '${FIVE}'},"
             " {field: id, op: ne, value: \"${FIVE}\"}]\n"
             "    delivery: {url: '${INGEST_URL}', batching: {mode: batched}}\n");

    (void)state;
    assert_int_equal(a->version, 5);
    assert_string_equal(a->description, "a x # ${FIVE} {y: z} ${FIVE} $x");
    assert_string_equal(a->url, "https://ingest.example.com/e");
    assert_string_equal(a->filter[0].value, "\"5\"");
    assert_string_equal(a->filter[1].value, "\"5\"");
}

static void an_alias_is_read_like_what_it_stands_for(void **state)
{
    const struct subscription *a = read_good(
        "x-common: &d {url: 'https://h.example.com/e', batching: {mode: batched}}\n" HEAD
        "subscriptions:\n"
        "  b: {version: 1, description: d, events: &e [Interaction.Created], delivery: *d}\n"
        "  a: {version: 1, description: d, events: [Interaction.Closed], delivery: *d}\n");

    (void)state;
    assert_string_equal(a[0].name, "a"); /* ordered by name */
    assert_string_equal(a[0].url, a[1].url);
}

static void values_are_canonical(void **state)
{
    static const struct {
        const char *yaml;
        const char *json;
    } cases[] = {
        {"5", "5"},           {"0x1f", "31"},         {"0o17", "15"},
        {"-0", "0"},          {"5.0", "5"},           {"1e3", "1000"},
        {"'5'", "\"5\""},     {"TRUE", "true"},       {"\"a\\tb\"", "\"a\\u0009b\""},
        {"!!str 5", "\"5\""}, {"a\\b", "\"a\\\\b\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 ONE(STREAM URL "    filter: [{field: status, op: contains, "
                                "value: %s}]\n"),
                 cases[i].yaml);
        assert_string_equal(read_good(text)->filter[0].value, cases[i].json);
        teardown(state);
    }
    setup(state);
}

static void what_is_wrong_is_said_where_it_stands(void **state)
{
    static const struct finding_case cases[] = {
        {ONE(STREAM URL "    evnets: []\n"), "unknown-key@9:5"},
        {ONE(STREAM URL "    enabled: yes\n"), "wrong-type@9:14"},
        {ONE(STREAM URL "    enabled: 'true'\n"), "wrong-type@9:14"},
        {ONE(STREAM URL "    filter: {}\n"), "wrong-type@9:13"},
        {ONE(STREAM URL "    filter:\n"), "wrong-type@9:12"},
        {ONE(STREAM URL "    ttl: 1m\n"), "not-for-this-kind@9:5"},
        {ONE("    version: 0\n"), "out-of-range@5:14"},
        {ONE("    version: 1.0\n"), "wrong-type@5:14"},
        {ONE("    version: 99999999999999999999\n"), "out-of-range@5:14"},
        {ONE("    version: 010\n"), "wrong-type@5:14"},
        {ONE("    version: 1\n    description: off\n"), "yaml-ambiguous@6:18"},
        {ONE("    version: 1\n    description: 5\n"), "wrong-type@6:18"},
        {ONE("    version: 1\n    description: \"a\\nb\"\n"), "bad-value@6:18"},
        {ONE("    version: 1\n    description: 'x [eventctl a]'\n"), "bad-value@6:18"},
        {ONE(STREAM), "missing-key@4:3"},
        {ONE("    description: d\n" URL), "missing-key@4:3 missing-key@4:3"},
        {ONE("    version: 1\n    via: eventbridge\n    aws: {}\n"), "via-unsupported@6:10"},
        {ONE("    version: 1\n    via: triggr\n    ttl: 1s\n"), "bad-value@6:10 out-of-range@7:10"},
        {ONE("    version: 1\n    events: []\n"), "out-of-range@6:13"},
        {ONE("    version: 1\n    events: [Interaction.Creatd, x, '" TOPIC "acw']\n" URL),
         "unknown-event@6:14 unknown-event@6:34 unknown-event@6:37"},
        {ONE("    version: 1\n    events: [Interaction.Created, Interaction.Created]\n" URL),
         "duplicate-event@6:35"},
        {ONE(TRIGGER "    events: [Interaction.Confirmed, '" TOPIC "acd.end']\n"),
         "duplicate-topic@9:37"},
        {ONE(TRIGGER "    events: ['*', 'Interaction.X', 'v2.x']\n"),
         "unknown-event@9:14 unknown-event@9:19 unknown-event@9:36"},
        {ONE(TRIGGER "    events: [Interaction.Confirmed]\n    delay: 59s\n    ttl: 10500ms\n"),
         "out-of-range@10:12 bad-value@11:10"},
        {ONE(TRIGGER "    events: [Interaction.Confirmed]\n    delivery: {url: x}\n"),
         "not-for-this-kind@10:5 bad-value@10:21"},
        {ONE("    version: 1\n    via: trigger\n    target: {workflow: x}\n"), "bad-value@7:24"},
        {ONE(STREAM "    delivery: {url: 'https://h.example.com', batching: {window: 1s}}\n"),
         "not-for-this-kind@8:57"},
        {ONE(STREAM "    delivery: {url: 'https://h.example.com', batching: "
                    "{mode: batched, window: 9ms, size: 1001}}\n"),
         "out-of-range@8:80 out-of-range@8:91"},
        {HEAD "subscriptions:\n  A: {}\n", "bad-value@4:3 missing-key@4:3 missing-key@4:3 "
                                           "missing-key@4:3"},
        {HEAD "subscriptions:\n  on: []\n", "yaml-ambiguous@4:3 wrong-type@4:7"},
        {HEAD "subscriptions: {}\n", "empty-manifest@0:0"},
        {HEAD "subscriptions:\n", "empty-manifest@0:0"},
        {HEAD, "empty-manifest@0:0"},
        {"", "empty-manifest@0:0"},
        {"# nothing\n", "empty-manifest@0:0"},
        {"- a\n", "wrong-type@1:1"},
        {"apiVersion: eventctl/v2\n", "bad-value@1:13"},
        {"organization: x\n", "missing-key@1:1"},
        {"apiVersion: eventctl/v1\nsubscriptions:\n  a:\n" STREAM URL, "missing-key@0:0"},
        {HEAD "owner: A\n", "bad-value@3:8"},
        {HEAD "lint: {disable: [unknown-key]}\n", "unknown-rule@3:18"},
        {HEAD "lint: {disable: [catch-al]}\n", "unknown-rule@3:18"},
        {HEAD "defaults: {version: 1}\n", "unknown-key@3:12"},
        {HEAD "defaults: {via: eventbridge}\n", "via-unsupported@3:17 bad-value@3:17"},
    };

    (void)state;
    setup(state);
    CHECK_FINDINGS(cases);
}

static void a_filter_is_checked(void **state)
{
#define FILTER(criterion) ONE(STREAM URL "    filter: [" criterion "]\n")
    static const struct finding_case cases[] = {
        {FILTER("{field: $.status, op: eq, value: a}"), "bad-value@9:22"},
        {FILTER("{field: a..b, op: eq, value: a}"), "bad-value@9:22"},
        {FILTER("{field: status, op: Equal, value: a}"), "bad-value@9:34"},
        {FILTER("{field: status, op: eq}"), "missing-key@9:14"},
        {FILTER("{op: eq, value: x}"), "missing-key@9:14"},
        {FILTER("{field: status, op: eq, value: ~}"), "wrong-type@9:45"},
        {FILTER("{field: status, op: eq, value: [a]}"), "wrong-type@9:45"},
        {FILTER("{field: status, op: eq, value: yes}"), "yaml-ambiguous@9:45"},
        {FILTER("{field: status, op: eq, value: 0123}"), "yaml-ambiguous@9:45"},
        {FILTER("{field: status, op: eq, value: +49123}"), "yaml-ambiguous@9:45"},
        {FILTER("{field: status, op: eq, value: .nan}"), "out-of-range@9:45"},
        {FILTER("{field: status, op: gt, value: true}"), "wrong-type@9:45"},
        {FILTER("{field: status, op: in, value: a}"), "wrong-type@9:45"},
        {FILTER("{field: status, op: in, value: []}"), "out-of-range@9:45"},
        {FILTER("{field: status, op: in, value: [[a]]}"), "wrong-type@9:46"},
        {FILTER("{field: status, op: exists, value: x}"), "wrong-type@9:49"},
        {FILTER("{field: status, op: size, value: -1}"), "wrong-type@9:47"},
        {FILTER("{field: status, op: size, value: 1.5}"), "wrong-type@9:47"},
        {FILTER("a"), "wrong-type@9:14"},
    };

    (void)state;
    setup(state);
    CHECK_FINDINGS(cases);
}

static void variables_are_checked(void **state)
{
    static const struct finding_case cases[] = {
        {HEAD "variables: [a]\n", "bad-value@3:13"},
        {HEAD "variables: [FIVE, FIVE]\n", "bad-value@3:19"},
        {HEAD "variables: [EVIL]\n", "bad-variable@3:13"},
        {HEAD "variables: [FIVE]\nowner: ${FIV}\n", "undeclared-variable@4:8"},
        {HEAD "variables: [FIVE]\nowner: ${FIVE\n", "bad-variable@4:8"},
        {HEAD "variables: [UNSET]\nowner: ${UNSET}\nlint: {disable: ['${UNSET}']}\n",
         "unset-variable@4:8 unknown-rule@5:18"},
        {HEAD "variables: [FIVE]\nsubscriptions:\n  a:\n" STREAM URL, "unused-variable@3:13"},
        {HEAD "subscriptions:\n  ${FIVE}:\n" STREAM URL, "bad-value@4:3"},
    };

    (void)state;
    setup(state);
    CHECK_FINDINGS(cases);
}

static void files_are_merged_and_must_agree(void **state)
{
    static const struct manifest_text texts[] = {
        {"1.yaml", ONE(STREAM URL), sizeof(ONE(STREAM URL)) - 1},
#define SECOND "apiVersion: eventctl/v1\norganization: other\nsubscriptions:\n  a:\n" STREAM URL
        {"2.yaml", SECOND, sizeof(SECOND) - 1},
        {"3.yaml", "a: [\n", 5},
        {"4.yaml", "{\n", 2},
    };
    const struct diag *diag;

    (void)state;
    read_texts(&reading, texts, 4);
    assert_string_equal(buf_text(&reading.findings),
                        "organization-mismatch@2:15 duplicate-name@4:3 "
                        "overlapping-subscriptions@4:3 yaml-syntax@2:1 yaml-syntax@2:1");
    diag = &reading.diags.entries[1];
    assert_string_equal(diag->place.source->path, "2.yaml");
    assert_string_equal(diag->other.source->path, "1.yaml");
    assert_int_equal(diag->other.line, 4);
    assert_false(reading.ok);
    assert_int_equal(reading.manifest.subscription_count, 0);
}

static void owners_must_agree(void **state)
{
    static const struct manifest_text texts[] = {
        {"1.yaml", HEAD "owner: a\n", sizeof(HEAD "owner: a\n") - 1},
        {"2.yaml", HEAD "owner: b\n", sizeof(HEAD "owner: b\n") - 1},
    };

    (void)state;
    read_texts(&reading, texts, 2);
    assert_string_equal(buf_text(&reading.findings), "owner-mismatch@3:8");
}

static void the_hash_is_of_bytes_and_values(void **state)
{
    char first[DIGEST_HEX + 1];

    (void)state;
    read_good(ONE(STREAM URL));
    memcpy(first, reading.manifest.hash, sizeof(first));
    teardown(state);
    read_good(ONE(STREAM URL));
    assert_string_equal(reading.manifest.hash, first);
    teardown(state);
    read_good(ONE(STREAM URL "#\n"));
    assert_string_not_equal(reading.manifest.hash, first);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_folder_is_its_yaml_files_in_order(void **state)
{
    char folder[] = "/tmp/test_manifest.XXXXXX", missing[64];
    const char *paths[] = {folder, missing};
    struct manifest_options options = {.paths = paths, .path_count = 2};
    static const char *const names[] = {"b.yml", "a.yaml", "c.txt", ".d.yaml"};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(missing, sizeof(missing), "%s/missing", folder);
    for (size_t i = 0; i < 4; i++)
        write_file(folder, names[i], i < 2 ? "# empty\n" : "x: [");
    manifest_init(&reading.manifest);
    diag_list_init(&reading.diags);
    assert_false(manifest_read(&reading.manifest, &options, &reading.diags));
    assert_int_equal(reading.manifest.source_count, 3);
    assert_string_equal(strrchr(reading.manifest.sources[0]->path, '/'), "/a.yaml");
    assert_string_equal(strrchr(reading.manifest.sources[1]->path, '/'), "/b.yml");
    assert_int_equal(reading.diags.count, 1);
    assert_string_equal(reading.diags.entries[0].rule->id, "file-read");
    for (size_t i = 0; i < 4; i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* What the reader takes and what the schema's pattern takes is the same. */
static void check_pattern(const struct spec_key *key, const char *text)
{
    regex_t pattern;
    bool matches;

    assert_int_equal(regcomp(&pattern, key->pattern, REG_EXTENDED | REG_NOSUB), 0);
    matches = regexec(&pattern, text, 0, NULL, 0) == 0;
    regfree(&pattern);
    if (matches != !key->check(text))
        print_error("%s: \"%s\"\n", key->name, text);
    assert_int_equal(matches, !key->check(text));
}

static void check_patterns(const struct spec *spec)
{
    static const char *const texts[] = {
        "a",
        "A",
        "a.b",
        "a-b",
        "-a",
        "a_b",
        "_a",
        "A_B",
        "9a",
        ".",
        "a..b",
        "a.9",
        "a b",
        "",
        "x-y.z_1",
        "https://h/x",
        "HTTP://h",
        "ftp://h",
        "https://h/a b",
        WORKFLOW,
        "3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b1g",
        "3f0c1b528a544d0e9d1f6a2f7c9e5b10",
    };

    for (const struct spec_key *key = spec->keys; key->name; key++) {
        if (key->nested && key->type == SPEC_GROUP)
            check_patterns(key->nested);
        for (size_t i = 0;
             key->pattern && !strstr(key->pattern, "(?!") && i < sizeof(texts) / sizeof(texts[0]);
             i++)
            check_pattern(key, texts[i]);
    }
}

static void the_schemas_patterns_are_what_the_reader_takes(void **state)
{
    static const char *const names[] = {"a", "9", "a.b_c-d", "A", "-a", "a b", "", ".a"};

    (void)state;
    check_patterns(&manifest_spec);
    check_patterns(&subscription_spec);
    check_patterns(&criterion_spec);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_pattern(&subscription_name_key, names[i]);
        check_pattern(&variable_key, names[i]);
    }
}

static void the_schema_names_every_key(void **state)
{
    char *text = manifest_schema();
    json_t *schema = json_loads(text ? text : "", 0, NULL);

    (void)state;
    assert_non_null(schema);
    json_t *properties = json_object_get(schema, "properties");
    for (const struct spec_key *key = manifest_spec.keys; key->name; key++)
        assert_non_null(json_object_get(properties, key->name));
    properties = json_object_get(
        json_object_get(json_object_get(properties, "subscriptions"), "additionalProperties"),
        "properties");
    for (const struct spec_key *key = subscription_spec.keys; key->name; key++)
        assert_non_null(json_object_get(properties, key->name));
    json_decref(schema);
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(a_subscription_has_all_that_it_says),
        UNIT(a_trigger_has_all_that_it_says),
        UNIT(what_is_not_told_has_its_default),
        UNIT(defaults_reach_the_kinds_that_have_the_key),
        UNIT(variables_are_filled_in_and_cannot_become_structure),
        UNIT(an_alias_is_read_like_what_it_stands_for),
        UNIT(values_are_canonical),
        cmocka_unit_test(what_is_wrong_is_said_where_it_stands),
        cmocka_unit_test(a_filter_is_checked),
        cmocka_unit_test(variables_are_checked),
        UNIT(files_are_merged_and_must_agree),
        UNIT(owners_must_agree),
        UNIT(the_hash_is_of_bytes_and_values),
        UNIT(a_folder_is_its_yaml_files_in_order),
        cmocka_unit_test(the_schemas_patterns_are_what_the_reader_takes),
        cmocka_unit_test(the_schema_names_every_key),
    };

    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
