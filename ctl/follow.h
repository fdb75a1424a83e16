/* Following a replay until nothing of it is left to be delivered.
 *
 * By ids each is looked at; by a filter the endpoint's own counts are compared before and after, so
 * that what others do there at the same time is counted in.
 */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include "api/dead_letter.h"
#include "ctl/ask.h"
#include "ctl/progress.h"

struct follow {
    struct ask *ask;
    size_t endpoint;
    const struct letter_filter *filter;
    struct progress *progress;
    int64_t others; /* that had come back before, and are not selected */
};

/* Before the replay is asked for. */
MUST_CHECK bool follow_begin(struct follow *follow, struct error *error);

/* After it: waits. `total`: how many are replayed. False: interrupted, or the endpoint has not
 * answered for a while; the replay goes on. */
MUST_CHECK bool follow_end(struct follow *follow, int64_t total, int64_t *delivered,
                           int64_t *came_back, struct error *error);

#endif
