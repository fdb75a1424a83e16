#include "api/ingest_sample_series.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* -- the table ----------------------------------------------------------------------------------
 */

#define ALL(member) offsetof(struct ingest_sample, member)
#define ONE(member) offsetof(struct sample_subscription, member)

/* Sorted by name. */
const struct row series_rows[ROWS] = {
    {"ingestd_accepted_events", RULE_ONE, ONE(accepted), {NULL}},
    {"ingestd_build_info", RULE_BUILD, 0, {NULL}},
    {"ingestd_dead_letter_bytes", RULE_ALL, ALL(dead_bytes), {NULL}},
    {"ingestd_dead_lettered_events", RULE_ONE_SUM, ONE(dead_lettered), {"subscription", "reason"}},
    {"ingestd_dead_letters", RULE_DEAD_LETTERS, 0, {NULL}},
    {"ingestd_delivered_events", RULE_ONE, ONE(delivered), {NULL}},
    {"ingestd_delivery_seconds_bucket", RULE_LATENCY, 0, {NULL}},
    {"ingestd_disk_free_bytes", RULE_ALL, ALL(free_bytes), {NULL}},
    {"ingestd_disk_reserve_bytes", RULE_ALL, ALL(reserve_bytes), {NULL}},
    {"ingestd_duplicate_events", RULE_ONE, ONE(duplicates), {NULL}},
    {"ingestd_filtered_events", RULE_ONE, ONE(filtered), {NULL}},
    {"ingestd_http_replies", RULE_REPLIES, ALL(replies_503), {NULL}},
    {"ingestd_parked_events", RULE_ONE, ONE(parked), {NULL}},
    {"ingestd_quarantined_events", RULE_ONE, ONE(quarantined), {NULL}},
    {"ingestd_queue_depth", RULE_ONE, ONE(depth), {NULL}},
    {"ingestd_queue_oldest_age_seconds", RULE_AGE, 0, {NULL}},
    {"ingestd_received_requests", RULE_ALL_SUM, ALL(received_requests), {"source"}},
    {"ingestd_replayed_events", RULE_ONE, ONE(replayed), {NULL}},
    {"ingestd_retried_deliveries", RULE_ONE, ONE(retried), {NULL}},
    {"ingestd_signature_failures", RULE_ALL_SUM, ALL(signature_failures), {"source", "reason"}},
    {"ingestd_sink_breaker", RULE_BREAKER, 0, {NULL}},
    {"ingestd_sink_seconds_count", RULE_ATTEMPTS, 0, {NULL}},
    {"ingestd_start_time_seconds", RULE_START, 0, {NULL}},
    {"ingestd_store_failures", RULE_ALL_SUM, ALL(store_failures), {"trouble"}},
    {"ingestd_subscription_paused", RULE_PAUSED, 0, {NULL}},
    {"ingestd_workers", RULE_ALL, ALL(workers), {NULL}},
};

static int compare_row(const void *key, const void *row)
{
    const struct line_piece *name = key;
    const char *other = ((const struct row *)row)->name;
    size_t length = strlen(other), least = length < name->length ? length : name->length;
    int order = memcmp(name->text, other, least);

    return order ? order : (name->length > length) - (name->length < length);
}

const struct row *series_row(struct line_piece name, const struct row *guess)
{
    static const char total[] = "_total";
    enum { TOTAL_LENGTH = sizeof(total) - 1 };

    if (name.length > TOTAL_LENGTH &&
        memcmp(name.text + name.length - TOTAL_LENGTH, total, TOTAL_LENGTH) == 0)
        name.length -= TOTAL_LENGTH;
    if (guess && compare_row(&name, guess) == 0)
        return guess;
    return bsearch(&name, series_rows, ROWS, sizeof(series_rows[0]), compare_row);
}

uint32_t series_bit(const struct row *row)
{
    return UINT32_C(1) << (row - series_rows);
}

static int64_t *number_at(void *view, size_t offset)
{
    return (int64_t *)((char *)view + offset);
}

/* -- values -------------------------------------------------------------------------------------
 */

static bool garbage(struct series_reading *reading)
{
    return error_set(reading->maker.error, ERROR_INVALID, "it is no line of metrics");
}

static bool twice(struct series_reading *reading)
{
    return error_set(reading->maker.error, ERROR_INVALID, "this series of %s stands there twice",
                     reading->row->name);
}

/* The value, times `scale`; unknown when no count and no time can be so. */
static int64_t count_of(const struct line *line, double scale)
{
    double number = line->number * scale;
    int64_t count;

    if (scale == 1 && maker_digits(line->value.text, line->value.length, &count))
        return count;
    return number >= 0 && number < 0x1p63 ? (int64_t)number : SAMPLE_UNKNOWN;
}

/* A label's value, unescaped; it lasts as long as the body or the maker. */
static bool read_label(struct series_reading *reading, const char *name, struct line_piece *out)
{
    const struct line_label *label = line_find(&reading->line, name);
    char *written;

    *out = label ? label->value : (struct line_piece){"", 0};
    if (label && label->escaped) {
        written = arena_alloc(&reading->maker.scratch, label->value.length);
        if (!written)
            return error_no_memory(reading->maker.error);
        *out = (struct line_piece){written, line_unescape(label, written)};
    }
    return text_utf8_check(out->text, out->length) == out->length || garbage(reading);
}

/* Notes that the row has told of a thing, which it does once. */
static bool mark(struct series_reading *reading, struct marks *marks)
{
    if (marks->told & series_bit(reading->row))
        return twice(reading);
    marks->told |= series_bit(reading->row);
    return true;
}

/* -- sums ---------------------------------------------------------------------------------------
 */

static bool check_summed(struct series_reading *reading)
{
    size_t lengths[2] = {0, 0}, number;
    const struct line_label *labels[2] = {NULL, NULL};
    bool fresh;
    char *key;

    for (size_t i = 0; i < 2 && reading->row->labels[i]; i++)
        if ((labels[i] = line_find(&reading->line, reading->row->labels[i])))
            lengths[i] = labels[i]->value.length;
    key = arena_alloc(&reading->maker.scratch, 2 + lengths[0] + lengths[1]);
    if (!key)
        return error_no_memory(reading->maker.error);
    key[0] = (char)(reading->row - series_rows);
    if (labels[0])
        memcpy(key + 1, labels[0]->value.text, lengths[0]);
    if (labels[1]) /* a quote cannot stand in either */
        memcpy(key + 2 + lengths[0], labels[1]->value.text, lengths[1]);
    key[1 + lengths[0]] = '"';
    if (!maker_number(&reading->maker, &reading->summed, key, 2 + lengths[0] + lengths[1], &number,
                      &fresh))
        return false;
    return fresh || twice(reading);
}

void series_add(int64_t *sum, int64_t value, struct marks *marks, uint32_t bit)
{
    bool first = !(marks->told & bit);

    marks->told |= bit;
    if (marks->spoiled & bit)
        return;
    if (value == SAMPLE_UNKNOWN || __builtin_add_overflow(first ? 0 : *sum, value, sum)) {
        *sum = SAMPLE_UNKNOWN;
        marks->spoiled |= bit;
    }
}

static bool read_sum(struct series_reading *reading, void *view, struct marks *marks)
{
    if (!check_summed(reading))
        return false;
    series_add(number_at(view, reading->row->offset), count_of(&reading->line, 1), marks,
               series_bit(reading->row));
    return true;
}

/* -- series of all ------------------------------------------------------------------------------
 */

static bool read_build(struct series_reading *reading)
{
    struct ingest_sample *sample = reading->maker.sample;
    struct line_piece version, instance;

    return mark(reading, &reading->all) && read_label(reading, "version", &version) &&
           read_label(reading, "instance", &instance) &&
           maker_text(&reading->maker, version.text, version.length, &sample->version) &&
           maker_text(&reading->maker, instance.text, instance.length, &sample->instance);
}

static bool read_replies(struct series_reading *reading)
{
    struct ingest_sample *sample = reading->maker.sample;
    struct line_piece code;

    if (!read_label(reading, "code", &code))
        return false;
    if (!line_piece_is(&code, "503"))
        return true;
    sample->replies_503 = count_of(&reading->line, 1);
    return mark(reading, &reading->all);
}

static bool read_of_all(struct series_reading *reading)
{
    struct ingest_sample *sample = reading->maker.sample;

    switch (reading->row->rule) {
    case RULE_ALL_SUM:
        return read_sum(reading, sample, &reading->all);
    case RULE_REPLIES:
        return read_replies(reading);
    case RULE_BUILD:
        return read_build(reading);
    case RULE_START:
        sample->started_ms = count_of(&reading->line, 1000);
        return mark(reading, &reading->all);
    default:
        *number_at(sample, reading->row->offset) = count_of(&reading->line, 1);
        return mark(reading, &reading->all);
    }
}

/* -- series of a subscription -------------------------------------------------------------------
 */

static bool find_subscription(struct series_reading *reading, size_t *number)
{
    const struct line_label *label = line_find(&reading->line, "subscription");
    struct line_piece id = label ? label->value : (struct line_piece){"", 0};
    struct sample_subscription *subscription;
    bool fresh;

    *number = reading->last_subscription;
    if (reading->last_id.text && reading->last_id.length == id.length &&
        memcmp(reading->last_id.text, id.text, id.length) == 0)
        return true;
    reading->last_id = id;
    if (!read_label(reading, "subscription", &id) ||
        !maker_subscription(&reading->maker, id.text, id.length, &subscription, &fresh))
        return false;
    *number = (size_t)(subscription - reading->maker.sample->subscriptions);
    reading->last_subscription = *number;
    return true;
}

void series_end_histogram(struct series_reading *reading)
{
    struct histogram *histogram = &reading->histogram;
    struct sample_subscription *of;

    if (histogram->count == 0)
        return;
    of = &reading->maker.sample->subscriptions[histogram->subscription];
    of->p50_s =
        histogram_quantile(0.50, histogram->bounds, histogram->cumulative, histogram->count);
    of->p95_s =
        histogram_quantile(0.95, histogram->bounds, histogram->cumulative, histogram->count);
    of->p99_s =
        histogram_quantile(0.99, histogram->bounds, histogram->cumulative, histogram->count);
    histogram->count = 0;
}

/* One bucket. Those of a subscription stand together, in order. */
static bool read_bucket(struct series_reading *reading, size_t subscription)
{
    struct histogram *histogram = &reading->histogram;
    const struct line_label *le = line_find(&reading->line, "le");
    double bound;
    size_t count;

    if (!le || !line_number(&le->value, &bound))
        return garbage(reading);
    if (histogram->count == 0 || histogram->subscription != subscription) {
        series_end_histogram(reading);
        if (!mark(reading, &reading->subscriptions[subscription]))
            return false;
        histogram->subscription = subscription;
    }
    count = histogram->count;
    if (count == BUCKETS_MOST || (count > 0 && !(bound > histogram->bounds[count - 1])))
        return error_set(reading->maker.error, ERROR_INVALID,
                         "these buckets are too many, or not in order");
    histogram->bounds[count] = bound;
    histogram->cumulative[count] = reading->line.number;
    histogram->count++;
    return true;
}

static void take_age(const struct series_reading *reading, struct sample_subscription *of)
{
    of->oldest_age_ms = count_of(&reading->line, 1000);
    of->oldest_ms = of->oldest_age_ms == 0 ? 0 : SAMPLE_UNKNOWN;
}

static void take_paused(const struct series_reading *reading, struct sample_subscription *of)
{
    int64_t value = count_of(&reading->line, 1);

    of->paused = value == 1 ? SAMPLE_YES : value == 0 ? SAMPLE_NO : SAMPLE_PERHAPS;
}

static bool read_of_one(struct series_reading *reading)
{
    struct sample_subscription *of;
    struct marks *marks;
    size_t number;

    if (!find_subscription(reading, &number))
        return false;
    of = &reading->maker.sample->subscriptions[number];
    marks = &reading->subscriptions[number];
    switch (reading->row->rule) {
    case RULE_ONE_SUM:
        return read_sum(reading, of, marks);
    case RULE_LATENCY:
        return read_bucket(reading, number);
    case RULE_AGE:
        take_age(reading, of);
        return mark(reading, marks);
    case RULE_PAUSED:
        take_paused(reading, of);
        return mark(reading, marks);
    default:
        *number_at(of, reading->row->offset) = count_of(&reading->line, 1);
        return mark(reading, marks);
    }
}

/* -- reasons and sinks --------------------------------------------------------------------------
 */

static bool read_dead_letters(struct series_reading *reading)
{
    struct line_piece subscription, reason;
    struct sample_reason *of;
    bool fresh;

    if (!read_label(reading, "subscription", &subscription) ||
        !read_label(reading, "reason", &reason) ||
        !maker_reason(&reading->maker, subscription.text, subscription.length, reason.text,
                      reason.length, &of, &fresh))
        return false;
    of->count = count_of(&reading->line, 1);
    return fresh || twice(reading);
}

static bool read_of_sink(struct series_reading *reading)
{
    static const char *const breakers[] = {"closed", "half-open", "open"};
    struct line_piece name;
    struct sample_sink *of;
    int64_t value = count_of(&reading->line, 1);
    bool fresh;

    if (!read_label(reading, "sink", &name) ||
        !maker_sink(&reading->maker, name.text, name.length, &of, &fresh) ||
        !mark(reading, &reading->sinks[of - reading->maker.sample->sinks]))
        return false;
    if (reading->row->rule == RULE_ATTEMPTS)
        of->attempts = value;
    else if (value >= 0 && value <= 2)
        of->breaker = breakers[value];
    return true;
}

bool series_read(struct series_reading *reading)
{
    enum rule rule = reading->row->rule;

    if (rule == RULE_DEAD_LETTERS)
        return read_dead_letters(reading);
    if (rule == RULE_BREAKER || rule == RULE_ATTEMPTS)
        return read_of_sink(reading);
    return rule < RULE_ONE ? read_of_all(reading) : read_of_one(reading);
}
