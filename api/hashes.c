#include "api/hashes.h"

#include <stdbool.h>
#include <stdlib.h>

enum { SIZE_FIRST = 64 };

void hashes_init(struct hashes *hashes)
{
    *hashes = (struct hashes){.keys = NULL};
}

void hashes_release(struct hashes *hashes)
{
    free(hashes->keys);
    free(hashes->values);
    hashes_init(hashes);
}

uint64_t hashes_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash ? hash : 1;
}

/* The place of a key, or the free one where it belongs. */
static size_t place_of(const uint64_t *keys, size_t size, uint64_t key)
{
    size_t place = (size_t)(key ^ key >> 32) & (size - 1);

    while (keys[place] && keys[place] != key)
        place = (place + 1) & (size - 1);
    return place;
}

static bool grow(struct hashes *hashes)
{
    size_t size = hashes->size ? hashes->size * 2 : SIZE_FIRST;
    uint64_t *keys = calloc(size, sizeof(*keys));
    size_t *values = calloc(size, sizeof(*values));

    if (!keys || !values) {
        free(keys);
        free(values);
        return false;
    }
    for (size_t i = 0; i < hashes->size; i++)
        if (hashes->keys[i]) {
            size_t place = place_of(keys, size, hashes->keys[i]);
            keys[place] = hashes->keys[i];
            values[place] = hashes->values[i];
        }
    free(hashes->keys);
    free(hashes->values);
    hashes->keys = keys;
    hashes->values = values;
    hashes->size = size;
    return true;
}

size_t *hashes_slot(struct hashes *hashes, uint64_t key)
{
    size_t place;

    if (hashes->count * 2 >= hashes->size && !grow(hashes))
        return NULL;
    place = place_of(hashes->keys, hashes->size, key);
    if (!hashes->keys[place]) {
        hashes->keys[place] = key;
        hashes->count++;
    }
    return &hashes->values[place];
}
