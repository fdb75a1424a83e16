/* Metrics as ingest/README.md names them, in OpenMetrics 1.0 or Prometheus's text format; a counter
 * may stand there with or without "_total". Series of other names are skipped; NaN, infinities and
 * negative numbers are unknown.
 *
 * Where a metric has series of some subscriptions, it stays unknown of the others. A sum over all
 * is 0 when its metric is declared ("# TYPE") and has no series, since series begin with the first
 * event; but dead letters are none only when they take no bytes.
 */
#include "api/ingest_sample_series.h"

#include <stdlib.h>
#include <string.h>

/* -- lines --------------------------------------------------------------------------------------
 */

/* "# TYPE name …" declares, "# EOF" ends; all others are for people. */
static void read_comment(struct series_reading *reading, const char *text, size_t length)
{
    static const char type[] = "# TYPE ";
    enum { TYPE_LENGTH = sizeof(type) - 1 };
    struct line_piece name;
    const struct row *row;

    if (length == 5 && memcmp(text, "# EOF", 5) == 0)
        reading->ended = true;
    if (length <= TYPE_LENGTH || memcmp(text, type, TYPE_LENGTH) != 0)
        return;
    name = (struct line_piece){text + TYPE_LENGTH, 0};
    while (TYPE_LENGTH + name.length < length && name.text[name.length] != ' ')
        name.length++;
    row = series_row(name, NULL);
    if (row)
        reading->told |= series_bit(row);
}

static bool read_line(struct series_reading *reading, const char *text, size_t length)
{
    const struct row *row;

    while (length > 0 && memchr(" \t\r", text[length - 1], 3))
        length--;
    if (length == 0)
        return true;
    if (reading->ended)
        return error_set(reading->maker.error, ERROR_INVALID, "something stands after the end");
    if (*text == '#') {
        read_comment(reading, text, length);
        return true;
    }
    if (!line_read(&reading->line, text, length))
        return error_set(reading->maker.error, ERROR_INVALID, "it is no line of metrics");
    row = series_row(reading->line.name, reading->row);
    if (!row)
        return true;
    reading->row = row;
    reading->told |= series_bit(row);
    return series_read(reading);
}

static bool read_lines(struct series_reading *reading, const char *text, size_t length)
{
    const char *at = text, *end = text + length;

    for (size_t number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t line_length = (size_t)((stop ? stop : end) - at);
        if (!read_line(reading, at, line_length))
            return error_wrap(reading->maker.error, "the metrics, line %zu", number);
        at = stop ? stop + 1 : end;
    }
    return true;
}

/* -- sums over all ------------------------------------------------------------------------------
 */

/* Numbers of the sample that are sums over its subscriptions. */
static const struct {
    const char *name;
    size_t one, all;
} totals[] = {
    {"ingestd_accepted_events", offsetof(struct sample_subscription, accepted),
     offsetof(struct ingest_sample, accepted_events)},
    {"ingestd_parked_events", offsetof(struct sample_subscription, parked),
     offsetof(struct ingest_sample, parked)},
    {"ingestd_queue_depth", offsetof(struct sample_subscription, depth),
     offsetof(struct ingest_sample, depth)},
};

static int64_t *at(void *view, size_t offset)
{
    return (int64_t *)((char *)view + offset);
}

static bool is_told(const struct series_reading *reading, const char *name)
{
    return reading->told & series_bit(series_row((struct line_piece){name, strlen(name)}, NULL));
}

/* What has no series is 0 when it is declared. */
static void end_sums(struct series_reading *reading)
{
    for (const struct row *row = series_rows; row < series_rows + ROWS; row++)
        if ((row->rule == RULE_ALL_SUM || row->rule == RULE_REPLIES) &&
            (reading->told & ~reading->all.told & series_bit(row)))
            *at(reading->maker.sample, row->offset) = 0;
}

static void add_totals(struct series_reading *reading)
{
    struct ingest_sample *sample = reading->maker.sample;

    for (size_t t = 0; t < sizeof(totals) / sizeof(totals[0]); t++) {
        const struct row *row =
            series_row((struct line_piece){totals[t].name, strlen(totals[t].name)}, NULL);
        struct marks marks = {0, 0};
        int64_t sum = 0;
        for (size_t i = 0; i < sample->subscription_count; i++)
            if (reading->subscriptions[i].told & series_bit(row))
                series_add(&sum, *at(&sample->subscriptions[i], totals[t].one), &marks, 1);
        if (is_told(reading, totals[t].name))
            *at(sample, totals[t].all) = sum;
    }
}

/* No series of them may also mean that nobody counts them: it takes their bytes to tell. */
static void add_dead_letters(struct series_reading *reading)
{
    struct ingest_sample *sample = reading->maker.sample;
    struct marks marks = {0, 0};
    int64_t sum = 0;

    for (size_t i = 0; i < sample->reason_count; i++)
        series_add(&sum, sample->reasons[i].count, &marks, 1);
    if (sample->reason_count > 0 || sample->dead_bytes == 0)
        sample->dead_count = sum;
}

static void add_oldest(struct series_reading *reading)
{
    struct ingest_sample *sample = reading->maker.sample;
    int64_t oldest = 0;

    for (size_t i = 0; i < sample->subscription_count; i++)
        if (sample->subscriptions[i].oldest_age_ms > oldest)
            oldest = sample->subscriptions[i].oldest_age_ms;
    if (!is_told(reading, "ingestd_queue_oldest_age_seconds"))
        return;
    sample->oldest_age_ms = oldest;
    sample->oldest_ms = oldest == 0 ? 0 : SAMPLE_UNKNOWN;
}

/* -- the text -----------------------------------------------------------------------------------
 */

static bool read_text(struct series_reading *reading, const char *text, size_t length)
{
    if (!read_lines(reading, text, length))
        return false;
    if (!reading->told)
        return error_set(reading->maker.error, ERROR_INVALID,
                         "neither a status nor metrics of an ingest service");
    series_end_histogram(reading);
    end_sums(reading);
    add_totals(reading);
    add_dead_letters(reading);
    add_oldest(reading);
    return true;
}

bool sample_read_metrics(struct ingest_sample *sample, const char *text, size_t length,
                         struct error *error)
{
    struct series_reading *reading = calloc(1, sizeof(*reading));
    bool ok;

    sample_init(sample);
    if (!reading)
        return error_no_memory(error);
    maker_init(&reading->maker, sample, error);
    reading->subscriptions =
        arena_alloc(&reading->maker.scratch, SAMPLE_SUBSCRIPTIONS_MOST * sizeof(struct marks));
    reading->sinks = arena_alloc(&reading->maker.scratch, SAMPLE_SINKS_MOST * sizeof(struct marks));
    ok = (reading->subscriptions && reading->sinks) || error_no_memory(error);
    ok = maker_end(&reading->maker, ok && read_text(reading, text, length));
    free(reading->summed.slots);
    free(reading);
    return ok;
}
