#include "core/marker.h"

#include "core/digest.h"
#include "core/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By what the marker has to say. */
static const char *const marker_starts[] = {"[eventctl ", "[eventctl2 "};

static const char *start_of(const struct marker *marker)
{
    return marker_starts[marker->override.until_s != 0];
}

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

static bool take_hash(const char *from, char hashes[FIELD_COUNT][5])
{
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (field_table[field].letter == *from) {
            if (strspn(from + 1, "0123456789abcdef") < 4)
                return false;
            memcpy(hashes[field], from + 1, 4);
            return true;
        }
    return false;
}

/* One hash or more, up to a space or a closing bracket; NULL when something else stands there. */
static const char *take_hashes(const char *from, char hashes[FIELD_COUNT][5])
{
    do {
        if (!take_hash(from, hashes))
            return NULL;
        from += 5;
    } while (*from != ' ' && *from != ']');
    return from;
}

static bool is_for_reason(char c)
{
    return (unsigned char)c >= ' ' && c != 0x7f && !strchr("\"[]", c);
}

/* "until 6923F1AA s9f3c "reason"" up to the closing bracket. */
static const char *take_override(const char *from, struct marker_override *override)
{
    static const char until[] = "until ";
    enum { DIGITS = 8 };
    size_t length = 0;

    if (strncmp(from, until, strlen(until)) != 0)
        return NULL;
    from += strlen(until);
    if (strspn(from, "0123456789ABCDEF") != DIGITS || from[DIGITS] != ' ')
        return NULL;
    override->until_s = strtoll(from, NULL, 16);
    from = take_hashes(from + DIGITS + 1, override->hashes);
    if (!from || strncmp(from, " \"", 2) != 0)
        return NULL;
    for (from += 2; is_for_reason(from[length]);)
        length++;
    if (length > MARKER_REASON_MAX || from[length] != '"' || override->until_s == 0)
        return NULL;
    memcpy(override->reason, from, length);
    return from + length + 1;
}

/* All after the start. */
static bool take_all(const char *from, bool overridden, struct marker *marker)
{
    const char *rest = take_word(from, '/', marker->organization, sizeof(marker->organization));

    if (rest && rest[strcspn(rest, "/@")] == '/')
        rest = take_word(rest, '/', marker->owner, sizeof(marker->owner));
    rest = rest ? take_name(rest, marker) : NULL;
    if (rest && *rest == ' ')
        rest = take_hashes(rest + 1, marker->hashes);
    if (rest && overridden)
        rest = *rest == ' ' ? take_override(rest + 1, &marker->override) : NULL;
    return rest && strcmp(rest, "]") == 0;
}

void marker_parse(const char *description, struct marker *marker, size_t *text_bytes)
{
    const char *start = NULL;
    size_t word = 0;

    memset(marker, 0, sizeof(*marker));
    for (size_t i = 0; i < 2; i++)
        for (const char *at = description; (at = strstr(at, marker_starts[i])); at++)
            if (!start || at > start) {
                start = at;
                word = i;
            }
    *text_bytes = strlen(description);
    if (!start || !take_all(start + strlen(marker_starts[word]), word > 0, marker)) {
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
    return (size_t)snprintf(out, HEAD_BYTES, "%s%s/%s%s%s@%lld%s", start_of(marker),
                            marker->organization, marker->owner, marker->owner[0] ? "/" : "",
                            marker->name, (long long)marker->version, marker->protect ? "!" : "");
}

/* A space and the hashes; nothing where there are none. */
static void add_hashes(struct buf *out, const char hashes[FIELD_COUNT][5])
{
    bool any = false;

    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (hashes[field][0]) {
            buf_printf(out, "%s%c%s", any ? "" : " ", field_table[field].letter, hashes[field]);
            any = true;
        }
}

void marker_add(struct buf *out, const struct marker *marker)
{
    const struct marker_override *override = &marker->override;
    char head[HEAD_BYTES];

    buf_add(out, head, print_head(head, marker));
    add_hashes(out, marker->hashes);
    if (override->until_s) {
        buf_printf(out, " until %08llX", (unsigned long long) override->until_s);
        add_hashes(out, override->hashes);
        buf_printf(out, " \"%s\"", override->reason);
    }
    buf_add_char(out, ']');
}

/* The bytes of the first whole characters that take at most so many UTF-16 units. */
static size_t bytes_of_units(const char *text, size_t units)
{
    size_t bytes = 0;

    while (text[bytes]) {
        unsigned char first = (unsigned char)text[bytes];
        size_t takes = first < 0xf0 ? 1 : 2;
        size_t most = bytes + (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
        if (takes > units)
            break;
        units -= takes;
        for (bytes++; bytes < most && ((unsigned char)text[bytes] & 0xc0) == 0x80;)
            bytes++;
    }
    return bytes;
}

void marker_set_reason(struct marker *marker, const char *reason)
{
    char *out = marker->override.reason;
    size_t length = bytes_of_units(reason, MARKER_REASON_UNITS);

    memcpy(out, reason, length);
    out[length] = '\0';
    for (; *out; out++)
        if (!is_for_reason(*out))
            *out = *out == '"' ? '\'' : *out == '[' ? '(' : *out == ']' ? ')' : ' ';
}

/* A space and the hashes. */
static size_t units_of_hashes(const char hashes[FIELD_COUNT][5])
{
    size_t units = 0;

    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (hashes[field][0])
            units += 1 + strlen(hashes[field]);
    return units > 0 ? units + 1 : 0;
}

/* What marker_add appends, in UTF-16 units; all but the reason is ASCII. */
static size_t units_of(const struct marker *marker)
{
    const struct marker_override *override = &marker->override;
    char head[HEAD_BYTES];
    size_t units = print_head(head, marker) + units_of_hashes(marker->hashes) + strlen("]");

    if (override->until_s)
        units += strlen(" until 00000000") + units_of_hashes(override->hashes) + strlen(" \"\"") +
                 text_utf16_length(override->reason);
    return units;
}

bool marker_fit(struct marker *marker, size_t units)
{
    char *reason = marker->override.reason;
    size_t takes = units_of(marker), kept = text_utf16_length(reason);

    if (takes <= units)
        return true;
    if (takes - kept > units)
        return false;
    reason[bytes_of_units(reason, kept - (takes - units))] = '\0';
    return true;
}

size_t marker_room(const char *organization, const char *owner, const char *name, int64_t version,
                   enum via via)
{
    struct marker marker = {.present = true, .protect = true, .version = version};
    size_t units;

    if (!marker_encode(organization, marker.organization, sizeof(marker.organization)) ||
        !marker_encode(owner, marker.owner, sizeof(marker.owner)) ||
        !marker_encode(name, marker.name, sizeof(marker.name)))
        return 0;
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (field_table[field].by_via[via])
            memcpy(marker.hashes[field], "0000", sizeof(marker.hashes[field]));
    units = units_of(&marker) + 1; /* one space stands before it */
    return units < DESCRIPTION_MAX ? DESCRIPTION_MAX - units : 0;
}
