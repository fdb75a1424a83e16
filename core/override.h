/* Fields of an object that are overridden for a time: how that stands, and starting and ending it.
 *
 * An override lives in the object's marker alone (core/marker.h). It counts for fields that the
 * table calls overridable, while their value is the one whose hash the marker has: what somebody
 * else made of such a field since is drift. Whoever can write a marker could say anything in it, so
 * that one which claims to hold for longer than OVERRIDE_MOST_S from now is not believed.
 */
#ifndef CORE_OVERRIDE_H
#define CORE_OVERRIDE_H

#include "core/plan.h"

enum {
    OVERRIDE_FOR_MOST_S = 7 * 24 * 3600,               /* that one is made for */
    OVERRIDE_MOST_S = OVERRIDE_FOR_MOST_S + 24 * 3600, /* clocks differ */
    OVERRIDE_SIZE_UNLESS_TOLD = 50,
    OVERRIDE_WINDOW_UNLESS_TOLD_MS = 100,
};

enum override_state { OVERRIDE_NONE, OVERRIDE_HOLDS, OVERRIDE_EXPIRED };

/* How a field of a live object stands. False: no memory. */
MUST_CHECK bool override_look(const struct object *live, enum field field, int64_t now_s,
                              enum override_state *state);

/* What is wanted with the fields that differ and whose override holds kept as they are: `kept` is
 * such a copy, and `override` names the fields; with none *count is 0 and both are left alone.
 * False: no memory. */
MUST_CHECK bool override_keep(const struct object *live, const struct object *wanted, int64_t now_s,
                              struct object *kept, struct plan_override *override);

/* What shall be; 0: as it is, or as the manifest says where it is not batched. */
struct override_wish {
    int64_t size, window_ms;
    int64_t until_s;
    const char *reason; /* UTF-8 */
};

/* A plan of the one update that overrides `live`, or extends an override of it; `wanted` is what
 * the manifest says. Other differences stay as they are. ERROR_INVALID when all is as it says
 * already, ERROR_REFUSED when the description has no room for it. The objects are borrowed. */
MUST_CHECK bool override_plan(struct plan *plan, const struct object *live,
                              const struct object *wanted, const struct override_wish *wish,
                              int64_t now_s, struct error *error);

/* A plan of the one update that takes an override back. ERROR_INVALID when there is none. */
MUST_CHECK bool override_plan_cancel(struct plan *plan, const struct object *live,
                                     const struct object *wanted, struct error *error);

#endif
