/* Closes a step: endpoints to rates, parts to points, points to totals. */
#include "tui/fleet_state.h"

#include "tui/rate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A rate that there is not, although its counter is told. It swallows whatever is added to it, so
 * that it can be told from what nobody tells; in a point it becomes NAN. */
static const float BROKEN = -INFINITY;

static const size_t counters[RATES] = {
    [FIGURE_RECEIVED] = offsetof(struct sample_subscription, accepted),
    [FIGURE_DELIVERED] = offsetof(struct sample_subscription, delivered),
    [FIGURE_RETRIES] = offsetof(struct sample_subscription, retried),
    [FIGURE_DUPLICATES] = offsetof(struct sample_subscription, duplicates),
    [FIGURE_FILTERED] = offsetof(struct sample_subscription, filtered),
};

/* Figures that are not added up. */
static const bool takes_worst[FIGURES] = {
    [FIGURE_OLDEST_S] = true,
    [FIGURE_P50_S] = true,
    [FIGURE_P95_S] = true,
    [FIGURE_P99_S] = true,
};

static float known(int64_t number)
{
    return number == SAMPLE_UNKNOWN ? NAN : (float)number;
}

static void add(float *sum, float value, bool worst)
{
    if (isnan(*sum))
        *sum = value;
    else if (!isnan(value))
        *sum = !worst ? *sum + value : fmaxf(*sum, value);
}

/* -- an endpoint --------------------------------------------------------------------------------
 */

static void take_rates(const struct fleet_source *source, struct part *part,
                       const struct sample_subscription *of)
{
    for (size_t i = 0; i < RATES; i++) {
        int64_t value = *(const int64_t *)((const char *)of + counters[i]);
        int64_t before = source->anew ? SAMPLE_UNKNOWN : part->base[i];
        double rate = rate_between((struct counted){before, source->base_ms},
                                   (struct counted){value, source->clock_ms});
        part->rates[i] = isnan(rate) && value != SAMPLE_UNKNOWN ? BROKEN : (float)rate;
        part->base[i] = value;
    }
}

/* The sum over its subscriptions; of those that have one. */
static float sum_rates(const struct fleet_source *source, enum figure figure)
{
    float sum = NAN;

    for (size_t i = 0; i < source->sample.subscription_count; i++)
        if (!isinf(source->parts[i].rates[figure]))
            add(&sum, source->parts[i].rates[figure], false);
    return sum;
}

static float sum_depth(const struct ingest_sample *sample)
{
    float sum = known(sample->depth);

    for (size_t i = 0; sample->depth == SAMPLE_UNKNOWN && i < sample->subscription_count; i++)
        add(&sum, known(sample->subscriptions[i].depth), false);
    return sum;
}

static float sum_dead(const struct fleet_source *source)
{
    float sum = known(source->sample.dead_count);

    for (size_t i = 0;
         source->sample.dead_count == SAMPLE_UNKNOWN && i < source->sample.subscription_count; i++)
        add(&sum, (float)source->parts[i].dead, false);
    return sum;
}

/* Rates stand until the next sample: one that comes just after a step makes no gap. */
static void close_source(const struct fleet *fleet, struct fleet_source *source, int64_t now_ms)
{
    source->live = fleet_source_state(fleet, source, now_ms) == ENDPOINT_LIVE;
    if (!source->fresh)
        return;
    source->fresh = false;
    source->anew = source->base_ms == SAMPLE_UNKNOWN;
    for (size_t i = 0; i < source->sample.subscription_count; i++)
        take_rates(source, &source->parts[i], &source->sample.subscriptions[i]);
    source->base_ms = source->clock_ms;
    source->received = sum_rates(source, FIGURE_RECEIVED);
    source->delivered = sum_rates(source, FIGURE_DELIVERED);
    source->depth = sum_depth(&source->sample);
    source->dead = sum_dead(source);
}

/* -- its part of a row --------------------------------------------------------------------------
 */

/* By its own clock, so that it does not matter how far that is from ours. */
static float oldest_s(const struct fleet_source *source, const struct sample_subscription *of)
{
    double age_ms = (double)source->clock_ms - (double)of->oldest_ms;

    if (of->oldest_age_ms != SAMPLE_UNKNOWN)
        age_ms = (double)of->oldest_age_ms;
    else if (of->oldest_ms == SAMPLE_UNKNOWN)
        return NAN;
    else if (of->oldest_ms == 0)
        return 0;
    return age_ms > 0 ? (float)(age_ms / 1000) : 0;
}

static void add_part(struct point *point, const struct fleet_source *source, size_t n)
{
    const struct sample_subscription *of = &source->sample.subscriptions[n];
    const struct part *part = &source->parts[n];
    float figures[FIGURES] = {
        [FIGURE_DEPTH] = known(of->depth),
        [FIGURE_PARKED] = known(of->parked),
        [FIGURE_OLDEST_S] = oldest_s(source, of),
        [FIGURE_P50_S] = (float)of->p50_s,
        [FIGURE_P95_S] = (float)of->p95_s,
        [FIGURE_P99_S] = (float)of->p99_s,
        [FIGURE_DEAD] = (float)part->dead,
        [FIGURE_DEAD_GROWTH] = NAN,
        [FIGURE_DRAIN_S] = NAN,
    };

    memcpy(figures, part->rates, sizeof(part->rates));
    for (size_t i = 0; i < FIGURES; i++)
        add(&point->figures[i], figures[i], takes_worst[i]);
}

/* Of those that live, or of the others: these have their say of figures only where no live one
 * had. */
static void add_parts(struct fleet *fleet, struct point *points, bool live)
{
    for (size_t n = 0; n < fleet->source_count; n++) {
        const struct fleet_source *source = &fleet->sources[n];
        for (size_t i = 0; source->live == live && i < source->sample.subscription_count; i++) {
            const struct part *part = &source->parts[i];
            struct fleet_row *row = &fleet->rows[part->row];
            if (live || !row->telling)
                add_part(&points[part->row], source, i);
            if (live)
                row->telling |= UINT64_C(1) << n % 64;
            row->late |= !live;
            row->failing |= part->failing;
            row->paused |= part->paused;
        }
    }
}

/* -- a row --------------------------------------------------------------------------------------
 */

static bool knows_nothing(const struct point *point)
{
    for (size_t i = 0; i < FIGURES; i++)
        if (!isnan(point->figures[i]))
            return false;
    return true;
}

static enum row_state state_of(const struct fleet_row *row, const struct point *point)
{
    if (row->shown.endpoints == 0)
        return ROW_GONE;
    if (row->failing || point->figures[FIGURE_DEAD_GROWTH] > 0)
        return ROW_FAIL;
    if (row->paused)
        return ROW_PAUSED;
    if (row->late || point->figures[FIGURE_OLDEST_S] * 1000 > FLEET_LATE_MS)
        return ROW_LATE;
    if (strcmp(row->shown.drift, "drifted") == 0)
        return ROW_DRIFT;
    return knows_nothing(point) ? ROW_UNKNOWN : ROW_OK;
}

/* What no live endpoint told is as it was. Its age is kept, too: in history it stays what it was.
 */
static void stay(const struct fleet *fleet, size_t n, const struct past *past, struct point *point)
{
    int64_t age_ms = past->time_ms - fleet->rows[n].shown.sampled_ms;
    struct point before;

    fleet_point(fleet, n, past->step - 1, &before);
    point->stale = true;
    point->age_s = age_ms >= 0 ? (float)((double)age_ms / 1000) : NAN;
    point->figures[FIGURE_DEAD_GROWTH] = before.figures[FIGURE_DEAD_GROWTH];
    point->figures[FIGURE_DRAIN_S] = before.figures[FIGURE_DRAIN_S];
}

static void close_row(struct fleet *fleet, size_t n, const struct past *past, struct point *point)
{
    struct fleet_row *row = &fleet->rows[n];
    float *figures = point->figures;

    for (size_t i = 0; i < RATES; i++)
        if (isinf(figures[i]))
            figures[i] = NAN;
    fleet_segment_go_on(&row->segment, row->telling, past->step);
    if (row->telling) {
        int64_t since = row->segment.since;
        figures[FIGURE_DEAD_GROWTH] = fleet_growth(fleet, n, figures[FIGURE_DEAD], since, past);
        figures[FIGURE_DRAIN_S] = fleet_drain_s(fleet, n, figures[FIGURE_DEPTH], since, past);
    } else if (row->shown.endpoints > 0) {
        stay(fleet, n, past, point);
    }
    point->state = (uint8_t)state_of(row, point);
    row->telling = 0;
    row->failing = row->paused = row->late = false;
}

/* -- totals -------------------------------------------------------------------------------------
 */

static void sum_figures(const struct step *step, float figures[FIGURES])
{
    double sums[FIGURES];

    for (size_t i = 0; i < FIGURES; i++)
        sums[i] = NAN;
    for (size_t n = 0; n < step->rows; n++) {
        const struct point *point = &step->points[n];
        for (size_t i = 0; !point->stale && i < FIGURES; i++) {
            double value = (double)point->figures[i];
            if (isnan(sums[i]))
                sums[i] = value;
            else if (!isnan(value))
                sums[i] = takes_worst[i] ? fmax(sums[i], value) : sums[i] + value;
        }
    }
    for (size_t i = 0; i < FIGURES; i++)
        figures[i] = (float)sums[i];
}

/* A live endpoint that begins anew has no rates: without it those of the others would seem to be
 * all. */
static void close_totals(struct fleet *fleet, struct step *step, const struct past *past)
{
    struct totals *totals = &step->totals;
    uint64_t telling = 0;
    bool anew = false;

    *totals = (struct totals){.endpoints = fleet->source_count};
    sum_figures(step, totals->figures);
    for (size_t n = 0; n < step->rows; n++)
        totals->states[step->points[n].state]++;
    totals->rows = step->rows - totals->states[ROW_GONE];
    for (size_t n = 0; n < fleet->source_count; n++) {
        const struct fleet_source *source = &fleet->sources[n];
        if (!source->live)
            continue;
        totals->live++;
        telling |= UINT64_C(1) << n % 64;
        anew |= source->anew;
    }
    for (size_t i = 0; anew && i < RATES; i++)
        totals->figures[i] = NAN;
    fleet_segment_go_on(&fleet->segment, telling, past->step);
    totals->figures[FIGURE_DRAIN_S] =
        fleet_drain_s(fleet, SIZE_MAX, totals->figures[FIGURE_DEPTH], fleet->segment.since, past);
}

/* -- the ring -----------------------------------------------------------------------------------
 */

static size_t bytes_of(size_t rows)
{
    return rows * sizeof(struct point);
}

static void drop_first(struct fleet *fleet)
{
    struct step *step = &fleet->steps[(uint64_t)fleet->first % fleet->step_most];

    fleet->point_bytes -= bytes_of(step->rows);
    free(step->points);
    step->points = NULL;
    fleet->first++;
}

/* Room for another step. */
static void make_room(struct fleet *fleet, size_t bytes)
{
    while (fleet->first <= fleet->last &&
           ((size_t)(fleet->last - fleet->first) + 1 >= fleet->step_most ||
            fleet->point_bytes + bytes > FLEET_POINT_BYTES))
        drop_first(fleet);
}

static void points_clear(struct point *points, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        points[n] = (struct point){.age_s = NAN, .state = ROW_UNKNOWN};
        for (size_t i = 0; i < FIGURES; i++)
            points[n].figures[i] = NAN;
    }
}

bool fleet_tick(struct fleet *fleet, int64_t now_ms)
{
    struct step step = {.time_ms = now_ms, .rows = fleet->row_count};
    struct past past;

    step.points = malloc(bytes_of(step.rows + 1));
    if (!step.points)
        return false;
    make_room(fleet, bytes_of(step.rows));
    points_clear(step.points, step.rows);
    past = fleet_past_of(fleet, now_ms);
    for (size_t i = 0; i < fleet->source_count; i++)
        close_source(fleet, &fleet->sources[i], now_ms);
    add_parts(fleet, step.points, true);
    add_parts(fleet, step.points, false);
    for (size_t i = 0; i < step.rows; i++)
        close_row(fleet, i, &past, &step.points[i]);
    close_totals(fleet, &step, &past);
    fleet->steps[(uint64_t)past.step % fleet->step_most] = step;
    fleet->point_bytes += bytes_of(step.rows);
    fleet->last = past.step;
    return true;
}
