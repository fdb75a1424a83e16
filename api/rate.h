/* Pacing by the rate limit: slow down before the limit is reached, not after.
 *
 * Every reply says how many calls of the window are used (inin-ratelimit-count), how many there are
 * (-allowed) and in how many seconds the window ends (-reset). Below RATE_FREE_PERCENT of the
 * allowance nothing is held back; above, what is left is spread evenly over the rest of the window;
 * with none left, the next call waits for the window's end. Calls under way count as used, since
 * their replies will say so.
 *
 * It has no clock: every operation is told what time it is, in milliseconds of any clock that only
 * goes forward. Plain values; nothing to release.
 */
#ifndef API_RATE_H
#define API_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_FREE_PERCENT = 70, RATE_WINDOW_MS = 60000 };

struct rate {
    int64_t count, allowed, reset_s; /* as last seen; -1: not known */
    int64_t reset_at_ms;             /* end of the window; meaningful while allowed >= 0 */
    int64_t blocked_until_ms;        /* no call before (after a 429) */
    int64_t started_ms;              /* when the last call was started */
    uint64_t under_way;              /* calls whose reply has not been seen */
};

void rate_init(struct rate *rate);

/* A call is started. */
void rate_start(struct rate *rate, int64_t now_ms);

/* A call has ended, with or without a reply. */
void rate_finish(struct rate *rate);

/* What a reply's headers say; -1 where one is missing. Values that make no sense are ignored; of
 * two replies of one window the higher count holds, whichever came first. */
void rate_observe(struct rate *rate, int64_t now_ms, int64_t count, int64_t allowed,
                  int64_t reset_s);

/* The service has refused a call: none is to be started in the next wait_ms. */
void rate_block(struct rate *rate, int64_t now_ms, int64_t wait_ms);

/* How long the next call must wait; 0: not at all. */
int64_t rate_delay_ms(const struct rate *rate, int64_t now_ms);

/* True while the present window has no call left. */
bool rate_is_used_up(const struct rate *rate, int64_t now_ms);

/* How many calls may usefully be under way at once: 1..most. */
unsigned rate_width(const struct rate *rate, int64_t now_ms, unsigned most);

/* How long `calls` further calls are held back in all; 0 while no limit is known. */
int64_t rate_eta_ms(const struct rate *rate, int64_t now_ms, uint64_t calls);

#endif
