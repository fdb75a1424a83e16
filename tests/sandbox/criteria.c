#include "criteria.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LENGTH_MAX = 1024 };

static bool is_number_or_string(const json_t *value)
{
    return json_is_number(value) || json_is_string(value);
}

static bool is_any(const json_t *value)
{
    return value != NULL;
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_size(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_list(const json_t *value)
{
    return json_array_size(value) > 0;
}

static bool values_equal(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

/* -1, 0, 1, or 2 when the two cannot be ordered. */
static int values_compare(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return (json_number_value(a) > json_number_value(b)) -
               (json_number_value(a) < json_number_value(b));
    if (json_is_string(a) && json_is_string(b)) {
        int order = strcmp(json_string_value(a), json_string_value(b));
        return (order > 0) - (order < 0);
    }
    return 2;
}

static bool list_has(const json_t *list, const json_t *value)
{
    size_t i;
    json_t *one;

    json_array_foreach(list, i, one)
    {
        if (values_equal(one, value))
            return true;
    }
    return false;
}

/* The operators: what the event has comes first, NULL when it has nothing. */

static bool holds_equal(const json_t *have, const json_t *want)
{
    return have && values_equal(have, want);
}

static bool holds_not_equal(const json_t *have, const json_t *want)
{
    return !holds_equal(have, want);
}

static bool holds_less(const json_t *have, const json_t *want)
{
    return have && values_compare(have, want) == -1;
}

static bool holds_less_or_equal(const json_t *have, const json_t *want)
{
    return have && values_compare(have, want) <= 0;
}

static bool holds_greater(const json_t *have, const json_t *want)
{
    return have && values_compare(have, want) == 1;
}

static bool holds_greater_or_equal(const json_t *have, const json_t *want)
{
    int order = have ? values_compare(have, want) : 2;

    return order == 0 || order == 1;
}

static bool holds_in(const json_t *have, const json_t *want)
{
    return have && list_has(want, have);
}

static bool holds_not_in(const json_t *have, const json_t *want)
{
    return !holds_in(have, want);
}

static bool holds_contains(const json_t *have, const json_t *want)
{
    if (json_is_string(have) && json_is_string(want))
        return strstr(json_string_value(have), json_string_value(want)) != NULL;
    return list_has(have, want);
}

static bool holds_all(const json_t *have, const json_t *want)
{
    size_t i;
    json_t *one;

    json_array_foreach(want, i, one)
    {
        if (!list_has(have, one))
            return false;
    }
    return have != NULL;
}

static bool holds_exists(const json_t *have, const json_t *want)
{
    return (have != NULL) == json_is_true(want);
}

static bool holds_size(const json_t *have, const json_t *want)
{
    if (json_is_string(have))
        return (json_int_t)text_utf16_length(json_string_value(have)) == json_integer_value(want);
    return json_is_array(have) && (json_int_t)json_array_size(have) == json_integer_value(want);
}

static const struct comparison {
    const char *name;
    const char *operand; /* the member that carries what is compared with */
    bool (*valid)(const json_t *operand);
    const char *expected;
    bool (*holds)(const json_t *have, const json_t *want);
    bool every; /* must hold for each selected value, not for one of them */
} comparisons[] = {
    {"GreaterThanOrEqual", "value", is_number_or_string, "a number or string",
     holds_greater_or_equal, false},
    {"LessThanOrEqual", "value", is_number_or_string, "a number or string", holds_less_or_equal,
     false},
    {"Equal", "value", is_any, "a value", holds_equal, false},
    {"NotEqual", "value", is_any, "a value", holds_not_equal, true},
    {"LessThan", "value", is_number_or_string, "a number or string", holds_less, false},
    {"GreaterThan", "value", is_number_or_string, "a number or string", holds_greater, false},
    {"NotIn", "values", is_list, "a list of at least one value", holds_not_in, true},
    {"In", "values", is_list, "a list of at least one value", holds_in, false},
    {"Contains", "value", is_any, "a value", holds_contains, false},
    {"All", "values", is_list, "a list of at least one value", holds_all, false},
    {"Exists", "value", is_boolean, "true or false", holds_exists, false},
    {"Size", "value", is_size, "an integer of at least 0", holds_size, false},
};

static const struct comparison *comparison_find(const char *name)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (!strcmp(comparisons[i].name, name))
            return &comparisons[i];
    }
    return NULL;
}

static bool path_is_valid(const char *path)
{
    int depth = 0;

    for (const char *c = path; *c; c++) {
        depth += (*c == '[') - (*c == ']');
        if (depth < 0 || isspace((unsigned char)*c))
            return false;
    }
    return depth == 0 && *path && *path != '.' && path[strlen(path) - 1] != '.';
}

static void path_check(struct check *check, const char *path)
{
    if (path && *path == '$')
        check_fail(check, "constraint.validation", "matchCriteria.jsonPath",
                   "The jsonPath [%s] must not start with $", path);
    else if (path && !path_is_valid(path))
        check_fail(check, "constraint.validation", "matchCriteria.jsonPath",
                   "The jsonPath [%s] is not valid", path);
}

/* The member that the operator wants is there and right, the other one is not there. */
static void operand_check(struct check *check, const json_t *one,
                          const struct comparison *comparison)
{
    const json_t *value = check_member(one, "value");
    const json_t *values = check_member(one, "values");
    bool wants_list = !strcmp(comparison->operand, "values");

    /* A client that always serialises both sends an empty list beside a value. */
    if (!wants_list && json_is_array(values) && !json_array_size(values))
        values = NULL;
    if (value && values)
        check_fail(check, "constraint.validation", "matchCriteria",
                   "Only one of value and values can be included");
    else if (!comparison->valid(wants_list ? values : value))
        check_fail(check, "constraint.validation",
                   wants_list ? "matchCriteria.values" : "matchCriteria.value",
                   "The operator %s requires %s in [%s]", comparison->name, comparison->expected,
                   comparison->operand);
}

void criteria_check(struct check *check, const json_t *criteria)
{
    size_t i;
    json_t *one;

    if (!criteria || json_is_null(criteria))
        return;
    if (!json_is_array(criteria))
        check_fail(check, "invalid.value", "matchCriteria", "matchCriteria must be a list");
    json_array_foreach(criteria, i, one)
    {
        if (!json_is_object(one)) {
            check_fail(check, "invalid.value", "matchCriteria",
                       "A match criterion must be an object");
            continue;
        }
        path_check(check, check_string(check, one, "jsonPath", true, 1, PATH_LENGTH_MAX));
        const char *name = check_string(check, one, "operator", true, 1, 100);
        const struct comparison *comparison = name ? comparison_find(name) : NULL;
        if (comparison)
            operand_check(check, one, comparison);
        else if (name)
            check_fail(check, "invalid.value", "matchCriteria.operator",
                       "Value [%s] is not valid for field type [operator]. Allowable values are: "
                       "GreaterThanOrEqual, LessThanOrEqual, Equal, NotEqual, LessThan, "
                       "GreaterThan, NotIn, In, Contains, All, Exists, Size",
                       name);
    }
}

static void path_walk(const char *rest, const json_t *at, const char *path, json_t *out);

static void walk_member(const char *rest, const json_t *at, const char *path, const char *name,
                        json_t *out)
{
    char *longer = text_format("%s['%s']", path, name);
    const json_t *member = json_object_get(at, name);

    if (member)
        path_walk(rest, member, longer, out);
    free(longer);
}

static void walk_item(const char *rest, const json_t *at, const char *path, size_t index,
                      json_t *out)
{
    char *longer = text_format("%s[%zu]", path, index);
    const json_t *item = json_array_get(at, index);

    if (item)
        path_walk(rest, item, longer, out);
    free(longer);
}

static void walk_all(const char *rest, const json_t *at, const char *path, json_t *out)
{
    const char *name;
    json_t *member;

    for (size_t i = 0; i < json_array_size(at); i++)
        walk_item(rest, at, path, i, out);
    json_object_foreach((json_t *)at, name, member)
    {
        walk_member(rest, at, path, name, out);
    }
}

/* One step, written as name, 'name', n or *; `bracket`: it stood in brackets. */
static void walk_step(const char *step, bool bracket, const char *rest, const json_t *at,
                      const char *path, json_t *out)
{
    size_t length = strlen(step);
    char *end;

    if (!strcmp(step, "*")) {
        walk_all(rest, at, path, out);
    } else if (bracket && length >= 2 && strchr("'\"", *step) && step[length - 1] == *step) {
        char *name = strndup(step + 1, length - 2);
        walk_member(rest, at, path, name, out);
        free(name);
    } else if (bracket) {
        long index = strtol(step, &end, 10);
        long count = (long)json_array_size(at);
        if (!*end && length && index >= -count)
            walk_item(rest, at, path, (size_t)(index < 0 ? index + count : index), out);
    } else {
        walk_member(rest, at, path, step, out);
    }
}

/* Appends {value, path} for all that `rest` selects below `at`. */
static void path_walk(const char *rest, const json_t *at, const char *path, json_t *out)
{
    if (!*rest) {
        json_array_append_new(out, json_pack("{s:O, s:o}", "value", at, "path", text_json(path)));
        return;
    }
    bool bracket = *rest == '[';
    const char *start = rest + (bracket || *rest == '.');
    size_t length = bracket ? strcspn(start, "]") : strcspn(start, ".[");
    const char *next = start + length + (bracket && start[length] == ']');
    char *step = strndup(start, length);
    walk_step(step, bracket, next, at, path, out);
    free(step);
}

static bool criterion_holds(const struct comparison *comparison, const json_t *found,
                            const json_t *operand)
{
    size_t count = json_array_size(found);
    size_t held = 0;

    if (!count)
        return comparison->holds(NULL, operand);
    for (size_t i = 0; i < count; i++)
        held += comparison->holds(json_object_get(json_array_get(found, i), "value"), operand);
    return comparison->every ? held == count : held > 0;
}

json_t *criteria_evaluate(const json_t *criteria, const json_t *event, bool *matches)
{
    json_t *results = json_array();
    size_t i;
    json_t *one;

    *matches = true;
    json_array_foreach(criteria, i, one)
    {
        const char *path = json_string_value(json_object_get(one, "jsonPath"));
        const char *name = json_string_value(json_object_get(one, "operator"));
        const struct comparison *comparison = name ? comparison_find(name) : NULL;
        json_t *found = json_array();
        if (path)
            path_walk(path, event, "$", found);
        bool holds = comparison &&
                     criterion_holds(comparison, found, json_object_get(one, comparison->operand));
        json_t *result = json_deep_copy(one);
        json_object_set(result, "generatedJsonPathCondition", json_object_get(one, "jsonPath"));
        json_object_set_new(result, "match", json_boolean(holds));
        json_object_set_new(result, "jsonPathExtraction", found);
        json_array_append_new(results, result);
        *matches = *matches && holds;
    }
    return results;
}
