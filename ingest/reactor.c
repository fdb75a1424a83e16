#include "ingest/reactor.h"

#include "ingest/connection.h"
#include "ingest/listener.h"
#include "ingest/log.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REACTORS_MOST = 64,
    ACCEPTS_MOST = 64, /* in one round */
    ACCEPT_PAUSE_MS = 100
};

struct reactor {
    struct reactors *all;
    int index;
    pthread_t thread;
    bool started;
    int listener; /* -1: closed */
    int wake_fd;
    struct event_base *base;
    struct event *can_accept, *woken, *tick;
    bool accepting; /* can_accept is added */
    int64_t accept_again_ms;
    struct room room;
    atomic_llong stop_ms; /* monotonic deadline; 0: go on */
    /* What other threads leave here. */
    pthread_mutex_t lock;
    struct ticket *inbox, **inbox_end;
    struct view *next_view;
};

struct reactors {
    struct tally tally;
    struct writer *writer;
    struct listener_address address;
    char address_text[LISTENER_TEXT_BYTES];
    int count;
    struct reactor *list[REACTORS_MOST];
};

/* -- what other threads say ---------------------------------------------------------------------
 */

static void wake(struct reactor *reactor)
{
    const uint64_t one = 1;
    /* It fails only when the counter is full, and then the wake is there already. */
    ssize_t written = write(reactor->wake_fd, &one, sizeof one);
    (void)written;
}

void reactors_give_back(void *owner, struct ticket *tickets)
{
    struct reactor *reactor = owner;
    struct ticket **end = &tickets;
    bool was_empty;

    while (*end)
        end = &(*end)->next;
    if (end == &tickets)
        return;
    pthread_mutex_lock(&reactor->lock);
    was_empty = reactor->inbox == NULL;
    *reactor->inbox_end = tickets;
    reactor->inbox_end = end;
    pthread_mutex_unlock(&reactor->lock);
    if (was_empty)
        wake(reactor);
}

void reactors_reload(struct reactors *reactors, struct live *live)
{
    struct view *view = view_new(&reactors->tally, live);

    if (!view) {
        log_event(LOG_LEVEL_ERROR, "reload-failed", "detail", "no memory", NULL);
        return;
    }
    for (int i = 0; i < reactors->count; i++) {
        struct reactor *reactor = reactors->list[i];
        struct view *unread;

        pthread_mutex_lock(&reactor->lock);
        unread = reactor->next_view;
        reactor->next_view = view_hold(view);
        pthread_mutex_unlock(&reactor->lock);
        view_drop(unread);
        wake(reactor);
    }
    view_drop(view);
}

int64_t reactors_connections(const struct reactors *reactors)
{
    return atomic_load_explicit(&reactors->tally.connections, memory_order_relaxed);
}

const char *reactors_address(const struct reactors *reactors)
{
    return reactors->address_text;
}

/* -- accepting ----------------------------------------------------------------------------------
 */

static void accepting_set(struct reactor *reactor, bool accepting)
{
    if (accepting == reactor->accepting)
        return;
    if ((accepting ? event_add(reactor->can_accept, NULL) : event_del(reactor->can_accept)) == 0)
        reactor->accepting = accepting;
}

/* No file descriptor or memory is left: the listener stays readable, so looking at it again at once
 * would only turn in a circle. */
static void accept_pause(struct reactor *reactor, int why)
{
    log_event(LOG_LEVEL_ERROR, "accept-failed", "detail", strerror(why), NULL);
    accepting_set(reactor, false);
    reactor->accept_again_ms = room_now_ms(&reactor->room) + ACCEPT_PAUSE_MS;
}

static bool is_shortage(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
    struct reactor *reactor = context;

    (void)what;
    for (int i = 0; i < ACCEPTS_MOST; i++) {
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        struct in6_addr address;
        int socket_fd =
            accept4(fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (socket_fd < 0 && is_shortage(errno))
            accept_pause(reactor, errno);
        if (socket_fd < 0)
            return;
        address = listener_peer(&from);
        room_enter(&reactor->room, socket_fd, &address);
    }
}

/* -- the thread ---------------------------------------------------------------------------------
 */

static void stop_begin(struct reactor *reactor)
{
    if (reactor->listener < 0)
        return;
    accepting_set(reactor, false);
    (void)close(reactor->listener);
    reactor->listener = -1;
    room_stop(&reactor->room);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct reactor *reactor = context;
    struct ticket *tickets;
    struct view *view;
    uint64_t wakes;
    ssize_t got = read(fd, &wakes, sizeof wakes);

    (void)got;
    (void)what;
    pthread_mutex_lock(&reactor->lock);
    tickets = reactor->inbox;
    reactor->inbox = NULL;
    reactor->inbox_end = &reactor->inbox;
    view = reactor->next_view;
    reactor->next_view = NULL;
    pthread_mutex_unlock(&reactor->lock);
    if (view)
        room_reload(&reactor->room, view);
    view_drop(view);
    room_give_back(&reactor->room, tickets);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct reactor *reactor = context;
    struct tally *tally = &reactor->all->tally;
    int64_t now_ms = room_now_ms(&reactor->room);

    (void)fd;
    (void)what;
    room_tick(&reactor->room);
    if (reactor->listener >= 0 && !reactor->accepting && now_ms >= reactor->accept_again_ms)
        accepting_set(reactor, true);
    if (reactor->index > 0)
        return;
    series_set(tally->connections_now, (double)reactors_connections(reactor->all));
    series_set(tally->pending_now, (double)writer_pending_bytes(reactor->all->writer));
}

static bool goes_on(struct reactor *reactor)
{
    int64_t stop_ms = atomic_load(&reactor->stop_ms);

    if (stop_ms == 0)
        return true;
    stop_begin(reactor);
    return reactor->room.open_count > 0 && room_now_ms(&reactor->room) < stop_ms;
}

static void *reactor_run(void *context)
{
    struct reactor *reactor = context;
    char name[16];

    (void)snprintf(name, sizeof name, "reactor-%d", reactor->index);
    (void)pthread_setname_np(pthread_self(), name);
    accepting_set(reactor, true);
    while (goes_on(reactor)) {
        room_end_round(&reactor->room, reactor->all->writer);
        if (event_base_loop(reactor->base, EVLOOP_ONCE) < 0) {
            log_event(LOG_LEVEL_ERROR, "event-loop-failed", "detail", strerror(errno), NULL);
            break;
        }
    }
    stop_begin(reactor);
    room_release(&reactor->room);
    return NULL;
}

/* -- opening ------------------------------------------------------------------------------------
 */

static int count_by_cores(void)
{
    cpu_set_t cores;
    int count = 1;

    CPU_ZERO(&cores);
    if (sched_getaffinity(0, sizeof cores, &cores) == 0)
        count = CPU_COUNT(&cores);
    return count <= 2 ? 1 : count / 2 > 4 ? 4 : count / 2;
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    return base;
}

static bool events_add(struct reactor *reactor)
{
    const struct timeval every = {.tv_usec = REACTOR_TICK_MS * 1000};

    reactor->can_accept =
        event_new(reactor->base, reactor->listener, EV_READ | EV_PERSIST, on_acceptable, reactor);
    reactor->woken =
        event_new(reactor->base, reactor->wake_fd, EV_READ | EV_PERSIST, on_wake, reactor);
    reactor->tick = event_new(reactor->base, -1, EV_PERSIST, on_tick, reactor);
    return reactor->can_accept && reactor->woken && reactor->tick &&
           event_add(reactor->woken, NULL) == 0 && event_add(reactor->tick, &every) == 0;
}

static void reactor_free(struct reactor *reactor)
{
    struct event *events[] = {reactor->can_accept, reactor->woken, reactor->tick};

    if (reactor->room.base)
        room_release(&reactor->room);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i])
            event_free(events[i]);
    }
    if (reactor->base)
        event_base_free(reactor->base);
    if (reactor->listener >= 0)
        (void)close(reactor->listener);
    if (reactor->wake_fd >= 0)
        (void)close(reactor->wake_fd);
    while (reactor->inbox) {
        struct ticket *ticket = reactor->inbox;
        reactor->inbox = ticket->next;
        request_free((struct request *)ticket);
    }
    view_drop(reactor->next_view);
    pthread_mutex_destroy(&reactor->lock);
    free(reactor);
}

static struct reactor *reactor_new(struct reactors *reactors, int index, struct view *view,
                                   struct error *error)
{
    struct reactor *reactor = calloc(1, sizeof *reactor);

    if (!reactor) {
        error_no_memory(error);
        return NULL;
    }
    reactor->all = reactors;
    reactor->index = index;
    reactor->listener = reactor->wake_fd = -1;
    reactor->inbox_end = &reactor->inbox;
    pthread_mutex_init(&reactor->lock, NULL);
    reactor->listener = listener_open(&reactors->address, index == 0, error);
    if (reactor->listener < 0)
        goto failed;
    reactor->base = base_new();
    reactor->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!reactor->base || reactor->wake_fd < 0 || !events_add(reactor)) {
        error_set(error, ERROR_FAILED, "cannot make an event loop: %s", strerror(errno));
        goto failed;
    }
    room_init(&reactor->room, reactor->base, &reactors->tally, view, reactor);
    return reactor;
failed:
    reactor_free(reactor);
    return NULL;
}

static bool reactors_add(struct reactors *reactors, int count, struct live *live,
                         struct error *error)
{
    struct view *view = view_new(&reactors->tally, live);

    if (!view)
        return error_no_memory(error);
    while (reactors->count < count) {
        struct reactor *reactor = reactor_new(reactors, reactors->count, view, error);
        if (!reactor)
            break;
        reactors->list[reactors->count++] = reactor;
    }
    view_drop(view);
    return reactors->count == count;
}

struct reactors *reactors_open(const struct reactor_options *options, struct error *error)
{
    const struct config_listen *listen_at = &options->live->config->listen;
    int64_t count = listen_at->reactors > 0 ? listen_at->reactors : count_by_cores();
    struct reactors *reactors = calloc(1, sizeof *reactors);

    if (!reactors || !tally_init(&reactors->tally, options->metrics)) {
        free(reactors);
        error_no_memory(error);
        return NULL;
    }
    if (count > REACTORS_MOST)
        count = REACTORS_MOST;
    if (!listener_parse(listen_at->address, &reactors->address, error) ||
        !reactors_add(reactors, (int)count, options->live, error)) {
        error_wrap(error, "%s", listen_at->address);
        reactors_free(reactors);
        return NULL;
    }
    listener_write(&reactors->address, reactors->address_text);
    return reactors;
}

/* -- starting and stopping ----------------------------------------------------------------------
 */

bool reactors_start(struct reactors *reactors, struct writer *writer, struct error *error)
{
    sigset_t all, before;
    int failed = 0;

    reactors->writer = writer;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < reactors->count && failed == 0; i++) {
        struct reactor *reactor = reactors->list[i];
        failed = pthread_create(&reactor->thread, NULL, reactor_run, reactor);
        reactor->started = failed == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        return true;
    reactors_stop(reactors, 0);
    return error_set(error, ERROR_FAILED, "cannot start a thread: %s", strerror(failed));
}

void reactors_stop(struct reactors *reactors, int64_t deadline_ms)
{
    for (int i = 0; i < reactors->count; i++) {
        struct reactor *reactor = reactors->list[i];

        atomic_store(&reactor->stop_ms, deadline_ms > 0 ? deadline_ms : 1);
        wake(reactor);
    }
    for (int i = 0; i < reactors->count; i++) {
        struct reactor *reactor = reactors->list[i];

        if (reactor->started)
            pthread_join(reactor->thread, NULL);
        reactor->started = false;
    }
}

void reactors_free(struct reactors *reactors)
{
    if (!reactors)
        return;
    for (int i = 0; i < reactors->count; i++)
        reactor_free(reactors->list[i]);
    tally_release(&reactors->tally);
    free(reactors);
}
