/* What the HTTP reader takes, what it refuses, and that it never matters how the bytes come in. */
#include "ingest/http_reader.h"

#include "tests/unit/unit.h"

#include <stdio.h>

static const struct http_limits limits = {
    .head_bytes = 512, .headers = 8, .body_bytes = 32, .batch_bytes = 64};

/* -- one reading --------------------------------------------------------------------------------
 */

/* Feeds the pieces [0, cut), [cut, length), each from the heap at its exact size, so that a byte
 * read beyond it is found. Returns how much was used. */
static size_t feed_piece(struct http_reader *reader, const char *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);
    size_t used = 0;

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    while (used < length && reader->phase < HTTP_COMPLETE)
        used += http_reader_feed(reader, copy + used, length - used);
    free(copy);
    return used;
}

static size_t feed_cut(struct http_reader *reader, const char *bytes, size_t length, size_t cut)
{
    size_t used = feed_piece(reader, bytes, cut);

    return used < cut ? used : cut + feed_piece(reader, bytes + cut, length - cut);
}

static size_t feed_slowly(struct http_reader *reader, const char *bytes, size_t length)
{
    size_t used = 0;

    while (used < length && reader->phase < HTTP_COMPLETE)
        used += feed_piece(reader, bytes + used, 1);
    return used;
}

static void assert_same(const struct http_reader *a, const struct http_reader *b)
{
    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->status, b->status);
    assert_string_equal(a->why, b->why);
    if (a->phase != HTTP_COMPLETE)
        return;
    assert_string_equal(a->method, b->method);
    assert_string_equal(a->path, b->path);
    assert_string_equal(a->query, b->query);
    assert_int_equal(a->keep_alive, b->keep_alive);
    assert_int_equal(a->header_count, b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        assert_string_equal(a->headers[i].name, b->headers[i].name);
        assert_string_equal(a->headers[i].value, b->headers[i].value);
    }
    assert_int_equal(a->body.length, b->body.length);
    assert_memory_equal(buf_text(&a->body), buf_text(&b->body), a->body.length);
}

/* Reads whole; then cut in two at every place, and byte by byte, which must all give the same. How
 * much was used says nothing once it is refused. */
static size_t read_all_ways(struct http_reader *whole, const char *bytes, size_t length)
{
    static struct http_reader other;
    size_t used, used_other;

    http_reader_init(whole, &limits);
    used = feed_piece(whole, bytes, length);
    http_reader_init(&other, &limits);
    for (size_t cut = 0; cut <= length + 1; cut++) {
        used_other = cut <= length ? feed_cut(&other, bytes, length, cut)
                                   : feed_slowly(&other, bytes, length);
        assert_same(whole, &other);
        assert_true(whole->phase == HTTP_REFUSED || used == used_other);
        http_reader_next(&other);
    }
    http_reader_release(&other);
    return used;
}

/* -- what is taken ------------------------------------------------------------------------------
 */

#define POST    "POST /events HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct good {
    const char *request;
    const char *method, *path, *query, *body;
    size_t headers;
    bool closes;
} good[] = {
    {POST "Content-Length: 5\r\n\r\nhello", "POST", "/events", "", "hello", 2, false},
    {POST "content-LENGTH:\t 5\r\n\r\nhello", "POST", "/events", "", "hello", 2, false},
    {POST "Content-Length: 005\r\n\r\nhello", "POST", "/events", "", "hello", 2, false},
    {POST "\r\n", "POST", "/events", "", "", 1, false},
    {POST "Content-Length: 0\r\n\r\n", "POST", "/events", "", "", 2, false},
    {"\r\n" POST "\r\n", "POST", "/events", "", "", 1, false},
    {"GET /a/%2e%2e/b?x=1&y=?z HTTP/1.1\r\nHost: h\r\n\r\n", "GET", "/a/%2e%2e/b", "x=1&y=?z", "",
     1, false},
    {"GET /? HTTP/1.1\r\nHost: h\r\n\r\n", "GET", "/", "", "", 1, false},
    {"!#$%&'*+-.^_`|~aZ9 / HTTP/1.1\r\nHost: h\r\n\r\n", "!#$%&'*+-.^_`|~aZ9", "/", "", "", 1,
     false},
    {POST "Connection: close\r\n\r\n", "POST", "/events", "", "", 2, true},
    {POST "Connection: foo ,CLOSE, bar\r\n\r\n", "POST", "/events", "", "", 2, true},
    {POST "Connection: keep-alive, closed\r\n\r\n", "POST", "/events", "", "", 2, false},
    {POST "Connection: close\r\nConnection: keep-alive\r\n\r\n", "POST", "/events", "", "", 3,
     true},
    {POST "A:\r\nB: \t\r\nC: x\ty z \r\nD: \xC3\xA4\xFF\r\n\r\n", "POST", "/events", "", "", 5,
     false},
    {POST "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\n\r\n", "POST", "/events", "", "",
     8, false},
    {CHUNKED "5\r\nhello\r\n0\r\n\r\n", "POST", "/events", "", "hello", 2, false},
    {CHUNKED
     "1\r\nh\r\n00000002\r\nel\r\n2\r\nlo\r\n0\r\nA: b\r\nLonger-Than-Any-Other-Name:\r\n\r\n",
     "POST", "/events", "", "hello", 2, false},
    {CHUNKED "A\r\n0123456789\r\nb\r\n0123456789a\r\n00\r\n\r\n", "POST", "/events", "",
     "01234567890123456789a", 2, false},
    {CHUNKED "0\r\n\r\n", "POST", "/events", "", "", 2, false},
    {POST "TRANSFER-encoding: CHUNKED\r\n\r\n0\r\n\r\n", "POST", "/events", "", "", 2, false},
    {POST "Content-Length: 32\r\n\r\n0123456789012345678901234567890x", "POST", "/events", "",
     "0123456789012345678901234567890x", 2, false},
    {POST "Content-Length: 41\r\n\r\n\r\n \t[0123456789012345678901234567890123 ]", "POST",
     "/events", "", "\r\n \t[0123456789012345678901234567890123 ]", 2, false},
};

static void assert_good(const struct good *row)
{
    static struct http_reader reader;
    size_t length = strlen(row->request);
    char request[512];

    /* What follows on the connection is left alone. */
    assert_true(length + 4 < sizeof(request));
    memcpy(request, row->request, length);
    memcpy(request + length, "GET ", 4);
    if (read_all_ways(&reader, request, length + 4) != length || reader.phase != HTTP_COMPLETE)
        fail_msg("%s: %s", row->request, reader.why);
    assert_string_equal(reader.method, row->method);
    assert_string_equal(reader.path, row->path);
    assert_string_equal(reader.query, row->query);
    assert_int_equal(reader.header_count, row->headers);
    assert_int_equal(reader.keep_alive, !row->closes);
    assert_int_equal(reader.body.length, strlen(row->body));
    assert_memory_equal(buf_text(&reader.body), row->body, reader.body.length);
    http_reader_release(&reader);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_good(&good[i]);
}

/* -- what is refused ----------------------------------------------------------------------------
 */

#define TEN   "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
/* A row's bytes may hold NULs. */
#define BYTES(text) text, sizeof(text) - 1

static const struct bad {
    const char *request;
    size_t length;
    int status;
    const char *why;
} bad[] = {
    /* the request line */
    {BYTES("\r\n\r\n"), 400, "not a request"},
    {BYTES("\n"), 400, "not a request"},
    {BYTES("\rX"), 400, "not a request"},
    {BYTES(" POST"), 400, "not a request"},
    {BYTES("\x16\x03\x01"), 400, "not a request"},
    {BYTES("\r\n\x16"), 400, "not a request"},
    {BYTES("POST\r\n\r\n"), 400, "bad request line"},
    {BYTES("PO\0ST / HTTP/1.1\r\n\r\n"), 400, "bad request line"},
    {BYTES("PO(ST / HTTP/1.1\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST\t/ HTTP/1.1\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST  / HTTP/1.1\r\n\r\n"), 400, "target is no path"},
    {BYTES("POST /\r\n\r\n"), 400, "bad byte in the target"},
    {BYTES("POST / \r\n\r\n"), 400, "bad request line"},
    {BYTES("POST /  HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST / HTTP/1.1 \r\nHost: h\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST / http/1.1\r\nHost: h\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST / HTTP/1.1x\r\nHost: h\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST / HTTP/11\r\nHost: h\r\n\r\n"), 400, "bad request line"},
    {BYTES("POST / HTTP/1.0\r\nHost: h\r\n\r\n"), 505, "HTTP version"},
    {BYTES("POST / HTTP/1.2\r\nHost: h\r\n\r\n"), 505, "HTTP version"},
    {BYTES("PRI / HTTP/2.0\r\n\r\n"), 505, "HTTP version"},
    {BYTES("PRI * HTTP/2.0\r\n\r\n"), 400, "target is no path"},
    {BYTES("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "target is no path"},
    {BYTES("POST http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "target is no path"},
    {BYTES("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "target is no path"},
    {BYTES("CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "another protocol"},
    {BYTES("PRI / HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "another protocol"},
    {BYTES("POST /a#b HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad byte in the target"},
    {BYTES("POST /a\tb HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad byte in the target"},
    {BYTES("POST /a\0b HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad byte in the target"},
    {BYTES("POST /\x7F HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad byte in the target"},
    {BYTES("POST /\xC3\xA4 HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad byte in the target"},
    {BYTES("POST /a\rb HTTP/1.1\r\nHost: h\r\n\r\n"), 400, "bad byte in the target"},
    /* line ends */
    {BYTES("POST / HTTP/1.1\nHost: h\n\n"), 400, "bare LF in the head"},
    {BYTES(POST "A: b\n\r\n"), 400, "bare LF in the head"},
    {BYTES(POST "\n"), 400, "bare LF in the head"},
    {BYTES(POST "A: b\rc\r\n\r\n"), 400, "control character in a value"},
    {BYTES(POST "A: b\r\r\n\r\n"), 400, "control character in a value"},
    {BYTES(POST "\r\r\n\r\n"), 400, "bad header name"},
    /* headers */
    {BYTES(POST " A: b\r\n\r\n"), 400, "folded line"},
    {BYTES(POST "A: b\r\n\tc\r\n\r\n"), 400, "folded line"},
    {BYTES(POST "A : b\r\n\r\n"), 400, "space before a colon"},
    {BYTES(POST "Content-Length\t: 5\r\n\r\n"), 400, "space before a colon"},
    {BYTES(POST ": b\r\n\r\n"), 400, "bad header name"},
    {BYTES(POST "A\r\n\r\n"), 400, "bad header name"},
    {BYTES(POST "A\0B: c\r\n\r\n"), 400, "bad header name"},
    {BYTES(POST "A(B: c\r\n\r\n"), 400, "bad header name"},
    {BYTES(POST "\xC3\xA4: c\r\n\r\n"), 400, "bad header name"},
    {BYTES(POST "A: b\0c\r\n\r\n"), 400, "control character in a value"},
    {BYTES(POST "A: b\x01\r\n\r\n"), 400, "control character in a value"},
    {BYTES(POST "A: 0123456789\x1F" TEN "\r\n\r\n"), 400, "control character in a value"},
    {BYTES(POST "A: 0123\x7F" TEN "\r\n\r\n"), 400, "control character in a value"},
    {BYTES(POST "A: 0123\t" TEN "\x0B\r\n\r\n"), 400, "control character in a value"},
    {BYTES("POST / HTTP/1.1\r\n\r\n"), 400, "no Host"},
    {BYTES("POST / HTTP/1.1\r\nHost:\r\n\r\n"), 400, "empty Host"},
    {BYTES(POST "Host: h\r\n\r\n"), 400, "two Host headers"},
    {BYTES(POST "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"), 431, "too many headers"},
    {BYTES(POST "A: " FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY), 431,
     "head too long"},
    /* lengths */
    {BYTES(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400,
     "two Content-Length headers"},
    {BYTES(POST "Content-Length: 5, 5\r\n\r\nhello"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: +5\r\n\r\nhello"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: -1\r\n\r\n"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: 0x5\r\n\r\nhello"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: 5 5\r\n\r\nhello"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length:\r\n\r\n"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: 5\t\r\n\r\nhello"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: 5 \r\n\r\nhello"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: 18446744073709551616\r\n\r\n"), 400, "bad Content-Length"},
    {BYTES(POST "Content-Length: 999999999999999999\r\n\r\n"), 413, "body too large"},
    {BYTES(POST "Content-Length: 65\r\n\r\n"), 413, "body too large"},
    {BYTES(POST "Content-Length: 33\r\n\r\n{"), 413, "body too large"},
    {BYTES(POST "Content-Length: 64\r\n\r\n \r\n\tx"), 413, "body too large"},
    {BYTES(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400,
     "Content-Length beside Transfer-Encoding"},
    {BYTES(POST "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"), 501,
     "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\n"), 400,
     "Content-Length beside Transfer-Encoding"},
    {BYTES(POST "Transfer-Encoding: gzip\r\n\r\n"), 501, "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding:\r\n\r\n"), 501, "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501,
     "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), 501,
     "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501, "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501, "Transfer-Encoding is not chunked"},
    {BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 501,
     "Transfer-Encoding is not chunked"},
    /* chunks */
    {BYTES(CHUNKED "\r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "g\r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "-1\r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "0x1\r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED " 1\r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "1 \r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "1\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "000000001\r\n"), 400, "bad chunk size"},
    {BYTES(CHUNKED "1\rx"), 400, "bare CR after a chunk size"},
    {BYTES(CHUNKED "1;a=b\r\n"), 400, "chunk extension"},
    {BYTES(CHUNKED "1\r\nab"), 400, "chunk longer than its size"},
    {BYTES(CHUNKED "1\r\na\n"), 400, "chunk longer than its size"},
    {BYTES(CHUNKED "1\r\na\r\r"), 400, "chunk longer than its size"},
    {BYTES(CHUNKED "41\r\n"), 413, "body too large"},
    {BYTES(CHUNKED "FFFFFFFF\r\n"), 413, "body too large"},
    {BYTES(CHUNKED "21\r\nx"), 413, "body too large"},
    {BYTES(CHUNKED "1\r\nx\r\n20\r\n"), 413, "body too large"},
    {BYTES(CHUNKED "1\r\n[\r\n40\r\n"), 413, "body too large"},
    {BYTES(CHUNKED "21\r\n" TEN TEN TEN "012\r\n"), 413, "body too large"},
    {BYTES(CHUNKED "0\r\n\n"), 400, "bad trailer"},
    {BYTES(CHUNKED "0\r\n:\r\n"), 400, "bad trailer"},
    {BYTES(CHUNKED "0\r\nA b\r\n"), 400, "bad trailer"},
    {BYTES(CHUNKED "0\r\nA: b\x01\r\n"), 400, "bad trailer"},
    {BYTES(CHUNKED "0\r\nA: b\n"), 400, "bad trailer"},
    {BYTES(CHUNKED "0\r\nA: b\r\n c"), 400, "bad trailer"},
    {BYTES(CHUNKED "0\r\nA: b\rc"), 400, "bare CR in a trailer"},
    {BYTES(CHUNKED "0\r\n\rx"), 400, "bare CR in a trailer"},
    {BYTES(CHUNKED "0\r\nContent-Length: 1\r\n"), 400, "framing in a trailer"},
    {BYTES(CHUNKED "0\r\nA: b\r\nContent-Length: 1\r\n"), 400, "framing in a trailer"},
    {BYTES(CHUNKED "0\r\nTransfer-ENCODING: x\r\n"), 400, "framing in a trailer"},
};

static void test_bad(void **state)
{
    static struct http_reader reader;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        read_all_ways(&reader, bad[i].request, bad[i].length);
        if (reader.phase != HTTP_REFUSED || reader.status != bad[i].status ||
            strcmp(reader.why, bad[i].why) != 0)
            fail_msg("row %zu: %d %s, not %s", i, reader.status, reader.why, bad[i].why);
        assert_int_equal(http_reader_feed(&reader, "x", 1), 0);
        http_reader_release(&reader);
    }
}

static void test_trailers_are_bounded(void **state)
{
    static struct http_reader reader;
    size_t fed = 0;

    (void)state;
    http_reader_init(&reader, &limits);
    feed_piece(&reader, BYTES(CHUNKED "0\r\n"));
    while (reader.phase == HTTP_BODY && fed < 2 * HTTP_TRAILER_BYTES)
        fed += feed_piece(&reader, BYTES("A: bcdef\r\n"));
    assert_int_equal(reader.phase, HTTP_REFUSED);
    assert_int_equal(reader.status, 431);
    assert_true(fed <= HTTP_TRAILER_BYTES + 10);
    http_reader_release(&reader);
}

/* -- the phases ---------------------------------------------------------------------------------
 */

static void test_head_is_shown_before_the_body(void **state)
{
    static const char request[] = POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi";
    static struct http_reader reader;
    size_t used, count;

    (void)state;
    http_reader_init(&reader, &limits);
    assert_int_equal(http_reader_feed(&reader, "\r\n", 2), 2);
    assert_int_equal(reader.phase, HTTP_IDLE);
    assert_int_equal(http_reader_feed(&reader, request, 3), 3);
    assert_int_equal(reader.phase, HTTP_HEAD);
    used = 3 + http_reader_feed(&reader, request + 3, sizeof(request) - 4);
    assert_int_equal(used, sizeof(request) - 3);
    assert_int_equal(reader.phase, HTTP_BODY);
    assert_true(reader.expects_continue);
    assert_int_equal(reader.content_length, 2);
    assert_int_equal(reader.body.length, 0);
    assert_string_equal(http_reader_header(&reader, "expect", &count)->value, "100-Continue");
    assert_int_equal(count, 1);
    assert_int_equal(http_reader_feed(&reader, request + used, 2), 2);
    assert_int_equal(reader.phase, HTTP_COMPLETE);
    http_reader_release(&reader);
}

static void test_header_that_stands_twice(void **state)
{
    static struct http_reader reader;
    size_t count = 7;

    (void)state;
    http_reader_init(&reader, &limits);
    feed_piece(&reader, BYTES(POST "A: 1\r\na: 2\r\n\r\n"));
    assert_null(http_reader_header(&reader, "a", &count));
    assert_int_equal(count, 2);
    assert_null(http_reader_header(&reader, "b", &count));
    assert_int_equal(count, 0);
    assert_non_null(http_reader_header(&reader, "host", NULL));
    http_reader_release(&reader);
}

/* Requests that come in one piece are read one after the other, bodies taken or left. */
static void test_pipelined(void **state)
{
    static const char requests[] =
        POST "Content-Length: 3\r\n\r\none" CHUNKED "3\r\ntwo\r\n0\r\n\r\n"
             "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    static struct http_reader reader;
    size_t used;
    char *body;

    (void)state;
    http_reader_init(&reader, &limits);
    used = feed_piece(&reader, BYTES(requests));
    body = buf_take(&reader.body);
    assert_string_equal(body, "one");
    free(body);
    http_reader_next(&reader);
    assert_int_equal(reader.phase, HTTP_IDLE);
    used += feed_piece(&reader, requests + used, sizeof(requests) - 1 - used);
    assert_string_equal(buf_text(&reader.body), "two");
    assert_true(reader.chunked);
    http_reader_next(&reader);
    used += feed_piece(&reader, requests + used, sizeof(requests) - 1 - used);
    assert_int_equal(used, sizeof(requests) - 1);
    assert_string_equal(reader.path, "/three");
    assert_false(reader.keep_alive || reader.chunked);
    assert_int_equal(reader.body.length, 0);
    http_reader_release(&reader);
}

/* A claim costs nothing: memory comes with the bytes. */
static void test_memory_follows_bytes(void **state)
{
    static const struct http_limits wide = {4096, 64, 1 << 30, 1 << 30};
    static struct http_reader reader;

    (void)state;
    http_reader_init(&reader, &wide);
    feed_piece(&reader, BYTES(POST "Content-Length: 1000000000\r\n\r\nx"));
    assert_int_equal(reader.phase, HTTP_BODY);
    assert_true(reader.body.size <= 4096);
    http_reader_release(&reader);
}

/* Small buffers stay for the next request, large ones go. */
static void test_buffers_kept(void **state)
{
    static const struct http_limits wide = {4096, 64, 1 << 20, 1 << 20};
    static struct http_reader reader;
    char *body = calloc(1, 100000);

    (void)state;
    assert_non_null(body);
    http_reader_init(&reader, &wide);
    feed_piece(&reader, BYTES(POST "Content-Length: 100000\r\n\r\n"));
    feed_piece(&reader, body, 100000);
    assert_int_equal(reader.phase, HTTP_COMPLETE);
    http_reader_next(&reader);
    assert_int_equal(reader.body.size, 0);
    assert_true(reader.head.size > 0);
    free(body);
    http_reader_release(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_trailers_are_bounded),
        cmocka_unit_test(test_head_is_shown_before_the_body),
        cmocka_unit_test(test_header_that_stands_twice),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_memory_follows_bytes),
        cmocka_unit_test(test_buffers_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
