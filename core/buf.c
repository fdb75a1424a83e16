#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t limit_bytes)
{
    *buf = (struct buf){.limit = limit_bytes};
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->limit);
}

void buf_reset(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Makes room for `more` bytes and the NUL. */
static bool buf_reserve(struct buf *buf, size_t more)
{
    size_t size = buf->size ? buf->size : 64;
    char *grown;

    if (buf->failed || more > buf->limit - buf->length) {
        buf->failed = true;
        return false;
    }
    if (buf->length + more < buf->size)
        return true;
    while (size <= buf->length + more)
        size *= 2;
    grown = realloc(buf->data, size);
    if (!grown) {
        buf->failed = true;
        return false;
    }
    buf->data = grown;
    buf->size = size;
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t length_bytes)
{
    if (!buf_reserve(buf, length_bytes))
        return;
    if (length_bytes)
        memcpy(buf->data + buf->length, bytes, length_bytes);
    buf->length += length_bytes;
    buf->data[buf->length] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !buf_reserve(buf, (size_t)length)) {
        buf->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buf->length += (size_t)length;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
    char *data;

    if (!buf->failed && !buf->data)
        buf_add(buf, "", 0);
    if (buf->failed) {
        buf_release(buf);
        return NULL;
    }
    data = realloc(buf->data, buf->length + 1); /* most of what is taken is short and is kept */
    data = data ? data : buf->data;
    buf_init(buf, buf->limit);
    return data;
}
