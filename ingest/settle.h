/* What becomes of events: delivered, parked, dead, dropped; and what the ledger is told of it.
 *
 * Whatever the ledger is to know of an event it is told before the event's row is resolved, so
 * before any position that passes it.
 */
#ifndef INGEST_SETTLE_H
#define INGEST_SETTLE_H

#include "ingest/dispatch_state.h"

/* Why an event is a dead letter that came in another subscription's batch: it was never tried. */
#define SETTLE_STRAY "other-subscription"

/* A worker's: the outcomes of a batch. Takes the lock, and frees what is settled. */
void settle_batch(struct dispatch *dispatch, struct batch *batch);

/* -- the lock is held for these ---------------------------------------------------------------- */

/* It waits behind another one of its chain, or for its next attempt. */
void settle_park(struct dispatch *dispatch, struct delivery *delivery, int64_t due_us);
/* It was seen before. It is in no chain any more; freed. */
void settle_duplicate(struct dispatch *dispatch, struct delivery *delivery);
/* It is no JSON: buried, and freed, or put back into its chain to be tried again later. */
void settle_hopeless(struct dispatch *dispatch, struct chain *chain, struct delivery *delivery);
/* It cannot be read back: a dead letter, and freed; false: those are full, it is as it was. It is
 * in no chain any more. */
MUST_CHECK bool settle_lost(struct dispatch *dispatch, struct delivery *delivery);
/* A replay that goes back to the ledger, which is told: it is in no chain any more; freed. */
void settle_recalled(struct dispatch *dispatch, struct delivery *delivery);
/* The splitter's hold on a row ends, or one of its events is resolved. */
void settle_row(struct dispatch *dispatch, struct lane *lane, struct row *row);
/* Tells the ledger of the positions that moved, at most every few milliseconds unless `all`. */
void settle_tell(struct dispatch *dispatch, bool all);

#endif
