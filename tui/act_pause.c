/* Pausing and resuming: of which rows, at which endpoints, and which of the two. */
#include "tui/act_state.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

/* -- what is sent -------------------------------------------------------------------------------
 */

static void add_path(const struct act *act, const struct act_target *target, struct buf *out)
{
    buf_add_text(out, "/v1/subscriptions/");
    letter_add_encoded(out, target->id);
    buf_printf(out, "/%s", act->verb->word);
}

static json_t *body_of(const struct act *act)
{
    const char *who = act->top->who ? act->top->who : "";

    return json_pack("{s:s, s:s}", "reason", act->reason, "by", who);
}

static bool read_paused(const struct ingest_answer *answer, bool wanted)
{
    json_t *reply = json_read(answer->body, answer->length, 0, NULL);
    const json_t *paused = json_object_get(reply, "paused");
    bool ok = json_is_boolean(paused) && json_is_true(paused) == wanted;

    json_decref(reply);
    return ok;
}

static bool read_pause(struct act *act, const struct ingest_answer *answer)
{
    (void)act;
    return read_paused(answer, true);
}

static bool read_resume(struct act *act, const struct ingest_answer *answer)
{
    (void)act;
    return read_paused(answer, false);
}

/* Of one, a failure has been said already. */
static void finish(struct act *act)
{
    size_t untried = act->target_count - act->next;
    enum log_kind kind = act->unknown             ? LOG_UNKNOWN
                         : act->failed || untried ? LOG_REFUSED
                                                  : LOG_DONE;

    if (act->target_count > 1)
        top_say(act->top, kind,
                "%s %zu of %zu: %zu not done, %zu unknown, %zu not tried; the log tells which",
                act->verb->done, act->done, act->target_count, act->failed, act->unknown, untried);
    else if (act->done)
        act_say_target(act, &act->targets[0], LOG_DONE, "", act->verb->done, "");
    act->at = AT_OVER;
}

static const struct act_verb pausing = {.title = "Pause",
                                        .word = "pause",
                                        .doing = "pausing",
                                        .done = "paused",
                                        .effect = "events are taken and kept, but not delivered",
                                        .path = add_path,
                                        .body = body_of,
                                        .read = read_pause,
                                        .finish = finish};
static const struct act_verb resuming = {.title = "Resume",
                                         .word = "resume",
                                         .doing = "resuming",
                                         .done = "resumed",
                                         .effect = "events are delivered again, and what waited",
                                         .path = add_path,
                                         .body = body_of,
                                         .read = read_resume,
                                         .finish = finish};

/* -- where --------------------------------------------------------------------------------------
 */

static bool is_among(const struct act_target *target, size_t endpoint)
{
    return endpoint == SIZE_MAX || target->endpoint == endpoint;
}

static size_t count_targets(const struct act *act, size_t endpoint, bool paused)
{
    size_t count = 0;

    for (size_t i = 0; i < act->target_count; i++)
        count += is_among(&act->targets[i], endpoint) && act->targets[i].paused == paused;
    return count;
}

/* Those that run are paused; when all are paused, they are resumed. */
static void choose(struct act *act, size_t endpoint)
{
    size_t running = count_targets(act, endpoint, false), kept = 0;

    act->verb = running > 0 ? &pausing : &resuming;
    act->skipped = running > 0 ? count_targets(act, endpoint, true) : 0;
    for (size_t i = 0; i < act->place_count; i++)
        act->places[i].chosen = false;
    for (size_t i = 0; i < act->target_count; i++) {
        struct act_target target = act->targets[i];
        if (!is_among(&target, endpoint) || target.paused != (running == 0))
            continue;
        act->places[target.endpoint].chosen = true;
        act->targets[kept++] = target;
    }
    act->target_count = kept;
    act_enter(act, AT_REASON);
}

void act_where_chosen(struct act *act)
{
    choose(act, act->where_endpoints[act->where.at]);
}

static const char *describe(struct act *act, size_t endpoint)
{
    size_t running = count_targets(act, endpoint, false);
    size_t paused = count_targets(act, endpoint, true);
    const struct act_place *place = endpoint == SIZE_MAX ? NULL : &act->places[endpoint];
    const char *name = place ? place->name : "all of them";
    const char *mark = place && place->production ? " (production)" : "";

    if (running == 0)
        return arena_printf(&act->arena, "%s%s: resume %zu", name, mark, paused);
    if (paused == 0)
        return arena_printf(&act->arena, "%s%s: pause %zu", name, mark, running);
    return arena_printf(&act->arena, "%s%s: pause %zu, %zu paused already", name, mark, running,
                        paused);
}

/* One item for each endpoint that has any, then all. False: no memory. */
static bool list_places(struct act *act)
{
    const char **items = arena_alloc(&act->arena, (act->place_count + 1) * sizeof(*items));
    size_t *endpoints = arena_alloc(&act->arena, (act->place_count + 1) * sizeof(*endpoints));
    size_t count = 0;

    if (!items || !endpoints)
        return false;
    for (size_t i = 0; i <= act->place_count; i++) {
        if (i < act->place_count && !act->places[i].chosen)
            continue;
        endpoints[count] = i < act->place_count ? i : SIZE_MAX;
        items[count] = describe(act, endpoints[count]);
        if (!items[count++])
            return false;
    }
    act->where = (struct list){.items = items, .count = count};
    act->where_endpoints = endpoints;
    return true;
}

/* -- what ---------------------------------------------------------------------------------------
 */

static int compare_id(const void *id, const void *subscription)
{
    return strcmp(id, ((const struct sample_subscription *)subscription)->id);
}

/* What an endpoint said last of a subscription; NULL: it does not have it. */
static const struct sample_subscription *find(const struct endpoint *endpoint, const char *id)
{
    const struct ingest_sample *sample = endpoint->sample;

    if (!sample || sample->subscription_count == 0)
        return NULL;
    return bsearch(id, sample->subscriptions, sample->subscription_count,
                   sizeof(*sample->subscriptions), compare_id);
}

/* False: no memory. */
static bool collect(struct act *act, const size_t *rows, size_t count)
{
    struct fleet *fleet = act->top->fleet;

    act->targets = arena_alloc(&act->arena, (count * act->place_count + 1) * sizeof(*act->targets));
    for (size_t i = 0; act->targets && i < act->place_count; i++) {
        struct endpoint endpoint;
        fleet_endpoint(fleet, i, act->top->now_ms, &endpoint);
        for (size_t n = 0; n < count; n++) {
            const struct row *row = fleet_row(fleet, rows[n]);
            const struct sample_subscription *found = find(&endpoint, row->id);
            struct act_target *target = &act->targets[act->target_count];
            if (!found)
                continue;
            *target = (struct act_target){.endpoint = i,
                                          .id = arena_text(&act->arena, row->id),
                                          .name = arena_text(&act->arena, row->name),
                                          .row = rows[n],
                                          .paused = found->paused == SAMPLE_YES};
            if (!target->id || !target->name)
                return false;
            act->places[i].chosen = true;
            act->target_count++;
        }
    }
    return act->targets;
}

static size_t count_chosen(const struct act *act)
{
    size_t count = 0;

    for (size_t i = 0; i < act->place_count; i++)
        count += act->places[i].chosen;
    return count;
}

void act_pause(struct top *top, const size_t *rows, size_t count)
{
    struct act *act = act_new(top);

    if (!act)
        return;
    if (!collect(act, rows, count) || !list_places(act)) {
        top_say(top, LOG_PROBLEM, "there is no memory for this");
    } else if (act->target_count == 0) {
        top_say(top, LOG_NOTE, "%s",
                count == 0 ? "no subscription is selected" : "no endpoint has it now");
    } else {
        dialog_show(top, &act->dialog);
        if (count_chosen(act) > 1)
            act_enter(act, AT_WHERE);
        else
            choose(act, SIZE_MAX);
        return;
    }
    act_free(&act->dialog, top);
}
