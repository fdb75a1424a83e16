/* What is known of subscriptions: names, sinks, filters, and which are paused. */
#include "ingest/dispatch_state.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

/* -- what they are ------------------------------------------------------------------------------
 */

static struct outlet *outlet_find(struct dispatch *dispatch, const char *name)
{
    if (!name)
        return dispatch->fallback;
    for (size_t i = 0; i < dispatch->outlet_count; i++)
        if (strcmp(dispatch->outlets[i].config->name, name) == 0)
            return &dispatch->outlets[i];
    return NULL;
}

static struct known *known_new(struct dispatch *dispatch,
                               const struct config_subscription *subscription, struct error *error)
{
    struct known *known = calloc(1, sizeof(*known));

    if (!known) {
        error_no_memory(error);
        return NULL;
    }
    atomic_init(&known->references, 1);
    known->paused = subscription->paused;
    known->outlet = outlet_find(dispatch, subscription->sink);
    known->name = strdup(subscription->name ? subscription->name : "");
    if (!known->outlet)
        error_set(error, ERROR_INVALID, "there is no sink %s", subscription->sink);
    else if (!known->name)
        error_no_memory(error);
    else if (subscription->filter_count)
        known->match = match_new(subscription->filter, subscription->filter_count, error);
    if (known->outlet && known->name && (known->match || !subscription->filter_count))
        return known;
    error_wrap(error, "subscription %s", subscription->id);
    known_drop(known);
    return NULL;
}

/* What is being taken over: each with its lane. */
struct change {
    struct known *known;
    struct lane *lane;
};

static bool change_make(struct dispatch *dispatch, const struct config_subscription *subscription,
                        struct change *change, struct error *error)
{
    if (!subscription->id || strlen(subscription->id) > ARRIVAL_SUBSCRIPTION_MOST)
        return error_set(error, ERROR_INVALID, "a subscription's id is missing or too long");
    change->known = known_new(dispatch, subscription, error);
    return change->known != NULL;
}

/* Before any lane is made: lanes stay. */
static bool lanes_suffice(struct dispatch *dispatch,
                          const struct config_subscription *subscriptions, size_t count,
                          struct error *error)
{
    size_t all = atomic_load(&dispatch->lane_count);

    for (size_t i = 0; i < count; i++)
        all += !flow_lane_find(dispatch, subscriptions[i].id);
    return all <= DISPATCH_LANES_MOST ||
           error_set(error, ERROR_INVALID,
                     "%zu subscriptions, those seen since the start included: %d are the most", all,
                     DISPATCH_LANES_MOST);
}

static bool change_lane(struct dispatch *dispatch, const char *id, struct change *change,
                        struct error *error)
{
    change->lane = flow_lane(dispatch, id);
    if (!change->lane)
        return error_no_memory(error);
    return !change->lane->shared ||
           error_set(error, ERROR_INVALID, "subscription %s: there are too many", id);
}

/* The lock is held. Takes the reference over; NULL: nothing is known any more. */
static void lane_know(struct dispatch *dispatch, struct lane *lane, struct known *known)
{
    known_drop(lane->known);
    lane->known = known;
    lane->outlet = known ? known->outlet : dispatch->fallback;
    lane->paused = lane->pause >= 0 ? lane->pause : known && known->paused;
}

static void changes_apply(struct dispatch *dispatch, struct change *changes, size_t count)
{
    size_t lanes = atomic_load(&dispatch->lane_count);

    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; i < lanes; i++)
        lane_know(dispatch, dispatch->lanes[i], NULL);
    for (size_t i = 0; i < count; i++) {
        lane_know(dispatch, changes[i].lane, changes[i].known);
        changes[i].known = NULL;
    }
    for (size_t i = 0; i < lanes; i++)
        flow_run(dispatch, dispatch->lanes[i]);
    pthread_mutex_unlock(&dispatch->lock);
    flow_ring(dispatch);
}

bool dispatch_subscriptions(struct dispatch *dispatch,
                            const struct config_subscription *subscriptions, size_t count,
                            struct error *error)
{
    struct change *changes = calloc(count ? count : 1, sizeof(struct change));
    bool ok = changes != NULL;

    if (!ok)
        error_no_memory(error);
    for (size_t i = 0; ok && i < count; i++)
        ok = change_make(dispatch, &subscriptions[i], &changes[i], error);
    ok = ok && lanes_suffice(dispatch, subscriptions, count, error);
    for (size_t i = 0; ok && i < count; i++)
        ok = change_lane(dispatch, subscriptions[i].id, &changes[i], error);
    if (ok)
        changes_apply(dispatch, changes, count);
    for (size_t i = 0; changes && i < count; i++)
        known_drop(changes[i].known);
    free(changes);
    return ok;
}

/* -- pausing ------------------------------------------------------------------------------------
 */

/* {"sub-1": true, "sub-2": false}: what somebody said, whatever the configuration says. */
static char *pauses_write(struct dispatch *dispatch)
{
    json_t *pauses = json_object();
    size_t lanes = atomic_load(&dispatch->lane_count);
    bool ok = pauses != NULL;
    char *text;

    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; ok && i < lanes; i++) {
        const struct lane *lane = dispatch->lanes[i];

        if (lane->pause >= 0)
            ok = json_object_set_new(pauses, lane->id, json_boolean(lane->pause)) == 0;
    }
    pthread_mutex_unlock(&dispatch->lock);
    text = ok ? json_write(pauses, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(pauses);
    return text;
}

static void lane_pause(struct dispatch *dispatch, struct lane *lane, int pause)
{
    pthread_mutex_lock(&dispatch->lock);
    lane->pause = pause;
    lane->paused = pause >= 0 ? pause : lane->known && lane->known->paused;
    flow_run(dispatch, lane);
    pthread_mutex_unlock(&dispatch->lock);
    flow_ring(dispatch);
}

bool dispatch_pause(struct dispatch *dispatch, const char *subscription, bool paused,
                    struct error *error)
{
    struct lane *lane = flow_lane_find(dispatch, subscription);
    int before;
    char *document;
    bool ok;

    if (!lane)
        return error_set(error, ERROR_INVALID, "no subscription \"%s\" is known or was seen",
                         subscription);
    pthread_mutex_lock(&dispatch->lock);
    before = lane->pause;
    pthread_mutex_unlock(&dispatch->lock);
    lane_pause(dispatch, lane, paused);
    document = pauses_write(dispatch);
    ok = document ? ledger_keep(dispatch->options.ledger, "paused", document, error)
                  : error_no_memory(error);
    free(document);
    if (!ok)
        lane_pause(dispatch, lane, before);
    return ok;
}

bool known_restore(struct dispatch *dispatch, struct error *error)
{
    char *document = ledger_kept(dispatch->options.ledger, "paused", error);
    json_t *pauses = document ? json_read_text(document) : NULL;
    const char *id;
    json_t *paused;
    bool ok = !error->code;

    json_object_foreach(pauses, id, paused)
    {
        struct lane *lane = flow_lane(dispatch, id);

        if (lane)
            lane->pause = lane->paused = json_is_true(paused);
        else
            ok = error_no_memory(error);
    }
    json_decref(pauses);
    free(document);
    return ok;
}
