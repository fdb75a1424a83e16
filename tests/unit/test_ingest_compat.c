/* The compatibility map: what a sink sees of an event, byte by byte. Maps come as the configuration
 * has them. */
#include "ingest/compat.h"

#include "ingest/delivery.h"
#include "tests/unit/unit.h"

/* A map made from the value of `compat`. */
static struct compat *map_new(const char *yaml)
{
    struct error error = ERROR_INIT;
    struct compat *compat = NULL;
    struct diag_list diags;
    struct config config;
    struct source source;
    struct buf text;

    buf_init(&text, 64 * 1024);
    buf_printf(&text,
               "apiVersion: ingestd/v1\ndata: /d\nlisten: {plaintext: true}\n"
               "admin: {token_file: t}\n"
               "sources: {a: {path: /a, scheme: api-key, keys: {k: f}}}\n"
               "sinks: {s: {type: ndjson, path: p, compat: %s}}\n",
               yaml);
    diag_list_init(&diags);
    config_init(&config);
    assert_true(source_from_text(&source, "c.yaml", buf_text(&text), text.length, &diags));
    if (!config_read(&config, &source, &diags))
        fail_msg("%s: %s", yaml, diags.entries[0].message);
    assert_true(compat_new(&compat, &config.sinks[0], &error));
    config_release(&config); /* the map has copies of its own */
    diag_list_release(&diags);
    source_release(&source);
    buf_release(&text);
    return compat;
}

/* Checks what becomes of an event: another text, NULL: it cannot be mapped. */
static void check(const char *yaml, const char *type, enum envelope_form form, const char *event,
                  const char *expected)
{
    struct compat *compat = map_new(yaml);
    const struct compat_event given = {type, form, event, strlen(event)};
    enum compat_result wanted = !expected                      ? COMPAT_SKIPPED
                                : strcmp(event, expected) == 0 ? COMPAT_AS_IT_CAME
                                                               : COMPAT_MAPPED;
    char *mapped = NULL;
    size_t length = 0;
    enum compat_result result = compat_map(compat, &given, &mapped, &length);

    if (result != wanted)
        fail_msg("%s of %s: result %d, not %d: %s", yaml, event, result, wanted,
                 mapped ? mapped : "");
    if (result == COMPAT_MAPPED) {
        assert_string_equal(mapped, expected);
        assert_int_equal(length, strlen(expected));
    } else {
        assert_null(mapped);
    }
    free(mapped);
    compat_drop(compat);
}

struct one {
    const char *yaml, *event, *expected;
};

/* Of bare bodies, so that the payload is all of the text. */
static void check_all(const struct one *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(cases[i].yaml, "T", FORM_BARE, cases[i].event, cases[i].expected);
}

static void renames(void **state)
{
    static const struct one cases[] = {
        {"[{rename: {a: b}}]", "{\"a\":1}", "{\"b\":1}"},
        {"[{rename: {a: b}}]", "{\"a\":1,\"c\":2}", "{\"c\":2,\"b\":1}"},
        {"[{rename: {a: b}}]", "{\"c\":2,\"a\":[1,{\"a\":2}]}", "{\"c\":2,\"b\":[1,{\"a\":2}]}"},
        {"[{rename: {a: b}}]", "{\"c\":2 , \"a\" : 1 , \"d\":3 }", "{\"c\":2 , \"d\":3 ,\"b\":1}"},
        {"[{rename: {a: b}}]", "{\"c\":1}", "{\"c\":1}"},
        {"[{rename: {a: b}}]", "{}", "{}"},
        {"[{rename: {a.b: c}}]", "{\"a\":{\"b\":\"x\"}}", "{\"a\":{},\"c\":\"x\"}"},
        {"[{rename: {a.b: c}}]", "{\"a\":5}", "{\"a\":5}"},
        {"[{rename: {a: c.d.e}}]", "{\"a\":null}", "{\"c\":{\"d\":{\"e\":null}}}"},
        {"[{rename: {a: c.d}}]", "{\"a\":1,\"c\":{}}", "{\"c\":{\"d\":1}}"},
        {"[{rename: {a: c.d}}]", "{\"a\":1,\"c\":{\"x\":2}}", "{\"c\":{\"x\":2,\"d\":1}}"},
        /* what became an object, as it was */
        {"[{rename: {d.value: d}}]", "{\"d\":{\"value\":\"in\",\"x\":1},\"e\":2}",
         "{\"d\":\"in\",\"e\":2}"},
        {"[{rename: {d.value: d}}]", "{\"d\":\"in\"}", "{\"d\":\"in\"}"},
        {"[{rename: {a.b.c: a}}]", "{\"a\":{\"b\":{\"c\":{\"k\":1}}}}", "{\"a\":{\"k\":1}}"},
        {"[{rename: {a: b, b: c}}]", "{\"a\":1}", "{\"c\":1}"},
        /* two old names of one */
        {"[{rename: {a: x, b: x}}]", "{\"b\":1}", "{\"x\":1}"},
        /* cannot be */
        {"[{rename: {a: b}}]", "{\"a\":1,\"b\":2}", NULL},
        {"[{rename: {a: c.d}}]", "{\"a\":1,\"c\":2}", NULL},
        {"[{rename: {a: c.d}}]", "{\"a\":1,\"c\":[]}", NULL},
        {"[{rename: {a: b}}]", "{\"a\":1,\"a\":2}", NULL},
        {"[{rename: {a: b}}, {drop: [c]}]", "{\"a\":1,\"b\":2,\"c\":3}", NULL},
        {"[{drop: [c]}, {rename: {a: b}}]", "{\"a\":1,\"b\":2,\"c\":3}", NULL},
    };

    (void)state;
    check_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static void defaults_and_drops(void **state)
{
    static const struct one cases[] = {
        {"[{default: {a: x}}]", "{}", "{\"a\":\"x\"}"},
        {"[{default: {a: x}}]", "{\"b\":1}", "{\"b\":1,\"a\":\"x\"}"},
        {"[{default: {a: x}}]", "{\"a\":null}", "{\"a\":null}"},
        {"[{default: {a.b: 1}}]", "{}", "{\"a\":{\"b\":1}}"},
        {"[{default: {a.b: 1}}]", "{\"a\":2}", NULL},
        {"[{default: {a: 1, b: 1.5, c: true, d: null, e: \"yes\", f: [1, {g: 0.1}]}}]", "{}",
         "{\"a\":1,\"b\":1.5,\"c\":true,\"d\":null,\"e\":\"yes\",\"f\":[1,{\"g\":0.1}]}"},
        {"[{drop: [a]}]", "{\"a\":1}", "{}"},
        {"[{drop: [a, b]}]", "{\"a\":1, \"b\":2, \"c\":3}", "{\"c\":3}"},
        {"[{drop: [c]}]", "{\"a\":1, \"c\":3}", "{\"a\":1}"},
        {"[{drop: [a.b]}]", "{\"a\":{\"b\":{\"x\":\"}\"},\"c\":1}}", "{\"a\":{\"c\":1}}"},
        {"[{drop: [a.b]}]", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[{drop: [z]}]", "{\"a\":1}", "{\"a\":1}"},
        {"[{drop: [a]}]", "{\"a\":1,\"b\":2,\"a\":3}", NULL},
        /* of one rule: renames, defaults, drops */
        {"[{drop: [o], default: {o.x: 5}, rename: {o.p: m}}]", "{\"o\":{\"p\":1}}", "{\"m\":1}"},
    };

    (void)state;
    check_all(cases, sizeof(cases) / sizeof(cases[0]));
}

/* What no rule names stays as it is, however strange. */
static void other_bytes_stay(void **state)
{
    static const struct one cases[] = {
        {"[{drop: [a]}]", " {\"n\":123456789012345678901234567890,\"a\":1,\"r\":1.10e+5} ",
         " {\"n\":123456789012345678901234567890,\"r\":1.10e+5} "},
        {"[{drop: [a]}]", "{\"s\":\"\\ud83d\",\"a\":1}", "{\"s\":\"\\ud83d\"}"},
        {"[{drop: [a]}]", "{\"z\":{\"a\":1},\"z\":2,\"a\":1}", "{\"z\":{\"a\":1},\"z\":2}"},
        /* names that are written otherwise */
        {"[{rename: {a: b}}]", "{\"\\u0061\":1}", "{\"b\":1}"},
        {"[{rename: {a: b}}]", "{\"a\\u0000\":1}", "{\"a\\u0000\":1}"},
        {"[{rename: {a: b}}]", "{\"\\ud83d\":1,\"a\":2}", "{\"\\ud83d\":1,\"b\":2}"},
        {"[{default: {'q\"\\': 1}}]", "{}", "{\"q\\\"\\\\\":1}"},
        {"[{default: {'q\"\\': 1}}]", "{\"q\\\"\\\\\":2}", "{\"q\\\"\\\\\":2}"},
        {"[{rename: {größe: size}}]", "{\"größe\":\"\\\"\"}", "{\"size\":\"\\\"\"}"},
        {"[{rename: {größe: size}}]", "{\"gr\\u00f6\\u00dfe\":1}", "{\"size\":1}"},
    };

    (void)state;
    check_all(cases, sizeof(cases) / sizeof(cases[0]));
}

static void the_payload_of_each_form(void **state)
{
    static const char map[] = "[{rename: {a: b}}]";
    static const struct {
        enum envelope_form form;
        const char *event, *expected;
    } cases[] = {
        {FORM_GUIDE, "{\"a\":0,\"payload\":{\"a\":1},\"eventBody\":{\"a\":2}}",
         "{\"a\":0,\"payload\":{\"b\":1},\"eventBody\":{\"a\":2}}"},
        {FORM_NOTIFICATION, "{\"topicName\":\"t\",\"eventBody\":{\"a\":1}}",
         "{\"topicName\":\"t\",\"eventBody\":{\"b\":1}}"},
        {FORM_EVENTBRIDGE, "{\"detail\":{\"eventBody\":{\"a\":1},\"a\":2}}",
         "{\"detail\":{\"eventBody\":{\"b\":1},\"a\":2}}"},
        {FORM_EVENTBRIDGE, "{\"detail\":{\"a\":1}}", "{\"detail\":{\"b\":1}}"},
        {FORM_OTHER, "{\"a\":1}", "{\"b\":1}"},
        {FORM_GUIDE, "{\"eventType\":\"t\",\"subscriptionId\":\"s\"}", NULL},
        {FORM_GUIDE, "{\"payload\":[{\"a\":1}]}", NULL},
        {FORM_GUIDE, "{\"payload\":{\"a\":1},\"payload\":{}}", NULL},
        {FORM_OTHER, "[{\"a\":1}]", NULL},
        {FORM_OTHER, "\"a\"", NULL},
        {FORM_OTHER, "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(map, "T", cases[i].form, cases[i].event, cases[i].expected);
}

static void only_its_type(void **state)
{
    static const char map[] =
        "[{type: A, rename: {a: b}}, {default: {c: 1}}, {type: B, drop: [a]}]";

    (void)state;
    check(map, "A", FORM_BARE, "{\"a\":1}", "{\"b\":1,\"c\":1}");
    check(map, "B", FORM_BARE, "{\"a\":1}", "{\"c\":1}");
    check(map, "", FORM_BARE, "{\"a\":1}", "{\"a\":1,\"c\":1}");
    check("[{type: A, drop: [a]}]", "B", FORM_BARE, "no JSON", "no JSON");
    check("[{type: A, drop: [a]}]", "B", FORM_BARE, "[1]", "[1]");
}

/* Bytes that are no JSON, each prefix of what is, and what is too large go as they came. */
static void never_breaks(void **state)
{
    static const char whole[] =
        "{\"payload\":{\"x\":[1,\"\\\"\",{}],\"a\":{\"b\":true},\"c\":-1e5}}";
    static const char *const wrong[] = {
        "{\"payload\":{\"a\":1,}}", "{\"payload\":{\"a\"}}",  "{\"payload\":{,\"a\":1}}",
        "{\"payload\":{\"a\":}}",   "{\"payload\":{a:1}}",    "{\"payload\":{\"a\":1",
        "{\"payload\":{\"a\":1]}",  "{\"payload\":{\"a\\\"}", "{\"payload\":{\"a\":1 \"b\":2}}"};
    struct compat *compat = map_new("[{rename: {a.b: d}, default: {e.f: 1}, drop: [c]}]");
    struct compat_event event = {"T", FORM_GUIDE, whole, 0};
    char *mapped = NULL, *text;
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check("[{rename: {a.b: d}, default: {e.f: 1}, drop: [c]}]", "T", FORM_GUIDE, wrong[i],
              NULL);
    for (size_t i = 0; i < sizeof(whole) - 1; i++) {
        text = malloc(i + 1); /* so that a byte too far is seen */
        assert_non_null(text);
        memcpy(text, whole, i);
        event.text = text;
        event.length_bytes = i;
        assert_int_equal(compat_map(compat, &event, &mapped, &length), COMPAT_SKIPPED);
        free(text);
    }
    compat_drop(compat);
}

static void a_map_is_counted(void **state)
{
    const struct config_sink none = {.name = "s"};
    struct error error = ERROR_INIT;
    struct compat *compat = map_new("[{drop: [a]}]");

    (void)state;
    assert_ptr_equal(compat_hold(compat), compat);
    compat_drop(compat);
    compat_drop(compat);
    assert_true(compat_new(&compat, &none, &error));
    assert_null(compat);
    assert_null(compat_hold(NULL));
    compat_drop(NULL);
}

/* What was parked before a restart is read again, with the place of its payload. */
static void a_parked_event_keeps_its_form(void **state)
{
    struct delivery *parked = calloc(1, sizeof(*parked)), *read = calloc(1, sizeof(*read));

    (void)state;
    assert_true(parked && read);
    read->form = FORM_NOTIFICATION;
    delivery_fill(parked, read);
    assert_int_equal(parked->form, FORM_NOTIFICATION);
    delivery_free(parked);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(renames),          cmocka_unit_test(defaults_and_drops),
        cmocka_unit_test(other_bytes_stay), cmocka_unit_test(the_payload_of_each_form),
        cmocka_unit_test(only_its_type),    cmocka_unit_test(never_breaks),
        cmocka_unit_test(a_map_is_counted), cmocka_unit_test(a_parked_event_keeps_its_form),
    };

    return cmocka_run_group_tests_name("ingest compat", tests, NULL, NULL);
}
