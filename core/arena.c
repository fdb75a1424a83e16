#include "core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t size, used; /* bytes of `bytes` */
    max_align_t bytes[];
};

enum { BLOCK_BYTES = 64 * 1024 };

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.blocks = NULL};
}

void arena_release(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena_init(arena);
}

static struct arena_block *block_new(struct arena *arena, size_t least)
{
    size_t size = least > BLOCK_BYTES ? least : BLOCK_BYTES;
    struct arena_block *block = malloc(sizeof(*block) + size);

    if (!block)
        return NULL;
    block->size = size;
    block->used = 0;
    if (least > BLOCK_BYTES && arena->blocks) { /* keep the half-empty block in front */
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    const size_t unit = sizeof(max_align_t);
    struct arena_block *block = arena->blocks;
    void *memory;

    if (size_bytes > SIZE_MAX / 2)
        return NULL;
    size_bytes = (size_bytes + unit - 1) / unit * unit;
    if (!block || block->size - block->used < size_bytes)
        block = block_new(arena, size_bytes);
    if (!block)
        return NULL;
    memory = (char *)block->bytes + block->used;
    block->used += size_bytes;
    arena->used_bytes += size_bytes;
    return memset(memory, 0, size_bytes);
}

char *arena_copy(struct arena *arena, const char *text, size_t length_bytes)
{
    char *copy = arena_alloc(arena, length_bytes + 1);

    if (copy && length_bytes)
        memcpy(copy, text, length_bytes);
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
