/* One turn of a client's loop: token, pacing, sending, waiting. */
#include "api/client_calls.h"

#include "core/clock.h"

#include <string.h>

enum { STOP_LOOK_MS = 200 }; /* a signal between two waits is noticed so late at the most */

static bool call_send(struct call *call)
{
    struct client *client = call->client;
    const struct token *token = login_token(client->login);
    struct http_request request = {.method = call->method,
                                   .url = call->url,
                                   .body = call->body,
                                   .body_length = call->body ? strlen(call->body) : 0};
    char *authorization = NULL;

    if (asprintf(&authorization, "Bearer %s", token->text) < 0)
        return false;
    request.authorization = authorization;
    call->exchange = transport_start(client->transport, &request, call_answered, call);
    secret_free(authorization);
    if (!call->exchange)
        return false;
    call->serial = token->serial;
    call->sent_ms = clock_monotonic_ms();
    list_push(&client->running, call);
    client->running_count++;
    client->requests++;
    rate_start(&client->rate, call->sent_ms);
    return true;
}

/* What has waited long enough is ready. Returns the time until the next is; -1: none waits. */
static int64_t promote(struct client *client, int64_t now_ms)
{
    int64_t next_ms = -1;

    for (struct call *call = client->delayed.head, *next; call; call = next) {
        int64_t left_ms = call->due_ms - now_ms;
        next = call->next;
        if (left_ms <= 0) {
            list_remove(&client->delayed, call);
            list_push(&client->ready, call);
        } else if (next_ms < 0 || left_ms < next_ms) {
            next_ms = left_ms;
        }
    }
    return next_ms;
}

/* Sends what may be sent now. Returns the time until more may be; -1: only answers will tell. */
static int64_t send_ready(struct client *client, int64_t now_ms)
{
    while (client->ready.head) {
        struct call *call = client->ready.head;
        int64_t wait_ms = rate_delay_ms(&client->rate, now_ms);
        if (client->running_count >= client_width(client))
            return -1;
        if (wait_ms > 0) {
            client_say_waiting(client, now_ms, wait_ms);
            return wait_ms;
        }
        list_remove(&client->ready, call);
        if (!call_send(call)) {
            struct reply reply = {.fate = REPLY_NOT_SENT};
            error_no_memory(&reply.error);
            call_end(call, &reply);
            return 0; /* there may be nothing left to wait for */
        }
    }
    return -1;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < 0 ? b_ms : b_ms < 0 ? a_ms : a_ms < b_ms ? a_ms : b_ms;
}

/* Sees to a token when one is needed or due. Returns false when calls have to wait for it. */
static bool have_token(struct client *client, bool needed, int64_t now_ms, int64_t *wake_ms)
{
    const struct token *token = login_token(client->login);

    if (token_is_usable(token, now_ms)) {
        if (token_is_due(token, now_ms) && !client_is_stopped(client))
            login_want(client->login, true);
    } else if (needed && !login_error(client->login)) {
        login_want(client->login, false);
    }
    *wake_ms = sooner(*wake_ms, login_step(client->login));
    return token_is_usable(token, clock_monotonic_ms());
}

/* When the ready calls can go on; -1: only answers will tell. */
static int64_t ready_wait_ms(const struct client *client, int64_t now_ms)
{
    if (!token_is_usable(login_token(client->login), now_ms))
        return login_is_busy(client->login) ? login_wait_ms(client->login) : 0;
    if (client->running_count >= client_width(client))
        return -1;
    return rate_delay_ms(&client->rate, now_ms);
}

size_t client_poll(const struct client *client, struct pollfd *fds, size_t most, int *timeout_ms)
{
    int64_t now_ms = clock_monotonic_ms(), wait_ms = login_wait_ms(client->login);

    if (client->ready.head)
        wait_ms = sooner(wait_ms, ready_wait_ms(client, now_ms));
    for (const struct call *call = client->delayed.head; call; call = call->next)
        wait_ms = sooner(wait_ms, call->due_ms > now_ms ? call->due_ms - now_ms : 0);
    if (client_is_stopped(client) && (client->ready.head || client->delayed.head))
        wait_ms = 0;
    if (wait_ms >= 0 && (*timeout_ms < 0 || wait_ms < *timeout_ms))
        *timeout_ms = (int)wait_ms;
    return transport_poll(client->transport, fds, most, timeout_ms);
}

void client_turn(struct client *client, int timeout_ms, bool needed)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t wake_ms;

    if (client_is_stopped(client)) {
        struct error why = ERROR_INIT;
        error_set(&why, ERROR_INTERRUPTED, "interrupted");
        list_fail(&client->ready, REPLY_NOT_SENT, &why);
        list_fail(&client->delayed, REPLY_NOT_SENT, &why);
        timeout_ms = client->count > 0 ? timeout_ms : 0;
    }
    wake_ms = promote(client, now_ms);
    needed = needed || client->ready.head;
    if (have_token(client, needed, now_ms, &wake_ms)) {
        wake_ms = sooner(wake_ms, send_ready(client, now_ms));
    } else if (client->ready.head && login_error(client->login)) {
        struct error why = *login_error(client->login);
        login_forget(client->login);
        list_fail(&client->ready, REPLY_NOT_SENT, &why);
        timeout_ms = 0;
    }
    if (client->options.stop && timeout_ms > STOP_LOOK_MS)
        timeout_ms = STOP_LOOK_MS;
    if (wake_ms >= 0 && wake_ms < timeout_ms)
        timeout_ms = (int)wake_ms;
    transport_step(client->transport, timeout_ms);
}
