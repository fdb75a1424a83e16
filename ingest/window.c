#include "ingest/window.h"

#include <stdlib.h>
#include <string.h>

/* Keys are spread over parts, each with a ring of entries in the order of their adding and a hash
 * table of their places: small tables grow one at a time, by a fifth, and nothing ever waits long.
 * An entry takes 26 bytes of a part that is full.
 *
 * The table is open addressing with linear probing. A slot holds an entry's place and a byte of the
 * key's hash, so that only what probably matches is looked at in the ring. */
enum {
    PARTS_MOST = 256,
    KEYS_PER_PART = 4096, /* fewer keys than that make no further part worth it */
    ENTRIES_FIRST = 16,
    TAG_BITS = 8
};

/* at_s of an entry that is none any more: its key was added again later, and stands there. */
static const uint32_t NOTHING = UINT32_MAX;

struct entry {
    uint32_t key[EVENT_KEY_BYTES / 4];
    uint32_t at_s;
};

struct part {
    struct entry *ring;
    uint32_t *slots; /* 0: empty; else place + 1, and the tag above */
    uint32_t size;   /* of the ring */
    uint32_t slot_count;
    uint32_t head, used; /* the oldest entry; how many there are, those that are nothing included */
    uint32_t live;       /* of these, keys */
};

struct window {
    int64_t window_s;
    uint64_t keys_most;
    uint64_t count, dropped;
    uint32_t part_count; /* a power of 2 */
    struct part parts[];
};

enum { PLACE_BITS = 32 - TAG_BITS };
static const uint32_t PLACE_MASK = (1U << PLACE_BITS) - 1;
static const uint32_t SIZE_MOST = (1U << PLACE_BITS) - 2;

/* -- making ----------------------------------------------------------------------------------- */

struct window *window_new(int64_t window_ms, int64_t keys_most)
{
    uint64_t keys = keys_most < 1 ? 1 : (uint64_t)keys_most;
    uint32_t parts = 1;
    struct window *window;

    while (parts < PARTS_MOST && (uint64_t)parts * KEYS_PER_PART < keys)
        parts *= 2;
    window = calloc(1, sizeof(*window) + parts * sizeof(window->parts[0]));
    if (!window)
        return NULL;
    window->window_s = (window_ms + 999) / 1000;
    window->keys_most = keys;
    window->part_count = parts;
    return window;
}

void window_free(struct window *window)
{
    if (!window)
        return;
    for (uint32_t i = 0; i < window->part_count; i++) {
        free(window->parts[i].ring);
        free(window->parts[i].slots);
    }
    free(window);
}

/* -- hashing ---------------------------------------------------------------------------------- */

/* Keys are digests already; mixing them keeps those of a test apart too. */
static uint64_t hash_key(const uint32_t key[EVENT_KEY_BYTES / 4])
{
    uint64_t low = (uint64_t)key[1] << 32 | key[0], high = (uint64_t)key[3] << 32 | key[2];
    uint64_t hash = (low ^ (high * 0x9E3779B97F4A7C15u)) * 0xBF58476D1CE4E5B9u;

    hash ^= hash >> 29;
    hash *= 0x94D049BB133111EBu;
    return hash ^ hash >> 32;
}

static struct part *part_of(const struct window *window, uint64_t hash)
{
    return (struct part *)(uintptr_t)&window->parts[hash & (window->part_count - 1)];
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 8 & 0xFF) << PLACE_BITS;
}

static uint32_t home_of(const struct part *part, uint64_t hash)
{
    return (uint32_t)((hash >> 32) * part->slot_count >> 32);
}

static uint32_t next_slot(const struct part *part, uint32_t slot)
{
    return slot + 1 == part->slot_count ? 0 : slot + 1;
}

/* The slot of a key, or the empty one where it would go. */
static uint32_t find_slot(const struct part *part, const uint32_t key[EVENT_KEY_BYTES / 4],
                          uint64_t hash)
{
    uint32_t tag = tag_of(hash), slot = home_of(part, hash);

    for (; part->slots[slot]; slot = next_slot(part, slot)) {
        if ((part->slots[slot] & ~PLACE_MASK) != tag)
            continue;
        if (memcmp(part->ring[(part->slots[slot] & PLACE_MASK) - 1].key, key, EVENT_KEY_BYTES) == 0)
            return slot;
    }
    return slot;
}

/* Moves those behind it that would not be found over a gap. */
static void clear_slot(struct part *part, uint32_t gap)
{
    uint32_t slot = next_slot(part, gap);

    for (; part->slots[slot]; slot = next_slot(part, slot)) {
        const struct entry *entry = &part->ring[(part->slots[slot] & PLACE_MASK) - 1];
        uint32_t home = home_of(part, hash_key(entry->key));
        bool stays = gap <= slot ? gap < home && home <= slot : gap < home || home <= slot;
        if (stays)
            continue;
        part->slots[gap] = part->slots[slot];
        gap = slot;
    }
    part->slots[gap] = 0;
}

/* -- the ring --------------------------------------------------------------------------------- */

static uint32_t ring_place(const struct part *part, uint32_t nth)
{
    uint64_t place = (uint64_t)part->head + nth;

    return (uint32_t)(place >= part->size ? place - part->size : place);
}

/* Into a ring of that size, without those that are nothing. */
static bool rebuild(struct part *part, uint32_t size)
{
    struct part next = {.size = size, .slot_count = size / 2 * 3 + 1};

    next.ring = reallocarray(NULL, size, sizeof(*next.ring));
    next.slots = calloc(next.slot_count, sizeof(*next.slots));
    if (!next.ring || !next.slots) {
        free(next.ring);
        free(next.slots);
        return false;
    }
    for (uint32_t i = 0; i < part->used; i++) {
        const struct entry *entry = &part->ring[ring_place(part, i)];
        uint64_t hash;
        if (entry->at_s == NOTHING)
            continue;
        hash = hash_key(entry->key);
        next.ring[next.used] = *entry;
        next.slots[find_slot(&next, entry->key, hash)] = (next.used + 1) | tag_of(hash);
        next.used++;
    }
    next.live = next.used;
    free(part->ring);
    free(part->slots);
    *part = next;
    return true;
}

/* Room for one more entry. */
static bool make_room(struct part *part)
{
    uint64_t size = part->live + part->live / 5;

    if (part->used < part->size)
        return true;
    if (size < ENTRIES_FIRST)
        size = ENTRIES_FIRST;
    if (size <= part->live)
        size = (uint64_t)part->live + 1;
    return size <= SIZE_MOST && rebuild(part, (uint32_t)size);
}

/* The oldest entry of a part goes; it may be nothing. */
static void pop(struct window *window, struct part *part)
{
    const struct entry *entry = &part->ring[part->head];

    if (entry->at_s != NOTHING) {
        clear_slot(part, find_slot(part, entry->key, hash_key(entry->key)));
        part->live--;
        window->count--;
    }
    part->head = ring_place(part, 1);
    part->used--;
}

static bool is_old(const struct window *window, uint32_t at_s, int64_t now_s)
{
    return now_s - (int64_t)at_s >= window->window_s;
}

static void expire_part(struct window *window, struct part *part, int64_t now_s)
{
    while (part->used > 0 && (part->ring[part->head].at_s == NOTHING ||
                              is_old(window, part->ring[part->head].at_s, now_s)))
        pop(window, part);
}

/* -- the window ------------------------------------------------------------------------------- */

static uint32_t clamp(int64_t at_s)
{
    return at_s < 0 ? 0 : at_s >= NOTHING ? NOTHING - 1 : (uint32_t)at_s;
}

bool window_has(const struct window *window, const uint8_t key[EVENT_KEY_BYTES], int64_t now_s)
{
    uint32_t words[EVENT_KEY_BYTES / 4];
    const struct part *part;
    uint64_t hash;
    uint32_t slot;

    memcpy(words, key, EVENT_KEY_BYTES);
    hash = hash_key(words);
    part = part_of(window, hash);
    if (part->live == 0)
        return false;
    slot = part->slots[find_slot(part, words, hash)];
    return slot && !is_old(window, part->ring[(slot & PLACE_MASK) - 1].at_s, now_s);
}

/* Past the most keys the oldest of the same part goes, or of the next that has any: parts fill
 * alike, so that it is among the oldest of all. */
static void keep_most(struct window *window, struct part *part)
{
    while (window->count >= window->keys_most) {
        while (part->live == 0)
            part = part + 1 == window->parts + window->part_count ? window->parts : part + 1;
        window->dropped += part->ring[part->head].at_s != NOTHING;
        pop(window, part);
    }
}

static void append(struct window *window, struct part *part, const uint32_t *key, uint32_t slot,
                   uint64_t hash, uint32_t at_s)
{
    uint32_t place = ring_place(part, part->used);

    memcpy(part->ring[place].key, key, EVENT_KEY_BYTES);
    part->ring[place].at_s = at_s;
    part->slots[slot] = (place + 1) | tag_of(hash);
    part->used++;
    part->live++;
    window->count++;
}

bool window_add(struct window *window, const uint8_t key[EVENT_KEY_BYTES], int64_t at_s,
                int64_t now_s)
{
    uint32_t words[EVENT_KEY_BYTES / 4], at = clamp(at_s);
    struct part *part;
    uint64_t hash;
    uint32_t slot;

    if (is_old(window, at, now_s))
        return true;
    memcpy(words, key, EVENT_KEY_BYTES);
    hash = hash_key(words);
    part = part_of(window, hash);
    expire_part(window, part, now_s);
    if (!make_room(part))
        return false;
    slot = find_slot(part, words, hash);
    if (part->slots[slot]) {
        struct entry *old = &part->ring[(part->slots[slot] & PLACE_MASK) - 1];
        if (old->at_s >= at)
            return true;
        old->at_s = NOTHING;
        part->live--;
        window->count--;
    } else if (window->count >= window->keys_most) {
        keep_most(window, part);
        slot = find_slot(part, words, hash);
    }
    append(window, part, words, slot, hash, at);
    return true;
}

void window_expire(struct window *window, int64_t now_s)
{
    for (uint32_t i = 0; i < window->part_count; i++)
        expire_part(window, &window->parts[i], now_s);
}

size_t window_count(const struct window *window)
{
    return window->count;
}

uint64_t window_dropped(const struct window *window)
{
    return window->dropped;
}
