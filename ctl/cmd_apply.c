#include "ctl/command.h"

#include "core/text.h"
#include "ctl/confirm.h"
#include "ctl/journal.h"
#include "ctl/progress.h"
#include "ctl/render.h"
#include "ctl/resume.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <string.h>

/* What a run of apply holds beside its report. */
struct work {
    const struct options *options;
    const char *plan_path; /* NULL: from the manifest */
    struct report *report;
    struct client *client;
    struct journal *journal;
};

static const char *owner_of(const struct work *work)
{
    return work->plan_path ? work->report->saved.owner : work->report->manifest.owner;
}

/* The plan, made when everything that the last run sent can be seen. */
static bool plan_after_last_run(struct work *work)
{
    const struct resume resume = {work->client, work->journal, work->report,
                                  work->options->settle_ms};
    struct journal_last last;

    journal_get_last(work->journal, &last);
    if (!resume_listing(&resume))
        return false;
    if (!(work->plan_path ? stage_saved_compare(work->options, work->report)
                          : stage_plan(work->options, work->report)))
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
    size_t count = work->report->plan->count;
    char question[1024];

    snprintf(question, sizeof(question), "Apply %zu change%s to %s?", count, count == 1 ? "" : "s",
             work->report->identity.organization);
    return confirm_ask(&(struct confirm){.question = question,
                                         .does = "applies",
                                         .nothing = "nothing was written",
                                         .yes = work->options->yes},
                       &work->report->error);
}

/* Half an hour of work is announced before anybody agrees to it. */
static void announce(const struct work *work)
{
    size_t writes = plan_writes(work->report->plan);
    int64_t eta_ms = client_eta_ms(work->client, writes);
    struct client_status status;
    struct buf text;

    if (eta_ms < 10000 || work->options->quiet)
        return;
    client_get_status(work->client, &status);
    buf_init(&text, 256);
    text_add_duration(&text, eta_ms >= 120000 ? (eta_ms + 59999) / 60000 * 60000
                                              : (eta_ms + 999) / 1000 * 1000);
    fprintf(stderr, "eventctl: %zu writes at %lld calls a minute take about %s\n", writes,
            (long long)status.rate_allowed, buf_text(&text));
    buf_release(&text);
}

/* Is there anything that the next run has to know of this one? */
static bool leaves_something(const struct report *report)
{
    const size_t *states = report->apply.states;

    return report->error.code != ERROR_NONE && !report->apply.seen &&
           states[APPLY_DONE] + states[APPLY_HALF] + states[APPLY_UNKNOWN] > 0;
}

static void carry_out(struct work *work)
{
    struct report *report = work->report;
    struct progress progress;
    struct apply_options options = {.client = work->client,
                                    .journal = work->journal,
                                    .progress = &progress,
                                    .stop = &stage_stop,
                                    .writing = &stage_writing,
                                    .settle_ms = work->options->settle_ms};

    progress_init(&progress, "writes", work->options->quiet);
    if (!journal_start(work->journal, &report->error))
        return;
    report->has_apply = true;
    if (apply_run(&report->apply, report->plan, &options, &report->error) &&
        !work->options->no_verify)
        (void)!apply_verify(&report->apply, &options, &report->error);
    if (leaves_something(report))
        report->apply.journal = strdup(journal_path(work->journal));
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
    if (report->plan->count == 0) {
        report->has_apply = true;
        return;
    }
    if (render_choose(&sinks, work->options, &report->error))
        render_plan_now(&sinks, work->options, report);
    announce(work);
    if (report->error.code == ERROR_NONE && confirmed(work))
        carry_out(work);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct work work = {.options = options, .report = report};
    enum journal_end end = JOURNAL_LEFT;

    work.plan_path = words->count > 0 ? words->items[0] : NULL;
    if (work.plan_path && (options->files.count || options->prune || options->targets.count)) {
        error_set(&report->error, ERROR_INVALID,
                  "a kept plan is applied as it is: no -f, --prune or --target beside it");
        return;
    }
    if (!stage_settings(options, report) ||
        !(work.plan_path ? stage_saved_plan(options, work.plan_path, report)
                         : stage_manifest(options, NULL, report)) ||
        !stage_connect(options, STAGE_WRITE, report, &work.client))
        goto cleanup;
    work.journal = journal_open(report->identity.organization_id, owner_of(&work), &report->error);
    if (work.journal && plan_after_last_run(&work))
        apply_plan(&work);
cleanup:
    if (report->has_apply && !leaves_something(report))
        end = report->apply.states[APPLY_DONE] > 0 && !report->apply.seen ? JOURNAL_ENDED
                                                                          : JOURNAL_SEEN;
    journal_close(work.journal, end);
    client_free(work.client);
}

const struct command command_apply = {
    .name = "apply",
    .words = "[PLAN]",
    .summary = "make it so: from the manifest, or from a kept plan",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_APPLY,
    .words_most = 1,
    .details =
        "Shows the plan, asks (or takes --yes), writes, and reads again to verify. Creates and\n"
        "updates come first; deletes follow only when all of them succeeded. A write carries the\n"
        "version that was planned on: what somebody changed meanwhile is not overwritten (exit "
        "6).\n"
        "The first Ctrl-C finishes what is in flight and keeps the journal.\n",
    .run = run,
};
