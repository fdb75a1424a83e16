/*
 * Process automation triggers: /api/v2/processautomation/triggers, as the SDK's models Trigger,
 * CreateTriggerRequest, UpdateTriggerRequest and TestMode… describe it.
 *
 * Invariants: `version` starts at 1 and grows by one with each update, which has to carry the
 * current one; topicName never changes; two triggers of one name are allowed.
 */
#ifndef SANDBOX_TRIGGERS_H
#define SANDBOX_TRIGGERS_H

#include "call.h"

void triggers_list(struct call *call);
void triggers_create(struct call *call);
void triggers_get(struct call *call);
void triggers_update(struct call *call);
void triggers_delete(struct call *call);

/*
 * The object that a seed stands for: `seed` completed with what the server assigns, whatever it
 * says otherwise. Returns a new reference.
 */
json_t *triggers_seed(struct sandbox *sandbox, const json_t *seed);

/* Whether a workflow of that id exists. */
bool triggers_flow_exists(const struct sandbox *sandbox, const char *id);

/* The two test calls: one trigger, or all triggers of a topic, against an event body */
void triggers_test(struct call *call);
void triggers_test_topic(struct call *call);

#endif
