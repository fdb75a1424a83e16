/* Chunked bodies (RFC 9112, 7.1): a state for each byte that is no data. Chunk extensions are
 * refused: nobody sends them, and readers differ in where they end. */
#include "ingest/http_parts.h"

#include <string.h>

enum chunk_state {
    SIZE,     /* in the digits */
    SIZE_END, /* at the LF after them */
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* at the beginning of a trailer line, or of the last one */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `left` holds the size while it is read; it is claimed when the line is whole. */
static bool read_size(struct http_reader *reader, char c)
{
    int digit = hex_digit(c);

    if (digit < 0 && (c != '\r' || reader->line_bytes == 0))
        return http_refuse(reader, 400, c == ';' ? "chunk extension" : "bad chunk size");
    if (digit < 0) {
        reader->chunk_state = SIZE_END;
        return true;
    }
    if (++reader->line_bytes > HTTP_CHUNK_DIGITS_MOST)
        return http_refuse(reader, 400, "bad chunk size");
    reader->left = reader->left * 16 + (unsigned)digit;
    return true;
}

static bool end_size(struct http_reader *reader, char c)
{
    uint64_t size = reader->left;

    if (c != '\n')
        return http_refuse(reader, 400, "bare CR after a chunk size");
    reader->line_bytes = 0;
    reader->left = 0;
    reader->chunk_state = size > 0 ? DATA : TRAILER;
    return http_body_claim(reader, size);
}

static bool end_data(struct http_reader *reader, char c)
{
    bool at_cr = reader->chunk_state == DATA_CR;

    if (c != (at_cr ? '\r' : '\n'))
        return http_refuse(reader, 400, "chunk longer than its size");
    reader->chunk_state = at_cr ? DATA_LF : SIZE;
    return true;
}

/* -- trailers: read as strictly as headers, then dropped ----------------------------------------
 */

/* What frames or routes a message has no place behind it (RFC 9110, 6.5.1). */
static bool may_trail(const struct http_reader *reader)
{
    static const char *const not [] = {"content-length", "transfer-encoding", "host",
                                       "connection",     "proxy-connection",  "upgrade"};
    size_t length = reader->trailer_name_bytes;

    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
        if (strlen(not [i]) == length && memcmp(not [i], reader -> trailer_name, length) == 0)
            return false;
    return true;
}

static bool read_trailer_name(struct http_reader *reader, char c)
{
    char lower = http_token_lower[(unsigned char)c];

    if (c == ':' && reader->trailer_name_bytes > 0) {
        reader->chunk_state = TRAILER_VALUE;
        return may_trail(reader) || http_refuse(reader, 400, "framing in a trailer");
    }
    if (!lower)
        return http_refuse(reader, 400, "bad trailer");
    if (reader->trailer_name_bytes < sizeof(reader->trailer_name))
        reader->trailer_name[reader->trailer_name_bytes] = lower;
    reader->trailer_name_bytes++;
    return true;
}

static bool read_trailer(struct http_reader *reader, char c)
{
    reader->trailer_name_bytes = 0;
    reader->chunk_state = c == '\r' ? END_LF : TRAILER_NAME;
    return c == '\r' || read_trailer_name(reader, c);
}

static bool read_trailer_value(struct http_reader *reader, char c)
{
    if (c == '\r')
        reader->chunk_state = TRAILER_LF;
    else if (!http_value_valid(&c, 1))
        return http_refuse(reader, 400, "bad trailer");
    return true;
}

static bool end_trailer(struct http_reader *reader, char c)
{
    if (c != '\n')
        return http_refuse(reader, 400, "bare CR in a trailer");
    if (reader->chunk_state == END_LF)
        reader->phase = HTTP_COMPLETE;
    reader->chunk_state = TRAILER;
    return true;
}

/* -- all of it ----------------------------------------------------------------------------------
 */

static bool (*const readers[])(struct http_reader *reader, char c) = {
    [SIZE] = read_size,
    [SIZE_END] = end_size,
    [DATA_CR] = end_data,
    [DATA_LF] = end_data,
    [TRAILER] = read_trailer,
    [TRAILER_NAME] = read_trailer_name,
    [TRAILER_VALUE] = read_trailer_value,
    [TRAILER_LF] = end_trailer,
    [END_LF] = end_trailer,
};

static size_t take_data(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    size_t taken = http_body_take(reader, bytes, length_bytes);

    if (reader->left == 0)
        reader->chunk_state = DATA_CR;
    return taken;
}

static void read_byte(struct http_reader *reader, char c)
{
    if (reader->chunk_state >= TRAILER && ++reader->trailer_bytes > HTTP_TRAILER_BYTES)
        http_refuse(reader, 431, "trailers too long");
    else
        readers[reader->chunk_state](reader, c);
}

size_t http_chunk_feed(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    size_t at = 0;

    while (at < length_bytes && reader->phase == HTTP_BODY) {
        if (reader->chunk_state == DATA)
            at += take_data(reader, bytes + at, length_bytes - at);
        else
            read_byte(reader, bytes[at++]);
    }
    return at;
}
