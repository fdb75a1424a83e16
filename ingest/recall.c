/* Replays that are taken back: from memory into the ledger, and there to what somebody asked for.
 */
#include "ingest/dispatch_state.h"

#include "ingest/settle.h"

#include <stdlib.h>

/* The ids of those in memory; the caller frees. False: no memory. */
static bool ids_in_memory(struct dispatch *dispatch, int64_t **ids, size_t *count)
{
    size_t lanes = atomic_load(&dispatch->lane_count);

    *count = 0;
    pthread_mutex_lock(&dispatch->lock);
    *ids = calloc(dispatch->replays + 1, sizeof(**ids));
    for (size_t i = 0; *ids && i < lanes; i++)
        for (const struct delivery *at = dispatch->lanes[i]->replay_list; at; at = at->replay_next)
            (*ids)[(*count)++] = at->dead_id;
    pthread_mutex_unlock(&dispatch->lock);
    return *ids != NULL;
}

static bool is_selected(const struct dead_filter *filter, int64_t id)
{
    for (size_t i = 0; i < filter->id_count; i++)
        if (filter->ids[i] == id)
            return true;
    return !filter->id_count;
}

static void recall_one(void *context, const struct dead_letter *letter)
{
    struct dispatch *dispatch = context;
    struct lane *lane = flow_lane(dispatch, letter->subscription);
    struct delivery *delivery = NULL;

    pthread_mutex_lock(&dispatch->lock);
    if (lane)
        delivery = lane->replay_list;
    while (delivery && delivery->dead_id != letter->id)
        delivery = delivery->replay_next;
    if (delivery && chain_remove(delivery->chain, delivery)) {
        struct chain *chain = delivery->chain;

        settle_recalled(dispatch, delivery);
        flow_chain(dispatch, chain);
    }
    pthread_mutex_unlock(&dispatch->lock);
}

/* Gives back what no worker has. `replaying` is held. */
static bool recall(struct dispatch *dispatch, const struct dead_filter *filter, struct error *error)
{
    struct dead_filter mine = *filter;
    size_t count;
    int64_t *ids;
    bool ok = true;

    if (!ids_in_memory(dispatch, &ids, &count))
        return error_no_memory(error);
    mine.ids = ids;
    mine.id_count = 0;
    for (size_t i = 0; i < count; i++)
        if (is_selected(filter, ids[i]))
            ids[mine.id_count++] = ids[i];
    if (mine.id_count)
        ok = ledger_dead_list(dispatch->options.ledger, &mine, mine.id_count, false, recall_one,
                              dispatch, error);
    free(ids);
    return ok;
}

/* Recalls, and does the rest in the ledger. */
static bool take_back(struct dispatch *dispatch, const struct dead_filter *filter,
                      bool (*rest)(struct ledger *ledger, const struct dead_filter *filter,
                                   int64_t *count, struct error *error),
                      int64_t *count, struct error *error)
{
    bool ok;

    *count = 0;
    pthread_mutex_lock(&dispatch->replaying);
    ok = recall(dispatch, filter, error) && rest(dispatch->options.ledger, filter, count, error);
    pthread_mutex_unlock(&dispatch->replaying);
    if (!ok)
        dispatch_wake(dispatch); /* what was recalled is to be replayed all the same */
    return ok;
}

bool dispatch_abort(struct dispatch *dispatch, const struct dead_filter *filter, int64_t *count,
                    struct error *error)
{
    return take_back(dispatch, filter, ledger_dead_abort, count, error);
}

bool dispatch_discard(struct dispatch *dispatch, const struct dead_filter *filter, int64_t *count,
                      struct error *error)
{
    return take_back(dispatch, filter, ledger_dead_discard, count, error);
}
