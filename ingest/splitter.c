#include "ingest/splitter.h"

#include "core/clock.h"
#include "ingest/cutter.h"
#include "ingest/log.h"
#include "ingest/restore.h"
#include "ingest/settle.h"
#include "ingest/splitter_load.h"
#include "ingest/unreadable.h"
#include "ingest/worker.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    CHUNK_MOST = 64,
    CHUNK_BYTES = 4 * 1024 * 1024,
    IDLE_MS = 100,     /* without a bell: positions are told, replays are looked for */
    TROUBLE_MS = 1000, /* after the queue could not be read */
    SETTLED_MS = 5000, /* how often it is worked out what may be trimmed */
    REPLAYS_MS = 200,  /* how often it is looked for replays while there are any */
};

struct splitter {
    struct dispatch *dispatch;
    struct queue_reader *reader;
    pthread_t thread;
    struct arrival rows[CHUNK_MOST];
    size_t count; /* of rows; those before `done` are released */
    size_t done;
    int64_t next; /* where reading goes on after the chunk */
    bool restored;
    bool trouble; /* to be waited for, … */
    bool failing; /* … unless something else can be done meanwhile */
    bool replays;
    int64_t replays_ms, settled_ms;
};

/* -- one request --------------------------------------------------------------------------------
 */

/* What the cutter is to leave out; counts dead letters, which are no more part of the depth. */
struct skipping {
    const struct dispatch *dispatch;
    int64_t dead;
};

static bool skips(void *context, struct event_place place)
{
    struct skipping *skipping = context;
    const struct event_place whole = {place.position, EVENT_PART_ALL};
    const struct skip *skip = restore_skip(skipping->dispatch, place);

    if (!skip)
        skip = restore_skip(skipping->dispatch, whole);
    if (skip && !skip->parked)
        skipping->dead++;
    return skip != NULL;
}

/* The scan counted the request's events without reading them; what was cut is what counts. */
static void correct_depth(struct lane *lane, const struct arrival *arrival, const struct cut *cut,
                          int64_t dead)
{
    int64_t gone = (int64_t)arrival->events - cut->parts + cut->filtered + dead;

    atomic_fetch_sub(&lane->depth, gone);
    series_add(lane->counts[LANE_FILTERED], cut->filtered);
    series_add(lane->counts[LANE_QUARANTINED], cut->quarantined);
}

static void wait_bell(struct dispatch *dispatch, int timeout_ms)
{
    struct pollfd bell = {.fd = dispatch->bell, .events = POLLIN};
    uint64_t rings;

    if (poll(&bell, 1, timeout_ms) > 0 && read(dispatch->bell, &rings, sizeof(rings)) < 0)
        log_event(LOG_LEVEL_DEBUG, "bell", NULL);
    atomic_store(&dispatch->rung, false);
}

/* Without memory it waits and goes on where it was. False: stopping, and some is left. The lock is
 * held. */
static bool admit_cut(struct dispatch *dispatch, struct lane *lane, struct row *row,
                      struct cut *cut)
{
    while (cut->first) {
        struct delivery *delivery = cut->first, *next = delivery->next;

        delivery->next = NULL;
        if (flow_admit(dispatch, lane, row, delivery)) {
            cut->first = next;
            continue;
        }
        delivery->next = next;
        if (atomic_load(&dispatch->stopping))
            return false;
        pthread_mutex_unlock(&dispatch->lock);
        log_event(LOG_LEVEL_ERROR, "splitter-no-memory", NULL);
        wait_bell(dispatch, IDLE_MS);
        pthread_mutex_lock(&dispatch->lock);
    }
    return true;
}

/* The ledger has to know of a lane before of anything that follows its first request: the next
 * start begins where the least of the lanes is. The lock is held. */
static void introduce(struct dispatch *dispatch, struct lane *lane, int64_t position)
{
    if (lane->told >= 0)
        return;
    lane->told = position - 1;
    ledger_advance(dispatch->options.ledger, lane->id, lane->told);
}

static struct row *begin_row(struct dispatch *dispatch, struct lane *lane,
                             const struct arrival *arrival)
{
    struct row *row = lane_row_new(lane, arrival->position, arrival->received_us);

    if (row)
        introduce(dispatch, lane, arrival->position);
    return row;
}

static bool split_cut(struct dispatch *dispatch, struct lane *lane, struct shared_arrival *request,
                      struct cut *cut, int64_t dead)
{
    const struct arrival *arrival = &request->arrival;
    bool whole;
    struct row *row;

    pthread_mutex_lock(&dispatch->lock);
    row = begin_row(dispatch, lane, arrival);
    if (!row) {
        pthread_mutex_unlock(&dispatch->lock);
        return false;
    }
    correct_depth(lane, arrival, cut, dead);
    lane->read = arrival->position;
    atomic_fetch_sub(&lane->unread, arrival->events);
    atomic_store(&lane->unread_us, arrival->received_us);
    whole = admit_cut(dispatch, lane, row, cut);
    if (whole)
        settle_row(dispatch, lane, row);
    pthread_mutex_unlock(&dispatch->lock);
    return true;
}

/* Takes the arrival over. False: no memory; it is as it was, and to be split again. */
static bool split_request(struct dispatch *dispatch, struct lane *lane, struct known *known,
                          struct arrival *arrival)
{
    struct skipping skipping = {.dispatch = dispatch};
    const struct cutter cutter = {.match = known ? known->match : NULL,
                                  .shapes = dispatch->options.shapes,
                                  .only = CUTTER_ALL,
                                  .skips = dispatch->skip_count ? skips : NULL,
                                  .context = &skipping};
    struct shared_arrival *request = shared_arrival_new(arrival);
    struct cut cut = {.first = NULL};
    bool ok;

    if (!request)
        return false;
    shared_arrival_account(request, &dispatch->held_bytes);
    ok = cutter_cut(&cutter, request, &cut) &&
         split_cut(dispatch, lane, request, &cut, skipping.dead);
    cut_release(&cut);
    if (!ok) {
        *arrival = request->arrival;
        atomic_fetch_sub(&dispatch->held_bytes, (long long)arrival_bytes(arrival));
        request->held_bytes = NULL;
        request->arrival = (struct arrival){.position = 0};
    }
    shared_arrival_drop(request);
    return ok;
}

/* -- lanes that are left behind -----------------------------------------------------------------
 */

static void leave_behind(struct dispatch *dispatch, struct lane *lane, int64_t position)
{
    introduce(dispatch, lane, position);
    lane->behind = true;
    lane->catching = false;
    lane->behind_from = position;
    lane->behind_next = dispatch->behind;
    dispatch->behind = lane;
}

/* Is there a lane for which reading on makes sense? While all that have something to be read are
 * behind, it does not: each would be read twice. */
static bool anybody_waits(const struct dispatch *dispatch)
{
    if (!dispatch->behind)
        return true;
    for (size_t i = 0; i < atomic_load(&dispatch->lane_count); i++)
        if (!dispatch->lanes[i]->behind && atomic_load(&dispatch->lanes[i]->unread) > 0)
            return true;
    return false;
}

enum decision { ROW_SPLIT, ROW_PASS, ROW_STOP, ROW_NO_MEMORY };

/* What the main reading does with a request. *known is a reference when it is to be split. */
static enum decision main_decide(struct dispatch *dispatch, const struct arrival *arrival,
                                 struct lane **lane, struct known **known)
{
    enum decision decision = ROW_PASS;

    *lane = flow_lane(dispatch, arrival->subscription);
    if (!*lane)
        return ROW_NO_MEMORY;
    pthread_mutex_lock(&dispatch->lock);
    if (!(*lane)->behind && arrival->position > (*lane)->read) {
        decision = ROW_SPLIT;
        if (flow_full(dispatch, *lane)) {
            leave_behind(dispatch, *lane, arrival->position);
            decision = anybody_waits(dispatch) ? ROW_PASS : ROW_STOP;
        }
    }
    *known = decision == ROW_SPLIT ? known_hold((*lane)->known) : NULL;
    pthread_mutex_unlock(&dispatch->lock);
    return decision;
}

/* What the reading for one lane that is behind does with a request. */
static enum decision lane_decide(struct dispatch *dispatch, struct lane *lane,
                                 const struct arrival *arrival, struct known **known)
{
    enum decision decision = ROW_SPLIT;

    *known = NULL;
    if (arrival->position > atomic_load(&dispatch->split))
        return ROW_STOP;
    if (lane->shared && flow_lane(dispatch, arrival->subscription) != lane)
        return ROW_PASS;
    pthread_mutex_lock(&dispatch->lock);
    if (arrival->position <= lane->read)
        decision = ROW_PASS;
    else if (flow_full(dispatch, lane))
        decision = ROW_STOP;
    if (decision == ROW_SPLIT)
        *known = known_hold(lane->known);
    pthread_mutex_unlock(&dispatch->lock);
    return decision;
}

/* -- chunks -------------------------------------------------------------------------------------
 */

static void release_chunk(struct splitter *splitter)
{
    while (splitter->done < splitter->count)
        arrival_release(&splitter->rows[splitter->done++]);
    splitter->done = splitter->count = 0;
}

static bool read_chunk(struct splitter *splitter, int64_t from, const char *subscription)
{
    struct error error = ERROR_INIT;
    size_t unreadable = 0;

    splitter->done = splitter->count = 0;
    splitter->next = from;
    if (!queue_read(splitter->reader, from, subscription, CHUNK_MOST, CHUNK_BYTES, splitter->rows,
                    &splitter->count, &splitter->next, &unreadable, &error)) {
        load_failed(splitter->dispatch, &error);
        splitter->failing = true;
        splitter->count = 0;
        return false;
    }
    if (unreadable &&
        !unreadable_run(splitter->dispatch, splitter->next - (int64_t)unreadable, splitter->next)) {
        splitter->failing = true;
        splitter->next = from;
        return false;
    }
    return true;
}

/* Splits the chunk's next request, or lets it pass. False: to be tried again; it is still next. */
static bool finish_row(struct splitter *splitter, enum decision decision, struct lane *lane,
                       struct known *known)
{
    struct arrival *arrival = &splitter->rows[splitter->done];
    bool ok = decision == ROW_PASS;

    if (decision == ROW_SPLIT)
        ok = split_request(splitter->dispatch, lane, known, arrival);
    known_drop(known);
    if (!ok && decision != ROW_STOP) {
        log_event(LOG_LEVEL_ERROR, "splitter-no-memory", NULL);
        splitter->trouble = true;
    }
    if (!ok)
        return false;
    arrival_release(arrival);
    splitter->done++;
    return true;
}

/* The main reading: one chunk. True: it moved on. */
static bool read_main(struct splitter *splitter)
{
    struct dispatch *dispatch = splitter->dispatch;
    int64_t from = atomic_load(&dispatch->split) + 1;
    int64_t last = atomic_load(&dispatch->stored);
    bool wanted;

    pthread_mutex_lock(&dispatch->lock);
    wanted = anybody_waits(dispatch);
    pthread_mutex_unlock(&dispatch->lock);
    if (from > last || !wanted || !read_chunk(splitter, from, NULL))
        return false;
    while (splitter->done < splitter->count && !atomic_load(&dispatch->stopping)) {
        const struct arrival *arrival = &splitter->rows[splitter->done];
        int64_t position = arrival->position;
        struct lane *lane = NULL;
        struct known *known = NULL;
        enum decision decision = ROW_STOP;

        /* What the writer has not counted yet is not read yet. */
        if (position <= last)
            decision = main_decide(dispatch, arrival, &lane, &known);
        if (!finish_row(splitter, decision, lane, known))
            break;
        atomic_store(&dispatch->split, position);
    }
    if (splitter->done == splitter->count && splitter->next - 1 <= last &&
        splitter->next - 1 > atomic_load(&dispatch->split))
        atomic_store(&dispatch->split, splitter->next - 1);
    release_chunk(splitter);
    return atomic_load(&dispatch->split) >= from;
}

/* For one lane that is behind: one chunk. True: it moved on. */
static bool read_lane(struct splitter *splitter, struct lane *lane)
{
    struct dispatch *dispatch = splitter->dispatch;
    int64_t from = lane->behind_from;

    if (!read_chunk(splitter, from, lane->shared ? NULL : lane->id))
        return false;
    while (splitter->done < splitter->count && !atomic_load(&dispatch->stopping)) {
        const struct arrival *arrival = &splitter->rows[splitter->done];
        int64_t position = arrival->position;
        struct known *known;
        enum decision decision = lane_decide(dispatch, lane, arrival, &known);

        if (decision == ROW_STOP)
            lane->behind_from = position;
        if (!finish_row(splitter, decision, lane, known))
            break;
        lane->behind_from = position + 1;
    }
    if (splitter->done == splitter->count)
        lane->behind_from = splitter->next > from ? splitter->next : INT64_MAX;
    release_chunk(splitter);
    return lane->behind_from > from;
}

/* Reads a chunk for each lane that is behind and has room; those that are not behind any more leave
 * the list, which only the splitter changes. */
static bool read_behind(struct splitter *splitter)
{
    struct dispatch *dispatch = splitter->dispatch;
    struct lane **link = &dispatch->behind, *lane;
    bool worked = false;

    while ((lane = *link) != NULL && !atomic_load(&dispatch->stopping)) {
        pthread_mutex_lock(&dispatch->lock);
        lane->catching = lane->catching ? !flow_full(dispatch, lane) : flow_roomy(dispatch, lane);
        if (lane->catching && lane->behind_from > atomic_load(&dispatch->split)) {
            lane->behind = false;
            *link = lane->behind_next;
            pthread_mutex_unlock(&dispatch->lock);
            worked = true;
            continue;
        }
        pthread_mutex_unlock(&dispatch->lock);
        if (lane->catching)
            worked = read_lane(splitter, lane) || worked;
        link = &lane->behind_next;
    }
    return worked;
}

/* -- what may be trimmed ------------------------------------------------------------------------
 */

/* Nothing is left of an idle lane: it keeps up with the main reading, so that it keeps no request
 * from being trimmed and the next start need not look so far back. */
static void move_idle(struct dispatch *dispatch, struct lane *lane, int64_t split, bool all)
{
    if (lane->first_row || lane->behind || lane->told < 0 ||
        lane->settled >= (all ? split : split - DISPATCH_FAR))
        return;
    lane->settled = split;
    if (lane->moved)
        return;
    lane->moved = true;
    lane->moved_next = dispatch->moved;
    dispatch->moved = lane;
}

static int64_t find_settled(struct dispatch *dispatch)
{
    bool stopping = atomic_load(&dispatch->stopping);
    int64_t split = atomic_load(&dispatch->split);
    int64_t before = split + 1;

    for (size_t i = 0; i < atomic_load(&dispatch->lane_count); i++) {
        struct lane *lane = dispatch->lanes[i];
        int64_t position, received_us;

        move_idle(dispatch, lane, split, stopping);
        lane_oldest(lane, &position, &received_us);
        before = position < before ? position : before;
        if (lane->behind && lane->behind_from < before)
            before = lane->behind_from;
    }
    if (dispatch->restored_count && dispatch->restored[0].place.position < before)
        before = dispatch->restored[0].place.position;
    return before;
}

void splitter_settled(struct dispatch *dispatch)
{
    struct error error = ERROR_INIT;
    int64_t before;

    pthread_mutex_lock(&dispatch->lock);
    before = find_settled(dispatch);
    settle_tell(dispatch, true);
    pthread_mutex_unlock(&dispatch->lock);
    if (before <= atomic_load(&dispatch->settled_before) && !atomic_load(&dispatch->stopping))
        return;
    if (ledger_flush(dispatch->options.ledger, true, &error))
        atomic_store(&dispatch->settled_before, before);
    else
        log_event(LOG_LEVEL_ERROR, "ledger-flush-failed", "detail", error.text, NULL);
}

/* -- the thread ---------------------------------------------------------------------------------
 */

static void look_for_replays(struct splitter *splitter, int64_t now_ms)
{
    int64_t took_ms;

    if (atomic_exchange(&splitter->dispatch->replays_asked, false))
        splitter->replays = true;
    else if (now_ms - splitter->replays_ms < REPLAYS_MS)
        return;
    if (!splitter->replays)
        return;
    splitter->replays = load_replays(splitter->dispatch, splitter->reader);
    took_ms = clock_monotonic_ms() - now_ms;
    /* There may be very many whose turn it is not: a tenth of the time at the most. */
    splitter->replays_ms = now_ms + (took_ms > REPLAYS_MS / 2 ? 10 * took_ms : 0);
}

static void keep_house(struct splitter *splitter, int64_t now_ms)
{
    struct dispatch *dispatch = splitter->dispatch;

    if (now_ms - splitter->settled_ms >= SETTLED_MS) {
        splitter->settled_ms = now_ms;
        splitter_settled(dispatch);
    }
    pthread_mutex_lock(&dispatch->lock);
    window_expire(dispatch->window, clock_steady_s());
    settle_tell(dispatch, false);
    pthread_mutex_unlock(&dispatch->lock);
    unreadable_count(dispatch);
    worker_need(dispatch);
}

/* True: it did something, and there may be more. */
static bool split_some(struct splitter *splitter)
{
    struct dispatch *dispatch = splitter->dispatch;
    int64_t now_ms = clock_monotonic_ms();
    bool worked;

    if (!splitter->restored) {
        splitter->restored = load_restored(dispatch, splitter->reader);
        splitter->trouble = !splitter->restored;
        return splitter->restored;
    }
    look_for_replays(splitter, now_ms);
    worked = load_due(dispatch, splitter->reader);
    if (ledger_backlog(dispatch->options.ledger) <= DISPATCH_BACKLOG_MOST) {
        worked = read_behind(splitter) || worked;
        worked = read_main(splitter) || worked;
    }
    keep_house(splitter, now_ms);
    return worked;
}

/* Whatever rings: what did not go would not go at once either. */
static void rest(struct dispatch *dispatch)
{
    int64_t until_ms = clock_monotonic_ms() + TROUBLE_MS, left_ms;

    while (!atomic_load(&dispatch->stopping) && (left_ms = until_ms - clock_monotonic_ms()) > 0)
        wait_bell(dispatch, (int)left_ms);
}

static void *splitter_run(void *context)
{
    struct splitter *splitter = context;
    struct dispatch *dispatch = splitter->dispatch;
    bool worked;

    worker_settle_in("splitter");
    while (!atomic_load(&dispatch->stopping)) {
        splitter->trouble = splitter->failing = false;
        worked = split_some(splitter);
        if (splitter->trouble || (splitter->failing && !worked))
            rest(dispatch);
        else if (!worked)
            wait_bell(dispatch, IDLE_MS);
    }
    return NULL;
}

struct splitter *splitter_start(struct dispatch *dispatch, struct error *error)
{
    struct splitter *splitter = calloc(1, sizeof(*splitter));

    if (!splitter) {
        error_no_memory(error);
        return NULL;
    }
    splitter->dispatch = dispatch;
    splitter->replays = true;
    splitter->settled_ms = clock_monotonic_ms();
    splitter->reader = queue_reader_open(dispatch->options.queue, error);
    if (!splitter->reader) {
        free(splitter);
        return NULL;
    }
    if (!worker_thread(&splitter->thread, splitter_run, splitter)) {
        error_set(error, ERROR_FAILED, "no thread for reading the queue");
        queue_reader_close(splitter->reader);
        free(splitter);
        return NULL;
    }
    return splitter;
}

void splitter_stop(struct splitter *splitter)
{
    if (!splitter)
        return;
    flow_ring(splitter->dispatch);
    pthread_join(splitter->thread, NULL);
    queue_reader_close(splitter->reader);
    free(splitter);
}
