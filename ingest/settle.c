#include "ingest/settle.h"

#include "core/clock.h"
#include "ingest/log.h"
#include "ingest/unreadable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    GAP_MS = 60000,    /* where a sink has no retries, and so no gaps */
    FULL_GAP_MS = 5000 /* at least, while there is no room for a dead letter */
};

/* -- positions ----------------------------------------------------------------------------------
 */

void settle_row(struct dispatch *dispatch, struct lane *lane, struct row *row)
{
    if (!lane_row_done(lane, row) || lane->moved)
        return;
    lane->moved = true;
    lane->moved_next = dispatch->moved;
    dispatch->moved = lane;
}

void settle_tell(struct dispatch *dispatch, bool all)
{
    int64_t now_ms;
    struct lane *lane;

    if (!dispatch->moved)
        return;
    now_ms = clock_monotonic_ms();
    if (!all && now_ms - dispatch->told_ms < DISPATCH_TELL_MS)
        return;
    dispatch->told_ms = now_ms;
    while ((lane = dispatch->moved) != NULL) {
        dispatch->moved = lane->moved_next;
        lane->moved = false;
        if (lane->settled > lane->told)
            ledger_advance(dispatch->options.ledger, lane->id, lane->settled);
        lane->told = lane->settled > lane->told ? lane->settled : lane->told;
    }
}

static void resolve(struct dispatch *dispatch, struct delivery *delivery)
{
    struct row *row = delivery->row;

    if (!row)
        return;
    delivery->row = NULL;
    delivery->lane->held--;
    dispatch->held--;
    settle_row(dispatch, delivery->lane, row);
    if (delivery->lane->behind && delivery->lane->held == DISPATCH_LANE_MOST / 2)
        flow_ring(dispatch);
}

/* It is no more: what is known of it is its caller's to free. */
static void settle_gone(struct dispatch *dispatch, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;

    atomic_fetch_sub(&lane->depth, 1);
    if (delivery->parked) {
        lane_unpark(lane, delivery);
        dispatch->parked--;
    }
    if (delivery->loaded)
        dispatch->loaded--;
    if (delivery->dead_id) {
        dispatch->replays--;
        lane_replay_end(lane, delivery);
    }
    resolve(dispatch, delivery);
}

/* -- parking ------------------------------------------------------------------------------------
 */

static void tell_parked(struct dispatch *dispatch, const struct delivery *delivery)
{
    struct parked_event event = {.place = delivery->place,
                                 .attempts = delivery->attempts,
                                 .due_us = delivery->due_us,
                                 .first_failed_us = delivery->first_failed_us};

    snprintf(event.subscription, sizeof(event.subscription), "%s", delivery->lane->id);
    ledger_parked(dispatch->options.ledger, &event);
}

/* A replay is a dead letter until it succeeds: that is all the ledger needs to know, and its body
 * is not in the queue. All others leave theirs there. */
void settle_park(struct dispatch *dispatch, struct delivery *delivery, int64_t due_us)
{
    delivery->due_us = due_us;
    if (!delivery->dead_id)
        tell_parked(dispatch, delivery);
    if (!delivery->parked) {
        lane_park(delivery->lane, delivery);
        dispatch->parked++;
    }
    resolve(dispatch, delivery);
    if (delivery->dead_id)
        return;
    if (delivery->loaded)
        dispatch->loaded--;
    delivery->loaded = false;
    delivery_empty(delivery);
}

static void park_behind(struct dispatch *dispatch, struct chain *chain, int64_t due_us)
{
    for (struct delivery *behind = chain->first; behind; behind = behind->next)
        if (!behind->parked)
            settle_park(dispatch, behind, due_us);
}

static int64_t gap_ms(const struct config_sink *sink, int attempts)
{
    size_t last = sink->retry_count ? sink->retry_count - 1 : 0;
    size_t place = attempts > 0 && (size_t)attempts <= last ? (size_t)attempts - 1 : last;
    int64_t gap = sink->retry_count ? sink->retries_ms[place] : GAP_MS;
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        return gap;
    return gap + (int64_t)((double)gap * (double)sink->jitter_percent / 100.0 *
                           (2.0 * random / UINT32_MAX - 1.0));
}

static void set_due(struct delivery *delivery, const struct config_sink *sink, int64_t least_ms)
{
    int64_t gap = gap_ms(sink, delivery->attempts);

    if (gap < least_ms)
        gap = least_ms;
    delivery->due_ms = clock_monotonic_ms() + gap;
    delivery->due_us = clock_unix_us() + gap * 1000;
}

/* -- dead letters -------------------------------------------------------------------------------
 */

static bool bury(struct dispatch *dispatch, const struct delivery *delivery, const char *reason,
                 const char *detail)
{
    const struct arrival *arrival = &delivery->request->arrival;
    struct dead_letter letter = {
        .id = delivery->dead_id,
        .place = delivery->place,
        .subscription = delivery->stray ? delivery->stray : delivery->lane->id,
        .type = delivery->type,
        .interaction = delivery->interaction,
        .reason = reason,
        .detail = detail,
        .attempts = delivery->attempts,
        .replays = delivery->replays, /* the ledger adds the one that failed */
        .received_us = delivery->received_us,
        .first_failed_us = delivery->first_failed_us,
        .died_us = clock_unix_us(),
        .time_ms = delivery->time_ms,
        .quarantined = delivery->quarantined,
        .source = arrival->source,
        .verdict = arrival->verdict,
        .headers = arrival->headers,
        .body = delivery->event,
        .body_bytes = delivery->event_bytes,
    };

    memcpy(letter.key, delivery->key, EVENT_KEY_BYTES);
    if (!ledger_bury(dispatch->options.ledger, &letter)) {
        log_event(LOG_LEVEL_ERROR, "dead-letters-full", "subscription", delivery->lane->id,
                  "position", log_number(delivery->place.position), "reason", reason, NULL);
        return false;
    }
    series_add(
        metrics_series(dispatch->options.metrics, METRIC_DEAD_LETTERED, delivery->lane->id, reason),
        1);
    log_event(LOG_LEVEL_WARNING, "dead-letter", "subscription", delivery->lane->id, "type",
              delivery->type, "reason", reason, "detail", detail, NULL);
    return true;
}

static void note_error(struct lane *lane, const char *reason, const char *detail)
{
    snprintf(lane->last_error, sizeof(lane->last_error), "%s%s%s", reason, detail[0] ? ": " : "",
             detail);
    lane->last_error_us = clock_unix_us();
}

void settle_duplicate(struct dispatch *dispatch, struct delivery *delivery)
{
    if (delivery->parked || delivery->dead_id)
        ledger_dropped(dispatch->options.ledger, delivery->place, delivery->dead_id);
    series_add(delivery->lane->counts[LANE_DUPLICATES], 1);
    settle_gone(dispatch, delivery);
    delivery_free(delivery);
}

void settle_hopeless(struct dispatch *dispatch, struct chain *chain, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    const char *reason = delivery->stray ? SETTLE_STRAY : "not-json";
    const char *detail =
        delivery->stray
            ? "it came in another subscription's batch; a replay delivers it as its own"
            : "the event is no JSON, nests deeper than 2048, or holds a number beyond a double";

    note_error(lane, reason, "");
    if (bury(dispatch, delivery, reason, detail)) {
        lane->dead_lettered++;
        settle_gone(dispatch, delivery);
        delivery_free(delivery);
        return;
    }
    set_due(delivery, lane->outlet->config, FULL_GAP_MS);
    series_add(lane->counts[LANE_RETRIED], 1);
    chain_put_back(chain, delivery);
    settle_park(dispatch, delivery, delivery->due_us);
    park_behind(dispatch, chain, delivery->due_us);
}

bool settle_lost(struct dispatch *dispatch, struct delivery *delivery)
{
    struct lane *lane = delivery->lane;
    struct parked_event event = {.place = delivery->place,
                                 .attempts = delivery->attempts,
                                 .first_failed_us = delivery->first_failed_us};

    snprintf(event.subscription, sizeof(event.subscription), "%s", lane->id);
    if (!unreadable_event(dispatch, &event))
        return false;
    note_error(lane, REASON_UNREADABLE, "");
    lane->dead_lettered++;
    settle_gone(dispatch, delivery);
    delivery_free(delivery);
    return true;
}

void settle_recalled(struct dispatch *dispatch, struct delivery *delivery)
{
    ledger_recalled(dispatch->options.ledger, delivery->dead_id);
    settle_gone(dispatch, delivery);
    delivery_free(delivery);
}

/* -- a batch ------------------------------------------------------------------------------------
 */

enum verdict {
    VERDICT_KEPT, /* as if it had never been tried */
    VERDICT_DELIVERED,
    VERDICT_BURIED,
    VERDICT_RETRY
};

/* Without the lock: nobody else has the delivery. */
static enum verdict judge_failed(struct dispatch *dispatch, const struct config_sink *sink,
                                 struct delivery *delivery, const struct outcome *outcome)
{
    if (delivery->attempts <= (int)sink->retry_count)
        delivery->attempts++;
    if (!delivery->first_failed_us)
        delivery->first_failed_us = clock_unix_us();
    if (delivery->attempts <= (int)sink->retry_count) {
        set_due(delivery, sink, 0);
        return VERDICT_RETRY;
    }
    if (bury(dispatch, delivery, outcome->reason, outcome->detail))
        return VERDICT_BURIED;
    set_due(delivery, sink, FULL_GAP_MS);
    return VERDICT_RETRY;
}

static void judge_delivered(struct dispatch *dispatch, struct delivery *delivery, int64_t now_us)
{
    struct lane *lane = delivery->lane;
    uint8_t key[EVENT_KEY_BYTES];

    lane_key(lane, delivery->key, key);
    ledger_delivered(dispatch->options.ledger, delivery->place, key, clock_steady_s(),
                     delivery->dead_id);
    series_add(lane->counts[LANE_DELIVERED], 1);
    if (delivery->dead_id)
        series_add(lane->counts[LANE_REPLAYED], 1);
    else
        series_observe(lane->seconds, (double)(now_us - delivery->received_us) / 1e6);
}

/* Of each chain, only the first failure counts: what follows it in the chain was not its turn. */
static void judge(struct dispatch *dispatch, const struct batch *batch, enum verdict *verdicts)
{
    const struct chain *failed = NULL;
    int64_t now_us = clock_unix_us();

    for (size_t i = 0; i < batch->count; i++) {
        struct delivery *delivery = batch->items[i];
        enum outcome_result result = batch->outcomes[i].result;

        verdicts[i] = VERDICT_KEPT;
        if (result == OUTCOME_DELIVERED) {
            judge_delivered(dispatch, delivery, now_us);
            verdicts[i] = VERDICT_DELIVERED;
        } else if (result == OUTCOME_FAILED && failed != delivery->chain) {
            verdicts[i] =
                judge_failed(dispatch, batch->outlet->config, delivery, &batch->outcomes[i]);
            failed = delivery->chain;
        }
    }
}

static void settle_outlet(struct dispatch *dispatch, const struct batch *batch,
                          const struct outcome *outcome, uint64_t chain)
{
    struct outlet *outlet = batch->outlet;
    int64_t now_ms = clock_monotonic_ms();
    int64_t wait_ms = outcome->wait_ms;

    if (outcome->result == OUTCOME_FAILED)
        outlet->failures++;
    if (outcome->result == OUTCOME_DELIVERED || outcome->sink_is_well) {
        breaker_succeeded(&outlet->breaker, batch->probe);
        return;
    }
    if (outcome->result == OUTCOME_FAILED) {
        if (breaker_failed(&outlet->breaker, batch->probe, chain, now_ms))
            log_event(LOG_LEVEL_WARNING, "breaker-open", "sink", outlet->config->name, "ms",
                      log_number(outlet->breaker.until_ms - now_ms), NULL);
        return;
    }
    breaker_undecided(&outlet->breaker, batch->probe);
    if (outcome->result == OUTCOME_STOPPED)
        wait_ms = atomic_load(&dispatch->stopping) ? 0 : 100; /* never in a tight circle */
    else
        log_event(LOG_LEVEL_WARNING, "sink-rests", "sink", outlet->config->name, "ms",
                  log_number(wait_ms), "detail", outcome->detail, NULL);
    if (now_ms + wait_ms > outlet->wait_until_ms)
        outlet->wait_until_ms = now_ms + wait_ms;
}

static void settle_delivered(struct dispatch *dispatch, struct delivery *delivery, int64_t now_s)
{
    uint8_t key[EVENT_KEY_BYTES];

    lane_key(delivery->lane, delivery->key, key);
    if (!window_add(dispatch->window, key, now_s, now_s))
        log_event(LOG_LEVEL_ERROR, "dedupe-no-memory", NULL);
    delivery->lane->last_delivered_us = clock_unix_us();
}

/* The items from `begin` to `end` are of one chain. What is kept goes back in front, the last
 * first, and when its first is parked, all behind it is. */
static void settle_chain(struct dispatch *dispatch, struct batch *batch,
                         const enum verdict *verdicts, size_t begin, size_t end)
{
    struct chain *chain = batch->items[begin]->chain;

    chain->flying -= (unsigned)(end - begin);
    for (size_t i = end; i-- > begin;) {
        struct delivery *delivery = batch->items[i];

        if (verdicts[i] == VERDICT_KEPT || verdicts[i] == VERDICT_RETRY) {
            chain_put_back(chain, delivery);
            batch->items[i] = NULL;
        } else {
            chain->lane->dead_lettered += verdicts[i] == VERDICT_BURIED;
            settle_gone(dispatch, delivery);
        }
        if (verdicts[i] == VERDICT_RETRY) {
            series_add(chain->lane->counts[LANE_RETRIED], 1);
            settle_park(dispatch, delivery, delivery->due_us);
            park_behind(dispatch, chain, delivery->due_us);
        }
    }
    flow_chain(dispatch, chain);
}

static void settle_items(struct dispatch *dispatch, struct batch *batch,
                         const enum verdict *verdicts)
{
    int64_t now_s = clock_steady_s();

    for (size_t i = 0; i < batch->count; i++) {
        struct delivery *delivery = batch->items[i];
        const struct outcome *outcome = &batch->outcomes[i];

        settle_outlet(dispatch, batch, outcome, delivery->chain->node.hash);
        if (outcome->result == OUTCOME_DELIVERED)
            settle_delivered(dispatch, delivery, now_s);
        else if (outcome->result == OUTCOME_FAILED)
            note_error(delivery->lane, outcome->reason, outcome->detail);
    }
    for (size_t begin = 0, end; begin < batch->count; begin = end) {
        end = begin + 1;
        while (end < batch->count && batch->items[end]->chain == batch->items[begin]->chain)
            end++;
        settle_chain(dispatch, batch, verdicts, begin, end);
    }
}

void settle_batch(struct dispatch *dispatch, struct batch *batch)
{
    enum verdict verdicts[DISPATCH_BATCH_MOST];

    judge(dispatch, batch, verdicts);
    pthread_mutex_lock(&dispatch->lock);
    batch->outlet->calls--;
    batch->outlet->flying -= (int64_t)batch->count;
    settle_items(dispatch, batch, verdicts);
    settle_tell(dispatch, false);
    pthread_mutex_unlock(&dispatch->lock);
    for (size_t i = 0; i < batch->count; i++)
        delivery_free(batch->items[i]);
    batch->count = 0;
}
