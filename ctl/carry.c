#include "ctl/carry.h"

#include "core/text.h"
#include "ctl/confirm.h"
#include "ctl/progress.h"
#include "ctl/resume.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <string.h>

enum { ANNOUNCED_MS = 10000, EXACT_MS = 120000, MINUTE_MS = 60000 };

bool carry_open(struct carry *carry, const char *owner)
{
    struct report *report = carry->report;

    carry->journal = journal_open(report->identity.organization_id, owner, &report->error);
    return carry->journal && resume_listing(&(struct resume){carry->client, carry->journal, report,
                                                             carry->options->settle_ms});
}

/* Half an hour of work is announced before anybody agrees to it. */
static void announce(const struct carry *carry)
{
    size_t writes = plan_writes(carry->report->plan);
    int64_t eta_ms = client_eta_ms(carry->client, writes);
    struct client_status status;
    struct buf text;

    if (eta_ms < ANNOUNCED_MS || carry->options->quiet)
        return;
    client_get_status(carry->client, &status);
    buf_init(&text, 256);
    text_add_duration(&text, eta_ms >= EXACT_MS ? (eta_ms + MINUTE_MS - 1) / MINUTE_MS * MINUTE_MS
                                                : (eta_ms + 999) / 1000 * 1000);
    fprintf(stderr, "eventctl: %zu writes at %lld calls a minute take about %s\n", writes,
            (long long)status.rate_allowed, buf_text(&text));
    buf_release(&text);
}

bool carry_confirm(const struct carry *carry, const char *question, const char *does)
{
    announce(carry);
    return confirm_ask(&(struct confirm){.question = question,
                                         .does = does,
                                         .nothing = "nothing was written",
                                         .yes = carry->options->yes},
                       &carry->report->error);
}

/* Is there anything that the next run has to know of this one? */
static bool leaves_something(const struct report *report)
{
    const size_t *states = report->apply.states;
    bool unseen =
        !report->apply.seen && states[APPLY_DONE] + states[APPLY_HALF] + states[APPLY_UNKNOWN] > 0;

    return report->error.code != ERROR_NONE && (unseen || publish_is_left(&report->publish));
}

static bool write_plan(const struct carry *carry, const struct apply_options *options)
{
    struct report *report = carry->report;

    if (report->plan->count == 0)
        return true; /* there is something to publish, and nothing to verify */
    return apply_run(&report->apply, report->plan, options, &report->error) &&
           (carry->options->no_verify || apply_verify(&report->apply, options, &report->error));
}

void carry_out(struct carry *carry)
{
    struct report *report = carry->report;
    struct progress progress;
    struct apply_options options = {.client = carry->client,
                                    .journal = carry->journal,
                                    .progress = &progress,
                                    .stop = &stage_stop,
                                    .writing = &stage_writing,
                                    .settle_ms = carry->options->settle_ms};

    progress_init(&progress, "writes", carry->options->quiet);
    if (!journal_start(carry->journal, &report->error))
        return;
    report->has_apply = true;
    if (write_plan(carry, &options))
        publish_carry_out(
            &(struct publish_run){carry->options, report, carry->client, carry->journal});
    else
        publish_withdraw(&report->publish);
    if (leaves_something(report))
        report->apply.journal = strdup(journal_path(carry->journal));
}

void carry_close(struct carry *carry)
{
    const struct report *report = carry->report;
    enum journal_end end = JOURNAL_LEFT;

    if (report->has_apply && !leaves_something(report))
        end = report->apply.states[APPLY_DONE] > 0 && !report->apply.seen ? JOURNAL_ENDED
                                                                          : JOURNAL_SEEN;
    journal_close(carry->journal, end);
    carry->journal = NULL;
}
