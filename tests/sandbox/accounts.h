/*
 * OAuth clients, the tokens they were given, and each token's rate limit.
 *
 * Implements the client credentials grant of RFC 6749 (section 4.4) as Genesys Cloud serves it:
 * the credentials as Basic or in the form, no refresh token, errors with `description` beside
 * `error_description`.
 *
 * Invariants: a token is known until it is revoked; an expired one is told apart from none only
 * by its time. A rate window opens with the first call in it and lasts a minute.
 */
#ifndef SANDBOX_ACCOUNTS_H
#define SANDBOX_ACCOUNTS_H

#include "call.h"

enum { ACCOUNTS_WINDOW_MS = 60000 };

struct client {
    char *id;
    char *secret;
    struct client *next;
};

struct token {
    char *text;
    const struct client *client;
    int64_t expires_ms; /* monotonic */
    int64_t window_ms;  /* monotonic start of the rate window; 0: none yet */
    int calls;          /* in the window */
    struct token *next;
};

struct accounts *accounts_new(void);
void accounts_free(struct accounts *accounts);

/* `credentials` is ID:SECRET. Returns false when it has no colon or an empty id. */
bool accounts_add_client(struct accounts *accounts, const char *credentials);
bool accounts_have_client(const struct accounts *accounts);

void accounts_revoke(struct accounts *accounts, struct token *token);
void accounts_revoke_all(struct accounts *accounts);

/* Sets call->token and call->client from the Authorization header; false: answered with 401. */
bool accounts_authenticate(struct call *call);

/* Counts the call and sets the rate headers; false: over the limit, answered with 429. */
bool accounts_count(struct call *call);

/* The 429 answer, to be tried again after so many seconds. */
void accounts_reply_limited(struct call *call, int retry_after_s);

/* The 401 answer of a token that is unknown, expired or revoked. */
void accounts_reply_unauthorized(struct call *call);

/* POST /oauth/token, and its own rate limit as Genesys words it (a 400). */
void accounts_login(struct call *call);
void accounts_reply_login_limited(struct call *call);

/* /api/v2/tokens/me and /api/v2/organizations/me */
void accounts_token_get(struct call *call);
void accounts_token_head(struct call *call);
void accounts_token_delete(struct call *call);
void accounts_organization_get(struct call *call);

#endif
