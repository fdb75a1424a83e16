#include "ingest/chain.h"

#include <stdlib.h>
#include <string.h>

struct chain *chain_new(struct lane *lane, const void *name, size_t name_bytes)
{
    struct chain *chain = calloc(1, sizeof(*chain) + name_bytes);

    if (!chain)
        return NULL;
    chain->lane = lane;
    chain->name_bytes = name_bytes;
    memcpy(chain->name, name, name_bytes);
    return chain;
}

bool chain_is(const struct chain *chain, const struct lane *lane, const void *name,
              size_t name_bytes)
{
    return chain->lane == lane && chain->name_bytes == name_bytes &&
           memcmp(chain->name, name, name_bytes) == 0;
}

static int number_compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int delivery_compare(const struct delivery *a, const struct delivery *b, bool by_time)
{
    int order = by_time ? number_compare(a->order_ms, b->order_ms) : 0;

    if (!order)
        order = number_compare(a->place.position, b->place.position);
    return order ? order : number_compare(a->place.part, b->place.part);
}

void chain_insert(struct chain *chain, struct delivery *delivery, bool by_time)
{
    struct delivery **link = &chain->first;

    delivery->chain = chain;
    if (chain->last && delivery_compare(chain->last, delivery, by_time) <= 0)
        link = &chain->last->next;
    else
        while (*link && delivery_compare(*link, delivery, by_time) <= 0)
            link = &(*link)->next;
    delivery->next = *link;
    *link = delivery;
    if (!delivery->next)
        chain->last = delivery;
}

void chain_put_back(struct chain *chain, struct delivery *delivery)
{
    delivery->next = chain->first;
    chain->first = delivery;
    if (!chain->last)
        chain->last = delivery;
}

struct delivery *chain_pop(struct chain *chain)
{
    struct delivery *delivery = chain->first;

    chain->first = delivery->next;
    if (!chain->first)
        chain->last = NULL;
    delivery->next = NULL;
    return delivery;
}

bool chain_remove(struct chain *chain, struct delivery *delivery)
{
    struct delivery *before = NULL, *at = chain->first;

    for (; at && at != delivery; at = at->next)
        before = at;
    if (!at)
        return false;
    *(before ? &before->next : &chain->first) = at->next;
    if (chain->last == at)
        chain->last = before;
    at->next = NULL;
    return true;
}

void chain_list_add(struct chain_list *list, struct chain *chain)
{
    chain->next = NULL;
    if (list->last)
        list->last->next = chain;
    else
        list->first = chain;
    list->last = chain;
}

struct chain *chain_list_take(struct chain_list *list)
{
    struct chain *chain = list->first;

    if (!chain)
        return NULL;
    list->first = chain->next;
    if (!list->first)
        list->last = NULL;
    chain->next = NULL;
    return chain;
}

/* -- the heap -----------------------------------------------------------------------------------
 */

void chain_heap_release(struct chain_heap *heap)
{
    free(heap->chains);
    *heap = (struct chain_heap){.chains = NULL};
}

bool chain_heap_reserve(struct chain_heap *heap, size_t count)
{
    size_t size = heap->size ? heap->size : 64;
    struct chain **chains;

    if (count <= heap->size)
        return true;
    while (size < count)
        size *= 2;
    chains = reallocarray(heap->chains, size, sizeof(struct chain *));
    if (!chains)
        return false;
    heap->chains = chains;
    heap->size = size;
    return true;
}

static void heap_set(struct chain_heap *heap, size_t place, struct chain *chain)
{
    heap->chains[place] = chain;
    chain->heap_place = place;
}

static void heap_rise(struct chain_heap *heap, size_t place)
{
    struct chain *chain = heap->chains[place];

    for (; place && heap->chains[(place - 1) / 2]->due_ms > chain->due_ms; place = (place - 1) / 2)
        heap_set(heap, place, heap->chains[(place - 1) / 2]);
    heap_set(heap, place, chain);
}

static void heap_sink(struct chain_heap *heap, size_t place)
{
    struct chain *chain = heap->chains[place];

    for (size_t child = 2 * place + 1; child < heap->count; child = 2 * place + 1) {
        if (child + 1 < heap->count &&
            heap->chains[child + 1]->due_ms < heap->chains[child]->due_ms)
            child++;
        if (heap->chains[child]->due_ms >= chain->due_ms)
            break;
        heap_set(heap, place, heap->chains[child]);
        place = child;
    }
    heap_set(heap, place, chain);
}

void chain_heap_add(struct chain_heap *heap, struct chain *chain)
{
    heap->chains[heap->count] = chain;
    heap_rise(heap, heap->count++);
}

void chain_heap_remove(struct chain_heap *heap, struct chain *chain)
{
    size_t place = chain->heap_place;
    struct chain *last = heap->chains[--heap->count];

    if (last == chain)
        return;
    heap_set(heap, place, last);
    heap_rise(heap, place);
    heap_sink(heap, last->heap_place);
}

struct chain *chain_heap_first(const struct chain_heap *heap)
{
    return heap->count ? heap->chains[0] : NULL;
}
