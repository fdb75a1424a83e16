/* The inside of a client, shared by client*.c alone.
 *
 * Always holds: a call stands in exactly one list: ready (to be sent as soon as may be), delayed
 * (until its due_ms) or running (its exchange is under way), until call_end.
 */
#ifndef API_CLIENT_CALLS_H
#define API_CLIENT_CALLS_H

#include "api/login.h"
#include "api/rate.h"

#include "core/arena.h"

/* One request, from client_start to its callback. */
struct call {
    struct call *next;
    struct client *client;
    char *method, *url, *permission, *body;
    const char *path; /* within url */
    bool repeatable;
    client_done done;
    void *context;
    unsigned attempt;
    bool relogged;   /* a 401 has cost its one login */
    unsigned serial; /* of the token that it was sent with */
    int64_t first_ms, due_ms, sent_ms;
    struct exchange *exchange;
};

struct call_list {
    struct call *head, **tail;
};

struct client {
    struct client_options options; /* defaults filled in; texts in the arena */
    struct arena arena;
    struct transport *transport;
    struct login *login;
    struct rate rate;
    struct call_list ready, delayed, running;
    size_t running_count, count;
    bool closing;
    uint64_t random;
    uint64_t requests, retries;
    int64_t clock_skew_s;
    int64_t said_until_ms; /* the wait that was logged ends then */
};

void list_init(struct call_list *list);
void list_push(struct call_list *list, struct call *call);
void list_remove(struct call_list *list, struct call *call);

/* Ends calls that were never sent, or not again. */
void list_fail(struct call_list *list, enum reply_fate fate, const struct error *why);

/* Ends a call that stands in no list any more: calls back and frees it. */
void call_end(struct call *call, struct reply *reply);

/* What becomes of a running call's answer: its callback, or another attempt. The context is the
 * call. */
void call_answered(void *context, const struct http_response *response);

/* One turn of the loop: what is due, then waiting, then answers. `needed`: a token is wanted
 * although no call is ready. */
void client_turn(struct client *client, int timeout_ms, bool needed);

/* True once nothing may be started any more. */
bool client_is_stopped(const struct client *client);

void client_say(const struct client *client, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says that the limit makes calls wait, once for each wait worth saying. */
void client_say_waiting(struct client *client, int64_t now_ms, int64_t wait_ms);

#endif
