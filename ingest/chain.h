/* The events of one interaction in one subscription, one after the other; and the heap of those
 * chains that wait for a time.
 *
 * Events without an interaction have a chain for each key. What a worker has is not in the list but
 * counted in `flying`; while anything is flying, nothing else of the chain goes. A chain is in one
 * state at a time, and in the one list (or heap) of that state. The dispatch's lock is held for
 * everything here.
 */
#ifndef INGEST_CHAIN_H
#define INGEST_CHAIN_H

#include "ingest/delivery.h"
#include "ingest/table.h"

enum chain_state {
    CHAIN_IDLE,    /* nothing to do, or flying */
    CHAIN_READY,   /* its first can go: in the lane's list */
    CHAIN_WAITING, /* until its first is due: in the heap */
    CHAIN_LOADING, /* its first is due and its body is still in the queue: in the splitter's list */
};

struct chain {
    struct table_node node;
    struct lane *lane;
    struct delivery *first, *last;
    unsigned flying;
    enum chain_state state;
    struct chain *next; /* in the list of its state */
    int64_t due_ms;     /* WAITING */
    size_t heap_place;  /* WAITING: from 0 */
    size_t name_bytes;
    char name[]; /* interaction, or NUL and key */
};

/* NULL: no memory. */
struct chain *chain_new(struct lane *lane, const void *name, size_t name_bytes);
bool chain_is(const struct chain *chain, const struct lane *lane, const void *name,
              size_t name_bytes);

/* Puts it where it belongs among those that wait. */
void chain_insert(struct chain *chain, struct delivery *delivery, bool by_time);
/* Puts it in front of all: it was there before. */
void chain_put_back(struct chain *chain, struct delivery *delivery);
/* Takes out the first; there is one. */
struct delivery *chain_pop(struct chain *chain);

/* Takes out this one. False: it is not in the list, a worker has it. */
bool chain_remove(struct chain *chain, struct delivery *delivery);

/* -- a list of chains, first in, first out ------------------------------------------------------
 */

struct chain_list {
    struct chain *first, *last;
};
void chain_list_add(struct chain_list *list, struct chain *chain);
struct chain *chain_list_take(struct chain_list *list); /* NULL: empty */

/* -- the heap of those that wait ----------------------------------------------------------------
 */

struct chain_heap {
    struct chain **chains;
    size_t count, size;
};
void chain_heap_release(struct chain_heap *heap);
/* Makes room for so many, so that adding cannot fail. False: no memory. */
MUST_CHECK bool chain_heap_reserve(struct chain_heap *heap, size_t count);
void chain_heap_add(struct chain_heap *heap, struct chain *chain);
void chain_heap_remove(struct chain_heap *heap, struct chain *chain);
/* The one that is due first; NULL: none waits. */
struct chain *chain_heap_first(const struct chain_heap *heap);

#endif
