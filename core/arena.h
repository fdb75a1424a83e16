/* Memory for one piece of work, released at once.
 *
 * Always holds: what arena_alloc returned stays where it is, zeroed at birth and aligned for any
 * type, until arena_release. There is no freeing of single pieces.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used_bytes; /* in all blocks; what a caller may compare with a limit of its own */
};

/* Allocates nothing. */
void arena_init(struct arena *arena);
void arena_release(struct arena *arena);

/* Zeroed memory, or NULL when there is none. */
void *arena_alloc(struct arena *arena, size_t size_bytes);

/* A copy that ends in NUL, or NULL when there is no memory. */
char *arena_copy(struct arena *arena, const char *text, size_t length_bytes);
char *arena_text(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
