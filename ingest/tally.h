/* What all reactors share: how many connections there are, what of each source is on its way to the
 * disk, and the series that they count in, each found once. Atomics only; the lock is a reload's.
 *
 * A view is a live configuration with the tally of each of its sources. Reactors change from one
 * view to the next between two rounds. A source's tally outlives every view: it is found again by
 * the source's name.
 */
#ifndef INGEST_TALLY_H
#define INGEST_TALLY_H

#include "ingest/address.h"
#include "ingest/live.h"
#include "ingest/metrics.h"
#include "ingest/phase.h"
#include "ingest/reply.h"

#include <pthread.h>
#include <stdatomic.h>

struct tally_source {
    struct tally_source *next;
    char *name;
    atomic_llong pending_bytes;
    struct series *requests, *events;
    struct series *failures[AUTH_REASONS];
};

struct tally {
    struct metrics *metrics;
    struct addresses *addresses;
    atomic_llong connections;
    struct series *connections_now, *pending_now;
    struct series *replies[REPLY_COUNT];
    struct series *refused[REPLY_COUNT]; /* NULL where the table says so */
    struct series *refused_connections, *refused_address, *refused_pending, *refused_tls;
    struct series *closed[PHASE_COUNT];
    pthread_mutex_t lock;
    struct tally_source *sources; /* only ever added to */
};

MUST_CHECK bool tally_init(struct tally *tally, struct metrics *metrics);
void tally_release(struct tally *tally);

struct view {
    atomic_int references;
    struct live *live;
    struct tally_source **sources; /* as many as live's configuration has, in its order */
};

/* Takes a reference of live. NULL: no memory. */
struct view *view_new(struct tally *tally, struct live *live);
struct view *view_hold(struct view *view);
void view_drop(struct view *view);

struct tally_source *view_source(const struct view *view, const struct auth_source *source);

/* Room for so many more bytes of that source? Then they count until tally_leave. */
bool tally_enter(struct tally_source *source, int64_t bytes, int64_t most_bytes);
void tally_leave(struct tally_source *source, int64_t bytes);

#endif
