/* The filter language applied to events: what each operator means. */
#include "core/match.h"

#include "core/json.h"

#include "tests/unit/unit.h"

static const char event[] =
    "{\"mediaType\":\"VOICE\",\"durationMs\":1500,\"ratio\":0.5,\"whole\":5.0,\"empty\":\"\","
    "\"big\":9007199254740993,\"held\":true,\"nothing\":null,\"ani\":\"tel:+4930123\","
    "\"skills\":[\"german\",\"sales\",3],\"none\":[],\"emoji\":\"a\\ud83d\\ude00\","
    "\"participant\":{\"userId\":\"u1\",\"deep\":{\"er\":1}},"
    "\"a\":{\"b\":\"inside\",\"b.c\":2},\"a.b\":\"dotted\",\"x\":{\"y\":{\"z\":1}},\"x.y\":{\"w\":"
    "2}}";

struct row {
    const char *field;
    enum filter_op op;
    const char *value;
    bool holds;
};

static bool evaluate(const struct row *row, const json_t *fields)
{
    struct criterion criterion = {.field = row->field, .op = row->op, .value = row->value};
    struct error error = ERROR_INIT;
    struct match *match = match_new(&criterion, 1, &error);
    bool holds;

    assert_non_null(match);
    holds = match_holds(match, fields);
    match_free(match);
    return holds;
}

static void check_rows(const struct row *rows, size_t count)
{
    json_t *fields = json_read_text(event);

    assert_non_null(fields);
    for (size_t i = 0; i < count; i++)
        if (evaluate(&rows[i], fields) != rows[i].holds)
            fail_msg("%s %s %s", rows[i].field, filter_operators[rows[i].op].name,
                     rows[i].value ? rows[i].value : "(none)");
    json_decref(fields);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_equality(void **state)
{
    static const struct row rows[] = {
        {"mediaType", FILTER_EQ, "\"VOICE\"", true},
        {"mediaType", FILTER_EQ, "\"voice\"", false},
        {"mediaType", FILTER_EQ, "5", false},
        {"mediaType", FILTER_NE, "\"CHAT\"", true},
        {"mediaType", FILTER_NE, "\"VOICE\"", false},
        {"mediaType", FILTER_NE, "5", true},
        {"durationMs", FILTER_EQ, "1500", true},
        {"durationMs", FILTER_EQ, "\"1500\"", false},
        {"whole", FILTER_EQ, "5", true},
        {"ratio", FILTER_EQ, "0.5", true},
        {"big", FILTER_EQ, "9007199254740993", true},
        {"big", FILTER_EQ, "9007199254740992", false},
        {"held", FILTER_EQ, "true", true},
        {"held", FILTER_EQ, "false", false},
        {"held", FILTER_EQ, "1", false},
        {"nothing", FILTER_EQ, "null", true},
        {"missing", FILTER_EQ, "null", false},
        {"missing", FILTER_NE, "1", true},
        {"skills", FILTER_EQ, "\"german\"", false},
        {"emoji", FILTER_EQ, "\"a\\ud83d\\ude00\"", true},
    };

    (void)state;
    CHECK(rows);
}

static void test_order(void **state)
{
    static const struct row rows[] = {
        {"durationMs", FILTER_GT, "1499", true},
        {"durationMs", FILTER_GT, "1500", false},
        {"durationMs", FILTER_GE, "1500", true},
        {"durationMs", FILTER_GE, "1500.5", false},
        {"durationMs", FILTER_LT, "1500.5", true},
        {"durationMs", FILTER_LT, "1500", false},
        {"durationMs", FILTER_LE, "1500", true},
        {"durationMs", FILTER_LE, "1499", false},
        {"big", FILTER_GT, "9007199254740992", true},
        {"big", FILTER_LE, "9007199254740992", false},
        {"ratio", FILTER_LT, "1", true},
        {"mediaType", FILTER_GT, "\"CHAT\"", true},
        {"mediaType", FILTER_LT, "\"VOICES\"", true},
        {"mediaType", FILTER_GT, "\"VOIC\"", true},
        {"mediaType", FILTER_LE, "\"VOICE\"", true},
        {"emoji", FILTER_GT, "\"b\"", false},
        {"durationMs", FILTER_GT, "\"1\"", false}, /* of different types nothing holds */
        {"durationMs", FILTER_LE, "\"9\"", false},
        {"held", FILTER_LE, "5", false},
        {"nothing", FILTER_GE, "0", false},
        {"missing", FILTER_LT, "5", false},
        {"missing", FILTER_GE, "0", false},
    };

    (void)state;
    CHECK(rows);
}

static void test_lists(void **state)
{
    static const struct row rows[] = {
        {"mediaType", FILTER_IN, "[\"CHAT\",\"VOICE\"]", true},
        {"mediaType", FILTER_IN, "[\"CHAT\"]", false},
        {"whole", FILTER_IN, "[4,5]", true},
        {"missing", FILTER_IN, "[\"CHAT\"]", false},
        {"mediaType", FILTER_NOT_IN, "[\"CHAT\"]", true},
        {"mediaType", FILTER_NOT_IN, "[\"CHAT\",\"VOICE\"]", false},
        {"missing", FILTER_NOT_IN, "[\"CHAT\"]", true},
        {"skills", FILTER_NOT_IN, "[\"german\"]", true},
        {"skills", FILTER_CONTAINS, "\"sales\"", true},
        {"skills", FILTER_CONTAINS, "\"sale\"", false},
        {"skills", FILTER_CONTAINS, "3", true},
        {"skills", FILTER_CONTAINS, "\"3\"", false},
        {"ani", FILTER_CONTAINS, "\"+4930\"", true},
        {"ani", FILTER_CONTAINS, "\"+4940\"", false},
        {"ani", FILTER_CONTAINS, "\"\"", true},
        {"empty", FILTER_CONTAINS, "\"x\"", false},
        {"durationMs", FILTER_CONTAINS, "15", false},
        {"missing", FILTER_CONTAINS, "\"x\"", false},
        {"skills", FILTER_ALL, "[\"sales\",\"german\"]", true},
        {"skills", FILTER_ALL, "[\"sales\",\"french\"]", false},
        {"none", FILTER_ALL, "[\"sales\"]", false},
        {"mediaType", FILTER_ALL, "[\"VOICE\"]", false},
        {"missing", FILTER_ALL, "[\"x\"]", false},
        {"mediaType", FILTER_ALL, "[]", false},
        {"none", FILTER_ALL, "[]", true},
        {"skills", FILTER_SIZE, "3", true},
        {"skills", FILTER_SIZE, "2", false},
        {"none", FILTER_SIZE, "0", true},
        {"mediaType", FILTER_SIZE, "5", true},
        {"emoji", FILTER_SIZE, "3", true}, /* UTF-16 units */
        {"missing", FILTER_SIZE, "0", false},
        {"participant", FILTER_SIZE, "2", false},
    };

    (void)state;
    CHECK(rows);
}

static void test_exists(void **state)
{
    static const struct row rows[] = {
        {"mediaType", FILTER_EXISTS, "true", true}, {"mediaType", FILTER_EXISTS, "false", false},
        {"missing", FILTER_EXISTS, "true", false},  {"missing", FILTER_EXISTS, "false", true},
        {"nothing", FILTER_EXISTS, "true", true}, /* a null is there */
        {"mediaType", FILTER_EXISTS, NULL, true},   {"missing", FILTER_EXISTS, NULL, false},
    };

    (void)state;
    CHECK(rows);
}

static void test_dots(void **state)
{
    static const struct row rows[] = {
        {"participant.userId", FILTER_EQ, "\"u1\"", true},
        {"participant.deep.er", FILTER_EQ, "1", true},
        {"participant.deep.er.more", FILTER_EXISTS, "false", true},
        {"participant.", FILTER_EXISTS, "false", true},
        {".participant", FILTER_EXISTS, "false", true},
        {"skills.0", FILTER_EXISTS, "false", true},
        {"a.b", FILTER_EQ, "\"dotted\"", true}, /* its own name has the dot */
        {"a.b.c", FILTER_EQ, "2", true},
        {"x.y.z", FILTER_EQ, "1", true}, /* "x.y" is there, but has no z */
        {"x.y.w", FILTER_EQ, "2", true},
        {"", FILTER_EXISTS, "false", true},
    };

    (void)state;
    CHECK(rows);
}

/* All must hold; nothing to hold, or nothing to look at. */
static void test_together(void **state)
{
    static const struct criterion criteria[] = {
        {.field = "mediaType", .op = FILTER_EQ, .value = "\"VOICE\""},
        {.field = "durationMs", .op = FILTER_GT, .value = "2000"},
    };
    json_t *fields = json_read_text(event), *list = json_read_text("[1]");
    struct error error = ERROR_INIT;
    struct match *both = match_new(criteria, 2, &error);
    struct match *first = match_new(criteria, 1, &error);
    struct match *none = match_new(NULL, 0, &error);

    (void)state;
    assert_false(match_holds(both, fields));
    assert_true(match_holds(first, fields));
    assert_true(match_holds(none, fields) && match_holds(none, NULL) && match_holds(NULL, NULL));
    assert_false(match_holds(first, NULL));
    assert_false(match_holds(first, list));
    match_free(both);
    match_free(first);
    match_free(none);
    match_free(NULL);
    json_decref(fields);
    json_decref(list);
}

static void test_wrong(void **state)
{
    static const struct {
        struct criterion criterion;
        const char *text;
    } cases[] = {
        {{.field = "f", .op = FILTER_EQ, .value = "VOICE"}, "f eq: the value is no JSON"},
        {{.field = "f", .op = FILTER_IN, .value = NULL}, "f in: there is no value"},
        {{.field = "f", .op = FILTER_IN, .value = "\"x\""}, "f in: not a value for this operator"},
        {{.field = "f", .op = FILTER_IN, .value = "[[1]]"}, "f in: not a value for this operator"},
        {{.field = "f", .op = FILTER_EQ, .value = "{}"}, "f eq: not a value for this operator"},
        {{.field = "f", .op = FILTER_GT, .value = "true"}, "f gt: not a value for this operator"},
        {{.field = "f", .op = FILTER_EXISTS, .value = "1"},
         "f exists: not a value for this operator"},
        {{.field = "f", .op = FILTER_SIZE, .value = "-1"}, "f size: not a value for this operator"},
        {{.field = NULL, .op = FILTER_EQ, .value = "1"},
         "a criterion without a field or an operator"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_INIT;
        assert_null(match_new(&cases[i].criterion, 1, &error));
        assert_string_equal(error.text, cases[i].text);
        assert_int_equal(error.code, ERROR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality), cmocka_unit_test(test_order),
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_exists),
        cmocka_unit_test(test_dots),     cmocka_unit_test(test_together),
        cmocka_unit_test(test_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
