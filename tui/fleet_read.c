/* What the ring of steps has. */
#include "tui/fleet_state.h"

#include <math.h>
#include <string.h>

/* -- steps --------------------------------------------------------------------------------------
 */

int64_t fleet_first(const struct fleet *fleet)
{
    return fleet->first;
}

int64_t fleet_last(const struct fleet *fleet)
{
    return fleet->last;
}

const struct step *fleet_step(const struct fleet *fleet, int64_t step)
{
    if (step < fleet->first || step > fleet->last)
        return NULL;
    return &fleet->steps[(uint64_t)step % fleet->step_most];
}

int64_t fleet_time_ms(const struct fleet *fleet, int64_t step)
{
    const struct step *of = fleet_step(fleet, step);

    return of ? of->time_ms : SAMPLE_UNKNOWN;
}

/* -- figures ------------------------------------------------------------------------------------
 */

static void forget(float figures[FIGURES])
{
    for (size_t i = 0; i < FIGURES; i++)
        figures[i] = NAN;
}

void fleet_point(const struct fleet *fleet, size_t row, int64_t step, struct point *out)
{
    const struct step *of = fleet_step(fleet, step);

    if (of && row < of->rows) {
        *out = of->points[row];
        return;
    }
    *out = (struct point){.age_s = NAN, .state = ROW_UNKNOWN};
    forget(out->figures);
}

void fleet_totals(const struct fleet *fleet, int64_t step, struct totals *out)
{
    const struct step *of = fleet_step(fleet, step);

    if (of) {
        *out = of->totals;
        return;
    }
    *out = (struct totals){.rows = 0};
    forget(out->figures);
}

float fleet_value(const struct fleet *fleet, size_t row, int64_t step, enum figure figure)
{
    const struct step *of = fleet_step(fleet, step);

    if (of && row == SIZE_MAX)
        return of->totals.figures[figure];
    return of && row < of->rows && !of->points[row].stale ? of->points[row].figures[figure] : NAN;
}

size_t fleet_series(const struct fleet *fleet, size_t row, enum figure figure, int64_t step,
                    float *values, size_t count)
{
    size_t have;

    if (step > fleet->last)
        step = fleet->last;
    if (step < fleet->first)
        return 0;
    have = (size_t)(step - fleet->first) + 1;
    if (count > have)
        count = have;
    for (size_t i = 0; i < count; i++)
        values[i] = fleet_value(fleet, row, step - (int64_t)(count - 1 - i), figure);
    return count;
}
