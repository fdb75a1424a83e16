#include "ingest/worker.h"

#include "core/clock.h"
#include "ingest/log.h"
#include "ingest/settle.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CUT_OFF_MS = 500, /* before the deadline, what is under way is cut off */
    STUCK_MS = 100,   /* so long without one that takes something, all are taken for hanging */
    BACKLOG_MS = 50,  /* how long it waits while the ledger has too much to write */
    NICE = 19
};

enum worker_state { WORKER_NONE, WORKER_RUNNING, WORKER_ENDED };

struct worker {
    struct dispatch *dispatch;
    unsigned number;
    enum worker_state state; /* under the dispatch's lock; ENDED: to be joined */
    pthread_t thread;
    struct batch batch;
};

bool worker_thread(pthread_t *thread, void *(*run)(void *context), void *context)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

void worker_settle_in(const char *name)
{
    pthread_setname_np(pthread_self(), name);
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), NICE) != 0)
        log_event(LOG_LEVEL_DEBUG, "no-nice", "thread", name, NULL);
}

/* -- waiting ------------------------------------------------------------------------------------
 */

static struct timespec time_of(int64_t ms)
{
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* One of those that wait, the leader, does so for the next due time; the others until they have
 * been idle for too long. The lock is held. */
static void worker_wait(struct dispatch *dispatch, int64_t due_ms, int64_t idle_until_ms)
{
    bool lead =
        due_ms < idle_until_ms && (!dispatch->leading || due_ms < dispatch->leading_until_ms);
    struct timespec until = time_of(lead ? due_ms : idle_until_ms);

    if (lead) {
        dispatch->leading = true;
        dispatch->leading_until_ms = due_ms;
    }
    dispatch->idle++;
    pthread_cond_timedwait(&dispatch->work, &dispatch->lock, &until);
    dispatch->idle--;
    if (lead && dispatch->leading_until_ms == due_ms)
        dispatch->leading = false;
}

/* Whoever goes to work leaves the waiting for the next time to another. The lock is held. */
static void worker_hand_over(struct dispatch *dispatch)
{
    if (dispatch->idle && !dispatch->leading)
        pthread_cond_signal(&dispatch->work);
}

/* -- one worker ---------------------------------------------------------------------------------
 */

/* What the sink is to see of each. */
static void worker_map(const struct worker *worker)
{
    const struct batch *batch = &worker->batch;

    for (size_t i = 0; batch->compat && i < batch->count; i++) {
        struct delivery *delivery = batch->items[i];
        const struct compat_event event = {.type = delivery->type,
                                           .form = delivery->form,
                                           .text = delivery->event,
                                           .length_bytes = delivery->event_bytes};
        if (compat_map(batch->compat, &event, &delivery->mapped, &delivery->mapped_bytes) !=
                COMPAT_SKIPPED ||
            delivery->unmapped)
            continue;
        delivery->unmapped = true;
        series_add(batch->outlet->compat_skipped, 1);
    }
}

static void worker_unmap(struct worker *worker)
{
    for (size_t i = 0; i < worker->batch.count; i++) {
        free(worker->batch.items[i]->mapped);
        worker->batch.items[i]->mapped = NULL;
    }
    compat_drop(worker->batch.compat);
    worker->batch.compat = NULL;
}

static void worker_deliver(struct worker *worker)
{
    struct dispatch *dispatch = worker->dispatch;
    struct batch *batch = &worker->batch;
    int64_t began_us = clock_unix_us();

    for (size_t i = 0; i < batch->count; i++)
        batch->outcomes[i] = (struct outcome){.result = OUTCOME_STOPPED};
    worker_map(worker);
    dispatch->sinks.deliver(batch->outlet->sink, worker->number, batch->items, batch->count,
                            batch->outcomes);
    worker_unmap(worker);
    series_observe(batch->outlet->seconds, (double)(clock_unix_us() - began_us) / 1e6);
    settle_batch(dispatch, batch);
}

/* Waits for work. False: stopping, or it was idle for too long and others are left. The lock is
 * held. */
static bool worker_find(struct worker *worker)
{
    struct dispatch *dispatch = worker->dispatch;
    int64_t idle_ms = dispatch->options.idle_ms ? dispatch->options.idle_ms : WORKER_IDLE_MS;
    int64_t idle_until_ms = clock_monotonic_ms() + idle_ms;

    while (!atomic_load(&dispatch->stopping)) {
        int64_t now_ms = clock_monotonic_ms();
        int64_t due_ms = now_ms + BACKLOG_MS;

        if (ledger_backlog(dispatch->options.ledger) <= DISPATCH_BACKLOG_MOST) {
            if (flow_take(dispatch, &worker->batch, now_ms))
                return true;
            due_ms = flow_due_ms(dispatch);
        }
        if (now_ms >= idle_until_ms) {
            if (dispatch->running > (size_t)dispatch->options.config->workers.least)
                return false;
            idle_until_ms = now_ms + idle_ms;
        }
        worker_wait(dispatch, due_ms, idle_until_ms);
    }
    return false;
}

static void *worker_run(void *context)
{
    struct worker *worker = context;
    struct dispatch *dispatch = worker->dispatch;
    char name[16];

    snprintf(name, sizeof(name), "worker-%u", worker->number % 10000);
    worker_settle_in(name);
    pthread_mutex_lock(&dispatch->lock);
    while (worker_find(worker)) {
        dispatch->busy++;
        dispatch->took_ms = clock_monotonic_ms();
        worker->batch.compat = compat_hold(worker->batch.outlet->compat);
        worker_hand_over(dispatch);
        pthread_mutex_unlock(&dispatch->lock);
        worker_deliver(worker);
        pthread_mutex_lock(&dispatch->lock);
        dispatch->busy--;
    }
    worker->state = WORKER_ENDED;
    dispatch->running--;
    worker_hand_over(dispatch);
    pthread_cond_broadcast(&dispatch->ended);
    pthread_mutex_unlock(&dispatch->lock);
    return NULL;
}

/* -- the pool -----------------------------------------------------------------------------------
 */

size_t workers_wanted(const struct dispatch *dispatch)
{
    const struct config_workers *config = &dispatch->options.config->workers;
    size_t each = config->events_per_worker > 0 ? (size_t)config->events_per_worker : 1;
    size_t wanted = (dispatch->held + dispatch->loaded + dispatch->replays + each - 1) / each;

    if (wanted < (size_t)config->least)
        wanted = (size_t)config->least;
    return wanted > dispatch->worker_count ? dispatch->worker_count : wanted;
}

/* The lock is held. */
static bool worker_start(struct dispatch *dispatch)
{
    struct worker *worker = dispatch->workers;

    while (worker->state == WORKER_RUNNING)
        worker++;
    if (worker->state == WORKER_ENDED)
        pthread_join(worker->thread, NULL); /* it is past its last touch of the lock, or nearly */
    worker->state = WORKER_NONE;
    if (!worker_thread(&worker->thread, worker_run, worker))
        return false;
    worker->state = WORKER_RUNNING;
    dispatch->running++;
    return true;
}

/* Depth does not tell that a few events wait behind one delivery that hangs. The lock is held. */
static bool workers_hang(const struct dispatch *dispatch)
{
    int64_t now_ms = clock_monotonic_ms();

    return dispatch->busy == dispatch->running && dispatch->running < dispatch->worker_count &&
           now_ms - dispatch->took_ms >= STUCK_MS && flow_waits(dispatch, now_ms);
}

void worker_need(struct dispatch *dispatch)
{
    pthread_mutex_lock(&dispatch->lock);
    if (!atomic_load(&dispatch->stopping) && !dispatch->idle &&
        (dispatch->running < workers_wanted(dispatch) || workers_hang(dispatch)) &&
        !worker_start(dispatch))
        log_event(LOG_LEVEL_WARNING, "no-worker", NULL);
    pthread_mutex_unlock(&dispatch->lock);
}

bool workers_start(struct dispatch *dispatch, struct error *error)
{
    const struct config_workers *config = &dispatch->options.config->workers;
    size_t count = (size_t)(config->most > config->least ? config->most : config->least);
    bool ok = true;

    if (!count)
        count = 1;
    dispatch->workers = calloc(count, sizeof(struct worker));
    if (!dispatch->workers)
        return error_no_memory(error);
    dispatch->worker_count = count;
    for (size_t i = 0; i < count; i++) {
        dispatch->workers[i].dispatch = dispatch;
        dispatch->workers[i].number = (unsigned)i;
    }
    pthread_mutex_lock(&dispatch->lock);
    while (ok && dispatch->running < workers_wanted(dispatch))
        ok = worker_start(dispatch);
    pthread_mutex_unlock(&dispatch->lock);
    return ok || error_set(error, ERROR_FAILED, "no thread for a worker");
}

static void worker_join(struct worker *worker)
{
    bool begun;

    pthread_mutex_lock(&worker->dispatch->lock);
    begun = worker->state != WORKER_NONE;
    pthread_mutex_unlock(&worker->dispatch->lock);
    if (begun)
        pthread_join(worker->thread, NULL);
}

void workers_stop(struct dispatch *dispatch, int64_t deadline_ms)
{
    struct timespec until = time_of(deadline_ms - CUT_OFF_MS);
    bool late = false;

    if (!dispatch->workers)
        return;
    pthread_mutex_lock(&dispatch->lock);
    pthread_cond_broadcast(&dispatch->work);
    while (dispatch->running && !late)
        late = pthread_cond_timedwait(&dispatch->ended, &dispatch->lock, &until) != 0;
    pthread_mutex_unlock(&dispatch->lock);
    for (size_t i = 0; late && i < dispatch->outlet_count; i++)
        dispatch->sinks.stop(dispatch->outlets[i].sink);
    for (size_t i = 0; i < dispatch->worker_count; i++)
        worker_join(&dispatch->workers[i]);
    free(dispatch->workers);
    dispatch->workers = NULL;
    dispatch->worker_count = 0;
}
