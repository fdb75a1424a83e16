/* Carrying out a plan: which write goes when, and what became of each.
 *
 * Creates and updates go first, side by side; deletes follow, and only when all of the first
 * succeeded, so that a replacement never leaves a gap and nothing is taken away while something
 * is amiss. Each write is noted in the journal before it is sent and after its outcome.
 */
#ifndef CTL_APPLY_H
#define CTL_APPLY_H

#include "api/remote.h"
#include "core/plan.h"

struct journal;
struct progress;

enum apply_state {
    APPLY_NOT_SENT,
    APPLY_DONE,
    APPLY_HALF,     /* a replacement whose new object is there and whose old one is still too */
    APPLY_FAILED,   /* the service said no: no effect */
    APPLY_CONFLICT, /* somebody changed it since the plan: no effect */
    APPLY_UNKNOWN,  /* sent, no answer, and not to be found out */
    APPLY_STATES
};
const char *apply_state_name(enum apply_state state); /* one word: "not_sent" */

struct apply_item {
    const struct plan_change *change;
    enum apply_state state;
    struct error *error; /* owned; NULL when there is none */
    struct object *live; /* owned; of a conflict: what is there now; NULL when not known */
    char id[64];         /* of what was created or updated */
    char twin[64];       /* done, but another object claims its place: that one's id; "": none */
    bool found_later;    /* the answer was lost; it was found at the service */
    bool wrong;          /* done, but not there as it should be (verification) */
};

struct apply {
    struct apply_item *items; /* in the plan's order */
    size_t count;
    size_t states[APPLY_STATES];
    bool seen;     /* all done items were read again and are as they should be */
    bool verified; /* and no other object claims a place of theirs */
    size_t wrong, twins;
    char *journal; /* the path, when it was left behind; owned */
};

struct apply_options {
    struct client *client;
    struct journal *journal;
    struct progress *progress;
    const volatile sig_atomic_t *stop;
    volatile sig_atomic_t *writing; /* kept true while a write is under way */
    int64_t settle_ms;
};

void apply_init(struct apply *apply);
void apply_release(struct apply *apply);

/* Sends what the plan has. True when all of it is done; else *error is the exit code's: partial,
 * stale, auth, interrupted, or failed when nothing was done. */
MUST_CHECK bool apply_run(struct apply *apply, const struct plan *plan,
                          const struct apply_options *options, struct error *error);

/* Reads again, until all that was done is seen or settle_ms have passed. ERROR_VERIFY when it is
 * not, or when what was done is claimed by a second object: two applies at the same moment can
 * both create a trigger, whose name the service does not keep unique. */
MUST_CHECK bool apply_verify(struct apply *apply, const struct apply_options *options,
                             struct error *error);

#endif
