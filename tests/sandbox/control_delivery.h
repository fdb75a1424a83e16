/*
 * The part of the control path that is about events: traffic, delivery, deliveries, keys/rotate.
 */
#ifndef SANDBOX_CONTROL_DELIVERY_H
#define SANDBOX_CONTROL_DELIVERY_H

#include "call.h"

void control_traffic_get(struct call *call);
void control_traffic_put(struct call *call);
void control_traffic_delete(struct call *call);
void control_delivery_get(struct call *call);
void control_delivery_put(struct call *call);
void control_deliveries_get(struct call *call);
void control_keys_rotate(struct call *call);

#endif
