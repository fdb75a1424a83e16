#include "api/ingest_sample_json.h"

#include "core/text.h"

#include <string.h>

enum { DEPTH_MOST = 64 };

void json_reader_init(struct json_reader *reader, const char *text, size_t length)
{
    *reader = (struct json_reader){.at = text, .end = text + length};
}

static bool fail(struct json_reader *reader)
{
    reader->failed = true;
    return false;
}

char json_peek(struct json_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
    return reader->at < reader->end ? *reader->at : '\0';
}

static bool take(struct json_reader *reader, char c)
{
    if (reader->failed || json_peek(reader) != c || c == '\0')
        return fail(reader);
    reader->at++;
    return true;
}

/* -- objects and arrays -------------------------------------------------------------------------
 */

bool json_enter(struct json_reader *reader, char open)
{
    if (!take(reader, open) || ++reader->depth > DEPTH_MOST)
        return fail(reader);
    reader->first = true;
    return true;
}

bool json_next(struct json_reader *reader, struct json_piece *key)
{
    bool first = reader->first;

    reader->first = false;
    if (reader->failed)
        return false;
    if (json_peek(reader) == (key ? '}' : ']')) {
        reader->at++;
        reader->depth--;
        return false;
    }
    if (!first && !take(reader, ','))
        return false;
    return !key || (json_take_string(reader, key) && take(reader, ':'));
}

bool json_finish(struct json_reader *reader)
{
    if (!reader->failed && json_peek(reader) == '\0' && reader->at == reader->end)
        return true;
    return fail(reader);
}

/* -- strings ------------------------------------------------------------------------------------
 */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The four digits of "\uXXXX", which stand at `at`; -1: they do not. */
static int hex_unit(const char *at, const char *end)
{
    int unit = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* The code point of "\uXXXX" or a pair of them, and how many bytes that took; 0: none, or NUL. */
static size_t unicode_escape(const char *at, const char *end, uint32_t *code)
{
    int high, low;

    *code = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || (high = hex_unit(at + 2, end)) <= 0)
        return 0;
    *code = (uint32_t)high;
    if (high < 0xD800 || high > 0xDFFF)
        return 6;
    if (high > 0xDBFF || end - at < 12 || at[6] != '\\' || at[7] != 'u')
        return 0;
    low = hex_unit(at + 8, end);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *code = 0x10000 + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    return 12;
}

static const char short_escapes[] = "\"\\/bfnrt", short_meanings[] = "\"\\/\b\f\n\r\t";

/* How long the escape at `at` is; 0: it is none. */
static size_t escape_length(const char *at, const char *end)
{
    uint32_t code;

    if (end - at < 2)
        return 0;
    if (at[1] == 'u')
        return unicode_escape(at, end, &code);
    return memchr(short_escapes, at[1], sizeof(short_escapes) - 1) ? 2 : 0;
}

bool json_take_string(struct json_reader *reader, struct json_piece *string)
{
    const char *at;
    bool plain = true;

    if (!take(reader, '"'))
        return false;
    *string = (struct json_piece){.text = reader->at};
    for (at = reader->at; at < reader->end && *at != '"';) {
        unsigned char c = (unsigned char)*at;
        size_t length = 1;
        if (c == '\\') {
            length = escape_length(at, reader->end);
            string->escaped = true;
        } else if (c < 0x20) {
            length = 0;
        }
        plain = plain && c < 0x80;
        reader->at = at;
        if (length == 0)
            return fail(reader);
        at += length;
    }
    if (at >= reader->end)
        return fail(reader);
    string->length = (size_t)(at - string->text);
    if (!plain && text_utf8_check(string->text, string->length) != string->length)
        return fail(reader);
    reader->at = at + 1;
    return true;
}

static size_t put_utf8(char *out, uint32_t code)
{
    static const unsigned char firsts[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = length; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(firsts[length] | code);
    return length;
}

size_t json_unescape(const struct json_piece *piece, char *out)
{
    const char *at = piece->text, *end = piece->text + piece->length;
    size_t length = 0;

    while (at < end) {
        uint32_t code;
        if (*at != '\\') {
            out[length++] = *at++;
        } else if (at[1] == 'u') {
            at += unicode_escape(at, end, &code);
            length += put_utf8(out + length, code);
        } else {
            out[length++] = short_meanings[strchr(short_escapes, at[1]) - short_escapes];
            at += 2;
        }
    }
    return length;
}

/* -- the others ---------------------------------------------------------------------------------
 */

static size_t digits(const char *at, const char *end)
{
    size_t count = 0;

    while (at + count < end && at[count] >= '0' && at[count] <= '9')
        count++;
    return count;
}

bool json_take_number(struct json_reader *reader, struct json_piece *number)
{
    size_t whole;

    json_peek(reader);
    *number = (struct json_piece){.text = reader->at};
    if (reader->failed)
        return false;
    if (reader->at < reader->end && *reader->at == '-')
        reader->at++;
    whole = digits(reader->at, reader->end);
    if (whole == 0 || (whole > 1 && *reader->at == '0'))
        return fail(reader);
    reader->at += whole;
    if (reader->at < reader->end && *reader->at == '.') {
        size_t fraction = digits(reader->at + 1, reader->end);
        if (fraction == 0)
            return fail(reader);
        reader->at += 1 + fraction;
    }
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        const char *at = reader->at + 1;
        size_t exponent;
        if (at < reader->end && (*at == '+' || *at == '-'))
            at++;
        exponent = digits(at, reader->end);
        if (exponent == 0)
            return fail(reader);
        reader->at = at + exponent;
    }
    number->length = (size_t)(reader->at - number->text);
    return true;
}

bool json_take_word(struct json_reader *reader, const char *word)
{
    size_t length = strlen(word);

    json_peek(reader);
    if (reader->failed || (size_t)(reader->end - reader->at) < length ||
        memcmp(reader->at, word, length) != 0)
        return fail(reader);
    reader->at += length;
    return true;
}

bool json_skip(struct json_reader *reader)
{
    struct json_piece piece;
    char c = json_peek(reader);

    switch (c) {
    case '{':
    case '[':
        if (!json_enter(reader, c))
            return false;
        while (json_next(reader, c == '{' ? &piece : NULL))
            if (!json_skip(reader))
                return false;
        return !reader->failed;
    case '"':
        return json_take_string(reader, &piece);
    case 't':
        return json_take_word(reader, "true");
    case 'f':
        return json_take_word(reader, "false");
    case 'n':
        return json_take_word(reader, "null");
    default:
        return json_take_number(reader, &piece);
    }
}
