#include "ingest/table.h"

#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_SIZE = 64 };

bool table_init(struct table *table)
{
    *table = (struct table){.size = FIRST_SIZE, .seed = 0x9e3779b97f4a7c15u};
    /* Without random bytes it works all the same. */
    if (getrandom(&table->seed, sizeof(table->seed), GRND_NONBLOCK) < 0)
        table->seed ^= (uint64_t)(uintptr_t)table;
    table->buckets = calloc(table->size, sizeof(*table->buckets));
    return table->buckets != NULL;
}

void table_release(struct table *table)
{
    free(table->buckets);
    *table = (struct table){.buckets = NULL};
}

uint64_t table_hash(const struct table *table, uint64_t start, const void *bytes, size_t length)
{
    const uint8_t *byte = bytes;
    uint64_t hash = (table->seed ^ start) * 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static struct table_node *node_with(struct table_node *node, uint64_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
    return node_with(table->buckets[hash & (table->size - 1)], hash);
}

struct table_node *table_next(const struct table_node *node)
{
    return node_with(node->next, node->hash);
}

static void table_grow(struct table *table)
{
    size_t size = table->size * 2;
    struct table_node **buckets = calloc(size, sizeof(struct table_node *));

    if (!buckets)
        return;
    for (size_t i = 0; i < table->size; i++)
        for (struct table_node *node = table->buckets[i], *next; node; node = next) {
            next = node->next;
            node->next = buckets[node->hash & (size - 1)];
            buckets[node->hash & (size - 1)] = node;
        }
    free(table->buckets);
    table->buckets = buckets;
    table->size = size;
}

void table_add(struct table *table, struct table_node *node, uint64_t hash)
{
    struct table_node **bucket;

    if (table->count >= table->size)
        table_grow(table);
    bucket = &table->buckets[hash & (table->size - 1)];
    node->hash = hash;
    node->next = *bucket;
    *bucket = node;
    table->count++;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **link = &table->buckets[node->hash & (table->size - 1)];

    while (*link && *link != node)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = node->next;
    table->count--;
}

struct table_node *table_take(struct table *table)
{
    struct table_node *node = NULL;

    for (size_t i = 0; i < table->size && !node; i++)
        node = table->buckets[i];
    if (node)
        table_remove(table, node);
    return node;
}
