/* The fields of a subscription's remote object that eventctl manages: declared once.
 *
 * The table gives each field its name in plans, its letter in the marker, which kinds have it,
 * what the service does when it is left out, and how a change of it is labelled. Comparing,
 * hashing, printing and labelling all walk this table.
 */
#ifndef CORE_FIELD_H
#define CORE_FIELD_H

#include "core/filter.h"

enum field {
    FIELD_NAME,
    FIELD_DESCRIPTION, /* the user's own text, without the marker */
    FIELD_ENABLED,
    FIELD_EVENTS, /* a sorted array */
    FIELD_FILTER, /* a sorted array of {field, op, value} in the manifest's words */
    FIELD_BATCH_MODE,
    FIELD_BATCH_WINDOW, /* milliseconds; null unless batched */
    FIELD_BATCH_SIZE,   /* events; null unless batched */
    FIELD_URL,
    FIELD_WORKFLOW,
    FIELD_DATA_FORMAT,
    FIELD_TTL,     /* seconds or null */
    FIELD_DELAY,   /* seconds or null */
    FIELD_PROTECT, /* lives in the marker alone */
    FIELD_COUNT
};

/* What a change does to the events on their way, from harmless to worst. */
enum risk { RISK_NONE, RISK_DELAY, RISK_DUPLICATES, RISK_MAY_DROP, RISK_COUNT };
const char *risk_name(enum risk risk); /* "no loss", "delay", "duplicates possible", "may drop" */

struct field_row {
    const char *name; /* as the manifest writes it: "delivery.batching.window" */
    char letter;      /* in the marker */
    bool by_via[VIA_COUNT];
    bool set; /* an array whose order means nothing: shown element by element */
    /* What a change from one canonical value to another may do; NULL: RISK_NONE. */
    enum risk (*risk)(const char *before, const char *after);
    bool overridable; /* for a time, by `eventctl override` */
};

extern const struct field_row field_table[FIELD_COUNT];

#endif
