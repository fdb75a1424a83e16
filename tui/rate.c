#include "tui/rate.h"

#include "api/ingest_sample.h"

#include <math.h>

double rate_between(struct counted before, struct counted now)
{
    double seconds = ((double)now.at_ms - (double)before.at_ms) / 1000;

    if (before.value == SAMPLE_UNKNOWN || now.value == SAMPLE_UNKNOWN || now.value < before.value)
        return NAN;
    return seconds > 0 ? ((double)now.value - (double)before.value) / seconds : NAN;
}

double rate_drain_s(double depth, double net)
{
    if (depth <= 0)
        return 0;
    if (isnan(depth) || isnan(net))
        return NAN;
    return net < 0 ? depth / -net : INFINITY;
}

double rate_growth(const float *values, size_t count, int64_t step_ms)
{
    size_t first = 0, last = count;

    while (first < count && isnan(values[first]))
        first++;
    while (last > first && isnan(values[last - 1]))
        last--;
    if (last < first + 2 || step_ms <= 0)
        return NAN;
    return ((double)values[last - 1] - (double)values[first]) /
           ((double)(last - 1 - first) * (double)step_ms) * 60000;
}
