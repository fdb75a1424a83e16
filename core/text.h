/* Small things with text that every program here needs: making text from outside safe for a
 * terminal, "did you mean", durations, sizes, UTF-8.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Appends text from outside so that a terminal only ever shows it: control characters (C0, DEL,
 * C1), bidirectional overrides and bytes that are not UTF-8 stand as \n, \x1b, \u202e. */
void text_add_safe(struct buf *out, const char *text, size_t length_bytes);

/* The number of UTF-16 code units that a UTF-8 text takes (what the service's length limits
 * count); an invalid byte counts as one. */
size_t text_utf16_length(const char *text);

/* The offset of the first byte that is no valid UTF-8 (RFC 3629) or is NUL; length_bytes when
 * there is none. */
size_t text_utf8_check(const char *text, size_t length_bytes);

/* The candidate nearest to `word` by edit distance, when it is near enough to be what was meant;
 * else NULL. `candidates` ends with NULL. */
const char *text_nearest(const char *word, const char *const *candidates);

/* "250ms", "10s", "5m", "1h", "7d", or several parts ("1h30m") → milliseconds. False when the
 * text is anything else, negative, or more than fits. */
bool text_parse_duration(const char *text, int64_t *ms);

/* Milliseconds in the shortest exact form: 100ms, 60000 → "1m", 90000 → "90s". */
void text_add_duration(struct buf *out, int64_t ms);

/* "64KiB", "1MiB", "2GiB", "1TiB" or a plain number of bytes → bytes. False when the text is
 * anything else, or more than fits. */
bool text_parse_size(const char *text, int64_t *bytes);

/* Bytes in the shortest exact form: 65536 → "64KiB", 1000 → "1000". */
void text_add_size(struct buf *out, int64_t bytes);

/* An HTTP or HTTPS URL's parts, as far as the rules need them. False when it is no such URL
 * or holds white space or control characters. `host` is cut to its size; an IPv6 host stands
 * without its brackets. */
struct text_url {
    bool https;
    bool has_userinfo;
    bool loopback; /* localhost, 127.0.0.0/8 or [::1] */
    unsigned port; /* the scheme's where none is named */
    char host[256];
};
bool text_parse_url(const char *text, struct text_url *url);

/* Whether a word is among those of a list, which stand between blanks: " one two ". */
bool text_words_hold(const char *words, const char *word);

#endif
