/* A hash table of what its user embeds a node in: it owns nothing but its buckets.
 *
 * The user computes the hash (table_hash) and compares candidates itself: table_first and
 * table_next walk over the nodes that have a hash. It grows as it fills; when there is no memory
 * for that it only gets slower.
 */
#ifndef INGEST_TABLE_H
#define INGEST_TABLE_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **buckets;
    size_t size; /* a power of two */
    size_t count;
    uint64_t seed; /* so that senders cannot choose what collides */
};

/* False: no memory. */
MUST_CHECK bool table_init(struct table *table);
void table_release(struct table *table);

/* The hash of some bytes; `start` is mixed in (a pointer's number, another hash, 0). */
uint64_t table_hash(const struct table *table, uint64_t start, const void *bytes, size_t length);

/* Nodes with exactly that hash; NULL: no (more) such. */
struct table_node *table_first(const struct table *table, uint64_t hash);
struct table_node *table_next(const struct table_node *node);

void table_add(struct table *table, struct table_node *node, uint64_t hash);
void table_remove(struct table *table, struct table_node *node);

/* Takes out any node; NULL: it is empty. For clearing up. */
struct table_node *table_take(struct table *table);

#endif
