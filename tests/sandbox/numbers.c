#include "numbers.h"

#include <math.h>
#include <string.h>

static double *number_at(const struct number *number, void *settings)
{
    return (double *)((char *)settings + number->at);
}

void numbers_reset(const struct number *table, void *settings)
{
    for (; table->name; table++)
        *number_at(table, settings) = table->fallback;
}

bool numbers_set(const struct number *table, void *settings, const char *name, const json_t *value)
{
    while (table->name && strcmp(table->name, name))
        table++;
    if (!table->name)
        return false;
    if (json_is_null(value)) {
        *number_at(table, settings) = table->fallback;
        return true;
    }
    double wanted = json_number_value(value);
    if (!json_is_number(value) || wanted < table->least || wanted > table->most ||
        (table->whole && wanted != floor(wanted)))
        return false;
    *number_at(table, settings) = wanted;
    return true;
}

void numbers_report(const struct number *table, const void *settings, json_t *object)
{
    for (; table->name; table++) {
        double is = *(const double *)((const char *)settings + table->at);
        json_object_set_new(object, table->name,
                            is == floor(is) ? json_integer((json_int_t)is) : json_real(is));
    }
}
