#include "ingest/admin.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"
#include "ingest/admin_route.h"
#include "ingest/admin_token.h"
#include "ingest/log.h"
#include "ingest/status.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

enum {
    BODY_MOST_BYTES = 16 * 1024 * 1024,
    REPLY_MOST_BYTES = 256 * 1024 * 1024,
    IDLE_S = 30,
    REST_MS = 100,
};

struct admin {
    struct admin_options options;
    struct event_base *base;
    struct evhttp *http;
    struct event *wake; /* ends the loop */
    int wake_pipe[2];
    pthread_t thread;
    bool running;
    struct admin_token token;
    char address[128];
};

/* -- one call -----------------------------------------------------------------------------------
 */

static const char *method_word(enum evhttp_cmd_type type)
{
    switch (type) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_PUT:
        return "PUT";
    default:
        return "";
    }
}

static bool check_query(struct admin_call *call)
{
    const char *words = strcmp(call->route->method, "GET") ? "" : call->route->words;

    for (const struct evkeyval *pair = words ? TAILQ_FIRST(call->query) : NULL; pair;
         pair = TAILQ_NEXT(pair, next)) {
        if (!text_words_hold(words, pair->key))
            return admin_fail(call, HTTP_BADREQUEST, "\"%.64s\" is not known in this query",
                              pair->key);
        for (const struct evkeyval *more = TAILQ_NEXT(pair, next); more;
             more = TAILQ_NEXT(more, next))
            if (strcmp(more->key, pair->key) == 0)
                return admin_fail(call, HTTP_BADREQUEST, "\"%.64s\" stands twice", pair->key);
    }
    return true;
}

static void call_route(struct admin *admin, struct evhttp_request *request, struct admin_call *call)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    const char *id = "", *authorization;
    size_t id_length = 0;
    int status;

    const struct admin_route *route =
        admin_route_find(method_word(evhttp_request_get_command(request)), path ? path : "", &id,
                         &id_length, &status);
    authorization = evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
    if ((!route || !route->open) && !admin_token_is(&admin->token, authorization)) {
        log_event(LOG_LEVEL_ERROR, "admin-token-refused", "from", call->from, NULL);
        evhttp_add_header(evhttp_request_get_output_headers(request), "WWW-Authenticate", "Bearer");
        admin_fail(call, 401, "a bearer token is needed, and must be the right one");
    } else if (!route) {
        admin_fail(call, status, status == HTTP_BADMETHOD ? "not this method" : "no such path");
    } else {
        char *copy = arena_copy(call->arena, id, id_length);
        char *decoded = copy ? evhttp_uridecode(copy, 0, NULL) : NULL;
        call->argument = decoded;
        call->route = route;
        if (!decoded)
            admin_fail(call, HTTP_INTERNAL, "out of memory");
        else if (check_query(call))
            route->serve(call);
        free(decoded);
    }
}

static void call_answer(struct evhttp_request *request, struct admin_call *call)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *body = evbuffer_new();

    if (call->reply.failed || !body ||
        evbuffer_add(body, buf_text(&call->reply), call->reply.length)) {
        evhttp_send_error(request, HTTP_INTERNAL, NULL);
    } else {
        evhttp_add_header(headers, "Content-Type", call->type);
        evhttp_add_header(headers, "Cache-Control", "no-store");
        evhttp_send_reply(request, call->status, NULL, body);
    }
    if (body)
        evbuffer_free(body);
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct admin *admin = context;
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *query_text = uri ? evhttp_uri_get_query(uri) : NULL;
    struct evkeyvalq query = {0};
    struct arena arena;
    char *from = NULL;
    ev_uint16_t port;

    arena_init(&arena);
    evhttp_connection_get_peer(evhttp_request_get_connection(request), &from, &port);
    TAILQ_INIT(&query);
    struct admin_call call = {.options = &admin->options,
                              .arena = &arena,
                              .argument = "",
                              .query = &query,
                              .from = from ? from : "?",
                              .body_bytes = evbuffer_get_length(input)};
    call.body = call.body_bytes ? (const char *)evbuffer_pullup(input, -1) : "";
    buf_init(&call.reply, REPLY_MOST_BYTES);
    if (query_text && evhttp_parse_query_str(query_text, &query))
        admin_fail(&call, HTTP_BADREQUEST, "the query is not of the form a=b&c=d");
    else if (!call.body)
        admin_fail(&call, HTTP_INTERNAL, "out of memory");
    else
        call_route(admin, request, &call);
    call_answer(request, &call);
    evhttp_clear_headers(&query);
    buf_release(&call.reply);
    arena_release(&arena);
}

/* -- accepting ----------------------------------------------------------------------------------
 */

static void rest(struct evconnlistener *listener);

/* evhttp does not tell of a connection's end. But each has one event in the loop while it is read,
 * and two while it is written to: there are never more connections than events. */
static bool is_full(struct evconnlistener *listener)
{
    return event_base_get_num_events(evconnlistener_get_base(listener), EVENT_BASE_COUNT_ADDED) >=
           ADMIN_CONNECTIONS_MOST;
}

static void on_rested(evutil_socket_t fd, short what, void *listener)
{
    (void)fd;
    (void)what;
    if (is_full(listener))
        rest(listener);
    else
        evconnlistener_enable(listener);
}

/* What is not accepted now waits in the socket's queue, which stays readable: looking at it again
 * at once would only turn in a circle. */
static void rest(struct evconnlistener *listener)
{
    const struct timeval moment = {.tv_usec = REST_MS * 1000};

    if (event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, on_rested, listener,
                        &moment) == 0)
        evconnlistener_disable(listener);
}

static void on_accept_failed(struct evconnlistener *listener, void *http)
{
    (void)http;
    log_event(LOG_LEVEL_ERROR, "admin-accept-failed", "detail", strerror(errno), NULL);
    rest(listener);
}

/* evhttp asks for the stream of each connection that it has accepted; NULL: it makes one. */
static struct bufferevent *on_accepted(struct event_base *base, void *listener)
{
    (void)base;
    if (is_full(listener))
        rest(listener);
    return NULL;
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

/* "host:port" or "[v6]:port" in two. */
static bool split_address(const char *address, char *host, size_t size, char *port,
                          size_t port_size)
{
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;

    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (!colon || !length || length >= size || strlen(colon + 1) >= port_size)
        return false;
    memcpy(host, address, length);
    host[length] = 0;
    snprintf(port, port_size, "%s", colon + 1);
    return true;
}

static void note_address(struct admin *admin, evutil_socket_t fd)
{
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    char host[64], port[16];

    if (getsockname(fd, (struct sockaddr *)&bound, &length) ||
        getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return;
    snprintf(admin->address, sizeof admin->address,
             bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool listen_on(struct admin *admin, const char *address, struct error *error)
{
    char host[256], port[8];

    if (!split_address(address, host, sizeof host, port, sizeof port))
        return error_set(error, ERROR_INVALID, "admin address \"%s\" is not HOST:PORT", address);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(admin->http, host, (ev_uint16_t)strtoul(port, NULL, 10));
    if (!bound)
        return error_set(error, ERROR_FAILED, "cannot listen on %s: %s", address, strerror(errno));
    struct evconnlistener *listener = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(listener, on_accept_failed);
    evhttp_set_bevcb(admin->http, on_accepted, listener);
    note_address(admin, evhttp_bound_socket_get_fd(bound));
    return true;
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(((struct admin *)context)->base);
}

static bool open_http(struct admin *admin, struct error *error)
{
    if (pipe(admin->wake_pipe)) {
        admin->wake_pipe[0] = admin->wake_pipe[1] = -1;
        return error_set(error, ERROR_FAILED, "pipe: %s", strerror(errno));
    }
    admin->base = event_base_new();
    admin->http = admin->base ? evhttp_new(admin->base) : NULL;
    admin->wake =
        admin->base ? event_new(admin->base, admin->wake_pipe[0], EV_READ, on_wake, admin) : NULL;
    if (!admin->http || !admin->wake || event_add(admin->wake, NULL))
        return error_no_memory(error);
    evhttp_set_allowed_methods(admin->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT);
    evhttp_set_max_body_size(admin->http, BODY_MOST_BYTES);
    evhttp_set_max_headers_size(admin->http, 16 * 1024);
    evhttp_set_timeout(admin->http, IDLE_S);
    evhttp_set_gencb(admin->http, on_request, admin);
    return true;
}

static void *run(void *context)
{
    struct admin *admin = context;

    pthread_setname_np(pthread_self(), "admin");
    event_base_dispatch(admin->base);
    return NULL;
}

static void admin_free(struct admin *admin)
{
    if (admin->wake)
        event_free(admin->wake);
    if (admin->http)
        evhttp_free(admin->http);
    if (admin->base)
        event_base_free(admin->base);
    if (admin->wake_pipe[0] >= 0) {
        close(admin->wake_pipe[0]);
        close(admin->wake_pipe[1]);
    }
    free(admin);
}

struct admin *admin_start(const struct admin_options *options, struct error *error)
{
    struct admin *admin = calloc(1, sizeof *admin);

    if (!admin) {
        error_no_memory(error);
        return NULL;
    }
    admin->options = *options;
    admin->wake_pipe[0] = admin->wake_pipe[1] = -1;
    if (!admin_token_read(&admin->token, options->config->token_file, error) ||
        !open_http(admin, error) || !listen_on(admin, options->config->address, error))
        goto fail;
    if (pthread_create(&admin->thread, NULL, run, admin)) {
        error_set(error, ERROR_FAILED, "cannot start the admin thread");
        goto fail;
    }
    admin->running = true;
    return admin;
fail:
    admin_free(admin);
    return NULL;
}

const char *admin_address(const struct admin *admin)
{
    return admin->address;
}

void admin_stop(struct admin *admin)
{
    if (!admin)
        return;
    if (admin->running) {
        if (write(admin->wake_pipe[1], "", 1) < 0)
            log_event(LOG_LEVEL_ERROR, "admin-wake-failed", NULL);
        pthread_join(admin->thread, NULL);
    }
    admin_free(admin);
}
