/*
 * How a target fares: HEALTHY, THROTTLED after a slow reply, UNHEALTHY after a run of failures.
 *
 * A throttled or unhealthy target gets one request at a time; a throttled one rests after each
 * for as long as a reply may take. Three quick replies in a row end the throttling, any
 * acknowledgement the ill health.
 */
#ifndef SANDBOX_HEALTH_H
#define SANDBOX_HEALTH_H

#include "delivery_settings.h"

#include <stdint.h>

enum health_state { HEALTH_GOOD, HEALTH_THROTTLED, HEALTH_BAD };

struct health {
    enum health_state state;
    unsigned failures; /* in a row */
    unsigned quick;    /* quick replies in a row, while throttled */
    int64_t rests_until_ms;
    int last_status; /* of HTTP; 0: there was none, or no answer */
};

enum health_verdict { HEALTH_ACKNOWLEDGED, HEALTH_REFUSED, HEALTH_TRY_AGAIN };

/* From the object's `health`, which a seed may have set; anything else is good. */
struct health health_read(const json_t *health);
const char *health_name(enum health_state state);

/* How many requests may be under way now. */
unsigned health_limit(const struct health *health, const struct delivery_settings *settings,
                      int64_t now_ms);

/* Notes a reply (a status of HTTP's, or one of courier.h) that took so long. */
enum health_verdict health_note(struct health *health, int status, int64_t took_ms,
                                const struct delivery_settings *settings, int64_t now_ms);

#endif
