#include "ingest/http_reader.h"

#include "ingest/http_parts.h"

#include <string.h>

/* What a connection keeps between requests. */
enum { KEEP_HEAD_BYTES = 4096, KEEP_BODY_BYTES = 16384 };

bool http_refuse(struct http_reader *reader, int status, const char *why)
{
    reader->phase = HTTP_REFUSED;
    reader->status = status;
    reader->why = why;
    return false;
}

/* -- life ----------------------------------------------------------------------------------------
 */

static size_t body_most(const struct http_limits *limits)
{
    return limits->batch_bytes > limits->body_bytes ? limits->batch_bytes : limits->body_bytes;
}

/* As before the first byte of a request; the two buffers are left alone. */
static void start_request(struct http_reader *reader)
{
    reader->phase = HTTP_IDLE;
    reader->status = 0;
    reader->why = reader->method = reader->path = reader->query = "";
    reader->header_count = 0;
    reader->keep_alive = reader->expects_continue = reader->chunked = false;
    reader->content_length = reader->claimed = reader->left = 0;
    reader->blank = HTTP_BLANK_NONE;
    reader->line_bytes = reader->trailer_bytes = reader->trailer_name_bytes = 0;
    reader->most = body_most(reader->limits);
    reader->most_known = false;
    reader->chunk_state = 0;
}

void http_reader_init(struct http_reader *reader, const struct http_limits *limits)
{
    reader->limits = limits;
    buf_init(&reader->head, limits->head_bytes);
    buf_init(&reader->body, body_most(limits));
    start_request(reader);
}

void http_reader_release(struct http_reader *reader)
{
    buf_release(&reader->head);
    buf_release(&reader->body);
    start_request(reader);
}

static void empty_buf(struct buf *buf, size_t keep_bytes)
{
    if (buf->size > keep_bytes)
        buf_release(buf);
    else
        buf_reset(buf);
}

void http_reader_next(struct http_reader *reader)
{
    empty_buf(&reader->head, KEEP_HEAD_BYTES);
    empty_buf(&reader->body, KEEP_BODY_BYTES);
    start_request(reader);
}

const struct http_header *http_reader_header(const struct http_reader *reader, const char *name,
                                             size_t *count)
{
    const struct http_header *found = NULL;
    size_t length = strlen(name), matches = 0;

    for (size_t i = 0; i < reader->header_count; i++) {
        const struct http_header *header = &reader->headers[i];
        if (header->name_length != length || memcmp(header->name, name, length) != 0)
            continue;
        found = header;
        matches++;
    }
    if (count)
        *count = matches;
    return matches == 1 ? found : NULL;
}

/* -- the body ------------------------------------------------------------------------------------
 */

bool http_body_claim(struct http_reader *reader, uint64_t more_bytes)
{
    if (more_bytes > reader->most - reader->claimed)
        return http_refuse(reader, 413, "body too large");
    reader->claimed += more_bytes;
    reader->left += more_bytes;
    return true;
}

/* The first byte that is no white space says whether it is a batch, and so how long it may be. */
static bool learn_most(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    const struct http_limits *limits = reader->limits;

    for (size_t i = 0; i < length_bytes && !reader->most_known; i++) {
        if (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n')
            continue;
        reader->most = bytes[i] == '[' ? limits->batch_bytes : limits->body_bytes;
        reader->most_known = true;
    }
    return reader->claimed <= reader->most || http_refuse(reader, 413, "body too large");
}

size_t http_body_take(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    size_t taken = length_bytes < reader->left ? length_bytes : (size_t)reader->left;

    if (!reader->most_known && !learn_most(reader, bytes, taken))
        return taken;
    buf_add(&reader->body, bytes, taken);
    if (reader->body.failed)
        http_refuse(reader, 503, "no memory");
    reader->left -= taken;
    return taken;
}

static size_t feed_body(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    size_t used;

    if (reader->chunked)
        return http_chunk_feed(reader, bytes, length_bytes);
    used = http_body_take(reader, bytes, length_bytes);
    if (reader->left == 0 && reader->phase == HTTP_BODY)
        reader->phase = HTTP_COMPLETE;
    return used;
}

/* -- the head ------------------------------------------------------------------------------------
 */

/* The head is whole: reads it. */
static void end_head(struct http_reader *reader)
{
    if (!http_head_read(reader) || !http_body_claim(reader, reader->content_length))
        return;
    reader->phase = reader->chunked || reader->left > 0 ? HTTP_BODY : HTTP_COMPLETE;
}

/* Finds the empty line that ends the head: its end, or as far as these bytes go. What came of
 * the line before is in reader->head and line_bytes. */
static size_t find_head_end(struct http_reader *reader, const char *bytes, size_t length_bytes,
                            bool *ended)
{
    size_t at = 0;

    while (at < length_bytes && !*ended) {
        const char *newline = memchr(bytes + at, '\n', length_bytes - at);
        size_t next = newline ? (size_t)(newline - bytes) + 1 : length_bytes;
        reader->line_bytes += next - at;
        at = next;
        if (!newline)
            break;
        if ((at > 1 ? newline[-1] : reader->head.data[reader->head.length - 1]) != '\r') {
            http_refuse(reader, 400, "bare LF in the head");
            break;
        }
        *ended = reader->line_bytes == 2;
        reader->line_bytes = 0;
    }
    return at;
}

static size_t feed_head(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    size_t room = reader->limits->head_bytes - reader->head.length;
    bool ended = false;
    size_t used = find_head_end(reader, bytes, length_bytes < room ? length_bytes : room, &ended);

    if (reader->phase == HTTP_REFUSED)
        return used;
    buf_add(&reader->head, bytes, used);
    if (reader->head.failed)
        http_refuse(reader, 503, "no memory");
    else if (ended)
        end_head(reader);
    else if (used == room)
        http_refuse(reader, 431, "head too long");
    return used;
}

/* One empty line may stand before a request (RFC 9112, 2.2); what begins it must be a method. That
 * also ends a TLS hello at its first byte. */
static bool skip_blank(struct http_reader *reader, char c)
{
    if (reader->blank == HTTP_BLANK_NONE && c == '\r')
        reader->blank = HTTP_BLANK_CR;
    else if (reader->blank == HTTP_BLANK_CR && c == '\n')
        reader->blank = HTTP_BLANK_LINE;
    else if (reader->blank == HTTP_BLANK_CR || !http_token_lower[(unsigned char)c])
        http_refuse(reader, 400, "not a request");
    else
        return false;
    return true;
}

static size_t feed_idle(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    size_t used = 0;

    while (used < length_bytes && reader->phase == HTTP_IDLE) {
        if (skip_blank(reader, bytes[used]))
            used++;
        else
            reader->phase = HTTP_HEAD;
    }
    if (reader->phase == HTTP_HEAD)
        used += feed_head(reader, bytes + used, length_bytes - used);
    return used;
}

size_t http_reader_feed(struct http_reader *reader, const char *bytes, size_t length_bytes)
{
    if (length_bytes == 0)
        return 0;
    switch (reader->phase) {
    case HTTP_IDLE:
        return feed_idle(reader, bytes, length_bytes);
    case HTTP_HEAD:
        return feed_head(reader, bytes, length_bytes);
    case HTTP_BODY:
        return feed_body(reader, bytes, length_bytes);
    case HTTP_COMPLETE:
    case HTTP_REFUSED:
        break;
    }
    return 0;
}
