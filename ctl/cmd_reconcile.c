/* The long-running form of check and apply. */
#include "ctl/command.h"

#include "core/clock.h"
#include "ctl/lock.h"
#include "ctl/reconcile.h"
#include "ctl/render.h"
#include "ctl/stage.h"

#include <poll.h>
#include <string.h>

enum { INTERVAL_UNLESS_TOLD_MS = 60000, LOOK_MS = 200 };

static bool check_output(const struct options *options, struct reconcile *reconcile,
                         struct error *error)
{
    struct render_plan sinks;
    const struct render_sink *first = &sinks.sinks[0];

    if (!render_choose(&sinks, options, error))
        return false;
    reconcile->log.json = first->renderer->render == render_json;
    if (sinks.count > 1 || first->path)
        return error_set(error, ERROR_INVALID,
                         "reconcile writes its lines to stdout: -o text or "
                         "-o json, and no file");
    return true;
}

static bool check_mode(const struct options *options, struct reconcile *reconcile,
                       struct error *error)
{
    reconcile->heal = options->mode && strcmp(options->mode, "heal") == 0;
    return !options->mode || reconcile->heal || strcmp(options->mode, "report") == 0 ||
           error_set(error, ERROR_INVALID, "--mode takes heal or report, not \"%s\"",
                     options->mode);
}

/* What can be read once is read by one run. */
static bool check_files(const struct options *options, struct error *error)
{
    for (size_t i = 0; i < options->files.count; i++)
        if (strcmp(options->files.items[i], "-") == 0 && !options->once)
            return error_set(error, ERROR_INVALID,
                             "a manifest on standard input can be read once: -f - takes --once");
    return options->client_secret_fd < 0 || options->once ||
           error_set(error, ERROR_INVALID,
                     "--client-secret-fd can be read once: it takes --once; else "
                     "--client-secret-file");
}

static void wait_for_next(const struct reconcile *reconcile, int64_t wait_ms)
{
    int64_t until_ms = clock_monotonic_ms() + wait_ms, left_ms;

    if (reconcile->client) {
        client_pause(reconcile->client, wait_ms); /* its token is refreshed meanwhile */
        return;
    }
    while (!stage_stop && (left_ms = until_ms - clock_monotonic_ms()) > 0)
        (void)poll(NULL, 0, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
}

static void write_metrics(struct reconcile *reconcile)
{
    struct error error = ERROR_INIT;

    if (reconcile->options->metrics_file &&
        !reconcile_metrics_write(&reconcile->metrics, reconcile->options->metrics_file, &error))
        eventlog_write(&reconcile->log, LOG_ERROR, "metrics_unwritable",
                       json_pack("{s:o}", "error", render_json_text(error.text)));
}

/* Another one is running, or the organisation is another one: not ours to count. */
static bool is_not_ours(const struct reconcile *reconcile, const struct error *error)
{
    return reconcile->lock < 0 && error->code == ERROR_REFUSED;
}

/* What is wrong with settings or manifest at the first run already will not get better by itself;
 * what goes wrong later may. */
static bool is_fatal(const struct reconcile *reconcile, bool first, const struct error *error)
{
    return (first && error->code == ERROR_INVALID) || is_not_ours(reconcile, error);
}

/* Runs until a signal comes, or once. */
static void loop(struct reconcile *reconcile, struct report *report)
{
    const struct options *options = reconcile->options;
    int64_t interval_ms = options->interval_ms ? options->interval_ms : INTERVAL_UNLESS_TOLD_MS;

    for (bool first = true;; first = false) {
        struct error error = ERROR_INIT;
        (void)reconcile_run(reconcile, &error);
        if (!is_not_ours(reconcile, &error))
            write_metrics(reconcile);
        if (options->once || is_fatal(reconcile, first, &error)) {
            report->error = error;
            return;
        }
        if (!stage_stop && !reconcile->log.failed)
            wait_for_next(reconcile, interval_ms);
        if (stage_stop || reconcile->log.failed)
            return;
    }
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct reconcile reconcile = {.options = options, .lock = -1};

    (void)words;
    if (!check_output(options, &reconcile, &report->error) ||
        !check_mode(options, &reconcile, &report->error) || !check_files(options, &report->error))
        return;
    report->streamed = true;
    eventlog_write(&reconcile.log, LOG_INFO, "started",
                   json_pack("{s:s, s:s, s:b}", "version", EVENTCTL_VERSION, "mode",
                             reconcile.heal ? "heal" : "report", "once", (int)options->once));
    loop(&reconcile, report);
    eventlog_write(&reconcile.log, LOG_INFO, "stopped",
                   json_pack("{s:b}", "signal", (int)stage_stop));
    if (reconcile.log.failed)
        error_set(&report->error, ERROR_FAILED, "the output could not be written to stdout");
    client_free(reconcile.client);
    lock_close(reconcile.lock);
}

const struct command command_reconcile = {
    .name = "reconcile",
    .words = "",
    .summary = "check, or apply, again and again",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_RECONCILE | GROUP_ENDPOINT,
    .details =
        "Reads the manifest, the service and the ingest endpoints, and compares them: at once and\n"
        "then each --interval. With `--mode report` it writes nothing; with `heal` it makes what\n"
        "differs as the manifest says, as apply does, within the same limits, and takes back\n"
        "overrides that have expired. It deletes only with --prune. While an apply runs, it "
        "waits.\n"
        "\n"
        "One line an event on stdout, with -o json an object a line: time, level, event (started,\n"
        "difference, override, unpublished, endpoint, healed, not_healed, run, "
        "metrics_unwritable,\n"
        "stopped) and what belongs to it. Each run ends with a `run`: result (ok, different, "
        "healed,\n"
        "busy, interrupted, failed), differences, unchanged, overrides, took_ms, error.\n"
        "\n"
        "One at a time for an organisation and owner: a second one ends with 5. SIGTERM or SIGINT\n"
        "ends it with 0 when the write under way is finished; a manifest or configuration that is\n"
        "wrong at its start with 3. With --once the exit code is the run's: 2 when something "
        "differs\n"
        "and is only reported.\n",
    .run = run,
};
