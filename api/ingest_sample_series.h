/* Which metrics are read, and what each series of them says. Private to ingest_sample*.c.
 */
#ifndef API_INGEST_SAMPLE_SERIES_H
#define API_INGEST_SAMPLE_SERIES_H

#include "api/ingest_sample_line.h"
#include "api/ingest_sample_make.h"

enum rule {
    RULE_ALL,          /* the one series is a number of the sample */
    RULE_ALL_SUM,      /* the sum of its series is */
    RULE_REPLIES,      /* the one with code 503 is */
    RULE_BUILD,        /* the one series' labels are texts of the sample */
    RULE_START,        /* seconds since the epoch */
    RULE_ONE,          /* each series is a number of a subscription */
    RULE_ONE_SUM,      /* the sum of those with its label is */
    RULE_AGE,          /* seconds, of a subscription */
    RULE_PAUSED,       /* 0 or 1, of a subscription */
    RULE_LATENCY,      /* a histogram's buckets, of a subscription */
    RULE_DEAD_LETTERS, /* of a subscription and reason */
    RULE_BREAKER,      /* of a sink */
    RULE_ATTEMPTS      /* of a sink */
};

/* One metric. */
struct row {
    const char *name; /* without "_total" */
    enum rule rule;
    size_t offset;         /* in the sample or the subscription */
    const char *labels[2]; /* tell apart the series that are summed */
};
enum { ROWS = 26, BUCKETS_MOST = 256 };
extern const struct row series_rows[ROWS];

/* The row of a name; NULL: none. `guess` is looked at first, and may be NULL. */
const struct row *series_row(struct line_piece name, const struct row *guess);
uint32_t series_bit(const struct row *row);

/* One bit a row. Of one thing: what was told of it, and which sums hold something unknown. */
struct marks {
    uint32_t told, spoiled;
};
_Static_assert(ROWS <= 32, "a bit for each row");

struct histogram {
    size_t subscription, count;
    double bounds[BUCKETS_MOST], cumulative[BUCKETS_MOST];
};

struct series_reading {
    struct maker maker;
    struct line line;
    const struct row *row; /* of the line; of the last one that had any, between lines */
    struct marks all, *subscriptions, *sinks;
    uint32_t told;             /* rows that are declared or have a series */
    struct names summed;       /* series */
    struct line_piece last_id; /* as it stands; NULL: none yet */
    size_t last_subscription;
    struct histogram histogram; /* the subscription's whose buckets came last; count 0: none */
    bool ended;
};

/* Reads reading->line, which is of reading->row. */
MUST_CHECK bool series_read(struct series_reading *reading);
/* Makes quantiles of the buckets that came last. */
void series_end_histogram(struct series_reading *reading);
/* Adds to a sum; one that holds something unknown is unknown. `bit` is the sum's in the marks. */
void series_add(int64_t *sum, int64_t value, struct marks *marks, uint32_t bit);

#endif
