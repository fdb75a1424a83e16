/* What becomes of an answer: a reply, or another attempt. */
#include "api/client_calls.h"

#include "core/clock.h"
#include "api/retry.h"

#include <string.h>

static void observe(struct client *client, const struct http_response *response)
{
    int64_t now_ms = clock_monotonic_ms();

    rate_finish(&client->rate);
    if (response->end != HTTP_ANSWERED)
        return;
    rate_observe(&client->rate, now_ms, response->rate_count, response->rate_allowed,
                 response->rate_reset_s);
    if (response->date_s >= 0)
        client->clock_skew_s = clock_unix_s() - response->date_s;
}

/* How long the service asks us to wait; -1: it does not say. */
static int64_t asked_wait_ms(const struct http_response *response)
{
    if (response->retry_after_ms >= 0)
        return response->retry_after_ms;
    if (response->status == 429 && response->rate_reset_s >= 0)
        return response->rate_reset_s * 1000;
    return -1;
}

/* Fills in a reply from a whole answer. False: 2xx, but not readable. */
static bool read_answer(const struct call *call, const struct http_response *response,
                        struct reply *reply)
{
    struct reply_context context = {call->method, call->path, response->status,
                                    response->correlation_id, call->permission};
    bool success = response->status >= 200 && response->status < 300;
    struct error why = ERROR_INIT;

    reply->fate = response->status == 429 ? REPLY_NOT_SENT : REPLY_ANSWERED;
    reply->status = response->status;
    if (response->body.length > 0)
        reply->body = reply_parse(response->body.data, response->body.length, &why);
    else if (response->status == 200)
        error_set(&why, ERROR_FAILED, "the answer is empty");
    if (!success) {
        reply_set_error(&reply->error, &context, reply->body);
        return true;
    }
    if (why.code == ERROR_NONE || strcmp(call->method, "DELETE") == 0)
        return true;
    reply->fate = call->repeatable ? REPLY_ANSWERED : REPLY_LOST;
    reply->error = why;
    error_wrap(&reply->error, "%s %.200s: correlation id %s", call->method, call->path,
               response->correlation_id);
    return false;
}

/* Puts a call back, to be sent again after wait_ms. */
static void call_again(struct call *call, int64_t wait_ms)
{
    struct client *client = call->client;

    call->due_ms = clock_monotonic_ms() + wait_ms;
    list_push(wait_ms > 0 ? &client->delayed : &client->ready, call);
}

/* True when the call was put back: its first 401, which another login may cure. What is not cured
 * is the caller's to tell, with the reply's error. */
static bool call_refused(struct call *call, const struct http_response *response)
{
    struct client *client = call->client;
    bool again = response->status == 401 && !call->relogged && !client_is_stopped(client);

    if (response->end != HTTP_ANSWERED)
        return false;
    if (response->status == 403 || again)
        client_say(client, again ? LOG_INFO : LOG_WARNING,
                   "%s %.300s: %s (status %ld, correlation id %s)", call->method, call->path,
                   again ? "the token was refused; logging in again" : "permission is missing",
                   response->status, response->correlation_id);
    if (!again)
        return false;
    call->relogged = true;
    login_refuse(client->login, call->serial);
    call_again(call, 0);
    return true;
}

/* True when the call was put back, to be repeated. */
static bool call_retried(struct call *call, const struct http_response *response,
                         const struct reply *reply, bool readable)
{
    struct client *client = call->client;
    const struct client_options *options = &client->options;
    struct retry_policy policy = {options->retry_base_ms, options->retry_total_ms,
                                  options->retries};
    bool answered = response->end == HTTP_ANSWERED;
    struct retry_attempt attempt = {.fate = answered ? REPLY_ANSWERED : reply->fate,
                                    .status = response->status,
                                    .unreadable = !readable,
                                    .repeatable = call->repeatable,
                                    .attempt = call->attempt,
                                    .spent_ms = clock_monotonic_ms() - call->first_ms,
                                    .retry_after_ms = answered ? asked_wait_ms(response) : -1,
                                    .random = retry_random(&client->random)};
    int64_t wait_ms = response->hopeless ? -1 : retry_wait_ms(&policy, &attempt);

    if (wait_ms < 0 || client_is_stopped(client))
        return false;
    if (answered && response->status == 429) {
        rate_block(&client->rate, clock_monotonic_ms(), wait_ms);
        client_say_waiting(client, clock_monotonic_ms(), wait_ms);
    }
    client_say(client, answered && response->status == 429 ? LOG_DEBUG : LOG_INFO,
               "%s; again in %lld ms", reply->error.text, (long long)wait_ms);
    call->attempt++;
    client->retries++;
    call_again(call, wait_ms);
    return true;
}

void call_answered(void *context, const struct http_response *response)
{
    struct call *call = context;
    struct client *client = call->client;
    struct reply reply = {.fate = REPLY_LOST, .correlation_id = response->correlation_id};
    bool readable = true;

    list_remove(&client->running, call);
    client->running_count--;
    call->exchange = NULL;
    observe(client, response);
    client_say(client, LOG_DEBUG, "%s %.300s: %ld, %lld ms, correlation id %s", call->method,
               call->path, response->status, (long long)(clock_monotonic_ms() - call->sent_ms),
               response->correlation_id);
    if (call_refused(call, response))
        return;
    if (response->end == HTTP_ANSWERED) {
        readable = read_answer(call, response, &reply);
    } else {
        reply.fate = response->end == HTTP_NOT_SENT ? REPLY_NOT_SENT : REPLY_LOST;
        error_set(&reply.error, ERROR_FAILED, "%s %.200s: %s", call->method, call->path,
                  response->problem);
    }
    if (reply.error.code == ERROR_NONE || !call_retried(call, response, &reply, readable)) {
        json_t *body = reply.body;
        if (client_is_stopped(client) && readable && reply.fate == REPLY_NOT_SENT)
            error_wrap(&reply.error, "interrupted");
        call_end(call, &reply);
        json_decref(body);
    } else {
        json_decref(reply.body);
    }
}
