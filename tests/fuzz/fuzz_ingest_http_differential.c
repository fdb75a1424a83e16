/* Our HTTP reader beside two others: Debian's http-parser and Node's llhttp (tests/fuzz/llhttp.sh).
 *
 * What must hold for every request that ours takes: each of the two takes it too, and sees the same
 * method, target and body, and the same end, so that nothing in front of us or behind us could cut
 * the bytes otherwise.
 *
 * What may differ:
 * - ours refuses and they do not. It is meant to be the strictest: no HTTP/1.0, one Host, no bare
 *   LF, no chunk extensions, no coding but chunked, smaller limits, origin-form targets alone.
 * - ours takes a method that they do not know. They have a list; ours takes any token, and who
 *   serves it decides. Such a request is not compared.
 * - http-parser takes "Transfer-Encoding-Anything" for "Transfer-Encoding" when it asks whether the
 *   body has an end, and refuses. It is not asked about such requests.
 */
#include "ingest/http_reader.h"
#include "tests/fuzz/peers/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits limits = {
    .head_bytes = 2048, .headers = 64, .body_bytes = 1024, .batch_bytes = 4096};

/* -- the comparison -----------------------------------------------------------------------------
 */

static bool same_target(const struct http_reader *ours, const struct buf *target)
{
    size_t path = strlen(ours->path), query = strlen(ours->query);
    const char *text = buf_text(target);

    if (target->length < path || memcmp(text, ours->path, path) != 0)
        return false;
    if (target->length == path)
        return query == 0;
    return text[path] == '?' && target->length == path + 1 + query &&
           memcmp(text + path + 1, ours->query, query) == 0;
}

static void require(bool holds, const char *peer, const char *what, const struct peer_view *view)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s (%s)\n", peer, what, view->why);
    abort();
}

static void compare(const struct http_reader *ours, size_t end, const char *bytes, size_t length,
                    const char *peer,
                    void (*read)(const char *bytes, size_t length, struct peer_view *view))
{
    struct peer_view view = {.complete = false};

    buf_init(&view.target, length);
    buf_init(&view.body, length);
    read(bytes, length, &view);
    if (!view.unknown_method) {
        require(view.complete, peer, "refuses it", &view);
        require(view.end == end, peer, "another end", &view);
        require(strcmp(view.method, ours->method) == 0, peer, "another method", &view);
        require(same_target(ours, &view.target), peer, "another target", &view);
        require(view.body.length == ours->body.length &&
                    memcmp(buf_text(&view.body), buf_text(&ours->body), view.body.length) == 0,
                peer, "another body", &view);
    }
    buf_release(&view.target);
    buf_release(&view.body);
}

static bool has_longer_name(const struct http_reader *reader, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < reader->header_count; i++)
        if (reader->headers[i].name_length > length &&
            memcmp(reader->headers[i].name, name, length) == 0)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_reader reader;
    const char *bytes = (const char *)data;
    size_t used = 0;

    http_reader_init(&reader, &limits);
    while (used < size && reader.phase < HTTP_COMPLETE)
        used += http_reader_feed(&reader, bytes + used, size - used);
    if (reader.phase == HTTP_COMPLETE) {
        if (!has_longer_name(&reader, "transfer-encoding"))
            compare(&reader, used, bytes, size, "http-parser", peer_http_parser);
        compare(&reader, used, bytes, size, "llhttp", peer_llhttp);
    }
    http_reader_release(&reader);
    return 0;
}
