/* Figures of `eventctl reconcile`, as a file of OpenMetrics text: of the process since its start,
 * and of its last run. node_exporter's collector of text files reads it as well.
 */
#ifndef CTL_RECONCILE_METRICS_H
#define CTL_RECONCILE_METRICS_H

#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

/* How a run ended. */
enum reconcile_result {
    RECONCILE_OK,          /* all is as the manifest says */
    RECONCILE_DIFFERENT,   /* something is not, and was reported */
    RECONCILE_HEALED,      /* something was not, and is now */
    RECONCILE_BUSY,        /* an apply was running: not looked */
    RECONCILE_INTERRUPTED, /* by a signal */
    RECONCILE_FAILED,
    RECONCILE_RESULTS
};
const char *reconcile_result_name(enum reconcile_result result); /* "ok" */

enum { RECONCILE_KINDS_MOST = 16 }; /* at least as many as error_code_table has rows */

struct reconcile_metrics {
    uint64_t runs[RECONCILE_RESULTS];
    uint64_t failures[RECONCILE_KINDS_MOST]; /* by row of error_code_table */
    uint64_t found, healed;                  /* differences */
    size_t differing, overridden;            /* objects, after the last run that could look */
    int64_t last_run_s, last_success_s;      /* since the epoch; 0: never */
    int64_t token_expires_s;                 /* since the epoch; 0: there is none */
};

/* Counts a run that failed of that. */
void reconcile_metrics_fail(struct reconcile_metrics *metrics, enum error_code code);

/* Replaces the file, readable for all. */
MUST_CHECK bool reconcile_metrics_write(const struct reconcile_metrics *metrics, const char *path,
                                        struct error *error);

#endif
