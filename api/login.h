/* Getting a token, and renewing it before it is needed: the steps from cache, lock and login to a
 * token.
 *
 * The token in use stays in use while its successor is fetched. A refused login tries the second
 * credential; a login that is limited or unanswered is repeated with backoff. Another process that
 * holds the cache's lock is waited for, a bounded time, and its token is taken.
 *
 * Always holds: at most one login is under way; secrets and tokens are in no log and no error.
 */
#ifndef API_LOGIN_H
#define API_LOGIN_H

#include "api/retry.h"
#include "api/token.h"
#include "api/transport.h"

struct login;

/* The same options as the client's, with their defaults filled in; borrowed as long as the login
 * lives, as is `random`, the state of retry_random. */
struct login *login_new(const struct client_options *options, struct transport *transport,
                        uint64_t *random, struct error *error);
void login_free(struct login *login);

/* Asks for a token (when none is usable) or its renewal (when it is due); does nothing while one is
 * under way. `background`: a failure is only logged, as the present token still serves. */
void login_want(struct login *login, bool background);

/* Does what is due now. Returns how many milliseconds until it has something to do; -1: nothing but
 * answers to wait for. */
int64_t login_step(struct login *login);
int64_t login_wait_ms(const struct login *login); /* that number, without doing anything */

/* Why the last attempt failed; NULL while it has not, and once it was forgotten. */
const struct error *login_error(const struct login *login);
void login_forget(struct login *login);

/* True while a token is being fetched. */
bool login_is_busy(const struct login *login);

/* NULL text: none; it may have expired. */
const struct token *login_token(const struct login *login);

/* The service has refused the token of that serial number: it is not used again, from here or from
 * the cache. */
void login_refuse(struct login *login, unsigned serial);

unsigned login_credential(const struct login *login);
uint64_t login_count(const struct login *login); /* requests sent */

#endif
