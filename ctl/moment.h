/* Moments as people write and read them. */
#ifndef CTL_MOMENT_H
#define CTL_MOMENT_H

#include "core/buf.h"
#include "core/error.h"

#include <stdint.h>

/* A duration ("2h": so long before now_ms) or a time of RFC 3339 ("2026-07-01T12:00:00Z") →
 * milliseconds since the epoch, above 0. False: it is neither. */
MUST_CHECK bool moment_parse(const char *text, int64_t now_ms, int64_t *ms);

/* Appends it as RFC 3339 in UTC, whole seconds; "-" for 0 and what no clock can show. */
void moment_add(struct buf *out, int64_t ms);

/* Appends the moment's hour and minute in UTC, "14:30 UTC", with the day before it unless that is
 * now's. Both in seconds since the epoch. */
void moment_add_clock(struct buf *out, int64_t at_s, int64_t now_s);

#endif
