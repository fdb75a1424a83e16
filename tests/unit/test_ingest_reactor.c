/* The reactors from outside: bytes on a loopback socket in, replies out, over a queue and an
 * authentication that do as they are told. This program has its own auth_*, live_* and queue_*
 * functions, and is linked without auth*, live and queue*. */
#include "ingest/reactor.h"

#include "core/clock.h"
#include "ingest/connection.h"
#include "ingest/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { SHORT_MS = 200, LONG_MS = 60000, FAILURES = 3 };

/* -- what it stands on --------------------------------------------------------------------------
 */

struct auth {
    const char *key; /* of the header x-key */
};
struct auth_source {
    const struct config_source *config;
};

static struct config_source config_source = {
    .name = "source", .path = "/events", .subscription = "default", .share_percent = 100};
static struct auth_source auth_source = {&config_source};

const struct auth_source *auth_find(const struct auth *auth, const char *path)
{
    (void)auth;
    return strcmp(path, "/events") == 0 ? &auth_source : NULL;
}

const struct config_source *auth_source_config(const struct auth_source *source)
{
    return source->config;
}

bool auth_allows(const struct auth_source *source, const struct in6_addr *address)
{
    (void)source;
    return IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127;
}

static const char *volatile good_key;

struct auth_verdict auth_verify(const struct auth_source *source, const struct http_reader *request,
                                const struct auth_sender *sender)
{
    const struct http_header *key = http_reader_header(request, "x-key", NULL);

    (void)source;
    (void)sender;
    if (!key || strcmp(key->value, good_key) != 0)
        return (struct auth_verdict){.reason = AUTH_SIGNATURE};
    return (struct auth_verdict){.reason = AUTH_OK, .key_id = "key", .algorithm = "told"};
}

const char *auth_reason_word(enum auth_reason reason)
{
    return reason == AUTH_SIGNATURE ? "signature" : "other";
}

const char *config_scheme_word(int scheme)
{
    (void)scheme;
    return "told";
}

struct live *live_hold(struct live *live)
{
    atomic_fetch_add(&live->references, 1);
    return live;
}

void live_drop(struct live *live)
{
    atomic_fetch_sub(&live->references, 1);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct queue {
    bool shut, inside, fails;
    size_t stored;
    char subscription[ARRIVAL_SUBSCRIPTION_MOST + 1], headers[512], body[512];
    uint32_t flags;
} queue;

bool queue_append(struct queue *at, struct arrival *const *arrivals, size_t count,
                  enum queue_trouble *trouble, struct error *error)
{
    bool stored;

    pthread_mutex_lock(&lock);
    at->inside = true;
    pthread_cond_broadcast(&changed);
    while (at->shut)
        pthread_cond_wait(&changed, &lock);
    at->inside = false;
    stored = !at->fails;
    at->stored += stored ? count : 0;
    (void)snprintf(at->subscription, sizeof at->subscription, "%s", arrivals[0]->subscription);
    (void)snprintf(at->headers, sizeof at->headers, "%s", arrivals[0]->headers);
    (void)snprintf(at->body, sizeof at->body, "%s", arrivals[0]->body);
    at->flags = arrivals[0]->flags;
    pthread_mutex_unlock(&lock);
    if (!stored) {
        *trouble = QUEUE_IO;
        error_set(error, ERROR_FAILED, "as told");
    }
    return stored;
}

bool queue_trim(struct queue *at, int64_t before_position, size_t most, size_t *removed,
                struct error *error)
{
    (void)at;
    (void)before_position;
    (void)most;
    (void)error;
    *removed = 0;
    return true;
}

const char *queue_trouble_word(enum queue_trouble trouble)
{
    (void)trouble;
    return "io";
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

/* -- setting up ---------------------------------------------------------------------------------
 */

static struct config config;
static struct live live;
static struct metrics *metrics;
static struct writer *writer;
static struct reactors *reactors;

static void configure(void)
{
    static struct auth auth;

    config = (struct config){
        .listen = {.address = "127.0.0.1:0", .plaintext = true, .reactors = 2},
        .limits = {.handshake_ms = LONG_MS,
                   .head_ms = LONG_MS,
                   .body_ms = LONG_MS,
                   .idle_ms = LONG_MS,
                   .body_bytes = 1000,
                   .batch_bytes = 2000,
                   .headers = 64,
                   .head_bytes = 16384,
                   .connections = 20,
                   .connections_per_address = 10,
                   .failures_per_minute = 1000000,
                   .pending_bytes = 1 << 20,
                   .hold_ms = LONG_MS},
        .sources = &config_source,
        .source_count = 1,
    };
    good_key = "good";
    live = (struct live){.config = &config, .auth = &auth};
    atomic_init(&live.references, 1);
    live.http = (struct http_limits){
        .head_bytes = 16384, .headers = 64, .body_bytes = 1000, .batch_bytes = 2000};
    config_source.share_percent = 100;
    queue = (struct queue){0};
}

static void start(void)
{
    struct error error = ERROR_INIT;
    struct reactor_options options = {.live = &live, .metrics = metrics};
    struct writer_options writing = {.queue = &queue,
                                     .metrics = metrics,
                                     .pending_bytes = config.limits.pending_bytes,
                                     .give_back = reactors_give_back};

    reactors = reactors_open(&options, &error);
    assert_non_null(reactors);
    writer = writer_start(&writing, &error);
    assert_non_null(writer);
    assert_true(reactors_start(reactors, writer, &error));
}

static int setup(void **state)
{
    (void)state;
    metrics = metrics_new();
    assert_non_null(metrics);
    configure();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    shut_set(false);
    if (reactors)
        reactors_stop(reactors, clock_monotonic_ms());
    writer_stop(writer);
    reactors_free(reactors);
    assert_int_equal(atomic_load(&live.references), 1);
    metrics_free(metrics);
    writer = NULL;
    reactors = NULL;
    return 0;
}

/* -1: refused. */
static int try_connect(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(strrchr(reactors_address(reactors), ':') + 1)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static int dial(const char *bytes)
{
    int fd = try_connect();

    assert_true(fd >= 0);
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
    return fd;
}

/* Reads until `count` status lines and the end of the last head are there, or the end; returns the
 * codes, "202 401"; "-" stands for the end. */
static const char *codes(int fd, int count)
{
    static char text[16384], found[256];
    size_t length = 0, out = 0;
    const char *at = text;

    found[0] = text[0] = '\0';
    while (count > 0) {
        const char *code = strstr(at, "HTTP/1.1 "), *end = code ? strstr(code, "\r\n\r\n") : NULL;
        ssize_t got;

        if (end) {
            out +=
                (size_t)snprintf(found + out, sizeof found - out, out ? " %.3s" : "%.3s", code + 9);
            at = end;
            count--;
            continue;
        }
        got = recv(fd, text + length, sizeof text - 1 - length, 0);
        if (got <= 0) {
            (void)snprintf(found + out, sizeof found - out, out ? " -" : "-");
            break;
        }
        length += (size_t)got;
        text[length] = '\0';
    }
    return found;
}

/* The first reply, whole as far as it came at once. */
static const char *reply(int fd)
{
    static char text[4096];
    ssize_t got = recv(fd, text, sizeof text - 1, 0);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

static uint64_t count_of(enum metric metric, const char *first)
{
    return series_count(metrics_series(metrics, metric, first, NULL));
}

#define HEAD(method, path, more) method " " path " HTTP/1.1\r\nHost: h\r\nX-Key: good\r\n" more
#define POST(more)               HEAD("POST", "/events", more "Content-Length: 7\r\n\r\n{\"a\":1}")
#define BAD                      "POST /events HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"

/* -- tests --------------------------------------------------------------------------------------
 */

static void test_replies(void **state)
{
    static const struct {
        const char *bytes, *codes;
        int count;
    } cases[] = {
        {POST(""), "202", 1},
        {POST("") POST("") POST(""), "202 202 202", 3},
        {POST("Connection: close\r\n"), "202 -", 2},
        {POST("Connection: close\r\n") POST(""), "202 -", 2},
        {BAD POST(""), "401 202", 2},
        {HEAD("POST", "/other", "\r\n") POST(""), "404 202", 2},
        {HEAD("PUT", "/events", "\r\n") POST(""), "405 202", 2},
        {HEAD("POST", "/other", "Content-Length: 100\r\n\r\n"), "404 -", 2},
        {HEAD("POST", "/events", "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"), "202", 1},
        {HEAD("POST", "/events", "Content-Length: 1001\r\n\r\n{"), "413 -", 2},
        {HEAD("POST", "/events", "Content-Length: 2001\r\n\r\n"), "413 -", 2},
        {HEAD("POST", "/events", "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), "400 -", 2},
        {"POST /events HTTP/1.0\r\n\r\n", "505 -", 2},
        {"nonsense\r\n\r\n", "400 -", 2},
    };

    (void)state;
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = dial(cases[i].bytes);
        assert_string_equal(codes(fd, cases[i].count), cases[i].codes);
        close(fd);
    }
}

static void test_byte_by_byte(void **state)
{
    const char *bytes = POST("") POST("");
    int fd;

    (void)state;
    start();
    fd = dial("");
    for (const char *at = bytes; *at; at++)
        assert_int_equal(send(fd, at, 1, MSG_NOSIGNAL), 1);
    assert_string_equal(codes(fd, 2), "202 202");
    close(fd);
}

static void test_continue(void **state)
{
    int fd;

    (void)state;
    start();
    fd = dial(HEAD("POST", "/events", "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    assert_string_equal(reply(fd), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(send(fd, "{}", 2, MSG_NOSIGNAL), 2);
    assert_string_equal(codes(fd, 1), "202");
    close(fd);
}

static void test_what_is_stored(void **state)
{
    int fd;

    (void)state;
    start();
    fd = dial(HEAD("POST", "/events?a=b&topic=v2.%7Bid%7D+x&topic=other",
                   "Traceparent: 00-1\r\nAuthorization: secret\r\nContent-Type: a\"b\r\n"
                   "Content-Length: 24\r\n\r\n{\"subscriptionId\":\"s 1\"}"));
    assert_string_equal(codes(fd, 1), "202");
    assert_string_equal(queue.headers, "{\"traceparent\":\"00-1\",\"content-type\":\"a\\\"b\","
                                       "\"topic\":\"v2.{id} x\"}");
    assert_int_equal(strncmp(queue.subscription, "sha256:", 7), 0);
    assert_int_equal(strlen(queue.subscription), 39);
    assert_int_equal(queue.flags, 0);
    assert_string_equal(queue.body, "{\"subscriptionId\":\"s 1\"}");
    close(fd);
    fd = dial(HEAD("POST", "/events", "X-Genesys-Topic: t\r\nContent-Length: 4\r\n\r\nnone"));
    assert_string_equal(codes(fd, 1), "202");
    assert_string_equal(queue.headers, "{\"topic\":\"t\"}");
    assert_string_equal(queue.subscription, "default");
    assert_int_equal(queue.flags, ARRIVAL_QUARANTINED);
    close(fd);
}

/* Each phase ends at its deadline, without a reply, whatever came meanwhile. */
static void test_deadlines(void **state)
{
    static const struct {
        const char *bytes, *phase;
    } cases[] = {
        {"", "idle"},
        {"\r\n", "idle"},
        {"POST /ev", "head"},
        {HEAD("POST", "/events", "Content-Length: 9\r\n\r\n{"), "body"},
    };

    (void)state;
    config.limits.idle_ms = config.limits.head_ms = config.limits.body_ms = SHORT_MS;
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t before = count_of(METRIC_CLOSED, cases[i].phase);
        int64_t began_ms = clock_monotonic_ms();
        int fd = dial(cases[i].bytes);

        assert_string_equal(codes(fd, 1), "-");
        assert_true(clock_monotonic_ms() - began_ms >= SHORT_MS);
        assert_int_equal(count_of(METRIC_CLOSED, cases[i].phase), before + 1);
        close(fd);
    }
}

/* -- the same by a clock of the test's own ------------------------------------------------------
 *
 * One room without its thread: a round every REACTOR_TICK_MS, which it is told the time of. None of
 * the deadlines falls on a round. In each round the sender drips.
 */

static const struct drip {
    const char *name, *begin, *drip;
    enum phase phase;
    int64_t deadline_ms;
    int64_t body_rate_bytes;
} drips[] = {
    {"handshake", "\x16\x03\x01\x02", "x", PHASE_HANDSHAKE, 5001, 0},
    {"idle", "", "", PHASE_IDLE, 75001, 0},
    {"empty lines", "\r\n", "", PHASE_IDLE, 75001, 0},
    {"head", "POST /ev", "x", PHASE_HEAD, 10001, 0},
    {"body", HEAD("POST", "/events", "Content-Length: 900\r\n\r\n"), "x", PHASE_BODY, 20001, 0},
    {"rate", HEAD("POST", "/events", "Content-Length: 900\r\n\r\n"), "x", PHASE_BODY, 2001, 1024},
    {"linger", "nonsense\r\n\r\n", "x", PHASE_LINGER, PHASE_LINGER_MS, 0},
    {"reply", NULL, "x", PHASE_REPLY, PHASE_REPLY_MS, 0},
};

/* More requests than replies go into the socket of a peer that reads none. */
static void send_many(int fd)
{
    for (int i = 0; i < 100; i++) {
        const char *bytes = HEAD("POST", "/other", "\r\n");
        assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
    }
}

static void room_round(struct room *room, int64_t now_ms)
{
    room->round_ms = now_ms;
    assert_true(event_base_loop(room->base, EVLOOP_NONBLOCK) >= 0);
    room_tick(room);
    room_end_round(room, NULL);
}

/* How long the phase lasted. */
static int64_t drip_until_closed(struct room *room, const struct drip *drip)
{
    const struct in6_addr loopback = {.s6_addr = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
    const int64_t begin_ms = 1000050;
    int64_t now_ms = begin_ms;
    int pair[2], small = 1;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    room->round_ms = now_ms;
    room_enter(room, pair[0], &loopback);
    if (drip->begin)
        assert_int_equal(send(pair[1], drip->begin, strlen(drip->begin), 0), strlen(drip->begin));
    else
        send_many(pair[1]);
    room_round(room, now_ms);
    assert_non_null(phase_first(&room->phases, drip->phase));
    while (room->open_count > 0) {
        now_ms += REACTOR_TICK_MS;
        (void)!send(pair[1], drip->drip, strlen(drip->drip), MSG_NOSIGNAL);
        room_round(room, now_ms);
        if (now_ms - begin_ms - drip->deadline_ms >= 1000)
            fail_msg("%s: still open a second after its deadline", drip->name);
    }
    close(pair[1]);
    return now_ms - begin_ms;
}

static void limit_phases(const struct drip *drip)
{
    config.limits.handshake_ms = drips[0].deadline_ms;
    config.limits.idle_ms = drips[1].deadline_ms;
    config.limits.head_ms = 10001;
    config.limits.body_ms = 20001;
    config.limits.body_rate_bytes = drip->body_rate_bytes;
    live.tls = drip->phase == PHASE_HANDSHAKE ? SSL_CTX_new(TLS_server_method()) : NULL;
}

/* Promised is a second. */
static void test_closed_within_a_second(void **state)
{
    struct event_base *base = event_base_new();
    struct tally tally;

    (void)state;
    assert_non_null(base);
    assert_true(tally_init(&tally, metrics));
    for (size_t i = 0; i < sizeof drips / sizeof drips[0]; i++) {
        const struct drip *drip = &drips[i];
        uint64_t before = count_of(METRIC_CLOSED, phase_word(drip->phase));
        static struct room room;
        struct view *view;
        int64_t late_ms;

        limit_phases(drip);
        view = view_new(&tally, &live);
        assert_non_null(view);
        room_init(&room, base, &tally, view, NULL);
        late_ms = drip_until_closed(&room, drip) - drip->deadline_ms;
        if (late_ms < 0)
            fail_msg("%s: closed %lld ms before its deadline", drip->name, (long long)-late_ms);
        assert_int_equal(count_of(METRIC_CLOSED, phase_word(drip->phase)), before + 1);
        room_release(&room);
        view_drop(view);
        SSL_CTX_free(live.tls);
        live.tls = NULL;
    }
    tally_release(&tally);
    event_base_free(base);
}

static void test_failures_of_an_address(void **state)
{
    int fd;

    (void)state;
    config.limits.failures_per_minute = FAILURES;
    start();
    /* A minute may end meanwhile, so there are twice as many. */
    fd = dial(BAD BAD BAD BAD BAD BAD BAD BAD);
    assert_non_null(strstr(codes(fd, 9), "401 429 -"));
    close(fd);
}

static void test_not_stored(void **state)
{
    const char *text;
    int fd;

    (void)state;
    config.limits.hold_ms = SHORT_MS;
    queue.fails = true;
    start();
    fd = dial(POST(""));
    text = reply(fd);
    assert_non_null(strstr(text, "HTTP/1.1 503 "));
    assert_non_null(strstr(text, "\r\nRetry-After: 5\r\n"));
    close(fd);
}

/* The reply to what the writer does not even take is held back as long. */
static void test_nothing_may_wait(void **state)
{
    int64_t began_ms;
    int fd;

    (void)state;
    config.limits.hold_ms = SHORT_MS;
    config.limits.pending_bytes = 10;
    start();
    began_ms = clock_monotonic_ms();
    fd = dial(POST(""));
    assert_string_equal(codes(fd, 1), "503");
    assert_true(clock_monotonic_ms() - began_ms >= SHORT_MS);
    assert_int_equal(count_of(METRIC_REFUSED_REQUESTS, "pending"), 1);
    close(fd);
}

static void test_share_of_a_source(void **state)
{
    int first, second;

    (void)state;
    config_source.share_percent = 50;
    config.limits.pending_bytes = 400; /* one of these has about 120 */
    shut_set(true);
    start();
    first = dial(POST(""));
    wait_inside();
    second = dial(POST(""));
    assert_string_equal(codes(second, 1), "429");
    shut_set(false);
    assert_string_equal(codes(first, 1), "202");
    close(second);
    second = dial(POST(""));
    assert_string_equal(codes(second, 1), "202");
    close(first);
    close(second);
}

static void test_gone_while_waiting(void **state)
{
    const struct linger reset = {.l_onoff = 1};
    int gone, other;

    (void)state;
    config.listen.reactors = 1;
    shut_set(true);
    start();
    gone = dial(POST(""));
    wait_inside();
    setsockopt(gone, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(gone);
    while (reactors_connections(reactors) > 0)
        sched_yield();
    other = dial(POST("")); /* has the same slot */
    shut_set(false);
    assert_string_equal(codes(other, 1), "202");
    shutdown(other, SHUT_WR);
    assert_string_equal(codes(other, 1), "-");
    assert_int_equal(queue.stored, 2);
    close(other);
}

static void test_half_closed_gets_its_reply(void **state)
{
    int fd;

    (void)state;
    start();
    fd = dial(POST(""));
    shutdown(fd, SHUT_WR);
    assert_string_equal(codes(fd, 2), "202 -");
    close(fd);
}

static void test_too_many_connections(void **state)
{
    int fds[10], more;

    (void)state;
    start();
    for (int i = 0; i < 10; i++) {
        fds[i] = dial(POST(""));
        assert_string_equal(codes(fds[i], 1), "202");
    }
    assert_int_equal(reactors_connections(reactors), 10);
    more = dial("");
    assert_string_equal(codes(more, 1), "-");
    assert_int_equal(count_of(METRIC_REFUSED_REQUESTS, "address-connections"), 1);
    close(more);
    for (int i = 0; i < 10; i++)
        close(fds[i]);
}

/* A connection lives on; its next request has the new limits. */
static void test_reload(void **state)
{
    static struct config second;
    struct live next;
    char body[1600], head[256];
    int fd;

    (void)state;
    start();
    fd = dial(POST(""));
    assert_string_equal(codes(fd, 1), "202");
    second = config;
    next = live;
    next.config = &second;
    next.http.body_bytes = next.http.batch_bytes = 4000;
    atomic_init(&next.references, 1);
    reactors_reload(reactors, &next);
    while (atomic_load(&live.references) > 1) /* all reactors have changed over */
        sched_yield();
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    (void)snprintf(head, sizeof head, HEAD("POST", "/events", "Content-Length: %zu\r\n\r\n"),
                   strlen(body));
    assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
    assert_int_equal(send(fd, body, strlen(body), MSG_NOSIGNAL), strlen(body));
    assert_string_equal(codes(fd, 1), "202");
    close(fd);
    reactors_stop(reactors, clock_monotonic_ms());
    writer_stop(writer);
    reactors_free(reactors);
    reactors = NULL;
    writer = NULL;
    assert_int_equal(atomic_load(&next.references), 1);
}

static void *stop_run(void *context)
{
    (void)context;
    reactors_stop(reactors, clock_monotonic_ms() + LONG_MS);
    return NULL;
}

static void test_stop_answers_what_was_accepted(void **state)
{
    pthread_t stopping;
    const char *text;
    int waiting, idle, probe;

    (void)state;
    shut_set(true);
    start();
    idle = dial("");
    waiting = dial(POST(""));
    wait_inside();
    assert_int_equal(pthread_create(&stopping, NULL, stop_run, NULL), 0);
    while ((probe = try_connect()) >= 0)
        close(probe);
    assert_string_equal(codes(idle, 1), "-");
    shut_set(false);
    text = reply(waiting);
    assert_non_null(strstr(text, "HTTP/1.1 202 "));
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    pthread_join(stopping, NULL);
    close(waiting);
    close(idle);
}

static void test_address_in_use(void **state)
{
    struct error error = ERROR_INIT;
    struct reactor_options options = {.live = &live, .metrics = metrics};

    (void)state;
    start();
    config.listen.address = reactors_address(reactors);
    assert_null(reactors_open(&options, &error));
    assert_non_null(strstr(error.text, config.listen.address));
    config.listen.address = "nowhere";
    error = ERROR_INIT;
    assert_null(reactors_open(&options, &error));
    assert_int_equal(error.code, ERROR_INVALID);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(test_replies),
        UNIT(test_byte_by_byte),
        UNIT(test_continue),
        UNIT(test_what_is_stored),
        UNIT(test_deadlines),
        UNIT(test_closed_within_a_second),
        UNIT(test_failures_of_an_address),
        UNIT(test_not_stored),
        UNIT(test_nothing_may_wait),
        UNIT(test_share_of_a_source),
        UNIT(test_gone_while_waiting),
        UNIT(test_half_closed_gets_its_reply),
        UNIT(test_too_many_connections),
        UNIT(test_reload),
        UNIT(test_stop_answers_what_was_accepted),
        UNIT(test_address_in_use),
    };

    alarm(120); /* a test that waits for what never comes */
    log_begin(LOG_LEVEL_ERROR, false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
