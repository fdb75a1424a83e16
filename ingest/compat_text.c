#include "ingest/compat_text.h"

#include "core/json.h"

#include <stdint.h>
#include <string.h>

#define NOWHERE SIZE_MAX

/* -- reading; NOWHERE goes through all of it -------------------------------------------------- */

static char byte_at(const struct buf *text, size_t at)
{
    return at < text->length ? text->data[at] : '\0';
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static size_t past_space(const struct buf *text, size_t at)
{
    while (is_one_of(byte_at(text, at), " \t\r\n"))
        at++;
    return at;
}

static size_t past_string(const struct buf *text, size_t at)
{
    if (byte_at(text, at) != '"')
        return NOWHERE;
    for (at++; at < text->length && text->data[at] != '"'; at++)
        if (text->data[at] == '\\')
            at++;
    return at < text->length ? at + 1 : NOWHERE;
}

/* A number, or a word such as true. */
static size_t past_word(const struct buf *text, size_t at)
{
    do
        at++;
    while (at < text->length && !is_one_of(text->data[at], ",:{}[]\" \t\r\n"));
    return at;
}

static size_t past_value(const struct buf *text, size_t at)
{
    size_t depth = 0;

    do {
        char c;
        at = past_space(text, at);
        c = byte_at(text, at);
        if (at >= text->length || (depth == 0 && is_one_of(c, ",:]}")))
            return NOWHERE;
        if (c == '"') {
            at = past_string(text, at);
        } else if (is_one_of(c, "[{]},:")) {
            depth += is_one_of(c, "[{");
            depth -= is_one_of(c, "]}");
            at++;
        } else {
            at = past_word(text, at);
        }
    } while (depth > 0);
    return at;
}

/* Does the string from `name` to `end` stand for that name? False: no memory to know it. */
static bool name_is(const struct buf *text, size_t name, size_t end, const char *wanted,
                    size_t length, bool *same)
{
    const char *string = text->data + name;
    json_error_t why = {.line = -1};
    json_t *decoded;

    if (!memchr(string, '\\', end - name)) {
        *same = end - name - 2 == length && memcmp(string + 1, wanted, length) == 0;
        return true;
    }
    decoded = json_read(string, end - name, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    *same = decoded && json_string_length(decoded) == length &&
            memcmp(json_string_value(decoded), wanted, length) == 0;
    json_decref(decoded);
    return decoded || (why.text[0] && json_error_code(&why) == json_error_invalid_syntax);
}

/* All members are looked at: a name that stands twice is unclear. */
static struct spot member_find(const struct buf *text, size_t object, const char *name,
                               size_t length)
{
    struct spot found = {.state = SPOT_ABSENT, .object = object, .rest = name};
    size_t at = past_space(text, object + 1), comma = NOWHERE;

    if (byte_at(text, at) == '}')
        return found;
    do {
        struct spot member = {.state = SPOT_THERE, .name = past_space(text, at)};
        size_t name_end = past_string(text, member.name);
        size_t colon = past_space(text, name_end);
        bool same;
        if (byte_at(text, colon) != ':' ||
            !name_is(text, member.name, name_end, name, length, &same))
            return (struct spot){.state = SPOT_UNCLEAR};
        member.value = past_space(text, colon + 1);
        member.end = past_value(text, member.value);
        at = past_space(text, member.end);
        member.comma_before = comma;
        comma = member.comma_after = byte_at(text, at) == ',' ? at : NOWHERE;
        if (same) {
            if (found.state == SPOT_THERE)
                return (struct spot){.state = SPOT_UNCLEAR};
            found = member;
        }
    } while (comma != NOWHERE && at++ < text->length);
    return byte_at(text, at) == '}' ? found : (struct spot){.state = SPOT_UNCLEAR};
}

struct spot spot_find(const struct buf *text, size_t object, const char *path)
{
    for (;;) {
        size_t length = strcspn(path, ".");
        struct spot spot = member_find(text, object, path, length);
        if (spot.state != SPOT_THERE || !path[length])
            return spot;
        if (byte_at(text, spot.value) != '{')
            return (struct spot){.state = SPOT_BLOCKED};
        object = spot.value;
        path += length + 1;
    }
}

bool spot_object(const struct buf *text, const char *path, size_t *object)
{
    struct spot spot = {.state = SPOT_THERE, .value = past_space(text, 0)};

    if (*path && byte_at(text, spot.value) == '{')
        spot = spot_find(text, spot.value, path);
    *object = spot.value;
    return spot.state == SPOT_THERE && byte_at(text, spot.value) == '{';
}

/* -- changing -----------------------------------------------------------------------------------
 */

static void splice(struct buf *text, size_t from, size_t to, const char *with, size_t length_bytes)
{
    struct buf made;

    buf_init(&made, text->limit);
    buf_add(&made, text->data, from);
    buf_add(&made, with, length_bytes);
    buf_add(&made, text->data + to, text->length - to);
    text->failed |= made.failed;
    if (text->failed) {
        buf_release(&made);
        return;
    }
    buf_release(text);
    *text = made;
}

void spot_cut(struct buf *text, const struct spot *spot)
{
    size_t from = spot->name, to = spot->end;

    if (spot->comma_after != NOWHERE)
        to = past_space(text, spot->comma_after + 1);
    else if (spot->comma_before != NOWHERE)
        from = spot->comma_before;
    splice(text, from, to, "", 0);
}

void spot_set(struct buf *text, const struct spot *spot, const char *value, size_t length_bytes)
{
    splice(text, spot->value, spot->end, value, length_bytes);
}

void spot_put(struct buf *text, const struct spot *spot, const char *value, size_t length_bytes)
{
    size_t brace = past_value(text, spot->object) - 1, depth = 0;
    struct buf member;

    buf_init(&member, text->limit);
    if (past_space(text, spot->object + 1) != brace)
        buf_add_char(&member, ',');
    for (const char *path = spot->rest;; depth++) {
        size_t length = strcspn(path, ".");
        json_add_string(&member, path, length);
        buf_add_char(&member, ':');
        if (!path[length])
            break;
        buf_add_char(&member, '{');
        path += length + 1;
    }
    buf_add(&member, value, length_bytes);
    while (depth-- > 0)
        buf_add_char(&member, '}');
    text->failed |= member.failed;
    if (!text->failed)
        splice(text, brace, brace, buf_text(&member), member.length);
    buf_release(&member);
}
