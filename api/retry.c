#include "api/retry.h"

enum { TOO_MANY_REQUESTS = 429, REQUEST_TIMEOUT = 408 };

int64_t retry_gap_ms(int64_t base_ms, unsigned attempt, double random)
{
    int64_t gap_ms = base_ms < RETRY_GAP_MAX_MS ? base_ms : RETRY_GAP_MAX_MS;

    while (attempt-- > 0 && gap_ms < RETRY_GAP_MAX_MS)
        gap_ms = gap_ms * 2 < RETRY_GAP_MAX_MS ? gap_ms * 2 : RETRY_GAP_MAX_MS;
    return (int64_t)((double)gap_ms * random);
}

double retry_random(uint64_t *state)
{
    *state ^= *state << 13; /* xorshift64 (Marsaglia, 2003) */
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)(*state >> 11) / 9007199254740992.0;
}

bool retry_is_uncertain(long status)
{
    return status >= 500 || status == REQUEST_TIMEOUT;
}

static bool is_worth_repeating(const struct retry_attempt *attempt)
{
    switch (attempt->fate) {
    case REPLY_NOT_SENT:
        return true;
    case REPLY_LOST:
        return attempt->repeatable;
    case REPLY_ANSWERED:
        break;
    }
    return attempt->repeatable &&
           (attempt->unreadable || attempt->status == 500 || attempt->status == 502 ||
            attempt->status == 503 || attempt->status == 504 || attempt->status == REQUEST_TIMEOUT);
}

int64_t retry_wait_ms(const struct retry_policy *policy, const struct retry_attempt *attempt)
{
    bool limited = attempt->fate == REPLY_ANSWERED && attempt->status == TOO_MANY_REQUESTS;
    int64_t wait_ms;

    if (policy->retries == 0)
        return -1;
    if (!limited && (!is_worth_repeating(attempt) || attempt->attempt >= policy->retries))
        return -1;
    wait_ms = retry_gap_ms(policy->base_ms, attempt->attempt, attempt->random);
    if (limited && attempt->retry_after_ms < 0)
        wait_ms += policy->base_ms;
    if (attempt->retry_after_ms >= 0 && wait_ms < attempt->retry_after_ms)
        wait_ms = attempt->retry_after_ms;
    if (limited && wait_ms < policy->base_ms / 2) /* "Retry-After: 0" for ever is no invitation */
        wait_ms = policy->base_ms / 2;
    return attempt->spent_ms + wait_ms > policy->total_ms ? -1 : wait_ms;
}
