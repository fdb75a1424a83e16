/* From a request to its events: cuts the body up, reads each part, filters, and makes deliveries.
 *
 * Touches nothing of the dispatch, so it runs without its lock: it is where the splitter's time
 * goes.
 */
#ifndef INGEST_CUTTER_H
#define INGEST_CUTTER_H

#include "core/match.h"
#include "ingest/delivery.h"
#include "ingest/shape.h"

enum { CUTTER_ALL = -1 };

struct cutter {
    const struct match *match; /* NULL: everything passes */
    struct shapes *shapes;     /* NULL: not looked at */
    int64_t only;              /* this part alone, or CUTTER_ALL */
    /* Parts that it says are not to be made; NULL: none. */
    bool (*skips)(void *context, struct event_place place);
    void *context;
};

/* What was cut. */
struct cut {
    struct delivery *first, *last; /* in their order, by `next` */
    uint32_t parts;                /* in all */
    uint32_t filtered, skipped, quarantined;
};

/* The deliveries of a request, each with a reference of its own. False: no memory, and nothing is
 * left of it. */
MUST_CHECK bool cutter_cut(const struct cutter *cutter, struct shared_arrival *request,
                           struct cut *cut);
void cut_release(struct cut *cut);

/* One delivery of bytes that are one event for sure, such as a dead letter's. NULL: no memory. */
struct delivery *cutter_one(struct shared_arrival *request, struct event_place place);

/* Would the filter have let it pass? False: no memory. */
MUST_CHECK bool cutter_passes(const struct match *match, const struct delivery *delivery,
                              bool *passes);

#endif
