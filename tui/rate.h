/* Counters to rates, and what follows from them. Pure. */
#ifndef TUI_RATE_H
#define TUI_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A counter at a time of its own instance's clock. */
struct counted {
    int64_t value; /* SAMPLE_UNKNOWN: not told */
    int64_t at_ms;
};
/* A second; NAN: one is unknown, the counter fell, or no time went by. Never negative. */
double rate_between(struct counted before, struct counted now);

/* Seconds until `depth` is 0 when it changes by `net` a second (negative: shrinks): 0 for an empty
 * one (whatever the net), INFINITY when it does not shrink, NAN when either is not known. */
double rate_drain_s(double depth, double net);

/* How much `values` (oldest first, NAN: gap) grew a minute: between the first and last that are
 * known; NAN with fewer than two. */
double rate_growth(const float *values, size_t count, int64_t step_ms);

#endif
