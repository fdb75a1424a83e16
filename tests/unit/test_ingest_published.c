/* What eventctl publishes: every document that is wrong is refused whole, with its reason. */
#include "ingest/published.h"

#include "tests/unit/unit.h"

#include <stdio.h>

/* Any public key; its private half is not kept. */
#define PEM                                                                                        \
    "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAhB8hp4vGZgeb2/aI69Z3Hb7UrPvsO5tOgFfzER9Kgts=\\n" \
    "-----END PUBLIC KEY-----\\n"
#define ONE(members) "{\"subscriptions\":[{\"id\":\"sub-1\"" members "}]}"

static void test_good(void **state)
{
    static const char document[] =
        "{\"reason\":\"apply\",\"subscriptions\":["
        "{\"id\":\"sub-1\",\"name\":\"voice\",\"version\":3,\"sink\":\"crm\",\"filter\":["
        "{\"field\":\"channelType\",\"op\":\"eq\",\"value\":\"voice\"},"
        "{\"field\":\"n\",\"op\":\"in\",\"value\":[1,2.0]}],"
        "\"keys\":[{\"id\":\"k1\",\"pem\":\"" PEM "\"},{\"id\":\"k2\",\"pem\":\"" PEM "\"}]},"
        "{\"id\":\"sub-2\"}]}";
    struct published published;
    struct error error = ERROR_INIT;

    (void)state;
    assert_true(published_read(&published, document, strlen(document), &error));
    assert_int_equal(published.count, 2);
    assert_string_equal(published.subscriptions[0].name, "voice");
    assert_string_equal(published.subscriptions[0].sink, "crm");
    assert_int_equal(published.subscriptions[0].filter_count, 2);
    assert_int_equal(published.subscriptions[0].filter[1].op, FILTER_IN);
    assert_string_equal(published.subscriptions[0].filter[1].value, "[1,2]");
    assert_string_equal(published.subscriptions[1].name, "");
    assert_null(published.subscriptions[1].sink);
    assert_int_equal(published.key_count, 2);
    assert_string_equal(published.keys[1].id, "k2");
    assert_string_equal(published.keys[1].subscription, "sub-1");
    published_release(&published);
}

static const struct {
    const char *document, *says;
} wrong[] = {
    {"", "not an object"},
    {"[]", "not an object"},
    {"{}", "not an object"},
    {"{\"subscriptions\":{}}", "not an object"},
    {"{\"subscriptions\":[17]}", "needs an \"id\""},
    {"{\"subscriptions\":[{\"id\":\"\"}]}", "needs an \"id\""},
    {"{\"subscriptions\":[{\"id\":\"a b\"}]}", "not printable ASCII"},
    {"{\"subscriptions\":[{\"id\":\"\\u00e4\"}]}", "not printable ASCII"},
    {"{\"subscriptions\":[{\"id\":\"a\"},{\"id\":\"a\"}]}", "stands twice"},
    {ONE(",\"filter\":{}"), "\"filter\" is a list"},
    {ONE(",\"filter\":[{\"op\":\"eq\",\"value\":1}]"), "\"field\" is none"},
    {ONE(",\"filter\":[{\"field\":\"a\",\"op\":\"like\",\"value\":1}]"), "none that is known"},
    {ONE(",\"filter\":[{\"field\":\"a\",\"op\":\"eq\"}]"), "no \"value\""},
    {ONE(",\"filter\":[{\"field\":\"$.a\",\"op\":\"eq\",\"value\":1}]"), "\"field\" is none"},
    {ONE(",\"filter\":[{\"field\":\"a\",\"op\":\"eq\",\"value\":1,\"x\":1}]"),
     "\"x\" is not known"},
    {ONE(",\"filters\":[]"), "\"filters\" is not known"},
    {ONE(",\"sink\":5"), "\"sink\" is no text"},
    {ONE(",\"keys\":[{\"id\":\"k\",\"pem\":\"garbage\"}]"), "holds no public key"},
    {ONE(",\"keys\":[{\"id\":\"k\"}]"), "an \"id\" and a \"pem\""},
    {ONE(",\"keys\":[{\"pem\":\"k\"}]"), "an \"id\" and a \"pem\""},
    {ONE(",\"keys\":[1,2,3,4,5]"), "at most 4 keys"},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct published published;
        struct error error = ERROR_INIT;

        if (published_read(&published, wrong[i].document, strlen(wrong[i].document), &error))
            fail_msg("taken: %s", wrong[i].document);
        assert_int_equal(error.code, ERROR_INVALID);
        if (!strstr(error.text, wrong[i].says))
            fail_msg("%s: %s", wrong[i].document, error.text);
        assert_int_equal(published.count, 0);
        published_release(&published);
    }
}

static void test_too_many(void **state)
{
    struct published published;
    struct error error = ERROR_INIT;
    struct buf document;

    (void)state;
    buf_init(&document, 4 * 1024 * 1024);
    buf_add_text(&document, "{\"subscriptions\":[");
    for (int i = 0; i <= PUBLISHED_MOST; i++)
        buf_printf(&document, "%s{\"id\":\"sub-%d\"}", i ? "," : "", i);
    buf_add_text(&document, "]}");
    assert_false(published_read(&published, document.data, document.length, &error));
    assert_non_null(strstr(error.text, "at most 10000"));
    published_release(&published);
    buf_release(&document);
}

/* The configuration's word counts more than what was published. */
static void test_merge(void **state)
{
    static const char document[] = "{\"subscriptions\":[{\"id\":\"a\",\"name\":\"published\"},"
                                   "{\"id\":\"b\",\"name\":\"published\"}]}";
    const struct config_subscription own[] = {{.id = "a", .name = "configured"},
                                              {.id = "c", .name = "configured"}};
    const struct config config = {.subscriptions = own, .subscription_count = 2};
    struct published published;
    struct error error = ERROR_INIT;
    size_t count;

    (void)state;
    assert_true(published_read(&published, document, strlen(document), &error));
    const struct config_subscription *merged = published_merge(&published, &config, &count);
    assert_int_equal(count, 3);
    assert_string_equal(merged[0].name, "configured");
    assert_string_equal(merged[1].id, "c");
    assert_string_equal(merged[2].id, "b");
    assert_string_equal(merged[2].name, "published");
    published_release(&published);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
