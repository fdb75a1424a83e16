/*
 * The file that names every event that a target was to get, and every one that it took: what a
 * test compares with what arrived.
 *
 * Format: lines of JSON, {"generated": true, "target", "interaction", "type", "sequence"} when an
 * event matched a target, {"acknowledged": true, …} when it was first answered 2xx. Lines are in
 * the file at the end of the pulse (traffic.h) that they were written in.
 */
#ifndef SANDBOX_EVENT_LOG_H
#define SANDBOX_EVENT_LOG_H

#include "happening.h"

struct event_log;

/* Begins the file anew. NULL: it cannot be written, and the reason is printed. */
struct event_log *event_log_open(const char *path);

/* NULL does nothing, here and below. */
void event_log_close(struct event_log *log);

/*
 * `what` is "generated" or "acknowledged"; `quoted_id` is the target's, as JSON, and `type` the
 * name by which it knows the event.
 */
void event_log_write(struct event_log *log, const char *what, const char *quoted_id,
                     const char *type, const struct happening *happening);
void event_log_flush(struct event_log *log);

#endif
