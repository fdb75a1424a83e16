/* The confirmation, the change itself, and the lines that tell what became of it. */
#include "tui/act_state.h"

#include <string.h>

/* -- confirming ---------------------------------------------------------------------------------
 */

void act_reason_begin(struct act *act)
{
    snprintf(act->says, sizeof(act->says), "Why? It is kept with what is done.");
    prompt_begin(&act->prompt, "reason: ", NULL, NULL);
}

void act_reason_typed(struct act *act, const char *text)
{
    if (text[strspn(text, " ")] == '\0') {
        act_complain(act, "A reason is needed: it is kept with what is done.");
        return;
    }
    snprintf(act->reason, sizeof(act->reason), "%s", text);
    act->naming = 0;
    act_enter(act, AT_NAME);
}

void act_name_begin(struct act *act)
{
    const struct act_place *place = act->places + act->naming;

    while (act->naming < act->place_count && !(place->chosen && place->production)) {
        act->naming++;
        place++;
    }
    if (act->naming == act->place_count) {
        act_enter(act, AT_SEND);
        return;
    }
    snprintf(act->says, sizeof(act->says), "%s is marked production: type its name.", place->name);
    prompt_begin(&act->prompt, "its name: ", NULL, NULL);
}

void act_name_typed(struct act *act, const char *text)
{
    const char *name = act->places[act->naming].name;
    char what[sizeof(act->says)];

    if (strcmp(text, name) == 0) {
        act->naming++;
        act_enter(act, AT_NAME);
        return;
    }
    snprintf(what, sizeof(what), "That is not its name: %s", name);
    act_complain(act, what);
}

/* -- judging and telling ------------------------------------------------------------------------
 */

/* A 5xx says nothing of the effect: it may be from something in between, or come after it. */
enum log_kind act_judge(const struct ingest_answer *answer)
{
    if (answer->end == INGEST_NOT_SENT)
        return LOG_REFUSED;
    if (answer->end == INGEST_LOST || answer->status == 408 || answer->status >= 500)
        return LOG_UNKNOWN;
    if (answer->status == 401 || answer->status == 403)
        return LOG_AUTH;
    return answer->error.code == ERROR_NONE ? LOG_DONE : LOG_REFUSED;
}

void act_say_target(struct act *act, const struct act_target *target, enum log_kind kind,
                    const char *result, const char *doing, const char *detail)
{
    struct buf text;

    buf_init(&text, 8192);
    buf_printf(&text, "%s%s %s at %s%s", result, doing, target->name, act_place_name(act, target),
               detail);
    if (act->target_count > 1)
        top_note(act->top, kind, "%s", buf_text(&text));
    else
        top_say(act->top, kind, "%s", buf_text(&text));
    buf_release(&text);
}

static const char *why_unknown(const struct ingest_answer *answer)
{
    if (!answer)
        return "it was left before the answer came";
    if (answer->end == INGEST_LOST)
        return "the connection broke";
    return answer->error.code == ERROR_NONE ? "its answer cannot be read" : "the endpoint failed";
}

void act_say_failure(struct act *act, const struct act_target *target, enum log_kind kind,
                     const char *doing, const struct ingest_answer *answer)
{
    const char *error = answer ? answer->error.text : "";
    char result[128] = "not done: ", detail[sizeof(answer->error.text) + 8] = "";

    if (kind == LOG_UNKNOWN)
        snprintf(result, sizeof(result),
                 "unknown: %s; look before doing it again: ", why_unknown(answer));
    if (*error)
        snprintf(detail, sizeof(detail), ": %s", error);
    act_say_target(act, target, kind, result, doing, detail);
}

/* -- sending ------------------------------------------------------------------------------------
 */

void act_send_begin(struct act *act)
{
    const struct act_target *target = &act->targets[act->next];

    if (act->target_count > 1)
        snprintf(act->says, sizeof(act->says), "%zu of %zu: %s %s at %s", act->next + 1,
                 act->target_count, act->verb->doing, target->name, act_place_name(act, target));
    else
        snprintf(act->says, sizeof(act->says), "Sent; %s is to answer.",
                 act_place_name(act, target));
}

void act_send(struct act *act)
{
    const struct act_target *target = &act->targets[act->next];
    struct buf path;

    buf_init(&path, 16384);
    act->verb->path(act, target, &path);
    act_ask(act, target->endpoint, buf_text(&path), path.failed ? NULL : act->verb->body(act));
    buf_release(&path);
}

/* The next target's turn has come. */
static void count_result(struct act *act, enum log_kind kind)
{
    act->next++;
    if (kind == LOG_DONE)
        act->done++;
    else if (kind == LOG_UNKNOWN)
        act->unknown++;
    else
        act->failed++;
}

/* A subscription's mark goes with the last of its targets: what is still marked is still to do. */
static void unmark(struct act *act, const struct act_target *done)
{
    struct top *top = act->top;

    for (size_t i = 0; i < act->target_count; i++)
        if (act->targets[i].row == done->row && !act->targets[i].done)
            return;
    if (done->id && done->row < top->mark_capacity)
        top->marks[done->row] = false;
}

void act_send_answered(struct act *act, const struct ingest_answer *answer)
{
    struct act_target *target = &act->targets[act->next];
    enum log_kind kind = act_judge(answer);

    if (kind == LOG_DONE && !act->verb->read(act, answer))
        kind = LOG_UNKNOWN;
    target->done = kind == LOG_DONE;
    if (target->done)
        unmark(act, target);
    count_result(act, kind);
    if (kind != LOG_DONE)
        act_say_failure(act, target, kind, act->verb->doing, answer);
    else if (act->target_count > 1)
        act_say_target(act, target, kind, "", act->verb->done, "");
    if (act->next < act->target_count)
        act_enter(act, AT_SEND);
    else
        act->verb->finish(act);
}

void act_send_left(struct act *act)
{
    const struct act_target *target = &act->targets[act->next];

    if (act->ask) {
        count_result(act, LOG_UNKNOWN);
        act_say_failure(act, target, LOG_UNKNOWN, act->verb->doing, NULL);
    }
    for (size_t i = act->next; i < act->target_count; i++)
        act_say_target(act, &act->targets[i], LOG_NOTE, "not done: ", act->verb->doing,
                       ": left before it was sent");
    if (act->target_count > 1)
        act->verb->finish(act);
}
