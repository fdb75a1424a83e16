#include "ingest/breaker.h"

const char *breaker_state_word(enum breaker_state state)
{
    static const char *const words[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half-open", [BREAKER_OPEN] = "open"};

    return words[state];
}

void breaker_init(struct breaker *breaker, int64_t failures, int64_t open_ms)
{
    *breaker =
        (struct breaker){.state = BREAKER_CLOSED, .most = failures, .open_ms = open_ms, .times = 1};
}

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state == BREAKER_OPEN)
        return now_ms >= breaker->until_ms;
    return breaker->state == BREAKER_CLOSED || !breaker->probing;
}

bool breaker_begin(struct breaker *breaker, int64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED || !breaker_allows(breaker, now_ms))
        return false;
    breaker->state = BREAKER_HALF_OPEN;
    breaker->probing = true;
    return true;
}

void breaker_succeeded(struct breaker *breaker, bool probe)
{
    if (probe)
        breaker_init(breaker, breaker->most, breaker->open_ms);
    else if (breaker->state == BREAKER_CLOSED)
        breaker->failures = 0;
}

static void breaker_open(struct breaker *breaker, int64_t now_ms)
{
    breaker->state = BREAKER_OPEN;
    breaker->probing = false;
    breaker->failures = 0;
    breaker->until_ms = now_ms + breaker->open_ms * breaker->times;
    if (breaker->times < BREAKER_LONGEST)
        breaker->times *= 2;
}

bool breaker_failed(struct breaker *breaker, bool probe, uint64_t chain, int64_t now_ms)
{
    if (breaker->state != BREAKER_CLOSED && !probe)
        return false;
    if (!probe) {
        if (!breaker->failures) {
            breaker->chain = chain;
            breaker->several = false;
        }
        breaker->several = breaker->several || breaker->chain != chain;
        breaker->failures++;
        if (!breaker->most || breaker->failures < breaker->most || !breaker->several)
            return false;
    }
    breaker_open(breaker, now_ms);
    return true;
}

void breaker_undecided(struct breaker *breaker, bool probe)
{
    if (probe)
        breaker->probing = false;
}

int64_t breaker_due_ms(const struct breaker *breaker)
{
    return breaker->state == BREAKER_OPEN ? breaker->until_ms : INT64_MAX;
}
