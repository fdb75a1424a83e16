#include "ingest/restore.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

/* What is gathered while the ledger calls back. */
struct restore {
    struct dispatch *dispatch;
    bool no_memory;
    int64_t least, most; /* of the lanes' positions */
    int64_t unreadable;  /* the last request that could not be read; 0: all could */
    int64_t now_s;
    size_t parked_size, skip_size;
};

static bool grow(void **array, size_t count, size_t *size, size_t item_bytes)
{
    size_t larger = *size ? *size * 2 : 256;
    void *grown;

    if (count < *size)
        return true;
    grown = reallocarray(*array, larger, item_bytes);
    if (!grown)
        return false;
    *array = grown;
    *size = larger;
    return true;
}

static void each_seen(void *context, const uint8_t key[EVENT_KEY_BYTES], int64_t at_s)
{
    struct restore *restore = context;

    if (!window_add(restore->dispatch->window, key, at_s, restore->now_s))
        restore->no_memory = true;
}

static void each_position(void *context, const char *subscription, int64_t position)
{
    struct restore *restore = context;
    struct lane *lane = flow_lane(restore->dispatch, subscription);

    if (!lane) {
        restore->no_memory = true;
        return;
    }
    lane->read = lane->settled = lane->told = position;
    if (position < restore->least)
        restore->least = position;
    if (position > restore->most)
        restore->most = position;
}

static void add_skip(struct restore *restore, struct event_place place, bool parked)
{
    struct dispatch *dispatch = restore->dispatch;
    void *array = dispatch->skips;

    if (!grow(&array, dispatch->skip_count, &restore->skip_size, sizeof(struct skip))) {
        restore->no_memory = true;
        return;
    }
    dispatch->skips = array;
    dispatch->skips[dispatch->skip_count++] = (struct skip){.place = place, .parked = parked};
}

/* A parked replay is left out: the ledger gives its dead letter out again. */
static void each_parked(void *context, const struct parked_event *event)
{
    struct restore *restore = context;
    struct dispatch *dispatch = restore->dispatch;
    void *array = dispatch->restored;

    if (event->dead_id)
        return;
    if (!grow(&array, dispatch->restored_count, &restore->parked_size, sizeof(*event))) {
        restore->no_memory = true;
        return;
    }
    dispatch->restored = array;
    dispatch->restored[dispatch->restored_count++] = *event;
    add_skip(restore, event->place, true);
}

static void each_dead(void *context, struct event_place place)
{
    add_skip(context, place, false);
}

/* behind_from is, until the start is done, the first request that the lane has yet to split. */
static void each_request(void *context, const struct arrival *arrival)
{
    struct restore *restore = context;
    struct lane *lane = flow_lane(restore->dispatch, arrival->subscription);

    if (!lane) {
        restore->no_memory = true;
        return;
    }
    if (arrival->position <= lane->read)
        return;
    if (!lane->behind_from) {
        lane->behind_from = arrival->position;
        atomic_store(&lane->unread_us, arrival->received_us);
    }
    atomic_fetch_add(&lane->depth, arrival->events);
    atomic_fetch_add(&lane->unread, arrival->events);
}

static int place_compare(struct event_place a, struct event_place b)
{
    if (a.position != b.position)
        return a.position < b.position ? -1 : 1;
    return (a.part > b.part) - (a.part < b.part);
}

static int skip_compare(const void *a, const void *b)
{
    return place_compare(((const struct skip *)a)->place, ((const struct skip *)b)->place);
}

static int parked_compare(const void *a, const void *b)
{
    return place_compare(((const struct parked_event *)a)->place,
                         ((const struct parked_event *)b)->place);
}

const struct skip *restore_skip(const struct dispatch *dispatch, struct event_place place)
{
    const struct skip wanted = {.place = place};

    if (!dispatch->skip_count ||
        dispatch->skips[dispatch->skip_count - 1].place.position < place.position)
        return NULL;
    return bsearch(&wanted, dispatch->skips, dispatch->skip_count, sizeof(wanted), skip_compare);
}

/* Parked events that are before their lane's position are not among what was counted. */
static bool count_parked(struct dispatch *dispatch)
{
    for (size_t i = 0; i < dispatch->restored_count; i++) {
        struct lane *lane = flow_lane(dispatch, dispatch->restored[i].subscription);

        if (!lane)
            return false;
        if (dispatch->restored[i].place.position <= lane->read)
            atomic_fetch_add(&lane->depth, 1);
    }
    return true;
}

/* What the count could not read may be of any lane that is not beyond it: each of these begins
 * where it was, so that the reading proper decides. */
static void begin_before(struct dispatch *dispatch, int64_t unreadable)
{
    for (size_t i = 0; i < atomic_load(&dispatch->lane_count); i++) {
        struct lane *lane = dispatch->lanes[i];

        if (lane->read < unreadable)
            lane->behind_from = lane->read + 1;
    }
    if (unreadable)
        dispatch->miscounted = true;
}

/* Where the main reading goes on. Everything up to `most` was split before; what lanes have to read
 * again from before it is read along, or, far behind or paused, by the lane for itself. */
static void choose_start(struct dispatch *dispatch, int64_t most)
{
    int64_t start = most;
    int64_t settled;

    for (size_t i = 0; i < atomic_load(&dispatch->lane_count); i++) {
        struct lane *lane = dispatch->lanes[i];

        if (!lane->behind_from || lane->behind_from > most)
            continue;
        if (lane->paused || lane->behind_from < most - DISPATCH_FAR) {
            lane->behind = true;
            lane->behind_next = dispatch->behind;
            dispatch->behind = lane;
        } else if (lane->behind_from <= start) {
            start = lane->behind_from - 1;
        }
    }
    settled = start + 1;
    for (const struct lane *lane = dispatch->behind; lane; lane = lane->behind_next)
        settled = lane->behind_from < settled ? lane->behind_from : settled;
    if (dispatch->restored_count && dispatch->restored[0].place.position < settled)
        settled = dispatch->restored[0].place.position;
    atomic_store(&dispatch->split, start);
    atomic_store(&dispatch->settled_before, settled);
}

static bool read_ledger(struct restore *restore, struct error *error)
{
    struct dispatch *dispatch = restore->dispatch;
    struct ledger *ledger = dispatch->options.ledger;
    int64_t since_s = restore->now_s - dispatch->options.config->dedupe.window_ms / 1000;

    if (!ledger_seen(ledger, since_s, each_seen, restore, error) ||
        !ledger_positions(ledger, each_position, restore, error))
        return false;
    if (restore->least == INT64_MAX)
        restore->least = restore->most = 0;
    if (!ledger_all_parked(ledger, each_parked, restore, error) ||
        !ledger_dead_places(ledger, restore->least, each_dead, restore, error))
        return false;
    if (dispatch->skip_count)
        qsort(dispatch->skips, dispatch->skip_count, sizeof(struct skip), skip_compare);
    if (dispatch->restored_count)
        qsort(dispatch->restored, dispatch->restored_count, sizeof(struct parked_event),
              parked_compare);
    return true;
}

static bool read_queue(struct restore *restore, struct error *error)
{
    struct dispatch *dispatch = restore->dispatch;
    struct queue_reader *reader = queue_reader_open(dispatch->options.queue, error);
    struct queue_stat stat;
    bool ok;

    if (!reader)
        return false;
    atomic_store(&dispatch->split, restore->least); /* where lanes that are new now begin */
    ok = queue_scan(reader, restore->least + 1, each_request, restore, &restore->unreadable, error);
    queue_reader_close(reader);
    queue_stat(dispatch->options.queue, &stat);
    atomic_store(&dispatch->stored, stat.last);
    return ok;
}

bool restore_all(struct dispatch *dispatch, struct error *error)
{
    struct restore restore = {.dispatch = dispatch, .least = INT64_MAX, .now_s = clock_steady_s()};

    if (!read_ledger(&restore, error) || !read_queue(&restore, error))
        return false;
    if (restore.no_memory || !count_parked(dispatch))
        return error_no_memory(error);
    begin_before(dispatch, restore.unreadable);
    choose_start(dispatch, restore.most);
    return true;
}
