#include "ctl/outcome.h"

#include <stdlib.h>
#include <string.h>

const struct outcome_words outcome_words[OUTCOME_KINDS] = {
    [OUTCOME_REPLAY] = {"replay", "replays", "replayed"},
    [OUTCOME_DISCARD] = {"discard", "discards", "discarded"},
    [OUTCOME_PAUSE] = {"pause", "pauses", "paused"},
    [OUTCOME_RESUME] = {"resume", "resumes", "resumed"},
};

const char *outcome_state_name(enum outcome_state state)
{
    static const char *const names[OUTCOME_STATES] = {
        [OUTCOME_NOT_SENT] = "not_sent", [OUTCOME_WOULD] = "would",
        [OUTCOME_NOTHING] = "nothing",   [OUTCOME_DONE] = "done",
        [OUTCOME_REFUSED] = "refused",   [OUTCOME_UNKNOWN] = "unknown",
    };

    return names[state];
}

/* -- life cycle -------------------------------------------------------------------------------- */

void outcome_init(struct outcome *outcome)
{
    *outcome = (struct outcome){.lists = NULL};
    arena_init(&outcome->arena);
}

void outcome_release(struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->list_count; i++) {
        for (size_t j = 0; j < outcome->lists[i].page_count; j++)
            letter_page_release(&outcome->lists[i].pages[j]);
        free(outcome->lists[i].pages);
    }
    free(outcome->lists);
    free(outcome->acts);
    arena_release(&outcome->arena);
    outcome_init(outcome);
}

bool outcome_make_lists(struct outcome *outcome, size_t count)
{
    outcome->lists = calloc(count + 1, sizeof(*outcome->lists));
    outcome->has_lists = outcome->lists;
    outcome->list_count = outcome->lists ? count : 0;
    return outcome->lists;
}

bool outcome_make_acts(struct outcome *outcome, size_t count)
{
    outcome->acts = calloc(count + 1, sizeof(*outcome->acts));
    outcome->has_acts = outcome->acts;
    outcome->act_count = outcome->acts ? count : 0;
    for (size_t i = 0; i < outcome->act_count; i++)
        outcome->acts[i] = (struct outcome_act){
            .object = "", .id = "", .count = -1, .delivered = -1, .came_back = -1};
    return outcome->acts;
}

struct letter_page *outcome_add_page(struct outcome_list *list)
{
    struct letter_page *pages =
        reallocarray(list->pages, list->page_count + 1, sizeof(*list->pages));

    if (!pages)
        return NULL;
    list->pages = pages;
    letter_page_init(&pages[list->page_count]);
    return &pages[list->page_count++];
}

void outcome_withdraw(struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->act_count; i++)
        if (outcome->acts[i].state == OUTCOME_WOULD)
            outcome->acts[i].state = OUTCOME_NOT_SENT;
}

/* -- the verdict ------------------------------------------------------------------------------- */

static bool is_well(const struct outcome_act *act)
{
    return act->state == OUTCOME_DONE || act->state == OUTCOME_NOTHING ||
           act->state == OUTCOME_WOULD;
}

void outcome_judge(const struct outcome *outcome, struct error *error)
{
    size_t done = 0, bad = 0;
    int64_t came_back = 0, replayed = 0;
    const struct outcome_act *first = NULL;

    for (size_t i = 0; i < outcome->act_count; i++) {
        const struct outcome_act *act = &outcome->acts[i];
        done += act->state == OUTCOME_DONE;
        bad += !is_well(act);
        if (act->error.code != ERROR_NONE && (!first || (is_well(first) && !is_well(act))))
            first = act;
        if (act->came_back > 0) {
            came_back += act->came_back;
            replayed += act->count;
        }
    }
    if (bad > 0 && done > 0)
        error_set(error, ERROR_PARTIAL, "done in part: %s", first ? first->error.text : "");
    else if (first)
        error_set(error, first->error.code, "%s", first->error.text);
    else if (came_back > 0)
        error_set(error, ERROR_PARTIAL, "%lld of %lld came back: they failed again",
                  (long long)came_back, (long long)replayed);
}
