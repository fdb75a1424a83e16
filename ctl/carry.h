/* From a plan that may be carried out to what became of it: what apply, override and reconcile have
 * in common.
 *
 * The journal is open, and its lock held, from carry_open to carry_close; one run at a time writes
 * to an organisation.
 */
#ifndef CTL_CARRY_H
#define CTL_CARRY_H

#include "ctl/journal.h"
#include "ctl/option.h"
#include "ctl/report.h"

struct carry {
    const struct options *options;
    struct report *report;
    struct client *client;   /* the caller's */
    struct journal *journal; /* NULL until carry_open */
};

/* Opens the journal and lists everything, when all that the last run sent can be seen. */
MUST_CHECK bool carry_open(struct carry *carry, const char *owner);

/* Sends what report->plan has, reads again to verify, and publishes what report->publish has, with
 * report->apply and report->error telling how it went. */
void carry_out(struct carry *carry);

/* Ends the journal as the report says; of a carry that was not opened nothing. */
void carry_close(struct carry *carry);

/* Announces long work, and asks whether it shall be done. */
MUST_CHECK bool carry_confirm(const struct carry *carry, const char *question, const char *does);

#endif
