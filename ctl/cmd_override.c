/* A change for a time: the storm's larger batches, taken back by themselves. */
#include "ctl/command.h"

#include "core/clock.h"
#include "core/override.h"
#include "core/text.h"
#include "ctl/carry.h"
#include "ctl/moment.h"
#include "ctl/render.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <string.h>

enum { REASON_MAX_BYTES = 1000 };

/* What a run holds beside its report. */
struct work {
    const struct options *options;
    const char *name;
    struct report *report;
    struct carry carry;
    const struct object *live, *wanted;
};

/* -- what is asked for ------------------------------------------------------------------------- */

static bool check_cancel(const struct options *options, struct error *error)
{
    return !(options->batch_size || options->batch_window_ms || options->for_ms) ||
           error_set(error, ERROR_INVALID,
                     "--cancel takes an override back: no --batch-size, --batch-window or --for "
                     "beside it");
}

static bool check(const struct options *options, struct error *error)
{
    const char *reason = options->reason ? options->reason : "";
    size_t length = strlen(reason);

    if (length > REASON_MAX_BYTES || text_utf8_check(reason, length) != length)
        return error_set(error, ERROR_INVALID, "--reason is a text of at most %d bytes",
                         REASON_MAX_BYTES);
    if (options->cancel)
        return check_cancel(options, error);
    if (!options->batch_size && !options->batch_window_ms)
        return error_set(error, ERROR_INVALID,
                         "what shall be overridden? --batch-size, --batch-window or both");
    if (!options->for_ms)
        return error_set(error, ERROR_INVALID,
                         "--for is missing: how long shall the override hold?");
    return strspn(reason, " \t\r\n") < length ||
           error_set(error, ERROR_INVALID,
                     "--reason is missing: why is this done? Whoever makes a plan will read it");
}

/* -- which object ------------------------------------------------------------------------------ */

static bool check_subscription(const struct work *work)
{
    const struct manifest *manifest = &work->report->manifest;

    for (size_t i = 0; i < manifest->subscription_count; i++) {
        const struct subscription *one = &manifest->subscriptions[i];
        if (strcmp(one->name, work->name) == 0)
            return one->via == VIA_EVENT_STREAMS ||
                   error_set(&work->report->error, ERROR_INVALID,
                             "%s is delivered by %s, which knows no batches", work->name,
                             via_name(one->via));
    }
    return error_set(&work->report->error, ERROR_INVALID, "no subscription \"%s\" in the manifest",
                     work->name);
}

static bool is_foreign(const struct plan *plan, const struct object *object)
{
    for (size_t i = 0; i < plan->foreign_count; i++)
        if (plan->foreign[i] == object)
            return true;
    return false;
}

/* Finds what the plan of that name alone is about: the object, and what it should be. */
static bool find(struct work *work)
{
    struct report *report = work->report;
    struct options only = *work->options;
    const struct plan *plan;

    only.targets = (struct option_list){.items = {work->name}, .count = 1};
    if (!stage_plan(&only, report))
        return false;
    plan = report->plan;
    report->plan = NULL; /* it is not what will be done */
    if (plan->conflict_count > 0) {
        report->error = report->allowed;
        return false;
    }
    for (size_t i = 0; i < report->desired.count; i++)
        if (strcmp(report->desired.items[i].marker.name, work->name) == 0)
            work->wanted = &report->desired.items[i];
    for (size_t i = 0; i < report->listing.objects.count; i++) {
        const struct object *object = &report->listing.objects.items[i];
        if (object->via == work->wanted->via && strcmp(object->marker.name, work->name) == 0 &&
            object->marker.version == work->wanted->marker.version && !is_foreign(plan, object))
            work->live = object;
    }
    return work->live || error_set(&report->error, ERROR_FAILED,
                                   "%s is not at the service, or not with its marker: apply the "
                                   "manifest first",
                                   work->wanted->name);
}

/* -- doing it ---------------------------------------------------------------------------------- */

/* Puts the plan of the override in the place of the one that it was found by. */
static bool plan_it(struct work *work)
{
    const struct options *options = work->options;
    struct report *report = work->report;
    int64_t now_s = clock_unix_s();
    struct override_wish wish = {.size = options->batch_size,
                                 .window_ms = options->batch_window_ms,
                                 .until_s = now_s + options->for_ms / 1000,
                                 .reason = options->reason};

    plan_release(&report->made);
    report->allowed = ERROR_INIT;
    if (!(options->cancel
              ? override_plan_cancel(&report->made, work->live, work->wanted, &report->error)
              : override_plan(&report->made, work->live, work->wanted, &wish, now_s,
                              &report->error)))
        return false;
    report->plan = &report->made;
    return true;
}

static bool confirmed(const struct work *work)
{
    const struct object *after = work->report->plan->changes[0].after;
    char question[1024];
    struct buf until;

    buf_init(&until, 64);
    if (!work->options->cancel) {
        buf_add_text(&until, " until ");
        moment_add_clock(&until, after->marker.override.until_s, work->report->plan->now_s);
    }
    snprintf(question, sizeof(question), "%s %s%s in %s?",
             work->options->cancel ? "Take back the override of" : "Override", after->name,
             buf_text(&until), work->report->identity.organization);
    buf_release(&until);
    return carry_confirm(&work->carry, question, "overrides");
}

static void carry_it_out(struct work *work)
{
    struct report *report = work->report;
    struct render_plan sinks;

    if (work->options->dry_run)
        return;
    if (render_choose(&sinks, work->options, &report->error))
        render_plan_now(&sinks, work->options, report);
    if (report->error.code == ERROR_NONE && confirmed(work))
        carry_out(&work->carry);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct work work = {.options = options,
                        .name = words->items[0],
                        .report = report,
                        .carry = {.options = options, .report = report}};

    if (check(options, &report->error) && stage_settings(options, report) &&
        stage_manifest(options, NULL, report) && check_subscription(&work) &&
        stage_connect(options, STAGE_WRITE, report, &work.carry.client) &&
        carry_open(&work.carry, report->manifest.owner) && find(&work) && plan_it(&work))
        carry_it_out(&work);
    carry_close(&work.carry);
    client_free(work.carry.client);
}

const struct command command_override = {
    .name = "override",
    .words = "NAME",
    .summary = "change how a subscription is batched, for a time",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_OVERRIDE,
    .words_least = 1,
    .words_most = 1,
    .details =
        "For a backlog: larger batches mean fewer requests. The manifest stays as it is. Until "
        "the\n"
        "time is over `plan` shows the override as accepted, `check` does not call it drift and\n"
        "`apply` leaves it alone, also where the manifest's value changes meanwhile; then it is a\n"
        "change, which the next apply, or `reconcile --mode heal`, takes back. --cancel does so "
        "now.\n"
        "What somebody else makes of an overridden field is drift.\n"
        "It is kept in the object's description, --reason (60 characters of it) with it. Once "
        "more\n"
        "changes it, and how long it holds: a week at the most.\n",
    .run = run,
};
