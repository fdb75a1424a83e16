/* A bearer token and its life: pure state, told what time it is.
 *
 * Always holds: a token that has a text was granted for lifetime_ms and is due for renewal at
 * due_ms, before it expires. Its text is wiped before its memory is given back.
 *
 * Life cycle: token_init allocates nothing; token_release wipes.
 */
#ifndef API_TOKEN_H
#define API_TOKEN_H

#include "core/error.h"

#include <stdint.h>

struct token {
    char *text;                             /* NULL: none */
    int64_t granted_ms, expires_ms, due_ms; /* monotonic */
    unsigned serial;                        /* another one for each token taken */
    bool from_cache;
};

void token_init(struct token *token);
void token_release(struct token *token);

/* Takes a token text over (it is the token's, whatever comes back of it). `age_ms` is the part of
 * its life that has passed; it is due at refresh_percent of its lifetime, less up to 5 % of it by
 * `random` (0 <= random < 1), so that many processes do not renew at one moment. */
void token_take(struct token *token, char *text, int64_t now_ms, int64_t age_ms,
                int64_t lifetime_ms, unsigned refresh_percent, double random);

bool token_is_usable(const struct token *token, int64_t now_ms);
bool token_is_due(const struct token *token, int64_t now_ms);

/* Wipes and frees a text that held a secret; NULL is nothing. */
void secret_free(char *text);

/* "Basic " and the base64 of id:secret (RFC 7617), by secret_free. NULL: no memory. */
char *secret_basic(const char *id, const char *secret);

#endif
