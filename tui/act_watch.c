/* A replay that goes on: how many are left, taking back those, and how many came back.
 *
 * How many are left is asked by a dry run of `abort`: it knows ids as well as filters, and counts
 * exactly those that are being replayed. */
#include "tui/act_state.h"

enum { LOOK_EVERY_MS = 1000 };

/* -- watching -----------------------------------------------------------------------------------
 */

/* Another replay may be among what the filter selects, and be counted with it. */
static int64_t done_of(const struct act *act)
{
    int64_t done = act->count - act->taken_back - act->left;

    return done > 0 ? done : 0;
}

static void say_left(struct act *act)
{
    long long done = done_of(act), left = act->left, count = act->count;

    if (act->abort_unknown)
        snprintf(act->says, sizeof(act->says),
                 "%lld of %lld left; how many were taken back is not known", left, count);
    else if (act->aborted)
        snprintf(act->says, sizeof(act->says), "%lld of %lld taken back, %lld done, %lld left",
                 (long long)act->taken_back, count, done, left);
    else
        snprintf(act->says, sizeof(act->says), "%lld of %lld done, %lld left", done, count, left);
}

void act_watch_begin(struct act *act)
{
    if (!act->aborted)
        act->left = act->count;
    say_left(act);
}

void act_watch_send(struct act *act)
{
    const struct letter_act dry = {.dry_run = true};

    act->due_ms = act->top->now_ms + LOOK_EVERY_MS;
    act_ask(act, act->targets[0].endpoint, "/v1/dlq/abort", letter_act_body(&act->filter, &dry));
}

/* A look that failed is made again: the replay does not depend on it. */
void act_watch_answered(struct act *act, const struct ingest_answer *answer)
{
    int64_t left = answer->end == INGEST_ANSWERED && answer->error.code == ERROR_NONE
                       ? letter_act_count(answer->body, answer->length)
                       : -1;

    act->complains = left < 0;
    if (left < 0) {
        snprintf(act->says, sizeof(act->says), "How many are left is not known: %.200s",
                 *answer->error.text ? answer->error.text : "the answer cannot be read");
        return;
    }
    act->left = left;
    say_left(act);
    if (left == 0)
        act_enter(act, AT_LOOK);
}

bool act_watch_escape(struct act *act)
{
    if (act->aborted)
        return false;
    act_enter(act, AT_ABORT);
    return true;
}

void act_watch_left(struct act *act)
{
    if (act->abort_unknown)
        act_say_count(act, LOG_UNKNOWN,
                      "unknown how many of %lld were taken back, the others go on",
                      (long long)act->count);
    else
        act_say_count(act, LOG_NOTE, "goes on, %lld of %lld were left", (long long)act->left,
                      (long long)act->count);
}

/* -- taking back --------------------------------------------------------------------------------
 */

static const char taking_back[] = "taking back";

void act_abort_begin(struct act *act)
{
    snprintf(act->says, sizeof(act->says), "Taking back what has not begun…");
}

void act_abort_send(struct act *act)
{
    char reason[sizeof(act->reason) + 16];
    const struct letter_act said = {.reason = reason, .by = act->top->who};

    act->aborted = true;
    snprintf(reason, sizeof(reason), "taken back: %s", act->reason);
    act_ask(act, act->targets[0].endpoint, "/v1/dlq/abort", letter_act_body(&act->filter, &said));
}

void act_abort_answered(struct act *act, const struct ingest_answer *answer)
{
    const struct act_target *target = &act->targets[0];
    enum log_kind kind = act_judge(answer);
    int64_t count = kind == LOG_DONE ? letter_act_count(answer->body, answer->length) : -1;

    if (count >= 0) {
        act->taken_back = count;
        act->left = act->left > count ? act->left - count : 0;
        act_say_count(act, LOG_DONE, "took back %lld of %lld", (long long)count,
                      (long long)act->count);
    } else {
        kind = kind == LOG_DONE ? LOG_UNKNOWN : kind;
        act->abort_unknown = kind == LOG_UNKNOWN;
        act_say_failure(act, target, kind, taking_back, answer);
    }
    act_enter(act, act->left > 0 ? AT_WATCH : AT_LOOK);
}

void act_abort_left(struct act *act)
{
    if (act->ask)
        act_say_failure(act, &act->targets[0], LOG_UNKNOWN, taking_back, NULL);
    else
        act_watch_left(act);
}

/* -- what came back -----------------------------------------------------------------------------
 */

void act_look_begin(struct act *act)
{
    snprintf(act->says, sizeof(act->says), "Looking how many came back…");
}

/* By ids: those that wait again. Else: what came back since it was sent, for whatever reason;
 * false: the endpoint told no time to look from. */
static bool filter_back(const struct act *act, struct letter_filter *back)
{
    *back = act->filter;
    if (back->ids)
        return true;
    back->reason = NULL;
    back->came_back = 1;
    back->since_ms = act->sent_ms;
    back->until_ms = 0;
    return act->sent_ms >= 0;
}

static void say_unknown(struct act *act)
{
    act_say_count(act, LOG_UNKNOWN, "unknown how many of %lld were delivered",
                  (long long)act->count);
    act->at = AT_OVER;
}

void act_look_send(struct act *act)
{
    const struct letter_act dry = {.dry_run = true};
    struct letter_filter back;

    if (!act->abort_unknown && filter_back(act, &back))
        act_ask(act, act->targets[0].endpoint, "/v1/dlq/replay", letter_act_body(&back, &dry));
    else
        say_unknown(act);
}

/* What the sink refused again is no success; where it took nothing, it still does not work. */
static enum log_kind judge_replay(int64_t gone, int64_t back)
{
    return back == 0 ? LOG_DONE : back < gone ? LOG_REFUSED : LOG_PROBLEM;
}

void act_look_answered(struct act *act, const struct ingest_answer *answer)
{
    int64_t back = answer->end == INGEST_ANSWERED && answer->error.code == ERROR_NONE
                       ? letter_act_count(answer->body, answer->length)
                       : -1;
    int64_t gone = act->count > act->taken_back ? act->count - act->taken_back : 0;
    char taken[64] = "";

    if (back < 0) {
        say_unknown(act);
        return;
    }
    if (act->filter.ids)
        back = back > act->taken_back ? back - act->taken_back : 0;
    if (back > gone)
        back = gone;
    if (act->taken_back > 0)
        snprintf(taken, sizeof(taken), ", %lld taken back", (long long)act->taken_back);
    act_say_count(act, judge_replay(gone, back), "replayed %lld, %lld delivered, %lld came back%s",
                  (long long)gone, (long long)(gone - back), (long long)back, taken);
    act->at = AT_OVER;
}

void act_look_left(struct act *act)
{
    say_unknown(act);
}
