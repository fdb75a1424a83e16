/*
 * One HTTP request under way, and the reply that grows on it.
 *
 * A handler reads the request part and answers through exactly one reply_* function; nothing is
 * sent before it returns, so that a fault can still replace, shorten or swallow the reply.
 *
 * Invariants: `status` is 0 until something answered; the first answer stays. At most one of
 * `reply` and `raw` is set; none of them means an empty body.
 *
 * Life cycle: call_new for each request, call_free after its reply is sent (or never will be).
 */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include "sandbox.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

struct client;
struct token;
struct route;

enum { CALL_ARGUMENTS_MAX = 2 };

struct call {
    struct sandbox *sandbox;
    struct evhttp_request *request;
    const char *method;
    char *path;                          /* as sent, still percent-encoded, without the query */
    struct evkeyvalq query;              /* decoded; the first of a name counts */
    char *arguments[CALL_ARGUMENTS_MAX]; /* decoded path parameters, in order */
    const struct route *route;           /* NULL: no such path */
    struct token *token;                 /* NULL before authentication */
    const struct client *client;         /* whose token it is */
    const char *remote_ip;
    json_t *body; /* NULL: none was sent */
    char correlation_id[TEXT_UUID_SIZE];

    int status;
    json_t *reply;
    char *raw;
    const char *raw_type; /* content type of `raw` */
};

struct call *call_new(struct sandbox *sandbox, struct evhttp_request *request);
void call_free(struct call *call);

/* A decoded query parameter; NULL when it is absent or empty. */
const char *call_parameter(const struct call *call, const char *name);

/*
 * Reads the body as JSON into call->body. `required`: none at all is an error too. Returns false
 * when the body is unusable, in which case the call is answered (400).
 */
bool call_read_body(struct call *call, bool required);

/* The whole body as text; the caller frees it. */
char *call_body_text(const struct call *call);

/* Answers with a JSON document, which the call owns from now on. */
void reply_json(struct call *call, int status, json_t *document);

void reply_empty(struct call *call, int status);

/* Answers with any text, well formed or not. `text` is copied. */
void reply_raw(struct call *call, int status, const char *type, const char *text);

/* Genesys's error body: message, code, status, contextId, details, errors. */
void reply_error(struct call *call, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, with an array of details ({errorCode, fieldName}), which the call owns from now on. */
void reply_error_details(struct call *call, int status, const char *code, const char *message,
                         json_t *details);

/* The reply of a status that has a fixed code and message (404, 500, 502, …). */
void reply_status(struct call *call, int status);

/* The 404 of an object that does not exist; reply_status has that of a path. */
void reply_not_found(struct call *call);

/* Takes an answer back, so that another may be given. */
void reply_clear(struct call *call);

void reply_header(struct call *call, const char *name, const char *value);

#endif
