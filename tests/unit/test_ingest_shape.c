/* Shapes: what makes two events alike, and what is kept of a new one. */
#include "ingest/shape.h"

#include "core/buf.h"
#include "core/json.h"
#include "ingest/log.h"
#include "ingest/shape_walk.h"

#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* -- one event ------------------------------------------------------------------------------- */

/* Its text and hash; checks that the quick fingerprint says the same as the text. */
static char *shape_text(const char *json, char hash[SHAPE_HASH_DIGITS + 1])
{
    json_t *fields = json_read(json, strlen(json), JSON_DECODE_ANY, NULL);
    uint64_t fingerprint = 0;
    struct buf text;

    assert_non_null(fields);
    buf_init(&text, 1024 * 1024);
    assert_true(shape_of(fields, &text, hash));
    assert_true(shape_fingerprint(fields, &fingerprint));
    assert_true(fingerprint == shape_text_fingerprint(buf_text(&text)));
    json_decref(fields);
    return buf_take(&text);
}

static void test_text(void **state)
{
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{}", ""},
        {"{\"b\":1,\"a\":\"x\"}", "a:string\nb:number\n"},
        {"{\"a\":1.5}", "a:number\n"},
        {"{\"a\":true}", "a:boolean\n"},
        {"{\"a\":null}", "a:null\n"},
        {"{\"a\":{\"b\":{}}}", "a.b:object\na:object\n"},
        {"{\"a\":[]}", "a:array\n"},
        {"{\"a\":[1,2,\"x\",[true]]}",
         "a:array\na[]:array\na[]:number\na[]:string\na[][]:boolean\n"},
        {"{\"a\":[{\"b\":1},{\"c\":2}]}", "a:array\na[].b:number\na[].c:number\na[]:object\n"},
        /* names cannot be taken for paths */
        {"{\"a.b\":1}", "\"a.b\":number\n"},
        {"{\"a\\nb:c\":1}", "\"a\\nb:c\":number\n"},
        {"{\"\":1}", "\"\":number\n"},
        {"{\"$\":1}", "\"$\":number\n"},
        {"5", "$:number\n"},
        {"[5]", "$:array\n$[]:number\n"},
    };
    char hash[SHAPE_HASH_DIGITS + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = shape_text(cases[i].json, hash);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(strlen(hash), SHAPE_HASH_DIGITS);
        free(text);
    }
}

static void test_hash(void **state)
{
    static const struct {
        const char *one, *other;
        bool alike;
    } cases[] = {
        {"{\"a\":1,\"b\":\"x\"}", "{\"b\":\"yy\",\"a\":2.5}", true},
        {"{\"a\":[1]}", "{\"a\":[1,2,3]}", true},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":{\"b\":1}}", "{\"a.b\":1,\"a\":{}}", false},
        {"{\"a\":[]}", "{\"a\":[1]}", false},
        {"{\"a\":null}", "{}", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char one[SHAPE_HASH_DIGITS + 1], other[SHAPE_HASH_DIGITS + 1];
        free(shape_text(cases[i].one, one));
        free(shape_text(cases[i].other, other));
        if ((strcmp(one, other) == 0) != cases[i].alike)
            fail_msg("%s %s", cases[i].one, cases[i].other);
    }
}

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* Too many fields, too deep, too long a name. */
static void test_limits(void **state)
{
    char hash[SHAPE_HASH_DIGITS + 1], *text;
    struct buf json;

    (void)state;
    buf_init(&json, 1024 * 1024);
    for (int i = 0; i < 2000; i++)
        buf_printf(&json, "%s\"f%d\":1", i ? "," : "{", i);
    buf_add_char(&json, '}');
    text = shape_text(buf_text(&json), hash);
    assert_int_equal(count_lines(text), SHAPE_FIELDS_MOST);
    free(text);
    buf_reset(&json);
    for (int i = 0; i < 40; i++)
        buf_add_text(&json, "{\"a\":");
    buf_add_text(&json, "1");
    for (int i = 0; i < 40; i++)
        buf_add_char(&json, '}');
    text = shape_text(buf_text(&json), hash);
    assert_int_equal(count_lines(text), SHAPE_DEPTH_MOST);
    free(text);
    buf_reset(&json);
    buf_add_text(&json, "{\"");
    for (int i = 0; i < 1000; i++)
        buf_add_char(&json, 'n');
    buf_add_text(&json, "\":1}");
    text = shape_text(buf_text(&json), hash);
    assert_int_equal(strncmp(text, "\"sha256:", 8), 0);
    assert_int_equal(strlen(text), strlen("\"sha256:\":number\n") + 64);
    free(text);
    buf_release(&json);
}

/* -- what is known --------------------------------------------------------------------------- */

static char folder[64];
static struct metrics *metrics;
static struct ledger *ledger;
static const struct config_shapes options = {.per_type = 3, .sample_bytes = 11};

static void open_ledger(void)
{
    const struct ledger_options ledger_options = {
        .window_ms = 1000, .dead_letter_bytes = 1024 * 1024, .dead_letter_retention_ms = 1000};
    struct error error = ERROR_INIT;

    ledger = ledger_open(folder, &ledger_options, &error);
    if (!ledger)
        fail_msg("%s", error.text);
}

static int setup(void **state)
{
    (void)state;
    log_begin(LOG_LEVEL_ERROR, false);
    snprintf(folder, sizeof(folder), "/tmp/test-shape-XXXXXX");
    metrics = metrics_new();
    if (!mkdtemp(folder) || !metrics)
        return -1;
    open_ledger();
    return 0;
}

static int teardown(void **state)
{
    struct dirent *entry;
    DIR *dir;

    (void)state;
    ledger_close(ledger);
    metrics_free(metrics);
    dir = opendir(folder);
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return rmdir(folder);
}

static struct shapes *new_shapes(void)
{
    struct error error = ERROR_INIT;
    struct shapes *shapes = shapes_new(&options, ledger, metrics, &error);

    if (!shapes)
        fail_msg("%s", error.text);
    return shapes;
}

static void look(struct shapes *shapes, const char *type, const char *json, int64_t now_us)
{
    json_t *fields = json_read_text(json);

    shapes_look(shapes, type, fields, json, strlen(json), now_us);
    json_decref(fields);
}

struct kept {
    size_t count;
    char type[64], sample[64];
    int64_t first_seen_us;
};

static void keep_last(void *context, const char *type, const char *hash, const char *fields,
                      const char *sample, size_t sample_bytes, int64_t first_seen_us)
{
    struct kept *kept = context;

    assert_int_equal(strlen(hash), SHAPE_HASH_DIGITS);
    assert_non_null(strchr(fields, ':'));
    kept->count++;
    kept->first_seen_us = first_seen_us;
    snprintf(kept->type, sizeof(kept->type), "%s", type);
    snprintf(kept->sample, sizeof(kept->sample), "%.*s", (int)sample_bytes, sample);
}

static struct kept kept_shapes(void)
{
    struct kept kept = {.count = 0};
    struct error error = ERROR_INIT;

    assert_true(ledger_flush(ledger, false, &error));
    assert_true(ledger_shapes(ledger, keep_last, &kept, &error));
    return kept;
}

static json_int_t member(const json_t *list, size_t which, const char *name)
{
    return json_integer_value(json_object_get(json_array_get(list, which), name));
}

static void test_new_and_known(void **state)
{
    struct shapes *shapes = new_shapes();
    struct kept kept;
    json_t *list;

    (void)state;
    look(shapes, "t1", "{\"a\":\"\xc3\xa4\xc3\xa4\xc3\xa4\"}", 5000000);
    look(shapes, "t1", "{\"a\":\"x\"}", 6000000);
    shapes_look(shapes, "t1", NULL, "", 0, 7000000); /* it has no fields at all */
    kept = kept_shapes();
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.type, "t1");
    assert_string_equal(kept.sample, "{\"a\":\"\xc3\xa4\xc3\xa4"); /* cut between characters */
    assert_int_equal(kept.first_seen_us, 5000000);
    list = shapes_json(shapes);
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(member(list, 0, "count"), 2);
    assert_int_equal(member(list, 0, "first_seen_ms"), 5000);
    assert_string_equal(json_text(json_array_get(list, 0), "type"), "t1");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json_array_get(list, 0), "fields"), 0)),
        "a:string");
    assert_int_equal(series_count(metrics_series(metrics, METRIC_NEW_SHAPES, "t1", NULL)), 1);
    json_decref(list);
    shapes_free(shapes);
}

static void test_known_after_restart(void **state)
{
    struct shapes *shapes = new_shapes();
    struct error error = ERROR_INIT;
    json_t *list;

    (void)state;
    look(shapes, "t1", "{\"a\":{\"b.c\":[1]}}", 5000000);
    look(shapes, "t0", "{\"a\":1}", 5000000);
    shapes_free(shapes);
    assert_true(ledger_flush(ledger, false, &error));
    ledger_close(ledger);
    open_ledger();
    shapes = new_shapes();
    look(shapes, "t1", "{\"a\":{\"b.c\":[2,3]}}", 9000000);
    assert_int_equal(kept_shapes().count, 2);
    list = shapes_json(shapes);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_text(json_array_get(list, 0), "type"), "t0");
    assert_int_equal(member(list, 0, "count"), 0); /* of this run */
    assert_int_equal(member(list, 1, "count"), 1);
    assert_int_equal(member(list, 1, "first_seen_ms"), 5000);
    json_decref(list);
    shapes_free(shapes);
}

/* A type that is a map of ids does not fill the ledger. */
static void test_per_type(void **state)
{
    struct shapes *shapes = new_shapes();
    char json[64];
    json_t *list;

    (void)state;
    for (int i = 0; i < 50; i++) {
        snprintf(json, sizeof(json), "{\"id-%d\":1}", i);
        look(shapes, "map", json, 1000000);
    }
    assert_int_equal(kept_shapes().count, 3);
    list = shapes_json(shapes);
    assert_int_equal(json_array_size(list), 4);
    assert_string_equal(json_text(json_array_get(list, 3), "hash"), "other");
    assert_int_equal(member(list, 3, "count"), 47);
    assert_int_equal(series_count(metrics_series(metrics, METRIC_NEW_SHAPES, "map", NULL)), 3);
    json_decref(list);
    shapes_free(shapes);
}

/* Types without end are one type, from some number on. */
static void test_many_types(void **state)
{
    struct shapes *shapes = new_shapes();
    char type[32];
    size_t others = 0;
    json_t *list;

    (void)state;
    for (int i = 0; i < 1200; i++) {
        snprintf(type, sizeof(type), "type-%d", i);
        look(shapes, type, "{\"a\":1}", 1000000);
    }
    list = shapes_json(shapes);
    assert_int_equal(json_array_size(list), 1001);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_text(json_array_get(list, i), "type"), "other") == 0)
            others += (size_t)member(list, i, "count");
    assert_int_equal(others, 200);
    json_decref(list);
    shapes_free(shapes);
}

static void *look_often(void *context)
{
    for (int i = 0; i < 300; i++) {
        look(context, i % 2 ? "t1" : "t2", i % 3 ? "{\"a\":1}" : "{\"b\":1}", 1000000);
        if (i % 50 == 0)
            json_decref(shapes_json(context));
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct shapes *shapes = new_shapes();
    json_int_t sum = 0;
    pthread_t threads[4];
    json_t *list;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_often, shapes), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    list = shapes_json(shapes);
    assert_int_equal(json_array_size(list), 4);
    for (size_t i = 0; i < 4; i++)
        sum += member(list, i, "count");
    assert_int_equal(sum, 1200);
    assert_int_equal(kept_shapes().count, 4);
    json_decref(list);
    shapes_free(shapes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),    cmocka_unit_test(test_hash),
        cmocka_unit_test(test_limits),  UNIT(test_new_and_known),
        UNIT(test_known_after_restart), UNIT(test_per_type),
        UNIT(test_many_types),          UNIT(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
