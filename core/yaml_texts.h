/* The texts of a YAML document, each kept once, and the anchors of those names. Only core/yaml.c
 * uses this.
 *
 * Two texts are the same exactly when their pointers are: that is what makes a mapping's keys
 * cheap to compare, and ten thousand subscriptions small.
 */
#ifndef CORE_YAML_TEXTS_H
#define CORE_YAML_TEXTS_H

#include "core/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct yaml_text {
    const char *text;
    /* What an anchor of that name stands for. */
    uint32_t anchor; /* node + 1; 0: no such anchor */
    uint32_t weight; /* nodes below it with aliases followed; 0 while it is still open */
    uint32_t height; /* levels below it */
};

struct yaml_texts {
    struct arena *arena;       /* where the texts themselves live */
    struct yaml_text *entries; /* open addressing; text == NULL: free */
    size_t count, size;
};

/* Allocates nothing. */
void yaml_texts_init(struct yaml_texts *texts, struct arena *arena);

/* Frees the table; the texts stay in the arena. */
void yaml_texts_release(struct yaml_texts *texts);

/* The text's entry, made when there is none; NULL when there is no memory. The text holds no
 * NUL. Valid until the next call. */
struct yaml_text *yaml_texts_keep(struct yaml_texts *texts, const char *text, size_t length);

/* The entry of a text that is kept. */
struct yaml_text *yaml_texts_find(struct yaml_texts *texts, const char *text);

#endif
