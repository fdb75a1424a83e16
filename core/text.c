#include "core/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Reads one UTF-8 sequence of at most `left` bytes. Returns its length, 0 when it is invalid. */
static size_t utf8_read(const unsigned char *s, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80   ? 1
                    : s[0] < 0xC2 ? 0
                    : s[0] < 0xE0 ? 2
                    : s[0] < 0xF0 ? 3
                    : s[0] < 0xF5 ? 4
                                  : 0;

    if (length == 0 || length > left)
        return 0;
    *code = length == 1 ? s[0] : s[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3F);
    }
    if (*code < least[length] || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000))
        return 0;
    return length;
}

/* Bidirectional overrides, isolates and marks, line separators, and the byte-order mark: they show
 * text in another order than it has, or hide. */
static bool is_treacherous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x200E || code == 0x200F ||
           code == 0x061C || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

void text_add_safe(struct buf *out, const char *text, size_t length_bytes)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < length_bytes;) {
        uint32_t code = 0;
        size_t n = utf8_read(s + i, length_bytes - i, &code);
        if (n == 0) {
            buf_printf(out, "\\x%02x", s[i]);
            i++;
            continue;
        }
        if (code == '\n')
            buf_add_text(out, "\\n");
        else if (code == '\t')
            buf_add_text(out, "\\t");
        else if (code == '\r')
            buf_add_text(out, "\\r");
        else if (is_treacherous(code))
            buf_printf(out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
        else
            buf_add(out, s + i, n);
        i += n;
    }
}

size_t text_utf16_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t left = strlen(text);
    size_t units = 0;

    while (left > 0) {
        uint32_t code = 0;
        size_t n = utf8_read(s, left, &code);
        units += n == 4 ? 2 : 1;
        n = n ? n : 1;
        s += n;
        left -= n;
    }
    return units;
}

size_t text_utf8_check(const char *text, size_t length_bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0;

    while (i < length_bytes) {
        uint32_t code = 0;
        size_t n = utf8_read(s + i, length_bytes - i, &code);
        if (n == 0 || code == 0)
            return i;
        i += n;
    }
    return i;
}

/* Edit distance with neighbours swapped counting one, case folded, for words of at most 63 bytes.
 */
static size_t edit_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    size_t rows[3][MOST];
    size_t la = strlen(a), lb = strlen(b);
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    if (la >= MOST || lb >= MOST)
        return MOST;
    memset(rows, 0, sizeof(rows));
    for (size_t j = 0; j <= lb; j++)
        last[j] = j;
    for (size_t i = 1; i <= la; i++) {
        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            size_t best = last[j - 1] + (x != y);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[lb];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
    size_t most = strlen(word) <= 3 ? 1 : strlen(word) <= 8 ? 2 : 3;
    const char *nearest = NULL;

    for (; *candidates; candidates++) {
        size_t distance = edit_distance(word, *candidates);
        if (distance <= most && (!nearest || distance < edit_distance(word, nearest)))
            nearest = *candidates;
    }
    return nearest;
}

static const struct {
    const char *unit;
    int64_t ms;
} duration_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { DURATION_UNITS = sizeof(duration_units) / sizeof(duration_units[0]) };

bool text_parse_duration(const char *text, int64_t *ms)
{
    int64_t total = 0;

    if (!*text)
        return false;
    while (*text) {
        int64_t number = 0, factor = 0;
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 15)
            return false;
        for (size_t i = 0; i < digits; i++)
            number = number * 10 + (text[i] - '0');
        text += digits;
        size_t letters = strspn(text, "dhms");
        for (size_t i = 0; i < DURATION_UNITS; i++)
            if (strlen(duration_units[i].unit) == letters &&
                strncmp(duration_units[i].unit, text, letters) == 0)
                factor = duration_units[i].ms;
        if (factor == 0 || number > (INT64_MAX - total) / factor)
            return false;
        total += number * factor;
        text += letters;
    }
    *ms = total;
    return true;
}

void text_add_duration(struct buf *out, int64_t ms)
{
    for (size_t i = 0; i < DURATION_UNITS; i++)
        if (ms != 0 && ms % duration_units[i].ms == 0) {
            buf_printf(out, "%lld%s", (long long)(ms / duration_units[i].ms),
                       duration_units[i].unit);
            return;
        }
    buf_printf(out, "%lldms", (long long)ms);
}

/* No KB or MB: half of those who write them mean 1000. */
static const struct {
    const char *unit;
    int64_t bytes;
} size_units[] = {{"TiB", INT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
enum { SIZE_UNITS = sizeof(size_units) / sizeof(size_units[0]) };

bool text_parse_size(const char *text, int64_t *bytes)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0, factor = text[digits] == '\0' ? 1 : 0;

    if (digits == 0 || digits > 18 || (digits > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    for (size_t i = 0; i < SIZE_UNITS; i++)
        if (strcmp(size_units[i].unit, text + digits) == 0)
            factor = size_units[i].bytes;
    if (factor == 0 || number > INT64_MAX / factor)
        return false;
    *bytes = number * factor;
    return true;
}

void text_add_size(struct buf *out, int64_t bytes)
{
    for (size_t i = 0; i < SIZE_UNITS; i++)
        if (bytes != 0 && bytes % size_units[i].bytes == 0) {
            buf_printf(out, "%lld%s", (long long)(bytes / size_units[i].bytes), size_units[i].unit);
            return;
        }
    buf_printf(out, "%lld", (long long)bytes);
}

bool text_words_hold(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; length && (at = strstr(at, word)); at++)
        if (at > words && at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

/* What stands between host and path: nothing, or a colon and a port. Of an empty one *port stays as
 * it is. */
static bool read_port(const char *from, const char *end, unsigned *port)
{
    unsigned number = 0;

    if (from >= end)
        return true;
    if (*from++ != ':')
        return false;
    if (from == end)
        return true;
    for (; from < end; from++) {
        if (*from < '0' || *from > '9' || number > 6553)
            return false;
        number = number * 10 + (unsigned)(*from - '0');
    }
    *port = number;
    return number <= 65535;
}

bool text_parse_url(const char *text, struct text_url *url)
{
    const char *rest = text;
    size_t authority, host;

    *url = (struct text_url){.https = false};
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c <= 0x20 || *c == 0x7F)
            return false;
    if (strncasecmp(text, "https://", 8) == 0) {
        url->https = true;
        rest += 8;
    } else if (strncasecmp(text, "http://", 7) == 0) {
        rest += 7;
    } else {
        return false;
    }
    authority = strcspn(rest, "/?#");
    const char *at = memrchr(rest, '@', authority);
    if (at) {
        url->has_userinfo = true;
        authority -= (size_t)(at + 1 - rest);
        rest = at + 1;
    }
    if (rest[0] == '[') {
        rest++;
        authority--;
        host = strcspn(rest, "]");
        if (rest[host] != ']')
            return false;
    } else {
        host = strcspn(rest, ":/?#");
        host = host < authority ? host : authority;
    }
    url->port = url->https ? 443 : 80;
    if (host == 0 || !read_port(rest + host + (rest[host] == ']'), rest + authority, &url->port))
        return false;
    snprintf(url->host, sizeof(url->host), "%.*s", (int)(host < 255 ? host : 255), rest);
    url->loopback =
        strcasecmp(url->host, "localhost") == 0 || strcmp(url->host, "::1") == 0 ||
        (strncmp(url->host, "127.", 4) == 0 && url->host[strspn(url->host, "0123456789.")] == '\0');
    return true;
}
