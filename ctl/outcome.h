/* What ingest endpoints hold and what was done at them: the report's part of `dlq`, `pause` and
 * `resume`.
 *
 * Life cycle: outcome_init allocates nothing; commands add to it; outcome_release.
 */
#ifndef CTL_OUTCOME_H
#define CTL_OUTCOME_H

#include "api/dead_letter.h"

/* The dead letters of one endpoint, as far as they were listed. */
struct outcome_list {
    const char *endpoint; /* borrowed from the report's endpoints */
    struct letter_page *pages;
    size_t page_count, shown;
    int64_t total, bytes; /* of all that the filter selects */
    struct error error;   /* of this endpoint */
};

/* What became of one change at one endpoint. */
enum outcome_state {
    OUTCOME_NOT_SENT, /* it had no effect */
    OUTCOME_WOULD,    /* a dry run */
    OUTCOME_NOTHING,  /* there was nothing to do */
    OUTCOME_DONE,
    OUTCOME_REFUSED, /* by the endpoint: it had no effect */
    OUTCOME_UNKNOWN, /* the connection broke */
    OUTCOME_STATES
};
const char *outcome_state_name(enum outcome_state state); /* "not_sent" */

/* The kinds of changes, and their words. */
enum outcome_kind { OUTCOME_REPLAY, OUTCOME_DISCARD, OUTCOME_PAUSE, OUTCOME_RESUME, OUTCOME_KINDS };
struct outcome_words {
    const char *verb, *does, *done; /* "pause", "pauses", "paused" */
};
extern const struct outcome_words outcome_words[OUTCOME_KINDS];

struct outcome_act {
    enum outcome_kind kind;
    const char *endpoint; /* borrowed from the report's endpoints */
    const char *object;   /* "dead letters of voice", or a subscription's name; in the arena */
    const char *id;       /* of a subscription; "" for dead letters; in the arena */
    enum outcome_state state;
    int64_t count;                /* of dead letters; -1: not known, or a subscription */
    int64_t delivered, came_back; /* of a replay that was followed to its end; else -1 */
    struct error error;           /* why it is not done, or was not followed to its end */
};

struct outcome {
    struct arena arena;
    struct outcome_list *lists;
    size_t list_count;
    struct outcome_act *acts;
    size_t act_count;
    bool has_lists, has_acts;
    bool whole, raw; /* lists hold one letter, to be shown with its body; or its body alone */
};

void outcome_init(struct outcome *outcome);
void outcome_release(struct outcome *outcome);

/* Makes room for so many lists or acts, zeroed, with all counts -1. False: no memory. */
MUST_CHECK bool outcome_make_lists(struct outcome *outcome, size_t count);
MUST_CHECK bool outcome_make_acts(struct outcome *outcome, size_t count);

/* A page more, initialised; NULL: no memory. */
struct letter_page *outcome_add_page(struct outcome_list *list);

/* What would have been done was not: it is shown as not sent. */
void outcome_withdraw(struct outcome *outcome);

/* From what became of each act to the exit code: see `details` of the commands. */
void outcome_judge(const struct outcome *outcome, struct error *error);

#endif
