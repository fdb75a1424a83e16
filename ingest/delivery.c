#include "ingest/delivery.h"

#include <stdlib.h>

struct shared_arrival *shared_arrival_new(struct arrival *arrival)
{
    struct shared_arrival *shared = calloc(1, sizeof(*shared));

    if (!shared)
        return NULL;
    atomic_init(&shared->references, 1);
    shared->arrival = *arrival;
    *arrival = (struct arrival){.position = 0};
    return shared;
}

void shared_arrival_account(struct shared_arrival *shared, atomic_llong *held_bytes)
{
    shared->held_bytes = held_bytes;
    atomic_fetch_add(held_bytes, (long long)arrival_bytes(&shared->arrival));
}

struct shared_arrival *shared_arrival_hold(struct shared_arrival *shared)
{
    atomic_fetch_add(&shared->references, 1);
    return shared;
}

void shared_arrival_drop(struct shared_arrival *shared)
{
    if (!shared || atomic_fetch_sub(&shared->references, 1) > 1)
        return;
    if (shared->held_bytes)
        atomic_fetch_sub(shared->held_bytes, (long long)arrival_bytes(&shared->arrival));
    arrival_release(&shared->arrival);
    free(shared);
}

void delivery_empty(struct delivery *delivery)
{
    shared_arrival_drop(delivery->request);
    free(delivery->type);
    free(delivery->interaction);
    free(delivery->stray);
    delivery->stray = NULL;
    delivery->request = NULL;
    delivery->type = NULL;
    delivery->interaction = NULL;
    delivery->event = NULL;
    delivery->event_bytes = 0;
}

void delivery_fill(struct delivery *delivery, struct delivery *from)
{
    delivery_empty(delivery);
    delivery->request = from->request;
    delivery->type = from->type;
    delivery->interaction = from->interaction;
    delivery->event = from->event;
    delivery->event_bytes = from->event_bytes;
    delivery->form = from->form;
    delivery->quarantined = from->quarantined;
    delivery->hopeless = from->hopeless;
    delivery->stray = from->stray;
    for (int i = 0; i < EVENT_KEY_BYTES; i++)
        delivery->key[i] = from->key[i];
    from->request = NULL;
    from->type = NULL;
    from->interaction = NULL;
    from->stray = NULL;
    delivery_free(from);
}

const char *delivery_shown(const struct delivery *delivery, size_t *length_bytes)
{
    *length_bytes = delivery->mapped ? delivery->mapped_bytes : delivery->event_bytes;
    return delivery->mapped ? delivery->mapped : delivery->event;
}

void delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return;
    delivery_empty(delivery);
    free(delivery);
}
