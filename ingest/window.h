/* The idempotency window: the keys of what was delivered lately, in memory.
 *
 * A key counts as seen when its delivery has succeeded, never before. The window is rebuilt from
 * the ledger at the start. It holds at most `keys`; past that the oldest are forgotten before their
 * time, and counted.
 *
 * Not locked: the dispatch, its only user, has a lock of its own.
 */
#ifndef INGEST_WINDOW_H
#define INGEST_WINDOW_H

#include "core/error.h"
#include "ingest/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window;

/* Memory grows with what is in it. NULL: no memory. */
struct window *window_new(int64_t window_ms, int64_t keys_most);
void window_free(struct window *window);

/* Was the key added less than the window's length before now_s (seconds since the epoch; a clock
 * that was set back forgets nothing)? */
bool window_has(const struct window *window, const uint8_t key[EVENT_KEY_BYTES], int64_t now_s);

/* Remembers it from at_s on. False: no memory, and it is not remembered. Adding what is there moves
 * it to the later time. */
MUST_CHECK bool window_add(struct window *window, const uint8_t key[EVENT_KEY_BYTES], int64_t at_s,
                           int64_t now_s);

/* Lets go of what has expired; cheap, to be called now and then. */
void window_expire(struct window *window, int64_t now_s);

size_t window_count(const struct window *window);
uint64_t window_dropped(const struct window *window); /* forgotten before their time */

#endif
