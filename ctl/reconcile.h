/* `eventctl reconcile`: one run after another, until a signal comes.
 *
 * Each run reads settings, manifest, service and endpoints anew, into a report of its own. The
 * client is kept, so that its token stays fresh, and given up when the login is refused: then the
 * secrets are read again. What a run finds and does is told by events and counted in the metrics.
 */
#ifndef CTL_RECONCILE_H
#define CTL_RECONCILE_H

#include "ctl/eventlog.h"
#include "ctl/option.h"
#include "ctl/reconcile_metrics.h"
#include "ctl/report.h"

struct reconcile {
    const struct options *options;
    bool heal; /* else it only reports, and its client can not write */
    struct eventlog log;
    struct reconcile_metrics metrics;
    struct client *client;           /* NULL: none yet, or given up */
    struct remote_identity identity; /* of the client */
    int lock;                        /* -1: not taken yet */
};

/* One run. *error is what it ends with, ERROR_CHANGES where something differs and was only
 * reported; the result is what it is counted as. */
enum reconcile_result reconcile_run(struct reconcile *reconcile, struct error *error);

/* Events of what a run found, and of what became of it. */
void reconcile_tell_found(struct reconcile *reconcile, const struct report *run);
void reconcile_tell_done(struct reconcile *reconcile, const struct report *run);

/* The one event that each run ends with. */
void reconcile_tell_end(struct reconcile *reconcile, const struct report *run,
                        enum reconcile_result result, int64_t took_ms);

#endif
