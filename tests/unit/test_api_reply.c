/* Reading answers, good ones and bad ones, and translating entities there and back. */
#include "api/driver.h"
#include "api/reply.h"
#include "api/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum reply_login login(long status, const char *body, struct reply_token *token,
                              struct error *error)
{
    *error = ERROR_INIT;
    return reply_read_login(status, body, strlen(body), "corr-1", token, error);
}

static void test_login(void **state)
{
    static const struct {
        const char *body;
        int64_t lifetime_s;
    } granted[] = {
        {"{\"access_token\":\"abc\",\"expires_in\":86399}", 86399},
        {"{\"access_token\":\"abc\",\"expires_in\":2.9}", 2},
        {"{\"access_token\":\"abc\"}", REPLY_TOKEN_LIFE_DEFAULT_S},
        {"{\"access_token\":\"abc\",\"expires_in\":\"soon\"}", REPLY_TOKEN_LIFE_DEFAULT_S},
        {"{\"access_token\":\"abc\",\"expires_in\":99999999999}", REPLY_TOKEN_LIFE_MAX_S},
        {"{\"access_token\":\"abc\",\"expires_in\":1e300}", REPLY_TOKEN_LIFE_MAX_S},
    };
    static const char *const useless[] = {
        "",
        "{}",
        "[]",
        "<html>",
        "{\"access_token\":7}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":\"a\\r\\nX: y\"}",
        "{\"access_token\":\"a b\"}",
        "{\"access_token\":\"abc\",\"expires_in\":0}",
        "{\"access_token\":\"abc\",\"expires_in\":-1}",
    };
    struct reply_token token;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(granted) / sizeof(granted[0]); i++) {
        assert_int_equal(login(200, granted[i].body, &token, &error), LOGIN_GRANTED);
        assert_string_equal(token.text, "abc");
        assert_int_equal(token.lifetime_s, granted[i].lifetime_s);
        secret_free(token.text);
    }
    for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
        assert_int_equal(login(200, useless[i], &token, &error), LOGIN_LATER);
        assert_int_equal(error.code, ERROR_FAILED);
        assert_null(token.text);
    }
}

static void test_login_refused(void **state)
{
    struct reply_token token;
    struct error error;

    (void)state;
    assert_int_equal(login(400,
                           "{\"error\":\"invalid_client\",\"description\":\"client not found\","
                           "\"error_description\":\"client not \\u001b[31mfound\"}",
                           &token, &error),
                     LOGIN_REFUSED);
    assert_int_equal(error.code, ERROR_AUTH);
    assert_non_null(strstr(error.text, "client not \\x1b[31mfound"));
    assert_non_null(strstr(error.text, "corr-1"));
    assert_int_equal(login(401, "", &token, &error), LOGIN_REFUSED);
    assert_int_equal(login(400,
                           "{\"error\":\"invalid_request\",\"error_description\":"
                           "\"rate limit exceeded; wait\"}",
                           &token, &error),
                     LOGIN_LATER);
    assert_int_equal(login(400, "{\"error\":\"invalid_request\"}", &token, &error), LOGIN_REFUSED);
    assert_int_equal(login(503, "busy", &token, &error), LOGIN_LATER);
    assert_int_equal(login(429, "", &token, &error), LOGIN_LATER);
}

static void expect_error(const char *method, long status, const char *body, enum error_code code,
                         const char *words)
{
    struct reply_context context = {method, "/api/v2/x", status, "", "x:y:view"};
    json_t *json = json_loads(body, 0, NULL);
    struct error error = ERROR_INIT;

    reply_set_error(&error, &context, json);
    assert_int_equal(error.code, code);
    if (!strstr(error.text, words))
        print_error("%s\n", error.text);
    assert_non_null(strstr(error.text, words));
    json_decref(json);
}

static void test_errors(void **state)
{
    (void)state;
    expect_error("GET", 401, "{}", ERROR_AUTH, "GET /api/v2/x: 401");
    expect_error("GET", 403, "{\"message\":\"no\",\"contextId\":\"c-7\"}", ERROR_AUTH,
                 "no; needed: permission x:y:view (correlation id c-7)");
    expect_error("GET", 403, "{\"message\":\"missing x:y:view here\"}", ERROR_AUTH,
                 "403 missing x:y:view here");
    expect_error("PUT", 409, "{\"message\":\"stale\"}", ERROR_STALE, "stale");
    expect_error("PUT", 400, "{\"message\":\"the Version is old\"}", ERROR_STALE, "old");
    expect_error("POST", 400, "{\"message\":\"the version is old\"}", ERROR_FAILED, "old");
    expect_error("POST", 400,
                 "{\"message\":\"bad\",\"details\":[{\"errorCode\":\"e1\",\"fieldName\":\"name\"}],"
                 "\"errors\":[{\"message\":\"m\",\"code\":\"c\"}]}",
                 ERROR_FAILED, "bad; name: e1, c: m");
    expect_error("GET", 404, "null", ERROR_FAILED, "not found");
    expect_error("GET", 500, "{\"message\":\"a\\u001b]0;x\\u0007\\nb\"}", ERROR_FAILED,
                 "a\\x1b]0;x\\x07\\nb");
    expect_error("GET", 500, "{\"message\":7,\"details\":{},\"errors\":[1,[]]}", ERROR_FAILED,
                 "the service failed");
}

static void test_pages(void **state)
{
    static const struct {
        const char *body;
        bool good;
        const char *next;
    } cases[] = {
        {"{\"entities\":[]}", true, NULL},
        {"{\"entities\":[],\"nextUri\":null}", true, NULL},
        {"{\"entities\":[],\"nextUri\":\"\"}", true, NULL},
        {"{\"entities\":[1],\"nextUri\":\"/api/v2/x?after=b\"}", true, "/api/v2/x?after=b"},
        {"{\"entities\":[],\"nextUri\":\"https://api.example.com/api/v2/x\"}", true, "/api/v2/x"},
        {"{\"entities\":[],\"nextUri\":\"https://evil.example/api/v2/x\"}", false, NULL},
        {"{\"entities\":[],\"nextUri\":\"https://api.example.com.evil/api/v2/x\"}", false, NULL},
        {"{\"entities\":[],\"nextUri\":\"//evil/api/v2/\"}", false, NULL},
        {"{\"entities\":[],\"nextUri\":\"/api/v2/../../x\"}", false, NULL},
        {"{\"entities\":[],\"nextUri\":\"/api/v2/x y\"}", false, NULL},
        {"{\"entities\":[],\"nextUri\":\"/other\"}", false, NULL},
        {"{\"entities\":[],\"nextUri\":7}", false, NULL},
        {"{\"entities\":{}}", false, NULL},
        {"{}", false, NULL},
        {"[]", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *body = json_loads(cases[i].body, 0, NULL);
        struct error error = ERROR_INIT;
        const json_t *entities;
        char *next;
        bool good = reply_read_page(body, "https://api.example.com", &entities, &next, &error);
        assert_int_equal(good, cases[i].good);
        assert_int_equal(good, error.code == ERROR_NONE);
        if (cases[i].next)
            assert_string_equal(next, cases[i].next);
        else
            assert_null(next);
        free(next);
        json_decref(body);
    }
}

static void test_headers(void **state)
{
    char id[REPLY_CORRELATION_SIZE];

    (void)state;
    assert_int_equal(reply_read_retry_after("42", 0), 42000);
    assert_int_equal(reply_read_retry_after(" 0 ", 0), 0);
    assert_int_equal(reply_read_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 10), 50000);
    assert_int_equal(reply_read_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 100), 0);
    assert_int_equal(reply_read_retry_after("-3", 0), -1);
    assert_int_equal(reply_read_retry_after("soon", 0), -1);
    assert_int_equal(reply_read_retry_after("", 0), -1);
    assert_int_equal(reply_read_retry_after("999999999999999999", 0), INT64_MAX);
    assert_int_equal(reply_read_number("12x"), -1);
    assert_int_equal(reply_read_number("9999999999999999999"), -1);
    reply_read_correlation("ab\x1b[1m-\0c", 9, id);
    assert_string_equal(id, "ab1m-c");
}

static void test_identity(void **state)
{
    struct remote_identity identity;
    struct error error = ERROR_INIT;
    json_t *body = json_pack("{s:{s:s,s:s},s:{s:s}}", "organization", "id", "o-1", "name",
                             "Acme\x1b", "OAuthClient", "id", "c-1");

    (void)state;
    assert_true(reply_read_identity(body, &identity, &error));
    assert_string_equal(identity.organization_id, "o-1");
    assert_string_equal(identity.organization, "Acme\\x1b");
    assert_string_equal(identity.client, "");
    json_decref(body);
    assert_false(reply_read_identity(NULL, &identity, &error));
}

/* What is read and written again asks for the same, and reads back as the same object. */
static void round_trip(enum via via, const char *text)
{
    const struct driver *driver = driver_find(via);
    json_t *entity = json_loads(text, 0, NULL), *body;
    struct error error = ERROR_INIT;
    struct object first, second;

    assert_true(driver->entity_read(entity, &first, &error));
    first.marker = (struct marker){.present = true, .version = 1, .organization = "o", .name = "n"};
    body = driver->entity_body(&first, 7);
    assert_non_null(body);
    assert_int_equal(json_integer_value(json_object_get(body, "version")), 7);
    json_object_set_new(body, "id", json_string("x-1"));
    assert_true(driver->entity_read(body, &second, &error));
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        assert_int_equal(first.fields[field] != NULL, field_table[field].by_via[via]);
        if (first.fields[field])
            assert_string_equal(first.fields[field], second.fields[field]);
    }
    object_release(&first);
    object_release(&second);
    json_decref(entity);
    json_decref(body);
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip(VIA_EVENT_STREAMS,
               "{\"id\":\"sub-1\",\"name\":\"a\",\"version\":1,\"eventTypes\":[\"b\",\"a\"],"
               "\"delivery\":{\"url\":\"https://x\",\"publicKey\":\"k\"}}");
    round_trip(VIA_EVENT_STREAMS,
               "{\"id\":\"sub-1\",\"name\":\"a\",\"version\":1,\"eventTypes\":[],"
               "\"description\":null,\"batching\":{\"mode\":\"Batched\",\"maxSize\":5},"
               "\"filterExpression\":{\"field\":\"f\",\"operator\":\"EXISTS\",\"value\":true},"
               "\"additionalFilter\":{\"field\":\"g\",\"operator\":\"NOT_IN\",\"value\":[2,1]},"
               "\"delivery\":{\"url\":\"https://x\"},\"health\":{\"state\":\"HEALTHY\"}}");
    round_trip(
        VIA_EVENT_STREAMS,
        "{\"id\":\"sub-1\",\"name\":\"a\",\"version\":1,\"eventTypes\":[],"
        "\"filterExpression\":{\"field\":\"f\",\"operator\":\"NEW_ONE\",\"value\":{\"a\":1}},"
        "\"additionalFilter\":[{\"field\":\"g\",\"operator\":\"EQ\",\"value\":1},"
        "{\"field\":\"h\",\"operator\":\"GT\",\"value\":2.5}],"
        "\"delivery\":{\"url\":\"https://x\"}}");
    round_trip(VIA_TRIGGER, "{\"id\":\"t-1\",\"name\":\"a\",\"version\":1,\"topicName\":\"v2.x\","
                            "\"enabled\":false,\"target\":{\"id\":\"w\",\"type\":\"Workflow\"}}");
    round_trip(
        VIA_TRIGGER,
        "{\"id\":\"t-1\",\"name\":\"a\",\"version\":1,\"topicName\":\"v2.x\","
        "\"enabled\":true,\"eventTTLSeconds\":60,\"target\":{\"id\":\"w\",\"type\":\"Other\","
        "\"workflowTargetSettings\":{\"dataFormat\":\"Json\"}},\"matchCriteria\":["
        "{\"jsonPath\":\"a\",\"operator\":\"In\",\"values\":[\"z\",\"b\"]},"
        "{\"jsonPath\":\"b\",\"operator\":\"Exists\",\"value\":false},"
        "{\"jsonPath\":\"c\",\"operator\":\"Novel\",\"values\":[1]}]}");
}

static void test_malformed(void **state)
{
    static const char *const entities[] = {
        "null",
        "7",
        "[]",
        "{}",
        "{\"id\":\"a\"}",
        "{\"id\":\"a\",\"name\":\"n\"}",
        "{\"id\":\"a/../b\",\"name\":\"n\",\"version\":1}",
        "{\"id\":\"..\",\"name\":\"n\",\"version\":1}",
        "{\"id\":7,\"name\":\"n\",\"version\":1}",
        "{\"id\":\"a\",\"name\":\"n\",\"version\":\"1\"}",
        "{\"id\":\"a\",\"name\":\"n\",\"version\":1,\"description\":[]}",
        "{\"id\":\"a\",\"name\":\"n\",\"version\":1,\"enabled\":\"yes\"}",
        "{\"id\":\"a\",\"name\":\"n\",\"version\":1,\"eventTypes\":[1],\"topicName\":\"\"}",
        "{\"id\":\"a\",\"name\":\"n\",\"version\":1,\"eventTypes\":[],\"filterExpression\":[],"
        "\"matchCriteria\":[1]}",
        "{\"id\":\"a\",\"name\":\"n\",\"version\":1,\"eventTypes\":[],\"delivery\":{\"url\":1},"
        "\"target\":{\"id\":\"w\"},\"topicName\":9}",
    };

    (void)state;
    for (enum via via = 0; via < VIA_COUNT; via++)
        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
            json_t *entity = json_loads(entities[i], JSON_DECODE_ANY, NULL);
            struct error error = ERROR_INIT;
            struct object object;
            assert_false(driver_find(via)->entity_read(entity, &object, &error));
            assert_int_equal(error.code, ERROR_FAILED);
            assert_null(object.id);
            json_decref(entity);
        }
}

static void test_token_life(void **state)
{
    struct token token;

    (void)state;
    token_init(&token);
    assert_false(token_is_usable(&token, 0));
    token_take(&token, strdup("abc"), 1000, 0, 100000, 80, 0);
    assert_false(token_is_due(&token, 80999));
    assert_true(token_is_due(&token, 81000));
    assert_true(token_is_usable(&token, 100999));
    assert_false(token_is_usable(&token, 101000));
    token_take(&token, strdup("def"), 1000, 0, 100000, 80, 0.9999);
    assert_true(token_is_due(&token, 76010) && !token_is_due(&token, 75990));
    token_take(&token, strdup("ghi"), 200000, 90000, 100000, 80, 0); /* from a cache, old */
    assert_true(token_is_due(&token, 200000) && token_is_usable(&token, 209999));
    assert_int_equal(token.serial, 3);
    token_release(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),      cmocka_unit_test(test_login_refused),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_pages),
        cmocka_unit_test(test_headers),    cmocka_unit_test(test_identity),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_token_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
