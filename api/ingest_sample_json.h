/* JSON read as it stands, without building values (RFC 8259). Private to ingest_sample*.c.
 *
 * jansson reads everywhere else. Here a body comes every second from each endpoint and may be
 * megabytes: 10,000 subscriptions take jansson 130 ms, and stop the keyboard for as long; this
 * takes an eighth of it. The fuzzer holds the two against each other: what is read here, jansson
 * reads too.
 *
 * Always holds: after a function returned false, `failed` is set and every further one returns
 * false; `at` is where the trouble is.
 */
#ifndef API_INGEST_SAMPLE_JSON_H
#define API_INGEST_SAMPLE_JSON_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

struct json_reader {
    const char *at, *end;
    int depth;
    bool first; /* of an object or array that was just entered */
    bool failed;
};
void json_reader_init(struct json_reader *reader, const char *text, size_t length);

/* Between the quotes, as it stands: valid UTF-8, its escapes valid, no NUL. */
struct json_piece {
    const char *text;
    size_t length;
    bool escaped;
};

/* The first character of what comes next, white space skipped; 0: the end. */
char json_peek(struct json_reader *reader);

/* Goes into '{' or '[', and from member to member: "while (json_next(…))". json_next is false at
 * the closing one, which it passes, and on failure. `key` is an object's; NULL: an array. */
MUST_CHECK bool json_enter(struct json_reader *reader, char open);
MUST_CHECK bool json_next(struct json_reader *reader, struct json_piece *key);

MUST_CHECK bool json_take_string(struct json_reader *reader, struct json_piece *string);
/* `text` is the number as it stands. */
MUST_CHECK bool json_take_number(struct json_reader *reader, struct json_piece *number);
/* "true", "false", "null". */
MUST_CHECK bool json_take_word(struct json_reader *reader, const char *word);
MUST_CHECK bool json_skip(struct json_reader *reader);
/* Nothing but white space follows. */
MUST_CHECK bool json_finish(struct json_reader *reader);

/* Writes out what escapes stand for; at most piece.length bytes. Returns how many. */
size_t json_unescape(const struct json_piece *piece, char *out);

#endif
