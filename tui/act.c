/* The way of an action, as a table of steps. */
#include "tui/act_state.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

static const struct act_step steps[ACT_STEPS] = {
    [AT_WHERE] = {.keys = "Enter chooses  Esc leaves", .chosen = act_where_chosen},
    [AT_COUNT] = {.keys = "Esc leaves",
                  .begin = act_count_begin,
                  .send = act_count_send,
                  .answered = act_count_answered},
    [AT_RATE] = {.keys = "Enter goes on  Esc leaves",
                 .begin = act_rate_begin,
                 .typed = act_rate_typed},
    [AT_REASON] = {.keys = "Enter confirms  Esc leaves",
                   .confirms = true,
                   .begin = act_reason_begin,
                   .typed = act_reason_typed},
    [AT_NAME] = {.keys = "Enter confirms  Esc leaves",
                 .confirms = true,
                 .begin = act_name_begin,
                 .typed = act_name_typed},
    [AT_SEND] = {.keys = "Esc stops waiting; what was sent may happen all the same",
                 .begin = act_send_begin,
                 .send = act_send,
                 .answered = act_send_answered,
                 .left = act_send_left},
    [AT_WATCH] = {.keys = "b leaves it going on  Esc takes back what has not begun, then leaves",
                  .leaves = 'b',
                  .begin = act_watch_begin,
                  .send = act_watch_send,
                  .answered = act_watch_answered,
                  .escape = act_watch_escape,
                  .left = act_watch_left},
    [AT_ABORT] = {.keys = "Esc stops waiting; what was sent may happen all the same",
                  .begin = act_abort_begin,
                  .send = act_abort_send,
                  .answered = act_abort_answered,
                  .left = act_abort_left},
    [AT_LOOK] = {.keys = "Esc leaves",
                 .begin = act_look_begin,
                 .send = act_look_send,
                 .answered = act_look_answered,
                 .left = act_look_left},
    [AT_OVER] = {.keys = ""},
};

const struct act_step *act_step_of(const struct act *act)
{
    return &steps[act->at];
}

/* -- moving on ----------------------------------------------------------------------------------
 */

static void stop_asking(struct act *act)
{
    if (act->ask)
        wire_cancel(act->top->wire, act->ask);
    act->ask = 0;
}

void act_enter(struct act *act, enum act_at at)
{
    stop_asking(act);
    act->at = at;
    act->complains = false;
    *act->says = '\0';
    act->due_ms = act->top->now_ms;
    act->top->dirty = true;
    if (steps[at].begin)
        steps[at].begin(act);
}

void act_complain(struct act *act, const char *what)
{
    act_enter(act, act->at);
    snprintf(act->says, sizeof(act->says), "%s", what);
    act->complains = true;
}

static bool act_key(struct dialog *dialog, struct top *top, int key)
{
    struct act *act = (struct act *)dialog;
    const struct act_step *step = &steps[act->at];
    enum prompt_result result = PROMPT_GOES_ON;

    top->dirty = true;
    act->complains = act->complains && !step->typed; /* heeded: facts have its room again */
    if (step->typed)
        result = prompt_key(&act->prompt, key);
    if (key == KEY_ESCAPE_ || result == PROMPT_LEFT)
        return step->escape && step->escape(act);
    if (step->leaves && key == step->leaves)
        return false;
    if (result == PROMPT_DONE && step->confirms && act->hides)
        return true; /* it is drawn why */
    if (result == PROMPT_DONE)
        step->typed(act, act->prompt.text);
    else if (step->chosen && key == KEY_ENTER_)
        step->chosen(act);
    else if (step->chosen)
        list_key(&act->where, key);
    return act->at != AT_OVER;
}

static bool act_step(struct dialog *dialog, struct top *top)
{
    struct act *act = (struct act *)dialog;

    if (steps[act->at].send && !act->ask && top->now_ms >= act->due_ms)
        steps[act->at].send(act);
    return act->at != AT_OVER;
}

/* -- calls --------------------------------------------------------------------------------------
 */

static void answered(void *context, const struct ingest_answer *answer)
{
    struct act *act = context;

    act->ask = 0;
    act->top->dirty = true;
    steps[act->at].answered(act, answer);
}

void act_ask(struct act *act, size_t endpoint, const char *path, json_t *body)
{
    struct ingest_answer none = {
        .end = INGEST_NOT_SENT, .body = "", .date_s = -1, .error = ERROR_INIT};

    if (body)
        act->ask = wire_ask(act->top->wire, endpoint, "POST", path, body, answered, act);
    json_decref(body);
    if (act->ask)
        return;
    error_set(&none.error, ERROR_FAILED, "not sent: there is no memory");
    answered(act, &none);
}

const char *act_place_name(const struct act *act, const struct act_target *target)
{
    return act->places[target->endpoint].name;
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

/* Why nothing may be changed now; NULL: it may. */
static const char *why_not(const struct top *top)
{
    if (top->read_only)
        return "nothing is changed from here: --read-only was given";
    if (wire_is_replay(top->wire))
        return "nothing can be changed: this is a recording";
    if (top->frozen >= 0)
        return "nothing is changed while the view is frozen; L goes live";
    return NULL;
}

static bool copy_places(struct act *act)
{
    act->place_count = fleet_endpoints(act->top->fleet);
    act->places = arena_alloc(&act->arena, (act->place_count + 1) * sizeof(*act->places));
    for (size_t i = 0; act->places && i < act->place_count; i++) {
        struct endpoint endpoint;
        fleet_endpoint(act->top->fleet, i, act->top->now_ms, &endpoint);
        act->places[i].production = endpoint.production;
        act->places[i].name = arena_text(&act->arena, endpoint.name);
        if (!act->places[i].name)
            return false;
    }
    return act->places;
}

struct act *act_new(struct top *top)
{
    const char *refusal = why_not(top);
    struct act *act;

    if (refusal) {
        top_say(top, LOG_REFUSED, "%s", refusal);
        return NULL;
    }
    act = calloc(1, sizeof(*act));
    if (act) {
        *act = (struct act){.dialog = {act_draw, act_key, act_step, act_free},
                            .top = top,
                            .at = AT_OVER,
                            .count = -1,
                            .sent_ms = -1};
        arena_init(&act->arena);
        if (copy_places(act))
            return act;
        act_free(&act->dialog, top);
    }
    top_say(top, LOG_PROBLEM, "there is no memory for this");
    return NULL;
}

void act_free(struct dialog *dialog, struct top *top)
{
    struct act *act = (struct act *)dialog;

    (void)top;
    if (steps[act->at].left)
        steps[act->at].left(act);
    stop_asking(act);
    arena_release(&act->arena);
    free(act);
}

void act_last_words(struct top *top, struct buf *out)
{
    size_t before = top->log_count;
    const struct log_line *line;

    dialog_close(top);
    for (size_t i = 0; (line = top_log(top, i)); i++) {
        if (i < before && line->kind != LOG_UNKNOWN)
            continue;
        text_add_safe(out, line->text, strlen(line->text));
        buf_add_char(out, '\n');
    }
}
