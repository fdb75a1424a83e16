/* When to repeat a request, and after how long: pure decisions.
 *
 * What was certainly not processed (never sent, 429) may always be repeated. What may have been
 * processed (sent and lost, 408, 5xx, an unreadable answer) only when repeating does no harm.
 * Everything else is an answer. Gaps grow twofold, with full jitter: uniform between nothing and
 * the gap, so that many clients do not come back at one moment.
 */
#ifndef API_RETRY_H
#define API_RETRY_H

#include "api/client.h"

enum { RETRY_GAP_MAX_MS = 20000 };

struct retry_policy {
    int64_t base_ms, total_ms;
    unsigned retries; /* 0: none at all */
};

struct retry_attempt {
    enum reply_fate fate;
    long status;            /* of an answer */
    bool unreadable;        /* 2xx, but the body is cut or no JSON */
    bool repeatable;        /* repeating does no harm */
    unsigned attempt;       /* 0: the first */
    int64_t spent_ms;       /* since the request was first due */
    int64_t retry_after_ms; /* what the service asks for; -1: nothing */
    double random;          /* 0 <= random < 1 */
};

/* Milliseconds until the next attempt; -1: none. A 429 is limited by total_ms alone, as waiting
 * for a limit is no failure. */
int64_t retry_wait_ms(const struct retry_policy *policy, const struct retry_attempt *attempt);

/* The gap after so many attempts, with jitter. */
int64_t retry_gap_ms(int64_t base_ms, unsigned attempt, double random);

/* The next number of a row, 0 <= number < 1; *state is anything but 0 at first. No secret is made
 * of it. */
double retry_random(uint64_t *state);

/* Whether the effect of a request that was sent is unknown after such an answer. */
bool retry_is_uncertain(long status);

#endif
