/* A long run told line by line: one structured line an event on stdout.
 *
 *     time=2026-11-26T11:20:00Z level=warning event=difference name=calls@v1 cause=drifted
 *     {"time": "2026-11-26T11:20:00Z", "level": "warning", "event": "difference", …}
 *
 * Always holds: a line is one write, has no control character in it, and begins with these three.
 */
#ifndef CTL_EVENTLOG_H
#define CTL_EVENTLOG_H

#include "api/client.h"

struct eventlog {
    bool json;
    bool failed; /* a line could not be written; no further one is tried */
};

/* Writes a line. `members` is what stands after the three, a new reference that is taken over:
 * texts, numbers, booleans, and lists of texts; null is left out. Without memory, NULL included,
 * the line fails. */
void eventlog_write(struct eventlog *log, enum log_level level, const char *event, json_t *members);

#endif
