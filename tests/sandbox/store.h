/*
 * The objects of one kind, in the order in which they were created.
 *
 * Writes take effect at once. Reads may lag behind them: an object shows its state of before the
 * last write until the lag that was set at that write has passed, in time and in reads.
 *
 * Invariants: ids are unique; `sequence` grows with each object and is never used again, so a
 * cursor made of it stays valid whatever is inserted or deleted. Finding by id or by name costs
 * O(log n).
 *
 * Life cycle: store_new pairs with store_free. An object belongs to its store until
 * store_delete, which frees it (at once, or when the lag has passed).
 */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include "text.h"

struct object {
    uint64_t sequence;
    const char *id; /* inside body */
    char *name;     /* its own copy: the key of the index by name */
    json_t *body;   /* the truth */
    json_t *shown;  /* what reads see while lagging; NULL: nothing yet */
    bool lagging;
    bool deleted;          /* but still shown */
    int64_t visible_ms;    /* monotonic time at which the lag ends */
    uint64_t visible_read; /* count of reads at which the lag ends */
};

struct store;

/* A lag of 0 and 0 shows writes at once. */
struct store_lag {
    int64_t ms;
    int64_t reads;
};

/* `unique_names`: keep an index of names, so that store_find_name works. */
struct store *store_new(bool unique_names);
void store_free(struct store *store);
void store_clear(struct store *store);

/* Grows with each write. */
uint64_t store_changes(const struct store *store);

/* Live objects: those not deleted. */
size_t store_count(const struct store *store);

/* The next number of this store's ids; counts on from what it was loaded with. */
uint64_t store_next_number(struct store *store);

/* The object of that id, or NULL. Never shows deleted ones. */
struct object *store_find(const struct store *store, const char *id);
struct object *store_find_name(const struct store *store, const char *name);

/* Takes over `body`, which has a unique string "id". */
struct object *store_insert(struct store *store, json_t *body, struct store_lag lag);

/* Replaces the body of an object; takes over `body`, whose "id" is the same. */
void store_replace(struct store *store, struct object *object, json_t *body, struct store_lag lag);

void store_delete(struct store *store, struct object *object, struct store_lag lag);

/* Says that a client reads now: one tick of the lag that counts reads. */
void store_tick(struct store *store);

/* What a client reads under that id now; NULL: it sees no such object. Borrowed. */
json_t *store_read(struct store *store, const char *id);

/*
 * The first position whose sequence is over `sequence`, and what reads see at a position: NULL
 * where they see nothing. Positions are 0 to store_length; reading moves none of them.
 */
size_t store_position_after(const struct store *store, uint64_t sequence);
size_t store_length(const struct store *store);
struct object *store_at(const struct store *store, size_t position);
json_t *store_shown(const struct store *store, const struct object *object);

/* All that a later store_load needs. */
json_t *store_save(const struct store *store);
bool store_load(struct store *store, const json_t *saved);

#endif
