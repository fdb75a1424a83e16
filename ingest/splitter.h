/* The thread that reads the queue: once and in order for all lanes, again for those that were left
 * behind, and single requests for parked events whose turn it is. It also takes up replays, tells
 * the ledger of positions when nobody else does, and finds out what the queue may trim.
 */
#ifndef INGEST_SPLITTER_H
#define INGEST_SPLITTER_H

#include "core/error.h"

struct dispatch;
struct splitter;

/* NULL: the error says why. */
struct splitter *splitter_start(struct dispatch *dispatch, struct error *error);
/* The dispatch is stopping already; waits for the thread's end. NULL is fine. */
void splitter_stop(struct splitter *splitter);

/* Works out what is settled in all lanes, and has the ledger on disk before it says so. */
void splitter_settled(struct dispatch *dispatch);

#endif
