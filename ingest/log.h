/* The log: one line an event on standard error, logfmt, safe for a terminal.
 *
 *   2026-01-31T09:30:00.123Z level=warning event=commit-failed trouble=full detail="no space"
 *
 * Under systemd the time is left out and the level stands as <4> in front. Of one event at most
 * LOG_BURST lines a second are written; the next one says how many were not.
 * Secrets are never given to it: not a header's value, not a body.
 */
#ifndef INGEST_LOG_H
#define INGEST_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum { LOG_BURST = 10 };

/* Called once, before there are threads. */
void log_begin(enum log_level most, bool systemd);

/* Pairs of name and text after the event's name, ended by NULL. A text may be NULL ("-"). `event`
 * is a literal. Any thread. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* A number as text, for log_event's pairs; one of a few places of the thread's own, so that several
 * fit into one call. */
const char *log_number(int64_t number);

#endif
