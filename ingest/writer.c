#include "ingest/writer.h"

#include "core/clock.h"
#include "ingest/log.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    COMMIT_MOST = 4096, /* requests */
    COMMIT_BYTES_MOST = 16 * 1024 * 1024,
    RETRY_FIRST_MS = 50,
    RETRY_MOST_MS = 500,
    TROUBLE_FADES_MS = 5000, /* when nothing comes that could be tried */
    FINISH_TRIES = 4,        /* that fail, at the end */
    TRIM_ROWS = 500,         /* in one step */
    TRIM_EVERY_MS = 1000,
    TRIM_PATIENCE_MS = 5000, /* … when there is never a moment in which nothing waits */
    TRIM_SHARE = 10          /* of the time, one part in so many, while there is more to trim */
};

/* Tickets in a row, oldest first. */
struct row {
    struct ticket *first, **end;
};

struct writer {
    struct writer_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t handed_over;
    struct row inbox;
    bool sleeping; /* the thread, on handed_over */
    bool stopping;
    atomic_llong pending_bytes;
    atomic_int trouble;
    struct series *commit_seconds, *commit_events, *trimmed;
    struct series *failures[QUEUE_TROUBLES];

    /* The thread's own. */
    struct row waiting; /* taken over, not stored yet */
    size_t most;        /* requests of the next commit */
    int64_t retry_ms;   /* the gap before the next try; 0: the last one succeeded */
    int64_t due_ms;     /* when that is */
    int64_t trim_ms;    /* when to trim next */
    bool trim_behind;   /* there was more to trim than one step may */
    struct arrival *commit[COMMIT_MOST];
};

static void row_init(struct row *row)
{
    row->first = NULL;
    row->end = &row->first;
}

/* Moves all of `from` behind the end of `to`. */
static void row_join(struct row *to, struct row *from)
{
    if (!from->first)
        return;
    *to->end = from->first;
    to->end = from->end;
    row_init(from);
}

static void row_add(struct row *row, struct ticket *ticket)
{
    ticket->next = NULL;
    *row->end = ticket;
    row->end = &ticket->next;
}

/* -- other threads ------------------------------------------------------------------------------
 */

static bool pending_enter(struct writer *writer, size_t bytes)
{
    long long now = atomic_fetch_add(&writer->pending_bytes, (long long)bytes);

    if (now + (long long)bytes <= writer->options.pending_bytes)
        return true;
    atomic_fetch_sub(&writer->pending_bytes, (long long)bytes);
    return false;
}

bool writer_submit(struct writer *writer, struct ticket *tickets, size_t bytes)
{
    struct row row = {.first = tickets, .end = &row.first};
    bool taken, wake = false;

    while (*row.end)
        row.end = &(*row.end)->next;
    if (!pending_enter(writer, bytes))
        return false;
    pthread_mutex_lock(&writer->lock);
    taken = !writer->stopping;
    if (taken) {
        row_join(&writer->inbox, &row);
        wake = writer->sleeping;
    }
    pthread_mutex_unlock(&writer->lock);
    if (wake)
        pthread_cond_signal(&writer->handed_over);
    if (!taken)
        atomic_fetch_sub(&writer->pending_bytes, (long long)bytes);
    return taken;
}

int64_t writer_pending_bytes(const struct writer *writer)
{
    return atomic_load_explicit(&writer->pending_bytes, memory_order_relaxed);
}

enum queue_trouble writer_trouble(const struct writer *writer)
{
    return (enum queue_trouble)atomic_load_explicit(&writer->trouble, memory_order_relaxed);
}

/* -- giving back --------------------------------------------------------------------------------
 */

/* Each owner gets one list: each costs it a wake. */
static void give_back(struct writer *writer, struct row *row, bool stored)
{
    long long bytes = 0;

    while (row->first) {
        struct row one, others;
        void *owner = row->first->owner;

        row_init(&one);
        row_init(&others);
        for (struct ticket *next, *ticket = row->first; ticket; ticket = next) {
            next = ticket->next;
            if (ticket->owner == owner) {
                bytes += (long long)arrival_bytes(&ticket->arrival);
                ticket->stored = stored;
                row_add(&one, ticket);
            } else
                row_add(&others, ticket);
        }
        row_init(row);
        row_join(row, &others);
        atomic_fetch_sub(&writer->pending_bytes, bytes);
        bytes = 0;
        writer->options.give_back(owner, one.first);
    }
}

/* Gives back what is over its deadline, and says when the next one will be. */
static int64_t give_up(struct writer *writer, int64_t now_ms)
{
    struct row late, rest;
    int64_t next_ms = INT64_MAX;

    row_init(&late);
    row_init(&rest);
    for (struct ticket *next, *ticket = writer->waiting.first; ticket; ticket = next) {
        next = ticket->next;
        row_add(ticket->deadline_ms <= now_ms ? &late : &rest, ticket);
        if (ticket->deadline_ms > now_ms && ticket->deadline_ms < next_ms)
            next_ms = ticket->deadline_ms;
    }
    row_init(&writer->waiting);
    row_join(&writer->waiting, &rest);
    give_back(writer, &late, false);
    return next_ms;
}

/* -- committing ---------------------------------------------------------------------------------
 */

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Takes the next commit's tickets out of those that wait; returns how many. */
static size_t batch_take(struct writer *writer, struct row *batch)
{
    size_t count = 0, bytes = 0;
    struct ticket *ticket;

    row_init(batch);
    while ((ticket = writer->waiting.first) && count < writer->most) {
        bytes += ticket->arrival.body_bytes;
        if (count > 0 && bytes > COMMIT_BYTES_MOST)
            break;
        writer->waiting.first = ticket->next;
        writer->commit[count++] = &ticket->arrival;
        row_add(batch, ticket);
    }
    if (!writer->waiting.first)
        row_init(&writer->waiting);
    return count;
}

static void succeeded(struct writer *writer, struct row *batch, size_t count)
{
    if (atomic_exchange(&writer->trouble, QUEUE_FINE) != QUEUE_FINE)
        log_event(LOG_LEVEL_INFO, "commit-recovered", NULL);
    writer->retry_ms = writer->due_ms = 0;
    writer->most = writer->most * 2 < COMMIT_MOST ? writer->most * 2 : COMMIT_MOST;
    if (writer->options.stored)
        writer->options.stored(writer->options.context, writer->commit, count);
    give_back(writer, batch, true);
}

/* It goes to the end, and the next try takes half as much: if one request is to blame, it stands
 * alone in the end and the others pass it. */
static void failed(struct writer *writer, struct row *batch, size_t count,
                   enum queue_trouble trouble, const struct error *error)
{
    if (trouble <= QUEUE_FINE || trouble >= QUEUE_TROUBLES)
        trouble = QUEUE_IO;
    series_add(writer->failures[trouble], 1);
    if (atomic_exchange(&writer->trouble, (int)trouble) != (int)trouble)
        log_event(LOG_LEVEL_ERROR, "commit-failed", "trouble", queue_trouble_word(trouble),
                  "detail", error->text, NULL);
    writer->retry_ms = writer->retry_ms == 0                  ? RETRY_FIRST_MS
                       : writer->retry_ms * 2 < RETRY_MOST_MS ? writer->retry_ms * 2
                                                              : RETRY_MOST_MS;
    writer->due_ms = clock_monotonic_ms() + writer->retry_ms;
    writer->most = count > 1 ? count / 2 : 1;
    row_join(&writer->waiting, batch);
}

static void commit(struct writer *writer)
{
    enum queue_trouble trouble = QUEUE_FINE;
    struct error error = ERROR_INIT;
    struct row batch;
    size_t count = batch_take(writer, &batch);
    double began_s = seconds_now();

    if (queue_append(writer->options.queue, writer->commit, count, &trouble, &error)) {
        series_observe(writer->commit_seconds, seconds_now() - began_s);
        series_observe(writer->commit_events, (double)count);
        succeeded(writer, &batch, count);
    } else
        failed(writer, &batch, count, trouble, &error);
}

/* -- trimming -----------------------------------------------------------------------------------
 */

static void trim(struct writer *writer)
{
    struct error error = ERROR_INIT;
    int64_t began_ms = clock_monotonic_ms(), took_ms;
    size_t removed = 0;

    if (!queue_trim(writer->options.queue, writer->options.settled_before(writer->options.context),
                    TRIM_ROWS, &removed, &error))
        log_event(LOG_LEVEL_WARNING, "trim-failed", "detail", error.text, NULL);
    series_add(writer->trimmed, removed);
    took_ms = clock_monotonic_ms() - began_ms + 1;
    writer->trim_behind = removed >= TRIM_ROWS;
    writer->trim_ms = began_ms + (writer->trim_behind ? took_ms * TRIM_SHARE : TRIM_EVERY_MS);
}

/* Only a moment in which nothing waits is a good one; but never to trim would fill the disk, and on
 * a full one it is what helps. */
static int64_t trim_due_ms(const struct writer *writer)
{
    bool patient =
        !writer->trim_behind && writer->retry_ms == 0 && writer_pending_bytes(writer) > 0;

    if (!writer->options.settled_before)
        return INT64_MAX;
    return writer->trim_ms + (patient ? TRIM_PATIENCE_MS : 0);
}

/* -- the thread ---------------------------------------------------------------------------------
 */

static struct timespec time_of(int64_t ms)
{
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* Whoever asks whether we are ready sends nothing while we are not: then nothing would be tried and
 * we would never be. So trouble that was not met again is forgotten. */
static int64_t trouble_fades(struct writer *writer, int64_t now_ms, int64_t trim_ms)
{
    int64_t fades_ms = writer->due_ms + TROUBLE_FADES_MS;

    if (now_ms < fades_ms)
        return fades_ms < trim_ms ? fades_ms : trim_ms;
    writer->retry_ms = writer->due_ms = 0;
    atomic_store(&writer->trouble, QUEUE_FINE);
    return trim_ms;
}

/* When the thread has to wake although nothing new was handed over; 0: it has work now. */
static int64_t wake_ms(struct writer *writer, int64_t now_ms)
{
    int64_t trim_ms = trim_due_ms(writer), next_ms;

    if (writer->retry_ms == 0)
        return writer->waiting.first ? 0 : trim_ms;
    next_ms = give_up(writer, now_ms);
    if (!writer->waiting.first)
        return trouble_fades(writer, now_ms, trim_ms);
    next_ms = writer->due_ms < next_ms ? writer->due_ms : next_ms;
    return next_ms < trim_ms ? next_ms : trim_ms;
}

/* Takes over what was handed over; sleeps while there is nothing to do. While the queue is in
 * trouble what is new waits for the next try, too. Returns whether to go on. */
static bool take_over(struct writer *writer)
{
    int64_t until_ms = wake_ms(writer, clock_monotonic_ms());
    bool asleep = until_ms > 0, stopping;
    bool pausing = writer->waiting.first != NULL;

    pthread_mutex_lock(&writer->lock);
    while (asleep && !writer->stopping && (pausing || !writer->inbox.first)) {
        struct timespec until = time_of(until_ms);

        writer->sleeping = true;
        if (until_ms == INT64_MAX)
            pthread_cond_wait(&writer->handed_over, &writer->lock);
        else
            asleep = pthread_cond_timedwait(&writer->handed_over, &writer->lock, &until) == 0;
        writer->sleeping = false;
    }
    row_join(&writer->waiting, &writer->inbox);
    stopping = writer->stopping;
    pthread_mutex_unlock(&writer->lock);
    return !stopping;
}

/* Everything is given a last chance. */
static void finish(struct writer *writer)
{
    for (int tries = 0; writer->waiting.first && tries < FINISH_TRIES;) {
        commit(writer);
        tries += writer_trouble(writer) != QUEUE_FINE;
    }
    give_back(writer, &writer->waiting, false);
}

static void *writer_run(void *context)
{
    struct writer *writer = context;

    (void)pthread_setname_np(pthread_self(), "writer");
    while (take_over(writer)) {
        int64_t now_ms = clock_monotonic_ms();

        if (writer->waiting.first && now_ms >= writer->due_ms)
            commit(writer);
        if (now_ms >= trim_due_ms(writer))
            trim(writer);
    }
    finish(writer);
    return NULL;
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool locks_init(struct writer *writer)
{
    pthread_condattr_t by_monotonic;
    bool done = pthread_condattr_init(&by_monotonic) == 0;

    done = done && pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&writer->handed_over, &by_monotonic) == 0 &&
           pthread_mutex_init(&writer->lock, NULL) == 0;
    (void)pthread_condattr_destroy(&by_monotonic);
    return done;
}

static void series_find(struct writer *writer)
{
    struct metrics *metrics = writer->options.metrics;

    writer->commit_seconds = metrics_series(metrics, METRIC_COMMIT_SECONDS, NULL, NULL);
    writer->commit_events = metrics_series(metrics, METRIC_COMMIT_EVENTS, NULL, NULL);
    writer->trimmed = metrics_series(metrics, METRIC_TRIMMED, NULL, NULL);
    for (int i = QUEUE_FINE + 1; i < QUEUE_TROUBLES; i++)
        writer->failures[i] = metrics_series(metrics, METRIC_STORE_FAILURES,
                                             queue_trouble_word((enum queue_trouble)i), NULL);
}

struct writer *writer_start(const struct writer_options *options, struct error *error)
{
    struct writer *writer = calloc(1, sizeof *writer);
    sigset_t all, before;
    int why;

    if (!writer || !locks_init(writer)) {
        free(writer);
        error_no_memory(error);
        return NULL;
    }
    writer->options = *options;
    writer->most = COMMIT_MOST;
    row_init(&writer->inbox);
    row_init(&writer->waiting);
    series_find(writer);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    why = pthread_create(&writer->thread, NULL, writer_run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (why == 0)
        return writer;
    error_set(error, ERROR_FAILED, "cannot start a thread: %s", strerror(why));
    pthread_cond_destroy(&writer->handed_over);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
    return NULL;
}

void writer_stop(struct writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_mutex_unlock(&writer->lock);
    pthread_cond_signal(&writer->handed_over);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->handed_over);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}
