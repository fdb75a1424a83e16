/*
 * Settings that are numbers, declared once: a table gives their names in JSON, where they stand in
 * a struct, what they may be and what they are unless told.
 *
 * Invariants: a table ends with a row without a name; every number it describes is a double,
 * whatever it counts.
 */
#ifndef SANDBOX_NUMBERS_H
#define SANDBOX_NUMBERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct number {
    const char *name;
    size_t at; /* offset in the struct */
    double least;
    double most;
    double fallback;
    bool whole;
};

void numbers_reset(const struct number *table, void *settings);

/*
 * Sets the number of that name; null sets it to its fallback. Returns false, and changes nothing,
 * when the table has none or the value does not fit.
 */
bool numbers_set(const struct number *table, void *settings, const char *name, const json_t *value);

/* Adds them all to `object`. */
void numbers_report(const struct number *table, const void *settings, json_t *object);

#endif
