#include "server.h"

#include "accounts.h"
#include "call.h"
#include "control.h"
#include "faults.h"
#include "requests.h"
#include "routes.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Seeds come in one request of any size; the API itself takes SANDBOX_BODY_MAX_BYTES. */
enum { SEED_MAX_BYTES = 256 << 20, HEADERS_MAX_BYTES = 64 << 10, IDLE_TIMEOUT_S = 300 };

struct server {
    struct sandbox *sandbox;
    struct evhttp *http;
    struct pending *pending; /* calls that wait or hang */
};

/* A call that is not finished within its request's callback. */
struct pending {
    struct server *server;
    struct call *call;
    struct fault fault;
    struct event *event; /* the end of its latency, the cut, or the peer's hanging up */
    struct pending *next;
};

static void pending_free(struct pending *pending)
{
    struct pending **link = &pending->server->pending;

    while (*link != pending)
        link = &(*link)->next;
    *link = pending->next;
    if (pending->event)
        event_free(pending->event);
    fault_release(&pending->fault);
    call_free(pending->call);
    free(pending);
}

/* How a refusal is worded, by whether any or all of a route's permissions are needed. */
static const struct refusal {
    const char *code;
    const char *message;
    bool brackets;
} refusals[] = {
    {"missing.any.permissions",
     "Unable to perform the requested action. You must have at least one of the following "
     "permissions assigned: ",
     true},
    {"missing.permissions",
     "Unable to perform the requested action. You are missing the following permission(s): ",
     false},
};

static void reply_forbidden(struct call *call)
{
    const struct refusal *refusal = &refusals[call->route->all];
    char *list = text_format(refusal->brackets ? "[%s]" : "%s", call->route->permission);
    char *template = text_format("%s{permissions}", refusal->message);

    reply_error(call, 403, refusal->code, "%s%s", refusal->message, list);
    json_object_set_new(call->reply, "messageWithParams", json_string(template));
    json_object_set_new(call->reply, "messageParams", json_pack("{s:s}", "permissions", list));
    free(template);
    free(list);
}

static bool permission_held(struct call *call)
{
    const char *wanted = call->route->permission;
    size_t i;
    json_t *denied;

    json_array_foreach(call->sandbox->settings.deny, i, denied)
    {
        if (!wanted || strcmp(json_string_value(denied), wanted))
            continue;
        reply_forbidden(call);
        return false;
    }
    return true;
}

static bool body_fits(struct call *call)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);

    if (evbuffer_get_length(input) <= SANDBOX_BODY_MAX_BYTES)
        return true;
    reply_status(call, 413);
    return false;
}

/* A body has to say that it is JSON; none may say what it likes. */
static bool body_is_json(struct call *call)
{
    static const char json[] = "application/json";
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
    const char *type =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Content-Type");
    size_t length = type ? strcspn(type, "; ") : 0;

    if (!evbuffer_get_length(input) ||
        (length == strlen(json) && !evutil_ascii_strncasecmp(type, json, length)))
        return true;
    reply_status(call, 415);
    return false;
}

/* Everything that the service itself does with a call. */
static void call_carry_out(struct call *call)
{
    if (!call->route)
        return; /* answered with 404 or 405 already */
    if (!body_fits(call))
        return;
    if (!call->route->open && (!accounts_authenticate(call) || !accounts_count(call) ||
                               !permission_held(call) || !body_is_json(call)))
        return;
    call->route->handle(call);
}

static void add_body(struct call *call, struct evbuffer *out)
{
    char *text = call->reply ? json_dumps(call->reply, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    if (call->reply && !text)
        abort();
    if (text || call->raw) {
        reply_header(call, "Content-Type", text ? "application/json" : call->raw_type);
        evbuffer_add(out, text ? text : call->raw, strlen(text ? text : call->raw));
    }
    free(text);
    if (!strcmp(call->method, "HEAD"))
        evbuffer_drain(out, evbuffer_get_length(out));
}

/* `truncate`: announces the length of all of the body, sends half of it and closes. */
static void call_send(struct call *call, bool truncate)
{
    struct evbuffer *out = evbuffer_new();
    char length[24];

    add_body(call, out);
    reply_header(call, "ININ-Correlation-Id", call->correlation_id);
    reply_header(call, "Cache-Control", "no-cache, no-store, must-revalidate");
    reply_header(call, "Pragma", "no-cache");
    reply_header(call, "Expires", "0");
    if (truncate) {
        size_t half = evbuffer_get_length(out) / 2;
        struct evbuffer *kept = evbuffer_new();
        snprintf(length, sizeof length, "%zu", evbuffer_get_length(out));
        evbuffer_remove_buffer(out, kept, half);
        evbuffer_free(out);
        out = kept;
        reply_header(call, "Content-Length", length);
        reply_header(call, "Connection", "close");
    }
    /* libevent has no phrase of its own for this one. */
    evhttp_send_reply(call->request, call->status, call->status == 429 ? "Too Many Requests" : NULL,
                      out);
    evbuffer_free(out);
}

static void connection_end(struct pending *pending, bool reset)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(pending->call->request);
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));

    /* Dissolving the association resets it; evhttp would say goodbye first. */
    if (reset)
        connect(fd, &nowhere, sizeof nowhere);
    pending_free(pending);
    evhttp_connection_free(connection);
}

static void on_cut(evutil_socket_t fd, short events, void *context)
{
    struct pending *pending = context;

    (void)fd;
    (void)events;
    connection_end(pending, fault_wire(&pending->fault) == FAULT_WIRE_RESET);
}

static void pending_wait(struct pending *pending, int fd, short events, event_callback_fn then,
                         int64_t ms)
{
    const struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    if (pending->event)
        event_free(pending->event);
    pending->event = event_new(pending->server->sandbox->base, fd, events, then, pending);
    event_add(pending->event, events ? NULL : &delay);
}

/* Sends the reply, or does with the connection what the fault says. Ends the pending call. */
static void pending_finish(struct pending *pending)
{
    struct call *call = pending->call;
    struct evhttp_connection *connection = evhttp_request_get_connection(call->request);
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));

    switch (fault_wire(&pending->fault)) {
    case FAULT_WIRE_CUT:
    case FAULT_WIRE_RESET:
        /* Not from within evhttp's own callback: it still holds the connection. */
        pending_wait(pending, -1, 0, on_cut, 0);
        return;
    case FAULT_WIRE_HANG:
        pending_wait(pending, fd, EV_CLOSED, on_cut, 0);
        return;
    case FAULT_WIRE_SEND:
    case FAULT_WIRE_TRUNCATE:
        call_send(call, fault_wire(&pending->fault) == FAULT_WIRE_TRUNCATE);
        pending_free(pending);
        return;
    }
}

static void pending_run(struct pending *pending)
{
    if (fault_has_effect(&pending->fault))
        call_carry_out(pending->call);
    fault_apply(&pending->fault, pending->call);
    pending_finish(pending);
}

static void on_latency_over(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    pending_run(context);
}

static void set_nodelay(struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
    const int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct server *server = context;
    struct sandbox *sandbox = server->sandbox;
    struct call *call = call_new(sandbox, request);
    struct pending *pending = text_zeroed(sizeof *pending);

    set_nodelay(request);
    pending->server = server;
    pending->call = call;
    pending->next = server->pending;
    server->pending = pending;
    if (control_owns(call->path)) {
        control_handle(call);
        pending_finish(pending);
        return;
    }
    routes_find(call);
    requests_note(sandbox->requests, call);
    pending->fault = faults_take(sandbox->faults, call->method, call->path);
    if (pending->fault.latency_ms > 0)
        pending_wait(pending, -1, 0, on_latency_over, pending->fault.latency_ms);
    else
        pending_run(pending);
}

struct server *server_new(struct sandbox *sandbox)
{
    struct server *server = text_zeroed(sizeof *server);

    server->sandbox = sandbox;
    server->http = evhttp_new(sandbox->base);
    evhttp_set_gencb(server->http, on_request, server);
    evhttp_set_max_body_size(server->http, SEED_MAX_BYTES);
    evhttp_set_max_headers_size(server->http, HEADERS_MAX_BYTES);
    evhttp_set_timeout(server->http, IDLE_TIMEOUT_S);
    evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                                 EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH |
                                                 EVHTTP_REQ_HEAD | EVHTTP_REQ_OPTIONS);
    return server;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    while (server->pending)
        pending_free(server->pending);
    evhttp_free(server->http);
    free(server);
}

static int bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    getsockname(fd, (struct sockaddr *)&address, &length);
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

char *server_listen(struct server *server, const char *address)
{
    const char *colon = strrchr(address, ':');
    char *end;
    long port = colon ? strtol(colon + 1, &end, 10) : -1;

    if (!colon || *end || !colon[1] || port < 0 || port > 65535) {
        fprintf(stderr, "genesys-sandbox: %s is not HOST:PORT\n", address);
        return NULL;
    }
    bool brackets = *address == '[' && colon > address && colon[-1] == ']';
    char *host = strndup(address + brackets, (size_t)(colon - address) - 2 * brackets);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(server->http, host, (ev_uint16_t)port);
    char *url = NULL;
    if (bound)
        url = text_format(brackets ? "http://[%s]:%d" : "http://%s:%d", host,
                          bound_port(evhttp_bound_socket_get_fd(bound)));
    else
        fprintf(stderr, "genesys-sandbox: cannot listen on %s\n", address);
    free(host);
    return url;
}
