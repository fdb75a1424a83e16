#include "ingest/splitter_load.h"

#include "core/clock.h"
#include "ingest/cutter.h"
#include "ingest/log.h"
#include "ingest/settle.h"
#include "ingest/unreadable.h"

#include <stdlib.h>
#include <string.h>

enum { WAIT_MOST_MS = 5 * 60 * 1000, LOG_MS = 1000 };

/* What came of an attempt to read one request. */
enum fetched { FETCHED, FETCH_GONE, FETCH_LATER };

void load_failed(struct dispatch *dispatch, const struct error *error)
{
    int64_t now_ms = clock_monotonic_ms();

    if (dispatch->read_failed_ms && now_ms - dispatch->read_failed_ms < LOG_MS)
        return;
    dispatch->read_failed_ms = now_ms;
    log_event(LOG_LEVEL_ERROR, "queue-read-failed", "detail", error->text, NULL);
}

/* FETCH_GONE: the queue has it no more, or it cannot be read and was waited for. */
static enum fetched fetch_request(struct dispatch *dispatch, struct queue_reader *reader,
                                  int64_t position, struct shared_arrival **out)
{
    struct error error = ERROR_INIT;
    struct arrival arrival = {.position = 0};
    size_t count = 0, unreadable = 0;
    int64_t next;

    *out = NULL;
    if (!queue_read(reader, position, NULL, 1, 1, &arrival, &count, &next, &unreadable, &error)) {
        load_failed(dispatch, &error);
        return FETCH_LATER;
    }
    if (count && arrival.position == position)
        *out = shared_arrival_new(&arrival);
    if (*out)
        return FETCHED;
    if (!count || arrival.position == position) {
        arrival_release(&arrival);
        return count ? FETCH_LATER : FETCH_GONE;
    }
    arrival_release(&arrival);
    return FETCH_GONE;
}

/* One event of a request. FETCH_GONE: it has no such part. */
static enum fetched fetch_part(struct shared_arrival *request, uint32_t part, struct delivery **out)
{
    const struct cutter cutter = {.only = part};
    struct cut cut;

    *out = NULL;
    if (!cutter_cut(&cutter, request, &cut))
        return FETCH_LATER;
    *out = cut.first;
    return cut.first ? FETCHED : FETCH_GONE;
}

/* -- of the last run ----------------------------------------------------------------------------
 */

static bool admit_restored(struct dispatch *dispatch, const struct parked_event *event,
                           struct delivery *delivery)
{
    struct lane *lane = flow_lane(dispatch, event->subscription);
    int64_t wait_ms = (event->due_us - clock_unix_us()) / 1000;
    bool ok;

    if (!lane)
        return false;
    if (wait_ms > WAIT_MOST_MS)
        wait_ms = WAIT_MOST_MS; /* whatever the clock did meanwhile */
    delivery->attempts = event->attempts;
    delivery->first_failed_us = event->first_failed_us;
    delivery->due_us = event->due_us;
    delivery->due_ms = event->attempts && wait_ms > 0 ? clock_monotonic_ms() + wait_ms : 0;
    delivery->parked = true;
    shared_arrival_drop(delivery->request);
    delivery->request = NULL;
    pthread_mutex_lock(&dispatch->lock);
    ok = flow_admit(dispatch, lane, NULL, delivery);
    if (ok) {
        lane_park(lane, delivery);
        dispatch->parked++;
        delivery_empty(delivery);
    }
    pthread_mutex_unlock(&dispatch->lock);
    return ok;
}

static bool lose_restored(struct dispatch *dispatch, const struct parked_event *event)
{
    struct lane *lane = flow_lane(dispatch, event->subscription);

    if (!unreadable_event(dispatch, event))
        return false;
    if (lane)
        atomic_fetch_sub(&lane->depth, 1);
    log_event(LOG_LEVEL_ERROR, "parked-event-unreadable", "subscription", event->subscription,
              "position", log_number(event->place.position), NULL);
    return true;
}

static enum fetched restore_one(struct dispatch *dispatch, const struct parked_event *event,
                                struct shared_arrival *request)
{
    struct delivery *delivery;
    enum fetched fetched = fetch_part(request, event->place.part, &delivery);

    if (fetched != FETCHED || admit_restored(dispatch, event, delivery))
        return fetched;
    delivery_free(delivery);
    return FETCH_LATER;
}

bool load_restored(struct dispatch *dispatch, struct queue_reader *reader)
{
    struct shared_arrival *request = NULL;
    int64_t position = 0;

    for (; dispatch->restored_count && !atomic_load(&dispatch->stopping);
         dispatch->restored_count--) {
        /* The last of the array first, so that what is done can be cut off its end. */
        const struct parked_event *event = &dispatch->restored[dispatch->restored_count - 1];
        enum fetched fetched = FETCHED;

        if (!request || position != event->place.position) {
            shared_arrival_drop(request);
            fetched = fetch_request(dispatch, reader, event->place.position, &request);
            position = event->place.position;
        }
        if (fetched == FETCHED)
            fetched = restore_one(dispatch, event, request);
        if (fetched == FETCH_LATER || (fetched == FETCH_GONE && !lose_restored(dispatch, event)))
            break;
    }
    shared_arrival_drop(request);
    if (dispatch->restored_count)
        return false;
    free(dispatch->restored);
    dispatch->restored = NULL;
    return true;
}

/* -- that could not be read once -----------------------------------------------------------------
 */

/* One event is parked, as if it had been in the last run. Without memory the next start takes it
 * up. */
static void admit_lost(struct dispatch *dispatch, struct lane *lane, struct delivery *delivery)
{
    struct parked_event event = {.place = delivery->place, .due_us = clock_unix_us()};

    snprintf(event.subscription, sizeof(event.subscription), "%s", lane->id);
    ledger_parked(dispatch->options.ledger, &event);
    atomic_fetch_add(&lane->depth, 1);
    if (admit_restored(dispatch, &event, delivery))
        return;
    atomic_fetch_sub(&lane->depth, 1);
    log_event(LOG_LEVEL_ERROR, "splitter-no-memory", NULL);
    delivery_free(delivery);
}

/* False: no memory, and nothing has happened. */
static bool admit_request(struct dispatch *dispatch, struct shared_arrival *request, uint32_t part)
{
    struct lane *lane = flow_lane(dispatch, request->arrival.subscription);
    struct cutter cutter = {.only = part == EVENT_PART_ALL ? CUTTER_ALL : (int64_t)part};
    struct known *known;
    struct cut cut;
    bool ok;

    if (!lane)
        return false;
    pthread_mutex_lock(&dispatch->lock);
    known = known_hold(lane->known);
    pthread_mutex_unlock(&dispatch->lock);
    if (known && part == EVENT_PART_ALL) /* a part has been through the filter */
        cutter.match = known->match;
    ok = cutter_cut(&cutter, request, &cut);
    known_drop(known);
    if (!ok)
        return false;
    series_add(lane->counts[LANE_FILTERED], cut.filtered);
    while (cut.first) {
        struct delivery *delivery = cut.first;

        cut.first = delivery->next;
        delivery->next = NULL;
        admit_lost(dispatch, lane, delivery);
    }
    return true;
}

/* The replay of a dead letter whose event the queue still has: read there again. What still cannot
 * be read is a dead letter that has come back. */
static void load_lost(struct dispatch *dispatch, struct queue_reader *reader,
                      const struct parked_event *event)
{
    struct shared_arrival *request;
    bool ok = fetch_request(dispatch, reader, event->place.position, &request) == FETCHED &&
              admit_request(dispatch, request, event->place.part);

    shared_arrival_drop(request);
    if (ok)
        ledger_dropped(dispatch->options.ledger, event->place, event->dead_id);
    else if (!unreadable_event(dispatch, event))
        log_event(LOG_LEVEL_ERROR, "replay-no-memory", "id", log_number(event->dead_id), NULL);
}

/* -- that are due -------------------------------------------------------------------------------
 */

/* What could not go anyway keeps its body in the queue for now, lest it fills the room of others.
 */
static bool wants_loading(const struct dispatch *dispatch, const struct chain *chain,
                          int64_t now_ms)
{
    bool rests = flow_rests(chain->lane->outlet, now_ms);

    return !chain->lane->paused && (!rests || dispatch->loaded < DISPATCH_LOADED_MOST / 2);
}

/* The chain's first event, to be loaded; NULL: there is none now. Takes the lock. */
static struct delivery *next_to_load(struct dispatch *dispatch, struct chain **chain)
{
    struct delivery *delivery = NULL;
    int64_t now_ms = clock_monotonic_ms();

    pthread_mutex_lock(&dispatch->lock);
    *chain = NULL;
    while (!delivery && dispatch->loaded < DISPATCH_LOADED_MOST &&
           (*chain = chain_list_take(&dispatch->loading)) != NULL) {
        struct delivery *first = (*chain)->first;

        if (first && !first->request && wants_loading(dispatch, *chain, now_ms)) {
            delivery = first;
            break;
        }
        if (first && !first->request)
            first->due_ms = now_ms + 1000;
        (*chain)->state = CHAIN_IDLE;
        flow_chain(dispatch, *chain);
    }
    pthread_mutex_unlock(&dispatch->lock);
    return delivery;
}

/* Nobody but the splitter changes a chain that is being loaded, so its first is still its first. */
static void finish_load(struct dispatch *dispatch, struct chain *chain, struct delivery *delivery,
                        enum fetched fetched, struct delivery *body)
{
    pthread_mutex_lock(&dispatch->lock);
    chain->state = CHAIN_IDLE;
    if (fetched == FETCHED) {
        delivery_fill(delivery, body);
        delivery->loaded = true;
        dispatch->loaded++;
    } else if (fetched == FETCH_LATER) {
        delivery->due_ms = clock_monotonic_ms() + 1000;
    } else if (chain_pop(chain), !settle_lost(dispatch, delivery)) {
        delivery->due_ms = clock_monotonic_ms() + 1000;
        chain_put_back(chain, delivery);
    }
    flow_chain(dispatch, chain);
    pthread_mutex_unlock(&dispatch->lock);
}

bool load_due(struct dispatch *dispatch, struct queue_reader *reader)
{
    struct chain *chain;
    struct delivery *delivery, *body;
    bool worked = false;

    for (int i = 0; i < 64 && (delivery = next_to_load(dispatch, &chain)) != NULL; i++) {
        struct shared_arrival *request;
        enum fetched fetched = fetch_request(dispatch, reader, delivery->place.position, &request);

        if (fetched == FETCHED)
            fetched = fetch_part(request, delivery->place.part, &body);
        finish_load(dispatch, chain, delivery, fetched, fetched == FETCHED ? body : NULL);
        shared_arrival_drop(request);
        worked = true;
    }
    return worked;
}

/* -- replays ------------------------------------------------------------------------------------
 */

static char *text_copy(const char *text)
{
    return strdup(text ? text : "");
}

static struct shared_arrival *letter_request(const struct dead_letter *letter)
{
    struct arrival arrival = {
        .position = letter->place.position,
        .received_us = letter->received_us,
        .events = 1,
        .subscription = text_copy(letter->subscription),
        .source = text_copy(letter->source),
        .verdict = text_copy(letter->verdict),
        .headers = text_copy(letter->headers),
        .body = malloc(letter->body_bytes + 1),
        .body_bytes = letter->body_bytes,
    };
    struct shared_arrival *request = NULL;

    if (arrival.subscription && arrival.source && arrival.verdict && arrival.headers &&
        arrival.body) {
        if (letter->body_bytes)
            memcpy(arrival.body, letter->body, letter->body_bytes);
        arrival.body[letter->body_bytes] = '\0';
        request = shared_arrival_new(&arrival);
    }
    if (!request)
        arrival_release(&arrival);
    return request;
}

static struct delivery *letter_delivery(const struct dead_letter *letter)
{
    struct shared_arrival *request = letter_request(letter);
    struct delivery *delivery = request ? cutter_one(request, letter->place) : NULL;

    shared_arrival_drop(request);
    if (!delivery)
        return NULL;
    delivery->dead_id = letter->id;
    delivery->replays = letter->replays;
    delivery->fresh = strcmp(letter->reason, SETTLE_STRAY) == 0;
    memcpy(delivery->key, letter->key, EVENT_KEY_BYTES);
    return delivery;
}

/* Gathered first and admitted after, since the ledger may be locked while it calls back. */
struct replays {
    struct delivery *deliveries[64];
    struct lane *lanes[64];
    struct parked_event lost[64]; /* of those that the queue has: with dead_id */
    size_t count, seen, lost_count;
    struct dispatch *dispatch;
};
enum { REPLAYS_A_TIME = 64 };

/* The ledger gives each out once a run: without memory, a letter waits for the next start. */
static void replay_failed(int64_t id)
{
    log_event(LOG_LEVEL_ERROR, "replay-no-memory", "id", log_number(id), NULL);
}

static bool is_lost(const struct dead_letter *letter)
{
    return letter->body_bytes == 0 && strcmp(letter->reason, REASON_UNREADABLE) == 0;
}

static void add_lost(struct replays *replays, const struct dead_letter *letter)
{
    struct parked_event *event = &replays->lost[replays->lost_count++];

    *event = (struct parked_event){.place = letter->place,
                                   .attempts = letter->attempts,
                                   .first_failed_us = letter->first_failed_us,
                                   .dead_id = letter->id};
    snprintf(event->subscription, sizeof(event->subscription), "%s", letter->subscription);
}

static void each_letter(void *context, const struct dead_letter *letter)
{
    struct replays *replays = context;
    struct lane *lane = flow_lane(replays->dispatch, letter->subscription);
    struct delivery *delivery = NULL;

    replays->seen++;
    if (is_lost(letter) && replays->lost_count < REPLAYS_A_TIME) {
        add_lost(replays, letter);
        return;
    }
    if (lane && replays->count < REPLAYS_A_TIME)
        delivery = letter_delivery(letter);
    if (!delivery) {
        replay_failed(letter->id);
        return;
    }
    replays->lanes[replays->count] = lane;
    replays->deliveries[replays->count++] = delivery;
}

/* False: no memory. */
static bool lane_passes(struct dispatch *dispatch, struct lane *lane,
                        const struct delivery *delivery, bool *passes)
{
    struct known *known;
    bool ok;

    pthread_mutex_lock(&dispatch->lock);
    known = known_hold(lane->known);
    pthread_mutex_unlock(&dispatch->lock);
    *passes = true;
    ok = !known || !known->match || cutter_passes(known->match, delivery, passes);
    known_drop(known);
    return ok;
}

/* What has never been through its lane goes through its filter now. */
static void filter_replays(struct dispatch *dispatch, struct replays *replays)
{
    size_t kept = 0;

    for (size_t i = 0; i < replays->count; i++) {
        struct delivery *delivery = replays->deliveries[i];
        struct lane *lane = replays->lanes[i];
        bool passes = true, ok = true;

        if (delivery->fresh)
            ok = lane_passes(dispatch, lane, delivery, &passes);
        if (ok && passes) {
            replays->deliveries[kept] = delivery;
            replays->lanes[kept++] = lane;
            continue;
        }
        if (ok) {
            ledger_dropped(dispatch->options.ledger, delivery->place, delivery->dead_id);
            series_add(lane->counts[LANE_FILTERED], 1);
        } else {
            replay_failed(delivery->dead_id);
        }
        delivery_free(delivery);
    }
    replays->count = kept;
}

static void admit_replays(struct dispatch *dispatch, struct replays *replays)
{
    pthread_mutex_lock(&dispatch->lock);
    for (size_t i = 0; i < replays->count; i++) {
        struct lane *lane = replays->lanes[i];

        if (flow_admit(dispatch, lane, NULL, replays->deliveries[i])) {
            atomic_fetch_add(&lane->depth, 1);
            dispatch->replays++;
            lane_replay(lane, replays->deliveries[i]);
            continue;
        }
        replay_failed(replays->deliveries[i]->dead_id);
        delivery_free(replays->deliveries[i]);
    }
    pthread_mutex_unlock(&dispatch->lock);
}

/* Are there any that are neither in memory nor due yet? Errs on the side of yes. */
static bool more_replays(struct dispatch *dispatch)
{
    const struct dead_filter filter = {
        .state = DEAD_REPLAYING, .came_back = -1, DEAD_FILTER_ANY_TIME};
    struct error error = ERROR_INIT;
    int64_t count = 0, bytes = 0, in_memory;

    pthread_mutex_lock(&dispatch->lock);
    in_memory = (int64_t)dispatch->replays;
    pthread_mutex_unlock(&dispatch->lock);
    return !ledger_dead_count(dispatch->options.ledger, &filter, &count, &bytes, &error) ||
           count > in_memory;
}

/* What could not go anyway stays in the ledger: in memory it would take the places of others. */
static bool wants_replays(void *context, const char *subscription)
{
    struct replays *replays = context;
    struct dispatch *dispatch = replays->dispatch;
    const struct lane *lane = flow_lane(dispatch, subscription);
    bool wants;

    if (!lane)
        return false;
    pthread_mutex_lock(&dispatch->lock);
    wants = !lane->paused && !flow_rests(lane->outlet, clock_monotonic_ms()) &&
            lane->replays < DISPATCH_LANE_REPLAYS &&
            (dispatch->replays < DISPATCH_REPLAYS_MOST || lane->replays < DISPATCH_LANE_LEAST);
    pthread_mutex_unlock(&dispatch->lock);
    return wants;
}

bool load_replays(struct dispatch *dispatch, struct queue_reader *reader)
{
    struct replays replays = {.dispatch = dispatch};
    struct error error = ERROR_INIT;

    pthread_mutex_lock(&dispatch->replaying);
    if (!ledger_dead_due(dispatch->options.ledger, clock_unix_us(), REPLAYS_A_TIME, wants_replays,
                         each_letter, &replays, &error))
        log_event(LOG_LEVEL_ERROR, "replay-read-failed", "detail", error.text, NULL);
    filter_replays(dispatch, &replays);
    admit_replays(dispatch, &replays);
    for (size_t i = 0; i < replays.lost_count; i++)
        load_lost(dispatch, reader, &replays.lost[i]);
    pthread_mutex_unlock(&dispatch->replaying);
    return error.code || replays.seen == REPLAYS_A_TIME || more_replays(dispatch);
}
