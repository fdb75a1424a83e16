/* What all changes at an ingest endpoint have in common: a reason, consent, one request.
 *
 * Consent names the endpoint, the object, the count and the effect. For an endpoint that the
 * profile marks as production its name is typed, whatever --yes says; where there is no terminal to
 * type at, --yes does.
 */
#ifndef CTL_CHANGE_H
#define CTL_CHANGE_H

#include "ctl/ask.h"
#include "ctl/outcome.h"

/* Paragraph of the commands' help. */
#define CHANGE_HELP                                                                                \
    "At a terminal an endpoint that the profile marks as production is confirmed by typing its\n"  \
    "name, also with --yes; without a terminal --yes is enough, and needed.\n"                     \
    "The endpoint keeps --reason and who it was. A request is sent once: exit 0 when it is "       \
    "done,\n"                                                                                      \
    "5 when the endpoint refused, 1 when the connection broke, so that nobody knows, 7 when it\n"  \
    "is done in part.\n"

/* The reason: there unless it is a dry run, and a text. */
MUST_CHECK bool change_check(const struct options *options, struct error *error);

struct change_consent {
    enum outcome_kind kind;
    const struct wire_endpoint *endpoint;
    const char *what;   /* "3 dead letters of …" */
    const char *effect; /* a sentence */
    bool yes;
};
MUST_CHECK bool change_confirm(const struct change_consent *consent, struct error *error);

/* Sends it, once. DONE, REFUSED, UNKNOWN or NOT_SENT; *error says why it is not DONE. */
enum outcome_state change_send(struct ask *ask, size_t endpoint, const char *path,
                               const json_t *content, struct buf *body, struct error *error);

#endif
