#include "ctl/stage.h"

#include "core/clock.h"
#include "core/event.h"
#include "core/text.h"
#include "ctl/ask.h"
#include "ctl/folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t stage_stop, stage_writing;

/* -- the manifest --------------------------------------------------------------------------- */

static const char usual_manifest[] = "eventctl.yaml";

static bool check_disabled(const struct options *options, struct error *error)
{
    for (size_t i = 0; i < options->disabled.count; i++) {
        const struct diag_rule *rule = diag_rule_find(options->disabled.items[i]);
        if (!rule || !rule->lint)
            return error_set(error, ERROR_INVALID, "--disable %s: %s", options->disabled.items[i],
                             rule ? "this rule cannot be switched off"
                                  : "no such rule; `eventctl help rules` lists them");
    }
    return true;
}

bool stage_settings(const struct options *options, struct report *report)
{
    bool ok = settings_read(&report->settings, options, &report->diags, &report->error);

    diag_sort(&report->diags);
    return ok;
}

bool stage_endpoints(const struct options *options, struct report *report, struct ask **ask)
{
    *ask = NULL;
    if (stage_settings(options, report) &&
        endpoints_read(&report->endpoints, options, &report->settings, &report->error))
        *ask = ask_new(&report->endpoints, options, &report->error);
    return *ask;
}

bool stage_manifest(const struct options *options, const struct option_words *words,
                    struct report *report)
{
    struct option_list paths = options->files;
    struct manifest_options read = {
        .paths = paths.items, .stop = &stage_stop, .sandbox = report->settings.sandbox};

    if (!check_disabled(options, &report->error))
        return false;
    for (size_t i = 0; words && i < words->count && paths.count < OPTION_LIST_MOST; i++)
        paths.items[paths.count++] = words->items[i];
    if (paths.count == 0 && access(usual_manifest, F_OK) != 0)
        return error_set(&report->error, ERROR_INVALID,
                         "no manifest: give one with -f, or keep it as %s", usual_manifest);
    if (paths.count == 0)
        paths.items[paths.count++] = usual_manifest;
    read.path_count = paths.count;
    report->diags.disabled = options->disabled.items;
    report->has_manifest = manifest_read(&report->manifest, &read, &report->diags);
    diag_sort(&report->diags);
    if (report->diags.no_memory)
        return error_no_memory(&report->error);
    if (!report->has_manifest && stage_stop)
        return error_set(&report->error, ERROR_INTERRUPTED, "interrupted");
    if (!report->has_manifest)
        return error_set(&report->error, ERROR_INVALID, "the manifest has %zu error%s",
                         report->diags.errors, report->diags.errors == 1 ? "" : "s");
    return true;
}

/* -- the service ---------------------------------------------------------------------------- */

static void log_line(void *context, enum log_level level, const char *line)
{
    static const char *const names[] = {"debug", "info", "warning", "ERROR"};
    const struct options *options = context;

    if (level <= LOG_DEBUG && !options->verbose)
        return;
    if (level <= LOG_INFO && options->quiet)
        return;
    fprintf(stderr, "eventctl: %s: %s\n", names[level], line);
}

static bool names_organization(const struct report *report, const char *wanted)
{
    return !wanted || strcmp(wanted, report->identity.organization) == 0 ||
           strcasecmp(wanted, report->identity.organization_id) == 0;
}

/* Any other organisation than the expected one is refused before the first read. */
bool stage_organization(struct report *report)
{
    const char *wanted[] = {report->settings.organization,
                            report->has_manifest ? report->manifest.organization : NULL};

    for (size_t i = 0; i < 2; i++)
        if (!names_organization(report, wanted[i]))
            return error_set(&report->error, ERROR_REFUSED,
                             "the credentials are for organisation %s (%s), but the %s says %s; "
                             "nothing was read",
                             report->identity.organization, report->identity.organization_id,
                             i ? "manifest" : "configuration", wanted[i]);
    if (report->plan == &report->saved.plan &&
        strcasecmp(report->saved.organization_id, report->identity.organization_id) != 0)
        return error_set(&report->error, ERROR_REFUSED,
                         "the plan is for organisation %s (%s), the credentials are for %s (%s); "
                         "nothing was read",
                         report->saved.organization, report->saved.organization_id,
                         report->identity.organization, report->identity.organization_id);
    return true;
}

struct client_options stage_client_options(const struct options *options,
                                           const struct settings *settings, bool read_only)
{
    return (struct client_options){
        .api_url = settings->api_url,
        .login_url = settings->login_url,
        .credentials = {{settings->client_ids[0], settings->secrets[0]},
                        {settings->client_ids[1], settings->secrets[1]}},
        .ca_file = settings->ca_file,
        .proxy = settings->proxy,
        .connect_timeout_ms = options->connect_timeout_ms,
        .timeout_ms = options->timeout_ms,
        .retries = (unsigned)options->retries,
        .no_retries = options->retries == 0,
        .connections = (unsigned)options->connections,
        .refresh_percent = (unsigned)settings->token_refresh_percent,
        .read_only = read_only,
    };
}

bool stage_connect(const struct options *options, enum stage_access access, struct report *report,
                   struct client **client)
{
    struct settings *settings = &report->settings;
    struct client_options wanted;
    struct error no_cache = ERROR_INIT;
    char *cache = NULL;

    *client = NULL;
    if (!settings_read_secrets(settings, options, &stage_stop, &report->error))
        return false;
    if (!options->no_token_cache)
        cache = folder_cache(&no_cache);
    wanted = stage_client_options(options, settings, access == STAGE_READ);
    wanted.token_cache = cache;
    wanted.log = log_line;
    wanted.log_context = (void *)options;
    wanted.stop = &stage_stop;
    *client = client_new(&wanted, &report->error);
    free(cache);
    if (*client && remote_identify(*client, &report->identity, &report->error) &&
        stage_organization(report))
        return true;
    client_free(*client);
    *client = NULL;
    return false;
}

bool stage_listing(struct client *client, struct report *report)
{
    bool needed[VIA_COUNT] = {false};
    bool any = false;

    for (size_t i = 0; i < report->manifest.subscription_count; i++)
        needed[report->manifest.subscriptions[i].via] = true;
    if (!remote_list(client, needed, &report->listing, &report->error))
        return false;
    for (enum via via = 0; via < VIA_COUNT; via++)
        any |= report->listing.listed[via] == REMOTE_LISTED;
    if (!any) {
        report->error = report->listing.why[0];
        return false;
    }
    for (enum via via = 0; via < VIA_COUNT; via++)
        if (report->listing.listed[via] == REMOTE_FORBIDDEN)
            report_note(report, "%s objects could not be listed: %s", via_name(via),
                        report->listing.why[via].text);
    if (report->listing.repeated > 0)
        report_note(report, "%zu object%s stood on two pages and %s counted once",
                    report->listing.repeated, report->listing.repeated == 1 ? "" : "s",
                    report->listing.repeated == 1 ? "is" : "are");
    return true;
}

/* -- the plan ------------------------------------------------------------------------------- */

static bool check_targets(const struct options *options, struct report *report)
{
    for (size_t t = 0; t < options->targets.count; t++) {
        const char *target = options->targets.items[t];
        bool found = false;
        for (size_t i = 0; i < report->manifest.subscription_count && !found; i++)
            found = strcmp(report->manifest.subscriptions[i].name, target) == 0;
        for (size_t i = 0; i < report->listing.objects.count && !found; i++)
            found = strcmp(report->listing.objects.items[i].marker.name, target) == 0;
        if (!found)
            return error_set(&report->error, ERROR_INVALID,
                             "--target %s: no such subscription, neither in the manifest nor at "
                             "the service",
                             target);
    }
    return true;
}

/* How the guide's event names are served by triggers. */
static void note_mappings(struct report *report)
{
    for (const struct event *event = event_table; event->name; event++) {
        bool used = false;
        for (size_t i = 0; i < report->manifest.subscription_count; i++) {
            const struct subscription *subscription = &report->manifest.subscriptions[i];
            for (size_t e = 0; e < subscription->event_count && !used; e++)
                used = subscription->via == VIA_TRIGGER &&
                       strcmp(subscription->events[e].name, event->name) == 0;
        }
        if (used && event->topic && strcmp(event->topic, event->name) != 0)
            report_note(report, "%s is served by topic %s%s%s%s%s%s%s", event->name, event->topic,
                        event->adds.field ? " where " : "",
                        event->adds.field ? event->adds.field : "", event->adds.field ? " " : "",
                        event->adds.field ? filter_operators[event->adds.op].name : "",
                        event->adds.field ? " " : "", event->adds.field ? event->adds.value : "");
    }
}

/* What the source cannot filter is left to the ingest service. */
static void note_residuals(struct report *report)
{
    for (size_t i = 0; i < report->manifest.subscription_count; i++) {
        const struct subscription *subscription = &report->manifest.subscriptions[i];
        for (size_t c = 0; c < subscription->filter_count; c++) {
            const struct criterion *criterion = &subscription->filter[c];
            if (!filter_operators[criterion->op].remote[subscription->via])
                report_note(report,
                            "%s: `%s %s %s` cannot be filtered by %s; the paired ingest service "
                            "applies it",
                            subscription->name, criterion->field,
                            filter_operators[criterion->op].name, criterion->value,
                            via_name(subscription->via));
        }
    }
}

bool stage_plan(const struct options *options, struct report *report)
{
    const struct plan_limits limits = {(unsigned)options->max_updates,
                                       (unsigned)options->max_deletes, options->allow_downgrade};
    const struct plan_input input = {
        .desired = &report->desired,
        .remote = &report->listing.objects,
        .owner = report->manifest.owner,
        .organizations = {report->manifest.organization, report->identity.organization,
                          report->identity.organization_id},
        .prune = options->prune,
        .targets = options->targets.count ? options->targets.items : NULL,
        .now_s = clock_unix_s(),
    };

    plan_release(&report->made);
    object_list_release(&report->desired);
    if (!check_targets(options, report) ||
        !object_list_desire(&report->desired, &report->manifest, &report->error) ||
        !plan_make(&report->made, &input, &report->error))
        return false;
    report->plan = &report->made;
    if (strcmp(report->command, "plan") == 0) {
        note_mappings(report);
        note_residuals(report);
    }
    report->allowed = ERROR_INIT;
    (void)!plan_allowed(&report->made, &limits, &report->allowed);
    return true;
}

bool stage_read_only(const struct options *options, const struct option_words *words,
                     struct report *report)
{
    struct client *client = NULL;
    bool ok = stage_settings(options, report) && stage_manifest(options, words, report) &&
              stage_connect(options, STAGE_READ, report, &client) &&
              stage_listing(client, report) && stage_plan(options, report);

    client_free(client);
    if (ok && report->plan->conflict_count > 0)
        report->error = report->allowed;
    return report->error.code == ERROR_NONE;
}

/* -- a kept plan ---------------------------------------------------------------------------- */

/* Reads the manifest that a kept plan was made from, when it is there, into one of its own. */
static bool check_manifest_hash(const struct options *options, struct report *report)
{
    const json_t *paths = report->saved.manifest_paths;
    struct options again = *options;

    again.files.count = 0;
    for (size_t i = 0; i < json_array_size(paths) && i < OPTION_LIST_MOST; i++) {
        const char *path = json_string_value(json_array_get(paths, i));
        if (!path || strcmp(path, "-") == 0 || access(path, R_OK) != 0)
            return true; /* the plan stands for itself where the manifest is not */
        again.files.items[again.files.count++] = path;
    }
    if (again.files.count == 0)
        return true;
    again.files.items[again.files.count] = NULL;
    bool read = stage_manifest(&again, NULL, report);
    report->diags.disabled = options->disabled.items;
    if (!read)
        return false;
    if (strcmp(report->manifest.hash, report->saved.manifest_hash) != 0)
        return error_set(&report->error, ERROR_STALE,
                         "the manifest changed since the plan was made; make a new plan");
    return true;
}

bool stage_saved_plan(const struct options *options, const char *path, struct report *report)
{
    if (!plan_file_read(path, &report->saved, &report->error))
        return false;
    report->plan = &report->saved.plan;
    if (time(NULL) > report->saved.expires_s)
        return error_set(&report->error, ERROR_STALE,
                         "the plan has expired; make a new one (--expires says how long it holds)");
    return check_manifest_hash(options, report);
}

static void note_moved(void *context, const struct plan_change *change, const struct object *live)
{
    struct report *report = context;

    report->moved[report->moved_count++] = (struct report_moved){*change, live};
}

bool stage_saved_compare(const struct options *options, struct report *report)
{
    const struct plan_limits limits = {(unsigned)options->max_updates,
                                       (unsigned)options->max_deletes, options->allow_downgrade};
    struct plan_file *saved = &report->saved;
    long moved;

    report->moved = calloc(saved->plan.count + 1, sizeof(*report->moved));
    moved =
        report->moved ? plan_file_compare(saved, &report->listing.objects, note_moved, report) : -1;
    if (moved < 0)
        return error_no_memory(&report->error);
    if (moved > 0)
        return error_set(
            &report->error, ERROR_STALE,
            "%ld object%s changed since the plan was made; nothing was written; make a "
            "new plan",
            moved, moved == 1 ? "" : "s");
    if (saved->already_done > 0)
        report_note(report, "%zu change%s of this plan %s there already", saved->already_done,
                    saved->already_done == 1 ? "" : "s", saved->already_done == 1 ? "is" : "are");
    for (size_t i = 0; i < report->listing.objects.count; i++) {
        const struct marker *marker = &report->listing.objects.items[i].marker;
        saved->plan.ours += marker->present && strcmp(marker->owner, saved->owner) == 0;
    }
    (void)!plan_allowed(&saved->plan, &limits, &report->allowed);
    return true;
}
