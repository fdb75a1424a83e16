#include "api/ingest_sample_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 64, ITEMS_FIRST = 16 };

struct name {
    const char *text; /* NULL: the slot is free */
    size_t length, number;
    uint64_t hash;
};

const struct sample_subscription sample_subscription_unknown = {
    .id = "",
    .name = "",
    .sink = "",
    .known = SAMPLE_PERHAPS,
    .paused = SAMPLE_PERHAPS,
    .depth = SAMPLE_UNKNOWN,
    .parked = SAMPLE_UNKNOWN,
    .oldest_ms = SAMPLE_UNKNOWN,
    .oldest_age_ms = SAMPLE_UNKNOWN,
    .accepted = SAMPLE_UNKNOWN,
    .delivered = SAMPLE_UNKNOWN,
    .replayed = SAMPLE_UNKNOWN,
    .duplicates = SAMPLE_UNKNOWN,
    .filtered = SAMPLE_UNKNOWN,
    .retried = SAMPLE_UNKNOWN,
    .dead_lettered = SAMPLE_UNKNOWN,
    .quarantined = SAMPLE_UNKNOWN,
    .p50_s = NAN,
    .p95_s = NAN,
    .p99_s = NAN,
    .last_error = "",
    .last_error_ms = SAMPLE_UNKNOWN,
    .last_delivered_ms = SAMPLE_UNKNOWN,
};

const struct sample_sink sample_sink_unknown = {
    .name = "",
    .type = "",
    .target = "",
    .breaker = "",
    .rests = "",
    .rests_until_ms = SAMPLE_UNKNOWN,
    .in_flight = SAMPLE_UNKNOWN,
    .concurrency = SAMPLE_UNKNOWN,
    .attempts = SAMPLE_UNKNOWN,
    .failures = SAMPLE_UNKNOWN,
};

const struct sample_reason sample_reason_unknown = {
    .subscription = "",
    .reason = "",
    .count = SAMPLE_UNKNOWN,
    .came_back = SAMPLE_UNKNOWN,
    .oldest_ms = SAMPLE_UNKNOWN,
};

/* -- life cycle ---------------------------------------------------------------------------------
 */

void maker_init(struct maker *maker, struct ingest_sample *sample, struct error *error)
{
    *maker = (struct maker){.sample = sample, .error = error};
    arena_init(&maker->scratch);
}

static int compare_subscriptions(const void *a, const void *b)
{
    return strcmp(((const struct sample_subscription *)a)->id,
                  ((const struct sample_subscription *)b)->id);
}

static int compare_sinks(const void *a, const void *b)
{
    return strcmp(((const struct sample_sink *)a)->name, ((const struct sample_sink *)b)->name);
}

static int compare_reasons(const void *a, const void *b)
{
    const struct sample_reason *one = a, *other = b;
    int order = strcmp(one->subscription, other->subscription);

    return order ? order : strcmp(one->reason, other->reason);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, size, compare);
}

bool maker_end(struct maker *maker, bool ok)
{
    struct ingest_sample *sample = maker->sample;

    if (ok) {
        sort(sample->subscriptions, sample->subscription_count, sizeof(*sample->subscriptions),
             compare_subscriptions);
        sort(sample->reasons, sample->reason_count, sizeof(*sample->reasons), compare_reasons);
        sort(sample->sinks, sample->sink_count, sizeof(*sample->sinks), compare_sinks);
    } else {
        sample_release(sample);
    }
    free(maker->subscriptions.slots);
    free(maker->reasons.slots);
    free(maker->sinks.slots);
    arena_release(&maker->scratch);
    return ok;
}

/* -- names --------------------------------------------------------------------------------------
 */

/* FNV-1a; begun with what nobody outside can know, so that names cannot be chosen to collide. */
static uint64_t hash_of(const struct names *names, const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u ^ (uint64_t)(uintptr_t)names;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

/* The slot of a text, or the free one where it belongs. */
static struct name *slot_of(const struct names *names, uint64_t hash, const char *text,
                            size_t length)
{
    size_t at = hash & (names->size - 1);

    for (;; at = (at + 1) & (names->size - 1)) {
        struct name *slot = &names->slots[at];
        if (!slot->text ||
            (slot->hash == hash && slot->length == length && memcmp(slot->text, text, length) == 0))
            return slot;
    }
}

static bool names_grow(struct names *names)
{
    struct names grown = {.size = names->size ? 2 * names->size : SLOTS_FIRST,
                          .count = names->count};

    grown.slots = calloc(grown.size, sizeof(*grown.slots));
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < names->size; i++) {
        const struct name *name = &names->slots[i];
        if (name->text)
            *slot_of(&grown, name->hash, name->text, name->length) = *name;
    }
    free(names->slots);
    *names = grown;
    return true;
}

bool maker_number(struct maker *maker, struct names *names, const char *text, size_t length,
                  size_t *number, bool *fresh)
{
    uint64_t hash = hash_of(names, text, length);
    struct name *slot;

    if (2 * names->count >= names->size && !names_grow(names))
        return error_no_memory(maker->error);
    slot = slot_of(names, hash, text, length);
    *fresh = !slot->text;
    if (*fresh)
        *slot = (struct name){text, length, names->count++, hash};
    *number = slot->number;
    return true;
}

/* -- values and lists ---------------------------------------------------------------------------
 */

static size_t cut(const char *text, size_t length)
{
    if (length <= SAMPLE_TEXT_MOST)
        return length;
    length = SAMPLE_TEXT_MOST;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--;
    return length;
}

bool maker_digits(const char *text, size_t length, int64_t *number)
{
    bool fits = true;

    *number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        fits = fits && !__builtin_mul_overflow(*number, 10, number) &&
               !__builtin_add_overflow(*number, text[i] - '0', number);
    }
    if (!fits)
        *number = SAMPLE_UNKNOWN;
    return length > 0;
}

bool maker_text(struct maker *maker, const char *text, size_t length, const char **out)
{
    *out = length ? arena_copy(&maker->sample->arena, text, cut(text, length)) : "";
    return *out || error_no_memory(maker->error);
}

/* Makes sure of room for one more: lists double. */
static bool grow(struct maker *maker, void **items, size_t count, size_t size)
{
    bool full = count == 0 || (count >= ITEMS_FIRST && (count & (count - 1)) == 0);
    size_t room = count == 0 ? ITEMS_FIRST : 2 * count;
    void *grown = full ? arena_alloc(&maker->sample->arena, room * size) : NULL;

    if (!full)
        return true;
    if (!grown)
        return error_no_memory(maker->error);
    if (count > 0)
        memcpy(grown, *items, count * size);
    *items = grown;
    return true;
}

static bool check_room(struct maker *maker, size_t count, size_t most, const char *what)
{
    return count < most ||
           error_set(maker->error, ERROR_INVALID, "it tells of more than %zu %s", most, what);
}

bool maker_subscription(struct maker *maker, const char *id, size_t length,
                        struct sample_subscription **out, bool *fresh)
{
    struct ingest_sample *sample = maker->sample;
    size_t number;

    if (!maker_number(maker, &maker->subscriptions, id, cut(id, length), &number, fresh))
        return false;
    if (*fresh) {
        void *items = sample->subscriptions;
        if (!check_room(maker, number, SAMPLE_SUBSCRIPTIONS_MOST, "subscriptions") ||
            !grow(maker, &items, number, sizeof(**out)))
            return false;
        sample->subscriptions = items;
        sample->subscriptions[number] = sample_subscription_unknown;
        if (!maker_text(maker, id, length, &sample->subscriptions[number].id))
            return false;
        sample->subscription_count = number + 1;
    }
    *out = &sample->subscriptions[number];
    return true;
}

bool maker_sink(struct maker *maker, const char *name, size_t length, struct sample_sink **out,
                bool *fresh)
{
    struct ingest_sample *sample = maker->sample;
    size_t number;

    if (!maker_number(maker, &maker->sinks, name, cut(name, length), &number, fresh))
        return false;
    if (*fresh) {
        void *items = sample->sinks;
        if (!check_room(maker, number, SAMPLE_SINKS_MOST, "sinks") ||
            !grow(maker, &items, number, sizeof(**out)))
            return false;
        sample->sinks = items;
        sample->sinks[number] = sample_sink_unknown;
        if (!maker_text(maker, name, length, &sample->sinks[number].name))
            return false;
        sample->sink_count = number + 1;
    }
    *out = &sample->sinks[number];
    return true;
}

bool maker_reason(struct maker *maker, const char *subscription, size_t subscription_length,
                  const char *reason, size_t reason_length, struct sample_reason **out, bool *fresh)
{
    struct ingest_sample *sample = maker->sample;
    size_t number, one = cut(subscription, subscription_length), other = cut(reason, reason_length);
    char *key = arena_alloc(&maker->scratch, one + 1 + other); /* a NUL between the two */

    if (!key)
        return error_no_memory(maker->error);
    memcpy(key, subscription, one);
    memcpy(key + one + 1, reason, other);
    if (!maker_number(maker, &maker->reasons, key, one + 1 + other, &number, fresh))
        return false;
    if (*fresh) {
        void *items = sample->reasons;
        if (!check_room(maker, number, SAMPLE_REASONS_MOST, "reasons of dead letters") ||
            !grow(maker, &items, number, sizeof(**out)))
            return false;
        sample->reasons = items;
        sample->reasons[number] = sample_reason_unknown;
        if (!maker_text(maker, subscription, one, &sample->reasons[number].subscription) ||
            !maker_text(maker, reason, other, &sample->reasons[number].reason))
            return false;
        sample->reason_count = number + 1;
    }
    *out = &sample->reasons[number];
    return true;
}
