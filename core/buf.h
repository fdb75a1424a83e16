/* A growing buffer of bytes that is born with its maximum.
 *
 * Always holds: data[length] is NUL once anything was appended; length <= limit. An append that
 * cannot be done (no memory, or past the limit) sets `failed`, leaves the bytes as they were
 * and makes every later append do nothing: a writer appends freely and looks at `failed` once,
 * at its end.
 *
 * Life cycle: buf_init allocates nothing; buf_release frees; buf_take hands the bytes over.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;    /* NULL while nothing was appended */
    size_t length; /* bytes, without the NUL */
    size_t size;   /* bytes allocated */
    size_t limit;  /* bytes that length may never pass */
    bool failed;
};

void buf_init(struct buf *buf, size_t limit_bytes);
void buf_release(struct buf *buf);

/* Empties without freeing, and forgets a failure. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, const void *bytes, size_t length_bytes);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as text: never NULL, "" while empty. Valid until the next call. */
const char *buf_text(const struct buf *buf);

/* Hands the bytes over: the caller frees them. NULL when the buffer failed (and then it is
 * released); an empty buffer yields an empty string. Leaves buf as after buf_init. */
char *buf_take(struct buf *buf);

#endif
