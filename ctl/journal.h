/* The journal of an apply: what was about to be sent, and what became of it.
 *
 * One file an organisation and owner, in the user's state folder; a lock on it keeps two runs
 * from writing at once. A run that ends well removes it. A run that is cut off leaves it, and
 * the next run learns from it which creates may have had their effect without being seen yet:
 * it waits for them before it plans. Lines of JSON: {"state":"sending","action":…,"name":…,
 * "at_ms":…} and {"state":"done"|…,"action":…,"name":…,"id":…}.
 */
#ifndef CTL_JOURNAL_H
#define CTL_JOURNAL_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

struct journal;

/* A create of which the last run does not know whether it had its effect. */
struct journal_doubt {
    char *name;    /* of the object */
    int64_t at_ms; /* when it was sent, since the epoch */
};

/* Opens and locks. NULL: another run has the lock (ERROR_REFUSED), or no folder can be had.
 * Earlier entries stay until journal_start. */
struct journal *journal_open(const char *organization_id, const char *owner, struct error *error);

const char *journal_path(const struct journal *journal);

/* How many writes the last run finished before it was cut off; 0 with none in doubt: there was
 * no such run. The doubts are borrowed. */
size_t journal_last(const struct journal *journal, const struct journal_doubt **doubts,
                    size_t *count);

/* Forgets the last run and begins this one's. */
MUST_CHECK bool journal_start(struct journal *journal, struct error *error);

/* Notes one write before it is sent, and its outcome. A note that cannot be written fails the
 * run before anything is sent. */
MUST_CHECK bool journal_sending(struct journal *journal, const char *action, const char *name,
                                struct error *error);
void journal_outcome(struct journal *journal, const char *action, const char *name,
                     const char *state, const char *id);

/* Closes; with `finished` the file is removed. */
void journal_close(struct journal *journal, bool finished);

#endif
