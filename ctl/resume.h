/* Going on from where the last apply ended: what it created is seen before anything is planned,
 * so that nothing is created twice however long reads lag behind writes.
 */
#ifndef CTL_RESUME_H
#define CTL_RESUME_H

#include "ctl/journal.h"
#include "ctl/report.h"

struct resume {
    struct client *client;
    struct journal *journal;
    struct report *report;
    int64_t settle_ms;
};

/* Lists, until everything that the journal has as created is there, or asks for it by its id and
 * adds it to the listing. ERROR_VERIFY when something cannot be seen either way within settle_ms:
 * nothing may be planned then. A create without an answer is waited for as long, and then taken
 * for one that had no effect. */
MUST_CHECK bool resume_listing(const struct resume *resume);

#endif
