#include "ingest/address.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BUCKETS = 4096, MINUTE_MS = 60000, FAILURE_BITS = 24, FAILURES_MOST = 0xffffff };

struct address {
    struct address *next;                      /* in its bucket */
    struct address *kept_previous, *kept_next; /* when it has no connections */
    struct in6_addr key;
    int64_t connections;
    atomic_llong failures; /* minute << FAILURE_BITS | count */
    bool kept;
};

struct addresses {
    pthread_mutex_t lock;
    uint64_t seed; /* so that nobody chooses addresses that share a bucket */
    struct address *buckets[BUCKETS];
    struct address *kept_first, *kept_last;
    size_t kept_count;
};

struct addresses *addresses_new(void)
{
    struct addresses *addresses = calloc(1, sizeof *addresses);

    if (!addresses)
        return NULL;
    pthread_mutex_init(&addresses->lock, NULL);
    if (getrandom(&addresses->seed, sizeof addresses->seed, 0) < 0)
        addresses->seed = (uint64_t)(uintptr_t)addresses;
    return addresses;
}

void addresses_free(struct addresses *addresses)
{
    if (!addresses)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct address *next, *at = addresses->buckets[i]; at; at = next) {
            next = at->next;
            free(at);
        }
    }
    pthread_mutex_destroy(&addresses->lock);
    free(addresses);
}

static struct in6_addr key_of(const struct in6_addr *from)
{
    struct in6_addr key = *from;

    if (!IN6_IS_ADDR_V4MAPPED(from))
        memset(key.s6_addr + 8, 0, 8);
    return key;
}

static struct address **bucket_of(struct addresses *addresses, const struct in6_addr *key)
{
    uint64_t parts[2], hash;

    memcpy(parts, key->s6_addr, sizeof parts);
    hash = (parts[0] ^ addresses->seed) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ (hash >> 29) ^ parts[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    return &addresses->buckets[(hash >> 40) % BUCKETS];
}

static void kept_remove(struct addresses *addresses, struct address *address)
{
    if (!address->kept)
        return;
    *(address->kept_previous ? &address->kept_previous->kept_next : &addresses->kept_first) =
        address->kept_next;
    *(address->kept_next ? &address->kept_next->kept_previous : &addresses->kept_last) =
        address->kept_previous;
    address->kept_previous = address->kept_next = NULL;
    address->kept = false;
    addresses->kept_count--;
}

static void kept_add(struct addresses *addresses, struct address *address)
{
    address->kept = true;
    address->kept_previous = addresses->kept_last;
    *(addresses->kept_last ? &addresses->kept_last->kept_next : &addresses->kept_first) = address;
    addresses->kept_last = address;
    addresses->kept_count++;
}

static void address_remove(struct addresses *addresses, struct address *address)
{
    struct address **at = bucket_of(addresses, &address->key);

    kept_remove(addresses, address);
    while (*at != address)
        at = &(*at)->next;
    *at = address->next;
    free(address);
}

static struct address *address_find_or_add(struct addresses *addresses, const struct in6_addr *from)
{
    struct in6_addr key = key_of(from);
    struct address **bucket = bucket_of(addresses, &key), *address = *bucket;

    while (address && memcmp(&address->key, &key, sizeof key) != 0)
        address = address->next;
    if (address)
        return address;
    address = calloc(1, sizeof *address);
    if (!address)
        return NULL;
    address->key = key;
    address->next = *bucket;
    *bucket = address;
    return address;
}

struct address *addresses_enter(struct addresses *addresses, const struct in6_addr *from,
                                int64_t most)
{
    struct address *address;

    if (most < 1)
        return NULL;
    pthread_mutex_lock(&addresses->lock);
    address = address_find_or_add(addresses, from);
    if (address && address->connections >= most)
        address = NULL;
    if (address) {
        kept_remove(addresses, address);
        address->connections++;
    }
    pthread_mutex_unlock(&addresses->lock);
    return address;
}

static bool failed_lately(const struct address *address, int64_t now_ms)
{
    long long seen = atomic_load_explicit(&address->failures, memory_order_relaxed);
    return (seen & FAILURES_MOST) > 0 && seen >> FAILURE_BITS == now_ms / MINUTE_MS;
}

/* Lets go of those whose minute is over, and of the oldest when there are too many. */
static void kept_trim(struct addresses *addresses, int64_t now_ms)
{
    while (addresses->kept_first && (addresses->kept_count > ADDRESS_KEPT_MOST ||
                                     !failed_lately(addresses->kept_first, now_ms)))
        address_remove(addresses, addresses->kept_first);
}

void addresses_leave(struct addresses *addresses, struct address *address, int64_t now_ms)
{
    pthread_mutex_lock(&addresses->lock);
    if (--address->connections == 0) {
        if (failed_lately(address, now_ms))
            kept_add(addresses, address);
        else
            address_remove(addresses, address);
        kept_trim(addresses, now_ms);
    }
    pthread_mutex_unlock(&addresses->lock);
}

void address_failed(struct address *address, int64_t now_ms)
{
    long long minute = now_ms / MINUTE_MS, next;
    long long seen = atomic_load_explicit(&address->failures, memory_order_relaxed);

    do {
        long long count = seen >> FAILURE_BITS == minute ? seen & FAILURES_MOST : 0;
        next = minute << FAILURE_BITS | (count < FAILURES_MOST ? count + 1 : count);
    } while (!atomic_compare_exchange_weak(&address->failures, &seen, next));
}

bool address_blocked(const struct address *address, int64_t most, int64_t now_ms)
{
    long long seen = atomic_load_explicit(&address->failures, memory_order_relaxed);
    return seen >> FAILURE_BITS == now_ms / MINUTE_MS && (seen & FAILURES_MOST) > most;
}
