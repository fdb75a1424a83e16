/* Tokens kept across runs: one file for each login URL, client and secret, in a folder of the
 * user's own. The secret counts, so that a wrong one is not served with a right one's token.
 *
 *     token-<32 hex digits of the SHA-256 of the three>.json   mode 0600
 *     {"access_token": "…", "granted": <unix seconds>, "expires": <unix seconds>}
 *     token-<the same>.lock
 *
 * Always holds: a file or folder that others can read or write, that belongs to somebody else, or
 * that is a symbolic link is neither used nor written. A file is replaced as a whole. Who wants to
 * log in takes the lock first and looks again: of several processes that start at once one logs in.
 *
 * Life cycle: token_cache_open; token_cache_lock (try again until it says otherwise than BUSY),
 * token_cache_read, token_cache_write, token_cache_unlock; token_cache_close unlocks.
 */
#ifndef API_TOKEN_CACHE_H
#define API_TOKEN_CACHE_H

#include "core/error.h"

#include <stdint.h>

struct token_cache;

struct cached_token {
    char *text;                   /* the caller's, by secret_free */
    int64_t granted_s, expires_s; /* since the epoch */
};

/* Makes the folder (0700) where it is missing. NULL: *error says why there is no cache: a warning,
 * no failure. */
struct token_cache *token_cache_open(const char *folder, const char *login_url,
                                     const char *client_id, const char *secret,
                                     struct error *error);
void token_cache_close(struct token_cache *cache);

enum cache_lock { CACHE_LOCKED, CACHE_BUSY, CACHE_BROKEN };

/* Never waits. BROKEN: *error says why. */
enum cache_lock token_cache_lock(struct token_cache *cache, struct error *error);
void token_cache_unlock(struct token_cache *cache);

/* True: a token that is valid at now_s. False with no error: none is there, or it has expired or
 * claims what cannot be (a jump of the clock). False with an error: it is not to be trusted. */
MUST_CHECK bool token_cache_read(struct token_cache *cache, int64_t now_s,
                                 struct cached_token *token, struct error *error);

/* Replaces what is kept. */
MUST_CHECK bool token_cache_write(struct token_cache *cache, const struct cached_token *token,
                                  struct error *error);

#endif
