#include "api/login.h"

#include "core/clock.h"
#include "api/token_cache.h"

#include "core/text.h"

#include <stdarg.h>

enum {
    CREDENTIALS = 2,
    LOCK_LOOK_MS = 25,
    LOCK_WAIT_MAX_MS = 30000,
    REST_MAX_MS = 30000, /* after a renewal that failed */
    REST_LEAST_MS = 100
};

enum phase {
    PHASE_IDLE,
    PHASE_LOCK,    /* the cache is to be locked */
    PHASE_BACKOFF, /* asking again at due_ms */
    PHASE_ASKED    /* a login request is under way */
};

struct login {
    const struct client_options *options;
    struct transport *transport;
    uint64_t *random;
    struct token_cache *caches[CREDENTIALS]; /* NULL: none */
    struct token token;
    char *refused; /* the text of a token that was refused, or NULL; a secret */
    enum phase phase;
    bool background;
    bool tried_other; /* the other credential, in this round */
    unsigned credential, attempt;
    int64_t due_ms, lock_since_ms, first_ms, asked_ms, rest_until_ms;
    struct exchange *exchange;
    bool failed;
    struct error error;
    uint64_t count;
};

static void __attribute__((format(printf, 3, 4)))
login_log(const struct login *login, enum log_level level, const char *format, ...)
{
    char line[1400];
    va_list arguments;

    if (!login->options->log)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    login->options->log(login->options->log_context, level, line);
}

struct login *login_new(const struct client_options *options, struct transport *transport,
                        uint64_t *random, struct error *error)
{
    struct login *login = calloc(1, sizeof(*login));

    if (!login) {
        error_no_memory(error);
        return NULL;
    }
    login->options = options;
    login->transport = transport;
    login->random = random;
    token_init(&login->token);
    while (login->credential + 1 < CREDENTIALS && !options->credentials[login->credential].id)
        login->credential++;
    for (unsigned i = 0; options->token_cache && i < CREDENTIALS; i++) {
        struct error why = ERROR_INIT;
        if (!options->credentials[i].id)
            continue;
        login->caches[i] =
            token_cache_open(options->token_cache, options->login_url, options->credentials[i].id,
                             options->credentials[i].secret, &why);
        if (!login->caches[i])
            login_log(login, LOG_WARNING, "%s", why.text);
    }
    return login;
}

void login_free(struct login *login)
{
    if (!login)
        return;
    if (login->exchange)
        transport_cancel(login->exchange);
    for (unsigned i = 0; i < CREDENTIALS; i++)
        token_cache_close(login->caches[i]);
    token_release(&login->token);
    secret_free(login->refused);
    free(login);
}

static bool is_stopped(const struct login *login)
{
    return login->options->stop && *login->options->stop;
}

static void unlock(struct login *login)
{
    if (login->caches[login->credential])
        token_cache_unlock(login->caches[login->credential]);
}

/* A cache that is not to be trusted is said so once and then left alone. */
static void cache_drop(struct login *login, unsigned credential, const struct error *why)
{
    login_log(login, LOG_WARNING, "%s", why->text);
    token_cache_close(login->caches[credential]);
    login->caches[credential] = NULL;
}

static void login_end(struct login *login)
{
    unlock(login);
    login->phase = PHASE_IDLE;
    login->attempt = 0;
}

static void login_fail(struct login *login, const struct error *why)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t rest_ms = (login->token.expires_ms - now_ms) / 4;

    login_end(login);
    rest_ms = rest_ms > REST_MAX_MS ? REST_MAX_MS : rest_ms;
    login->rest_until_ms = now_ms + (rest_ms < REST_LEAST_MS ? REST_LEAST_MS : rest_ms);
    if (login->background && token_is_usable(&login->token, now_ms)) {
        login_log(login, why->code == ERROR_AUTH ? LOG_ERROR : LOG_WARNING,
                  "the token could not be renewed yet: %s", why->text);
        return;
    }
    login->failed = true;
    login->error = *why;
}

/* Whether a kept token is better than what there is. */
static bool is_useful(const struct login *login, const char *text)
{
    return !(login->refused && strcmp(login->refused, text) == 0) &&
           !(login->token.text && strcmp(login->token.text, text) == 0);
}

/* Takes the token that is kept for a credential, when there is one of use. */
static bool take_cached(struct login *login, unsigned credential)
{
    int64_t now_s = clock_unix_s();
    struct error why = ERROR_INIT;
    struct cached_token kept;
    int64_t age_ms;

    if (!login->caches[credential])
        return false;
    if (!token_cache_read(login->caches[credential], now_s, &kept, &why)) {
        if (why.code)
            cache_drop(login, credential, &why);
        return false;
    }
    if (!is_useful(login, kept.text)) {
        secret_free(kept.text);
        return false;
    }
    age_ms = now_s > kept.granted_s ? (now_s - kept.granted_s) * 1000 : 0;
    token_take(&login->token, kept.text, clock_monotonic_ms(), age_ms,
               (kept.expires_s - kept.granted_s) * 1000, login->options->refresh_percent,
               retry_random(login->random));
    login->token.from_cache = true;
    login->credential = credential;
    login_log(login, LOG_DEBUG, "token taken from the cache");
    return true;
}

static void keep_token(struct login *login, int64_t lifetime_s)
{
    int64_t now_s = clock_unix_s();
    struct cached_token kept = {login->token.text, now_s, now_s + lifetime_s};
    struct error why = ERROR_INIT;

    if (login->caches[login->credential] &&
        !token_cache_write(login->caches[login->credential], &kept, &why))
        cache_drop(login, login->credential, &why);
}

static void begin_lock(struct login *login)
{
    login->phase = PHASE_LOCK;
    login->due_ms = login->lock_since_ms = clock_monotonic_ms();
}

/* Goes on with the other credential, when there is one that was not tried. What was refused is told
 * here, since nobody hears of it when the other one does. */
static bool try_other(struct login *login, const struct error *why)
{
    unsigned other = 1 - login->credential;

    if (login->tried_other || !login->options->credentials[other].id)
        return false;
    login_log(login, LOG_ERROR, "%s", why->text);
    login_log(login, LOG_WARNING, "trying the other client");
    unlock(login);
    login->tried_other = true;
    login->credential = other;
    if (take_cached(login, other))
        login_end(login);
    else
        begin_lock(login);
    return true;
}

static void back_off_or_fail(struct login *login, const struct retry_attempt *what,
                             const struct error *why)
{
    struct retry_policy policy = {login->options->retry_base_ms, login->options->retry_total_ms,
                                  login->options->no_retries ? 0 : login->options->retries};
    struct retry_attempt attempt = *what;
    int64_t wait_ms;

    attempt.repeatable = true;
    attempt.attempt = login->attempt++;
    attempt.spent_ms = clock_monotonic_ms() - login->first_ms;
    attempt.random = retry_random(login->random);
    wait_ms = is_stopped(login) ? -1 : retry_wait_ms(&policy, &attempt);
    if (wait_ms < 0) {
        login_fail(login, why);
        return;
    }
    login_log(login, LOG_INFO, "%s; again in %lld ms", why->text, (long long)wait_ms);
    login->phase = PHASE_BACKOFF;
    login->due_ms = clock_monotonic_ms() + wait_ms;
}

static void on_login(void *context, const struct http_response *response)
{
    struct login *login = context;
    struct retry_attempt attempt = {.fate = REPLY_LOST, .retry_after_ms = response->retry_after_ms};
    struct error why = ERROR_INIT;
    struct reply_token token;

    login->exchange = NULL;
    if (response->end != HTTP_ANSWERED) {
        error_set(&why, ERROR_FAILED, "login: %s", response->problem);
        if (response->hopeless)
            login_fail(login, &why);
        else
            back_off_or_fail(login, &attempt, &why);
        return;
    }
    switch (reply_read_login(response->status, response->body.data, response->body.length,
                             response->correlation_id, &token, &why)) {
    case LOGIN_GRANTED:
        token_take(&login->token, token.text, login->asked_ms, 0, token.lifetime_s * 1000,
                   login->options->refresh_percent, retry_random(login->random));
        keep_token(login, token.lifetime_s);
        login_log(login, LOG_DEBUG, "logged in; the token lives %lld s",
                  (long long)token.lifetime_s);
        login_end(login);
        break;
    case LOGIN_REFUSED:
        if (!try_other(login, &why))
            login_fail(login, &why);
        break;
    case LOGIN_LATER:
        back_off_or_fail(login, &attempt, &why);
        break;
    }
}

static void ask(struct login *login)
{
    static const char form[] = "grant_type=client_credentials";
    const struct client_credential *credential = &login->options->credentials[login->credential];
    const char *base = login->options->login_url;
    char *authorization = secret_basic(credential->id, credential->secret);
    char *url = NULL;

    if (asprintf(&url, "%s/oauth/token", base) < 0)
        url = NULL;
    if (url && authorization) {
        struct http_request request = {.method = "POST",
                                       .url = url,
                                       .authorization = authorization,
                                       .content_type = "application/x-www-form-urlencoded",
                                       .body = form,
                                       .body_length = sizeof(form) - 1};
        login->asked_ms = clock_monotonic_ms();
        login->exchange = transport_start(login->transport, &request, on_login, login);
    }
    free(url);
    secret_free(authorization);
    if (login->exchange) {
        login->phase = PHASE_ASKED;
        login->count++;
    } else {
        struct error why = ERROR_INIT;
        error_no_memory(&why);
        login_fail(login, &why);
    }
}

/* One look at the lock. Another process that logs in right now leaves its token in the cache. */
static void step_lock(struct login *login, int64_t now_ms)
{
    struct token_cache *cache = login->caches[login->credential];
    struct error why = ERROR_INIT;
    enum cache_lock lock = cache ? token_cache_lock(cache, &why) : CACHE_LOCKED;

    if (lock == CACHE_BROKEN)
        cache_drop(login, login->credential, &why);
    if (lock == CACHE_BUSY && now_ms - login->lock_since_ms < LOCK_WAIT_MAX_MS) {
        login->due_ms = now_ms + LOCK_LOOK_MS;
        return;
    }
    if (lock == CACHE_BUSY)
        login_log(login, LOG_WARNING, "token cache: the lock is held too long: going on without");
    if (take_cached(login, login->credential))
        login_end(login);
    else
        ask(login);
}

void login_want(struct login *login, bool background)
{
    int64_t now_ms = clock_monotonic_ms();

    if (login->phase != PHASE_IDLE) {
        login->background = login->background && background;
        return;
    }
    if (background && now_ms < login->rest_until_ms)
        return;
    login->background = background;
    login->failed = false;
    login->error = ERROR_INIT;
    login->tried_other = false;
    login->attempt = 0;
    login->first_ms = now_ms;
    if (take_cached(login, login->credential) ||
        (!background && take_cached(login, 1 - login->credential)))
        return;
    begin_lock(login);
}

int64_t login_step(struct login *login)
{
    int64_t now_ms = clock_monotonic_ms();

    if ((login->phase == PHASE_LOCK || login->phase == PHASE_BACKOFF) && is_stopped(login)) {
        struct error why = ERROR_INIT;
        error_set(&why, ERROR_INTERRUPTED, "interrupted");
        login_fail(login, &why);
    }
    if (login->phase == PHASE_LOCK && now_ms >= login->due_ms)
        step_lock(login, now_ms);
    if (login->phase == PHASE_BACKOFF && now_ms >= login->due_ms)
        ask(login);
    return login_wait_ms(login);
}

int64_t login_wait_ms(const struct login *login)
{
    int64_t wait_ms = login->due_ms - clock_monotonic_ms();

    if (login->phase == PHASE_IDLE || login->phase == PHASE_ASKED)
        return -1;
    return wait_ms > 0 ? wait_ms : 0;
}

const struct error *login_error(const struct login *login)
{
    return login->failed ? &login->error : NULL;
}

void login_forget(struct login *login)
{
    login->failed = false;
}

bool login_is_busy(const struct login *login)
{
    return login->phase != PHASE_IDLE;
}

const struct token *login_token(const struct login *login)
{
    return &login->token;
}

void login_refuse(struct login *login, unsigned serial)
{
    if (serial != login->token.serial || !login->token.text)
        return;
    secret_free(login->refused);
    login->refused = strdup(login->token.text);
    token_release(&login->token);
}

unsigned login_credential(const struct login *login)
{
    return login->credential;
}

uint64_t login_count(const struct login *login)
{
    return login->count;
}
