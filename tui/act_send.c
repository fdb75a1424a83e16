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

/* Of several, each failure stands in the log, and the summary is said. */
static void say_or_note(struct act *act, enum log_kind kind, const char *text)
{
    if (act->target_count > 1)
        top_note(act->top, kind, "%s", text);
    else
        top_say(act->top, kind, "%s", text);
}

static void add_why(struct buf *out, const struct ingest_answer *answer)
{
    if (!answer)
        buf_add_text(out, "it was left before the answer came");
    else if (answer->end == INGEST_LOST)
        buf_printf(out, "the connection broke after it was sent (%s)", answer->error.text);
    else if (answer->error.code != ERROR_NONE)
        buf_add_text(out, answer->error.text);
    else
        buf_add_text(out, "its answer cannot be read");
}

void act_say_failure(struct act *act, const struct act_target *target, enum log_kind kind,
                     const char *doing, const struct ingest_answer *answer)
{
    struct buf text;

    buf_init(&text, 8192);
    buf_printf(&text, "%s: %s %s at %s: ", kind == LOG_UNKNOWN ? "unknown" : "not done", doing,
               target->name, act_place_name(act, target));
    add_why(&text, answer);
    if (kind == LOG_UNKNOWN)
        buf_add_text(&text, "; look before doing it again");
    say_or_note(act, kind, buf_text(&text));
    buf_release(&text);
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

void act_send_answered(struct act *act, const struct ingest_answer *answer)
{
    const struct act_target *target = &act->targets[act->next];
    enum log_kind kind = act_judge(answer);

    if (kind == LOG_DONE && !act->verb->read(act, answer))
        kind = LOG_UNKNOWN;
    count_result(act, kind);
    if (kind != LOG_DONE)
        act_say_failure(act, target, kind, act->verb->doing, answer);
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
    } else if (act->target_count == 1) {
        top_say(act->top, LOG_NOTE, "%s %s at %s: left before anything was sent", act->verb->doing,
                target->name, act_place_name(act, target));
    }
    if (act->target_count > 1)
        act->verb->finish(act);
}
