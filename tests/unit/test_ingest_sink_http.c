/* The HTTP sink against a server that does what a script says: how often it was asked, what it was
 * sent, and what came of it. */
#include "ingest/sink.h"

#include "core/clock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* -- the server ------------------------------------------------------------------------------ */

enum then { KEEP, CLOSE, RESET, HANG };

struct reply {
    const char *text; /* NULL: no answer */
    size_t filler_bytes;
    enum then then;
};

enum { REQUESTS_MOST = 8, CONNECTIONS_MOST = 16, REQUEST_BYTES = 128 * 1024 };

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int listener, port, wake[2];
    struct pollfd polled[CONNECTIONS_MOST];
    nfds_t count;
    const struct reply *script;
    size_t asked, connections; /* since the script began */
    char requests[REQUESTS_MOST][REQUEST_BYTES];
} server = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* One whole request; false at the end. What is no HTTP counts as whole at once. */
static bool read_request(int fd, char *out)
{
    size_t length = 0, want = SIZE_MAX;

    out[0] = '\0';
    while (length < want && length + 1 < REQUEST_BYTES) {
        ssize_t got = recv(fd, out + length, REQUEST_BYTES - 1 - length, 0);
        const char *end, *header;
        if (got <= 0)
            return false;
        length += (size_t)got;
        out[length] = '\0';
        end = strstr(out, "\r\n\r\n");
        header = strcasestr(out, "Content-Length: ");
        if (strncmp(out, "POST ", length < 5 ? length : 5) != 0)
            want = 0;
        else if (end && header)
            want = (size_t)(end + 4 - out) + strtoul(header + 16, NULL, 10);
    }
    return true;
}

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void send_filler(int fd, size_t bytes)
{
    char filler[1024];

    memset(filler, 'x', sizeof(filler));
    for (; bytes > 0; bytes -= bytes < sizeof(filler) ? bytes : sizeof(filler))
        send_all(fd, filler, bytes < sizeof(filler) ? bytes : sizeof(filler));
}

static void reset_connection(int fd)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

/* Answers one request; false: the connection is closed. */
static bool serve(int fd)
{
    static char request[REQUEST_BYTES];
    struct reply reply;

    if (!read_request(fd, request))
        return false;
    pthread_mutex_lock(&server.lock);
    reply = server.script[server.asked];
    if (server.asked < REQUESTS_MOST)
        memcpy(server.requests[server.asked], request, sizeof(request));
    server.asked++;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.lock);
    if (reply.text)
        send_all(fd, reply.text, strlen(reply.text));
    send_filler(fd, reply.filler_bytes);
    if (reply.then == RESET)
        reset_connection(fd);
    return reply.then == KEEP || reply.then == HANG;
}

static void take_connection(void)
{
    int fd = accept(server.listener, NULL, NULL);

    if (fd < 0 || server.count == CONNECTIONS_MOST)
        abort();
    server.polled[server.count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    pthread_mutex_lock(&server.lock);
    server.connections++;
    pthread_mutex_unlock(&server.lock);
}

static void *run_server(void *context)
{
    (void)context;
    while (poll(server.polled, server.count, -1) > 0 && !server.polled[1].revents) {
        nfds_t kept = 2;
        if (server.polled[0].revents)
            take_connection();
        for (nfds_t i = 2; i < server.count; i++) {
            struct pollfd *one = &server.polled[i];
            if (one->revents && !serve(one->fd))
                close(one->fd);
            else
                server.polled[kept++] = (struct pollfd){.fd = one->fd, .events = POLLIN};
        }
        server.count = kept;
    }
    return NULL;
}

static int start_server(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server.listener, 16) != 0 || pipe(server.wake) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&address, &length) != 0)
        return -1;
    server.port = ntohs(address.sin_port);
    server.polled[0] = (struct pollfd){.fd = server.listener, .events = POLLIN};
    server.polled[1] = (struct pollfd){.fd = server.wake[0], .events = POLLIN};
    server.count = 2;
    return pthread_create(&server.thread, NULL, run_server, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    close(server.wake[1]);
    pthread_join(server.thread, NULL);
    for (nfds_t i = 0; i < server.count; i++)
        close(server.polled[i].fd);
    return 0;
}

static void begin_script(const struct reply *script)
{
    pthread_mutex_lock(&server.lock);
    server.script = script;
    server.asked = server.connections = 0;
    pthread_mutex_unlock(&server.lock);
}

static size_t times_asked(void)
{
    size_t asked;

    pthread_mutex_lock(&server.lock);
    asked = server.asked;
    pthread_mutex_unlock(&server.lock);
    return asked;
}

static void wait_asked(size_t times)
{
    pthread_mutex_lock(&server.lock);
    while (server.asked < times)
        pthread_cond_wait(&server.changed, &server.lock);
    pthread_mutex_unlock(&server.lock);
}

/* -- what is delivered ----------------------------------------------------------------------- */

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define EVENT    "{\n  \"id\": \"c-1\"\n}"

static char url[64];
static char subscription[] = "sub-1", type[] = "Interaction.Created";
static struct shared_arrival request = {.arrival = {.subscription = subscription}};

static struct delivery event(void)
{
    struct delivery delivery = {
        .request = &request,
        .place = {.position = 42, .part = 3},
        .event = EVENT,
        .event_bytes = sizeof(EVENT) - 1,
        .type = type,
    };

    for (size_t i = 0; i < EVENT_KEY_BYTES; i++)
        delivery.key[i] = (uint8_t)(i * 17);
    return delivery;
}

static struct config_sink sink_settings(void)
{
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/in", server.port);
    return (struct config_sink){
        .name = "crm", .type = SINK_HTTP, .concurrency = 4, .url = url, .timeout_ms = 30000};
}

static struct sink *open_sink(const struct config_sink *config)
{
    struct error error = ERROR_INIT;
    struct sink *sink = sink_open(config, &error);

    if (!sink)
        fail_msg("%s", error.text);
    return sink;
}

static struct outcome deliver(struct sink *sink, struct delivery *delivery)
{
    struct outcome outcome;

    memset(&outcome, 0xff, sizeof(outcome));
    sink_deliver(sink, 0, &delivery, 1, &outcome);
    return outcome;
}

static struct outcome deliver_event(struct sink *sink)
{
    struct delivery delivery = event();

    return deliver(sink, &delivery);
}

/* The header's value in a request that the server has seen; NULL: it is not there. */
static const char *header(size_t which, const char *name)
{
    static char value[2048];
    char start[128];
    const char *found;

    snprintf(start, sizeof(start), "\r\n%s:", name);
    found = strcasestr(server.requests[which], start);
    if (!found || found > strstr(server.requests[which], "\r\n\r\n"))
        return NULL;
    found += strlen(start);
    found += strspn(found, " ");
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(found, "\r"), found);
    return value;
}

/* -- answers --------------------------------------------------------------------------------- */

static void test_answers(void **state)
{
    static const struct {
        struct reply reply;
        enum outcome_result result;
        const char *reason, *detail;
        int64_t wait_ms;
    } cases[] = {
        {{OK_EMPTY, 0, KEEP}, OUTCOME_DELIVERED, "", "200", 0},
        {{"HTTP/1.1 204 No Content\r\n\r\n", 0, KEEP}, OUTCOME_DELIVERED, "", "204", 0},
        {{"HTTP/1.1 100 Continue\r\n\r\n" OK_EMPTY, 0, KEEP}, OUTCOME_DELIVERED, "", "200", 0},
        {{"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n", 65536, KEEP},
         OUTCOME_DELIVERED,
         "",
         "200",
         0},
        {{"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n", 65537, CLOSE},
         OUTCOME_FAILED,
         "too-large",
         "the answer has more than 65536 bytes",
         0},
        {{"HTTP/1.1 500 Oops\r\nContent-Length: 8\r\n\r\nbad\x1b[1m!", 0, KEEP},
         OUTCOME_FAILED,
         "http-500",
         "500: bad\\x1b[1m!",
         0},
        {{"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_FAILED,
         "http-404",
         "404",
         0},
        {{"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_FAILED,
         "redirect",
         "/other; redirects are not followed",
         0},
        {{"HTTP/1.1 304 Not Modified\r\n\r\n", 0, KEEP}, OUTCOME_FAILED, "redirect", "304", 0},
        {{"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_LATER,
         "http-429",
         "429",
         7000},
        {{"HTTP/1.1 503 Busy\r\nRetry-After: 100000\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_LATER,
         "http-503",
         "503",
         300000},
        {{"HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\n"
          "Content-Length: 0\r\n\r\n",
          0, KEEP},
         OUTCOME_LATER,
         "http-503",
         "503",
         300000},
        {{"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n"
          "Content-Length: 0\r\n\r\n",
          0, KEEP},
         OUTCOME_LATER,
         "http-503",
         "503",
         300000},
        {{"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 01 Jan 1999 00:00:00 GMT\r\n"
          "Content-Length: 0\r\n\r\n",
          0, KEEP},
         OUTCOME_FAILED,
         "http-503",
         "503",
         0},
        {{"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_FAILED,
         "http-503",
         "503",
         0},
        {{"HTTP/1.1 503 Busy\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_FAILED,
         "http-503",
         "503",
         0},
        {{"HTTP/1.1 500 Oops\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 0, KEEP},
         OUTCOME_FAILED,
         "http-500",
         "500",
         0},
        {{NULL, 0, CLOSE}, OUTCOME_FAILED, "reset", "", 0},
        {{NULL, 0, RESET}, OUTCOME_FAILED, "reset", "", 0},
        {{"HTTP/1.1 200 OK\r\nContent-Le", 0, CLOSE}, OUTCOME_FAILED, "reset", "", 0},
        {{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 0, CLOSE},
         OUTCOME_FAILED,
         "reset",
         "",
         0},
        {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", 0, CLOSE},
         OUTCOME_FAILED,
         "reset",
         "",
         0},
        {{"what?\r\n\r\n", 0, CLOSE}, OUTCOME_FAILED, "other", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct config_sink config = sink_settings();
        struct sink *sink = open_sink(&config);
        struct outcome outcome;
        begin_script(&cases[i].reply);
        outcome = deliver_event(sink);
        if (outcome.result != cases[i].result || strcmp(outcome.reason, cases[i].reason) != 0 ||
            outcome.wait_ms != cases[i].wait_ms || !strstr(outcome.detail, cases[i].detail))
            fail_msg("case %zu: %d %s \"%s\" %lld", i, (int)outcome.result, outcome.reason,
                     outcome.detail, (long long)outcome.wait_ms);
        assert_int_equal(times_asked(), 1);
        sink_close(sink);
    }
}

/* -- connections ----------------------------------------------------------------------------- */

/* What the server does with one connection that is kept, and how often it was asked. */
static void test_kept_connections(void **state)
{
    static const struct {
        struct reply script[4];
        const char *second; /* the second delivery's reason; "": delivered */
        size_t asked;
        size_t connections; /* at most: libcurl may open one in vain */
    } cases[] = {
        {{{OK_EMPTY, 0, KEEP}, {OK_EMPTY, 0, KEEP}}, "", 2, 1},
        /* closed while idle, as far as the sink can know */
        {{{OK_EMPTY, 0, KEEP}, {NULL, 0, CLOSE}, {OK_EMPTY, 0, KEEP}}, "", 3, 3},
        {{{OK_EMPTY, 0, KEEP}, {NULL, 0, RESET}, {OK_EMPTY, 0, KEEP}}, "", 3, 3},
        /* once, and not on a connection that is new */
        {{{OK_EMPTY, 0, KEEP}, {NULL, 0, RESET}, {NULL, 0, RESET}}, "reset", 3, 3},
        /* an answer had begun */
        {{{OK_EMPTY, 0, KEEP}, {"HTTP/1.1 200 OK\r\n", 0, CLOSE}}, "reset", 2, 1},
        {{{OK_EMPTY, 0, KEEP}, {"HTTP/1.1 200 OK\r\nA: 1\r\n", 0, RESET}}, "reset", 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct config_sink config = sink_settings();
        struct sink *sink = open_sink(&config);
        struct outcome outcome;
        begin_script(cases[i].script);
        assert_int_equal(deliver_event(sink).result, OUTCOME_DELIVERED);
        outcome = deliver_event(sink);
        if (strcmp(outcome.reason, cases[i].second) != 0)
            fail_msg("case %zu: %s \"%s\"", i, outcome.reason, outcome.detail);
        assert_int_equal(times_asked(), cases[i].asked);
        assert_true(server.connections <= cases[i].connections);
        assert_string_equal(header(cases[i].asked - 1, "Ingest-Attempt"), "1");
        sink_close(sink);
    }
}

/* A body that does not fit into one write, twice, the second time on a connection that dies. */
static void test_large_event(void **state)
{
    static const struct reply script[] = {
        {OK_EMPTY, 0, KEEP}, {NULL, 0, RESET}, {OK_EMPTY, 0, KEEP}};
    static char large[100 * 1024];
    const struct config_sink config = sink_settings();
    struct sink *sink = open_sink(&config);
    struct delivery delivery = event();

    (void)state;
    memset(large, 'y', sizeof(large));
    delivery.event = large;
    delivery.event_bytes = sizeof(large);
    begin_script(script);
    assert_int_equal(deliver(sink, &delivery).result, OUTCOME_DELIVERED);
    assert_int_equal(deliver(sink, &delivery).result, OUTCOME_DELIVERED);
    assert_int_equal(times_asked(), 3);
    assert_memory_equal(strstr(server.requests[2], "\r\n\r\n") + 4, large, sizeof(large));
    sink_close(sink);
}

static void test_unreachable(void **state)
{
    struct config_sink config = sink_settings();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int taken = socket(AF_INET, SOCK_STREAM, 0); /* bound, but nobody listens */
    struct sink *sink;

    (void)state;
    assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &length), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
    sink = open_sink(&config);
    assert_string_equal(deliver_event(sink).reason, "connect");
    sink_close(sink);
    close(taken);
}

static void test_tls(void **state)
{
    static const struct reply script[] = {{"no TLS here", 0, CLOSE}};
    struct config_sink config = sink_settings();
    struct sink *sink;

    (void)state;
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", server.port);
    begin_script(script);
    sink = open_sink(&config);
    assert_string_equal(deliver_event(sink).reason, "tls");
    sink_close(sink);
}

/* -- time ------------------------------------------------------------------------------------ */

static void test_timeout(void **state)
{
    static const struct reply script[] = {
        {NULL, 0, HANG}, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nslow", 0, HANG}};
    struct config_sink config = sink_settings();
    struct sink *sink;
    struct outcome outcome;

    (void)state;
    config.timeout_ms = 200;
    sink = open_sink(&config);
    begin_script(script);
    for (size_t i = 1; i <= 2; i++) {
        outcome = deliver_event(sink);
        assert_int_equal(outcome.result, OUTCOME_FAILED);
        assert_string_equal(outcome.reason, "timeout");
        assert_int_equal(times_asked(), i);
    }
    sink_close(sink);
}

static void *deliver_on_thread(void *context)
{
    static struct outcome outcomes[4];
    static atomic_int next;
    struct outcome *outcome = &outcomes[atomic_fetch_add(&next, 1)];

    *outcome = deliver_event(context);
    return outcome;
}

static void test_stop(void **state)
{
    static const struct reply script[] = {
        {NULL, 0, HANG}, {NULL, 0, HANG}, {NULL, 0, HANG}, {NULL, 0, HANG}};
    const struct config_sink config = sink_settings();
    struct sink *sink = open_sink(&config);
    pthread_t threads[4];
    int64_t begun_ms;

    (void)state;
    begin_script(script);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, deliver_on_thread, sink), 0);
    wait_asked(4);
    begun_ms = clock_monotonic_ms();
    sink_stop(sink);
    for (size_t i = 0; i < 4; i++) {
        void *outcome;
        pthread_join(threads[i], &outcome);
        assert_int_equal(((struct outcome *)outcome)->result, OUTCOME_STOPPED);
    }
    assert_true(clock_monotonic_ms() - begun_ms < 4000); /* far from the timeout */
    assert_int_equal(deliver_event(sink).result, OUTCOME_STOPPED);
    assert_int_equal(times_asked(), 4);
    sink_close(sink);
}

static void *deliver_many(void *context)
{
    for (int i = 0; i < 50; i++)
        if (deliver_event(context).result != OUTCOME_DELIVERED)
            return context;
    return NULL;
}

static void test_together(void **state)
{
    static struct reply script[200];
    const struct config_sink config = sink_settings();
    struct sink *sink = open_sink(&config);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        script[i] = (struct reply){OK_EMPTY, 0, KEEP};
    begin_script(script);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, deliver_many, sink), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(times_asked(), 200);
    assert_true(server.connections <= 4);
    sink_close(sink);
}

/* -- what is sent ---------------------------------------------------------------------------- */

static void test_headers(void **state)
{
    static const struct reply script[] = {{OK_EMPTY, 0, KEEP}};
    const struct config_sink config = sink_settings();
    struct sink *sink = open_sink(&config);

    (void)state;
    begin_script(script);
    assert_int_equal(deliver_event(sink).result, OUTCOME_DELIVERED);
    assert_int_equal(strncmp(server.requests[0], "POST /in HTTP/1.1\r\n", 19), 0);
    assert_string_equal(header(0, "Content-Type"), "application/json");
    assert_string_equal(header(0, "Idempotency-Key"), "00112233445566778899aabbccddeeff");
    assert_string_equal(header(0, "Ingest-Subscription"), "sub-1");
    assert_string_equal(header(0, "Ingest-Event-Type"), "Interaction.Created");
    assert_string_equal(header(0, "Ingest-Position"), "42.3");
    assert_string_equal(header(0, "Ingest-Attempt"), "1");
    assert_null(header(0, "Ingest-Replayed"));
    assert_null(header(0, "Ingest-Quarantined"));
    assert_null(header(0, "Authorization"));
    assert_null(header(0, "Expect"));
    assert_string_equal(strstr(server.requests[0], "\r\n\r\n") + 4, EVENT);
    sink_close(sink);
}

static void test_more_headers(void **state)
{
    static const struct reply script[] = {{OK_EMPTY, 0, KEEP}};
    static const struct config_header headers[] = {
        {"Content-Type", "application/x-event"}, {"X-Tenant", "a b"}, {"X-Empty", ""}};
    struct config_sink config = sink_settings();
    char path[] = "/tmp/test-sink-token-XXXXXX";
    int fd = mkstemp(path);
    struct delivery delivery = event();
    struct sink *sink;

    (void)state;
    assert_int_equal(write(fd, " s3cret\n", 8), 8);
    close(fd);
    config.token_file = path;
    config.headers = headers;
    config.header_count = 3;
    delivery.attempts = 2;
    delivery.dead_id = 7;
    delivery.replays = 1;
    delivery.quarantined = true;
    sink = open_sink(&config);
    unlink(path);
    begin_script(script);
    assert_int_equal(deliver(sink, &delivery).result, OUTCOME_DELIVERED);
    assert_string_equal(header(0, "Authorization"), "Bearer s3cret");
    assert_string_equal(header(0, "Content-Type"), "application/x-event");
    assert_string_equal(header(0, "X-Tenant"), "a b");
    assert_string_equal(header(0, "X-Empty"), "");
    assert_string_equal(header(0, "Ingest-Attempt"), "3");
    assert_string_equal(header(0, "Ingest-Replayed"), "2");
    assert_string_equal(header(0, "Ingest-Quarantined"), "no-ids");
    sink_close(sink);
}

/* What comes from an event can neither make a header of its own nor a long one. */
static void test_hostile_values(void **state)
{
    static const struct reply script[] = {{OK_EMPTY, 0, KEEP}, {OK_EMPTY, 0, KEEP}};
    const struct config_sink config = sink_settings();
    struct sink *sink = open_sink(&config);
    struct delivery delivery = event();
    char hostile[] = "a b%\r\nEvil: 1\xc3\xa4\x7f", longer[400];

    (void)state;
    begin_script(script);
    delivery.type = hostile;
    assert_int_equal(deliver(sink, &delivery).result, OUTCOME_DELIVERED);
    assert_string_equal(header(0, "Ingest-Event-Type"), "a%20b%25%0D%0AEvil:%201%C3%A4%7F");
    assert_null(header(0, "Evil"));
    memset(longer, 'x', sizeof(longer));
    longer[255] = '\n'; /* whose three bytes would not fit */
    longer[399] = '\0';
    delivery.type = longer;
    assert_int_equal(deliver(sink, &delivery).result, OUTCOME_DELIVERED);
    assert_int_equal(strlen(header(1, "Ingest-Event-Type")), 255);
    sink_close(sink);
}

/* -- opening --------------------------------------------------------------------------------- */

static void test_refused(void **state)
{
    static const struct config_header framing = {"Content-LENGTH", "5"}, ours = {"ingest-x", "1"},
                                      split = {"X-A", "a\r\nB: c"}, name = {"X A", "a"};
    static const struct {
        const char *url, *token_file, *ca_file;
        const struct config_header *header;
        const char *text;
    } cases[] = {
        {"http://u:p@127.0.0.1/", NULL, NULL, NULL,
         "sink crm: a URL with a user or password in it; use a token file or a header"},
        {"ftp://127.0.0.1/", NULL, NULL, NULL, "sink crm: not an HTTP or HTTPS URL"},
        {"http://127.0.0.1/", "/nowhere", NULL, NULL,
         "sink crm: /nowhere: No such file or directory"},
        {"http://127.0.0.1/", "/dev/null", NULL, NULL, "sink crm: /dev/null: it is empty"},
        {"https://127.0.0.1/", NULL, "/dev/null", NULL,
         "sink crm: /dev/null: no PEM certificate in it"},
        {"http://127.0.0.1/", NULL, NULL, &framing,
         "sink crm: header \"Content-LENGTH\": is set by ingestd itself"},
        {"http://127.0.0.1/", NULL, NULL, &ours,
         "sink crm: header \"ingest-x\": is set by ingestd itself"},
        {"http://127.0.0.1/", NULL, NULL, &split,
         "sink crm: header \"X-A\": not a header that can be sent"},
        {"http://127.0.0.1/", NULL, NULL, &name,
         "sink crm: header \"X A\": not a header that can be sent"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_sink config = sink_settings();
        struct error error = ERROR_INIT;
        config.url = cases[i].url;
        config.token_file = cases[i].token_file;
        config.ca_file = cases[i].ca_file;
        config.headers = cases[i].header;
        config.header_count = cases[i].header != NULL;
        assert_null(sink_open(&config, &error));
        assert_string_equal(error.text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_kept_connections),
        cmocka_unit_test(test_large_event),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_more_headers),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
