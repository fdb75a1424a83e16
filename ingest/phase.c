#include "ingest/phase.h"

#include <stddef.h>

const char *phase_word(enum phase phase)
{
    static const char *const words[PHASE_COUNT] = {
        [PHASE_HANDSHAKE] = "handshake", [PHASE_IDLE] = "idle",       [PHASE_HEAD] = "head",
        [PHASE_BODY] = "body",           [PHASE_WAITING] = "waiting", [PHASE_HELD] = "held",
        [PHASE_REPLY] = "reply",         [PHASE_LINGER] = "linger",
    };
    return phase < PHASE_COUNT ? words[phase] : "none";
}

void phases_limit(struct phases *phases, const struct config_limits *limits)
{
    phases->length_ms[PHASE_HANDSHAKE] = limits->handshake_ms;
    phases->length_ms[PHASE_IDLE] = limits->idle_ms;
    phases->length_ms[PHASE_HEAD] = limits->head_ms;
    phases->length_ms[PHASE_BODY] = limits->body_ms;
    phases->length_ms[PHASE_WAITING] = limits->hold_ms + PHASE_GRACE_MS;
    phases->length_ms[PHASE_HELD] = limits->hold_ms;
    phases->length_ms[PHASE_REPLY] = PHASE_REPLY_MS;
    phases->length_ms[PHASE_LINGER] = PHASE_LINGER_MS;
}

void phases_init(struct phases *phases, const struct config_limits *limits)
{
    for (int i = 0; i < PHASE_COUNT; i++) {
        struct phase_link *ring = &phases->rings[i];
        *ring = (struct phase_link){.previous = ring, .next = ring, .phase = (enum phase)i};
    }
    phases_limit(phases, limits);
}

void phase_enter(struct phases *phases, struct phase_link *link, enum phase phase, int64_t now_ms)
{
    if (link->phase != PHASE_NONE) {
        link->previous->next = link->next;
        link->next->previous = link->previous;
    }
    link->previous = link->next = NULL;
    link->phase = phase;
    link->since_ms = now_ms;
    if (phase == PHASE_NONE)
        return;
    link->next = &phases->rings[phase];
    link->previous = link->next->previous;
    link->previous->next = link;
    link->next->previous = link;
}

struct phase_link *phase_after(struct phases *phases, struct phase_link *link)
{
    struct phase_link *ring = &phases->rings[link->phase];
    return link->next == ring ? NULL : link->next;
}

struct phase_link *phase_first(struct phases *phases, enum phase phase)
{
    return phase_after(phases, &phases->rings[phase]);
}

struct phase_link *phase_expired(struct phases *phases, enum phase phase, int64_t now_ms)
{
    struct phase_link *first = phase_first(phases, phase);
    return first && now_ms - first->since_ms >= phases->length_ms[phase] ? first : NULL;
}
