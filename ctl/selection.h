/* Which dead letters a command line means: ids, a filter, or all of them.
 *
 * The filter's subscription is as it was given, until selection_at looks it up at an endpoint.
 */
#ifndef CTL_SELECTION_H
#define CTL_SELECTION_H

#include "api/dead_letter.h"
#include "ctl/option.h"
#include "ctl/roster.h"

struct selection {
    struct letter_filter filter;    /* borrows from the options, and ids from here */
    int64_t ids[OPTION_WORDS_MOST]; /* ascending, none twice */
};

/* From the options and from words that are ids. `now_ms`: since the epoch, for "2h" ago. */
MUST_CHECK bool selection_read(struct selection *selection, const struct options *options,
                               const struct option_words *words, int64_t now_ms,
                               struct error *error);

/* An id as a word has it. */
MUST_CHECK bool selection_read_id(const char *word, int64_t *id, struct error *error);

/* Refuses what selects nothing, or in two ways; for commands that change. */
MUST_CHECK bool selection_check(const struct selection *selection, const struct options *options,
                                struct error *error);

/* What the selection is at each endpoint: the subscription's id for its name. `filters` gets one an
 * endpoint, `there` whether it can have any. `pinned`: ends at the endpoint's present time, so that
 * what is done is done to what was counted. The roster must outlive the filters. */
MUST_CHECK bool selection_at(const struct selection *selection, bool pinned, struct ask *ask,
                             struct roster *roster, struct letter_filter *filters, bool *there,
                             struct error *error);

/* Appends "dead letters of voice that died of http-500 …", the count before it unless it is -1. */
void selection_describe(struct buf *out, const struct letter_filter *filter, int64_t count);

#endif
