/* HTTP exchanges over libcurl's multi interface: requests in, whole answers out. It knows no
 * policy.
 *
 * Always holds: only http and https, no redirects, TLS always verified; an answer's headers and
 * body have maxima; a request's body is handed to libcurl once and never again. The last is what
 * keeps a write from being doubled: libcurl repeats a request by itself when a kept connection
 * turns out dead before the first byte of an answer, a POST too, although the service may have
 * processed it. Here such a repetition fails (and is reported as sent and unanswered); a change
 * without a body gets a connection of its own, which libcurl never repeats on. A GET may be
 * repeated.
 *
 * Life cycle: callbacks run only inside transport_step; each started exchange gets exactly one,
 * unless it is cancelled. transport_free cancels all.
 */
#ifndef API_TRANSPORT_H
#define API_TRANSPORT_H

#include "api/reply.h"

#include "core/buf.h"

#include <poll.h>

struct transport;
struct exchange;

enum { TRANSPORT_BODY_MAX_BYTES = 64 * 1024 * 1024, TRANSPORT_HEADERS_MAX_BYTES = 64 * 1024 };

struct transport_options {
    const char *ca_file, *proxy; /* NULL: the system's, the environment's */
    int64_t connect_timeout_ms, timeout_ms;
    unsigned connections;
};

struct http_request {
    const char *method, *url;
    const char *authorization; /* the header's value, a secret; NULL: none */
    const char *content_type;  /* of the body */
    const char *accept;        /* NULL: JSON */
    const char *body;          /* borrowed until the answer; NULL: none */
    size_t body_length;
    size_t answer_most; /* bytes of its body; 0: TRANSPORT_BODY_MAX_BYTES */
};

enum http_end {
    HTTP_ANSWERED, /* a whole answer */
    HTTP_NOT_SENT, /* the service can not have had the whole request */
    HTTP_LOST      /* sent, no whole answer */
};

struct http_response {
    enum http_end end;
    bool hopeless; /* not ANSWERED, and trying again would end alike (too long an answer, a bad
                      certificate) */
    long status;
    struct buf body;
    char correlation_id[REPLY_CORRELATION_SIZE];    /* "" when there is none */
    int64_t rate_count, rate_allowed, rate_reset_s; /* -1: not said */
    int64_t retry_after_ms;                         /* -1: not said */
    int64_t date_s;                                 /* since the epoch; -1: not said */
    char problem[256];                              /* of what is not ANSWERED; safe to show */
};

/* The response is borrowed until the callback returns. */
typedef void (*transport_done)(void *context, const struct http_response *response);

/* All texts are copied. NULL: no memory. */
struct transport *transport_new(const struct transport_options *options, struct error *error);
void transport_free(struct transport *transport);

/* NULL: no memory; nothing was sent. */
struct exchange *transport_start(struct transport *transport, const struct http_request *request,
                                 transport_done done, void *context);

/* Drops an exchange without its callback. Not from inside its callback. */
void transport_cancel(struct exchange *exchange);

/* For a caller with a poll() of his own: appends what to wait for, at most `most`, and lowers
 * *timeout_ms (-1: for ever) to when something is due anyway. Then transport_step without waiting.
 */
size_t transport_poll(const struct transport *transport, struct pollfd *fds, size_t most,
                      int *timeout_ms);

/* Moves bytes; when nothing has ended by then, waits up to timeout_ms for more. Runs callbacks. */
void transport_step(struct transport *transport, int timeout_ms);

#endif
