#include "api/rate.h"

enum {
    RESET_MAX_S = 300,      /* a longer window than this is a mistake of the header */
    RESET_LEAST_MS = 500,   /* "0 seconds" is rounded down */
    WINDOW_SLACK_MS = 1500, /* two replies of one window round its end differently */
    ALLOWED_MAX = 1000000
};

void rate_init(struct rate *rate)
{
    *rate = (struct rate){.count = -1, .allowed = -1, .reset_s = -1, .started_ms = INT64_MIN / 2};
}

void rate_start(struct rate *rate, int64_t now_ms)
{
    rate->under_way++;
    rate->started_ms = now_ms;
}

void rate_finish(struct rate *rate)
{
    if (rate->under_way > 0)
        rate->under_way--;
}

void rate_observe(struct rate *rate, int64_t now_ms, int64_t count, int64_t allowed,
                  int64_t reset_s)
{
    int64_t reset_at_ms = now_ms + (reset_s > 0 ? reset_s * 1000 : RESET_LEAST_MS);
    bool same_window = rate->allowed == allowed && now_ms < rate->reset_at_ms &&
                       reset_at_ms < rate->reset_at_ms + WINDOW_SLACK_MS;

    if (count < 0 || allowed <= 0 || allowed > ALLOWED_MAX || reset_s < 0 || reset_s > RESET_MAX_S)
        return;
    rate->reset_s = reset_s;
    rate->allowed = allowed;
    if (same_window && count < rate->count)
        return;
    rate->count = count;
    rate->reset_at_ms = reset_at_ms;
}

void rate_block(struct rate *rate, int64_t now_ms, int64_t wait_ms)
{
    if (now_ms + wait_ms > rate->blocked_until_ms)
        rate->blocked_until_ms = now_ms + wait_ms;
}

/* Calls of the present window that are used or spoken for. */
static int64_t rate_used(const struct rate *rate, int64_t now_ms)
{
    int64_t used = now_ms < rate->reset_at_ms ? rate->count : 0;

    return used + (int64_t)rate->under_way;
}

bool rate_is_used_up(const struct rate *rate, int64_t now_ms)
{
    return rate->allowed >= 0 && now_ms < rate->reset_at_ms &&
           rate_used(rate, now_ms) >= rate->allowed;
}

static int64_t rate_free(const struct rate *rate)
{
    return rate->allowed * RATE_FREE_PERCENT / 100;
}

/* What the headers ask for, apart from a refusal. */
static int64_t paced_delay_ms(const struct rate *rate, int64_t now_ms)
{
    int64_t used = rate_used(rate, now_ms);
    int64_t left_ms = rate->reset_at_ms - now_ms;
    int64_t next_ms;

    if (rate->allowed < 0 || left_ms <= 0 || used < rate_free(rate))
        return 0;
    if (used >= rate->allowed)
        return left_ms;
    next_ms = rate->started_ms + left_ms / (rate->allowed - used + 1);
    return next_ms > now_ms ? next_ms - now_ms : 0;
}

int64_t rate_delay_ms(const struct rate *rate, int64_t now_ms)
{
    int64_t blocked_ms = rate->blocked_until_ms - now_ms;
    int64_t paced_ms = paced_delay_ms(rate, now_ms);

    return blocked_ms > paced_ms ? blocked_ms : paced_ms;
}

unsigned rate_width(const struct rate *rate, int64_t now_ms, unsigned most)
{
    int64_t used, slow, left;

    if (most <= 1)
        return 1;
    if (rate->allowed < 0 || now_ms >= rate->reset_at_ms)
        return most;
    used = rate_used(rate, now_ms) - (int64_t)rate->under_way;
    slow = rate->allowed - rate_free(rate);
    left = rate->allowed - used;
    if (left >= slow || slow <= 0)
        return most;
    return left <= 0 ? 1 : 1 + (unsigned)((int64_t)(most - 1) * left / slow);
}

/* How long `calls` calls take from the start of a window in which `used` are used and that ends
 * in window_ms, when all fit into it. */
static int64_t window_ms_for(const struct rate *rate, int64_t used, int64_t window_ms,
                             int64_t calls)
{
    int64_t slow = used + calls - rate_free(rate);
    int64_t room = rate->allowed - (used > rate_free(rate) ? used : rate_free(rate));

    if (slow > calls)
        slow = calls;
    return slow <= 0 || room <= 0 ? 0 : window_ms * slow / room;
}

int64_t rate_eta_ms(const struct rate *rate, int64_t now_ms, uint64_t calls)
{
    int64_t used, left_ms, room, rest, blocked_ms = rate->blocked_until_ms - now_ms;

    if (blocked_ms < 0)
        blocked_ms = 0;
    if (rate->allowed <= 0)
        return blocked_ms;
    rest = calls > INT64_MAX / RATE_WINDOW_MS ? INT64_MAX / RATE_WINDOW_MS : (int64_t)calls;
    used = rate_used(rate, now_ms);
    left_ms = rate->reset_at_ms > now_ms ? rate->reset_at_ms - now_ms : RATE_WINDOW_MS;
    room = rate->allowed > used ? rate->allowed - used : 0;
    if (rest <= room) {
        int64_t paced_ms = window_ms_for(rate, used, left_ms, rest);
        return paced_ms > blocked_ms ? paced_ms : blocked_ms;
    }
    rest -= room;
    return left_ms + (rest - 1) / rate->allowed * RATE_WINDOW_MS +
           window_ms_for(rate, 0, RATE_WINDOW_MS, (rest - 1) % rate->allowed + 1);
}
