/* What is counted: one table (metric_table.c) declares every metric once: name, type, labels,
 * meaning. The names are a contract: `ingestd help metrics` prints the table, ingest/README.md
 * holds it, and a check compares the two. Names and types by Prometheus's conventions, text by
 * OpenMetrics 1.0.
 *
 * Counting is an atomic add on a series that the caller keeps: no lock, no search. A series is
 * found or made once (metrics_series) and lives as long as the metrics. There are at most
 * METRICS_SERIES_MOST of one metric; what comes later is counted under the label value "other".
 */
#ifndef INGEST_METRICS_H
#define INGEST_METRICS_H

#include "core/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum metric {
    /* the accept path */
    METRIC_RECEIVED_REQUESTS,  /* source */
    METRIC_RECEIVED_EVENTS,    /* source */
    METRIC_REPLIES,            /* code */
    METRIC_SIGNATURE_FAILURES, /* source, reason */
    METRIC_REFUSED_REQUESTS,   /* reason: what the request reader or a limit said */
    METRIC_CONNECTIONS,        /* gauge */
    METRIC_CLOSED,             /* phase: closed at its deadline */
    /* the queue */
    METRIC_ACCEPTED,       /* subscription; events stored */
    METRIC_QUARANTINED,    /* subscription */
    METRIC_STORE_FAILURES, /* trouble */
    METRIC_COMMIT_SECONDS, /* histogram */
    METRIC_COMMIT_EVENTS,  /* histogram; requests of one commit */
    METRIC_STORE_BYTES,    /* gauge; file: queue, ledger */
    METRIC_FREE_BYTES,     /* gauge */
    METRIC_RESERVE_BYTES,  /* gauge */
    METRIC_PENDING_BYTES,  /* gauge */
    METRIC_TRIMMED,        /* requests */
    METRIC_UNREADABLE,     /* requests that could not be read back */
    /* the workers */
    METRIC_DEPTH,             /* gauge; subscription */
    METRIC_OLDEST_SECONDS,    /* gauge; subscription */
    METRIC_DELIVERED,         /* subscription */
    METRIC_REPLAYED,          /* subscription; of these, from dead letters */
    METRIC_DUPLICATES,        /* subscription */
    METRIC_FILTERED,          /* subscription */
    METRIC_RETRIED,           /* subscription */
    METRIC_DEAD_LETTERED,     /* subscription, reason */
    METRIC_DELIVERY_SECONDS,  /* histogram; subscription; received to delivered */
    METRIC_SINK_SECONDS,      /* histogram; sink; of one attempt */
    METRIC_COMPAT_SKIPPED,    /* sink */
    METRIC_PARKED,            /* gauge; subscription */
    METRIC_PAUSED,            /* gauge; subscription; 0 or 1 */
    METRIC_DEAD_LETTERS,      /* gauge; subscription, reason; what is in the table */
    METRIC_DEAD_LETTER_BYTES, /* gauge */
    METRIC_DEAD_LETTER_QUOTA, /* gauge; bytes */
    METRIC_WORKERS,           /* gauge */
    METRIC_SINK_STATE,        /* gauge; sink; 0 closed, 1 half open, 2 open: its breaker */
    METRIC_DEDUPE_KEYS,       /* gauge */
    METRIC_DEDUPE_DROPPED,    /* keys forgotten before their time */
    METRIC_SHAPES,            /* gauge; type */
    METRIC_NEW_SHAPES,        /* type */
    /* the program */
    METRIC_READY,   /* gauge; 0 or 1 */
    METRIC_INFO,    /* version, instance */
    METRIC_START,   /* gauge; seconds since the epoch */
    METRIC_RELOADS, /* result: ok, failed */
    METRIC_COUNT
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
const char *metric_type_word(enum metric_type type);

struct metric_row {
    const char *name; /* without _total, _bucket, … */
    enum metric_type type;
    const char *labels[2]; /* NULL: none */
    const double *bounds;  /* histogram: upper bounds, ascending, ends with 0 */
    const char *help;
};
extern const struct metric_row metric_table[METRIC_COUNT];

struct metrics;
struct series;

enum { METRICS_SERIES_MOST = 20000 };

struct metrics *metrics_new(void); /* NULL: no memory */
void metrics_free(struct metrics *metrics);

/* The series with these label values (NULL for labels that the metric does not have; cut at 256
 * bytes, made valid UTF-8 without control characters). Never NULL. Any thread. */
struct series *metrics_series(struct metrics *metrics, enum metric metric, const char *first,
                              const char *second);

void series_add(struct series *series, uint64_t count);   /* counter */
void series_set(struct series *series, double value);     /* gauge */
void series_observe(struct series *series, double value); /* histogram */
uint64_t series_count(const struct series *series);       /* counter; histogram: observations */
/* The value below which that share (0..1) of a histogram's observations are, interpolated in its
 * bucket; -1 while there are none. */
double series_quantile(const struct series *series, double share);

/* The sum of a counter over all its series. */
uint64_t metrics_sum(const struct metrics *metrics, enum metric metric);

/* Appends everything as OpenMetrics text, "# EOF" included. */
void metrics_write(const struct metrics *metrics, struct buf *out);
/* Appends the table as Markdown, for the documentation. */
void metrics_document(struct buf *out);

#endif
