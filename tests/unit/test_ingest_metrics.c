/* Metrics: the table's names, the text, the numbers. */
#include "ingest/metrics.h"

#include "tests/unit/unit.h"

#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, ADDS = 20000 };

static char *written(struct metrics *metrics)
{
    struct buf out;

    buf_init(&out, 16 * 1024 * 1024);
    metrics_write(metrics, &out);
    return buf_take(&out);
}

static bool has(const char *text, const char *line)
{
    const char *at = strstr(text, line);

    while (at && at != text && at[-1] != '\n')
        at = strstr(at + 1, line);
    return at != NULL;
}

/* Prometheus's conventions: one prefix, base units, no _total in the table. */
static void test_table(void **state)
{
    (void)state;
    for (int m = 0; m < METRIC_COUNT; m++) {
        const struct metric_row *row = &metric_table[m];

        assert_non_null(row->name);
        assert_non_null(row->help);
        assert_int_equal(strncmp(row->name, "ingestd_", 8), 0);
        for (const char *c = row->name; *c; c++)
            assert_true(islower((unsigned char)*c) || *c == '_');
        assert_null(strstr(row->name, "_total"));
        assert_null(strstr(row->name, "_ms"));
        assert_int_equal(row->help[strlen(row->help) - 1], '.');
        assert_int_equal(row->type == METRIC_HISTOGRAM, row->bounds != NULL);
        assert_true(row->labels[0] || !row->labels[1]);
        for (int other = 0; other < m; other++)
            assert_string_not_equal(row->name, metric_table[other].name);
        for (size_t i = 1; row->bounds && row->bounds[i] > 0; i++)
            assert_true(row->bounds[i] > row->bounds[i - 1]);
    }
}

static void test_text(void **state)
{
    struct metrics *metrics = metrics_new();

    (void)state;
    series_add(metrics_series(metrics, METRIC_REPLIES, "202", NULL), 3);
    series_add(metrics_series(metrics, METRIC_REPLIES, "202", NULL), 4);
    series_set(metrics_series(metrics, METRIC_DEPTH, "sub-1", NULL), 17);
    series_set(metrics_series(metrics, METRIC_DEAD_LETTERS, "sub-1", "http-500"), 2);
    series_set(metrics_series(metrics, METRIC_START, NULL, NULL), 1.5);
    char *text = written(metrics);
    assert_true(has(text, "# TYPE ingestd_http_replies counter\n"));
    assert_true(has(text, "ingestd_http_replies_total{code=\"202\"} 7\n"));
    assert_true(has(text, "ingestd_queue_depth{subscription=\"sub-1\"} 17\n"));
    assert_true(has(text, "ingestd_dead_letters{subscription=\"sub-1\",reason=\"http-500\"} 2\n"));
    assert_true(has(text, "ingestd_start_time_seconds 1.5\n"));
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
    metrics_free(metrics);
}

/* What is shown reads back as what was set, and no longer than it needs to be. */
static void test_numbers_are_exact(void **state)
{
    static const struct {
        double value;
        const char *shown;
    } rows[] = {
        {0, "0"},     {1764156000, "1764156000"},      {1764156000.123456, "1764156000.123456"},
        {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"}, {1e300, "1e+300"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct metrics *metrics = metrics_new();
        char line[128];

        series_set(metrics_series(metrics, METRIC_START, NULL, NULL), rows[i].value);
        snprintf(line, sizeof line, "ingestd_start_time_seconds %s\n", rows[i].shown);
        char *text = written(metrics);
        assert_true(has(text, line));
        free(text);
        metrics_free(metrics);
    }
}

static void test_labels_are_safe(void **state)
{
    struct metrics *metrics = metrics_new();

    (void)state;
    series_add(metrics_series(metrics, METRIC_ACCEPTED, "a\"b\\c\n\x1b[2J\xff", NULL), 1);
    char *text = written(metrics);
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\xff'));
    assert_non_null(strstr(text, "subscription=\"a\\\"b"));
    assert_non_null(strstr(text, "\"} 1\n"));
    free(text);
    metrics_free(metrics);
}

static void test_histogram(void **state)
{
    struct metrics *metrics = metrics_new();
    struct series *series = metrics_series(metrics, METRIC_SINK_SECONDS, "crm", NULL);

    (void)state;
    assert_true(series_quantile(series, 0.5) < 0);
    for (int i = 0; i < 90; i++)
        series_observe(series, 0.003);
    for (int i = 0; i < 9; i++)
        series_observe(series, 0.2);
    series_observe(series, 100);
    assert_int_equal(series_count(series), 100);
    assert_true(series_quantile(series, 0.5) > 0.0025 && series_quantile(series, 0.5) <= 0.005);
    assert_true(series_quantile(series, 0.95) > 0.1 && series_quantile(series, 0.95) <= 0.25);
    assert_true(series_quantile(series, 1) == 30); /* beyond the last bound it cannot say more */
    char *text = written(metrics);
    assert_true(has(text, "ingestd_sink_seconds_bucket{sink=\"crm\",le=\"0.0025\"} 0\n"));
    assert_true(has(text, "ingestd_sink_seconds_bucket{sink=\"crm\",le=\"0.005\"} 90\n"));
    assert_true(has(text, "ingestd_sink_seconds_bucket{sink=\"crm\",le=\"1.0\"} 99\n"));
    assert_true(has(text, "ingestd_sink_seconds_bucket{sink=\"crm\",le=\"+Inf\"} 100\n"));
    assert_true(has(text, "ingestd_sink_seconds_count{sink=\"crm\"} 100\n"));
    const char *sum = strstr(text, "ingestd_sink_seconds_sum{sink=\"crm\"} ");
    assert_non_null(sum);
    assert_true(fabs(strtod(strchr(sum, ' '), NULL) - 102.07) < 1e-9);
    free(text);
    metrics_free(metrics);
}

/* Whoever makes up subscriptions cannot fill the memory. */
static void test_limit(void **state)
{
    struct metrics *metrics = metrics_new();
    char name[32];

    (void)state;
    for (int i = 0; i < METRICS_SERIES_MOST + 10; i++) {
        snprintf(name, sizeof name, "sub-%d", i);
        series_add(metrics_series(metrics, METRIC_ACCEPTED, name, NULL), 1);
    }
    struct series *other = metrics_series(metrics, METRIC_ACCEPTED, "one more", NULL);
    assert_int_equal(series_count(other), 10);
    assert_int_equal(metrics_sum(metrics, METRIC_ACCEPTED), METRICS_SERIES_MOST + 10);
    metrics_free(metrics);
}

static void *add_many(void *context)
{
    for (int i = 0; i < ADDS; i++) {
        series_add(metrics_series(context, METRIC_REPLIES, i % 2 ? "202" : "401", NULL), 1);
        series_observe(metrics_series(context, METRIC_COMMIT_SECONDS, NULL, NULL), 0.5);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct metrics *metrics = metrics_new();
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, metrics), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metrics_sum(metrics, METRIC_REPLIES), THREADS * ADDS);
    assert_int_equal(series_count(metrics_series(metrics, METRIC_REPLIES, "202", NULL)),
                     THREADS * ADDS / 2);
    char *text = written(metrics);
    assert_true(has(text, "ingestd_commit_seconds_sum 40000\n"));
    free(text);
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_labels_are_safe),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_numbers_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
