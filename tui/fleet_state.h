/* What the files of the fleet share.
 *
 * A sample is kept whole until the endpoint's next one; beside each of its subscriptions there is
 * a `part`: the row it belongs to and what the last step took from it. Both lists are sorted by id,
 * so that a new sample is joined to the one before in one pass.
 *
 * A step owns the points of all rows that there were when it was closed. The ring drops its oldest
 * steps when it is full, or when the points of all would take more than FLEET_POINT_BYTES.
 */
#ifndef TUI_FLEET_STATE_H
#define TUI_FLEET_STATE_H

#include "tui/fleet.h"

enum { RATES = FIGURE_FILTERED + 1 }; /* the figures that are rates come first */

/* One subscription at one endpoint. In the arena of its sample. */
struct part {
    uint32_t row;
    bool failing, paused;
    float rates[RATES];  /* of the last step that had a new sample; NAN: not told */
    int64_t base[RATES]; /* the counters of that step's sample */
    double dead;         /* dead letters; NAN: not told */
};

struct fleet_source {
    char *name, *url;
    bool production;

    bool told; /* there is a sample */
    struct ingest_sample sample;
    struct part *parts;
    int64_t sampled_ms; /* by our clock */
    int64_t clock_ms;   /* of the sample: by its own, else when it came */
    int64_t skew_ms;
    bool fresh;      /* the sample is newer than the last step */
    int64_t base_ms; /* clock_ms of the counters in `base`; SAMPLE_UNKNOWN: begins anew */
    bool anew;       /* the last step with a new sample had no rates */

    bool down, refused;
    int64_t down_since_ms, retry_ms;
    char problem[sizeof(((struct error *)NULL)->text)];

    bool live;                              /* in the step that is being closed */
    float received, delivered, depth, dead; /* as in struct endpoint */
};

/* Who has told figures without a break, and since when: growth and drain time begin there. */
struct segment {
    uint64_t sources; /* a bit for each that is live, by its number modulo 64 */
    int64_t since;    /* step */
};

struct fleet_row {
    struct row shown;                    /* its texts are those below, or of the drift */
    char *id, *name, *sink, *last_error; /* NULL: none */
    size_t error_source;                 /* whose last_error this is */
    struct segment segment;
    /* While a step is being closed. */
    uint64_t telling; /* as segment.sources */
    bool failing, paused, late;
};

struct step {
    int64_t time_ms;
    size_t rows;
    struct point *points; /* of rows 0..rows-1 */
    struct totals totals;
};

struct drifts {
    struct arena arena;
    struct fleet_drift *by_id, *by_name; /* the same, sorted twice */
    size_t count;
};

struct fleet {
    int64_t interval_ms;
    struct fleet_source *sources;
    size_t source_count;
    struct fleet_row *rows;
    uint32_t *by_id; /* rows, sorted by id */
    size_t row_count, row_capacity;
    struct drifts drifts;
    struct step *steps; /* a ring: step n is at n % step_most */
    size_t step_most, point_bytes;
    int64_t first, last; /* steps; last < first: none */
    struct segment segment;
};

/* -- sources ------------------------------------------------------------------------------------
 */

enum endpoint_state fleet_source_state(const struct fleet *fleet, const struct fleet_source *source,
                                       int64_t now_ms);

/* -- rows ---------------------------------------------------------------------------------------
 */

/* Makes rows of ids that have none: `ids` are sorted and differ. They stand behind the others and
 * do not count until fleet_rows_commit, which cannot fail, or are dropped. False: no memory or too
 * many; there are none. */
MUST_CHECK bool fleet_rows_add(struct fleet *fleet, const char *const *ids, size_t count);
void fleet_rows_commit(struct fleet *fleet, size_t count);
void fleet_rows_drop(struct fleet *fleet, size_t count);
void fleet_rows_free(struct fleet *fleet); /* all of them */
/* Makes *kept a copy of the text (NULL for "") unless it is that already, and says so. False: no
 * memory, and it is what it was. */
MUST_CHECK bool fleet_text_keep(char **kept, const char *text, bool *changed);
/* Points `shown` at what is kept now, and gives it its drift. */
void fleet_row_show(const struct fleet *fleet, struct fleet_row *row);

void fleet_drifts_release(struct drifts *drifts);
/* NULL: the Genesys side says nothing of it. `name`: NULL when it has none. */
const struct fleet_drift *fleet_drift_of(const struct fleet *fleet, const char *id,
                                         const char *name);

/* -- steps --------------------------------------------------------------------------------------
 */

/* NULL: not in the ring. */
const struct step *fleet_step(const struct fleet *fleet, int64_t step);
/* A figure as graphs have it: NAN where it is stale. row SIZE_MAX: the totals'. */
float fleet_value(const struct fleet *fleet, size_t row, int64_t step, enum figure figure);

/* What a step that is being closed is compared with. */
struct past {
    int64_t step, time_ms;         /* of the one that is being closed */
    int64_t drain_from, grow_from; /* steps */
};
struct past fleet_past_of(const struct fleet *fleet, int64_t now_ms);
/* `sources` tell in that step: when they are not those of the step before, a segment begins. */
void fleet_segment_go_on(struct segment *segment, uint64_t sources, int64_t step);
/* The figures of that name, from what the step itself has; no step before `since` counts. row
 * SIZE_MAX: the totals. */
float fleet_growth(const struct fleet *fleet, size_t row, float dead, int64_t since,
                   const struct past *past);
float fleet_drain_s(const struct fleet *fleet, size_t row, float depth, int64_t since,
                    const struct past *past);

#endif
