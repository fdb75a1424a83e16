/* What follows from earlier steps: growth and drain time. */
#include "tui/fleet_state.h"

#include "tui/rate.h"

#include <math.h>

void fleet_segment_go_on(struct segment *segment, uint64_t sources, int64_t step)
{
    if (segment->sources != sources)
        segment->since = step;
    segment->sources = sources;
}

/* The earliest step from `from` on that knows a figure; past->step: none. */
static int64_t known_at(const struct fleet *fleet, size_t row, enum figure figure, int64_t from,
                        const struct past *past)
{
    while (from < past->step && isnan(fleet_value(fleet, row, from, figure)))
        from++;
    return from;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether there was something to compare with: how long ago, and how much. */
static bool look_back(const struct fleet *fleet, size_t row, enum figure figure, int64_t from,
                      const struct past *past, int64_t *ago_ms, float *then)
{
    int64_t step = known_at(fleet, row, figure, from, past);

    if (step >= past->step)
        return false;
    *ago_ms = past->time_ms - fleet_time_ms(fleet, step);
    *then = fleet_value(fleet, row, step, figure);
    return *ago_ms > 0;
}

float fleet_drain_s(const struct fleet *fleet, size_t row, float depth, int64_t since,
                    const struct past *past)
{
    double net = NAN;
    int64_t ago_ms;
    float then;

    if (look_back(fleet, row, FIGURE_DEPTH, later(past->drain_from, since), past, &ago_ms, &then))
        net = ((double)depth - (double)then) * 1000 / (double)ago_ms;
    return (float)rate_drain_s((double)depth, net);
}

float fleet_growth(const struct fleet *fleet, size_t row, float dead, int64_t since,
                   const struct past *past)
{
    int64_t ago_ms;
    float values[2] = {NAN, dead};

    if (!look_back(fleet, row, FIGURE_DEAD, later(past->grow_from, since), past, &ago_ms, values))
        return NAN;
    return (float)rate_growth(values, 2, ago_ms);
}

/* A step of a time that has not come yet is from before somebody set the clock back. */
struct past fleet_past_of(const struct fleet *fleet, int64_t now_ms)
{
    struct past past = {.step = fleet->last + 1, .time_ms = now_ms};

    past.drain_from = later(fleet->first, past.step - FLEET_DRAIN_STEPS);
    past.grow_from = past.step;
    while (past.grow_from > fleet->first) {
        int64_t ago_ms = now_ms - fleet_time_ms(fleet, past.grow_from - 1);
        if (ago_ms < 0 || ago_ms > FLEET_GROWTH_MS)
            break;
        past.grow_from--;
    }
    return past;
}
