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

/*
 * What the service itself writes into its objects, at once and whatever the lag: how the delivery
 * of one fares (`status`: the last one of HTTP's, 0 for none), and the public key of all.
 */
void subscriptions_show_health(struct sandbox *sandbox, const char *id, const char *state,
                               int status);
void subscriptions_show_key(struct sandbox *sandbox);

#endif
