/*
 * What waits for one target: a queue of events, and the batches that were made of it.
 *
 * Invariants: an item is in the queue or in one batch; `waiting` counts them all. A batch is under
 * way or parked until it may be tried again, and goes out each time with the same items.
 */
#ifndef SANDBOX_OUTBOX_H
#define SANDBOX_OUTBOX_H

#include "happening.h"

#include <sys/queue.h>

struct post;
struct target;

enum { OUTBOX_MAX = 50000 /* items; then nothing more is generated */ };

struct item {
    struct happening *happening; /* a reference */
    int64_t at_ms;               /* monotonic: since when it waits */
    unsigned sends;              /* requests that it was in */
    bool acknowledged;
    STAILQ_ENTRY(item) link;
};

STAILQ_HEAD(items, item);

struct batch {
    struct target *target;
    struct items items;
    char *text; /* the request's body */
    size_t length;
    struct post *post;
    unsigned attempts;
    bool under_way;
    int64_t at_ms; /* monotonic: when it was sent, or may be tried again */
    LIST_ENTRY(batch) link;
};

struct outbox {
    struct items queue;
    size_t queued;
    size_t waiting;
    LIST_HEAD(batches, batch) batches;
    unsigned batch_count;
    unsigned under_way;
};

void outbox_init(struct outbox *outbox);

/* Drops everything, what is under way too. Returns how many events nobody had acknowledged. */
size_t outbox_release(struct outbox *outbox);

/* Drops everything but what is under way; returns the same. */
size_t outbox_discard(struct outbox *outbox);

void outbox_add(struct outbox *outbox, struct happening *happening, int64_t now_ms);

/* When a batch may be made, and of how much. */
struct outbox_rules {
    unsigned under_way_max;
    unsigned batches_max; /* under way and parked */
    size_t size;          /* items of a batch, at least 1 */
    int64_t window_ms;    /* an item waits at most so long for its batch to fill; 0: not at all */
};

/*
 * The batch that is to go out now: one whose time to be tried again has come, or a new one without
 * text. NULL: none is, or may.
 */
struct batch *outbox_next(struct outbox *outbox, const struct outbox_rules *rules, int64_t now_ms);

/* The batch is on its way; it was answered; it waits so long, and is then tried again. */
void outbox_sent(struct outbox *outbox, struct batch *batch, int64_t now_ms);
void outbox_answered(struct outbox *outbox, struct batch *batch);
void outbox_park(struct batch *batch, int64_t until_ms);

/* All that is parked may be tried at once. */
void outbox_hurry(struct outbox *outbox);

/* Takes an item out of its batch: put last in the queue again, or done with. */
void outbox_requeue(struct outbox *outbox, struct batch *batch, struct item *item, int64_t now_ms);
void outbox_drop(struct outbox *outbox, struct items *from, struct item *item);

/* `batch` has no items left. */
void outbox_batch_free(struct outbox *outbox, struct batch *batch);

#endif
