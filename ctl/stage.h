/* The steps that commands are put together from. Each fills its part of the report; false means
 * that report->error says why the command ends here.
 */
#ifndef CTL_STAGE_H
#define CTL_STAGE_H

#include "ctl/option.h"
#include "ctl/report.h"
#include "ctl/settings.h"

/* Set by the first SIGINT or SIGTERM: what is in flight is finished, nothing more is begun. */
extern volatile sig_atomic_t stage_stop;

/* Reads the manifest that -f names, or eventctl.yaml. ERROR_INVALID when it has errors. */
MUST_CHECK bool stage_manifest(const struct options *options, const struct settings *settings,
                               struct report *report);

/* A client for the settings, with report->identity filled in and the organisation checked. The
 * caller frees it. */
MUST_CHECK bool stage_connect(const struct options *options, const struct settings *settings,
                              struct report *report, struct client **client);

/* Lists everything. A kind that the manifest does not use need not be readable. */
MUST_CHECK bool stage_listing(struct client *client, struct report *report);

/* The plan from manifest and listing, with notes on what a reader should know. */
MUST_CHECK bool stage_plan(const struct options *options, struct report *report);

/* A kept plan: read, checked against organisation, expiry, manifest and the listing. */
MUST_CHECK bool stage_saved_plan(const struct options *options, const char *path,
                                 struct report *report);
MUST_CHECK bool stage_saved_compare(const struct options *options, struct report *report);

#endif
