#include "core/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64, CANONICAL_MAX = 64 * 1024 * 1024 };

/* -- jansson's reader and writer ----------------------------------------------------------------
 */

/* Reading, jansson overlooks that its text buffer could not grow, and runs past its end (2.14,
 * lex_save). So an allocation that fails there never comes back to it: all that this reading has
 * allocated is freed instead. For that its blocks are kept in a list until the reading is done. */

struct block {
    struct block *next, **back; /* in the list of the reading; back == NULL: in none */
};
_Static_assert(sizeof(struct block) % 16 == 0, "what follows is aligned as malloc's");

static _Thread_local struct {
    bool active;
    jmp_buf out;
    struct block *first;
} reading;
static _Thread_local bool no_memory; /* an allocation of jansson's failed */

static void *kept_malloc(size_t size)
{
    struct block *block = size <= SIZE_MAX - sizeof(*block) ? malloc(sizeof(*block) + size) : NULL;

    if (!block) {
        no_memory = true;
        if (reading.active)
            longjmp(reading.out, 1);
        return NULL;
    }
    block->back = NULL;
    if (reading.active) {
        block->next = reading.first;
        block->back = &reading.first;
        if (block->next)
            block->next->back = &block->next;
        reading.first = block;
    }
    return block + 1;
}

static void kept_free(void *memory)
{
    struct block *block = memory;

    if (!block)
        return;
    block--;
    if (block->back) {
        *block->back = block->next;
        if (block->next)
            block->next->back = block->back;
    }
    free(block);
}

/* The blocks of a reading that went well belong to its value from now on; those of another are
 * freed. */
static void end_reading(bool well)
{
    for (struct block *block = reading.first, *next; block; block = next) {
        next = block->next;
        block->back = NULL;
        if (!well)
            free(block);
    }
    reading.first = NULL;
    reading.active = false;
}

/* Before main, since jansson must have one allocator for all of its life. */
static void __attribute__((constructor)) note_allocations(void)
{
    json_set_alloc_funcs(kept_malloc, kept_free);
}

json_t *json_read(const char *bytes, size_t length_bytes, size_t flags, json_error_t *why)
{
    json_t *json;

    if (setjmp(reading.out) != 0) {
        end_reading(false);
        return NULL;
    }
    reading.active = true;
    json = json_loadb(bytes, length_bytes, flags, why);
    end_reading(true);
    return json;
}

json_t *json_read_text(const char *text)
{
    return json_read(text, strlen(text), JSON_DECODE_ANY, NULL);
}

char *json_write(const json_t *value, size_t flags)
{
    char *text, *copy;

    no_memory = false;
    text = json_dumps(value, flags);
    copy = text && !no_memory ? strdup(text) : NULL; /* for the caller to free */
    kept_free(text);
    return copy;
}

/* -- canonical text --------------------------------------------------------------------------- */

static bool is_escaped(unsigned char c)
{
    return c < 0x20 || c == 0x7F || c == '"' || c == '\\';
}

void json_add_string(struct buf *out, const char *text, size_t length_bytes)
{
    size_t plain = 0; /* bytes that need no escape and are not appended yet */

    buf_add_char(out, '"');
    for (size_t i = 0; i < length_bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!is_escaped(c)) {
            plain++;
            continue;
        }
        buf_add(out, text + i - plain, plain);
        plain = 0;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_add_text(out, "\\n");
        else
            buf_printf(out, "\\u%04x", c);
    }
    buf_add(out, text + length_bytes - plain, plain);
    buf_add_char(out, '"');
}

static void add_value(struct buf *out, const json_t *value, int depth);

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_object(struct buf *out, const json_t *value, int depth)
{
    size_t count = 0;
    const char **keys = calloc(json_object_size(value) + 1, sizeof(*keys));
    const char *key;
    json_t *member;

    if (!keys) {
        out->failed = true;
        return;
    }
    json_object_foreach((json_t *)value, key, member) if (!json_is_null(member)) keys[count++] =
        key;
    qsort(keys, count, sizeof(*keys), compare_keys);
    buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        json_add_string(out, keys[i], strlen(keys[i]));
        buf_add_char(out, ':');
        add_value(out, json_object_get(value, keys[i]), depth + 1);
    }
    buf_add_char(out, '}');
    free(keys);
}

static void add_array(struct buf *out, const json_t *value, int depth)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (i > 0)
            buf_add_char(out, ',');
        add_value(out, json_array_get(value, i), depth + 1);
    }
    buf_add_char(out, ']');
}

static void add_real(struct buf *out, double real)
{
    if (floor(real) == real && fabs(real) < 9007199254740992.0) /* 2^53: exact as an integer */
        buf_printf(out, "%lld", (long long)real);
    else
        buf_printf(out, "%.17g", real);
}

static void add_value(struct buf *out, const json_t *value, int depth)
{
    if (depth > DEPTH_MAX) {
        out->failed = true;
        return;
    }
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        add_object(out, value, depth);
        break;
    case JSON_ARRAY:
        add_array(out, value, depth);
        break;
    case JSON_STRING:
        json_add_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        buf_printf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        add_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_add_text(out, "true");
        break;
    case JSON_FALSE:
        buf_add_text(out, "false");
        break;
    case JSON_NULL:
        buf_add_text(out, "null");
        break;
    }
}

void json_add_canonical(struct buf *out, const json_t *value)
{
    add_value(out, value, 0);
}

char *json_canonical(const json_t *value)
{
    struct buf out;

    buf_init(&out, CANONICAL_MAX);
    json_add_canonical(&out, value);
    return buf_take(&out);
}

const char *json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
