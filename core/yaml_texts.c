#include "core/yaml_texts.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

void yaml_texts_init(struct yaml_texts *texts, struct arena *arena)
{
    *texts = (struct yaml_texts){.arena = arena};
}

void yaml_texts_release(struct yaml_texts *texts)
{
    free(texts->entries);
    yaml_texts_init(texts, texts->arena);
}

static size_t hash_text(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, then mixed */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return (size_t)(hash ^ hash >> 29);
}

/* The entry of that text, or the free one where it belongs. */
static size_t find_slot(const struct yaml_text *entries, size_t size, const char *text,
                        size_t length)
{
    size_t at = hash_text(text, length) & (size - 1);

    while (entries[at].text &&
           (strncmp(entries[at].text, text, length) != 0 || entries[at].text[length] != '\0'))
        at = (at + 1) & (size - 1);
    return at;
}

static bool grow(struct yaml_texts *texts)
{
    size_t size = texts->size ? 2 * texts->size : FIRST_SIZE;
    struct yaml_text *entries = calloc(size, sizeof(*entries));

    if (!entries)
        return false;
    for (size_t i = 0; i < texts->size; i++) {
        const struct yaml_text *old = &texts->entries[i];
        if (old->text)
            entries[find_slot(entries, size, old->text, strlen(old->text))] = *old;
    }
    free(texts->entries);
    texts->entries = entries;
    texts->size = size;
    return true;
}

struct yaml_text *yaml_texts_keep(struct yaml_texts *texts, const char *text, size_t length)
{
    struct yaml_text *entry;

    if (texts->count * 2 >= texts->size && !grow(texts))
        return NULL;
    entry = &texts->entries[find_slot(texts->entries, texts->size, text, length)];
    if (!entry->text) {
        entry->text = arena_copy(texts->arena, text, length);
        if (!entry->text)
            return NULL;
        texts->count++;
    }
    return entry;
}

struct yaml_text *yaml_texts_find(struct yaml_texts *texts, const char *text)
{
    return &texts->entries[find_slot(texts->entries, texts->size, text, strlen(text))];
}
