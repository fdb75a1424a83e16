/*
 * The file that keeps the objects of a sandbox over restarts.
 *
 * Format: one JSON document {subscriptions, triggers, key}: the stores as store_save gives them,
 * and the number of the key that is shown (1 when it is not there). It is replaced as a whole (a
 * new file, renamed over the old one), so whoever reads it, and whenever the process dies, it is
 * complete.
 *
 * Invariant: a write is in the file at the end of the round of the event loop that it was made
 * in. Runs of writes within a round cost one save.
 */
#ifndef SANDBOX_STATE_H
#define SANDBOX_STATE_H

#include "sandbox.h"

/*
 * Loads `path` into the stores; a file that does not exist is an empty one. Returns NULL, with
 * the reason printed, when it cannot be read or is not such a document.
 */
struct state *state_open(struct sandbox *sandbox, const char *path);

/* Saves what is not saved yet. NULL does nothing. */
void state_close(struct state *state);

/* Says that an object was written. Does nothing when nothing is kept. */
void state_touch(struct sandbox *sandbox);

#endif
