#include "api/ingest_sample.h"

#include <math.h>
#include <string.h>

void sample_init(struct ingest_sample *sample)
{
    *sample = (struct ingest_sample){
        .instance = "",
        .version = "",
        .started_ms = SAMPLE_UNKNOWN,
        .now_ms = SAMPLE_UNKNOWN,
        .ready = SAMPLE_PERHAPS,
        .not_ready = "",
        .depth = SAMPLE_UNKNOWN,
        .parked = SAMPLE_UNKNOWN,
        .oldest_ms = SAMPLE_UNKNOWN,
        .oldest_age_ms = SAMPLE_UNKNOWN,
        .workers = SAMPLE_UNKNOWN,
        .workers_busy = SAMPLE_UNKNOWN,
        .workers_most = SAMPLE_UNKNOWN,
        .received_requests = SAMPLE_UNKNOWN,
        .accepted_events = SAMPLE_UNKNOWN,
        .signature_failures = SAMPLE_UNKNOWN,
        .store_failures = SAMPLE_UNKNOWN,
        .replies_503 = SAMPLE_UNKNOWN,
        .free_bytes = SAMPLE_UNKNOWN,
        .reserve_bytes = SAMPLE_UNKNOWN,
        .dead_count = SAMPLE_UNKNOWN,
        .dead_bytes = SAMPLE_UNKNOWN,
        .dead_quota_bytes = SAMPLE_UNKNOWN,
    };
    arena_init(&sample->arena);
}

void sample_release(struct ingest_sample *sample)
{
    arena_release(&sample->arena);
    sample_init(sample);
}

bool sample_read(struct ingest_sample *sample, const char *text, size_t length, struct error *error)
{
    size_t at = 0;

    while (at < length && memchr(" \t\r\n", text[at], 4))
        at++;
    return at < length && text[at] == '{' ? sample_read_status(sample, text, length, error)
                                          : sample_read_metrics(sample, text, length, error);
}

/* -- quantiles ----------------------------------------------------------------------------------
 */

/* Counts that rise over bounds that rise, up to +Inf. */
static bool is_histogram(const double *bounds, const double *cumulative, size_t count)
{
    if (count < 2 || !(cumulative[0] >= 0) || !isinf(bounds[count - 1]) ||
        !isfinite(cumulative[count - 1]))
        return false;
    for (size_t i = 1; i < count; i++)
        if (!(bounds[i] > bounds[i - 1]) || !(cumulative[i] >= cumulative[i - 1]))
            return false;
    return isfinite(bounds[0]) && cumulative[count - 1] > 0;
}

double histogram_quantile(double q, const double *bounds, const double *cumulative, size_t count)
{
    double rank, low, below, here;
    size_t i = 0;

    if (!(q >= 0 && q <= 1) || !is_histogram(bounds, cumulative, count))
        return NAN;
    rank = q * cumulative[count - 1];
    while (i < count - 1 && cumulative[i] < rank)
        i++;
    if (i == count - 1)
        return bounds[count - 2];
    if (i == 0 && bounds[0] <= 0)
        return bounds[0];
    low = i > 0 ? bounds[i - 1] : 0;
    below = i > 0 ? cumulative[i - 1] : 0;
    here = cumulative[i] - below;
    return here > 0 ? low + (bounds[i] - low) * (rank - below) / here : low;
}
