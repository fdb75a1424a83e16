/* The journal of an apply: what was about to be sent, and what became of it.
 *
 * One file an organisation and owner, in the user's state folder; a lock on it keeps two runs
 * from writing at once. A run that ends well, and has seen all that it did, removes it. Any other
 * leaves it, and the next run learns from it which creates may be there without being seen yet,
 * since reads lag behind writes: it waits for them before it plans (resume.h), and carries over
 * those that no listing has shown yet. Lines of JSON: {"state":"sending","action":…,"name":…,
 * "kind":…,"at_ms":…}, {"state":"done"|…,"action":…,"name":…,"id":…}, and {"state":"ended"} when
 * all was done but not looked at again.
 */
#ifndef CTL_JOURNAL_H
#define CTL_JOURNAL_H

#include "core/object.h"

#include <stddef.h>
#include <stdint.h>

struct journal;

/* A create that was sent and did not fail. */
struct journal_create {
    char *name;    /* of the object */
    int64_t at_ms; /* when it was sent, since the epoch */
    bool done;     /* its answer came, with its id */
    bool seen;     /* it was listed since, or is a day old: no lag hides it any more */
    enum via via;
    char id[64]; /* when done */
};

/* What the last run left behind; all zero when it ended well. */
struct journal_last {
    bool unfinished;                      /* it was cut off, or did not succeed in all */
    size_t done;                          /* writes whose answer came */
    size_t in_doubt;                      /* creates whose answer did not */
    const struct journal_create *creates; /* borrowed */
    size_t create_count;
};

/* Opens and locks. NULL: another run has the lock (ERROR_REFUSED), or no folder can be had.
 * Earlier entries stay until journal_start. */
struct journal *journal_open(const char *organization_id, const char *owner, struct error *error);

const char *journal_path(const struct journal *journal);

void journal_get_last(const struct journal *journal, struct journal_last *last);

/* Notes what a listing shows of what the last run created. */
void journal_see(struct journal *journal, const struct object_index *listed);

/* Forgets the last run, but for what it created and nobody has seen, and begins this one's. */
MUST_CHECK bool journal_start(struct journal *journal, struct error *error);

/* Notes one write before it is sent, and its outcome. A note that cannot be written fails the
 * run before anything is sent. */
MUST_CHECK bool journal_sending(struct journal *journal, const char *action, enum via via,
                                const char *name, struct error *error);
void journal_outcome(struct journal *journal, const char *action, const char *name,
                     const char *state, const char *id);

/* The same of publishing at an ingest endpoint, whose outcome is noted as of an action "publish".
 * What is left of it is found by reading there, not here: it only makes the run unfinished. */
MUST_CHECK bool journal_publishing(struct journal *journal, const char *endpoint,
                                   struct error *error);

/* How a run ended. */
enum journal_end {
    JOURNAL_SEEN,  /* all done, and seen at the service: the file is removed, unless what an
                      earlier run created was not seen yet */
    JOURNAL_ENDED, /* all done, but not looked at again */
    JOURNAL_LEFT   /* something is left for the next run; or nothing was begun */
};
void journal_close(struct journal *journal, enum journal_end end);

#endif
