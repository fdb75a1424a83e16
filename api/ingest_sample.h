/* What one look at an endpoint says: its status, or its metrics, read into one form.
 *
 * Two readers fill the same struct: /v1/status (ingest/README.md tells its fields) and OpenMetrics
 * text with the names that are documented there. Anything that serves either can be watched. What
 * a source does not say stays unknown, and what is unknown is never 0.
 *
 * Always holds: after a reader returned true every text is valid UTF-8, never NULL, at most
 * SAMPLE_TEXT_MOST bytes, and in the arena; ids differ; nothing is read twice. Texts are as they
 * came: whoever shows them makes them safe. A subscription, sink or reason that stands there twice
 * makes the whole invalid.
 *
 * Life cycle: sample_init allocates nothing; sample_release.
 */
#ifndef API_INGEST_SAMPLE_H
#define API_INGEST_SAMPLE_H

#include "core/arena.h"
#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

enum { SAMPLE_TEXT_MOST = 2048, SAMPLE_SUBSCRIPTIONS_MOST = 20000, SAMPLE_REASONS_MOST = 20000 };

/* A number that nobody told. For seconds: NAN. */
#define SAMPLE_UNKNOWN INT64_MIN

enum sample_truth { SAMPLE_NO, SAMPLE_YES, SAMPLE_PERHAPS };

struct sample_subscription {
    const char *id, *name, *sink; /* "" when not told */
    enum sample_truth known, paused;
    int64_t depth, parked, oldest_ms; /* oldest: since the epoch; 0: there is none */
    int64_t oldest_age_ms; /* the same by its own clock: metrics tell no other; 0: there is none */
    /* Counters, since the instance's start. */
    int64_t accepted, delivered, replayed, duplicates, filtered, retried, dead_lettered,
        quarantined;
    double p50_s, p95_s, p99_s; /* received to delivered; NAN: unknown or none yet */
    const char *last_error;
    int64_t last_error_ms, last_delivered_ms; /* since the epoch; 0: never */
};

struct sample_reason {
    const char *subscription, *reason;
    int64_t count, came_back, oldest_ms;
};

struct sample_sink {
    const char *name, *type, *target, *breaker, *rests;
    int64_t rests_until_ms; /* since the epoch; 0: it does not rest */
    int64_t in_flight, concurrency, attempts, failures;
};

struct ingest_sample {
    struct arena arena;
    const char *instance, *version; /* instance "": not told; then a start time stands for it */
    int64_t started_ms, now_ms;     /* its own clock */
    enum sample_truth ready;
    const char *not_ready;
    int64_t depth, parked, oldest_ms, oldest_age_ms, workers, workers_busy, workers_most;
    int64_t received_requests, accepted_events, signature_failures, store_failures, replies_503;
    int64_t free_bytes, reserve_bytes, dead_count, dead_bytes, dead_quota_bytes;
    struct sample_subscription *subscriptions; /* sorted by id */
    size_t subscription_count;
    struct sample_reason *reasons;
    size_t reason_count;
    struct sample_sink *sinks;
    size_t sink_count;
};

void sample_init(struct ingest_sample *sample);
void sample_release(struct ingest_sample *sample);

/* Reads a body, whichever of the two it is: by its first byte ('{' is status). False with
 * ERROR_INVALID (garbage, another status_version, too many) or no memory; the sample is released.
 */
MUST_CHECK bool sample_read(struct ingest_sample *sample, const char *text, size_t length,
                            struct error *error);
MUST_CHECK bool sample_read_status(struct ingest_sample *sample, const char *text, size_t length,
                                   struct error *error);
MUST_CHECK bool sample_read_metrics(struct ingest_sample *sample, const char *text, size_t length,
                                    struct error *error);

/* The quantile q (0..1) of a cumulative histogram: `bounds` ascending, the last +Inf; linear within
 * a bucket, as Prometheus's histogram_quantile. NAN when it is empty or not cumulative; the last
 * finite bound when it falls into +Inf. */
double histogram_quantile(double q, const double *bounds, const double *cumulative, size_t count);

#endif
