/* The threads that accept: each has an event loop, a listening socket of its own (SO_REUSEPORT) and
 * its connections (connection.h), and shares nothing with the others but counters.
 *
 * A reactor reads, verifies, scans and hands over to the writer; it never waits for the disk, a
 * lock that anybody holds for long, or a sink. What came in one round of the loop is handed over at
 * its end, as one list.
 */
#ifndef INGEST_REACTOR_H
#define INGEST_REACTOR_H

#include "ingest/live.h"
#include "ingest/metrics.h"
#include "ingest/writer.h"

enum { REACTOR_TICK_MS = 100 }; /* deadlines are looked at so often */

struct reactors;

struct reactor_options {
    struct live *live; /* a reference is taken */
    struct metrics *metrics;
};

/* Binds and listens, but serves nothing yet. NULL: the error names the address and why. */
struct reactors *reactors_open(const struct reactor_options *options, struct error *error);

/* "127.0.0.1:41234": where it really listens. */
const char *reactors_address(const struct reactors *reactors);

/* Starts the threads. Before it, the writer must run. */
MUST_CHECK bool reactors_start(struct reactors *reactors, struct writer *writer,
                               struct error *error);

/* For writer_options: gives tickets back to the reactor that they are of. */
void reactors_give_back(void *owner, struct ticket *tickets);

/* From now on new requests are served by this (a reference is taken). Address and reactor count
 * stay as they were. */
void reactors_reload(struct reactors *reactors, struct live *live);

/* Connections that are open; for metrics. Any thread. */
int64_t reactors_connections(const struct reactors *reactors);

/* Stops listening and taking new requests; answers what was accepted (the writer must go on
 * until this returns), at most until `deadline_ms` (monotonic); closes everything. */
void reactors_stop(struct reactors *reactors, int64_t deadline_ms);
void reactors_free(struct reactors *reactors);

#endif
