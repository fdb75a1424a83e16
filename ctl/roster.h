/* The subscriptions of each endpoint, by GET /v1/status: what a name or an id on the command line
 * stands for there.
 *
 * Life cycle: roster_init allocates nothing; roster_read; roster_release.
 */
#ifndef CTL_ROSTER_H
#define CTL_ROSTER_H

#include "api/ingest_sample.h"
#include "ctl/ask.h"

struct roster {
    struct ingest_sample *samples; /* by endpoint */
    size_t count;
};

void roster_init(struct roster *roster);
void roster_release(struct roster *roster);

/* Of every endpoint, or none: *error says which cannot tell. */
MUST_CHECK bool roster_read(struct roster *roster, struct ask *ask, struct error *error);

/* Whether a subscription goes by the word: by its id, or by its name where no id is so. */
bool roster_is(const struct roster *roster, size_t endpoint,
               const struct sample_subscription *subscription, const char *word);

/* The one id that the word stands for, also of one that only dead letters tell of; NULL when the
 * endpoint has none. False: it has several of that name. */
MUST_CHECK bool roster_id(const struct roster *roster, size_t endpoint, const char *word,
                          const char **id, struct error *error);

/* The error that no endpoint knows the word, with "did you mean". */
bool roster_unknown(const struct roster *roster, const char *word, struct error *error);

#endif
