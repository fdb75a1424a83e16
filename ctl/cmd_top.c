#include "ctl/command.h"

#include "ctl/ask.h"
#include "ctl/folders.h"
#include "ctl/render.h"
#include "ctl/stage.h"
#include "tui/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the dashboard is given of the Genesys side; all of it lives as long as the screen. */
struct far_side {
    struct report *report;
    struct client_options client;
    struct genesys_options options;
    struct error why_not;
    bool known;
    char *cache;
};

/* -- the plan as `eventctl plan` prints it ------------------------------------------------------
 */

enum { PLAN_MOST = 16 * 1024 * 1024 };

/* Without its first line: the dashboard names the organisation itself. */
static void print_plan(void *context, struct buf *out, const struct plan *plan)
{
    struct report *report = context;
    const char *text;
    struct buf whole;

    buf_init(&whole, PLAN_MOST);
    report->plan = plan;
    render_text_plan(&whole, report, false);
    report->plan = NULL;
    text = strstr(buf_text(&whole), "\n\n");
    buf_add_text(out, text ? text + 2 : buf_text(&whole));
    if (whole.failed)
        out->failed = true;
    buf_release(&whole);
}

/* -- the Genesys side ---------------------------------------------------------------------------
 */

/* Whether the command line itself asks for it: then what is missing is an error, not a remark. */
static bool is_manifest_asked(const struct options *options)
{
    return options->files.count > 0;
}

static bool is_service_asked(const struct options *options)
{
    return is_manifest_asked(options) || options->client_id || options->client_secret_file ||
           options->client_secret_fd >= 0 || options->api_url || options->login_url ||
           options->region || options->organization;
}

/* Findings are for `validate`: here the error says enough. */
static bool read_manifest(const struct options *options, struct far_side *far)
{
    struct report *report = far->report;
    bool ok = stage_manifest(options, NULL, report) &&
              object_list_desire(&report->desired, &report->manifest, &report->error);

    if (ok || !is_manifest_asked(options)) {
        diag_list_release(&report->diags);
        diag_list_init(&report->diags);
    }
    return ok;
}

static void fill_client(const struct options *options, struct far_side *far)
{
    struct error no_cache = ERROR_INIT;

    far->cache = options->no_token_cache ? NULL : folder_cache(&no_cache);
    far->client = stage_client_options(options, &far->report->settings, true);
    far->client.token_cache = far->cache;
}

static void fill_options(struct far_side *far)
{
    struct report *report = far->report;
    const struct manifest *manifest = &report->manifest;

    far->options =
        (struct genesys_options){.client = &far->client, .print = print_plan, .context = report};
    if (!report->has_manifest)
        return;
    far->options.desired = &report->desired;
    far->options.owner = manifest->owner;
    far->options.organizations[0] = manifest->organization;
    for (size_t i = 0; i < manifest->subscription_count; i++)
        far->options.needed[manifest->subscriptions[i].via] = true;
}

/* Moves an error that nobody asked for out of the report. */
static void forgive(struct far_side *far)
{
    if (far->why_not.code == ERROR_NONE)
        far->why_not = far->report->error;
    far->report->error = ERROR_INIT;
}

/* False: report->error says why the command ends here. */
static bool find_far_side(const struct options *options, struct far_side *far)
{
    struct report *report = far->report;

    if (!read_manifest(options, far)) {
        if (is_manifest_asked(options) || stage_stop)
            return false;
        report->has_manifest = false;
        forgive(far);
    }
    if (!settings_read_secrets(&report->settings, options, &stage_stop, &report->error)) {
        if (is_service_asked(options) || stage_stop)
            return false;
        far->why_not = ERROR_INIT; /* this says more */
        forgive(far);
        return true;
    }
    fill_client(options, far);
    fill_options(far);
    far->known = true;
    return true;
}

/* -- the command --------------------------------------------------------------------------------
 */

static int color_of(const struct options *options)
{
    const char *color = options->color ? options->color : "auto";

    return strcmp(color, "always") == 0 ? 1 : strcmp(color, "never") == 0 ? 2 : 0;
}

static bool check(const struct options *options, struct error *error)
{
    if (options->replay && options->record)
        return error_set(error, ERROR_INVALID, "--record and --replay exclude each other");
    if (options->once && options->count > 1)
        return error_set(error, ERROR_INVALID, "--once and --count exclude each other");
    return true;
}

static void show(const struct options *options, const struct far_side *far, struct report *report)
{
    const struct endpoints *endpoints = &report->endpoints;
    enum top_health health = TOP_CANNOT_TELL;
    char note[1200];
    struct top_settings settings = {
        .endpoints = endpoints->items,
        .endpoint_count = endpoints->count,
        .ca_file = endpoints->ca_file,
        .genesys = far->known ? &far->options : NULL,
        .interval_ms = options->interval_ms,
        .count = options->count,
        .once = options->once,
        .json = options->json,
        .read_only = options->read_only,
        .mouse = options->mouse,
        .ascii = options->ascii,
        .color = color_of(options),
        .filter = options->filter,
        .sort = options->sort,
        .record = options->record,
        .replay = options->replay,
        .who = ask_who(),
    };

    if (far->why_not.code != ERROR_NONE) {
        snprintf(note, sizeof(note), "%s: %s",
                 far->known ? "no drift is shown" : "nothing of the Genesys side is shown",
                 far->why_not.text);
        settings.note = note;
    }
    if (top_run(&settings, &health, &report->error) && health != TOP_HEALTHY)
        report->error.code = health == TOP_DEGRADED ? ERROR_CHANGES : ERROR_FAILED;
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct far_side far = {.report = report, .why_not = ERROR_INIT};

    (void)words;
    if (check(options, &report->error) &&
        (options->replay ||
         (stage_settings(options, report) &&
          endpoints_read(&report->endpoints, options, &report->settings, &report->error) &&
          find_far_side(options, &far))))
        show(options, &far, report);
    free(far.cache);
}

const struct command command_top = {
    .name = "top",
    .words = "",
    .summary = "a dashboard of what the ingest endpoints do",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_ENDPOINT | GROUP_TOP,
    .details =
        "On a terminal: `?` tells the keys, `q` ends it. Drift and health are shown where a "
        "manifest\n"
        "(-f, eventctl.yaml) and credentials are at hand.\n"
        "\n"
        "With --once, --json or --count, or where stdout is no terminal that can move its cursor,\n"
        "it prints text: endpoints, totals, a row a subscription, one block each interval; never "
        "an\n"
        "escape code. The first print waits until each endpoint was heard twice, one interval\n"
        "apart, so that rates are known, or has failed. --filter and --sort hold there too.\n"
        "--json prints one object a print, on one line: {\"at_ms\", \"health\" (healthy, "
        "degraded,\n"
        "cannot-tell), \"endpoints\": [{\"name\", \"state\" (waiting, live, late, down), …}],\n"
        "\"totals\": {…}, \"subscriptions\": [{…}]}; what is not known is null.\n"
        "\n"
        "Of the last print the exit code tells: 0 healthy, 2 degraded (a subscription is FAIL, "
        "LATE\n"
        "or DRIFT, an endpoint is not live or takes no events), 1 nobody can tell. A screen that\n"
        "was quit ends with 0; SIGINT, SIGTERM and SIGHUP end with 130.\n"
        "\n"
        "--record keeps all that endpoints answered, but no token, in a new file that only its\n"
        "owner may read: it may hold events. --replay shows such a file, on a terminal in the "
        "time\n"
        "it took, else at once: each print, or with --once the last.\n",
    .run = run,
};
