#include "ctl/command.h"

#include "ctl/carry.h"
#include "ctl/render.h"
#include "ctl/stage.h"

#include <stdio.h>

/* What a run of apply holds beside its report. */
struct work {
    const struct options *options;
    const char *plan_path; /* NULL: from the manifest */
    struct report *report;
    struct carry carry;
};

static const char *owner_of(const struct work *work)
{
    return work->plan_path ? work->report->saved.owner : work->report->manifest.owner;
}

/* The plan, made when everything that the last run sent can be seen. */
static bool plan_after_last_run(struct work *work)
{
    struct journal_last last;

    if (!carry_open(&work->carry, owner_of(work)))
        return false;
    journal_get_last(work->carry.journal, &last);
    if (!(work->plan_path ? stage_saved_compare(work->options, work->report)
                          : stage_plan(work->options, work->report)))
        return false;
    if (!publish_plan(work->options, work->report))
        return false;
    if (last.unfinished)
        report_note(
            work->report,
            "the last apply did not finish (%zu write%s done, %zu in doubt); this one goes on",
            last.done, last.done == 1 ? "" : "s", last.in_doubt);
    return true;
}

static bool confirmed(const struct work *work)
{
    size_t count = work->report->plan->count, told = publish_count(&work->report->publish);
    char question[1024], publish[64] = "";

    if (told > 0)
        snprintf(publish, sizeof(publish), "%s%zu change%s to ingest endpoints",
                 count > 0 ? ", and publish " : "Publish ", told, told == 1 ? "" : "s");
    if (count > 0)
        snprintf(question, sizeof(question), "Apply %zu change%s to %s%s?", count,
                 count == 1 ? "" : "s", work->report->identity.organization, publish);
    else
        snprintf(question, sizeof(question), "%s?", publish);
    return carry_confirm(&work->carry, question, "applies") &&
           publish_confirm(work->options, work->report);
}

/* Everything after the plan is there: may it be done, shall it be done, do it. */
static void apply_plan(struct work *work)
{
    struct report *report = work->report;
    struct render_plan sinks;

    if (report->allowed.code != ERROR_NONE) {
        report->error = report->allowed;
        return;
    }
    if (report->plan->count + publish_count(&report->publish) == 0) {
        report->has_apply = true;
        publish_judge(report);
        return;
    }
    if (render_choose(&sinks, work->options, &report->error))
        render_plan_now(&sinks, work->options, report);
    if (report->error.code == ERROR_NONE && confirmed(work))
        carry_out(&work->carry);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct work work = {
        .options = options, .report = report, .carry = {.options = options, .report = report}};

    work.plan_path = words->count > 0 ? words->items[0] : NULL;
    if (work.plan_path && (options->files.count || options->prune || options->targets.count)) {
        error_set(&report->error, ERROR_INVALID,
                  "a kept plan is applied as it is: no -f, --prune or --target beside it");
        return;
    }
    if (stage_settings(options, report) &&
        (work.plan_path ? stage_saved_plan(options, work.plan_path, report)
                        : stage_manifest(options, NULL, report)) &&
        stage_connect(options, STAGE_WRITE, report, &work.carry.client) &&
        plan_after_last_run(&work))
        apply_plan(&work);
    carry_close(&work.carry);
    client_free(work.carry.client);
}

const struct command command_apply = {
    .name = "apply",
    .words = "[PLAN]",
    .summary = "make it so: from the manifest, or from a kept plan",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_APPLY | GROUP_ENDPOINT,
    .words_most = 1,
    .details =
        "Shows the plan, asks (or takes --yes), writes, and reads again to verify. Creates and\n"
        "updates come first; deletes follow only when all of them succeeded. A write carries the\n"
        "version that was planned on: what somebody changed meanwhile is not overwritten (exit "
        "6).\n"
        "Then the ingest endpoints of the profile, or of --endpoint, are told: ids, keys, and "
        "what\n"
        "of the filters is left to them. Exit 7 when one could not be; the next apply goes on.\n"
        "The first Ctrl-C finishes what is in flight and keeps the journal.\n",
    .run = run,
};
