/* Publishing: the paired ingest services are told of the manifest's subscriptions.
 *
 * Paired are the endpoints of the profile, or those of --endpoint. What each should have is
 * compared with what is published there (core/publication.h) beside the plan, and published when
 * the plan is carried out and verified, since only then all ids and keys are known. What is read
 * just before is what is replaced: an endpoint where somebody else published meanwhile is read
 * again. What its answer leaves open is found out by reading.
 *
 * Without an endpoint there is nothing of it: no endpoints, no changes.
 */
#ifndef CTL_PUBLISH_H
#define CTL_PUBLISH_H

#include "core/publication.h"
#include "ctl/option.h"
#include "ctl/outcome.h"

struct ask;
struct client;
struct journal;
struct report;

struct publish_endpoint {
    const char *name; /* borrowed from the report's endpoints */
    bool production;
    bool known; /* it told what is published there; else `error` says why not */
    struct publication publication;
    enum outcome_state state; /* WOULD, NOTHING, or what became of it; not known: NOT_SENT */
    struct error error;       /* why it is not DONE */
};

struct publish {
    struct ask *ask;
    json_t *wish;
    struct publish_endpoint *endpoints;
    size_t count;
};

void publish_init(struct publish *publish);
void publish_release(struct publish *publish);

/* Compares every endpoint with report->plan and the listing. An endpoint that cannot be asked is no
 * failure of this call. False: report->error says what is wrong with the endpoints' settings. */
MUST_CHECK bool publish_plan(const struct options *options, struct report *report);

/* Reads what is published at an endpoint and compares it: *publication is replaced, and `state`
 * (NULL: not wanted) is what it goes by. False: *error names the endpoint, and *publication is as
 * it was. */
struct remote_listing;
MUST_CHECK bool publish_compare(struct report *report, size_t number,
                                const struct remote_listing *listing,
                                struct publication *publication, char state[PUBLICATION_STATE + 1],
                                struct error *error);

/* Changes that are to be made, at all endpoints. */
size_t publish_count(const struct publish *publish);

/* How many entries change in a way, at an endpoint. */
size_t publish_count_action(const struct publish_endpoint *endpoint,
                            enum publication_action action);

/* False: some endpoint could not be asked, and *error says which and why. */
MUST_CHECK bool publish_known(const struct publish *publish, struct error *error);

/* Consent for each production endpoint with changes: its name is typed. */
MUST_CHECK bool publish_confirm(const struct options *options, struct report *report);

struct publish_run {
    const struct options *options;
    struct report *report; /* its plan is carried out */
    struct client *client;
    struct journal *journal; /* started */
};
/* Publishes, endpoint by endpoint; then as publish_judge. */
void publish_carry_out(const struct publish_run *run);

/* What was to be published is not: it is told as not sent. */
void publish_withdraw(struct publish *publish);

/* Whether something that should be published is not; meaningful after the two above. */
bool publish_is_left(const struct publish *publish);

/* Sets report->error to ERROR_PARTIAL, or ERROR_INTERRUPTED, with the names of what is not
 * published, when there are any. */
void publish_judge(struct report *report);

/* Appends the names of the subscriptions that an endpoint should have been told of, up to a few. */
void publish_add_names(struct buf *out, const struct publish *publish,
                       const struct publish_endpoint *endpoint);

#endif
