#include "ctl/pretty.h"

#include "core/json.h"

#include <string.h>

enum { INDENT = 2, DEPTH_SHOWN = 64 };

static void add_line(struct buf *out, size_t depth)
{
    buf_printf(out, "\n%*s", (int)(INDENT * (depth < DEPTH_SHOWN ? depth : DEPTH_SHOWN)), "");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The first byte from `at` on that is no blank; NUL at the end. */
static char next_visible(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at < end ? *at : '\0';
}

/* Copies a string from its first quote to its last; returns where it goes on. */
static const char *copy_string(struct buf *out, const char *at, const char *end)
{
    const char *start = at++;

    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    at += at < end;
    buf_add(out, start, (size_t)(at - start));
    return at;
}

bool pretty_json(struct buf *out, const char *text, size_t length)
{
    const char *end = text + length;
    json_t *value =
        json_read(text, length, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    size_t depth = 0;

    if (!value)
        return false;
    json_decref(value);
    for (const char *at = text; at < end;) {
        char c = *at;
        if (c == '"') {
            at = copy_string(out, at, end);
            continue;
        }
        at++;
        if (is_blank(c))
            continue;
        if ((c == '}' || c == ']') && depth > 0) {
            depth--;
            add_line(out, depth);
        }
        buf_add_char(out, c);
        if ((c == '{' || c == '[') && next_visible(at, end) == (c == '{' ? '}' : ']')) {
            at = strchr(at, c == '{' ? '}' : ']') + 1; /* empty: on one line */
            buf_add_char(out, c == '{' ? '}' : ']');
        } else if (c == '{' || c == '[') {
            add_line(out, ++depth);
        } else if (c == ',') {
            add_line(out, depth);
        } else if (c == ':') {
            buf_add_char(out, ' ');
        }
    }
    return true;
}
