/* The writer over a queue that does as it is told: this program has its own queue_append,
 * queue_trim and queue_trouble_word, and is linked without queue_sqlite. */
#include "ingest/writer.h"

#include "core/clock.h"
#include "ingest/log.h"

#include <pthread.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { LATER_MS = 60000, SOON_MS = 150, LIMIT_BYTES = 4096, CALLS_MOST = 256 };

/* -- the queue ----------------------------------------------------------------------------------
 */

struct queue {
    bool shut;       /* append waits until it is opened */
    bool inside;     /* and somebody is waiting there */
    int failures;    /* so many appends fail; -1: all */
    bool has_poison; /* appends that hold a body "poison" fail */
    enum queue_trouble trouble;
    size_t sizes[CALLS_MOST]; /* of each append that succeeded */
    size_t calls, failed_calls;
    int64_t trimmed_before;
    size_t trims;
};

/* What came back, in all and by owner. */
struct owner {
    size_t calls, tickets;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct queue queue;
static struct owner owners[3];
static size_t told, given_back, stored, refused;
static bool told_first; /* `stored` was called before its tickets came back, each time */
static struct metrics *metrics;
static struct writer *writer;

static bool is_poisoned(struct arrival *const *arrivals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(arrivals[i]->body, "poison") == 0)
            return true;
    }
    return false;
}

bool queue_append(struct queue *at, struct arrival *const *arrivals, size_t count,
                  enum queue_trouble *trouble, struct error *error)
{
    bool fails;

    pthread_mutex_lock(&lock);
    at->inside = true;
    pthread_cond_broadcast(&changed);
    while (at->shut)
        pthread_cond_wait(&changed, &lock);
    at->inside = false;
    fails = at->failures != 0 || (at->has_poison && is_poisoned(arrivals, count));
    if (at->failures > 0)
        at->failures--;
    if (fails) {
        at->failed_calls++;
        *trouble = at->trouble;
        error_set(error, ERROR_FAILED, "as told");
    } else if (at->calls < CALLS_MOST)
        at->sizes[at->calls++] = count;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return !fails;
}

bool queue_trim(struct queue *at, int64_t before_position, size_t most, size_t *removed,
                struct error *error)
{
    (void)most;
    (void)error;
    pthread_mutex_lock(&lock);
    at->trimmed_before = before_position;
    at->trims++;
    *removed = 3;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return true;
}

const char *queue_trouble_word(enum queue_trouble trouble)
{
    static const char *const words[QUEUE_TROUBLES] = {"fine", "full", "busy", "io", "corrupt"};
    return words[trouble];
}

/* -- the other side -----------------------------------------------------------------------------
 */

static void on_stored(void *context, struct arrival *const *arrivals, size_t count)
{
    (void)context;
    (void)arrivals;
    pthread_mutex_lock(&lock);
    told += count;
    pthread_mutex_unlock(&lock);
}

static void on_give_back(void *context, struct ticket *tickets)
{
    struct owner *owner = context;

    pthread_mutex_lock(&lock);
    owner->calls++;
    while (tickets) {
        struct ticket *ticket = tickets;

        tickets = ticket->next;
        if (ticket->owner == owner)
            owner->tickets++;
        given_back++;
        *(ticket->stored ? &stored : &refused) += 1;
        arrival_release(&ticket->arrival);
        free(ticket);
    }
    told_first = told_first && told >= stored;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int64_t settled_before(void *context)
{
    (void)context;
    return 42;
}

static void start(bool trims)
{
    struct error error = ERROR_INIT;
    struct writer_options options = {.queue = &queue,
                                     .metrics = metrics,
                                     .pending_bytes = LIMIT_BYTES,
                                     .give_back = on_give_back,
                                     .stored = on_stored,
                                     .settled_before = trims ? settled_before : NULL};

    writer = writer_start(&options, &error);
    assert_non_null(writer);
}

static int setup(void **state)
{
    (void)state;
    queue = (struct queue){.trouble = QUEUE_FULL};
    memset(owners, 0, sizeof owners);
    told = given_back = stored = refused = 0;
    told_first = true;
    metrics = metrics_new();
    assert_non_null(metrics);
    start(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    writer_stop(writer);
    metrics_free(metrics);
    return 0;
}

static struct ticket *ticket_new(const char *body, struct owner *owner, int64_t wait_ms,
                                 struct ticket *next)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);

    assert_non_null(ticket);
    ticket->arrival = (struct arrival){.events = 1,
                                       .subscription = strdup("s"),
                                       .source = strdup("x"),
                                       .verdict = strdup("v"),
                                       .headers = strdup("{}"),
                                       .body = strdup(body),
                                       .body_bytes = strlen(body)};
    ticket->owner = owner;
    ticket->deadline_ms = clock_monotonic_ms() + wait_ms;
    ticket->next = next;
    return ticket;
}

/* False: the writer did not take it, and it is freed. */
static bool submit(const char *body, struct owner *owner, int64_t wait_ms)
{
    struct ticket *ticket = ticket_new(body, owner, wait_ms, NULL);
    bool taken = writer_submit(writer, ticket, arrival_bytes(&ticket->arrival));

    if (!taken) {
        arrival_release(&ticket->arrival);
        free(ticket);
    }
    return taken;
}

static void shut_set(bool shut)
{
    pthread_mutex_lock(&lock);
    queue.shut = shut;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_inside(void)
{
    pthread_mutex_lock(&lock);
    while (!queue.inside)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* `count` may still change. */
static void wait_for(const size_t *count, size_t least)
{
    pthread_mutex_lock(&lock);
    while (*count < least)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static uint64_t store_failures(const char *word)
{
    return series_count(metrics_series(metrics, METRIC_STORE_FAILURES, word, NULL));
}

/* -- tests --------------------------------------------------------------------------------------
 */

static void test_takes_all_that_waits(void **state)
{
    (void)state;
    shut_set(true);
    assert_true(submit("first", &owners[0], LATER_MS));
    wait_inside();
    for (int i = 0; i < 10; i++)
        assert_true(submit("more", &owners[0], LATER_MS));
    shut_set(false);
    wait_for(&given_back, 11);
    assert_int_equal(queue.calls, 2);
    assert_int_equal(queue.sizes[0], 1);
    assert_int_equal(queue.sizes[1], 10);
    assert_int_equal(stored, 11);
    assert_int_equal(told, 11);
    assert_true(told_first);
    assert_int_equal(writer_pending_bytes(writer), 0);
    assert_int_equal(series_count(metrics_series(metrics, METRIC_COMMIT_EVENTS, NULL, NULL)), 2);
}

static void test_lists_by_owner(void **state)
{
    struct ticket *list = NULL;
    size_t bytes = 0;

    (void)state;
    for (int i = 0; i < 9; i++) {
        list = ticket_new("e", &owners[i % 3], LATER_MS, list);
        bytes += arrival_bytes(&list->arrival);
    }
    assert_true(writer_submit(writer, list, bytes));
    wait_for(&given_back, 9);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(owners[i].calls, 1);
        assert_int_equal(owners[i].tickets, 3);
    }
}

static void test_recovers_in_time(void **state)
{
    (void)state;
    queue.failures = 2;
    for (int i = 0; i < 3; i++)
        assert_true(submit("e", &owners[0], LATER_MS));
    wait_for(&given_back, 3);
    assert_int_equal(stored, 3);
    assert_int_equal(writer_trouble(writer), QUEUE_FINE);
    assert_int_equal(store_failures("full"), 2);
}

static void test_gives_up_at_the_deadline(void **state)
{
    (void)state;
    queue.failures = -1;
    assert_true(submit("e", &owners[0], SOON_MS));
    assert_true(submit("e", &owners[1], SOON_MS));
    wait_for(&given_back, 2);
    assert_int_equal(refused, 2);
    assert_int_equal(told, 0);
    assert_int_equal(writer_trouble(writer), QUEUE_FULL);
    assert_int_equal(writer_pending_bytes(writer), 0);

    pthread_mutex_lock(&lock);
    queue.failures = 0;
    pthread_mutex_unlock(&lock);
    assert_true(submit("e", &owners[0], LATER_MS));
    wait_for(&given_back, 3);
    assert_int_equal(stored, 1);
    assert_int_equal(writer_trouble(writer), QUEUE_FINE);
}

/* One that is late is given up although others of the same list may still be tried. */
static void test_each_has_its_deadline(void **state)
{
    (void)state;
    queue.failures = -1;
    assert_true(submit("late", &owners[0], SOON_MS));
    assert_true(submit("patient", &owners[1], LATER_MS));
    wait_for(&given_back, 1);
    assert_int_equal(owners[0].tickets, 1);
    assert_int_equal(refused, 1);
    pthread_mutex_lock(&lock);
    queue.failures = 0;
    pthread_mutex_unlock(&lock);
    wait_for(&given_back, 2);
    assert_int_equal(stored, 1);
    assert_int_equal(owners[1].tickets, 1);
}

static void test_poison_keeps_nobody_waiting(void **state)
{
    struct ticket *list = NULL;
    size_t bytes = 0;

    (void)state;
    queue.has_poison = true;
    for (int i = 0; i < 8; i++) {
        bool poison = i == 3;
        list = ticket_new(poison ? "poison" : "e", &owners[poison], LATER_MS, list);
        bytes += arrival_bytes(&list->arrival);
    }
    assert_true(writer_submit(writer, list, bytes));
    wait_for(&stored, 7);
    assert_int_equal(refused, 0);
    assert_int_equal(owners[0].tickets, 7);
    writer_stop(writer);
    assert_int_equal(refused, 1);
    assert_int_equal(owners[1].tickets, 1);
    start(false);
}

static void test_pending_limit(void **state)
{
    char body[LIMIT_BYTES / 2];
    size_t taken = 0;

    (void)state;
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    shut_set(true);
    assert_true(submit(body, &owners[0], LATER_MS));
    wait_inside(); /* what is being committed counts, too */
    while (submit(body, &owners[0], LATER_MS))
        taken++;
    assert_int_equal(taken, 0);
    assert_true(submit("small", &owners[0], LATER_MS));
    shut_set(false);
    wait_for(&given_back, 2);
    assert_true(submit(body, &owners[0], LATER_MS));
    wait_for(&given_back, 3);
    assert_int_equal(stored, 3);
}

static void test_stop_drains(void **state)
{
    (void)state;
    shut_set(true);
    for (int i = 0; i < 5; i++)
        assert_true(submit("e", &owners[0], LATER_MS));
    shut_set(false);
    writer_stop(writer);
    assert_int_equal(stored, 5);
    start(false);
}

static void test_stop_ends_although_nothing_can_be_stored(void **state)
{
    (void)state;
    queue.failures = -1;
    for (int i = 0; i < 5; i++)
        assert_true(submit("e", &owners[0], LATER_MS));
    writer_stop(writer);
    assert_int_equal(refused, 5);
    start(false);
}

static void test_trims_when_idle(void **state)
{
    (void)state;
    writer_stop(writer);
    start(true);
    wait_for(&queue.trims, 2);
    assert_int_equal(queue.trimmed_before, 42);
    writer_stop(writer);
    assert_int_equal(series_count(metrics_series(metrics, METRIC_TRIMMED, NULL, NULL)),
                     3 * queue.trims);
    start(false);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(test_takes_all_that_waits),
        UNIT(test_lists_by_owner),
        UNIT(test_recovers_in_time),
        UNIT(test_gives_up_at_the_deadline),
        UNIT(test_each_has_its_deadline),
        UNIT(test_poison_keeps_nobody_waiting),
        UNIT(test_pending_limit),
        UNIT(test_stop_drains),
        UNIT(test_stop_ends_although_nothing_can_be_stored),
        UNIT(test_trims_when_idle),
    };

    alarm(60); /* a test that waits for what never comes */
    log_begin(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
