/* The start: lanes, window, parked events and depth from the ledger and the queue. */
#ifndef INGEST_RESTORE_H
#define INGEST_RESTORE_H

#include "ingest/dispatch_state.h"

/* Before there are threads. False: the error says why. */
MUST_CHECK bool restore_all(struct dispatch *dispatch, struct error *error);

/* Is it one that the start must not take up a second time? */
const struct skip *restore_skip(const struct dispatch *dispatch, struct event_place place);

#endif
