#include "core/match.h"

#include "core/json.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

struct compiled {
    char *field;
    enum filter_op op;
    json_t *value;
};

struct match {
    size_t count;
    struct compiled criteria[];
};

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

/* As criterion.c has it of what comes by YAML, which has no null. */
static bool operand_fits(enum filter_operand operand, const json_t *value)
{
    switch (operand) {
    case OPERAND_SCALAR:
        return is_scalar(value);
    case OPERAND_ORDERED:
        return json_is_string(value) || json_is_number(value);
    case OPERAND_LIST:
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!is_scalar(json_array_get(value, i)))
                return false;
        return json_is_array(value);
    case OPERAND_BOOL:
        return json_is_boolean(value);
    case OPERAND_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    }
    return false;
}

static bool compile(struct compiled *out, const struct criterion *criterion, struct error *error)
{
    /* "exists" may stand without a value and means true then. */
    const char *text = criterion->value ? criterion->value : "true";

    if ((unsigned)criterion->op >= FILTER_OPS || !criterion->field)
        return error_set(error, ERROR_INVALID, "a criterion without a field or an operator");
    if (!criterion->value && criterion->op != FILTER_EXISTS)
        return error_set(error, ERROR_INVALID, "%s %s: there is no value", criterion->field,
                         filter_operators[criterion->op].name);
    out->op = criterion->op;
    out->field = strdup(criterion->field);
    if (!out->field)
        return error_no_memory(error);
    out->value = json_read(text, strlen(text), JSON_DECODE_ANY, NULL);
    if (!out->value)
        return error_set(error, ERROR_INVALID, "%s %s: the value is no JSON", criterion->field,
                         filter_operators[criterion->op].name);
    return operand_fits(filter_operators[criterion->op].operand, out->value) ||
           error_set(error, ERROR_INVALID, "%s %s: not a value for this operator", criterion->field,
                     filter_operators[criterion->op].name);
}

struct match *match_new(const struct criterion *criteria, size_t count, struct error *error)
{
    struct match *match = calloc(1, sizeof(*match) + count * sizeof(match->criteria[0]));

    if (!match) {
        error_no_memory(error);
        return NULL;
    }
    match->count = count;
    for (size_t i = 0; i < count; i++)
        if (!compile(&match->criteria[i], &criteria[i], error)) {
            match_free(match);
            return NULL;
        }
    return match;
}

void match_free(struct match *match)
{
    if (!match)
        return;
    for (size_t i = 0; i < match->count; i++) {
        free(match->criteria[i].field);
        json_decref(match->criteria[i].value);
    }
    free(match);
}

/* The longest name first, so that a member with dots in its name comes before one that is found by
 * going into objects. Each object is reached in one way only: it stays linear in the event. */
static const json_t *field_find(const json_t *object, const char *field)
{
    size_t length = strlen(field);
    const json_t *found = json_object_getn(object, field, length);

    while (!found && length > 0) {
        while (length > 0 && field[length - 1] != '.')
            length--;
        if (length == 0)
            break;
        length--; /* the dot */
        found = json_object_getn(object, field, length);
        if (found)
            found = field_find(found, field + length + 1);
    }
    return found;
}

static bool values_equal(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b) && json_typeof(a) != json_typeof(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b) == 1;
}

enum order { ORDER_LESS, ORDER_SAME, ORDER_GREATER, ORDER_NONE };

#define ORDER_OF(a, b) ((a) < (b) ? ORDER_LESS : (a) > (b) ? ORDER_GREATER : ORDER_SAME)

static enum order texts_order(const json_t *a, const json_t *b)
{
    size_t a_bytes = json_string_length(a), b_bytes = json_string_length(b);
    int order =
        memcmp(json_string_value(a), json_string_value(b), a_bytes < b_bytes ? a_bytes : b_bytes);

    return order ? ORDER_OF(order, 0) : ORDER_OF(a_bytes, b_bytes);
}

static enum order values_order(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return ORDER_OF(json_integer_value(a), json_integer_value(b));
    if (json_is_number(a) && json_is_number(b))
        return ORDER_OF(json_number_value(a), json_number_value(b));
    if (json_is_string(a) && json_is_string(b))
        return texts_order(a, b);
    return ORDER_NONE;
}

static bool list_has(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (values_equal(json_array_get(list, i), value))
            return true;
    return false;
}

/* The operators. `have` is what the event has, NULL when it has nothing. A null is there. */

static bool holds_eq(const json_t *have, const json_t *want)
{
    return have && values_equal(have, want);
}

static bool holds_ne(const json_t *have, const json_t *want)
{
    return !holds_eq(have, want);
}

static bool holds_gt(const json_t *have, const json_t *want)
{
    return values_order(have, want) == ORDER_GREATER;
}

static bool holds_ge(const json_t *have, const json_t *want)
{
    enum order order = values_order(have, want);

    return order == ORDER_GREATER || order == ORDER_SAME;
}

static bool holds_lt(const json_t *have, const json_t *want)
{
    return values_order(have, want) == ORDER_LESS;
}

static bool holds_le(const json_t *have, const json_t *want)
{
    enum order order = values_order(have, want);

    return order == ORDER_LESS || order == ORDER_SAME;
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
        return memmem(json_string_value(have), json_string_length(have), json_string_value(want),
                      json_string_length(want)) != NULL;
    return list_has(have, want);
}

static bool holds_exists(const json_t *have, const json_t *want)
{
    return (have != NULL) == json_is_true(want);
}

static bool holds_all(const json_t *have, const json_t *want)
{
    for (size_t i = 0; i < json_array_size(want); i++)
        if (!list_has(have, json_array_get(want, i)))
            return false;
    return json_is_array(have) && json_is_array(want);
}

/* A text's size is in UTF-16 units, as the service counts. */
static bool holds_size(const json_t *have, const json_t *want)
{
    size_t size;

    if (json_is_string(have))
        size = text_utf16_length(json_string_value(have));
    else if (json_is_array(have))
        size = json_array_size(have);
    else
        return false;
    return json_is_integer(want) && (json_int_t)size == json_integer_value(want);
}

static bool (*const operators[FILTER_OPS])(const json_t *have, const json_t *want) = {
    [FILTER_EQ] = holds_eq,
    [FILTER_NE] = holds_ne,
    [FILTER_GT] = holds_gt,
    [FILTER_GE] = holds_ge,
    [FILTER_LT] = holds_lt,
    [FILTER_LE] = holds_le,
    [FILTER_IN] = holds_in,
    [FILTER_NOT_IN] = holds_not_in,
    [FILTER_CONTAINS] = holds_contains,
    [FILTER_EXISTS] = holds_exists,
    [FILTER_ALL] = holds_all,
    [FILTER_SIZE] = holds_size,
};

bool match_holds(const struct match *match, const json_t *fields)
{
    for (size_t i = 0; match && i < match->count; i++) {
        const struct compiled *criterion = &match->criteria[i];
        if (!operators[criterion->op](field_find(fields, criterion->field), criterion->value))
            return false;
    }
    return true;
}
