#include "ingest/metrics.h"

#include "core/text.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_MOST_BYTES = 256, SLOTS_FIRST = 16 };

/* One series. A counter and a gauge use `value` (a gauge its bits as a double); a histogram its
 * buckets and, in `value`, the sum's bits. */
struct series {
    enum metric metric;
    size_t bounds;
    char *labels[2];
    struct series *next_of_slot;
    atomic_uint_fast64_t value;
    atomic_uint_fast64_t buckets[]; /* one more than there are bounds */
};

struct family {
    struct series **slots; /* by hash of the labels */
    size_t slot_count, count;
    struct series *other;
};

struct metrics {
    pthread_rwlock_t lock; /* of the families; series themselves are atomic */
    struct family families[METRIC_COUNT];
    struct series spare; /* where counts go when there is no memory */
};

/* -- series -------------------------------------------------------------------------------------
 */

static size_t bounds_count(const double *bounds)
{
    size_t count = 0;

    while (bounds && bounds[count] > 0)
        count++;
    return count;
}

static uint64_t labels_hash(const char *first, const char *second)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (const char *c = first; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    hash = (hash ^ 0xff) * 1099511628211u;
    for (const char *c = second; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return hash;
}

/* A label's value as it may be shown: valid UTF-8, no control characters, not too long. */
static char *label_copy(const char *text)
{
    struct buf safe;
    size_t length = strnlen(text, LABEL_MOST_BYTES);

    buf_init(&safe, LABEL_MOST_BYTES * 8);
    text_add_safe(&safe, text, length);
    if (!safe.length)
        buf_add_text(&safe, "");
    return buf_take(&safe);
}

static struct series *series_new(enum metric metric, const char *first, const char *second)
{
    size_t bounds = bounds_count(metric_table[metric].bounds);
    struct series *series = calloc(1, sizeof *series + (bounds + 1) * sizeof series->buckets[0]);

    if (!series)
        return NULL;
    series->metric = metric;
    series->bounds = bounds;
    series->labels[0] = label_copy(first);
    series->labels[1] = label_copy(second);
    if (series->labels[0] && series->labels[1])
        return series;
    free(series->labels[0]);
    free(series->labels[1]);
    free(series);
    return NULL;
}

static void series_free(struct series *series)
{
    if (!series)
        return;
    free(series->labels[0]);
    free(series->labels[1]);
    free(series);
}

static void double_add(atomic_uint_fast64_t *bits, double value)
{
    uint_fast64_t before = atomic_load_explicit(bits, memory_order_relaxed), after;
    double sum;

    do {
        uint64_t word = before;
        memcpy(&sum, &word, sizeof sum);
        sum += value;
        memcpy(&word, &sum, sizeof word);
        after = word;
    } while (!atomic_compare_exchange_weak_explicit(bits, &before, after, memory_order_relaxed,
                                                    memory_order_relaxed));
}

static double double_get(const atomic_uint_fast64_t *bits)
{
    uint64_t word = atomic_load_explicit(bits, memory_order_relaxed);
    double value;

    memcpy(&value, &word, sizeof value);
    return value;
}

void series_add(struct series *series, uint64_t count)
{
    atomic_fetch_add_explicit(&series->value, count, memory_order_relaxed);
}

void series_set(struct series *series, double value)
{
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    atomic_store_explicit(&series->value, word, memory_order_relaxed);
}

void series_observe(struct series *series, double value)
{
    const double *bounds = metric_table[series->metric].bounds;
    size_t bucket = 0;

    while (bucket < series->bounds && value > bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
    double_add(&series->value, value);
}

uint64_t series_count(const struct series *series)
{
    uint64_t count = 0;

    if (metric_table[series->metric].type != METRIC_HISTOGRAM)
        return atomic_load_explicit(&series->value, memory_order_relaxed);
    for (size_t i = 0; i <= series->bounds; i++)
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
    return count;
}

double series_quantile(const struct series *series, double share)
{
    const double *bounds = metric_table[series->metric].bounds;
    uint64_t count = series_count(series);
    double wanted = share * (double)count, below = 0;

    if (!count || !series->bounds)
        return -1;
    for (size_t i = 0; i < series->bounds; i++) {
        double here = (double)atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        if (here > 0 && below + here >= wanted) {
            double low = i ? bounds[i - 1] : 0;
            return low + (bounds[i] - low) * (wanted - below) / here;
        }
        below += here;
    }
    return bounds[series->bounds - 1];
}

/* -- families -----------------------------------------------------------------------------------
 */

struct metrics *metrics_new(void)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);

    if (metrics)
        pthread_rwlock_init(&metrics->lock, NULL);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (int m = 0; m < METRIC_COUNT; m++) {
        struct family *family = &metrics->families[m];
        for (size_t i = 0; i < family->slot_count; i++)
            for (struct series *series = family->slots[i], *next; series; series = next) {
                next = series->next_of_slot;
                series_free(series);
            }
        free(family->slots);
    }
    pthread_rwlock_destroy(&metrics->lock);
    free(metrics);
}

static struct series *family_find(const struct family *family, uint64_t hash, const char *first,
                                  const char *second)
{
    if (!family->slot_count)
        return NULL;
    for (struct series *series = family->slots[hash % family->slot_count]; series;
         series = series->next_of_slot)
        if (!strcmp(series->labels[0], first) && !strcmp(series->labels[1], second))
            return series;
    return NULL;
}

static void family_grow(struct family *family)
{
    size_t size = family->slot_count ? family->slot_count * 4 : SLOTS_FIRST;
    struct series **slots = calloc(size, sizeof(struct series *));

    if (!slots)
        return; /* longer chains, then */
    for (size_t i = 0; i < family->slot_count; i++)
        for (struct series *series = family->slots[i], *next; series; series = next) {
            uint64_t hash = labels_hash(series->labels[0], series->labels[1]);
            next = series->next_of_slot;
            series->next_of_slot = slots[hash % size];
            slots[hash % size] = series;
        }
    free(family->slots);
    family->slots = slots;
    family->slot_count = size;
}

static struct series *family_add(struct family *family, enum metric metric, const char *first,
                                 const char *second)
{
    if (family->count >= family->slot_count)
        family_grow(family);
    struct series *series = family->slot_count ? series_new(metric, first, second) : NULL;
    if (!series)
        return NULL;
    uint64_t hash = labels_hash(series->labels[0], series->labels[1]);
    series->next_of_slot = family->slots[hash % family->slot_count];
    family->slots[hash % family->slot_count] = series;
    family->count++;
    return series;
}

struct series *metrics_series(struct metrics *metrics, enum metric metric, const char *first,
                              const char *second)
{
    struct family *family = &metrics->families[metric];
    char *one = label_copy(first ? first : ""), *two = label_copy(second ? second : "");
    struct series *series = NULL;

    if (one && two) {
        uint64_t hash = labels_hash(one, two);
        pthread_rwlock_wrlock(&metrics->lock);
        series = family_find(family, hash, one, two);
        if (!series && family->count < METRICS_SERIES_MOST)
            series = family_add(family, metric, one, two);
        if (!series && !family->other)
            family->other =
                family_add(family, metric, "other", metric_table[metric].labels[1] ? "other" : "");
        if (!series)
            series = family->other;
        pthread_rwlock_unlock(&metrics->lock);
    }
    free(one);
    free(two);
    return series ? series : &metrics->spare;
}

uint64_t metrics_sum(const struct metrics *metrics, enum metric metric)
{
    struct metrics *locked = (struct metrics *)metrics;
    const struct family *family = &metrics->families[metric];
    uint64_t sum = 0;

    pthread_rwlock_rdlock(&locked->lock);
    for (size_t i = 0; i < family->slot_count; i++)
        for (const struct series *series = family->slots[i]; series; series = series->next_of_slot)
            sum += series_count(series);
    pthread_rwlock_unlock(&locked->lock);
    return sum;
}

/* -- text ---------------------------------------------------------------------------------------
 */

static void add_label(struct buf *out, const char *name, const char *value, char *separator)
{
    buf_add_char(out, *separator);
    *separator = ',';
    buf_add_text(out, name);
    buf_add_text(out, "=\"");
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *c);
    }
    buf_add_char(out, '"');
}

/* "name_suffix{labels} "; `le` is a histogram's bound or NULL. */
static void add_series_name(struct buf *out, const struct series *series, const char *suffix,
                            const char *le)
{
    const struct metric_row *row = &metric_table[series->metric];
    char separator = '{';

    buf_printf(out, "%s%s", row->name, suffix);
    for (int i = 0; i < 2 && row->labels[i]; i++)
        add_label(out, row->labels[i], series->labels[i], &separator);
    if (le)
        add_label(out, "le", le, &separator);
    buf_add_text(out, separator == ',' ? "} " : " ");
}

/* The shortest form that reads back as the same number. */
static void add_number(struct buf *out, double value)
{
    char text[32];

    if (value == floor(value) && fabs(value) < 1e15) {
        buf_printf(out, "%.0f\n", value);
        return;
    }
    for (int digits = 9; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_printf(out, "%s\n", text);
}

static void add_histogram(struct buf *out, const struct series *series)
{
    const double *bounds = metric_table[series->metric].bounds;
    uint64_t count = 0;
    char le[32];

    for (size_t i = 0; i <= series->bounds; i++) {
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        if (i < series->bounds)
            /* OpenMetrics wants a bound to look like a float: 1.0 */
            snprintf(le, sizeof le, bounds[i] == floor(bounds[i]) ? "%.1f" : "%g", bounds[i]);
        else
            snprintf(le, sizeof le, "+Inf");
        add_series_name(out, series, "_bucket", le);
        buf_printf(out, "%llu\n", (unsigned long long)count);
    }
    add_series_name(out, series, "_count", NULL);
    buf_printf(out, "%llu\n", (unsigned long long)count);
    add_series_name(out, series, "_sum", NULL);
    add_number(out, double_get(&series->value));
}

static void add_series(struct buf *out, const struct series *series)
{
    switch (metric_table[series->metric].type) {
    case METRIC_COUNTER:
        add_series_name(out, series, "_total", NULL);
        buf_printf(out, "%llu\n", (unsigned long long)series_count(series));
        break;
    case METRIC_GAUGE:
        add_series_name(out, series, "", NULL);
        add_number(out, double_get(&series->value));
        break;
    case METRIC_HISTOGRAM:
        add_histogram(out, series);
        break;
    }
}

void metrics_write(const struct metrics *metrics, struct buf *out)
{
    struct metrics *locked = (struct metrics *)metrics;

    pthread_rwlock_rdlock(&locked->lock);
    for (int m = 0; m < METRIC_COUNT; m++) {
        const struct family *family = &metrics->families[m];
        buf_printf(out, "# TYPE %s %s\n# HELP %s %s\n", metric_table[m].name,
                   metric_type_word(metric_table[m].type), metric_table[m].name,
                   metric_table[m].help);
        for (size_t i = 0; i < family->slot_count; i++)
            for (const struct series *series = family->slots[i]; series;
                 series = series->next_of_slot)
                add_series(out, series);
    }
    pthread_rwlock_unlock(&locked->lock);
    buf_add_text(out, "# EOF\n");
}
