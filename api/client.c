#include "api/client.h"

#include "api/clock.h"
#include "api/login.h"
#include "api/rate.h"

#include "core/arena.h"
#include "core/text.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <sys/random.h>

enum {
    STOP_LOOK_MS = 200,        /* a signal between two waits is noticed so late at the most */
    WAIT_WORTH_SAYING_MS = 2000,
    BODY_MAX_BYTES = 8 * 1024 * 1024,
    URL_MAX_BYTES = 16 * 1024
};

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

static void list_init(struct call_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void list_push(struct call_list *list, struct call *call)
{
    call->next = NULL;
    *list->tail = call;
    list->tail = &call->next;
}

static void list_remove(struct call_list *list, struct call *call)
{
    struct call **link = &list->head;

    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    if (!*link)
        list->tail = link;
}

static void __attribute__((format(printf, 3, 4)))
client_say(const struct client *client, enum log_level level, const char *format, ...)
{
    char line[1400];
    va_list arguments;

    if (!client->options.log)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    client->options.log(client->options.log_context, level, line);
}

static bool is_stopped(const struct client *client)
{
    return client->closing || (client->options.stop && *client->options.stop);
}

/* Life cycle */

static bool check_url(const char *what, const char *text, struct error *error)
{
    struct text_url url;

    if (!text || !text_parse_url(text, &url) || url.has_userinfo || strpbrk(text, "?#"))
        return error_set(error, ERROR_INVALID, "%s is no usable URL", what);
    if (!url.https && !url.loopback)
        return error_set(error, ERROR_INVALID, "%s: plain http is allowed to loopback only", what);
    return true;
}

static bool check_credentials(const struct client_options *options, struct error *error)
{
    size_t whole = 0;

    for (size_t i = 0; i < 2; i++) {
        const struct client_credential *credential = &options->credentials[i];
        if (!credential->id != !credential->secret)
            return error_set(error, ERROR_AUTH, "a client's id and its secret belong together");
        if (credential->id && (!*credential->id || strpbrk(credential->id, ":\r\n")))
            return error_set(error, ERROR_AUTH, "this is no client id");
        whole += credential->id != NULL;
    }
    return whole > 0 || error_set(error, ERROR_AUTH, "no client id and secret are given");
}

static bool copy(struct client *client, const char **text)
{
    if (*text)
        *text = arena_text(&client->arena, *text);
    return *text != NULL;
}

/* Copies the URL without slashes at its end. */
static bool copy_url(struct client *client, const char **text)
{
    size_t length = strlen(*text);

    while (length > 0 && (*text)[length - 1] == '/')
        length--;
    *text = arena_copy(&client->arena, *text, length);
    return *text != NULL;
}

static bool copy_options(struct client *client, const struct client_options *from)
{
    struct client_options *options = &client->options;
    bool ok;

    *options = *from;
    ok = copy_url(client, &options->api_url) && copy_url(client, &options->login_url);
    for (size_t i = 0; i < 2; i++) {
        ok = copy(client, &options->credentials[i].id) == (from->credentials[i].id != NULL) && ok;
        ok = copy(client, &options->credentials[i].secret) ==
                 (from->credentials[i].secret != NULL) &&
             ok;
    }
    ok = copy(client, &options->ca_file) == (from->ca_file != NULL) && ok;
    ok = copy(client, &options->proxy) == (from->proxy != NULL) && ok;
    ok = copy(client, &options->token_cache) == (from->token_cache != NULL) && ok;
    options->connect_timeout_ms = from->connect_timeout_ms ? from->connect_timeout_ms : 10000;
    options->timeout_ms = from->timeout_ms ? from->timeout_ms : 60000;
    options->retry_base_ms = from->retry_base_ms ? from->retry_base_ms : 500;
    options->retry_total_ms = from->retry_total_ms ? from->retry_total_ms : 180000;
    options->retries = from->no_retries ? 0 : from->retries ? from->retries : 5;
    options->connections = from->connections ? from->connections : 8;
    options->refresh_percent = from->refresh_percent ? from->refresh_percent : 80;
    return ok;
}

struct client *client_new(const struct client_options *options, struct error *error)
{
    struct client *client;

    if (!check_url("the API's address", options->api_url, error) ||
        !check_url("the login's address", options->login_url, error) ||
        !check_credentials(options, error))
        return NULL;
    client = calloc(1, sizeof(*client));
    if (!client) {
        error_no_memory(error);
        return NULL;
    }
    arena_init(&client->arena);
    list_init(&client->ready);
    list_init(&client->delayed);
    list_init(&client->running);
    rate_init(&client->rate);
    client->clock_skew_s = INT64_MIN;
    if (getrandom(&client->random, sizeof(client->random), GRND_NONBLOCK) < 0)
        client->random = (uint64_t)clock_monotonic_ms();
    client->random |= 1;
    if (copy_options(client, options)) {
        struct transport_options transport = {
            client->options.ca_file, client->options.proxy, client->options.connect_timeout_ms,
            client->options.timeout_ms, client->options.connections};
        client->transport = transport_new(&transport, error);
    }
    if (client->transport)
        client->login = login_new(&client->options, client->transport, &client->random, error);
    if (client->login)
        return client;
    error_no_memory(error);
    client_free(client);
    return NULL;
}

/* Ends a call that stands in no list any more. */
static void call_end(struct call *call, struct reply *reply)
{
    if (!reply->correlation_id)
        reply->correlation_id = "";
    call->client->count--;
    call->done(call->context, reply);
    free(call->method);
    free(call->url);
    free(call->permission);
    free(call->body);
    free(call);
}

/* Ends calls that were never sent, or not again. */
static void list_fail(struct call_list *list, enum reply_fate fate, const struct error *why)
{
    struct call *call = list->head;

    list_init(list);
    while (call) {
        struct call *next = call->next;
        struct reply reply = {.fate = fate, .error = *why};
        call_end(call, &reply);
        call = next;
    }
}

void client_free(struct client *client)
{
    struct error why = ERROR_INIT;

    if (!client)
        return;
    client->closing = true;
    error_set(&why, ERROR_INTERRUPTED, "cancelled");
    for (struct call *call = client->running.head; call; call = call->next)
        transport_cancel(call->exchange);
    list_fail(&client->running, REPLY_LOST, &why);
    list_fail(&client->ready, REPLY_NOT_SENT, &why);
    list_fail(&client->delayed, REPLY_NOT_SENT, &why);
    login_free(client->login);
    transport_free(client->transport);
    for (size_t i = 0; i < 2; i++)
        if (client->options.credentials[i].secret)
            OPENSSL_cleanse((char *)client->options.credentials[i].secret,
                            strlen(client->options.credentials[i].secret));
    arena_release(&client->arena);
    free(client);
}

/* Starting */

static char *dump_body(const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    if (text && strlen(text) > BODY_MAX_BYTES) {
        free(text);
        return NULL;
    }
    return text;
}

bool client_start(struct client *client, const struct request *request, client_done done,
                  void *context, struct error *error)
{
    struct call *call;
    bool ok;

    if (is_stopped(client))
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    call = calloc(1, sizeof(*call));
    if (!call)
        return error_no_memory(error);
    ok = (call->method = strdup(request->method)) != NULL &&
         asprintf(&call->url, "%s%s", client->options.api_url, request->path) >= 0;
    if (ok && request->permission)
        ok = (call->permission = strdup(request->permission)) != NULL;
    if (ok && request->body)
        ok = (call->body = dump_body(request->body)) != NULL;
    if (!ok) {
        free(call->method);
        free(call->permission);
        free(call->url);
        free(call);
        return error_no_memory(error);
    }
    call->client = client;
    call->path = call->url + strlen(client->options.api_url);
    call->repeatable = request->repeatable || strcmp(request->method, "GET") == 0;
    call->done = done;
    call->context = context;
    call->first_ms = call->due_ms = clock_monotonic_ms() + request->delay_ms;
    list_push(request->delay_ms > 0 ? &client->delayed : &client->ready, call);
    client->count++;
    return true;
}

/* Answers */

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

static void say_waiting(struct client *client, int64_t now_ms, int64_t wait_ms)
{
    if (wait_ms < WAIT_WORTH_SAYING_MS || now_ms < client->said_until_ms)
        return;
    client->said_until_ms = now_ms + wait_ms;
    client_say(client, LOG_INFO, "rate limit reached: waiting %llds",
               (long long)(wait_ms + 999) / 1000);
}

/* Puts a call back, to be sent again after wait_ms. */
static void call_again(struct call *call, int64_t wait_ms)
{
    struct client *client = call->client;

    call->due_ms = clock_monotonic_ms() + wait_ms;
    list_push(wait_ms > 0 ? &client->delayed : &client->ready, call);
}

/* Logs what was refused. True when the call was put back: its first 401. */
static bool call_refused(struct call *call, const struct http_response *response)
{
    struct client *client = call->client;

    if (response->end != HTTP_ANSWERED || (response->status != 401 && response->status != 403))
        return false;
    client_say(client, response->status == 401 ? LOG_ERROR : LOG_WARNING,
               "%s %.300s: %s (status %ld, correlation id %s)", call->method, call->path,
               response->status == 401 ? "the token was refused" : "permission is missing",
               response->status, response->correlation_id);
    if (response->status != 401 || call->relogged || is_stopped(client))
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
    struct retry_attempt attempt = {
        .fate = answered ? REPLY_ANSWERED : reply->fate,
        .status = response->status,
        .unreadable = !readable,
        .repeatable = call->repeatable,
        .attempt = call->attempt,
        .spent_ms = clock_monotonic_ms() - call->first_ms,
        .retry_after_ms = answered ? asked_wait_ms(response) : -1,
        .random = retry_random(&client->random)};
    int64_t wait_ms = response->hopeless ? -1 : retry_wait_ms(&policy, &attempt);

    if (wait_ms < 0 || is_stopped(client))
        return false;
    if (answered && response->status == 429) {
        rate_block(&client->rate, clock_monotonic_ms(), wait_ms);
        say_waiting(client, clock_monotonic_ms(), wait_ms);
    }
    client_say(client, answered && response->status == 429 ? LOG_DEBUG : LOG_INFO,
               "%s; again in %lld ms", reply->error.text, (long long)wait_ms);
    call->attempt++;
    client->retries++;
    call_again(call, wait_ms);
    return true;
}

static void on_answer(void *context, const struct http_response *response)
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
               call->path, response->status,
               (long long)(clock_monotonic_ms() - call->sent_ms), response->correlation_id);
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
        if (is_stopped(client) && readable && reply.fate == REPLY_NOT_SENT)
            error_wrap(&reply.error, "interrupted");
        call_end(call, &reply);
        json_decref(body);
    } else {
        json_decref(reply.body);
    }
}

/* Sending */

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
    call->exchange = transport_start(client->transport, &request, on_answer, call);
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
            say_waiting(client, now_ms, wait_ms);
            return wait_ms;
        }
        list_remove(&client->ready, call);
        if (!call_send(call)) {
            struct reply reply = {.fate = REPLY_NOT_SENT};
            error_no_memory(&reply.error);
            call_end(call, &reply);
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
        if (token_is_due(token, now_ms) && !is_stopped(client))
            login_want(client->login, true);
    } else if (needed && !login_error(client->login)) {
        login_want(client->login, false);
    }
    *wake_ms = sooner(*wake_ms, login_step(client->login));
    return token_is_usable(token, clock_monotonic_ms());
}

/* One turn of the loop: what is due, then waiting, then answers. `needed`: a token is wanted although no call
 * is ready. */
static void client_turn(struct client *client, int timeout_ms, bool needed)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t wake_ms;

    if (is_stopped(client)) {
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

size_t client_step(struct client *client, int timeout_ms)
{
    bool idle = client->count == 0 && !login_is_busy(client->login);

    client_turn(client, idle ? 0 : timeout_ms, false);
    return client->count;
}

void client_run(struct client *client)
{
    while (client_step(client, 1000) > 0) {
    }
}

void client_pause(struct client *client, int64_t time_ms)
{
    int64_t until_ms = clock_monotonic_ms() + time_ms, left_ms;

    while (!is_stopped(client) && (left_ms = until_ms - clock_monotonic_ms()) > 0)
        client_turn(client, left_ms < 1000 ? (int)left_ms : 1000, false);
}

struct waited {
    bool done;
    json_t *body;
    struct error error;
};

static void on_waited(void *context, struct reply *reply)
{
    struct waited *waited = context;

    waited->done = true;
    waited->error = reply->error;
    waited->body = reply->error.code == ERROR_NONE ? json_incref(reply->body) : NULL;
}

bool client_call(struct client *client, const struct request *request, json_t **body,
                 struct error *error)
{
    struct waited waited = {.done = false};

    *body = NULL;
    if (!client_start(client, request, on_waited, &waited, error))
        return false;
    while (!waited.done)
        client_step(client, 1000);
    if (waited.error.code != ERROR_NONE)
        return error_set(error, waited.error.code, "%s", waited.error.text);
    *body = waited.body;
    return true;
}

bool client_login(struct client *client, struct error *error)
{
    const struct token *token = login_token(client->login);

    if (token_is_usable(token, clock_monotonic_ms()))
        return true;
    login_want(client->login, false);
    while (!token_is_usable(token, clock_monotonic_ms())) {
        const struct error *why = login_error(client->login);
        if (why) {
            error_set(error, why->code, "%s", why->text);
            login_forget(client->login);
            return false;
        }
        client_turn(client, 1000, true);
    }
    return true;
}

/* Figures */

const char *client_api_url(const struct client *client)
{
    return client->options.api_url;
}

unsigned client_width(const struct client *client)
{
    return rate_width(&client->rate, clock_monotonic_ms(), client->options.connections);
}

int64_t client_eta_ms(const struct client *client, uint64_t calls)
{
    return rate_eta_ms(&client->rate, clock_monotonic_ms(), calls);
}

void client_get_status(const struct client *client, struct client_status *status)
{
    const struct token *token = login_token(client->login);
    int64_t now_ms = clock_monotonic_ms();

    *status = (struct client_status){
        .rate_count = client->rate.count,
        .rate_allowed = client->rate.allowed,
        .rate_reset_s = client->rate.reset_s,
        .token_expires_in_s = token->text ? (token->expires_ms - now_ms) / 1000 : -1,
        .token_lifetime_s = token->text ? (token->expires_ms - token->granted_ms) / 1000 : -1,
        .token_from_cache = token->from_cache,
        .credential = login_credential(client->login),
        .requests = client->requests,
        .retries = client->retries,
        .logins = login_count(client->login),
        .waiting_ms = rate_delay_ms(&client->rate, now_ms),
        .clock_skew_s = client->clock_skew_s};
}
