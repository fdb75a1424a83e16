#include "api/client.h"

#include "api/client_calls.h"
#include "core/clock.h"

#include "core/json.h"
#include "core/text.h"

#include <openssl/crypto.h>
#include <sys/random.h>

enum { BODY_MAX_BYTES = 8 * 1024 * 1024 };

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

static char *dump_body(const json_t *body)
{
    char *text = json_write(body, JSON_COMPACT);

    if (text && strlen(text) > BODY_MAX_BYTES) {
        free(text);
        return NULL;
    }
    return text;
}

static bool is_change(const struct request *request)
{
    bool query = strcmp(request->method, "POST") == 0 && request->repeatable;

    return strcmp(request->method, "GET") != 0 && !query;
}

bool client_start(struct client *client, const struct request *request, client_done done,
                  void *context, struct error *error)
{
    struct call *call;
    bool ok;

    if (client_is_stopped(client))
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (client->options.read_only && is_change(request))
        return error_set(error, ERROR_FAILED, "%s %s: a client that only reads sends no such thing",
                         request->method, request->path);
    call = calloc(1, sizeof(*call));
    if (!call)
        return error_no_memory(error);
    ok = (call->method = strdup(request->method)) != NULL;
    if (ok && asprintf(&call->url, "%s%s", client->options.api_url, request->path) < 0) {
        call->url = NULL;
        ok = false;
    }
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

    while (!client_is_stopped(client) && (left_ms = until_ms - clock_monotonic_ms()) > 0)
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
