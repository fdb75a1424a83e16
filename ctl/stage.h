/* The steps that commands are put together from. Each fills its part of the report; false means
 * that report->error says why the command ends here.
 */
#ifndef CTL_STAGE_H
#define CTL_STAGE_H

#include "ctl/option.h"
#include "ctl/report.h"

/* Set by the first SIGINT, SIGTERM or SIGHUP: what is in flight is finished, nothing more is begun.
 */
extern volatile sig_atomic_t stage_stop;

/* True while a write is under way: what a signal's answer depends on. */
extern volatile sig_atomic_t stage_writing;

/* Where the service is and who we are, all but the secrets. */
MUST_CHECK bool stage_settings(const struct options *options, struct report *report);

/* Fills report->endpoints, and makes what asks them. The caller frees it. */
struct ask;
MUST_CHECK bool stage_endpoints(const struct options *options, struct report *report,
                                struct ask **ask);

/* Reads the manifest that -f and the words (NULL: none) name, or else eventctl.yaml. ERROR_INVALID
 * when it has errors. */
MUST_CHECK bool stage_manifest(const struct options *options, const struct option_words *words,
                               struct report *report);

/* What a client is made with, once the secrets are read; all of it is borrowed from options and
 * settings. Without log, stop and token cache. */
struct client_options stage_client_options(const struct options *options,
                                           const struct settings *settings, bool read_only);

/* Reads the secrets and makes a client, with report->identity filled in and the organisation
 * checked. The caller frees it. */
enum stage_access { STAGE_READ, STAGE_WRITE };
MUST_CHECK bool stage_connect(const struct options *options, enum stage_access access,
                              struct report *report, struct client **client);

/* Refuses another organisation than the expected one: part of stage_connect, and for a client that
 * is kept. */
MUST_CHECK bool stage_organization(struct report *report);

/* Lists everything. A kind that the manifest does not use need not be readable. */
MUST_CHECK bool stage_listing(struct client *client, struct report *report);

/* The plan from manifest and listing, with notes on what a reader should know. */
MUST_CHECK bool stage_plan(const struct options *options, struct report *report);

/* All of the above, up to the plan, for a command that only reads: its error is set when there
 * are conflicts. */
MUST_CHECK bool stage_read_only(const struct options *options, const struct option_words *words,
                                struct report *report);

/* A kept plan: read, and checked for its expiry and against the manifest where that is at hand. */
MUST_CHECK bool stage_saved_plan(const struct options *options, const char *path,
                                 struct report *report);

/* A kept plan against the organisation and the listing: ERROR_STALE with report->moved when an
 * object is not as it was planned on. */
MUST_CHECK bool stage_saved_compare(const struct options *options, struct report *report);

#endif
