/* The events that Genesys Cloud publishes, as far as they are known: names, topics, fields, volume.
 *
 * The guide speaks of Interaction.Created and so on; the published API has topics. The table
 * says for each guide event which topic comes nearest and which criterion makes it so, for each
 * topic and event which fields its body has, and which of them flow at a high rate.
 * (genesys-api.md, section 5)
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/filter.h"

struct event {
    const char *name;  /* "Interaction.Created" or a topic; what the manifest writes */
    const char *topic; /* the trigger topic that serves it; NULL: not to be had by trigger */
    const char *note;  /* how near the mapping comes; NULL for a topic itself */
    /* A criterion that the mapping adds (Confirmed is acd.end with acdOutcome = ANSWERED);
     * field == NULL: none. */
    struct criterion adds;
    bool by_via[VIA_COUNT];    /* may stand in `events` of that kind */
    bool high_volume;          /* several for each conversation */
    const char *const *fields; /* of the payload, ends with NULL; NULL: not known */
};

/* The events in a fixed order; ends with a NULL name. */
extern const struct event event_table[];

/* NULL when no such event is known. */
const struct event *event_find(const char *name);

/* True for "*" and anything that ends in it. */
bool event_is_catch_all(const char *name);

/* True for what has the form of a topic ("v2.…"), known or not. */
bool event_is_topic(const char *name);

#endif
