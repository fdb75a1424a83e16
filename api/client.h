/* A client of one Genesys Cloud organisation: login, limits, retries.
 *
 * It sends JSON requests over libcurl's multi interface, on kept connections, and calls back
 * with the reply. The token is fetched when it is first needed, cached across runs, and
 * refreshed at 80 % of its life beside the requests, so that none of them waits for a login; a
 * 401 causes one login and one repetition. Requests are paced by the rate-limit headers before
 * the limit is reached. What is safe to repeat is repeated with backoff and jitter; what is not
 * comes back with `fate` saying whether it may have had its effect.
 *
 * Always holds: callbacks run only inside client_step and client_run, never inside a call that
 * starts a request; each started request gets exactly one callback, client_free included.
 *
 * Life cycle: client_new does no network; client_free cancels what is under way.
 */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include "core/error.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

struct client;

struct client_credential {
    const char *id, *secret; /* NULL: not given */
};

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* One line without a line end, safe for a terminal, free of secrets. */
typedef void (*client_log)(void *context, enum log_level level, const char *line);

struct client_options {
    const char *api_url;   /* "https://api.mypurecloud.com"; plain http only to loopback */
    const char *login_url; /* likewise */
    /* Two, so that a secret can be rotated without a gap: the second is tried when the login
     * with the first is refused. */
    struct client_credential credentials[2];
    const char *ca_file;        /* NULL: the system's */
    const char *proxy;          /* NULL: from the environment, as libcurl reads it */
    const char *token_cache;    /* a folder; NULL: no cache across runs */
    int64_t connect_timeout_ms; /* 0: 10 s */
    int64_t timeout_ms;         /* of one attempt; 0: 60 s */
    int64_t retry_base_ms;      /* the first backoff; 0: 500 ms */
    int64_t retry_total_ms;     /* all attempts of one request; 0: 180 s */
    unsigned retries;           /* after the first attempt; 0: 5 (use no_retries for none) */
    bool no_retries;
    unsigned connections;     /* at once, at the most; 0: 8 */
    unsigned refresh_percent; /* 0: 80 */
    bool read_only;           /* nothing is sent, the login aside, but GETs and POSTs that are
                                 queries (repeatable) */
    client_log log;
    void *log_context;
    const volatile sig_atomic_t *stop; /* set by a signal: nothing is started or repeated any
                                          more; what is in flight is finished */
};

/* All texts are copied. NULL: *error says why (bad URL, no credentials: ERROR_INVALID or
 * ERROR_AUTH). */
struct client *client_new(const struct client_options *options, struct error *error);
void client_free(struct client *client);

enum reply_fate {
    REPLY_ANSWERED, /* a whole reply came: status and body are its */
    REPLY_NOT_SENT, /* no byte of the request left, or it was refused unprocessed (429, 503 on
                       connect…) */
    REPLY_LOST      /* sent, but no whole answer: it may have had its effect */
};

struct reply {
    enum reply_fate fate;
    long status;                /* 0 without an answer */
    json_t *body;               /* borrowed until the callback returns; NULL when there is none */
    const char *correlation_id; /* never NULL */
    struct error error;         /* NONE exactly when the status is 2xx and the body is readable */
};

typedef void (*client_done)(void *context, struct reply *reply);

struct request {
    const char *method;     /* "GET", "POST", "PUT", "DELETE" */
    const char *path;       /* "/api/v2/…" with its query */
    json_t *body;           /* borrowed for the call; NULL: none */
    bool repeatable;        /* a POST that may be repeated (a query); GETs always may */
    const char *permission; /* what a 403 most likely misses; NULL: not known */
    int64_t delay_ms;       /* not to be sent before so long from now */
};

/* Starts a request; texts and body are copied. False (and no callback): no memory, or stopped. */
MUST_CHECK bool client_start(struct client *client, const struct request *request, client_done done,
                             void *context, struct error *error);

/* Runs what is due and waits up to timeout_ms for something to happen. Returns the number of
 * requests that still await their callback. */
size_t client_step(struct client *client, int timeout_ms);

/* For a caller with a poll() of his own: appends what to wait for, at most `most`, and lowers
 * *timeout_ms (-1: for ever) to when something is due anyway. Then client_step without waiting. */
size_t client_poll(const struct client *client, struct pollfd *fds, size_t most, int *timeout_ms);

/* Steps until nothing is under way. */
void client_run(struct client *client);

/* Lets time_ms pass while what is under way goes on; returns early when stopped. */
void client_pause(struct client *client, int64_t time_ms);

/* One request, waited for. On true *body is the caller's (NULL when the reply has none). */
MUST_CHECK bool client_call(struct client *client, const struct request *request, json_t **body,
                            struct error *error);

/* How many requests may usefully be under way now, by the rate budget: 1..connections. */
unsigned client_width(const struct client *client);

/* What the last replies said of the limits, and the token's life. -1 where not known. */
struct client_status {
    int64_t rate_count, rate_allowed, rate_reset_s;
    int64_t token_expires_in_s; /* -1: no token yet */
    int64_t token_lifetime_s;
    bool token_from_cache;
    unsigned credential; /* which of the two is in use: 0 or 1 */
    uint64_t requests, retries, logins;
    int64_t waiting_ms;   /* how long the limit holds back the next request now; 0: not at all */
    int64_t clock_skew_s; /* local minus service, from its Date header; INT64_MIN: not known */
};
void client_get_status(const struct client *client, struct client_status *status);

/* How many milliseconds `calls` further requests take at the rate that the limits leave; 0 when
 * no limit is known. */
int64_t client_eta_ms(const struct client *client, uint64_t calls);

/* "https://api.mypurecloud.com", without a slash at its end; lives as long as the client. */
const char *client_api_url(const struct client *client);

/* Makes sure of a token (from the cache or by login). */
MUST_CHECK bool client_login(struct client *client, struct error *error);

#endif
