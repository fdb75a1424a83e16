/* Replaying and discarding dead letters: counted, asked for, done, followed. */
#include "ctl/command.h"

#include "core/clock.h"
#include "core/text.h"
#include "ctl/change.h"
#include "ctl/follow.h"
#include "ctl/selection.h"
#include "ctl/stage.h"

#include <stdlib.h>
#include <string.h>

/* What a run holds beside its report. */
struct work {
    const struct options *options;
    struct report *report;
    struct ask *ask;
    enum outcome_kind kind;
    struct selection selection;
    struct roster roster;
    struct letter_filter *filters; /* by endpoint, as are the report's acts */
    bool *there;
};

/* -- one request ------------------------------------------------------------------------------- */

static const char *describe(struct work *work, size_t endpoint, int64_t count)
{
    struct letter_filter filter = work->filters[endpoint];
    const char *text;
    struct buf out;

    buf_init(&out, 64 * 1024);
    filter.until_ms = work->selection.filter.until_ms; /* not where it was pinned to */
    selection_describe(&out, &filter, count);
    text = arena_text(&work->report->outcome.arena, buf_text(&out));
    buf_release(&out);
    return text ? text : "dead letters";
}

static const char *const paths[OUTCOME_KINDS] = {
    [OUTCOME_REPLAY] = "/v1/dlq/replay", [OUTCOME_DISCARD] = "/v1/dlq/discard"};

/* Sends it once. A dry run changes nothing, so that of one that went wrong no doubt is left. */
static void send_request(struct work *work, size_t endpoint, const json_t *content, bool dry_run,
                         struct buf *body)
{
    struct outcome_act *act = &work->report->outcome.acts[endpoint];
    const char *path = paths[work->kind];

    if (!dry_run) {
        act->state = change_send(work->ask, endpoint, path, content, body, &act->error);
        return;
    }
    (void)ask_change(work->ask, endpoint, path, content, body, &act->error);
    act->state = act->error.code == ERROR_NONE ? OUTCOME_WOULD : OUTCOME_NOT_SENT;
}

/* How many it counted or did. */
static void read_reply(struct work *work, size_t endpoint, const struct buf *body)
{
    struct outcome_act *act = &work->report->outcome.acts[endpoint];
    bool done = act->state == OUTCOME_DONE;

    act->count = letter_act_count(buf_text(body), body->length);
    act->object = describe(work, endpoint, act->count);
    if (act->count >= 0)
        return;
    act->state = done ? OUTCOME_UNKNOWN : OUTCOME_NOT_SENT;
    error_set(&act->error, ERROR_FAILED, "%sendpoint %s: its answer cannot be read",
              done ? "nobody knows whether it was done: " : "", act->endpoint);
}

static void request(struct work *work, size_t endpoint, bool dry_run)
{
    struct outcome_act *act = &work->report->outcome.acts[endpoint];
    const struct letter_act wanted = {.reason = dry_run ? "" : work->options->reason,
                                      .by = dry_run ? "" : ask_who(),
                                      .dry_run = dry_run,
                                      .rate = dry_run ? 0 : work->options->rate};
    json_t *content = letter_act_body(&work->filters[endpoint], &wanted);
    struct buf body;

    buf_init(&body, ASK_BODY_MAX_BYTES);
    if (content)
        send_request(work, endpoint, content, dry_run, &body);
    else
        error_no_memory(&act->error);
    if (act->error.code == ERROR_NONE)
        read_reply(work, endpoint, &body);
    json_decref(content);
    buf_release(&body);
}

/* -- counting ---------------------------------------------------------------------------------- */

/* A dry run at every endpoint: what there is to do. False: one cannot tell. */
static bool count_all(struct work *work)
{
    struct outcome *outcome = &work->report->outcome;

    for (size_t i = 0; i < outcome->act_count; i++) {
        struct outcome_act *act = &outcome->acts[i];
        act->count = work->there[i] ? -1 : 0;
        act->object = describe(work, i, act->count);
        if (work->there[i])
            request(work, i, true);
        if (act->error.code != ERROR_NONE)
            return error_set(&work->report->error, act->error.code, "%s; nothing was done",
                             act->error.text);
        act->state = act->count == 0 ? OUTCOME_NOTHING : OUTCOME_WOULD;
        if (work->selection.filter.ids && act->count < (int64_t)work->selection.filter.id_count)
            report_note(work->report, "%lld of %zu ids can be %s at %s", (long long)act->count,
                        work->selection.filter.id_count, outcome_words[work->kind].done,
                        act->endpoint);
    }
    return true;
}

/* -- consent ----------------------------------------------------------------------------------- */

static const char *const effects[OUTCOME_KINDS] = {[OUTCOME_REPLAY] = "They are delivered again.",
                                                   [OUTCOME_DISCARD] =
                                                       "They are removed for good, undelivered."};

static bool confirm_one(struct work *work, size_t endpoint)
{
    const struct outcome_act *act = &work->report->outcome.acts[endpoint];
    struct change_consent consent = {.kind = work->kind,
                                     .endpoint = &work->report->endpoints.items[endpoint],
                                     .what = act->object,
                                     .effect = effects[work->kind],
                                     .yes = work->options->yes};
    char rate[128];

    if (work->options->rate > 0) {
        snprintf(rate, sizeof(rate), "They are delivered again, %g a second.", work->options->rate);
        consent.effect = rate;
    }
    return change_confirm(&consent, &work->report->error);
}

static bool confirm_all(struct work *work)
{
    const struct outcome *outcome = &work->report->outcome;

    for (size_t i = 0; i < outcome->act_count; i++)
        if (outcome->acts[i].state == OUTCOME_WOULD && !confirm_one(work, i))
            return false;
    return true;
}

/* -- doing ------------------------------------------------------------------------------------- */

static void carry_out(struct work *work, size_t endpoint, struct progress *progress)
{
    struct outcome_act *act = &work->report->outcome.acts[endpoint];
    struct follow follow = {.ask = work->ask,
                            .endpoint = endpoint,
                            .filter = &work->filters[endpoint],
                            .progress = progress};
    bool followed = work->kind == OUTCOME_REPLAY && !work->options->no_wait;

    act->state = OUTCOME_NOT_SENT;
    if (stage_stop)
        error_set(&act->error, ERROR_INTERRUPTED, "interrupted");
    else if (!followed || follow_begin(&follow, &act->error))
        request(work, endpoint, false);
    if (followed && act->state == OUTCOME_DONE)
        (void)!follow_end(&follow, act->count, &act->delivered, &act->came_back, &act->error);
}

static void carry_out_all(struct work *work)
{
    struct outcome *outcome = &work->report->outcome;
    struct progress progress;

    progress_init(&progress, "replays", work->options->quiet);
    for (size_t i = 0; i < outcome->act_count; i++)
        if (outcome->acts[i].state == OUTCOME_WOULD)
            carry_out(work, i, &progress);
    outcome_judge(outcome, &work->report->error);
}

/* -- the whole --------------------------------------------------------------------------------- */

static bool prepare(struct work *work, const struct option_words *words)
{
    const struct options *options = work->options;
    struct report *report = work->report;
    size_t only;

    if (!selection_read(&work->selection, options, words, clock_unix_us() / 1000, &report->error) ||
        !selection_check(&work->selection, options, &report->error) ||
        !change_check(options, &report->error) || !stage_endpoints(options, report, &work->ask) ||
        (words->count > 0 && !endpoints_only(&report->endpoints, &only, &report->error)))
        return false;
    work->filters = calloc(report->endpoints.count, sizeof(*work->filters));
    work->there = calloc(report->endpoints.count, sizeof(*work->there));
    if (!work->filters || !work->there)
        return error_no_memory(&report->error);
    if (!selection_at(&work->selection, true, work->ask, &work->roster, work->filters, work->there,
                      &report->error))
        return false;
    if (!outcome_make_acts(&report->outcome, report->endpoints.count))
        return error_no_memory(&report->error);
    for (size_t i = 0; i < report->outcome.act_count; i++) {
        report->outcome.acts[i].kind = work->kind;
        report->outcome.acts[i].endpoint = report->endpoints.items[i].name;
    }
    return true;
}

static void run(enum outcome_kind kind, const struct options *options,
                const struct option_words *words, struct report *report)
{
    struct work work = {.options = options, .report = report, .kind = kind};

    roster_init(&work.roster);
    if (!prepare(&work, words) || !count_all(&work))
        outcome_withdraw(&report->outcome);
    else if (words->count > 0 && report->outcome.acts[0].count == 0)
        error_set(&report->error, ERROR_FAILED, "none of these ids can be %s",
                  outcome_words[kind].done);
    else if (!options->dry_run && !confirm_all(&work))
        outcome_withdraw(&report->outcome);
    else if (!options->dry_run)
        carry_out_all(&work);
    free(work.filters);
    free(work.there);
    roster_release(&work.roster);
    ask_free(work.ask);
}

static void run_replay(const struct options *options, const struct option_words *words,
                       struct report *report)
{
    run(OUTCOME_REPLAY, options, words, report);
}

static void run_discard(const struct options *options, const struct option_words *words,
                        struct report *report)
{
    run(OUTCOME_DISCARD, options, words, report);
}

#define SELECTS                                                                                    \
    "Selects by ids, by filters that must all hold, or by --all; what dies after the count is\n"   \
    "not touched. "

const struct command command_dlq_replay = {
    .name = "dlq replay",
    .words = "[ID...]",
    .summary = "deliver dead letters again",
    .groups = GROUP_ENDPOINT | GROUP_LETTERS | GROUP_CHANGE | GROUP_REPLAY | GROUP_ACT,
    .words_most = OPTION_WORDS_MOST,
    .details = SELECTS "Counts, asks (or takes --yes), and waits until all are delivered\n"
                       "or have come back.\n\n" CHANGE_HELP
                       "Exit 7 also when some came back: `dlq list --came-back` tells why.\n",
    .run = run_replay,
};

const struct command command_dlq_discard = {
    .name = "dlq discard",
    .words = "[ID...]",
    .summary = "remove dead letters for good",
    .groups = GROUP_ENDPOINT | GROUP_LETTERS | GROUP_CHANGE | GROUP_ACT,
    .words_most = OPTION_WORDS_MOST,
    .details = SELECTS "Counts, asks (or takes --yes), and removes.\n\n" CHANGE_HELP,
    .run = run_discard,
};
