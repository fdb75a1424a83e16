#include "ctl/ask.h"

#include "core/clock.h"
#include "ctl/stage.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 10000, /* nobody looks at a screen: more patient than the dashboard */
    TIMEOUT_MS = 60000,
    LOOK_MS = 200 /* a signal is noticed so late at the most */
};

struct ask {
    struct ingest *ingest;
    const struct endpoints *endpoints;
    int *numbers; /* the endpoints', for ingest */
    bool verbose;
};

struct ask *ask_new(const struct endpoints *endpoints, const struct options *options,
                    struct error *error)
{
    const struct ingest_options wanted = {
        .ca_file = endpoints->ca_file,
        .connect_timeout_ms =
            options->connect_timeout_ms ? options->connect_timeout_ms : CONNECT_TIMEOUT_MS,
        .timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS,
    };
    struct ask *ask = calloc(1, sizeof(*ask));

    if (!ask || !(ask->numbers = calloc(endpoints->count + 1, sizeof(*ask->numbers)))) {
        error_no_memory(error);
        goto failed;
    }
    ask->endpoints = endpoints;
    ask->verbose = options->verbose;
    ask->ingest = ingest_new(&wanted, error);
    if (!ask->ingest)
        goto failed;
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct wire_endpoint *endpoint = &endpoints->items[i];
        ask->numbers[i] = ingest_add(ask->ingest, endpoint->url, endpoint->token, error);
        if (ask->numbers[i] < 0) {
            error_wrap(error, "endpoint %s", endpoint->name);
            goto failed;
        }
    }
    return ask;
failed:
    ask_free(ask);
    return NULL;
}

void ask_free(struct ask *ask)
{
    if (!ask)
        return;
    ingest_free(ask->ingest);
    free(ask->numbers);
    free(ask);
}

const struct endpoints *ask_endpoints(const struct ask *ask)
{
    return ask->endpoints;
}

/* -- one call ---------------------------------------------------------------------------------- */

/* What became of it, kept beyond the callback. */
struct kept {
    bool there;
    enum ingest_end end;
    long status;
    struct buf *body;
    struct error *error;
};

static void keep(void *context, const struct ingest_answer *answer)
{
    struct kept *kept = context;

    kept->there = true;
    kept->end = answer->end;
    kept->status = answer->status;
    *kept->error = answer->error;
    if (answer->error.code == ERROR_NONE)
        buf_add(kept->body, answer->body, answer->length);
    if (kept->body->failed)
        error_no_memory(kept->error);
}

/* `stoppable`: a signal ends the wait. */
static void call(struct ask *ask, size_t endpoint, const struct ingest_call *wanted, bool stoppable,
                 struct kept *kept)
{
    unsigned number;

    if (ask->verbose)
        fprintf(stderr, "eventctl: debug: %s: %s %s\n", ask->endpoints->items[endpoint].name,
                wanted->method, wanted->path);
    number = ingest_start(ask->ingest, wanted, keep, kept);
    if (number == 0) {
        kept->end = INGEST_NOT_SENT;
        error_no_memory(kept->error);
        return;
    }
    while (!kept->there && !(stoppable && stage_stop))
        ingest_step(ask->ingest, LOOK_MS);
    if (kept->there)
        return;
    ingest_cancel(ask->ingest, number);
    kept->end = INGEST_NOT_SENT;
    error_set(kept->error, ERROR_INTERRUPTED, "interrupted");
}

bool ask_get(struct ask *ask, size_t endpoint, const char *path, struct buf *body,
             struct error *error)
{
    const struct ingest_call wanted = {.endpoint = ask->numbers[endpoint],
                                       .method = "GET",
                                       .path = path,
                                       .body_most = ASK_BODY_MAX_BYTES};
    struct error said = ERROR_INIT;
    struct kept kept = {.body = body, .error = &said};

    call(ask, endpoint, &wanted, true, &kept);
    if (kept.there && kept.end == INGEST_LOST) { /* such as on a connection kept for too long */
        kept.there = false;
        said = ERROR_INIT;
        call(ask, endpoint, &wanted, true, &kept);
    }
    if (said.code == ERROR_NONE)
        return true;
    if (said.code == ERROR_INTERRUPTED)
        return error_set(error, said.code, "%s", said.text);
    return error_set(error, said.code, "endpoint %s: %s", ask->endpoints->items[endpoint].name,
                     said.text);
}

static enum ingest_end change(struct ask *ask, size_t endpoint, struct ingest_call wanted,
                              struct buf *body, struct error *error)
{
    struct error said = ERROR_INIT;
    struct kept kept = {.body = body, .error = &said};

    wanted.endpoint = ask->numbers[endpoint];
    wanted.body_most = ASK_BODY_MAX_BYTES;
    stage_writing = 1;
    call(ask, endpoint, &wanted, false, &kept);
    stage_writing = 0;
    if (said.code == ERROR_FAILED && kept.status >= 400 && kept.status < 500)
        said.code = kept.status == 409 ? ERROR_STALE : ERROR_REFUSED;
    if (said.code != ERROR_NONE)
        error_set(error, said.code, "endpoint %s: %s", ask->endpoints->items[endpoint].name,
                  said.text);
    return kept.end;
}

enum ingest_end ask_change(struct ask *ask, size_t endpoint, const char *path,
                           const json_t *content, struct buf *body, struct error *error)
{
    enum ingest_end end =
        change(ask, endpoint, (struct ingest_call){.method = "POST", .path = path, .body = content},
               body, error);

    if (error->code == ERROR_STALE)
        error->code = ERROR_REFUSED;
    return end;
}

enum ingest_end ask_put(struct ask *ask, size_t endpoint, const char *path, const json_t *content,
                        struct buf *body, struct error *error)
{
    return change(ask, endpoint,
                  (struct ingest_call){.method = "PUT", .path = path, .body = content}, body,
                  error);
}

/* -- beside calls ------------------------------------------------------------------------------ */

bool ask_misread(const struct ask *ask, size_t endpoint, struct error *error)
{
    error->code = ERROR_FAILED;
    return error_wrap(error, "endpoint %s", ask->endpoints->items[endpoint].name);
}

void ask_wait(struct ask *ask, int64_t ms)
{
    int64_t until_ms = clock_monotonic_ms() + ms, left_ms;

    while (!stage_stop && (left_ms = until_ms - clock_monotonic_ms()) > 0)
        ingest_step(ask->ingest, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
}

const char *ask_who(void)
{
    const struct passwd *user = getpwuid(geteuid());

    return user ? user->pw_name : "?";
}
