/* The pool of threads that deliver. It follows the depth: as many as there are events in hand for,
 * between a least and a most; one more at a time, and one that had nothing to do for a while ends.
 */
#ifndef INGEST_WORKER_H
#define INGEST_WORKER_H

#include "core/error.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct dispatch;
struct worker;

enum { WORKER_IDLE_MS = 10000 };

/* Starts the least number. False: the error says why; workers_stop is still due. */
MUST_CHECK bool workers_start(struct dispatch *dispatch, struct error *error);
/* The dispatch is stopping already. Waits for them until `deadline_ms` (monotonic), then makes the
 * sinks cut off what is under way. */
void workers_stop(struct dispatch *dispatch, int64_t deadline_ms);

/* One more if there is need of it. */
void worker_need(struct dispatch *dispatch);
/* How many there should be. The dispatch's lock is held. */
size_t workers_wanted(const struct dispatch *dispatch);

/* A thread that takes no signals. */
MUST_CHECK bool worker_thread(pthread_t *thread, void *(*run)(void *context), void *context);
/* What such a thread does first: takes its name, and goes behind the threads that accept. */
void worker_settle_in(const char *name);

#endif
