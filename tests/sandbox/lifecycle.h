/*
 * What happens in a conversation: the n-th of a seed is always the same one.
 *
 * Invariants: nothing depends on the clock, on what was asked before, or on other conversations.
 * Times in events are those of a world that begins at one fixed moment, a conversation each tenth
 * of a second. Each step of a conversation is of one topic; five of them have a word of the
 * guide's as well.
 */
#ifndef SANDBOX_LIFECYCLE_H
#define SANDBOX_LIFECYCLE_H

#include "happening.h"
#include "traffic_settings.h"

enum { LIFECYCLE_STEPS_MAX = 16 };

struct lifecycle {
    uint64_t seed;
    uint64_t number; /* of the conversation, from 0 on */
    const unsigned char *steps;
    unsigned char count;
    unsigned char order[LIFECYCLE_STEPS_MAX]; /* which step is told when */
    unsigned twice;                           /* bits: the steps that are told once more */
    unsigned char media;
    bool outbound;
    bool new_schema;
};

/* Decides all about a conversation. Later changes of the settings do not reach it. */
void lifecycle_init(struct lifecycle *lifecycle, const struct traffic_settings *settings,
                    uint64_t number);

/* The event that is told at a position, 0 to count - 1; the caller releases it. */
struct happening *lifecycle_tell(const struct lifecycle *lifecycle, unsigned position);

/* How long the event at a position follows the one before, in mean times: 0.5 to 1.5. */
double lifecycle_gap(const struct lifecycle *lifecycle, unsigned position);

#endif
