/*
 * What was asked of the sandbox: every request in order, and how often each method and path.
 *
 * Invariants: the control path is not counted. Counts are by path template where the path is
 * known; the log has the request lines as they were sent. Beyond REQUESTS_LOG_MAX the log keeps
 * its oldest lines and only the counts go on.
 */
#ifndef SANDBOX_REQUESTS_H
#define SANDBOX_REQUESTS_H

#include "call.h"

enum { REQUESTS_LOG_MAX = 100000 };

struct requests *requests_new(void);
void requests_free(struct requests *requests);
void requests_clear(struct requests *requests);

void requests_note(struct requests *requests, const struct call *call);

/* {counts, log}; a new reference. */
json_t *requests_report(const struct requests *requests);

#endif
