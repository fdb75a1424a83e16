/* What became of each event: how far each subscription is settled, which events are parked for a
 * retry, which are dead letters, which keys were delivered. SQLite, in folder/ledger.db.
 *
 * The queue holds requests as they came and knows nothing of this. An event is settled when it was
 * delivered, was a duplicate, was filtered, or is a dead letter. A subscription's position says:
 * all its events at or before it are settled or parked; it moves on only together with (or after)
 * what it speaks of, in one transaction. After a crash, what lies behind the position is done
 * again, except what `seen`, `parked` and `dead` say is done: at least once, and twice only for
 * what was delivered in the last moments before a crash.
 *
 * Writes are gathered into a transaction that is committed every LEDGER_COMMIT_MS, and at once by
 * ledger_flush. A commit is not synced, except for what a person did: losing the last moments means
 * doing them again, never losing an event.
 *
 * When it cannot be written (disk full, I/O), writes are kept in memory in their order and
 * tried again; ledger_backlog says how many wait, and the dispatch stops taking new work when there
 * are more than it wants.
 *
 * Any thread may call anything here.
 */
#ifndef INGEST_LEDGER_H
#define INGEST_LEDGER_H

#include "core/error.h"
#include "ingest/config.h"
#include "ingest/envelope.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEDGER_COMMIT_MS = 50 };

struct ledger;

struct ledger_options {
    int64_t window_ms;         /* how long keys are kept */
    int64_t dead_letter_bytes; /* quota */
    int64_t dead_letter_retention_ms;
};

/* Opens or creates it; starts its committing thread. NULL: the error says why. */
struct ledger *ledger_open(const char *folder, const struct ledger_options *options,
                           struct error *error);
/* Commits what is there and closes. */
void ledger_close(struct ledger *ledger);

/* Commits now; with `sync` to the disk. */
MUST_CHECK bool ledger_flush(struct ledger *ledger, bool sync, struct error *error);
/* Writes that wait for one that succeeds; while commits go well, only those beyond what one of them
 * takes. */
size_t ledger_backlog(const struct ledger *ledger);
int64_t ledger_bytes(const struct ledger *ledger); /* of its files */

/* -- what the dispatch writes -------------------------------------------------------------------
 */

/* An event of the queue: which request, and which of its events, from 0. */
struct event_place {
    int64_t position;
    uint32_t part;
};
/* All of them: the part of a dead letter whose request could not be read, its events uncounted. */
#define EVENT_PART_ALL UINT32_MAX
/* The reason of dead letters without a body: the queue still has it, and a replay reads it there.
 */
#define REASON_UNREADABLE "unreadable"

/* The subscription is settled up to and with this position. */
void ledger_advance(struct ledger *ledger, const char *subscription, int64_t position);

/* Its delivery succeeded at that time. Removes it from the parked ones, and, when dead_id is not 0,
 * from the dead letters. */
void ledger_delivered(struct ledger *ledger, struct event_place place,
                      const uint8_t key[EVENT_KEY_BYTES], int64_t at_s, int64_t dead_id);

/* It was a duplicate, or filtered: nothing is kept but that it is not parked any more, nor, when
 * dead_id is not 0, a dead letter. */
void ledger_dropped(struct ledger *ledger, struct event_place place, int64_t dead_id);

/* It waits for its next attempt, or behind another event of its interaction (attempts 0). Replaces
 * what was known of it. */
struct parked_event {
    struct event_place place;
    char subscription[ARRIVAL_SUBSCRIPTION_MOST + 1];
    int attempts;
    int64_t due_us;          /* since the epoch */
    int64_t first_failed_us; /* 0: it did not fail yet */
    int64_t dead_id;         /* it is the replay of this dead letter; 0: it is none */
};
void ledger_parked(struct ledger *ledger, const struct parked_event *event);

/* -- dead letters -------------------------------------------------------------------------------
 */

enum dead_state { DEAD_WAITING, DEAD_REPLAYING, DEAD_STATES };
const char *dead_state_word(enum dead_state state); /* "waiting", "replaying" */

struct dead_letter {
    int64_t id;
    struct event_place place;
    const char *subscription, *type, *interaction;
    const char *reason; /* "http-500", "timeout", "not-json": a word of few */
    const char *detail; /* what was seen last, made safe */
    int attempts;
    int replays; /* how often it has come back */
    enum dead_state state;
    int64_t received_us, first_failed_us, died_us;
    int64_t due_us; /* REPLAYING: when it is to go */
    int64_t time_ms;
    uint8_t key[EVENT_KEY_BYTES];
    bool quarantined;
    const char *source, *verdict, *headers;
    const char *body; /* the event's own bytes */
    size_t body_bytes;
};

/* Adds it (id is given then), or, when letter->id is not 0, puts it back as waiting with one more
 * replay behind it; it is parked no more. Copies. False: the quota is reached, and nothing was
 * changed: the event stays where it was. */
MUST_CHECK bool ledger_bury(struct ledger *ledger, const struct dead_letter *letter);

/* Which dead letters: all conditions must hold. */
struct dead_filter {
    const int64_t *ids; /* these only; count 0: all */
    size_t id_count;
    const char *subscription, *reason, *type, *interaction; /* NULL: any */
    int state;                                              /* enum dead_state; -1: any */
    int came_back;              /* 1: replayed and come back, 0: never replayed, -1: any */
    int64_t since_us, until_us; /* died_us, from and before; -1: any */
    int64_t after_id;           /* for paging: only ids beyond it */
};
/* In an initialiser: of any time, and all of them. */
#define DEAD_FILTER_ANY_TIME .since_us = -1, .until_us = -1
#define DEAD_FILTER_ANY      .state = -1, .came_back = -1, DEAD_FILTER_ANY_TIME

/* Calls `each` for at most `most` of them by id; without bodies unless asked. Borrowed. What was
 * written before the call is seen. */
MUST_CHECK bool ledger_dead_list(struct ledger *ledger, const struct dead_filter *filter,
                                 size_t most, bool bodies,
                                 void (*each)(void *context, const struct dead_letter *letter),
                                 void *context, struct error *error);
MUST_CHECK bool ledger_dead_count(struct ledger *ledger, const struct dead_filter *filter,
                                  int64_t *count, int64_t *bytes, struct error *error);

/* Counts by subscription and reason; kept up to date in memory, cheap. A pair that had some in this
 * run and has none any more is told with 0, so that its gauge falls. */
void ledger_dead_sums(struct ledger *ledger,
                      void (*each)(void *context, const char *subscription, const char *reason,
                                   int64_t count, int64_t came_back, int64_t oldest_us),
                      void *context);
/* All texts and bodies, and a little for each row: what the quota is compared with. */
int64_t ledger_dead_bytes(const struct ledger *ledger);

/* Marks waiting ones to be replayed, the first at once, `rate` a second (0: all at once). Synced.
 * *count says how many. */
MUST_CHECK bool ledger_dead_replay(struct ledger *ledger, const struct dead_filter *filter,
                                   double rate, int64_t now_us, int64_t *count,
                                   struct error *error);
/* Takes back those of the filter that are to be replayed and are not given out. Synced. */
MUST_CHECK bool ledger_dead_abort(struct ledger *ledger, const struct dead_filter *filter,
                                  int64_t *count, struct error *error);
/* Removes for good those of the filter that are not given out. Synced. */
MUST_CHECK bool ledger_dead_discard(struct ledger *ledger, const struct dead_filter *filter,
                                    int64_t *count, struct error *error);
/* Those whose time to be replayed has come: each is given out once, until it is recalled or the
 * ledger is opened again. With bodies; borrowed. `wants`, which must not call the ledger, says of
 * which subscriptions (NULL: of all). */
MUST_CHECK bool ledger_dead_due(struct ledger *ledger, int64_t now_us, size_t most,
                                bool (*wants)(void *context, const char *subscription),
                                void (*each)(void *context, const struct dead_letter *letter),
                                void *context, struct error *error);

/* One that was given out is in nobody's hands any more: it may be given out again. */
void ledger_recalled(struct ledger *ledger, int64_t dead_id);

/* -- what the dispatch reads at the start ---------------------------------------------------- */

MUST_CHECK bool ledger_positions(struct ledger *ledger,
                                 void (*each)(void *context, const char *subscription,
                                              int64_t position),
                                 void *context, struct error *error);
MUST_CHECK bool ledger_seen(struct ledger *ledger, int64_t since_s,
                            void (*each)(void *context, const uint8_t key[EVENT_KEY_BYTES],
                                         int64_t at_s),
                            void *context, struct error *error);
/* By place. */
MUST_CHECK bool ledger_all_parked(struct ledger *ledger,
                                  void (*each)(void *context, const struct parked_event *event),
                                  void *context, struct error *error);
/* Places of the dead letters beyond a position. */
MUST_CHECK bool ledger_dead_places(struct ledger *ledger, int64_t after_position,
                                   void (*each)(void *context, struct event_place place),
                                   void *context, struct error *error);

/* -- shapes, actions, what was published ----------------------------------------------------- */

/* A shape that was not known yet, with its first sample. Copies. */
void ledger_shape(struct ledger *ledger, const char *type, const char *hash, const char *fields,
                  const char *sample, size_t sample_bytes, int64_t at_us);
MUST_CHECK bool ledger_shapes(struct ledger *ledger,
                              void (*each)(void *context, const char *type, const char *hash,
                                           const char *fields, const char *sample,
                                           size_t sample_bytes, int64_t first_seen_us),
                              void *context, struct error *error);

/* One change that somebody made: who, when, what, on what, why, with which result. Synced. */
MUST_CHECK bool ledger_action(struct ledger *ledger, int64_t at_us, const char *who,
                              const char *what, const char *target, const char *reason,
                              const char *result, struct error *error);
/* The newest first, at most `most`, as an array of objects. NULL: the error says why. */
json_t *ledger_actions(struct ledger *ledger, size_t most, struct error *error);

/* A document under a name, replaced whole; synced. NULL when there is none (no error), or on an
 * error. The caller frees. "subscriptions": what eventctl published; "paused": which are. */
MUST_CHECK bool ledger_keep(struct ledger *ledger, const char *name, const char *document,
                            struct error *error);
char *ledger_kept(struct ledger *ledger, const char *name, struct error *error);

#endif
