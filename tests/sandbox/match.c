#include "match.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

/* The operators: what the event has comes first, NULL when it has nothing. */

static bool is_same(const json_t *have, const json_t *want)
{
    if (json_is_number(have) && json_is_number(want))
        return json_number_value(have) == json_number_value(want);
    return have && json_equal(have, want);
}

enum order { LESS = 1, SAME = 2, GREATER = 4 };

/* One of them; 0 when the two cannot be ordered. */
static int order_of(const json_t *have, const json_t *want)
{
    double difference;

    if (json_is_number(have) && json_is_number(want))
        difference = json_number_value(have) - json_number_value(want);
    else if (json_is_string(have) && json_is_string(want))
        difference = strcmp(json_string_value(have), json_string_value(want));
    else
        return 0;
    return difference < 0 ? LESS : difference > 0 ? GREATER : SAME;
}

static bool is_in(const json_t *have, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (is_same(have, json_array_get(list, i)))
            return true;
    }
    return false;
}

static bool is_not_same(const json_t *have, const json_t *want)
{
    return !is_same(have, want);
}

static bool is_greater(const json_t *have, const json_t *want)
{
    return order_of(have, want) == GREATER;
}

static bool is_not_less(const json_t *have, const json_t *want)
{
    return order_of(have, want) & (GREATER | SAME);
}

static bool is_less(const json_t *have, const json_t *want)
{
    return order_of(have, want) == LESS;
}

static bool is_not_greater(const json_t *have, const json_t *want)
{
    return order_of(have, want) & (LESS | SAME);
}

static bool is_not_in(const json_t *have, const json_t *list)
{
    return !is_in(have, list);
}

static bool contains(const json_t *have, const json_t *want)
{
    if (json_is_string(have) && json_is_string(want))
        return strstr(json_string_value(have), json_string_value(want)) != NULL;
    return is_in(want, have);
}

/* Without a value it means true. */
static bool exists(const json_t *have, const json_t *want)
{
    return (have != NULL) != json_is_false(want);
}

static const struct comparison {
    const char *name;
    bool (*holds)(const json_t *have, const json_t *want);
} comparisons[] = {
    {"EQ", is_same},        {"NEQ", is_not_same},    {"GT", is_greater}, {"GTE", is_not_less},
    {"LT", is_less},        {"LTE", is_not_greater}, {"IN", is_in},      {"NOT_IN", is_not_in},
    {"CONTAINS", contains}, {"EXISTS", exists},
};

struct criterion {
    const char *field;
    const struct comparison *comparison; /* NULL: never holds */
    const json_t *value;
};

struct match {
    size_t count;
    struct criterion criteria[];
};

static struct criterion criterion_read(const json_t *filter)
{
    const char *field = json_string_value(json_object_get(filter, "field"));
    const char *operator= json_string_value(json_object_get(filter, "operator"));
    struct criterion criterion = {.field = field, .value = json_object_get(filter, "value")};

    for (size_t i = 0; field && operator&& i<sizeof comparisons / sizeof * comparisons; i++) {
        if (!strcmp(comparisons[i].name, operator))
            criterion.comparison = &comparisons[i];
    }
    return criterion;
}

struct match *match_new(const json_t *subscription)
{
    const json_t *filter = json_object_get(subscription, "filterExpression");
    const json_t *more = json_object_get(subscription, "additionalFilter");
    size_t count = json_is_array(more) ? json_array_size(more) : 1;
    struct match *match = text_zeroed(sizeof *match + (count + 1) * sizeof *match->criteria);

    if (filter && !json_is_null(filter))
        match->criteria[match->count++] = criterion_read(filter);
    for (size_t i = 0; json_is_array(more) && i < count; i++)
        match->criteria[match->count++] = criterion_read(json_array_get(more, i));
    if (json_is_object(more))
        match->criteria[match->count++] = criterion_read(more);
    return match;
}

void match_free(struct match *match)
{
    free(match);
}

static const json_t *field_find(const json_t *object, const char *field)
{
    const json_t *found = json_object_get(object, field);

    while (!found && json_is_object(object) && strchr(field, '.')) {
        size_t length = strcspn(field, ".");
        object = json_object_getn(object, field, length);
        field += length + 1;
        found = json_object_get(object, field);
    }
    return found;
}

static bool criterion_holds(const struct criterion *criterion, const char *event_type,
                            const json_t *payload)
{
    if (!criterion->comparison)
        return false;
    if (strcmp(criterion->field, "eventType"))
        return criterion->comparison->holds(field_find(payload, criterion->field),
                                            criterion->value);
    json_t *type = json_string(event_type);
    bool holds = criterion->comparison->holds(type, criterion->value);
    json_decref(type);
    return holds;
}

bool match_holds(const struct match *match, const char *event_type, const json_t *payload)
{
    for (size_t i = 0; i < match->count; i++) {
        if (!criterion_holds(&match->criteria[i], event_type, payload))
            return false;
    }
    return true;
}
