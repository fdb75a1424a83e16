/* Replaying and discarding: what is selected, counted by a dry run, and at which rate. */
#include "tui/act_state.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A rate that a system which was down a moment ago can take. */
#define RATE_DEFAULT "10"

/* -- what is sent -------------------------------------------------------------------------------
 */

static void add_path(const struct act *act, const struct act_target *target, struct buf *out)
{
    (void)target;
    buf_printf(out, "/v1/dlq/%s", act->verb->word);
}

static json_t *body_of(const struct act *act)
{
    const struct letter_act said = {.reason = act->reason, .by = act->top->who, .rate = act->rate};

    return letter_act_body(&act->filter, &said);
}

static bool read_count(struct act *act, const struct ingest_answer *answer)
{
    act->count = letter_act_count(answer->body, answer->length);
    act->sent_ms = answer->date_s < 0 ? -1 : answer->date_s * 1000;
    return act->count >= 0;
}

void act_say_count(struct act *act, enum log_kind kind, const char *format, ...)
{
    const struct act_target *target = &act->targets[0];
    char result[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result, sizeof(result), format, arguments);
    va_end(arguments);
    top_say(act->top, kind, "%s: %s at %s", result, target->name, act_place_name(act, target));
}

static void finish_discard(struct act *act)
{
    if (act->done)
        act_say_count(act, act->count > 0 ? LOG_DONE : LOG_NOTE, "discarded %lld",
                      (long long)act->count);
    act->at = AT_OVER;
}

static void finish_replay(struct act *act)
{
    if (act->done && act->count > 0) {
        act_enter(act, AT_WATCH);
        return;
    }
    if (act->done)
        act_say_count(act, LOG_NOTE, "replayed 0, none waited any more");
    act->at = AT_OVER;
}

static const struct act_verb verbs[] = {
    [ACT_REPLAY] = {.title = "Replay",
                    .word = "replay",
                    .doing = "replaying",
                    .done = "replayed",
                    .effect = "each is delivered once more",
                    .path = add_path,
                    .body = body_of,
                    .read = read_count,
                    .finish = finish_replay},
    [ACT_DISCARD] = {.title = "Discard",
                     .word = "discard",
                     .doing = "discarding",
                     .done = "discarded",
                     .effect = "they are removed for good",
                     .path = add_path,
                     .body = body_of,
                     .read = read_count,
                     .finish = finish_discard},
};

/* -- counting -----------------------------------------------------------------------------------
 */

void act_count_begin(struct act *act)
{
    snprintf(act->says, sizeof(act->says), "Counting…");
}

void act_count_send(struct act *act)
{
    const struct letter_act dry = {.dry_run = true};
    const struct act_target *target = &act->targets[0];
    struct buf path;

    buf_init(&path, 64);
    act->verb->path(act, target, &path);
    act_ask(act, target->endpoint, buf_text(&path), letter_act_body(&act->filter, &dry));
    buf_release(&path);
}

/* What dies after it was counted is not meant: nobody has seen it. */
static void keep_to_counted(struct letter_filter *filter, int64_t date_s)
{
    int64_t until_ms = (date_s + 1) * 1000;

    if (filter->ids || date_s < 0 || (filter->until_ms != 0 && filter->until_ms < until_ms))
        return;
    filter->until_ms = until_ms;
}

void act_count_answered(struct act *act, const struct ingest_answer *answer)
{
    enum log_kind kind = act_judge(answer);

    act->count = kind == LOG_DONE ? letter_act_count(answer->body, answer->length) : -1;
    if (act->count > 0) {
        keep_to_counted(&act->filter, answer->date_s);
        act_enter(act, act->verb == &verbs[ACT_REPLAY] ? AT_RATE : AT_REASON);
        return;
    }
    if (act->count == 0)
        act_say_count(act, LOG_NOTE, "nothing to %s, none waits", act->verb->word);
    else /* a dry run changes nothing, whatever became of it */
        act_say_count(act, kind == LOG_AUTH || kind == LOG_REFUSED ? kind : LOG_PROBLEM,
                      "could not be counted, %.200s",
                      kind == LOG_DONE ? "the answer cannot be read" : answer->error.text);
    act->at = AT_OVER;
}

/* -- the rate -----------------------------------------------------------------------------------
 */

void act_rate_begin(struct act *act)
{
    snprintf(act->says, sizeof(act->says), "How many a second? 0 is all at once.");
    prompt_begin(&act->prompt, "rate: ", RATE_DEFAULT, NULL);
}

void act_rate_typed(struct act *act, const char *text)
{
    char *end;
    double rate = strtod(text, &end);

    if (end == text || text[strspn(text, "0123456789.")] != '\0' || *end || !isfinite(rate)) {
        act_complain(act, "A rate is a number of dead letters a second, 10 or 0.5.");
        return;
    }
    act->rate = rate;
    act_enter(act, AT_REASON);
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool copy_text(struct act *act, const char **text)
{
    return !*text || (*text = arena_text(&act->arena, *text));
}

static bool copy_filter(struct act *act, const struct letter_filter *filter)
{
    struct letter_filter *own = &act->filter;
    int64_t *ids = NULL;

    *own = *filter;
    if (filter->ids) {
        ids = arena_alloc(&act->arena, (filter->id_count + 1) * sizeof(*ids));
        if (!ids)
            return false;
        if (filter->id_count > 0)
            memcpy(ids, filter->ids, filter->id_count * sizeof(*ids));
    }
    own->ids = ids;
    return copy_text(act, &own->subscription) && copy_text(act, &own->reason) &&
           copy_text(act, &own->type) && copy_text(act, &own->interaction);
}

void act_letters(struct top *top, enum act_kind kind, size_t endpoint,
                 const struct letter_filter *filter, const char *what)
{
    struct act *act = act_new(top);

    if (!act)
        return;
    act->targets = arena_alloc(&act->arena, sizeof(*act->targets));
    if (!act->targets || !copy_filter(act, filter) ||
        !(act->targets[0].name = arena_text(&act->arena, what))) {
        top_say(top, LOG_PROBLEM, "there is no memory for this");
        act_free(&act->dialog, top);
        return;
    }
    act->verb = &verbs[kind];
    act->targets[0].endpoint = endpoint;
    act->target_count = 1;
    act->places[endpoint].chosen = true;
    dialog_show(top, &act->dialog);
    act_enter(act, AT_COUNT);
}
