/* What the files of the HTTP reader share, and nobody else needs: http_reader.c (cuts the head and
 * the body from what comes), http_head.c (reads a whole head), http_chunk.c (chunked bodies). */
#ifndef INGEST_HTTP_PARTS_H
#define INGEST_HTTP_PARTS_H

#include "core/error.h"
#include "ingest/http_reader.h"

/* The lower-case form of a byte that a token may hold (RFC 9110, 5.6.2); 0 for all others. */
extern const char http_token_lower[256];

/* No control character but tab. */
bool http_value_valid(const char *bytes, size_t length_bytes);

/* Ends the reading. Returns false. */
bool http_refuse(struct http_reader *reader, int status, const char *why);

/* Reads reader->head, which ends in its first empty line, in place; sets everything that stands
 * above reader->body, and `claimed`. False: refused. */
MUST_CHECK bool http_head_read(struct http_reader *reader);

/* So many more bytes of body are announced. False: too many, refused. */
MUST_CHECK bool http_body_claim(struct http_reader *reader, uint64_t more_bytes);

/* Takes up to `left` bytes of body; returns how many. May refuse. */
size_t http_body_take(struct http_reader *reader, const char *bytes, size_t length_bytes);

/* Takes bytes of a chunked body until it ends (COMPLETE), they end or it is refused; returns how
 * many. chunk_state is 0 at its beginning. */
size_t http_chunk_feed(struct http_reader *reader, const char *bytes, size_t length_bytes);

#endif
