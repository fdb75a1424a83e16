/* The filter language: a list of criteria that must all hold.
 *
 * One table (filter_operators) names each operator as the manifest writes it and as each source
 * does, and says whether it takes one value, a list, or a truth value. A NULL name means that the
 * source has no such operator: that criterion is residual, to be applied by the ingest service.
 *
 * A criterion's value is canonical JSON text (core/json.h).
 */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "core/error.h"
#include "core/source.h"

#include <stddef.h>

/* How a subscription's events leave Genesys Cloud. */
enum via { VIA_EVENT_STREAMS, VIA_TRIGGER, VIA_COUNT };

const char *via_name(enum via via);  /* "event-streams", "trigger" */
enum via via_find(const char *name); /* VIA_COUNT: there is none of that name */

enum filter_op {
    FILTER_EQ,
    FILTER_NE,
    FILTER_GT,
    FILTER_GE,
    FILTER_LT,
    FILTER_LE,
    FILTER_IN,
    FILTER_NOT_IN,
    FILTER_CONTAINS,
    FILTER_EXISTS,
    FILTER_ALL,
    FILTER_SIZE,
    FILTER_OPS
};

enum filter_operand { OPERAND_SCALAR, OPERAND_ORDERED, OPERAND_LIST, OPERAND_BOOL, OPERAND_COUNT };

struct filter_operator {
    const char *name;              /* in the manifest: "eq" */
    const char *remote[VIA_COUNT]; /* "EQ", "Equal"; NULL: not at that source */
    enum filter_operand operand;   /* ORDERED: number or text; COUNT: whole number from 0 */
    const char *help;
};

extern const struct filter_operator filter_operators[FILTER_OPS];

/* The operator of that name, in the manifest's words or in a source's; -1 when there is none. */
int filter_op_find(const char *name);
int filter_op_find_remote(enum via via, const char *name);

struct criterion {
    const char *field; /* a name, or a dotted path */
    enum filter_op op;
    const char *value; /* canonical JSON; for lists an array */
    struct place place;
};

#endif
