#include "ingest/event_key.h"

#include "core/clock.h"
#include "core/digest.h"

#include <stdatomic.h>
#include <string.h>

void event_key_add(struct event_key *key, const char *part, size_t part_bytes)
{
    char digest[DIGEST_HEX + 1];
    char kind = !part ? 'n' : part_bytes <= EVENT_KEY_PART_BYTES ? 't' : 'd';

    if (key->length + EVENT_KEY_PART_HEAD + EVENT_KEY_PART_BYTES > sizeof(key->bytes) ||
        (kind == 'd' && !digest_hex(part, part_bytes, DIGEST_HEX, digest))) {
        key->failed = true;
        return;
    }
    if (kind == 'd') {
        part = digest;
        part_bytes = DIGEST_HEX;
    }
    key->bytes[key->length++] = kind;
    for (int shift = 24; shift >= 0; shift -= 8)
        key->bytes[key->length++] = (char)(part_bytes >> shift & 0xFF);
    if (part_bytes > 0)
        memcpy(key->bytes + key->length, part, part_bytes);
    key->length += part_bytes;
}

static void make_unique(uint8_t out[EVENT_KEY_BYTES])
{
    static atomic_uint_fast64_t count;
    uint64_t parts[2] = {(uint64_t)clock_unix_us(), atomic_fetch_add(&count, 1)};

    memcpy(out, parts, EVENT_KEY_BYTES);
}

static uint8_t hex_value(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

void event_key_make(const struct event_key *key, uint8_t out[EVENT_KEY_BYTES])
{
    char hex[2 * EVENT_KEY_BYTES + 1];

    if (key->failed || !digest_hex(key->bytes, key->length, 2 * EVENT_KEY_BYTES, hex)) {
        make_unique(out);
        return;
    }
    for (size_t i = 0; i < EVENT_KEY_BYTES; i++)
        out[i] = (uint8_t)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
}
