#include "core/marker.h"

#include "core/digest.h"
#include "core/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char marker_start[] = "[eventctl ";

static bool is_plain(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

bool marker_encode(const char *text, char *out, size_t size)
{
    size_t length = 0;

    for (; *text; text++) {
        size_t need = is_plain(*text) ? 1 : 3;
        if (length + need >= size)
            return false;
        if (need == 1)
            out[length] = *text;
        else
            snprintf(out + length, 4, "%%%02X", (unsigned char)*text);
        length += need;
    }
    out[length] = '\0';
    return true;
}

bool marker_hash(const char *canonical, char out[5])
{
    const char *value = canonical ? canonical : "null";

    return digest_hex(value, strlen(value), 4, out);
}

/* Takes a word of plain characters and %XX up to `stop` into out[size]; NULL when it is another
 * thing or too long. Returns what follows the stop. */
static const char *take_word(const char *from, char stop, char *out, size_t size)
{
    size_t length = 0;

    while (is_plain(from[length]) || from[length] == '%')
        length++;
    if (from[length] != stop || length == 0 || length >= size)
        return NULL;
    memcpy(out, from, length);
    out[length] = '\0';
    return from + length + 1;
}

/* "name@version" or "name@version!", then a space or the closing bracket. */
static const char *take_name(const char *from, struct marker *marker)
{
    const char *rest = take_word(from, '@', marker->name, sizeof(marker->name));
    size_t digits = rest ? strspn(rest, "0123456789") : 0;

    if (digits == 0 || digits > 9)
        return NULL;
    for (size_t i = 0; i < digits; i++)
        marker->version = marker->version * 10 + (rest[i] - '0');
    rest += digits;
    if (*rest == '!') {
        marker->protect = true;
        rest++;
    }
    return rest;
}

static bool take_hash(const char *from, struct marker *marker)
{
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (field_table[field].letter == *from) {
            if (strspn(from + 1, "0123456789abcdef") < 4)
                return false;
            memcpy(marker->hashes[field], from + 1, 4);
            return true;
        }
    return false;
}

/* All after "[eventctl ". */
static bool take_all(const char *from, struct marker *marker)
{
    const char *slash = strchr(from, '/');
    const char *second = slash ? strchr(slash + 1, '/') : NULL;
    const char *rest = take_word(from, '/', marker->organization, sizeof(marker->organization));

    if (rest && second && second < strchr(rest, ']'))
        rest = take_word(rest, '/', marker->owner, sizeof(marker->owner));
    rest = rest ? take_name(rest, marker) : NULL;
    if (!rest)
        return false;
    if (*rest == ' ')
        for (rest++; *rest && *rest != ']'; rest += 5)
            if (!take_hash(rest, marker))
                return false;
    return strcmp(rest, "]") == 0;
}

void marker_parse(const char *description, struct marker *marker, size_t *text_bytes)
{
    const char *start = NULL;

    memset(marker, 0, sizeof(*marker));
    for (const char *at = description; (at = strstr(at, marker_start)); at++)
        start = at;
    *text_bytes = strlen(description);
    if (!start || !strchr(start, ']') || !take_all(start + strlen(marker_start), marker)) {
        memset(marker, 0, sizeof(*marker));
        return;
    }
    marker->present = true;
    *text_bytes = (size_t)(start - description);
    if (*text_bytes > 0 && description[*text_bytes - 1] == ' ')
        --*text_bytes;
}

enum { HEAD_BYTES = 16 + sizeof(struct marker) + 24 };

/* Everything before the hashes; returns its length. */
static size_t print_head(char out[HEAD_BYTES], const struct marker *marker)
{
    return (size_t)snprintf(out, HEAD_BYTES, "%s%s/%s%s%s@%lld%s", marker_start,
                            marker->organization, marker->owner, marker->owner[0] ? "/" : "",
                            marker->name, (long long)marker->version, marker->protect ? "!" : "");
}

void marker_add(struct buf *out, const struct marker *marker)
{
    char head[HEAD_BYTES];
    bool hashes = false;

    buf_add(out, head, print_head(head, marker));
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (marker->hashes[field][0]) {
            buf_printf(out, "%s%c%s", hashes ? "" : " ", field_table[field].letter,
                       marker->hashes[field]);
            hashes = true;
        }
    buf_add_char(out, ']');
}

size_t marker_room(const char *organization, const char *owner, const char *name, int64_t version,
                   enum via via)
{
    struct marker marker = {.present = true, .protect = true, .version = version};
    char head[HEAD_BYTES];
    size_t length;

    if (!marker_encode(organization, marker.organization, sizeof(marker.organization)) ||
        !marker_encode(owner, marker.owner, sizeof(marker.owner)) ||
        !marker_encode(name, marker.name, sizeof(marker.name)))
        return 0;
    length = print_head(head, &marker) + strlen("  ]"); /* one space stands before the marker */
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (field_table[field].by_via[via])
            length += 1 + strlen("0000");
    return length < DESCRIPTION_MAX ? DESCRIPTION_MAX - length : 0;
}
