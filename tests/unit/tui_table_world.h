/* A fleet of the test's own, for what is made from its rows: columns, order, filter. */
#ifndef TESTS_UNIT_TUI_TABLE_WORLD_H
#define TESTS_UNIT_TUI_TABLE_WORLD_H

#include "tests/unit/unit.h"

#include "tui/order.h"

#include <math.h>
#include <stdio.h>

enum { WORLD_ROWS_MOST = 10000, WORLD_STEP_MS = 1000, WORLD_START_MS = 1000000 };

const char *const row_state_words[ROW_STATES] = {"?",      "OK",   "DRIFT", "LATE",
                                                 "PAUSED", "FAIL", "GONE"};
const char row_state_chars[ROW_STATES] = {'?', '.', '~', '!', '=', 'X', '-'};

static struct row world_rows[WORLD_ROWS_MOST];
static struct point world_points[WORLD_ROWS_MOST];
static char world_ids[WORLD_ROWS_MOST][16];
static size_t world_count;

size_t fleet_rows(const struct fleet *fleet)
{
    (void)fleet;
    return world_count;
}

const struct row *fleet_row(const struct fleet *fleet, size_t n)
{
    (void)fleet;
    assert_true(n < world_count);
    return &world_rows[n];
}

void fleet_point(const struct fleet *fleet, size_t row, int64_t step, struct point *out)
{
    (void)fleet, (void)step;
    assert_true(row < world_count);
    *out = world_points[row];
}

int64_t fleet_time_ms(const struct fleet *fleet, int64_t step)
{
    (void)fleet;
    return WORLD_START_MS + step * WORLD_STEP_MS;
}

/* A rising line that ends with the step. */
size_t fleet_series(const struct fleet *fleet, size_t row, enum figure figure, int64_t step,
                    float *values, size_t count)
{
    (void)fleet, (void)row, (void)figure, (void)step;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)i;
    return count;
}

/* The next row: "row-0000", of which nothing is known. */
static size_t world_add(const char *name)
{
    size_t n = world_count++;
    struct point *point = &world_points[n];

    assert_true(n < WORLD_ROWS_MOST);
    snprintf(world_ids[n], sizeof(world_ids[n]), "row-%04zu", n);
    world_rows[n] = (struct row){.id = world_ids[n],
                                 .name = name,
                                 .sink = "",
                                 .last_error = "",
                                 .drift = "",
                                 .health = "",
                                 .endpoints = 1};
    *point = (struct point){.age_s = NAN, .state = ROW_UNKNOWN};
    for (size_t i = 0; i < FIGURES; i++)
        point->figures[i] = NAN;
    return n;
}

static inline struct row_view world_view(size_t n)
{
    return (struct row_view){.row = n, .of = &world_rows[n], .point = world_points[n]};
}

#endif
