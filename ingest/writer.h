/* The one thread that commits: everything that arrived while it was committing is the next commit.
 *
 * What the queue cannot take is tried again, with everything newer, until each request's deadline;
 * then it is given back as not stored. Nobody is told "stored" before the commit's sync returned.
 * Between commits, when nothing waits, it trims the queue.
 */
#ifndef INGEST_WRITER_H
#define INGEST_WRITER_H

#include "ingest/arrival.h"
#include "ingest/metrics.h"
#include "ingest/queue.h"

#include <stdatomic.h>

/* One request on its way to the disk. */
struct ticket {
    struct ticket *next;
    struct arrival arrival;
    void *owner;         /* whom to give it back to: one reactor */
    uint64_t connection; /* the owner's own */
    int64_t deadline_ms; /* monotonic; how long storing may be tried */
    bool stored;         /* when it is given back */
};

struct writer_options {
    struct queue *queue;
    struct metrics *metrics;
    int64_t pending_bytes; /* the most that may wait */
    /* Called on the writer's thread with a list of tickets of one owner, theirs from then on. */
    void (*give_back)(void *owner, struct ticket *tickets);
    /* Called after a commit, before the tickets go back; what it is given is borrowed. */
    void (*stored)(void *context, struct arrival *const *arrivals, size_t count);
    /* Requests before this position are settled and may be trimmed. */
    int64_t (*settled_before)(void *context);
    void *context;
};

struct writer;

/* Starts the thread. NULL: the error says why. Options are copied. */
struct writer *writer_start(const struct writer_options *options, struct error *error);

/* Hands over a list of `count` tickets that hold `bytes` in all (arrival_bytes). False, and nothing
 * is handed over, when more than pending_bytes would wait. Any thread. */
MUST_CHECK bool writer_submit(struct writer *writer, struct ticket *tickets, size_t bytes);

/* Bytes that wait; and whether the last commit failed, and why. Any thread. */
int64_t writer_pending_bytes(const struct writer *writer);
enum queue_trouble writer_trouble(const struct writer *writer);

/* Commits what was handed over, gives everything back, ends the thread. */
void writer_stop(struct writer *writer);

#endif
