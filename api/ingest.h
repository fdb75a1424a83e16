/* The admin listener of an ingest service: one endpoint's calls, over HTTP, nothing blocking.
 *
 * Reads are repeated by whoever asks; a change is sent once. Its answer may be lost with the
 * connection: then nobody knows whether it had its effect, and `end` says so.
 *
 * Always holds: callbacks run only inside ingest_step; each started call gets exactly one, unless
 * ingest_cancel or ingest_free drops it. The token is in no error and no log.
 */
#ifndef API_INGEST_H
#define API_INGEST_H

#include "api/transport.h"

#include <jansson.h>
#include <poll.h>

struct ingest; /* all endpoints of a process: they share sockets and limits */

struct ingest_options {
    const char *ca_file;        /* NULL: the system's */
    int64_t connect_timeout_ms; /* 0: 3 s */
    int64_t timeout_ms;         /* 0: 10 s */
};
struct ingest *ingest_new(const struct ingest_options *options, struct error *error);
void ingest_free(struct ingest *ingest);

/* "https://host:8444" (plain http only to loopback) and its token; copied. The number that calls
 * name it by, or -1: *error says what is wrong with the URL. */
int ingest_add(struct ingest *ingest, const char *url, const char *token, struct error *error);

enum ingest_end {
    INGEST_ANSWERED, /* status and body are the endpoint's */
    INGEST_NOT_SENT, /* it had no effect */
    INGEST_LOST      /* sent, no whole answer: it may have had its effect */
};
struct ingest_answer {
    enum ingest_end end;
    long status;
    const char *body; /* borrowed until the callback returns; NUL behind it */
    size_t length;
    int64_t took_ms, date_s; /* date: its clock, by the Date header; -1: not told */
    struct error error; /* NONE exactly when ANSWERED with 2xx; else one line that is safe to show,
                           with the endpoint's own words where it had any */
};
typedef void (*ingest_done)(void *context, const struct ingest_answer *answer);

struct ingest_call {
    int endpoint;
    const char *method, *path; /* "GET", "/v1/dlq?limit=100" */
    const json_t *body;        /* borrowed for the call; NULL: none */
    size_t body_most;          /* of the answer, bytes; 0: TRANSPORT_BODY_MAX_BYTES */
};
/* The call's number for ingest_cancel; 0: no memory, nothing was sent, no callback. */
unsigned ingest_start(struct ingest *ingest, const struct ingest_call *call, ingest_done done,
                      void *context);
void ingest_cancel(struct ingest *ingest, unsigned call);

/* Appends what to poll for, at most `most`, and lowers *timeout_ms to when something is due. */
size_t ingest_poll(struct ingest *ingest, struct pollfd *fds, size_t most, int *timeout_ms);
/* Moves bytes and runs callbacks; waits up to timeout_ms when nothing happens. */
void ingest_step(struct ingest *ingest, int timeout_ms);

#endif
