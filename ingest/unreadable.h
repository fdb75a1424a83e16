/* What the queue has and cannot be read: it becomes a dead letter that names its place, has no
 * body, and is read again when it is replayed. The splitter's, but for unreadable_event. */
#ifndef INGEST_UNREADABLE_H
#define INGEST_UNREADABLE_H

#include "ingest/dispatch_state.h"

/* One event, or a whole request of which nothing is known (EVENT_PART_ALL, and "" its
 * subscription). `dead_id`: it is that dead letter already. False: they are full, and nothing has
 * happened. */
MUST_CHECK bool unreadable_event(struct dispatch *dispatch, const struct parked_event *event);

/* The requests from `from` on, before `to`, each of them once, however often it is met. False: not
 * all of them; to be tried again. */
MUST_CHECK bool unreadable_run(struct dispatch *dispatch, int64_t from, int64_t to);

/* Takes what was given up out of the lanes' counts, once that can be told. */
void unreadable_count(struct dispatch *dispatch);

#endif
