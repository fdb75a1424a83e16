/*
 * The traffic: conversations that begin at a rate and go on at a pace, offered to delivery.
 *
 * Invariants: which events there are depends on the settings alone; the clock only says when. While
 * a target is full that clock stands still, and nothing is made up for later. A few milliseconds
 * apart, while there is anything to do, comes a pulse: it generates what is due and sends what is.
 */
#ifndef SANDBOX_TRAFFIC_H
#define SANDBOX_TRAFFIC_H

#include "sandbox.h"

struct traffic;

struct traffic *traffic_new(struct sandbox *sandbox);
void traffic_free(struct traffic *traffic);

/*
 * Sets what `document` names, and starts: from the first conversation on when nothing runs. Returns
 * NULL, or what is wrong with it, to be freed, in which case nothing happens.
 */
char *traffic_start(struct traffic *traffic, const json_t *document);

/* Ends at once what runs. What waits is delivered all the same. */
void traffic_stop(struct traffic *traffic);

bool traffic_runs(const struct traffic *traffic);

/* The settings and what came of them; a new reference. */
json_t *traffic_report(const struct traffic *traffic);

#endif
