/*
 * Organisation limits: /api/v2/organizations/limits/namespaces.
 */
#ifndef SANDBOX_LIMITS_H
#define SANDBOX_LIMITS_H

#include "call.h"

void limits_namespaces(struct call *call);

/* The limits in force of one namespace, and its defaults: they never differ here. */
void limits_namespace(struct call *call);

#endif
