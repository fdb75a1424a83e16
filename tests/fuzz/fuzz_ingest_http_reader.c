/* Whatever comes over a connection: read at once and in random pieces, it is the same requests with
 * the same verdict, within its limits, and what is shown keeps its promises.
 *
 * The pieces follow from the bytes themselves, so that an input repeats.
 */
#include "ingest/http_reader.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {
    .head_bytes = 1024, .headers = 16, .body_bytes = 64, .batch_bytes = 256};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static size_t random_piece(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return 1 + (*seed >> 33) % (*seed >> 62 ? 7 : 100);
}

/* Feeds until the request ends or the bytes do. `seed` NULL: at once. */
static size_t feed(struct http_reader *reader, const uint8_t *data, size_t size, uint64_t *seed)
{
    size_t used = 0;

    while (used < size && reader->phase < HTTP_COMPLETE) {
        size_t left = size - used, piece = seed ? random_piece(seed) : left;
        char *copy;
        piece = piece < left ? piece : left;
        copy = malloc(piece); /* of its own, so that a byte read beyond it is found */
        if (!copy)
            exit(0);
        memcpy(copy, data + used, piece);
        used += http_reader_feed(reader, copy, piece);
        free(copy);
    }
    return used;
}

static void check_headers(const struct http_reader *reader)
{
    require(reader->header_count <= limits.headers);
    for (size_t i = 0; i < reader->header_count; i++) {
        const struct http_header *header = &reader->headers[i];
        require(strlen(header->name) == header->name_length && header->name_length > 0);
        require(strlen(header->value) == header->value_length);
        require(!strpbrk(header->name, " \t:ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        for (const char *c = header->value; *c; c++)
            require((unsigned char)*c >= ' ' || *c == '\t');
    }
}

static void check(const struct http_reader *reader)
{
    size_t body = reader->body.length;
    const char *text = buf_text(&reader->body);
    bool batch = text[strspn(text, " \t\r\n")] == '[';

    require(reader->head.length <= limits.head_bytes);
    require(body <= (batch ? limits.batch_bytes : limits.body_bytes) ||
            strspn(text, " \t\r\n") == body || reader->phase == HTTP_REFUSED);
    require((reader->phase == HTTP_REFUSED) == (reader->status >= 400));
    if (reader->phase != HTTP_COMPLETE)
        return;
    require(reader->method[0] && reader->path[0] == '/');
    require(!reader->chunked || reader->content_length == 0);
    require(reader->chunked || reader->content_length == body);
    check_headers(reader);
}

static void check_same(const struct http_reader *a, const struct http_reader *b)
{
    require(a->phase == b->phase && a->status == b->status && strcmp(a->why, b->why) == 0);
    if (a->phase != HTTP_COMPLETE)
        return;
    require(strcmp(a->method, b->method) == 0 && strcmp(a->path, b->path) == 0);
    require(strcmp(a->query, b->query) == 0 && a->keep_alive == b->keep_alive);
    require(a->header_count == b->header_count && a->body.length == b->body.length);
    require(memcmp(buf_text(&a->body), buf_text(&b->body), a->body.length) == 0);
    for (size_t i = 0; i < a->header_count; i++)
        require(strcmp(a->headers[i].name, b->headers[i].name) == 0 &&
                strcmp(a->headers[i].value, b->headers[i].value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_reader whole, pieces;
    uint64_t seed = size;
    size_t used, at = 0;

    for (size_t i = 0; i < size; i++)
        seed = seed * 31 + data[i];
    http_reader_init(&whole, &limits);
    http_reader_init(&pieces, &limits);
    do {
        http_reader_next(&whole);
        http_reader_next(&pieces);
        used = feed(&whole, data + at, size - at, NULL);
        require(feed(&pieces, data + at, size - at, &seed) == used || whole.phase == HTTP_REFUSED);
        check(&whole);
        check(&pieces);
        check_same(&whole, &pieces);
        at += used;
    } while (whole.phase == HTTP_COMPLETE);
    require(whole.phase == HTTP_REFUSED || at == size);
    http_reader_release(&whole);
    http_reader_release(&pieces);
    return 0;
}
