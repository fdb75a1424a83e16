/* The phases of a connection and their deadlines.
 *
 * A deadline counts from a phase's beginning, whatever bytes come meanwhile. All stays in one phase
 * may last the same, so each phase is a list in the order of beginning, and what is over its
 * deadline stands in front: nothing is searched or sorted.
 *
 * A link belongs to one connection and is in one list, or in none (PHASE_NONE).
 */
#ifndef INGEST_PHASE_H
#define INGEST_PHASE_H

#include "ingest/config.h"

#include <stdint.h>

enum phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE,    /* between requests, not one byte of the next */
    PHASE_HEAD,    /* from a request's first byte on */
    PHASE_BODY,    /* from the end of its head on */
    PHASE_WAITING, /* for the writer */
    PHASE_HELD,    /* a refusal is held back */
    PHASE_REPLY,   /* the peer does not read what we write */
    PHASE_LINGER,  /* the reply is out; what still comes is dropped */
    PHASE_COUNT,
    PHASE_NONE = PHASE_COUNT
};
const char *phase_word(enum phase phase); /* "handshake": a metric label */

struct phase_link {
    struct phase_link *previous, *next;
    enum phase phase;
    int64_t since_ms; /* monotonic */
};

struct phases {
    struct phase_link rings[PHASE_COUNT];
    int64_t length_ms[PHASE_COUNT];
};

enum {
    PHASE_REPLY_MS = 10000,
    PHASE_LINGER_MS = 1000,
    PHASE_GRACE_MS = 1000, /* the writer's answer may come so much later than it promised */
};

void phases_init(struct phases *phases, const struct config_limits *limits);
/* After a reload; counts for those that are in a phase already. */
void phases_limit(struct phases *phases, const struct config_limits *limits);

/* Leaves where it is and enters another, at now_ms (which never goes back), or PHASE_NONE. */
void phase_enter(struct phases *phases, struct phase_link *link, enum phase phase, int64_t now_ms);

/* The one that has been in a phase for longest; NULL when there is none. */
struct phase_link *phase_first(struct phases *phases, enum phase phase);
/* The next one after it, in the same list; NULL at the end. */
struct phase_link *phase_after(struct phases *phases, struct phase_link *link);

/* The first one in a phase, if it is over its deadline; else NULL. */
struct phase_link *phase_expired(struct phases *phases, enum phase phase, int64_t now_ms);

#endif
