#include "ctl/reconcile_metrics.h"

#include "core/file.h"

#include <inttypes.h>

enum { FILE_MAX_BYTES = 64 * 1024, FILE_MODE = 0644 };

const char *reconcile_result_name(enum reconcile_result result)
{
    static const char *const names[RECONCILE_RESULTS] = {"ok",   "different",   "healed",
                                                         "busy", "interrupted", "failed"};

    return names[result];
}

void reconcile_metrics_fail(struct reconcile_metrics *metrics, enum error_code code)
{
    for (size_t i = 0; error_code_table[i].name && i < RECONCILE_KINDS_MOST; i++)
        metrics->failures[i] += error_code_table[i].code == code;
}

static void add_family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void add_counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
    add_family(out, name, "counter", help);
    buf_printf(out, "%s_total %" PRIu64 "\n", name, value);
}

static void add_gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    add_family(out, name, "gauge", help);
    buf_printf(out, "%s %" PRId64 "\n", name, value);
}

/* What is a failure: neither success nor changes. */
static bool is_failure(enum error_code code)
{
    return code != ERROR_NONE && code != ERROR_CHANGES;
}

static void add_failures(struct buf *out, const struct reconcile_metrics *metrics)
{
    uint64_t refused = 0;

    add_family(out, "eventctl_reconcile_failures", "counter", "Runs that failed, by kind.");
    for (size_t i = 0; error_code_table[i].name && i < RECONCILE_KINDS_MOST; i++) {
        if (error_code_table[i].code == ERROR_AUTH)
            refused = metrics->failures[i];
        if (is_failure(error_code_table[i].code))
            buf_printf(out, "eventctl_reconcile_failures_total{kind=\"%s\"} %" PRIu64 "\n",
                       error_code_table[i].name, metrics->failures[i]);
    }
    add_counter(out, "eventctl_reconcile_auth_failures",
                "Runs that failed since a login or token was refused, or a permission is missing.",
                refused);
}

static void add_all(struct buf *out, const struct reconcile_metrics *metrics)
{
    add_family(out, "eventctl_reconcile_runs", "counter", "Runs, by how they ended.");
    for (enum reconcile_result result = 0; result < RECONCILE_RESULTS; result++)
        buf_printf(out, "eventctl_reconcile_runs_total{result=\"%s\"} %" PRIu64 "\n",
                   reconcile_result_name(result), metrics->runs[result]);
    add_counter(out, "eventctl_reconcile_differences",
                "Objects found to be other than the manifest says, once in each run.",
                metrics->found);
    add_counter(out, "eventctl_reconcile_healed", "Of these, those that were made so.",
                metrics->healed);
    add_failures(out, metrics);
    add_gauge(out, "eventctl_reconcile_drifted_objects",
              "Objects that are not as the manifest says.", (int64_t)metrics->differing);
    add_gauge(out, "eventctl_reconcile_overridden_objects", "Objects with an override that holds.",
              (int64_t)metrics->overridden);
    add_gauge(out, "eventctl_reconcile_last_run_timestamp_seconds", "When the last run ended.",
              metrics->last_run_s);
    add_gauge(out, "eventctl_reconcile_last_success_timestamp_seconds",
              "When the last run that did not fail ended; 0: none did.", metrics->last_success_s);
    add_gauge(out, "eventctl_reconcile_token_expires_timestamp_seconds",
              "When the token of the last run ends; 0: there is none.", metrics->token_expires_s);
    buf_add_text(out, "# EOF\n");
}

bool reconcile_metrics_write(const struct reconcile_metrics *metrics, const char *path,
                             struct error *error)
{
    struct buf out;
    bool ok;

    buf_init(&out, FILE_MAX_BYTES);
    add_all(&out, metrics);
    ok = !out.failed || error_no_memory(error);
    ok = ok && file_replace_mode(path, out.data, out.length, FILE_MODE, error);
    buf_release(&out);
    return ok;
}
