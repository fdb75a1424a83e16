/*
 * The notification topics that a trigger can listen to, and what their event bodies look like.
 *
 * Invariant: the list is fixed and in the order in which it is served. Schemas name the fields
 * that are known; an event body may have more.
 */
#ifndef SANDBOX_TOPICS_H
#define SANDBOX_TOPICS_H

#include "call.h"

bool topics_known(const char *name);

/* Notes, as strings appended to `details`, where an event body breaks the topic's schema. */
void topics_validate(const char *name, const json_t *event, json_t *details);

/* GET /api/v2/processautomation/triggers/topics */
void topics_list(struct call *call);

#endif
