#include "call.h"

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { CORRELATION_PREFIX = 0xc0000000 };

static const struct method {
    enum evhttp_cmd_type type;
    const char *name;
} methods[] = {
    {EVHTTP_REQ_GET, "GET"},       {EVHTTP_REQ_POST, "POST"},       {EVHTTP_REQ_PUT, "PUT"},
    {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_PATCH, "PATCH"},     {EVHTTP_REQ_HEAD, "HEAD"},
    {EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_OPTIONS, "OPTIONS"}, {EVHTTP_REQ_CONNECT, "CONNECT"},
};

/*
 * Codes and messages that Genesys Cloud gives with a status, whatever the resource: those that
 * its OpenAPI document declares (x-inin-error-codes); 404 is the one of a path that is not there.
 */
static const struct status {
    int status;
    const char *code;
    const char *message;
} statuses[] = {
    {400, "bad.request",
     "The request could not be understood by the server due to malformed syntax."},
    {401, "bad.credentials", "Invalid login credentials."},
    {403, "not.authorized", "You are not authorized to perform the requested action."},
    {404, "not.found", "HTTP 404 Not Found"},
    {405, "method.not.allowed", "HTTP 405 Method Not Allowed"},
    {408, "client.timeout",
     "The client did not produce a request within the server timeout limit. This can be caused by "
     "a slow network connection and/or large payloads."},
    {409, "request.conflict",
     "The request conflicts with the current state of the target resource."},
    {413, "request.entity.too.large", "The request is over the size limit. Maximum bytes: 3000000"},
    {415, "unsupported.media.type",
     "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect "
     "Content-Type value in the header."},
    {429, "too.many.requests",
     "Rate limit exceeded the maximum [300] requests within [60] seconds"},
    {500, "internal.server.error",
     "The server encountered an unexpected condition which prevented it from fulfilling the "
     "request."},
    {502, "bad.gateway", "HTTP 502 Bad Gateway"},
    {503, "service.unavailable",
     "Service Unavailable - The server is currently unavailable (because it is overloaded or down "
     "for maintenance)."},
    {504, "request.timeout", "The request timed out."},
};

static const char *method_name(enum evhttp_cmd_type type)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (methods[i].type == type)
            return methods[i].name;
    }
    return "UNKNOWN";
}

struct call *call_new(struct sandbox *sandbox, struct evhttp_request *request)
{
    struct call *call = text_zeroed(sizeof *call);
    const char *uri = evhttp_request_get_uri(request);
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    char *address = NULL;
    ev_uint16_t port;

    call->sandbox = sandbox;
    call->request = request;
    call->method = method_name(evhttp_request_get_command(request));
    /* Some clients send the absolute form; only its path counts. */
    const char *scheme = strstr(uri, "://");
    if (*uri != '/' && scheme)
        uri = scheme + 3 + strcspn(scheme + 3, "/?");
    size_t length = strcspn(uri, "?");
    call->path = strndup(uri, length);
    if (!call->path)
        abort();
    TAILQ_INIT(&call->query);
    if (uri[length] && evhttp_parse_query_str(uri + length + 1, &call->query))
        TAILQ_INIT(&call->query);
    evhttp_connection_get_peer(connection, &address, &port);
    call->remote_ip = address ? address : "";
    text_uuid(CORRELATION_PREFIX, ++sandbox->last_correlation, call->correlation_id);
    return call;
}

void call_free(struct call *call)
{
    if (!call)
        return;
    evhttp_clear_headers(&call->query);
    for (int i = 0; i < CALL_ARGUMENTS_MAX; i++)
        free(call->arguments[i]);
    free(call->path);
    json_decref(call->body);
    reply_clear(call);
    free(call);
}

const char *call_parameter(const struct call *call, const char *name)
{
    const char *value = evhttp_find_header(&call->query, name);

    return value && *value ? value : NULL;
}

char *call_body_text(const struct call *call)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
    size_t length = evbuffer_get_length(input);
    char *text = text_zeroed(length + 1);

    evbuffer_copyout(input, text, length);
    return text;
}

bool call_read_body(struct call *call, bool required)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
    size_t length = evbuffer_get_length(input);
    json_error_t error;

    if (!length && !required)
        return true;
    if (length)
        call->body =
            json_loadb((char *)evbuffer_pullup(input, -1), length, JSON_DECODE_ANY, &error);
    if (!call->body) {
        reply_status(call, 400);
        return false;
    }
    return true;
}

void reply_clear(struct call *call)
{
    json_decref(call->reply);
    free(call->raw);
    call->reply = NULL;
    call->raw = NULL;
    call->status = 0;
}

void reply_json(struct call *call, int status, json_t *document)
{
    if (call->status) {
        json_decref(document);
        return;
    }
    call->status = status;
    call->reply = document;
}

void reply_empty(struct call *call, int status)
{
    if (!call->status)
        call->status = status;
}

void reply_raw(struct call *call, int status, const char *type, const char *text)
{
    if (call->status)
        return;
    call->status = status;
    call->raw = text_copy(text);
    call->raw_type = type;
}

void reply_error_details(struct call *call, int status, const char *code, const char *message,
                         json_t *details)
{
    reply_json(call, status,
               json_pack("{s:o, s:s, s:i, s:s, s:o, s:[]}", "message", text_json(message), "code",
                         code, "status", status, "contextId", call->correlation_id, "details",
                         details ? details : json_array(), "errors"));
}

void reply_error(struct call *call, int status, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *message = text_vformat(format, arguments);
    va_end(arguments);
    reply_error_details(call, status, code, message, NULL);
    free(message);
}

void reply_status(struct call *call, int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].status == status) {
            reply_error_details(call, status, statuses[i].code, statuses[i].message, NULL);
            return;
        }
    }
    reply_error(call, status, status < 500 ? "bad.request" : "internal.server.error", "HTTP %d",
                status);
}

void reply_not_found(struct call *call)
{
    reply_error(call, 404, "not.found", "The requested resource was not found.");
}

void reply_header(struct call *call, const char *name, const char *value)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);

    evhttp_remove_header(headers, name);
    evhttp_add_header(headers, name, value);
}
