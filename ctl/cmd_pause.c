/* Pausing and resuming subscriptions, by name or id, wherever they are. */
#include "ctl/command.h"

#include "api/dead_letter.h"
#include "core/json.h"
#include "ctl/change.h"
#include "ctl/roster.h"
#include "ctl/stage.h"

#include <string.h>

enum { PATH_MAX_BYTES = 64 * 1024, WHAT_MAX_BYTES = 64 * 1024, NAMES_MOST = 10 };

/* What a run holds beside its report. */
struct work {
    const struct options *options;
    const struct option_words *words;
    struct report *report;
    struct ask *ask;
    enum outcome_kind kind;
    struct roster roster;
};

/* -- which ones -------------------------------------------------------------------------------- */

static bool is_meant(const struct work *work, size_t endpoint,
                     const struct sample_subscription *subscription)
{
    for (size_t i = 0; i < work->words->count; i++)
        if (roster_is(&work->roster, endpoint, subscription, work->words->items[i]))
            return true;
    return false;
}

/* A word that is nowhere is an error; nothing is done then. */
static bool check_words(struct work *work)
{
    for (size_t i = 0; i < work->words->count; i++) {
        size_t found = 0;
        for (size_t j = 0; j < work->roster.count; j++) {
            const struct ingest_sample *sample = &work->roster.samples[j];
            for (size_t k = 0; k < sample->subscription_count; k++)
                found +=
                    roster_is(&work->roster, j, &sample->subscriptions[k], work->words->items[i]);
        }
        if (found == 0)
            return roster_unknown(&work->roster, work->words->items[i], &work->report->error);
    }
    return true;
}

static bool is_so_already(const struct work *work, const struct sample_subscription *subscription)
{
    return subscription->paused == (work->kind == OUTCOME_PAUSE ? SAMPLE_YES : SAMPLE_NO);
}

/* Fills the acts: one for each subscription that is meant, endpoint by endpoint. */
static bool choose(struct work *work)
{
    struct outcome *outcome = &work->report->outcome;
    size_t most = 0;

    for (size_t i = 0; i < work->roster.count; i++)
        most += work->roster.samples[i].subscription_count;
    if (!outcome_make_acts(outcome, most))
        return error_no_memory(&work->report->error);
    outcome->act_count = 0;
    for (size_t i = 0; i < work->roster.count; i++)
        for (size_t j = 0; j < work->roster.samples[i].subscription_count; j++) {
            const struct sample_subscription *one = &work->roster.samples[i].subscriptions[j];
            struct outcome_act *act = &outcome->acts[outcome->act_count];
            if (!is_meant(work, i, one))
                continue;
            act->kind = work->kind;
            act->endpoint = work->report->endpoints.items[i].name;
            act->object = arena_text(&outcome->arena, one->name[0] ? one->name : one->id);
            act->id = arena_text(&outcome->arena, one->id);
            act->state = is_so_already(work, one) ? OUTCOME_NOTHING : OUTCOME_WOULD;
            if (!act->object || !act->id)
                return error_no_memory(&work->report->error);
            outcome->act_count++;
        }
    return true;
}

/* -- consent ----------------------------------------------------------------------------------- */

/* Whether an act is to be done at that endpoint. */
static bool is_due(const struct work *work, const struct outcome_act *act, size_t endpoint)
{
    return act->state == OUTCOME_WOULD &&
           act->endpoint == work->report->endpoints.items[endpoint].name;
}

/* "2 subscriptions (voice, bulk)"; returns how many. */
static size_t add_subscriptions(const struct work *work, size_t endpoint, struct buf *out)
{
    const struct outcome *outcome = &work->report->outcome;
    size_t count = 0, named = 0;

    for (size_t i = 0; i < outcome->act_count; i++)
        count += is_due(work, &outcome->acts[i], endpoint);
    buf_printf(out, "%zu subscription%s", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < outcome->act_count && named < NAMES_MOST; i++)
        if (is_due(work, &outcome->acts[i], endpoint))
            buf_printf(out, "%s%s", named++ ? ", " : " (", outcome->acts[i].object);
    buf_add_text(out, count > NAMES_MOST ? ", …)" : ")");
    return count;
}

static bool confirm_all(struct work *work)
{
    bool ok = true;

    for (size_t i = 0; i < work->report->endpoints.count && ok; i++) {
        struct buf what;
        buf_init(&what, WHAT_MAX_BYTES);
        if (add_subscriptions(work, i, &what) > 0)
            ok = change_confirm(
                &(struct change_consent){.kind = work->kind,
                                         .endpoint = &work->report->endpoints.items[i],
                                         .what = buf_text(&what),
                                         .effect =
                                             work->kind == OUTCOME_PAUSE
                                                 ? "Events are taken and kept, but not delivered."
                                                 : "What was kept is delivered.",
                                         .yes = work->options->yes},
                &work->report->error);
        buf_release(&what);
    }
    return ok;
}

/* -- doing ------------------------------------------------------------------------------------- */

static void carry_out(struct work *work, size_t endpoint, struct outcome_act *act)
{
    json_t *content = json_pack("{s:s, s:s}", "reason", work->options->reason, "by", ask_who());
    struct buf path, body;

    buf_init(&path, PATH_MAX_BYTES);
    buf_init(&body, ASK_BODY_MAX_BYTES);
    buf_add_text(&path, "/v1/subscriptions/");
    letter_add_encoded(&path, act->id);
    buf_printf(&path, "/%s", outcome_words[work->kind].verb);
    act->state = OUTCOME_NOT_SENT;
    if (stage_stop)
        error_set(&act->error, ERROR_INTERRUPTED, "interrupted");
    else if (!content || path.failed)
        error_no_memory(&act->error);
    else
        act->state = change_send(work->ask, endpoint, buf_text(&path), content, &body, &act->error);
    json_decref(content);
    buf_release(&path);
    buf_release(&body);
}

static void carry_out_all(struct work *work)
{
    struct outcome *outcome = &work->report->outcome;

    for (size_t i = 0; i < work->report->endpoints.count; i++)
        for (size_t j = 0; j < outcome->act_count; j++)
            if (is_due(work, &outcome->acts[j], i))
                carry_out(work, i, &outcome->acts[j]);
    outcome_judge(outcome, &work->report->error);
}

/* -- the whole --------------------------------------------------------------------------------- */

static bool prepare(struct work *work)
{
    struct error *error = &work->report->error;
    struct error why = ERROR_INIT;

    if (!change_check(work->options, error) ||
        !stage_endpoints(work->options, work->report, &work->ask))
        return false;
    if (!roster_read(&work->roster, work->ask, &why))
        return error_set(error, why.code, "%s; nothing was done", why.text);
    return check_words(work) && choose(work);
}

static void run(enum outcome_kind kind, const struct options *options,
                const struct option_words *words, struct report *report)
{
    struct work work = {.options = options, .words = words, .report = report, .kind = kind};

    roster_init(&work.roster);
    if (!prepare(&work) || (!options->dry_run && !confirm_all(&work)))
        outcome_withdraw(&report->outcome);
    else if (!options->dry_run)
        carry_out_all(&work);
    roster_release(&work.roster);
    ask_free(work.ask);
}

static void run_pause(const struct options *options, const struct option_words *words,
                      struct report *report)
{
    run(OUTCOME_PAUSE, options, words, report);
}

static void run_resume(const struct options *options, const struct option_words *words,
                       struct report *report)
{
    run(OUTCOME_RESUME, options, words, report);
}

#define BY_NAME                                                                                    \
    "By name or id, at every endpoint that has it; --endpoint NAME narrows. Unknown names are\n"   \
    "refused before anything is done.\n\n"

const struct command command_pause = {
    .name = "pause",
    .words = "NAME|ID...",
    .summary = "stop delivering subscriptions' events; they are taken and kept",
    .groups = GROUP_ENDPOINT | GROUP_ACT,
    .words_least = 1,
    .words_most = OPTION_WORDS_MOST,
    .details = BY_NAME CHANGE_HELP,
    .run = run_pause,
};

const struct command command_resume = {
    .name = "resume",
    .words = "NAME|ID...",
    .summary = "deliver paused subscriptions' events again",
    .groups = GROUP_ENDPOINT | GROUP_ACT,
    .words_least = 1,
    .words_most = OPTION_WORDS_MOST,
    .details = BY_NAME CHANGE_HELP,
    .run = run_resume,
};
