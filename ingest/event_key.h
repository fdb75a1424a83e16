/* An idempotency key: the digest of an event's parts.
 *
 * Each part is hashed with its kind and its length before it, a long one as its own digest, so that
 * no two lists of parts run into the same bytes; at most EVENT_KEY_PARTS_MOST of them.
 */
#ifndef INGEST_EVENT_KEY_H
#define INGEST_EVENT_KEY_H

#include "ingest/envelope.h"

enum { EVENT_KEY_PARTS_MOST = 6, EVENT_KEY_PART_BYTES = 256, EVENT_KEY_PART_HEAD = 5 };

struct event_key {
    size_t length;
    bool failed;
    char bytes[EVENT_KEY_PARTS_MOST * (EVENT_KEY_PART_HEAD + EVENT_KEY_PART_BYTES)];
};

/* Only what is read: the bytes are not zeroed for each event. */
static inline void event_key_init(struct event_key *key)
{
    key->length = 0;
    key->failed = false;
}

/* NULL: the part is missing, which is another thing than empty. */
void event_key_add(struct event_key *key, const char *part, size_t part_bytes);

/* When there is no memory for a digest it is a key like no other, so that nothing is taken for a
 * duplicate. */
void event_key_make(const struct event_key *key, uint8_t out[EVENT_KEY_BYTES]);

#endif
