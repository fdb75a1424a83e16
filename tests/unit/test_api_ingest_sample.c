/* What a status and metrics say, and what is none of them. */
#include "tests/unit/unit.h"

#include "api/ingest_sample.h"
#include "core/buf.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static struct ingest_sample sample;
static struct error error;

static int setup(void **state)
{
    (void)state;
    sample_init(&sample);
    error = ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sample_release(&sample);
    return 0;
}

/* Reads a copy without anything behind it, so that a step too far is seen. */
static bool read_bytes(const char *text, size_t length)
{
    char *copy = malloc(length + !length);
    bool ok;

    assert_non_null(copy);
    memcpy(copy, text, length);
    sample_release(&sample);
    error = ERROR_INIT;
    ok = sample_read(&sample, copy, length, &error);
    free(copy);
    assert_int_equal(ok, error.code == ERROR_NONE);
    if (!ok)
        assert_int_equal(sample.subscription_count + sample.sink_count + sample.reason_count, 0);
    return ok;
}

static void read_well(const char *text)
{
    bool ok = read_bytes(text, strlen(text));

    assert_string_equal(error.text, "");
    assert_true(ok);
}

static void refused(const char *text, const char *why)
{
    assert_false(read_bytes(text, strlen(text)));
    assert_int_equal(error.code, ERROR_INVALID);
    if (!strstr(error.text, why))
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
}

static const struct sample_subscription *find(const char *id)
{
    for (size_t i = 0; i < sample.subscription_count; i++)
        if (strcmp(sample.subscriptions[i].id, id) == 0)
            return &sample.subscriptions[i];
    fail_msg("no subscription %s", id);
    return NULL;
}

/* -- status -------------------------------------------------------------------------------------
 */

#define STATUS(members) "{\"status_version\":1" members "}"
#define LIST(items)     STATUS(",\"subscriptions\":[" items "]")

static void test_whole_status(void **state)
{
    (void)state;
    read_well("{\"status_version\":1,\"version\":\"1.2\",\"instance\":\"i-1\",\"started_ms\":1000,"
              "\"now_ms\":9000,\"ready\":false,\"not_ready\":\"stopping\",\"connections\":7,"
              "\"queue\":{\"trouble\":\"fine\",\"free_bytes\":10,\"reserve_bytes\":11,"
              "\"received_requests\":12,\"accepted_events\":13,\"store_failures\":14,"
              "\"signature_failures\":15,\"replies_202\":99,\"replies_503\":16},"
              "\"delivery\":{\"depth\":20,\"parked\":21,\"oldest_ms\":4000,\"workers\":22,"
              "\"workers_busy\":23,\"workers_most\":24},"
              "\"dead_letters\":{\"count\":30,\"bytes\":31,\"quota_bytes\":32,\"reasons\":["
              "{\"subscription\":\"b\",\"reason\":\"timeout\",\"count\":1,\"came_back\":0,"
              "\"oldest_ms\":5},"
              "{\"subscription\":\"a\",\"reason\":\"http-500\",\"count\":29,\"came_back\":2,"
              "\"oldest_ms\":null}]},"
              "\"sinks\":[{\"name\":\"crm\",\"type\":\"http\",\"target\":\"http://x/\","
              "\"breaker\":\"open\",\"rests\":\"breaker\",\"rests_until_ms\":9500,\"in_flight\":1,"
              "\"concurrency\":2,\"attempts\":3,\"failures\":4}],"
              "\"subscriptions\":[{\"id\":\"b\",\"name\":\"voice@v1\",\"sink\":\"crm\","
              "\"known\":true,\"paused\":false,\"depth\":1,\"parked\":2,\"oldest_ms\":8000,"
              "\"accepted\":3,\"delivered\":4,\"replayed\":5,\"duplicates\":6,\"filtered\":7,"
              "\"retried\":8,\"dead_lettered\":9,\"quarantined\":10,\"p50_s\":0.25,\"p95_s\":1,"
              "\"p99_s\":null,\"last_error\":\"http-500\",\"last_error_ms\":77,"
              "\"last_delivered_ms\":null},{\"id\":\"a\"}]}");
    assert_string_equal(sample.instance, "i-1");
    assert_string_equal(sample.version, "1.2");
    assert_string_equal(sample.not_ready, "stopping");
    assert_int_equal(sample.ready, SAMPLE_NO);
    assert_int_equal(sample.started_ms, 1000);
    assert_int_equal(sample.free_bytes, 10);
    assert_int_equal(sample.reserve_bytes, 11);
    assert_int_equal(sample.received_requests, 12);
    assert_int_equal(sample.accepted_events, 13);
    assert_int_equal(sample.store_failures, 14);
    assert_int_equal(sample.signature_failures, 15);
    assert_int_equal(sample.replies_503, 16);
    assert_int_equal(sample.depth, 20);
    assert_int_equal(sample.parked, 21);
    assert_int_equal(sample.oldest_ms, 4000);
    assert_int_equal(sample.oldest_age_ms, 5000);
    assert_int_equal(sample.workers_most, 24);
    assert_int_equal(sample.dead_count, 30);
    assert_int_equal(sample.dead_quota_bytes, 32);
    assert_int_equal(sample.reason_count, 2);
    assert_string_equal(sample.reasons[0].reason, "http-500");
    assert_int_equal(sample.reasons[0].oldest_ms, 0);
    assert_int_equal(sample.sink_count, 1);
    assert_string_equal(sample.sinks[0].breaker, "open");
    assert_int_equal(sample.sinks[0].failures, 4);
    assert_int_equal(sample.subscription_count, 2);
    assert_string_equal(sample.subscriptions[1].name, "voice@v1");
    assert_int_equal(sample.subscriptions[1].known, SAMPLE_YES);
    assert_int_equal(sample.subscriptions[1].quarantined, 10);
    assert_int_equal(sample.subscriptions[1].oldest_age_ms, 1000);
    assert_true(sample.subscriptions[1].p50_s == 0.25 && sample.subscriptions[1].p95_s == 1);
    assert_true(isnan(sample.subscriptions[1].p99_s));
    assert_int_equal(sample.subscriptions[1].last_delivered_ms, 0);
}

static void test_what_is_not_told(void **state)
{
    (void)state;
    read_well(LIST("{\"id\":\"a\"}"));
    assert_string_equal(sample.instance, "");
    assert_int_equal(sample.ready, SAMPLE_PERHAPS);
    assert_int_equal(sample.depth, SAMPLE_UNKNOWN);
    assert_int_equal(sample.dead_count, SAMPLE_UNKNOWN);
    assert_string_equal(sample.subscriptions[0].name, "");
    assert_int_equal(sample.subscriptions[0].paused, SAMPLE_PERHAPS);
    assert_int_equal(sample.subscriptions[0].accepted, SAMPLE_UNKNOWN);
    assert_int_equal(sample.subscriptions[0].oldest_age_ms, SAMPLE_UNKNOWN);
    assert_true(isnan(sample.subscriptions[0].p50_s));
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {
        {"0", 0},
        {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", SAMPLE_UNKNOWN},
        {"1e999", SAMPLE_UNKNOWN},
        {"1234567890123456789012345678901234567890123456789012345678901234567890", SAMPLE_UNKNOWN},
        {"-1", SAMPLE_UNKNOWN},
        {"5.0", 5},
        {"1e3", 1000},
        {"null", SAMPLE_UNKNOWN},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), STATUS(",\"delivery\":{\"depth\":%s}"), cases[i].text);
        read_well(text);
        assert_int_equal(sample.depth, cases[i].number);
    }
}

static void test_wrong_status(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{}", "status_version"},
        {"{\"status_version\":2}", "another version than 1"},
        {"{\"status_version\":\"1\"}", "status_version is no whole number"},
        {STATUS("") "x", "no JSON"},
        {STATUS(",}"), "no JSON"},
        {STATUS(",\"x\":[1,]"), "no JSON"},
        {STATUS(",\"x\":01"), "no JSON"},
        {STATUS(",\"x\":1."), "no JSON"},
        {STATUS(",\"x\":+1"), "no JSON"},
        {STATUS(",\"x\":tru"), "no JSON"},
        {STATUS(",\"x\":\"\\q\""), "no JSON"},
        {STATUS(",\"x\":\"\\ud800\""), "no JSON"},
        {STATUS(",\"x\":\"\\u0000\""), "no JSON"},
        {STATUS(",\"x\":\"\xff\""), "no JSON"},
        {STATUS(",\"x\":\"\x01\""), "no JSON"},
        {"{\"status_version\":1", "no JSON"},
        {"{\"status_version\":1,\"x\":\"", "no JSON"},
        {"{\"status_version\":1,\"x\":\"\\", "no JSON"},
        {STATUS(",\"version\":1"), "version is no text"},
        {STATUS(",\"ready\":1"), "ready is no boolean"},
        {STATUS(",\"queue\":[]"), "queue is no object"},
        {STATUS(",\"sinks\":{}"), "sinks is no list"},
        {STATUS(",\"delivery\":{\"depth\":1.5}"), "depth is no whole number"},
        {STATUS(",\"delivery\":{\"depth\":true}"), "depth is no whole number"},
        {STATUS(",\"now_ms\":1,\"now_ms\":1"), "now_ms stands there twice"},
        {LIST("1"), "subscriptions is no list"},
        {LIST("{\"id\":\"a\",\"p50_s\":\"1\"}"), "p50_s is no number"},
        {LIST("{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}"), "subscription a stands there twice"},
        {STATUS(",\"sinks\":[{\"name\":\"s\"},{\"name\":\"s\"}]"), "sink s stands there twice"},
        {STATUS(",\"dead_letters\":{\"reasons\":[{\"reason\":\"r\"},{\"reason\":\"r\"}]}"),
         "reason r stands there twice"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(cases[i].text, cases[i].why);
}

static void test_additional_members(void **state)
{
    (void)state;
    read_well(" \n" STATUS(",\"x\":{\"a\":[1,-2.5e-3,[],{},true,false,null,\"\\u00e9\\n\"]},\"\":0"
                           ",\"delivery\":{\"depth\":3,\"more\":[{}]}") "\r\n");
    assert_int_equal(sample.depth, 3);
}

static void test_depth(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 1000000);
    buf_add_text(&text, "{\"status_version\":1,\"x\":");
    for (int i = 0; i < 200000; i++)
        buf_add_char(&text, '[');
    assert_false(read_bytes(text.data, text.length));
    assert_int_equal(error.code, ERROR_INVALID);
    buf_release(&text);
}

static void test_texts(void **state)
{
    struct buf text;

    (void)state;
    read_well(LIST("{\"id\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\",\"name\":"
                   "\"\xc3\xa9\",\"sink\":\"\\u001b[2J\"}"));
    assert_string_equal(sample.subscriptions[0].id, "a\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac"
                                                    "\xf0\x9f\x98\x80");
    assert_string_equal(sample.subscriptions[0].sink, "\033[2J");
    buf_init(&text, 100000);
    buf_add_text(&text, "{\"status_version\":1,\"version\":\"x");
    for (int i = 0; i < SAMPLE_TEXT_MOST; i++)
        buf_add_text(&text, "\xe2\x82\xac");
    buf_add_text(&text, "\"}");
    read_well(text.data);
    assert_int_equal(strlen(sample.version), 1 + (SAMPLE_TEXT_MOST - 1) / 3 * 3);
    buf_release(&text);
}

/* Two ids that become one when they are cut are one. */
static void test_long_ids(void **state)
{
    char id[SAMPLE_TEXT_MOST + 2];
    struct buf text;

    (void)state;
    memset(id, 'x', sizeof(id));
    buf_init(&text, 100000);
    buf_printf(&text,
               "{\"status_version\":1,\"subscriptions\":[{\"id\":\"%.*s1\"},{\"id\":\"%.*s2\"}]}",
               SAMPLE_TEXT_MOST, id, SAMPLE_TEXT_MOST, id);
    refused(text.data, "stands there twice");
    buf_release(&text);
}

static void add_many(struct buf *text, int count)
{
    buf_reset(text);
    buf_add_text(text, "{\"status_version\":1,\"subscriptions\":[");
    for (int i = 0; i < count; i++)
        buf_printf(text, "%s{\"id\":\"sub-%d\",\"depth\":%d}", i ? "," : "", count - i, count - i);
    buf_add_text(text, "]}");
}

static void test_many(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 10000000);
    add_many(&text, SAMPLE_SUBSCRIPTIONS_MOST);
    read_well(text.data);
    assert_int_equal(sample.subscription_count, SAMPLE_SUBSCRIPTIONS_MOST);
    for (size_t i = 1; i < sample.subscription_count; i++)
        assert_true(strcmp(sample.subscriptions[i - 1].id, sample.subscriptions[i].id) < 0);
    assert_int_equal(find("sub-7")->depth, 7);
    add_many(&text, SAMPLE_SUBSCRIPTIONS_MOST + 1);
    refused(text.data, "more than 20000 subscriptions");
    buf_release(&text);
}

/* -- metrics ------------------------------------------------------------------------------------
 */

static const char open_metrics[] =
    "# TYPE ingestd_received_requests counter\n# HELP ingestd_received_requests Requests.\n"
    "ingestd_received_requests_total{source=\"a\"} 3\n"
    "ingestd_received_requests_total{source=\"b\"} 4\n"
    "ingestd_http_replies_total{code=\"202\"} 7\n"
    "ingestd_http_replies_total{code=\"503\"} 2\n"
    "ingestd_accepted_events_total{subscription=\"b\"} 10\n"
    "ingestd_accepted_events_total{subscription=\"a\"} 20 # {trace=\"x y\"} 0.5 1790000000\n"
    "# TYPE ingestd_store_failures counter\n"
    "ingestd_disk_free_bytes 1e6\n"
    "ingestd_queue_depth{subscription=\"a\"} 5 1790000000.5\n"
    "ingestd_queue_depth{subscription=\"b\"} 0\n"
    "ingestd_queue_oldest_age_seconds{subscription=\"a\"} 1.5\n"
    "ingestd_queue_oldest_age_seconds{subscription=\"b\"} 0\n"
    "ingestd_dead_lettered_events_total{subscription=\"a\",reason=\"timeout\"} 2\n"
    "ingestd_dead_lettered_events_total{subscription=\"a\",reason=\"http-500\"} 3\n"
    "ingestd_delivery_seconds_bucket{subscription=\"a\",le=\"0.5\"} 5\n"
    "ingestd_delivery_seconds_bucket{subscription=\"a\",le=\"1.0\"} 10\n"
    "ingestd_delivery_seconds_bucket{subscription=\"a\",le=\"+Inf\"} 10\n"
    "ingestd_delivery_seconds_count{subscription=\"a\"} 10\n"
    "ingestd_delivery_seconds_sum{subscription=\"a\"} 4.5\n"
    "ingestd_delivery_seconds_bucket{subscription=\"b\",le=\"0.5\"} 0\n"
    "ingestd_delivery_seconds_bucket{subscription=\"b\",le=\"+Inf\"} 0\n"
    "ingestd_sink_seconds_count{sink=\"crm\"} 12\n"
    "ingestd_sink_breaker{sink=\"crm\"} 1\n"
    "ingestd_subscription_paused{subscription=\"a\"} 1\n"
    "ingestd_subscription_paused{subscription=\"b\"} 0\n"
    "ingestd_dead_letters{subscription=\"a\",reason=\"timeout\"} 2\n"
    "ingestd_dead_letters{subscription=\"a\",reason=\"http-500\"} 1\n"
    "ingestd_workers 8\n"
    "ingestd_build_info{version=\"1.2\",instance=\"i-1\"} 1\n"
    "ingestd_start_time_seconds 1.79000001e+09\n"
    "# EOF\n";

static void test_open_metrics(void **state)
{
    (void)state;
    read_well(open_metrics);
    assert_string_equal(sample.instance, "i-1");
    assert_string_equal(sample.version, "1.2");
    assert_int_equal(sample.started_ms, INT64_C(1790000010000));
    assert_int_equal(sample.now_ms, SAMPLE_UNKNOWN);
    assert_int_equal(sample.ready, SAMPLE_PERHAPS);
    assert_int_equal(sample.received_requests, 7);
    assert_int_equal(sample.replies_503, 2);
    assert_int_equal(sample.store_failures, 0); /* declared, and without a series */
    assert_int_equal(sample.signature_failures, SAMPLE_UNKNOWN);
    assert_int_equal(sample.free_bytes, 1000000);
    assert_int_equal(sample.reserve_bytes, SAMPLE_UNKNOWN);
    assert_int_equal(sample.accepted_events, 30);
    assert_int_equal(sample.depth, 5);
    assert_int_equal(sample.parked, SAMPLE_UNKNOWN);
    assert_int_equal(sample.oldest_age_ms, 1500);
    assert_int_equal(sample.dead_count, 3);
    assert_int_equal(sample.workers, 8);
    assert_int_equal(sample.subscription_count, 2);
    assert_int_equal(find("a")->accepted, 20);
    assert_int_equal(find("a")->delivered, SAMPLE_UNKNOWN);
    assert_int_equal(find("a")->dead_lettered, 5);
    assert_int_equal(find("a")->paused, SAMPLE_YES);
    assert_int_equal(find("a")->oldest_age_ms, 1500);
    assert_int_equal(find("a")->oldest_ms, SAMPLE_UNKNOWN);
    assert_int_equal(find("b")->oldest_ms, 0);
    assert_int_equal(find("b")->paused, SAMPLE_NO);
    assert_int_equal(find("b")->known, SAMPLE_PERHAPS);
    assert_true(fabs(find("a")->p50_s - 0.5) < 1e-9 && fabs(find("a")->p95_s - 0.95) < 1e-9);
    assert_true(isnan(find("b")->p50_s));
    assert_int_equal(sample.sink_count, 1);
    assert_string_equal(sample.sinks[0].breaker, "half-open");
    assert_int_equal(sample.sinks[0].attempts, 12);
    assert_int_equal(sample.reason_count, 2);
    assert_string_equal(sample.reasons[0].reason, "http-500");
    assert_int_equal(sample.reasons[0].came_back, SAMPLE_UNKNOWN);
}

static void test_prometheus_text(void **state)
{
    (void)state;
    read_well("# just a remark\n\n#\n"
              "ingestd_delivered_events{subscription=\"a\"} 3\r\n"
              "ingestd_queue_depth { subscription = \"a\" , zone=\"x\", }\t4 1790000000000\n"
              "ingestd_build_info{version=\"1\"} 1\n"
              "go_gc_seconds{quantile=\"0.5\"} NaN\n"
              "process_start_time_seconds +Inf");
    assert_string_equal(sample.instance, "");
    assert_int_equal(sample.started_ms, SAMPLE_UNKNOWN);
    assert_int_equal(find("a")->delivered, 3);
    assert_int_equal(find("a")->depth, 4);
}

static void test_label_escapes(void **state)
{
    (void)state;
    read_well("ingestd_queue_depth{subscription=\"a\\\\\\\"\\n{},=\\x\"} 1\n"
              "ingestd_parked_events{subscription=\"a\\\\\\\"\\n{},=\\x\"} 2\n"
              "ingestd_queue_depth{subscription=\"\xc3\xa9\"} 3\n");
    assert_int_equal(sample.subscription_count, 2);
    assert_int_equal(find("a\\\"\n{},=\\x")->depth, 1);
    assert_int_equal(find("a\\\"\n{},=\\x")->parked, 2);
    assert_int_equal(find("\xc3\xa9")->depth, 3);
}

static void test_odd_values(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {
        {"NaN", SAMPLE_UNKNOWN},
        {"+Inf", SAMPLE_UNKNOWN},
        {"-Inf", SAMPLE_UNKNOWN},
        {"-1", SAMPLE_UNKNOWN},
        {"1e300", SAMPLE_UNKNOWN},
        {"99999999999999999999", SAMPLE_UNKNOWN},
        {"9223372036854775807", INT64_MAX},
        {"9007199254740993", INT64_C(9007199254740993)}, /* 2^53 + 1 */
        {"1.5e+01", 15},
        {"0", 0},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text),
                 "ingestd_accepted_events_total{subscription=\"a\"} %s\n"
                 "ingestd_accepted_events_total{subscription=\"b\"} 0\n"
                 "ingestd_received_requests_total{source=\"b\"} 1\n"
                 "ingestd_received_requests_total{source=\"a\"} %s\n"
                 "ingestd_received_requests_total{source=\"c\"} 0\n",
                 cases[i].text, cases[i].text);
        read_well(text);
        assert_int_equal(find("a")->accepted, cases[i].number);
        assert_int_equal(sample.accepted_events, cases[i].number);
        assert_int_equal(sample.received_requests,
                         cases[i].number == INT64_MAX || cases[i].number == SAMPLE_UNKNOWN
                             ? SAMPLE_UNKNOWN
                             : cases[i].number + 1);
    }
}

#define DEPTH_A "ingestd_queue_depth{subscription=\"a\"} 1\n"
#define BUCKET(id, le, count)                                                                      \
    "ingestd_delivery_seconds_bucket{subscription=\"" id "\",le=\"" le "\"} " count "\n"

static void test_wrong_metrics(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "neither"},
        {"up 1\n", "neither"},
        {"<html>\n", "line 1"},
        {"Not Found\n", "line 1"},
        {DEPTH_A "x\n", "line 2"},
        {DEPTH_A "x{ 1\n", "line 2"},
        {DEPTH_A "x{a=\"b} 1\n", "line 2"},
        {DEPTH_A "x{a=\"b\\\n", "line 2"},
        {DEPTH_A "x{a=b} 1\n", "line 2"},
        {DEPTH_A "x{a=\"1\" b=\"2\"} 1\n", "line 2"},
        {DEPTH_A "x{a=\"1\",a=\"2\"} 1\n", "line 2"},
        {DEPTH_A "x{a=\"1\"}\n", "line 2"},
        {DEPTH_A "x 1 2 3\n", "line 2"},
        {DEPTH_A "x 0x10\n", "line 2"},
        {DEPTH_A "x 1,5\n", "line 2"},
        {DEPTH_A "x --1\n", "line 2"},
        {DEPTH_A "x nan(1)\n", "line 2"},
        {DEPTH_A "x 1 soon\n", "line 2"},
        {DEPTH_A "9x 1\n", "line 2"},
        {DEPTH_A "\xff 1\n", "line 2"},
        {DEPTH_A "ingestd_parked_events{subscription=\"\xff\"} 1\n", "line 2"},
        {DEPTH_A "# EOF\n\n" DEPTH_A, "line 4"},
        {DEPTH_A DEPTH_A, "line 2: this series of ingestd_queue_depth stands there twice"},
        {DEPTH_A "ingestd_queue_depth{subscription=\"b\"} 1\n"
                 "ingestd_queue_depth{shard=\"2\",subscription=\"a\"} 1\n",
         "line 3"},
        {"ingestd_workers 1\ningestd_workers 1\n", "line 2"},
        {"ingestd_sink_breaker{sink=\"a\"} 0\ningestd_sink_breaker{sink=\"a\"} 0\n", "line 2"},
        {"ingestd_http_replies_total{code=\"503\"} 0\ningestd_http_replies{code=\"503\"} 0\n",
         "line 2"},
        {"ingestd_signature_failures_total{source=\"s\",reason=\"r\"} 0\n"
         "ingestd_signature_failures_total{reason=\"r\",source=\"s\"} 0\n",
         "line 2"},
        {"ingestd_dead_letters{subscription=\"a\",reason=\"r\"} 0\n"
         "ingestd_dead_letters{reason=\"r\",subscription=\"a\"} 0\n",
         "line 2"},
        {BUCKET("a", "1", "1") BUCKET("a", "1", "1"), "line 2"},
        {BUCKET("a", "2", "1") BUCKET("a", "1", "1"), "line 2"},
        {BUCKET("a", "x", "1"), "line 1"},
        {BUCKET("a", "1", "1") BUCKET("b", "1", "1") BUCKET("a", "2", "1"), "line 3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(cases[i].text, cases[i].why);
    assert_false(read_bytes("ingestd_\0workers 1\n", 19));
    assert_false(read_bytes("# TYPE ingestd_workers\0 gauge\n", 30)); /* which declares nothing */
}

static void test_same_sums_of_others(void **state)
{
    (void)state;
    read_well("ingestd_signature_failures_total{source=\"ab\",reason=\"c\"} 1\n"
              "ingestd_signature_failures_total{source=\"a\",reason=\"bc\"} 2\n"
              "ingestd_signature_failures_total{source=\"a\"} 4\n"
              "ingestd_dead_lettered_events_total{subscription=\"a\",reason=\"x\"} 8\n"
              "ingestd_dead_lettered_events_total{subscription=\"b\",reason=\"x\"} 16\n");
    assert_int_equal(sample.signature_failures, 7);
    assert_int_equal(find("a")->dead_lettered, 8);
    assert_int_equal(find("b")->dead_lettered, 16);
}

static void test_no_dead_letters(void **state)
{
    (void)state;
    read_well("# TYPE ingestd_dead_letters gauge\n# TYPE ingestd_queue_depth gauge\n");
    assert_int_equal(sample.dead_count, SAMPLE_UNKNOWN);
    assert_int_equal(sample.depth, 0);
    read_well("ingestd_dead_letter_bytes 7\n");
    assert_int_equal(sample.dead_count, SAMPLE_UNKNOWN);
    read_well("ingestd_dead_letter_bytes 0\n");
    assert_int_equal(sample.dead_count, 0);
}

static void test_many_metrics(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text, 10000000);
    for (int i = 0; i <= SAMPLE_SUBSCRIPTIONS_MOST; i++)
        buf_printf(&text, "ingestd_queue_depth{subscription=\"sub-%d\"} %d\n", i, i);
    refused(text.data, "line 20001: it tells of more than 20000 subscriptions");
    buf_reset(&text);
    for (int i = 0; i < 257; i++)
        buf_printf(&text, "ingestd_delivery_seconds_bucket{le=\"%d\"} 1\n", i);
    refused(text.data, "line 257");
    buf_reset(&text);
    buf_add_text(&text, "x{");
    for (int i = 0; i < 33; i++)
        buf_printf(&text, "l%d=\"\",", i);
    buf_add_text(&text, "} 1\n");
    refused(text.data, "line 1");
    buf_release(&text);
}

/* -- both ---------------------------------------------------------------------------------------
 */

/* A cut body is never read as something else, and nothing is read behind it. */
static void test_every_prefix(void **state)
{
    static const char status[] =
        LIST("{\"id\":\"a\\u00e9\xc3\xa9\",\"depth\":12,\"p50_s\":1.5e-1,\"known\":true,"
             "\"last_error_ms\":null}");

    (void)state;
    for (size_t length = 0; length < sizeof(status) - 1; length++)
        assert_false(read_bytes(status, length));
    for (size_t length = 0; length < sizeof(open_metrics) - 1; length++)
        (void)read_bytes(open_metrics, length);
}

static void test_quantiles(void **state)
{
    static const double bounds[] = {1, 2, 4, INFINITY}, some[] = {2, 6, 8, 10},
                        none[] = {0, 0, 0, 0}, falling[] = {2, 1, 8, 10},
                        nan_in_it[] = {2, NAN, 8, 10}, first_empty[] = {0, 4, 4, 4},
                        below_zero[] = {-1, 2, 4, INFINITY}, no_end[] = {1, 2, 4, 8};
    static const struct {
        double q;
        const double *bounds, *cumulative;
        double value;
    } cases[] = {
        {0.1, bounds, some, 0.5},      {0.2, bounds, some, 1},      {0.4, bounds, some, 1.5},
        {0.7, bounds, some, 3},        {0.9, bounds, some, 4},      {1, bounds, some, 4},
        {0, bounds, some, 0},          {0, bounds, first_empty, 0}, {0.5, bounds, first_empty, 1.5},
        {0.1, below_zero, some, -1},   {0.5, bounds, none, NAN},    {0.5, bounds, falling, NAN},
        {0.5, bounds, nan_in_it, NAN}, {0.5, no_end, some, NAN},    {-0.1, bounds, some, NAN},
        {1.1, bounds, some, NAN},      {NAN, bounds, some, NAN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double value = histogram_quantile(cases[i].q, cases[i].bounds, cases[i].cumulative, 4);
        if (isnan(cases[i].value) ? !isnan(value) : !(fabs(value - cases[i].value) < 1e-9))
            fail_msg("case %zu: %g, not %g", i, value, cases[i].value);
    }
    assert_true(isnan(histogram_quantile(0.5, bounds + 3, some + 3, 1)));
    assert_true(isnan(histogram_quantile(0.5, bounds, some, 0)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(test_whole_status), UNIT(test_what_is_not_told),   UNIT(test_numbers),
        UNIT(test_wrong_status), UNIT(test_additional_members), UNIT(test_depth),
        UNIT(test_texts),        UNIT(test_long_ids),           UNIT(test_many),
        UNIT(test_open_metrics), UNIT(test_prometheus_text),    UNIT(test_label_escapes),
        UNIT(test_odd_values),   UNIT(test_wrong_metrics),      UNIT(test_same_sums_of_others),
        UNIT(test_many_metrics), UNIT(test_no_dead_letters),    UNIT(test_every_prefix),
        UNIT(test_quantiles),
    };

    return cmocka_run_group_tests_name("what an endpoint says", tests, NULL, NULL);
}
