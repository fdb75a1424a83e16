/* Calls to an admin listener: what is sent, what an answer comes to, what is never sent twice. The
 * listener is the test's own and takes its turns in the same thread. */
#include "tests/unit/unit.h"

#include "api/ingest.h"
#include "core/clock.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOKEN    "a-token-that-nobody-may-see"
#define OK(body) "HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 10:00:00 GMT\r\nContent-Length: " body
#define CLOSED   "" /* an answer that is none: the connection is closed */

enum { CONNECTIONS_MOST = 16, STEP_MS = 10000 };

/* -- the listener -------------------------------------------------------------------------------
 */

static struct {
    int fd, connections[CONNECTIONS_MOST];
    size_t count;
    size_t accepted, requests;
    struct buf request; /* the last */
    const char *answer; /* NULL: none comes */
} listener;
static char url[64];

static void listener_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    listener.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener.fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener.fd, 16), 0);
    assert_int_equal(getsockname(listener.fd, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static void listener_stop(void)
{
    if (listener.fd >= 0)
        close(listener.fd);
    listener.fd = -1;
    while (listener.count > 0)
        close(listener.connections[--listener.count]);
}

static void drop(size_t n)
{
    close(listener.connections[n]);
    listener.connections[n] = listener.connections[--listener.count];
}

static bool is_whole(const struct buf *request)
{
    const char *end = strstr(buf_text(request), "\r\n\r\n");
    const char *length = strcasestr(buf_text(request), "\r\nContent-Length:");

    return end && strlen(end + 4) >= (length ? strtoul(length + 17, NULL, 10) : 0);
}

/* One connection has something to read: a request, or its end. */
static void listener_serve(size_t n)
{
    char bytes[4096];
    ssize_t got = read(listener.connections[n], bytes, sizeof(bytes));

    if (got <= 0) {
        drop(n);
        return;
    }
    if (is_whole(&listener.request))
        buf_reset(&listener.request);
    buf_add(&listener.request, bytes, (size_t)got);
    if (!is_whole(&listener.request))
        return;
    listener.requests++;
    if (listener.answer && *listener.answer)
        assert_int_equal(write(listener.connections[n], listener.answer, strlen(listener.answer)),
                         strlen(listener.answer));
    else if (listener.answer)
        drop(n);
}

/* -- the calls ----------------------------------------------------------------------------------
 */

static struct ingest *ingest;
static int endpoint;
static struct {
    unsigned count;
    enum ingest_end end;
    long status;
    char body[64], error[1024];
    enum error_code code;
    int64_t took_ms, date_s;
} answer;

static void answered(void *context, const struct ingest_answer *of)
{
    (void)context;
    answer.count++;
    answer.end = of->end;
    answer.status = of->status;
    answer.code = of->error.code;
    answer.took_ms = of->took_ms;
    answer.date_s = of->date_s;
    assert_int_equal(of->body[of->length], '\0');
    snprintf(answer.body, sizeof(answer.body), "%s", of->body);
    snprintf(answer.error, sizeof(answer.error), "%s", of->error.text);
    assert_null(strstr(of->error.text, TOKEN));
}

/* One turn of both sides, with one poll for all. */
static void turn(void)
{
    struct pollfd fds[2 * CONNECTIONS_MOST];
    size_t count = 0, own;
    int timeout_ms = STEP_MS;

    for (; count < listener.count; count++)
        fds[count] = (struct pollfd){listener.connections[count], POLLIN, 0};
    fds[count++] = (struct pollfd){listener.fd, POLLIN, 0};
    own = count;
    count += ingest_poll(ingest, fds + count, CONNECTIONS_MOST, &timeout_ms);
    assert_true(timeout_ms >= 0 && timeout_ms <= STEP_MS);
    poll(fds, (nfds_t)count, timeout_ms);
    for (size_t i = own - 1; i-- > 0;)
        if (fds[i].revents)
            listener_serve(i);
    if (fds[own - 1].revents & POLLIN) {
        assert_true(listener.count < CONNECTIONS_MOST);
        listener.connections[listener.count++] = accept(listener.fd, NULL, NULL);
        listener.accepted++;
    }
    ingest_step(ingest, 0);
}

static unsigned start(const char *method, const json_t *body, size_t body_most)
{
    struct ingest_call call = {endpoint, method, "/v1/x?a=%20", body, body_most};
    unsigned number;

    memset(&answer, 0, sizeof(answer));
    number = ingest_start(ingest, &call, answered, NULL);
    assert_int_not_equal(number, 0);
    assert_int_equal(answer.count, 0);
    return number;
}

static void ask(const char *method, const json_t *body, const char *reply)
{
    listener.answer = reply;
    start(method, body, 0);
    while (answer.count == 0)
        turn();
    assert_int_equal(answer.count, 1);
}

static void open_ingest(int64_t timeout_ms)
{
    struct ingest_options options = {.timeout_ms = timeout_ms};
    struct error error = ERROR_INIT;

    ingest = ingest_new(&options, &error);
    assert_non_null(ingest);
    endpoint = ingest_add(ingest, url, TOKEN, &error);
    assert_int_equal(endpoint, 0);
}

static int setup(void **state)
{
    (void)state;
    memset(&listener, 0, sizeof(listener));
    buf_init(&listener.request, 100000);
    listener_start();
    open_ingest(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ingest_free(ingest);
    listener_stop();
    buf_release(&listener.request);
    return 0;
}

static bool was_sent(const char *text)
{
    return strstr(buf_text(&listener.request), text);
}

/* -- tests --------------------------------------------------------------------------------------
 */

static void test_read(void **state)
{
    (void)state;
    ask("GET", NULL, OK("4\r\n\r\nbody"));
    assert_int_equal(answer.end, INGEST_ANSWERED);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.code, ERROR_NONE);
    assert_string_equal(answer.body, "body");
    assert_int_equal(answer.date_s, 1795687200);
    assert_true(answer.took_ms >= 0 && answer.took_ms < STEP_MS);
    assert_true(was_sent("GET /v1/x?a=%20 HTTP/1.1\r\n"));
    assert_true(was_sent("Authorization: Bearer " TOKEN "\r\n"));
    assert_true(was_sent("openmetrics-text"));
    ask("GET", NULL, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(answer.code, ERROR_NONE);
    assert_int_equal(answer.date_s, -1);
    assert_string_equal(answer.body, "");
}

static void test_change(void **state)
{
    json_t *body = json_pack("{s:s}", "reason", "because");

    (void)state;
    ask("POST", body, OK("2\r\n\r\n{}"));
    assert_int_equal(answer.code, ERROR_NONE);
    assert_true(was_sent("POST /v1/x"));
    assert_true(was_sent("Content-Type: application/json\r\n"));
    assert_true(was_sent("\r\n\r\n{\"reason\":\"because\"}"));
    json_decref(body);
}

static void test_words(void **state)
{
    static const struct {
        const char *reply, *error;
        enum error_code code;
    } cases[] = {
        {"HTTP/1.1 401 No\r\nContent-Length: 15\r\n\r\n{\"error\":\"who\"}", "status 401: who",
         ERROR_AUTH},
        {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "status 403", ERROR_AUTH},
        {"HTTP/1.1 409 No\r\nContent-Length: 17\r\n\r\n{\"message\":\"busy\"}", "status 409",
         ERROR_FAILED}, /* cut: no JSON */
        {"HTTP/1.1 409 No\r\nContent-Length: 18\r\n\r\n{\"message\":\"busy\"}", "status 409: busy",
         ERROR_FAILED},
        {"HTTP/1.1 500 No\r\nContent-Length: 6\r\n\r\n<html>", "status 500", ERROR_FAILED},
        {"HTTP/1.1 400 No\r\nContent-Length: 22\r\n\r\n{\"error\":\"\\u001b[2Jx\"}",
         "status 400: \\x1b[2Jx", ERROR_FAILED},
        {"HTTP/1.1 400 No\r\nContent-Length: 15\r\n\r\n{\"error\":[\"no\"]}", "status 400",
         ERROR_FAILED},
        {"HTTP/1.1 302 Off\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         "status 302", ERROR_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask("GET", NULL, cases[i].reply);
        assert_int_equal(answer.end, INGEST_ANSWERED);
        assert_string_equal(answer.error, cases[i].error);
        assert_int_equal(answer.code, cases[i].code);
        ingest_free(ingest); /* with it what was answered too much */
        while (listener.count > 0)
            drop(0);
        open_ingest(0);
    }
}

static void test_long_words(void **state)
{
    struct buf reply;

    (void)state;
    buf_init(&reply, 100000);
    buf_printf(&reply, "HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n{\"error\":\"x",
               3 * 1000 + 13);
    for (int i = 0; i < 1000; i++)
        buf_add_text(&reply, "\xe2\x82\xac");
    buf_add_text(&reply, "\"}");
    ask("GET", NULL, reply.data);
    assert_int_equal(strlen(answer.error), strlen("status 500: x") + 3 * 99 + strlen("…"));
    buf_release(&reply);
}

static void test_not_there(void **state)
{
    json_t *body = json_object();

    (void)state;
    close(listener.fd);
    listener.fd = -1;
    ask("POST", body, NULL);
    assert_int_equal(answer.end, INGEST_NOT_SENT);
    assert_int_equal(answer.status, 0);
    assert_int_equal(answer.code, ERROR_FAILED);
    assert_non_null(strstr(answer.error, "not sent: "));
    ask("GET", NULL, NULL);
    assert_int_equal(answer.end, INGEST_NOT_SENT);
    json_decref(body);
}

/* A change whose answer does not come, on a connection of its own and on a kept one, which is where
 * libcurl would send it again. */
static void lose(const char *method, const json_t *body, bool kept)
{
    size_t before;

    if (kept)
        ask("GET", NULL, OK("0\r\n\r\n"));
    before = listener.requests;
    ask(method, body, CLOSED);
    assert_int_equal(answer.end, INGEST_LOST);
    assert_int_equal(answer.code, ERROR_FAILED);
    assert_non_null(strstr(answer.error, "no whole answer: "));
    assert_int_equal(listener.requests, before + 1);
}

static void test_lost(void **state)
{
    json_t *body = json_pack("{s:s}", "reason", "because");

    (void)state;
    lose("POST", body, false);
    lose("POST", body, true);
    lose("PUT", body, true);
    lose("POST", NULL, true);
    json_decref(body);
}

static void test_cut_answer(void **state)
{
    (void)state;
    listener.answer = OK("400\r\n\r\nbody");
    start("GET", NULL, 0);
    while (listener.requests == 0)
        turn();
    drop(0);
    while (answer.count == 0)
        turn();
    assert_int_equal(answer.end, INGEST_LOST);
    assert_int_equal(answer.status, 0);
    assert_string_equal(answer.body, "");
}

static void test_too_long(void **state)
{
    (void)state;
    listener.answer = OK("4\r\n\r\nbody");
    start("GET", NULL, 3);
    while (answer.count == 0)
        turn();
    assert_int_equal(answer.end, INGEST_LOST);
    assert_non_null(strstr(answer.error, "longer than allowed"));
    start("GET", NULL, 4);
    while (answer.count == 0)
        turn();
    assert_string_equal(answer.body, "body");
}

static void test_timeout(void **state)
{
    (void)state;
    ingest_free(ingest);
    open_ingest(50);
    ask("GET", NULL, NULL);
    assert_int_equal(answer.end, INGEST_LOST);
    assert_int_equal(listener.requests, 1);
}

static void test_cancel(void **state)
{
    unsigned first, second;

    (void)state;
    first = start("GET", NULL, 0);
    while (listener.requests == 0)
        turn();
    second = start("GET", NULL, 0);
    assert_int_not_equal(first, second);
    ingest_cancel(ingest, first);
    ingest_cancel(ingest, first);
    ingest_cancel(ingest, 12345);
    listener.answer = OK("0\r\n\r\n");
    while (answer.count == 0)
        turn();
    assert_int_equal(answer.count, 1);
    start("GET", NULL, 0);
    ingest_free(ingest);
    assert_int_equal(answer.count, 0);
    open_ingest(0);
}

/* A callback may ask again, and take back what is under way. */
static unsigned other;

static void ask_again(void *context, const struct ingest_answer *of)
{
    struct ingest_call call = {.endpoint = endpoint, .method = "GET", .path = "/again"};

    (void)context, (void)of;
    ingest_cancel(ingest, other);
    assert_int_not_equal(ingest_start(ingest, &call, answered, NULL), 0);
}

static void test_again_from_callback(void **state)
{
    struct ingest_call call = {.endpoint = endpoint, .method = "GET", .path = "/first"};

    (void)state;
    listener.answer = OK("0\r\n\r\n");
    assert_int_not_equal(ingest_start(ingest, &call, ask_again, NULL), 0);
    other = start("GET", NULL, 0);
    while (answer.count == 0)
        turn();
    assert_int_equal(answer.count, 1);
    assert_true(was_sent("GET /again"));
}

static void test_poll(void **state)
{
    struct pollfd fds[4];
    int timeout_ms = -1;

    (void)state;
    assert_int_equal(ingest_poll(ingest, fds, 4, &timeout_ms), 0);
    assert_int_equal(timeout_ms, -1);
    start("GET", NULL, 0);
    assert_int_equal(ingest_poll(ingest, fds, 4, &timeout_ms), 0);
    assert_int_equal(timeout_ms, 0); /* it wants to begin */
    while (listener.requests == 0)
        turn();
    timeout_ms = -1;
    assert_int_equal(ingest_poll(ingest, fds, 4, &timeout_ms), 1);
    assert_int_equal(fds[0].events, POLLIN);
    assert_true(timeout_ms > 100 && timeout_ms <= STEP_MS); /* its deadline */
    assert_int_equal(ingest_poll(ingest, fds, 0, &timeout_ms), 0);
    assert_true(timeout_ms <= 100); /* what finds no room is looked at */
}

static void test_thousands(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++)
        ask("GET", NULL, OK("0\r\n\r\n"));
    assert_int_equal(listener.requests, 2000);
    assert_int_equal(listener.accepted, 1);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url, *token, *why; /* NULL: it is good */
    } cases[] = {
        {"https://ingest.example.com:8444", TOKEN, NULL},
        {"https://ingest.example.com/behind/a/proxy///", "", NULL},
        {"http://localhost:8444/", TOKEN, NULL},
        {"http://[::1]:8444", NULL, NULL},
        {"http://ingest.example.com", TOKEN, "plain http"},
        {"http://127.0.0.1.example.com", TOKEN, "plain http"},
        {"https://user:geheim@example.com", TOKEN, "user name or password"},
        {"https://user:geheim@example.com:x", TOKEN, "user name or password"},
        {"https://example.com/?a=1", TOKEN, "ends with its path"},
        {"https://example.com/#a", TOKEN, "ends with its path"},
        {"ftp://example.com", TOKEN, "no URL"},
        {"example.com", TOKEN, "no URL"},
        {"https:// example.com", TOKEN, "no URL"},
        {"", TOKEN, "no URL"},
        {"https://example.com", TOKEN "\r\nX: y", "bearer token"},
        {"https://example.com", TOKEN " ", "bearer token"},
        {"https://example.com", TOKEN "\xc3\xa9", "bearer token"},
    };
    int number = endpoint;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_INIT;
        int added = ingest_add(ingest, cases[i].url, cases[i].token, &error);
        if (!cases[i].why)
            assert_int_equal(added, ++number);
        else
            assert_int_equal(added, -1);
        assert_int_equal(error.code, cases[i].why ? ERROR_INVALID : ERROR_NONE);
        assert_non_null(strstr(error.text, cases[i].why ? cases[i].why : ""));
        assert_null(strstr(error.text, TOKEN));
        assert_null(strstr(error.text, "geheim"));
    }
}

static void test_no_token(void **state)
{
    struct error error = ERROR_INIT;
    char with_slash[80];

    (void)state;
    snprintf(with_slash, sizeof(with_slash), "%s/base/", url);
    endpoint = ingest_add(ingest, with_slash, NULL, &error);
    ask("GET", NULL, OK("0\r\n\r\n"));
    assert_true(was_sent("GET /base/v1/x"));
    assert_false(was_sent("Authorization"));
}

/* -- a name server that does not answer --------------------------------------------------------
 */

static int slow[2] = {-1, -1};
static const char slow_name[] = "slow.example";

/* In place of the C library's: libcurl asks it, in a thread of its own. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    char byte;

    (void)service, (void)hints, (void)result;
    if (strcmp(name, slow_name) == 0)
        (void)!read(slow[0], &byte, 1);
    return EAI_AGAIN;
}

/* The keyboard waits for nobody: neither a deadline nor the end waits for the name server. */
static void test_slow_name_server(void **state)
{
    struct ingest_options options = {.connect_timeout_ms = 50};
    struct error error = ERROR_INIT;

    (void)state;
    assert_int_equal(pipe(slow), 0);
    ingest_free(ingest);
    ingest = ingest_new(&options, &error);
    endpoint = ingest_add(ingest, "https://slow.example", TOKEN, &error);
    ask("GET", NULL, NULL);
    assert_int_equal(answer.end, INGEST_NOT_SENT);
    start("GET", NULL, 0);
    turn();
    ingest_free(ingest);
    close(slow[1]); /* and now it says that there is no such name */
    open_ingest(0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT(test_read),
        UNIT(test_change),
        UNIT(test_words),
        UNIT(test_long_words),
        UNIT(test_not_there),
        UNIT(test_lost),
        UNIT(test_cut_answer),
        UNIT(test_too_long),
        UNIT(test_timeout),
        UNIT(test_cancel),
        UNIT(test_again_from_callback),
        UNIT(test_poll),
        UNIT(test_thousands),
        UNIT(test_urls),
        UNIT(test_no_token),
        UNIT(test_slow_name_server),
    };

    return cmocka_run_group_tests_name("the admin listener's client", tests, NULL, NULL);
}
