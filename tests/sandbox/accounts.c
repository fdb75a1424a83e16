#include "accounts.h"

#include "limits.h"

#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

enum { TOKEN_BYTES = 64, UNLIMITED = 1000000 };

struct accounts {
    struct client *clients;
    struct token *tokens; /* newest first */
};

struct accounts *accounts_new(void)
{
    return text_zeroed(sizeof(struct accounts));
}

static void token_free(struct token *token)
{
    free(token->text);
    free(token);
}

void accounts_revoke_all(struct accounts *accounts)
{
    while (accounts->tokens) {
        struct token *token = accounts->tokens;
        accounts->tokens = token->next;
        token_free(token);
    }
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    accounts_revoke_all(accounts);
    while (accounts->clients) {
        struct client *client = accounts->clients;
        accounts->clients = client->next;
        free(client->id);
        free(client->secret);
        free(client);
    }
    free(accounts);
}

bool accounts_add_client(struct accounts *accounts, const char *credentials)
{
    const char *colon = strchr(credentials, ':');

    if (!colon || colon == credentials)
        return false;
    struct client *client = text_zeroed(sizeof *client);
    client->id = strndup(credentials, (size_t)(colon - credentials));
    client->secret = text_copy(colon + 1);
    client->next = accounts->clients;
    accounts->clients = client;
    return client->id != NULL;
}

bool accounts_have_client(const struct accounts *accounts)
{
    return accounts->clients != NULL;
}

void accounts_revoke(struct accounts *accounts, struct token *token)
{
    struct token **link = &accounts->tokens;

    while (*link && *link != token)
        link = &(*link)->next;
    if (*link) {
        *link = token->next;
        token_free(token);
    }
}

static struct token *token_find(struct accounts *accounts, const char *text)
{
    struct token *token = accounts->tokens;

    while (token && strcmp(token->text, text))
        token = token->next;
    return token;
}

/* What stands behind `scheme` in the Authorization header; NULL when it is another scheme. */
static const char *authorization(const struct call *call, const char *scheme)
{
    const char *header =
        evhttp_find_header(evhttp_request_get_input_headers(call->request), "Authorization");
    size_t length = strlen(scheme);

    if (!header || strncasecmp(header, scheme, length) || header[length] != ' ')
        return NULL;
    header += length;
    return header + strspn(header, " ");
}

void accounts_reply_unauthorized(struct call *call)
{
    reply_header(call, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    reply_status(call, 401);
}

bool accounts_authenticate(struct call *call)
{
    const char *text = authorization(call, "Bearer");

    if (!text || !*text) {
        reply_header(call, "WWW-Authenticate", "Bearer");
        reply_error(call, 401, "authentication.required",
                    "No authentication bearer token specified in authorization header.");
        return false;
    }
    struct token *token = token_find(call->sandbox->accounts, text);
    if (!token || token->expires_ms <= text_monotonic_ms()) {
        accounts_reply_unauthorized(call);
        return false;
    }
    call->token = token;
    call->client = token->client;
    return true;
}

static void header_number(struct call *call, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)value);
    reply_header(call, name, text);
}

bool accounts_count(struct call *call)
{
    struct token *token = call->token;
    int allowed = call->sandbox->settings.rate_limit;
    int64_t now = text_monotonic_ms();

    if (!token->calls || now - token->window_ms >= ACCOUNTS_WINDOW_MS) {
        token->window_ms = now;
        token->calls = 0;
    }
    token->calls++;
    int reset_s = (int)((token->window_ms + ACCOUNTS_WINDOW_MS - now + 999) / 1000);
    header_number(call, "inin-ratelimit-count", token->calls);
    header_number(call, "inin-ratelimit-allowed", allowed ? allowed : UNLIMITED);
    header_number(call, "inin-ratelimit-reset", reset_s);
    if (!allowed || token->calls <= allowed)
        return true;
    accounts_reply_limited(call, reset_s);
    return false;
}

void accounts_reply_limited(struct call *call, int retry_after_s)
{
    header_number(call, "Retry-After", retry_after_s);
    if (call->status)
        return; /* the first answer stays */
    reply_error(call, 429, "too.many.requests.retry.after",
                "Rate limit exceeded the maximum. Retry the request in [%d] seconds",
                retry_after_s);
    json_object_set_new(call->reply, "limit", limits_token_rate(call));
}

static void reply_oauth_error(struct call *call, const char *error, const char *description)
{
    reply_json(call, 400,
               json_pack("{s:s, s:s, s:s}", "error", error, "description", description,
                         "error_description", description));
}

void accounts_reply_login_limited(struct call *call)
{
    reply_oauth_error(call, "invalid_request",
                      "rate limit exceeded; maximum login attempts per minute reached");
}

/* The id and secret of a login; `*id` is NULL when it has none. The caller frees both. */
static void login_credentials(const struct call *call, const struct evkeyvalq *form, char **id,
                              char **secret)
{
    const char *basic = authorization(call, "Basic");
    const char *form_id = evhttp_find_header(form, "client_id");
    const char *form_secret = evhttp_find_header(form, "client_secret");

    *id = NULL;
    *secret = NULL;
    if (basic) {
        char *pair = text_base64_decode(basic);
        char *colon = pair ? strchr(pair, ':') : NULL;
        if (colon) {
            *colon = '\0';
            *id = text_copy(pair);
            *secret = text_copy(colon + 1);
        }
        free(pair);
    } else if (form_id) {
        *id = text_copy(form_id);
        *secret = text_copy(form_secret ? form_secret : "");
    }
}

static void login_grant(struct call *call, const struct client *client)
{
    struct accounts *accounts = call->sandbox->accounts;
    struct token *token = text_zeroed(sizeof *token);
    int lifetime_s = call->sandbox->settings.token_lifetime_s;

    token->text = text_random(TOKEN_BYTES);
    token->client = client;
    token->expires_ms = text_monotonic_ms() + (int64_t)lifetime_s * 1000;
    token->next = accounts->tokens;
    accounts->tokens = token;
    reply_json(call, 200,
               json_pack("{s:s, s:s, s:i}", "access_token", token->text, "token_type", "bearer",
                         "expires_in", lifetime_s > 1 ? lifetime_s - 1 : lifetime_s));
}

static void login_check(struct call *call, const char *grant, const char *id, const char *secret)
{
    const struct client *client = call->sandbox->accounts->clients;

    while (client && id && strcmp(client->id, id))
        client = client->next;
    if (!grant)
        reply_oauth_error(call, "invalid_request", "grant_type parameter is required");
    else if (!id)
        reply_oauth_error(call, "invalid_client", "client credentials are missing");
    else if (!client)
        reply_oauth_error(call, "invalid_client", "client not found");
    else if (strcmp(client->secret, secret))
        reply_oauth_error(call, "invalid_client", "authentication failed");
    else if (!strcmp(grant, "client_credentials"))
        login_grant(call, client);
    else if (!strcmp(grant, "authorization_code") || !strcmp(grant, "refresh_token"))
        reply_oauth_error(call, "unauthorized_client", "grant type is not allowed for the client");
    else
        reply_oauth_error(call, "unsupported_grant_type", "unsupported grant type");
}

void accounts_login(struct call *call)
{
    struct evkeyvalq form = TAILQ_HEAD_INITIALIZER(form);
    char *body = call_body_text(call);
    char *id;
    char *secret;

    if (*body && evhttp_parse_query_str(body, &form))
        TAILQ_INIT(&form);
    const char *grant = evhttp_find_header(&form, "grant_type");
    login_credentials(call, &form, &id, &secret);
    login_check(call, grant ? grant : call_parameter(call, "grant_type"), id, secret);
    free(id);
    free(secret);
    free(body);
    evhttp_clear_headers(&form);
}

static json_t *organization(const struct call *call)
{
    const struct settings *settings = &call->sandbox->settings;

    return json_pack("{s:s, s:s}", "id", settings->organization_id, "name", settings->organization);
}

void accounts_token_get(struct call *call)
{
    json_t *client = json_pack("{s:s, s:s, s:o}", "id", call->client->id, "name", call->client->id,
                               "organization", organization(call));

    /* Scopes do not bind a client of the client credentials grant: it has none. */
    reply_json(call, 200,
               json_pack("{s:o, s:o, s:[], s:o}", "organization", organization(call),
                         "homeOrganization", organization(call), "authorizedScope", "OAuthClient",
                         client));
}

void accounts_token_head(struct call *call)
{
    reply_empty(call, 200);
}

void accounts_token_delete(struct call *call)
{
    accounts_revoke(call->sandbox->accounts, call->token);
    call->token = NULL;
    reply_empty(call, 200);
}

void accounts_organization_get(struct call *call)
{
    const struct settings *settings = &call->sandbox->settings;

    reply_json(call, 200,
               json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:{}, s:s}", "id",
                         settings->organization_id, "name", settings->organization,
                         "defaultLanguage", "en-US", "defaultCountryCode", "US",
                         "thirdPartyOrgName", settings->organization, "domain",
                         settings->organization, "productPlatform", "PureCloud", "version", 1,
                         "state", "active", "features", "selfUri", "/api/v2/organizations/me"));
}
