#include "api/ingest.h"

#include "api/ingest_answer.h"
#include "api/token.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 3000,
    TIMEOUT_MS = 10000,
    CONNECTIONS = 256, /* that are kept open, over all endpoints */
    TOKEN_MOST = 4096
};

/* What any of the two readers of ingest_sample.h can read. */
static const char accepted[] = "application/json, application/openmetrics-text; version=1.0.0, "
                               "text/plain; version=0.0.4; q=0.5, */*; q=0.1";

struct endpoint {
    char *url;           /* without a slash at its end */
    char *authorization; /* the header's value, a secret; NULL: no token */
};

/* A call from ingest_start to its callback. */
struct ingest_started {
    struct ingest_started *next;
    struct ingest *ingest;
    unsigned number;
    struct exchange *exchange;
    char *body;
    int64_t started_ms; /* monotonic */
    ingest_done done;
    void *context;
};

struct ingest {
    struct transport *transport;
    struct endpoint *endpoints;
    size_t count;
    struct ingest_started *started;
    unsigned last_number;
};

/* -- life cycle ---------------------------------------------------------------------------------
 */

struct ingest *ingest_new(const struct ingest_options *options, struct error *error)
{
    struct transport_options transport = {
        .ca_file = options->ca_file,
        .connect_timeout_ms =
            options->connect_timeout_ms ? options->connect_timeout_ms : CONNECT_TIMEOUT_MS,
        .timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS,
        .connections = CONNECTIONS,
    };
    struct ingest *ingest = calloc(1, sizeof(*ingest));

    if (!ingest) {
        error_no_memory(error);
        return NULL;
    }
    ingest->transport = transport_new(&transport, error);
    if (ingest->transport)
        return ingest;
    free(ingest);
    return NULL;
}

static void started_free(struct ingest_started *started)
{
    free(started->body);
    free(started);
}

void ingest_free(struct ingest *ingest)
{
    if (!ingest)
        return;
    while (ingest->started)
        ingest_cancel(ingest, ingest->started->number);
    transport_free(ingest->transport);
    for (size_t i = 0; i < ingest->count; i++) {
        free(ingest->endpoints[i].url);
        secret_free(ingest->endpoints[i].authorization);
    }
    free(ingest->endpoints);
    free(ingest);
}

/* -- endpoints ----------------------------------------------------------------------------------
 */

static bool check_url(const char *text, struct error *error)
{
    struct text_url url;

    bool parsed = text_parse_url(text, &url);

    if (url.has_userinfo || (!parsed && strchr(text, '@'))) /* not shown, as it holds a secret */
        return error_set(error, ERROR_INVALID, "an endpoint's URL holds a user name or password");
    if (!parsed)
        return error_set(error, ERROR_INVALID, "\"%.200s\" is no URL of an endpoint", text);
    if (strpbrk(text, "?#"))
        return error_set(error, ERROR_INVALID, "%.200s: an endpoint's URL ends with its path",
                         text);
    if (!url.https && !url.loopback)
        return error_set(error, ERROR_INVALID, "%.200s: plain http is allowed to loopback only",
                         text);
    return true;
}

/* A token becomes part of a header: nothing in it may end that. */
static bool check_token(const char *url, const char *token, struct error *error)
{
    size_t length = 0;

    while (token[length] > ' ' && token[length] <= '~')
        length++;
    if (token[length] || length > TOKEN_MOST)
        return error_set(error, ERROR_INVALID, "%.200s: its token is no bearer token", url);
    return true;
}

int ingest_add(struct ingest *ingest, const char *url, const char *token, struct error *error)
{
    struct endpoint *grown, added = {NULL, NULL};
    size_t length = strlen(url);
    bool ok;

    token = token ? token : "";
    if (!check_url(url, error) || !check_token(url, token, error))
        return -1;
    while (url[length - 1] == '/')
        length--;
    grown = reallocarray(ingest->endpoints, ingest->count + 1, sizeof(*grown));
    if (grown)
        ingest->endpoints = grown;
    ok = grown && (added.url = strndup(url, length)) != NULL;
    if (ok && *token && asprintf(&added.authorization, "Bearer %s", token) < 0) {
        added.authorization = NULL;
        ok = false;
    }
    if (!ok) {
        free(added.url);
        error_no_memory(error);
        return -1;
    }
    ingest->endpoints[ingest->count] = added;
    return (int)ingest->count++;
}

/* -- calls --------------------------------------------------------------------------------------
 */

static void take_out(struct ingest_started *started)
{
    struct ingest_started **at = &started->ingest->started;

    while (*at != started)
        at = &(*at)->next;
    *at = started->next;
}

static void answered(void *context, const struct http_response *response)
{
    struct ingest_started *started = context;
    struct ingest_answer answer;

    take_out(started);
    ingest_answer_read(&answer, response, clock_monotonic_ms() - started->started_ms);
    started->done(started->context, &answer);
    started_free(started);
}

static bool send_call(struct ingest_started *started, const struct ingest_call *call)
{
    const struct endpoint *endpoint = &started->ingest->endpoints[call->endpoint];
    struct http_request request = {.method = call->method,
                                   .authorization = endpoint->authorization,
                                   .accept = accepted,
                                   .answer_most = call->body_most};
    char *url;

    if (call->body && !(started->body = json_write(call->body, JSON_COMPACT)))
        return false;
    if (asprintf(&url, "%s%s", endpoint->url, call->path) < 0)
        return false;
    request.url = url;
    request.body = started->body;
    request.body_length = started->body ? strlen(started->body) : 0;
    started->exchange = transport_start(started->ingest->transport, &request, answered, started);
    free(url);
    return started->exchange;
}

unsigned ingest_start(struct ingest *ingest, const struct ingest_call *call, ingest_done done,
                      void *context)
{
    struct ingest_started *started = calloc(1, sizeof(*started));

    if (!started)
        return 0;
    if (++ingest->last_number == 0)
        ingest->last_number = 1;
    *started = (struct ingest_started){.next = ingest->started,
                                       .ingest = ingest,
                                       .number = ingest->last_number,
                                       .started_ms = clock_monotonic_ms(),
                                       .done = done,
                                       .context = context};
    if (!send_call(started, call)) {
        started_free(started);
        return 0;
    }
    ingest->started = started;
    return started->number;
}

void ingest_cancel(struct ingest *ingest, unsigned call)
{
    struct ingest_started *started = ingest->started;

    while (started && started->number != call)
        started = started->next;
    if (!started)
        return;
    take_out(started);
    transport_cancel(started->exchange);
    started_free(started);
}

size_t ingest_poll(struct ingest *ingest, struct pollfd *fds, size_t most, int *timeout_ms)
{
    return transport_poll(ingest->transport, fds, most, timeout_ms);
}

void ingest_step(struct ingest *ingest, int timeout_ms)
{
    transport_step(ingest->transport, timeout_ms);
}
