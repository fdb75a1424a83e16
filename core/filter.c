#include "core/filter.h"

#include <stddef.h>
#include <string.h>

static const char *const via_names[VIA_COUNT] = {
    [VIA_EVENT_STREAMS] = "event-streams",
    [VIA_TRIGGER] = "trigger",
};

const char *via_name(enum via via)
{
    return (unsigned)via < VIA_COUNT ? via_names[via] : NULL;
}

enum via via_find(const char *name)
{
    enum via via = 0;

    while (via < VIA_COUNT && strcmp(via_names[via], name) != 0)
        via++;
    return via;
}

#define AT(streams, trigger)                                                                       \
    {                                                                                              \
        [VIA_EVENT_STREAMS] = (streams), [VIA_TRIGGER] = (trigger)                                 \
    }

const struct filter_operator filter_operators[FILTER_OPS] = {
    [FILTER_EQ] = {"eq", AT("EQ", "Equal"), OPERAND_SCALAR, "equal to the value"},
    [FILTER_NE] = {"ne", AT("NEQ", "NotEqual"), OPERAND_SCALAR, "not equal to the value"},
    [FILTER_GT] = {"gt", AT("GT", "GreaterThan"), OPERAND_ORDERED, "greater than the value"},
    [FILTER_GE] = {"ge", AT("GTE", "GreaterThanOrEqual"), OPERAND_ORDERED,
                   "greater than or equal to the value"},
    [FILTER_LT] = {"lt", AT("LT", "LessThan"), OPERAND_ORDERED, "less than the value"},
    [FILTER_LE] = {"le", AT("LTE", "LessThanOrEqual"), OPERAND_ORDERED,
                   "less than or equal to the value"},
    [FILTER_IN] = {"in", AT("IN", "In"), OPERAND_LIST, "equal to one of the list"},
    [FILTER_NOT_IN] = {"not_in", AT("NOT_IN", "NotIn"), OPERAND_LIST, "equal to none of the list"},
    [FILTER_CONTAINS] = {"contains", AT("CONTAINS", "Contains"), OPERAND_SCALAR,
                         "a text that holds the value, or a list with it"},
    [FILTER_EXISTS] = {"exists", AT("EXISTS", "Exists"), OPERAND_BOOL,
                       "there (true, also when no value is told) or not there (false)"},
    [FILTER_ALL] = {"all", AT(NULL, "All"), OPERAND_LIST, "a list with every one of these"},
    [FILTER_SIZE] = {"size", AT(NULL, "Size"), OPERAND_COUNT, "a list of that many"},
};

int filter_op_find(const char *name)
{
    for (int op = 0; op < FILTER_OPS; op++)
        if (strcmp(filter_operators[op].name, name) == 0)
            return op;
    return -1;
}

int filter_op_find_remote(enum via via, const char *name)
{
    for (int op = 0; op < FILTER_OPS; op++)
        if (filter_operators[op].remote[via] && strcmp(filter_operators[op].remote[via], name) == 0)
            return op;
    return -1;
}
