#include "health.h"

#include <string.h>

enum { QUICK_REPLIES = 3 };

static const char *const names[] = {"HEALTHY", "THROTTLED", "UNHEALTHY"};

const char *health_name(enum health_state state)
{
    return names[state];
}

struct health health_read(const json_t *health)
{
    const char *state = json_string_value(json_object_get(health, "state"));
    struct health is = {0};

    for (size_t i = 0; state && i < sizeof names / sizeof *names; i++) {
        if (!strcmp(names[i], state))
            is.state = (enum health_state)i;
    }
    is.last_status = (int)json_integer_value(json_object_get(health, "lastStatus"));
    return is;
}

unsigned health_limit(const struct health *health, const struct delivery_settings *settings,
                      int64_t now_ms)
{
    if (now_ms < health->rests_until_ms)
        return 0;
    return health->state == HEALTH_GOOD ? (unsigned)settings->concurrency : 1;
}

static void note_acknowledged(struct health *health, int64_t took_ms,
                              const struct delivery_settings *settings, int64_t now_ms)
{
    health->failures = 0;
    if ((double)took_ms >= settings->slow_ms) {
        health->state = HEALTH_THROTTLED;
        health->quick = 0;
    } else if (health->state == HEALTH_BAD ||
               (health->state == HEALTH_THROTTLED && ++health->quick >= QUICK_REPLIES)) {
        health->state = HEALTH_GOOD;
    }
    health->rests_until_ms =
        health->state == HEALTH_THROTTLED ? now_ms + (int64_t)settings->slow_ms : 0;
}

enum health_verdict health_note(struct health *health, int status, int64_t took_ms,
                                const struct delivery_settings *settings, int64_t now_ms)
{
    health->last_status = status > 0 ? status : 0;
    if (status >= 200 && status < 300) {
        note_acknowledged(health, took_ms, settings, now_ms);
        return HEALTH_ACKNOWLEDGED;
    }
    if (status > 0 && status < 500 && status != 429)
        return HEALTH_REFUSED;
    if (++health->failures >= (unsigned)settings->unhealthy_after) {
        health->state = HEALTH_BAD;
        health->rests_until_ms = 0;
    }
    return HEALTH_TRY_AGAIN;
}
