#include "ingest/unreadable.h"

#include "core/clock.h"
#include "ingest/log.h"
#include "ingest/restore.h"

#include <stdlib.h>

bool unreadable_event(struct dispatch *dispatch, const struct parked_event *event)
{
    const struct dead_letter letter = {
        .id = event->dead_id,
        .place = event->place,
        .subscription = event->subscription,
        .type = "",
        .interaction = "",
        .reason = REASON_UNREADABLE,
        .detail = "it could not be read back from the queue; a replay tries again",
        .attempts = event->attempts,
        .first_failed_us = event->first_failed_us,
        .died_us = clock_unix_us(),
        .source = "",
        .verdict = "",
        .headers = "{}",
    };
    struct metrics *metrics = dispatch->options.metrics;

    if (!ledger_bury(dispatch->options.ledger, &letter))
        return false;
    series_add(metrics_series(metrics, METRIC_UNREADABLE, NULL, NULL), 1);
    series_add(metrics_series(metrics, METRIC_DEAD_LETTERED, letter.subscription, letter.reason),
               1);
    return true;
}

/* -- requests -----------------------------------------------------------------------------------
 */

/* In this run, or in one before. */
static bool is_buried(const struct dispatch *dispatch, int64_t position)
{
    for (size_t i = 0; i < dispatch->given_up_count; i++)
        if (position >= dispatch->given_up[i].from && position < dispatch->given_up[i].to)
            return true;
    return restore_skip(dispatch, (struct event_place){position, EVENT_PART_ALL}) != NULL;
}

static bool add_buried(struct dispatch *dispatch, int64_t position)
{
    size_t count = dispatch->given_up_count;
    struct run *runs = dispatch->given_up;

    if (count && runs[count - 1].to == position) {
        runs[count - 1].to++;
        return true;
    }
    runs = reallocarray(runs, count + 1, sizeof(*runs));
    if (!runs)
        return false;
    runs[count] = (struct run){position, position + 1};
    dispatch->given_up = runs;
    dispatch->given_up_count++;
    return true;
}

bool unreadable_run(struct dispatch *dispatch, int64_t from, int64_t to)
{
    struct parked_event event = {.place.part = EVENT_PART_ALL};

    dispatch->miscounted = true;
    for (event.place.position = from; event.place.position < to; event.place.position++) {
        if (is_buried(dispatch, event.place.position))
            continue;
        if (!unreadable_event(dispatch, &event) || !add_buried(dispatch, event.place.position))
            return false;
    }
    log_event(LOG_LEVEL_ERROR, "queue-unreadable", "from", log_number(from), "requests",
              log_number(to - from), NULL);
    return true;
}

/* Has all that is stored been read? Then what a lane still counts as unread was given up; the
 * writer counts a request after it is stored and before it says so in `stored`. */
static bool is_all_read(const struct dispatch *dispatch, int64_t *last)
{
    int64_t stored = atomic_load(&dispatch->stored);
    struct queue_stat stat;

    queue_stat(dispatch->options.queue, &stat);
    *last = stat.last;
    return !dispatch->behind && !dispatch->restored_count && stat.last == stored &&
           stored == atomic_load(&dispatch->split);
}

void unreadable_count(struct dispatch *dispatch)
{
    size_t lanes = atomic_load(&dispatch->lane_count);
    long long *unread;
    int64_t before, after;

    if (!dispatch->miscounted || !is_all_read(dispatch, &before))
        return;
    unread = calloc(lanes + 1, sizeof(*unread));
    if (!unread)
        return;
    for (size_t i = 0; i < lanes; i++)
        unread[i] = atomic_load(&dispatch->lanes[i]->unread);
    dispatch->miscounted = !is_all_read(dispatch, &after) || before != after;
    for (size_t i = 0; !dispatch->miscounted && i < lanes; i++) {
        atomic_fetch_sub(&dispatch->lanes[i]->unread, unread[i]);
        atomic_fetch_sub(&dispatch->lanes[i]->depth, unread[i]);
    }
    free(unread);
}
