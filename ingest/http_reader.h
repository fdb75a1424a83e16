/* A strict HTTP/1.1 request reader: bytes in, request out; touches no socket.
 *
 * It accepts what a webhook sender sends and nothing that two readers could understand
 * differently (RFC 9112): CRLF only, no folded lines, no space before a colon, one Content-Length
 * or exactly `Transfer-Encoding: chunked` and never both, exactly one Host, HTTP/1.1 only, trailers
 * looked at and dropped, no chunk extensions, no CONNECT. Any other method that is a token is read;
 * which are served is not decided here.
 *
 * Always holds: neither head nor body grow past their limits, and the body's memory grows with the
 * bytes that came, never with the length that was claimed. After REFUSED nothing more is read.
 *
 * Life cycle: http_reader_init allocates nothing; http_reader_feed until COMPLETE; take the body or
 * leave it; http_reader_next for the following request of the same connection;
 * http_reader_release.
 */
#ifndef INGEST_HTTP_READER_H
#define INGEST_HTTP_READER_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_limits {
    size_t head_bytes;  /* request line and headers, with all line ends */
    size_t headers;     /* at most HTTP_HEADERS_MOST */
    size_t body_bytes;  /* a body that does not begin with '[' (white space before it is skipped) */
    size_t batch_bytes; /* one that does */
};

enum { HTTP_HEADERS_MOST = 256, HTTP_CHUNK_DIGITS_MOST = 8, HTTP_TRAILER_BYTES = 4096 };

enum http_phase {
    HTTP_IDLE,     /* not one byte of a request yet (empty lines before it do not count) */
    HTTP_HEAD,     /* in the request line or the headers */
    HTTP_BODY,     /* the head is complete and may be looked at */
    HTTP_COMPLETE, /* the request is whole */
    HTTP_REFUSED,  /* never to be understood: `status` is the reply, then close */
};

/* Names are lower-cased; values have no white space around them. Both end in NUL and live until
 * http_reader_next. A value holds no control characters but tab. */
struct http_header {
    const char *name, *value;
    size_t name_length, value_length;
};

struct http_reader {
    /* For the caller to read. */
    enum http_phase phase;
    int status;         /* REFUSED: 400, 413, 431, 501 or 505; 503: no memory */
    const char *why;    /* REFUSED: a few words that never change, for logs and counting */
    const char *method; /* from HTTP_BODY on; as it came */
    const char *path;   /* up to the '?', as it came: never decoded */
    const char *query;  /* after it; "" when there is none */
    struct http_header headers[HTTP_HEADERS_MOST];
    size_t header_count;
    bool keep_alive;
    bool expects_continue; /* Expect: 100-continue; send it when the body is wanted */
    bool chunked;
    uint64_t content_length; /* as claimed; 0 when chunked */
    struct buf body;         /* COMPLETE: whole; buf_take it, or leave it */
    /* Its own. */
    const struct http_limits *limits;
    struct buf head;
    enum { HTTP_BLANK_NONE, HTTP_BLANK_CR, HTTP_BLANK_LINE } blank; /* before the request */
    size_t line_bytes;   /* of the head's last line; digits of a chunk's size */
    uint64_t claimed;    /* bytes of the body, as far as they were announced */
    uint64_t left;       /* of these, still to come */
    size_t most;         /* claimed may not pass it */
    bool most_known;     /* the body's first byte was seen */
    uint8_t chunk_state; /* http_chunk.c */
    size_t trailer_bytes, trailer_name_bytes;
    char trailer_name[24]; /* enough to tell those apart that matter */
};

/* `limits` is borrowed and must live as long as the reader. */
void http_reader_init(struct http_reader *reader, const struct http_limits *limits);
void http_reader_release(struct http_reader *reader);

/* Takes bytes of the connection; returns how many were used: all of them, unless the phase became
 * COMPLETE or REFUSED, or the head became complete just now (the phase is HTTP_BODY and the caller
 * may look at it before it feeds the rest; a request without a body is COMPLETE at once). */
size_t http_reader_feed(struct http_reader *reader, const char *bytes, size_t length_bytes);

/* After COMPLETE: ready for the next request. Keeps small buffers, frees large ones. */
void http_reader_next(struct http_reader *reader);

/* The only header of that (lower-case) name; NULL when there is none, or more than one
 * (*count, when not NULL, says how many). */
const struct http_header *http_reader_header(const struct http_reader *reader, const char *name,
                                             size_t *count);

#endif
