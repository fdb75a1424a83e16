/*
 * Event subscriptions: /api/v2/eventstreams/subscriptions.
 *
 * Invariants: `name` is unique; `version` starts at 1 and grows by one with each update, which
 * has to carry the current one; id, health, delivery.publicKey and the dates are the server's,
 * whatever a request says.
 */
#ifndef SANDBOX_SUBSCRIPTIONS_H
#define SANDBOX_SUBSCRIPTIONS_H

#include "call.h"

void subscriptions_list(struct call *call);
void subscriptions_create(struct call *call);
void subscriptions_get(struct call *call);
void subscriptions_update(struct call *call);
void subscriptions_delete(struct call *call);

/* As triggers_seed. */
json_t *subscriptions_seed(struct sandbox *sandbox, const json_t *seed);

#endif
