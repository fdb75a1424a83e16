/* Events that come from elsewhere than the queue's reading in order: parked ones, whose bodies are
 * fetched from the queue when it is their turn, and replays of dead letters. The splitter's.
 */
#ifndef INGEST_SPLITTER_LOAD_H
#define INGEST_SPLITTER_LOAD_H

#include "ingest/dispatch_state.h"

/* Takes the parked events of the last run into their chains, before anything else is admitted.
 * False: it cannot go on now, and goes on with the next call. */
MUST_CHECK bool load_restored(struct dispatch *dispatch, struct queue_reader *reader);

/* Fetches the bodies of parked events that are due. True: there was something to do. */
bool load_due(struct dispatch *dispatch, struct queue_reader *reader);

/* Takes up dead letters to be replayed. True: there may be more. */
bool load_replays(struct dispatch *dispatch, struct queue_reader *reader);

/* Logs that the queue cannot be read, a few times at most while that goes on. */
void load_failed(struct dispatch *dispatch, const struct error *error);

#endif
