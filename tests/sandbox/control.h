/*
 * The control path, /_sandbox/…: how a test sets faults and settings, seeds objects and asks what
 * was requested. README.md describes it. It needs no token and counts as no request.
 */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include "call.h"

/* Whether a path is the control path's, and its handling, which always answers. */
bool control_owns(const char *path);
void control_handle(struct call *call);

#endif
