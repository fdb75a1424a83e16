/* How events flow through lanes and chains: admitted, in order, ready, taken. */
#include "ingest/dispatch_state.h"

#include "core/clock.h"
#include "ingest/settle.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Chains and lanes are found by their embedded node, which is their first member. */
_Static_assert(offsetof(struct chain, node) == 0 && offsetof(struct lane, node) == 0,
               "the node comes first");

void flow_ring(struct dispatch *dispatch)
{
    uint64_t one = 1;

    if (!atomic_exchange(&dispatch->rung, true) &&
        write(dispatch->bell, &one, sizeof(one)) != (ssize_t)sizeof(one))
        atomic_store(&dispatch->rung, false); /* it looks for itself before long */
}

/* -- lanes --------------------------------------------------------------------------------------
 */

static struct lane *lane_find(struct dispatch *dispatch, const char *id, uint64_t hash)
{
    struct table_node *node = table_first(&dispatch->lane_table, hash);

    while (node && strcmp(((struct lane *)node)->id, id) != 0)
        node = table_next(node);
    return (struct lane *)node;
}

static struct lane *lane_add(struct dispatch *dispatch, const char *id, uint64_t hash)
{
    size_t count = atomic_load(&dispatch->lane_count);
    struct lane *lane = lane_new(id, dispatch->options.metrics);

    if (!lane)
        return NULL;
    lane->outlet = dispatch->fallback;
    lane->shared = count >= DISPATCH_LANES_MOST;
    lane->settled = lane->read = atomic_load(&dispatch->split);
    table_add(&dispatch->lane_table, &lane->node, hash);
    dispatch->lanes[count] = lane;
    atomic_store(&dispatch->lane_count, count + 1);
    return lane;
}

static struct lane *lane_find_or_add(struct dispatch *dispatch, const char *id)
{
    uint64_t hash = table_hash(&dispatch->lane_table, 0, id, strlen(id));
    struct lane *lane = lane_find(dispatch, id, hash);
    size_t count = atomic_load(&dispatch->lane_count);

    if (lane || count < DISPATCH_LANES_MOST)
        return lane ? lane : lane_add(dispatch, id, hash);
    hash = table_hash(&dispatch->lane_table, 0, "other", strlen("other"));
    lane = lane_find(dispatch, "other", hash);
    if (lane)
        lane->shared = true;
    return lane ? lane : lane_add(dispatch, "other", hash);
}

struct lane *flow_lane_find(struct dispatch *dispatch, const char *id)
{
    struct lane *lane;

    pthread_mutex_lock(&dispatch->lanes_lock);
    lane = lane_find(dispatch, id, table_hash(&dispatch->lane_table, 0, id, strlen(id)));
    pthread_mutex_unlock(&dispatch->lanes_lock);
    return lane;
}

struct lane *flow_lane(struct dispatch *dispatch, const char *subscription)
{
    char id[ARRIVAL_SUBSCRIPTION_MOST + 1];
    struct lane *lane;

    snprintf(id, sizeof(id), "%s", subscription ? subscription : "");
    pthread_mutex_lock(&dispatch->lanes_lock);
    lane = lane_find_or_add(dispatch, id);
    pthread_mutex_unlock(&dispatch->lanes_lock);
    return lane;
}

void flow_run(struct dispatch *dispatch, struct lane *lane)
{
    struct outlet *outlet = lane->outlet;
    bool news; /* else somebody waits for the outlet's time already */

    if (lane->running || lane->paused || !lane->ready.first)
        return;
    lane->running = true;
    lane->run_next = NULL;
    news = !outlet->run_first || outlet->breaker.state == BREAKER_CLOSED;
    if (outlet->run_last)
        outlet->run_last->run_next = lane;
    else
        outlet->run_first = lane;
    outlet->run_last = lane;
    if (news && dispatch->idle && outlet->calls < outlet->calls_most)
        pthread_cond_signal(&dispatch->work);
}

static struct lane *outlet_next_lane(struct outlet *outlet)
{
    struct lane *lane = outlet->run_first;

    if (!lane)
        return NULL;
    outlet->run_first = lane->run_next;
    if (!outlet->run_first)
        outlet->run_last = NULL;
    lane->running = false;
    return lane;
}

bool flow_full(const struct dispatch *dispatch, const struct lane *lane)
{
    long long bytes = atomic_load(&dispatch->held_bytes);

    return lane->paused || lane->held >= DISPATCH_LANE_MOST || bytes >= 2 * DISPATCH_BYTES ||
           (bytes >= DISPATCH_BYTES && lane->held) ||
           (dispatch->held >= DISPATCH_MOST && lane->held >= DISPATCH_LANE_LEAST) ||
           (dispatch->parked >= DISPATCH_PARKED_MOST && lane->parked);
}

bool flow_roomy(const struct dispatch *dispatch, const struct lane *lane)
{
    return !flow_full(dispatch, lane) && lane->held <= DISPATCH_LANE_MOST / 2;
}

/* -- chains -------------------------------------------------------------------------------------
 */

static struct chain *chain_find_or_add(struct dispatch *dispatch, struct lane *lane,
                                       const void *name, size_t bytes)
{
    uint64_t hash = table_hash(&dispatch->chain_table, lane->node.hash, name, bytes);
    struct table_node *node = table_first(&dispatch->chain_table, hash);
    struct chain *chain;

    while (node && !chain_is((struct chain *)node, lane, name, bytes))
        node = table_next(node);
    if (node)
        return (struct chain *)node;
    if (!chain_heap_reserve(&dispatch->waiting, dispatch->chain_table.count + 1))
        return NULL;
    chain = chain_new(lane, name, bytes);
    if (chain)
        table_add(&dispatch->chain_table, &chain->node, hash);
    return chain;
}

static struct chain *chain_of(struct dispatch *dispatch, struct lane *lane,
                              const struct delivery *delivery)
{
    char name[1 + EVENT_KEY_BYTES] = {'\0'};
    const char *interaction = delivery->interaction;

    if (interaction && interaction[0])
        return chain_find_or_add(dispatch, lane, interaction, strlen(interaction));
    memcpy(name + 1, delivery->key, EVENT_KEY_BYTES);
    return chain_find_or_add(dispatch, lane, name, sizeof(name));
}

static void chain_wait(struct dispatch *dispatch, struct chain *chain)
{
    chain->state = CHAIN_WAITING;
    chain->due_ms = chain->first->due_ms;
    chain_heap_add(&dispatch->waiting, chain);
    if (!dispatch->leading || chain->due_ms < dispatch->leading_until_ms)
        pthread_cond_signal(&dispatch->work); /* whoever wakes leads until then */
}

static bool delivery_is_due(const struct delivery *delivery)
{
    return !delivery->due_ms || delivery->due_ms <= clock_monotonic_ms();
}

void flow_chain(struct dispatch *dispatch, struct chain *chain)
{
    if (chain->flying || chain->state == CHAIN_READY || chain->state == CHAIN_LOADING)
        return;
    if (chain->state == CHAIN_WAITING)
        chain_heap_remove(&dispatch->waiting, chain);
    chain->state = CHAIN_IDLE;
    if (!chain->first) {
        table_remove(&dispatch->chain_table, &chain->node);
        free(chain);
    } else if (!delivery_is_due(chain->first)) {
        chain_wait(dispatch, chain);
    } else if (!chain->first->request) {
        chain->state = CHAIN_LOADING;
        chain_list_add(&dispatch->loading, chain);
        flow_ring(dispatch);
    } else {
        chain->state = CHAIN_READY;
        chain_list_add(&chain->lane->ready, chain);
        flow_run(dispatch, chain->lane);
    }
}

/* By time: it waits for earlier ones that are still on their way. */
static void order_set(const struct lane *lane, struct delivery *delivery)
{
    const struct config_sink *sink = lane->outlet->config;
    int64_t wait_ms;

    delivery->order_ms = delivery->time_ms ? delivery->time_ms : delivery->received_us / 1000;
    if (sink->order != ORDER_TIME || delivery->dead_id || delivery->parked)
        return;
    wait_ms = sink->order_wait_ms - (clock_unix_us() - delivery->received_us) / 1000;
    if (wait_ms > sink->order_wait_ms)
        wait_ms = sink->order_wait_ms; /* the clock was set back */
    if (wait_ms > 0)
        delivery->due_ms = clock_monotonic_ms() + wait_ms;
}

bool flow_admit(struct dispatch *dispatch, struct lane *lane, struct row *row,
                struct delivery *delivery)
{
    struct chain *chain = chain_of(dispatch, lane, delivery);

    if (!chain)
        return false;
    delivery->lane = lane;
    delivery->row = row;
    if (row) {
        row->unresolved++;
        lane->held++;
        dispatch->held++;
    }
    order_set(lane, delivery);
    chain_insert(chain, delivery, lane->outlet->config->order == ORDER_TIME);
    if (delivery != chain->first && chain->first->parked && !delivery->parked)
        settle_park(dispatch, delivery, chain->first->due_us);
    flow_chain(dispatch, chain);
    return true;
}

/* -- taking -------------------------------------------------------------------------------------
 */

static bool batch_has(const struct batch *batch, size_t begin, const struct delivery *delivery)
{
    for (size_t i = begin; i < batch->count; i++)
        if (memcmp(batch->items[i]->key, delivery->key, EVENT_KEY_BYTES) == 0)
            return true;
    return false;
}

static bool delivery_is_duplicate(const struct dispatch *dispatch, const struct delivery *delivery)
{
    uint8_t key[EVENT_KEY_BYTES];

    if (delivery->dead_id && !delivery->fresh)
        return false;
    lane_key(delivery->lane, delivery->key, key);
    return window_has(dispatch->window, key, clock_steady_s());
}

/* As many of the chain as can go one after the other in one call. */
static void take_chain(struct dispatch *dispatch, struct chain *chain, struct batch *batch,
                       size_t most)
{
    size_t begin = batch->count;
    struct delivery *first;

    chain->state = CHAIN_IDLE;
    while (batch->count < most && (first = chain->first) && delivery_is_due(first) &&
           first->request && !batch_has(batch, begin, first)) {
        if (first->hopeless && batch->count > begin)
            break;
        chain_pop(chain);
        if (first->hopeless) {
            settle_hopeless(dispatch, chain, first);
        } else if (delivery_is_duplicate(dispatch, first)) {
            settle_duplicate(dispatch, first);
        } else {
            batch->items[batch->count++] = first;
            chain->flying++;
        }
    }
    flow_chain(dispatch, chain);
}

bool flow_rests(const struct outlet *outlet, int64_t now_ms)
{
    return outlet->wait_until_ms > now_ms || !breaker_allows(&outlet->breaker, now_ms);
}

static bool take_outlet(struct dispatch *dispatch, struct outlet *outlet, struct batch *batch,
                        int64_t now_ms)
{
    size_t most = outlet->breaker.state == BREAKER_CLOSED ? outlet->batch_most : 1;
    struct lane *lane;

    if (outlet->calls >= outlet->calls_most || flow_rests(outlet, now_ms))
        return false;
    while (batch->count < most && (lane = outlet_next_lane(outlet)) != NULL) {
        struct chain *chain = NULL;

        if (lane->outlet == outlet && !lane->paused)
            chain = chain_list_take(&lane->ready);
        if (chain)
            take_chain(dispatch, chain, batch, most);
        flow_run(dispatch, lane);
    }
    if (!batch->count)
        return false;
    batch->outlet = outlet;
    batch->probe = breaker_begin(&outlet->breaker, now_ms);
    outlet->calls++;
    outlet->flying += (int64_t)batch->count;
    outlet->attempts += batch->count;
    return true;
}

static void take_due(struct dispatch *dispatch, int64_t now_ms)
{
    struct chain *chain;

    while ((chain = chain_heap_first(&dispatch->waiting)) != NULL && chain->due_ms <= now_ms)
        flow_chain(dispatch, chain);
}

bool flow_take(struct dispatch *dispatch, struct batch *batch, int64_t now_ms)
{
    batch->count = 0;
    take_due(dispatch, now_ms);
    for (size_t i = 0; i < dispatch->outlet_count; i++) {
        size_t place = (dispatch->next_outlet + i) % dispatch->outlet_count;

        if (take_outlet(dispatch, &dispatch->outlets[place], batch, now_ms)) {
            dispatch->next_outlet = place + 1;
            return true;
        }
    }
    return false;
}

bool flow_waits(const struct dispatch *dispatch, int64_t now_ms)
{
    const struct chain *chain = chain_heap_first(&dispatch->waiting);

    for (size_t i = 0; i < dispatch->outlet_count; i++) {
        const struct outlet *outlet = &dispatch->outlets[i];

        if (outlet->run_first && outlet->calls < outlet->calls_most && !flow_rests(outlet, now_ms))
            return true;
    }
    return chain && chain->due_ms <= now_ms;
}

int64_t flow_due_ms(const struct dispatch *dispatch)
{
    const struct chain *chain = chain_heap_first(&dispatch->waiting);
    int64_t due_ms = chain ? chain->due_ms : INT64_MAX;

    for (size_t i = 0; i < dispatch->outlet_count; i++) {
        const struct outlet *outlet = &dispatch->outlets[i];
        int64_t open_ms = breaker_due_ms(&outlet->breaker);

        if (!outlet->run_first || outlet->calls >= outlet->calls_most || outlet->breaker.probing)
            continue;
        if (open_ms == INT64_MAX || outlet->wait_until_ms > open_ms)
            open_ms = outlet->wait_until_ms;
        if (open_ms && open_ms < due_ms)
            due_ms = open_ms;
    }
    return due_ms;
}
