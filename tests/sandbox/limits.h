/*
 * Organisation limits: /api/v2/organizations/limits/namespaces.
 */
#ifndef SANDBOX_LIMITS_H
#define SANDBOX_LIMITS_H

#include "call.h"

void limits_namespaces(struct call *call);

/* The limits in force of one namespace, and its defaults: they never differ here. */
void limits_namespace(struct call *call);

/* {key, namespace, value} of the limit on the calls of one token; a new reference. */
json_t *limits_token_rate(const struct call *call);

#endif
