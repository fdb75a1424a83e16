/* When endpoints are asked, and what becomes of their answers. The wire and the fleet are the
 * test's own. */
#include "tests/unit/unit.h"

#include "tui/watch.h"

#include <math.h>
#include <stdio.h>

enum { ENDPOINTS = 2, INTERVAL_MS = 1000 };
#define STATUS_BODY                                                                                \
    "{\"status_version\":1,\"instance\":\"i\",\"version\":\"1\",\"now_ms\":1,\"subscriptions\":[]" \
    "}"

/* -- the wire -----------------------------------------------------------------------------------
 */

static struct asked {
    unsigned number;
    char path[32];
    ingest_done done;
    void *context;
} asks[ENDPOINTS];
static unsigned last_number, cancelled;
static bool no_memory;

size_t wire_endpoints(const struct wire *wire)
{
    (void)wire;
    return ENDPOINTS;
}

unsigned wire_ask(struct wire *wire, size_t endpoint, const char *method, const char *path,
                  const json_t *body, ingest_done done, void *context)
{
    (void)wire;
    assert_string_equal(method, "GET");
    assert_null(body);
    assert_int_equal(asks[endpoint].number, 0); /* one question at a time */
    if (no_memory)
        return 0;
    asks[endpoint].number = ++last_number;
    snprintf(asks[endpoint].path, sizeof(asks[endpoint].path), "%s", path);
    asks[endpoint].done = done;
    asks[endpoint].context = context;
    return last_number;
}

void wire_cancel(struct wire *wire, unsigned ask)
{
    (void)wire;
    for (size_t i = 0; i < ENDPOINTS; i++)
        if (asks[i].number == ask)
            cancelled++;
}

/* -- the fleet ----------------------------------------------------------------------------------
 */

static struct {
    int samples, failures;
    char problem[256];
    bool refused;
    int64_t retry_ms;
} fleet[ENDPOINTS];
static bool fleet_is_full;

bool fleet_take(struct fleet *of, size_t endpoint, struct ingest_sample *sample, int64_t now_ms)
{
    (void)of, (void)now_ms;
    if (fleet_is_full)
        return false;
    fleet[endpoint].samples++;
    sample_release(sample);
    return true;
}

void fleet_fail(struct fleet *of, size_t endpoint, const char *problem, bool refused,
                int64_t now_ms, int64_t retry_ms)
{
    (void)of, (void)now_ms;
    fleet[endpoint].failures++;
    fleet[endpoint].refused = refused;
    fleet[endpoint].retry_ms = retry_ms;
    snprintf(fleet[endpoint].problem, sizeof(fleet[endpoint].problem), "%s", problem);
}

/* -- helpers ------------------------------------------------------------------------------------
 */

static struct watch *watch;

static int setup(void **state)
{
    (void)state;
    memset(asks, 0, sizeof(asks));
    memset(fleet, 0, sizeof(fleet));
    no_memory = fleet_is_full = false;
    cancelled = 0;
    watch = watch_new(NULL, NULL, INTERVAL_MS);
    return watch ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    watch_free(watch);
    return 0;
}

static void answer(size_t endpoint, long status, const char *body)
{
    struct asked asked = asks[endpoint];
    struct ingest_answer given = {.end = status ? INGEST_ANSWERED : INGEST_NOT_SENT,
                                  .status = status,
                                  .body = body,
                                  .length = strlen(body),
                                  .date_s = -1,
                                  .error = ERROR_INIT};

    assert_true(asked.number > 0);
    if (status < 200 || status >= 300)
        error_set(&given.error, ERROR_FAILED, "trouble %ld", status);
    asks[endpoint].number = 0;
    asked.done(asked.context, &given);
}

static const char *asking(size_t endpoint)
{
    return asks[endpoint].number ? asks[endpoint].path : "";
}

/* -- tests --------------------------------------------------------------------------------------
 */

static void test_grid(void **state)
{
    (void)state;
    assert_true(watch_step(watch, 50000) > 0);
    for (size_t i = 0; i < ENDPOINTS; i++) {
        assert_string_equal(asking(i), "/v1/status");
        answer(i, 200, STATUS_BODY);
    }
    assert_int_equal(watch_step(watch, 50300), 700); /* an interval after the question */
    assert_string_equal(asking(0), "");
    (void)watch_step(watch, 51005);
    assert_string_equal(asking(0), "/v1/status");
    answer(0, 200, STATUS_BODY);
    answer(1, 200, STATUS_BODY);
    assert_int_equal(watch_step(watch, 51010), 990); /* being late does not add up */
    (void)watch_step(watch, 57500);                  /* what was missed is not made up for */
    answer(0, 200, STATUS_BODY);
    answer(1, 200, STATUS_BODY);
    assert_int_equal(watch_step(watch, 57500), 500);
    assert_int_equal(fleet[0].samples, 3);
}

static void test_one_that_hangs_delays_nobody(void **state)
{
    (void)state;
    (void)watch_step(watch, 50000);
    for (int64_t now_ms = 50000; now_ms < 60000; now_ms += 1000) {
        (void)watch_step(watch, now_ms);
        answer(1, 200, STATUS_BODY);
    }
    assert_int_equal(fleet[1].samples, 10);
    assert_int_equal(fleet[0].samples, 0);
    assert_false(watch_all_heard(watch));
}

static void test_backoff(void **state)
{
    static const int64_t waits_s[] = {1, 2, 4, 8, 16, 30, 30, 30};
    int64_t now_ms = 50000;

    (void)state;
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        (void)watch_step(watch, now_ms);
        answer(0, 0, "");
        assert_int_equal(fleet[0].retry_ms - now_ms, waits_s[i] * 1000);
        (void)watch_step(watch, fleet[0].retry_ms - 1);
        assert_string_equal(asking(0), "");
        now_ms = fleet[0].retry_ms;
    }
    (void)watch_step(watch, now_ms);
    answer(0, 200, STATUS_BODY); /* well again: the next failure begins anew */
    (void)watch_step(watch, now_ms + 1000);
    answer(0, 503, "{}");
    assert_int_equal(fleet[0].retry_ms - (now_ms + 1000), 1000);
}

static void test_refused(void **state)
{
    static const long statuses[] = {401, 403, 500};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)watch_step(watch, 50000 + 60000 * (int64_t)i);
        answer(0, statuses[i], "{}");
        assert_int_equal(fleet[0].refused, statuses[i] != 500);
        assert_non_null(strstr(fleet[0].problem, "trouble"));
    }
}

static void test_metrics(void **state)
{
    static const struct {
        long status;
        const char *body;
    } cases[] = {{404, "{}"}, {200, "<html>"}, {200, ""}, {200, "# TYPE a gauge\n# EOF\n"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t now_ms = 50000 + 60000 * (int64_t)i;
        int failures = fleet[0].failures;
        (void)watch_step(watch, now_ms);
        assert_string_equal(asking(0), "/v1/status");
        answer(0, cases[i].status, cases[i].body);
        assert_int_equal(watch_step(watch, now_ms), 60000); /* at once */
        assert_string_equal(asking(0), "/metrics");
        assert_int_equal(fleet[0].failures, failures);
        answer(0, 200, "ingestd_queue_depth{subscription=\"a\"} 1\n# EOF\n");
        (void)watch_step(watch, now_ms + 5000); /* from then on */
        assert_string_equal(asking(0), "/metrics");
        answer(0, 0, "");
        (void)watch_step(watch, now_ms + 50000); /* until it fails */
        assert_string_equal(asking(0), "/v1/status");
        answer(0, 500, "");
    }
}

static void test_neither(void **state)
{
    (void)state;
    (void)watch_step(watch, 50000);
    answer(0, 404, "");
    (void)watch_step(watch, 50001);
    answer(0, 404, "");
    assert_int_equal(fleet[0].failures, 1);
    assert_int_equal(fleet[0].retry_ms, 51001);
}

static void test_garbage(void **state)
{
    (void)state;
    (void)watch_step(watch, 50000);
    answer(0, 200, "{\"status_version\":1,");
    assert_int_equal(fleet[0].failures, 1);
    assert_non_null(strstr(fleet[0].problem, "/v1/status: "));
    assert_false(fleet[0].refused);
}

static void test_no_memory(void **state)
{
    (void)state;
    no_memory = true;
    assert_int_equal(watch_step(watch, 50000), 1000);
    no_memory = false;
    fleet_is_full = true;
    (void)watch_step(watch, 51000);
    answer(0, 200, STATUS_BODY);
    assert_non_null(strstr(fleet[0].problem, "no memory"));
}

static void test_heard_and_news(void **state)
{
    (void)state;
    assert_false(watch_news(watch));
    (void)watch_step(watch, 50000);
    answer(0, 200, STATUS_BODY);
    assert_true(watch_news(watch));
    assert_false(watch_news(watch));
    assert_false(watch_all_heard(watch));
    answer(1, 0, "");
    assert_true(watch_news(watch));
    assert_true(watch_all_heard(watch));
    assert_true(watch_all_sampled(watch, 1));
    assert_false(watch_all_sampled(watch, 2));
    (void)watch_step(watch, 51000);
    answer(0, 200, STATUS_BODY);
    assert_true(watch_all_sampled(watch, 2)); /* the other one is known to be down */
}

static void test_free_cancels(void **state)
{
    struct watch *another = watch_new(NULL, NULL, INTERVAL_MS);

    (void)state;
    (void)watch_step(another, 50000);
    watch_free(another);
    assert_int_equal(cancelled, ENDPOINTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_grid),         UNIT(test_one_that_hangs_delays_nobody),
        UNIT(test_backoff),      UNIT(test_refused),
        UNIT(test_metrics),      UNIT(test_neither),
        UNIT(test_garbage),      UNIT(test_no_memory),
        UNIT(test_free_cancels), UNIT(test_heard_and_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
