#include "ingest/service.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/file.h"
#include "ingest/admin.h"
#include "ingest/dispatch.h"
#include "ingest/live.h"
#include "ingest/log.h"
#include "ingest/notify.h"
#include "ingest/published.h"
#include "ingest/reactor.h"
#include "ingest/shape.h"
#include "ingest/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    HOUSEKEEPING_MS = 200,
    MEASURING_MS = 1000,
    STOP_REACTORS_MS = 4000, /* then what is accepted is answered or given up */
    STOP_DISPATCH_MS = 8000, /* then deliveries are cut off; systemd waits 15 s */
};

struct service {
    int lock_fd;
    char instance[33];
    int64_t started_us;
    atomic_bool stopping;
    struct metrics *metrics;
    struct queue *queue;
    struct ledger *ledger;
    struct live *first; /* whose configuration the parts were started with */
    struct shapes *shapes;
    struct dispatch *dispatch;
    struct reactors *reactors;
    struct writer *writer;
    struct admin *admin;

    pthread_mutex_t change; /* one reload or publishing at a time; also guards `live` */
    struct live *live;      /* the newest */

    pthread_t housekeeper;
    bool housekeeping;
    pthread_mutex_t housekeeper_lock;
    pthread_cond_t housekeeper_wake;
};

/* -- what others published ----------------------------------------------------------------------
 */

/* What the ledger has kept of it; nothing when that is damaged, which is logged. */
static bool read_kept(struct service *service, struct published *published, struct error *error)
{
    char *document = ledger_kept(service->ledger, "subscriptions", error);
    struct error why = ERROR_INIT;

    *published = (struct published){0};
    if (!document && error->code)
        return false;
    if (document && !published_read(published, document, strlen(document), &why))
        log_event(LOG_LEVEL_ERROR, "published-unreadable", "error", why.text, NULL);
    free(document);
    return true;
}

/* Takes over subscriptions and keys. The service's `change` is locked, or nothing runs yet. */
static bool take_over(struct service *service, struct live *live, struct published *published,
                      struct error *error)
{
    size_t count = 0;
    const struct config_subscription *merged = published_merge(published, live->config, &count);

    if (!merged)
        return error_no_memory(error);
    if (!dispatch_subscriptions(service->dispatch, merged, count, error) ||
        !dispatch_compat(service->dispatch, live->config, error))
        return false;
    if (service->live != live) {
        struct live *before = service->live;
        service->live = live_hold(live);
        reactors_reload(service->reactors, live);
        live_drop(before);
    }
    return true;
}

static void count_reload(struct service *service, bool ok)
{
    series_add(metrics_series(service->metrics, METRIC_RELOADS, ok ? "ok" : "failed", NULL), 1);
}

/* The admin listener's PUT /v1/subscriptions. What does not hold as a whole changes nothing. */
static bool publish(void *context, const char *document, size_t length, struct error *error)
{
    struct service *service = context;
    struct published published;
    struct live *live = NULL;
    struct buf text; /* the document ends in no NUL */

    buf_init(&text, length);
    buf_add(&text, document, length);
    pthread_mutex_lock(&service->change);
    bool ok = !text.failed || error_no_memory(error);
    ok = ok && published_read(&published, document, length, error);
    if (ok) {
        live = live_again(service->live, published.keys, published.key_count, error);
        ok = live && take_over(service, live, &published, error) &&
             ledger_keep(service->ledger, "subscriptions", buf_text(&text), error);
        if (live)
            live_drop(live);
        published_release(&published);
    }
    count_reload(service, ok);
    pthread_mutex_unlock(&service->change);
    buf_release(&text);
    return ok;
}

/* -- reload -------------------------------------------------------------------------------------
 */

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_sinks(const struct config *a, const struct config *b)
{
    if (a->sink_count != b->sink_count)
        return false;
    for (size_t i = 0; i < a->sink_count; i++) {
        const struct config_sink *one = &a->sinks[i], *other = config_find_sink(b, one->name);
        if (!other || one->type != other->type || !same(one->url, other->url) ||
            !same(one->path, other->path))
            return false;
    }
    return true;
}

/* Says what of a new configuration waits for a restart. */
static void name_fixed(const struct config *now, const struct config *new)
{
    const struct {
        const char *key;
        bool same;
    } fixed[] = {
        {"data", same(now->data, new->data)},
        {"listen.address", same(now->listen.address, new->listen.address)},
        {"admin.address", same(now->admin.address, new->admin.address)},
        {"sinks", same_sinks(now, new)},
    };

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!fixed[i].same)
            log_event(LOG_LEVEL_WARNING, "reload-needs-restart", "key", fixed[i].key, NULL);
}

static void reload(struct service *service, bool (*reread)(void *context, struct config *config),
                   void *context)
{
    struct config config;
    struct published published = {0};
    struct error error = ERROR_INIT;
    struct live *live = NULL;
    bool ok = false;

    notify_reloading();
    config_init(&config);
    pthread_mutex_lock(&service->change);
    if (!reread(context, &config)) {
        error_set(&error, ERROR_INVALID, "the configuration is not valid");
        config_release(&config);
    } else if (read_kept(service, &published, &error)) {
        name_fixed(service->first->config, &config);
        live = live_new(&config, published.keys, published.key_count, &error);
        ok = live && take_over(service, live, &published, &error);
    } else {
        config_release(&config);
    }
    if (live)
        live_drop(live);
    published_release(&published);
    pthread_mutex_unlock(&service->change);
    count_reload(service, ok);
    log_event(ok ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, ok ? "reloaded" : "reload-failed", "error",
              ok ? NULL : error.text, NULL);
    notify("READY=1");
}

/* -- housekeeping -------------------------------------------------------------------------------
 */

static void measure(struct service *service)
{
    struct queue_stat stat;
    struct metrics *metrics = service->metrics;

    queue_stat(service->queue, &stat);
    dispatch_measure(service->dispatch);
    series_set(metrics_series(metrics, METRIC_STORE_BYTES, "queue", NULL), (double)stat.bytes);
    series_set(metrics_series(metrics, METRIC_STORE_BYTES, "ledger", NULL),
               (double)ledger_bytes(service->ledger));
    series_set(metrics_series(metrics, METRIC_FREE_BYTES, NULL, NULL), (double)stat.free_bytes);
    series_set(metrics_series(metrics, METRIC_RESERVE_BYTES, NULL, NULL),
               (double)stat.reserve_bytes);
    series_set(metrics_series(metrics, METRIC_PENDING_BYTES, NULL, NULL),
               (double)writer_pending_bytes(service->writer));
    series_set(metrics_series(metrics, METRIC_CONNECTIONS, NULL, NULL),
               (double)reactors_connections(service->reactors));
}

/* True when it is to go on. */
static bool housekeeper_waits(struct service *service)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += HOUSEKEEPING_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&service->housekeeper_lock);
    if (service->housekeeping)
        pthread_cond_timedwait(&service->housekeeper_wake, &service->housekeeper_lock, &until);
    bool on = service->housekeeping;
    pthread_mutex_unlock(&service->housekeeper_lock);
    return on;
}

static void *keep_house(void *context)
{
    struct service *service = context;
    struct error said = ERROR_INIT;
    int64_t measured_ms = 0;

    pthread_setname_np(pthread_self(), "housekeeper");
    do {
        struct error error = ERROR_INIT;
        if (!queue_checkpoint(service->queue, false, &error) && strcmp(error.text, said.text) != 0)
            log_event(LOG_LEVEL_WARNING, "checkpoint-failed", "error", error.text, NULL);
        said = error; /* it is tried again and again, and said once */
        if (clock_monotonic_ms() - measured_ms >= MEASURING_MS) {
            measured_ms = clock_monotonic_ms();
            measure(service);
        }
    } while (housekeeper_waits(service));
    return NULL;
}

static bool start_housekeeper(struct service *service, struct error *error)
{
    service->housekeeping = true;
    if (!pthread_create(&service->housekeeper, NULL, keep_house, service))
        return true;
    service->housekeeping = false;
    return error_set(error, ERROR_FAILED, "cannot start the housekeeping thread");
}

static void stop_housekeeper(struct service *service)
{
    pthread_mutex_lock(&service->housekeeper_lock);
    bool runs = service->housekeeping;
    service->housekeeping = false;
    pthread_cond_signal(&service->housekeeper_wake);
    pthread_mutex_unlock(&service->housekeeper_lock);
    if (runs)
        pthread_join(service->housekeeper, NULL);
}

/* -- start --------------------------------------------------------------------------------------
 */

/* Two ingestds on one folder would each believe to be the only one. */
static bool lock_folder(struct service *service, const char *folder, struct error *error)
{
    char path[4096];

    if (!file_make_folder(folder, error))
        return false;
    snprintf(path, sizeof path, "%s/ingestd.lock", folder);
    service->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (service->lock_fd < 0)
        return error_set(error, ERROR_FAILED, "%s: %s", path, strerror(errno));
    if (flock(service->lock_fd, LOCK_EX | LOCK_NB))
        return error_set(error, ERROR_FAILED, "another ingestd works in %s", folder);
    return true;
}

static void make_instance(struct service *service)
{
    unsigned char random[8] = {0};

    if (RAND_bytes(random, sizeof random) != 1)
        memcpy(random, &service->started_us, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(service->instance + 2 * i, 3, "%02x", random[i]);
}

static bool open_store(struct service *service, const struct config *config, struct error *error)
{
    struct ledger_options options = {
        .window_ms = config->dedupe.window_ms,
        .dead_letter_bytes = config->dead_letters.bytes,
        .dead_letter_retention_ms = config->dead_letters.retention_ms,
    };

    if (!lock_folder(service, config->data, error))
        return false;
    service->queue = queue_open(config->data, &config->queue, error);
    service->ledger = service->queue ? ledger_open(config->data, &options, error) : NULL;
    return service->ledger != NULL;
}

static bool open_dispatch(struct service *service, struct published *published, struct error *error)
{
    const struct config *config = service->live->config;

    service->shapes = shapes_new(&config->shapes, service->ledger, service->metrics, error);
    if (!service->shapes)
        return false;
    struct dispatch_options options = {.config = config,
                                       .queue = service->queue,
                                       .ledger = service->ledger,
                                       .metrics = service->metrics,
                                       .shapes = service->shapes};
    service->dispatch = dispatch_new(&options, error);
    return service->dispatch && take_over(service, service->live, published, error);
}

static bool start_accepting(struct service *service, struct error *error)
{
    struct writer_options writer = {.queue = service->queue,
                                    .metrics = service->metrics,
                                    .pending_bytes = service->live->config->limits.pending_bytes,
                                    .give_back = reactors_give_back,
                                    .stored = dispatch_stored,
                                    .settled_before = dispatch_settled_before,
                                    .context = service->dispatch};
    struct reactor_options reactors = {.live = service->live, .metrics = service->metrics};

    service->reactors = reactors_open(&reactors, error);
    service->writer = service->reactors ? writer_start(&writer, error) : NULL;
    return service->writer && dispatch_start(service->dispatch, error) &&
           reactors_start(service->reactors, service->writer, error);
}

static bool start_admin(struct service *service, struct error *error)
{
    const struct config *config = service->first->config;
    struct admin_options options = {.config = &config->admin,
                                    .settings = config,
                                    .queue = service->queue,
                                    .ledger = service->ledger,
                                    .dispatch = service->dispatch,
                                    .writer = service->writer,
                                    .reactors = service->reactors,
                                    .metrics = service->metrics,
                                    .shapes = service->shapes,
                                    .instance = service->instance,
                                    .stopping = &service->stopping,
                                    .started_us = service->started_us,
                                    .publish = publish,
                                    .context = service};

    service->admin = admin_start(&options, error);
    return service->admin != NULL;
}

static bool start_all(struct service *service, struct config *config, struct error *error)
{
    struct published published = {0};
    bool ok = open_store(service, config, error) && read_kept(service, &published, error);

    if (ok)
        service->live = live_new(config, published.keys, published.key_count, error);
    else
        config_release(config);
    if (service->live)
        service->first = live_hold(service->live);
    ok = service->live && open_dispatch(service, &published, error) &&
         start_accepting(service, error) && start_admin(service, error) &&
         start_housekeeper(service, error);
    published_release(&published);
    return ok;
}

/* Signals are the main thread's, which waits for them. */
static void block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static struct service *service_new(void)
{
    struct service *service = calloc(1, sizeof *service);
    pthread_condattr_t monotonic;

    if (!service)
        return NULL;
    service->lock_fd = -1;
    pthread_mutex_init(&service->change, NULL);
    pthread_mutex_init(&service->housekeeper_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&service->housekeeper_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    service->started_us = clock_unix_us();
    make_instance(service);
    service->metrics = metrics_new();
    return service;
}

struct service *service_start(struct config *config, struct error *error)
{
    struct service *service = service_new();

    if (!service || !service->metrics) {
        error_no_memory(error);
        config_release(config);
    }
    block_signals();
    if (service && service->metrics && start_all(service, config, error)) {
        series_set(
            metrics_series(service->metrics, METRIC_INFO, EVENTCTL_VERSION, service->instance), 1);
        series_set(metrics_series(service->metrics, METRIC_START, NULL, NULL),
                   (double)service->started_us / 1e6);
        log_event(LOG_LEVEL_INFO, "started", "version", EVENTCTL_VERSION, "instance",
                  service->instance, "address", service_address(service), NULL);
        return service;
    }
    if (service)
        service_stop(service);
    return NULL;
}

const char *service_address(const struct service *service)
{
    return reactors_address(service->reactors);
}

const char *service_admin_address(const struct service *service)
{
    return admin_address(service->admin);
}

/* -- run and stop -------------------------------------------------------------------------------
 */

void service_run(struct service *service, bool (*reread)(void *context, struct config *config),
                 void *context)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    notify("READY=1");
    for (;;) {
        int signal = sigwaitinfo(&signals, NULL);
        if (signal == SIGHUP)
            reload(service, reread, context);
        else if (signal > 0)
            return;
    }
}

void service_stop(struct service *service)
{
    int64_t now_ms = clock_monotonic_ms();
    struct error error = ERROR_INIT;

    atomic_store(&service->stopping, true);
    notify("STOPPING=1");
    if (service->reactors)
        reactors_stop(service->reactors, now_ms + STOP_REACTORS_MS);
    /* Both look at all the rest. */
    admin_stop(service->admin);
    stop_housekeeper(service);
    if (service->writer)
        writer_stop(service->writer);
    if (service->dispatch)
        dispatch_stop(service->dispatch, now_ms + STOP_DISPATCH_MS);
    if (service->queue && !queue_checkpoint(service->queue, true, &error))
        log_event(LOG_LEVEL_WARNING, "checkpoint-failed", "error", error.text, NULL);
    reactors_free(service->reactors);
    dispatch_free(service->dispatch);
    shapes_free(service->shapes);
    ledger_close(service->ledger);
    queue_close(service->queue);
    if (service->live)
        live_drop(service->live);
    if (service->first)
        live_drop(service->first);
    metrics_free(service->metrics);
    if (service->lock_fd >= 0)
        close(service->lock_fd);
    pthread_cond_destroy(&service->housekeeper_wake);
    pthread_mutex_destroy(&service->housekeeper_lock);
    pthread_mutex_destroy(&service->change);
    free(service);
    log_event(LOG_LEVEL_INFO, "stopped", NULL);
}
