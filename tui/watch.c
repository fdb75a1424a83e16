#include "tui/watch.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 30000, NOTHING_DUE_MS = 60000 };

static const char status_path[] = "/v1/status", metrics_path[] = "/metrics";

struct watched {
    struct watch *watch;
    size_t endpoint;
    unsigned ask;               /* 0: none is under way */
    int64_t due_ms;             /* of the next; on the interval's grid while it answers */
    unsigned failures, samples; /* samples: since the last failure */
    bool heard, metrics;
};

struct watch {
    struct wire *wire;
    struct fleet *fleet;
    int64_t interval_ms, now_ms;
    struct watched *watched;
    size_t count;
    bool begun, news;
};

/* -- life cycle ---------------------------------------------------------------------------------
 */

struct watch *watch_new(struct wire *wire, struct fleet *fleet, int64_t interval_ms)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return NULL;
    watch->wire = wire;
    watch->fleet = fleet;
    watch->interval_ms = interval_ms;
    watch->count = wire_endpoints(wire);
    watch->watched = calloc(watch->count + 1, sizeof(*watch->watched));
    if (!watch->watched) {
        free(watch);
        return NULL;
    }
    for (size_t i = 0; i < watch->count; i++)
        watch->watched[i] = (struct watched){.watch = watch, .endpoint = i};
    return watch;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++)
        if (watch->watched[i].ask)
            wire_cancel(watch->wire, watch->watched[i].ask);
    free(watch->watched);
    free(watch);
}

/* -- answers ------------------------------------------------------------------------------------
 */

static int64_t backoff_ms(unsigned failures)
{
    int64_t wait_ms = RETRY_FIRST_MS;

    while (--failures > 0 && wait_ms < RETRY_MOST_MS)
        wait_ms *= 2;
    return wait_ms < RETRY_MOST_MS ? wait_ms : RETRY_MOST_MS;
}

/* After a failure it may be another program that answers: status is asked for again. */
static void take_failure(struct watched *watched, const char *problem, bool refused)
{
    struct watch *watch = watched->watch;

    watched->samples = 0;
    watched->failures++;
    watched->metrics = false;
    watched->due_ms = watch->now_ms + backoff_ms(watched->failures);
    watched->heard = watch->news = true;
    fleet_fail(watch->fleet, watched->endpoint, problem, refused, watch->now_ms, watched->due_ms);
}

static void take_sample(struct watched *watched, const struct ingest_answer *answer)
{
    struct watch *watch = watched->watch;
    struct error error = ERROR_INIT;
    struct ingest_sample sample;

    sample_init(&sample);
    if (!sample_read(&sample, answer->body, answer->length, &error)) {
        error_wrap(&error, "%s", watched->metrics ? metrics_path : status_path);
        take_failure(watched, error.text, false);
        return;
    }
    if (!fleet_take(watch->fleet, watched->endpoint, &sample, watch->now_ms)) {
        sample_release(&sample);
        take_failure(watched, "there is no memory for its answer", false);
        return;
    }
    if (watched->failures > 0) /* the grid begins anew */
        watched->due_ms = watch->now_ms + watch->interval_ms;
    watched->failures = 0;
    watched->samples++;
    watched->heard = watch->news = true;
}

/* 404, or an answer that is no JSON: not a service that tells its status. */
static bool has_no_status(const struct ingest_answer *answer)
{
    size_t at = 0;

    if (answer->status == 404)
        return true;
    while (at < answer->length && strchr(" \t\r\n", answer->body[at]) && answer->body[at])
        at++;
    return answer->error.code == ERROR_NONE && (at == answer->length || answer->body[at] != '{');
}

static void answered(void *context, const struct ingest_answer *answer)
{
    struct watched *watched = context;
    bool refused = answer->status == 401 || answer->status == 403;

    watched->ask = 0;
    if (answer->end == INGEST_ANSWERED && !watched->metrics && has_no_status(answer)) {
        watched->metrics = true;
        watched->due_ms = watched->watch->now_ms;
    } else if (answer->end == INGEST_ANSWERED && answer->error.code == ERROR_NONE) {
        take_sample(watched, answer);
    } else {
        take_failure(watched, answer->error.text, answer->end == INGEST_ANSWERED && refused);
    }
}

/* -- questions ----------------------------------------------------------------------------------
 */

static void ask(struct watched *watched)
{
    struct watch *watch = watched->watch;

    watched->ask = wire_ask(watch->wire, watched->endpoint, "GET",
                            watched->metrics ? metrics_path : status_path, NULL, answered, watched);
    if (!watched->ask)
        watched->due_ms = watch->now_ms + RETRY_FIRST_MS;
    else if (watched->due_ms + watch->interval_ms > watch->now_ms)
        watched->due_ms += watch->interval_ms;
    else /* it fell behind: what was missed is not made up for */
        watched->due_ms +=
            (watch->now_ms - watched->due_ms) / watch->interval_ms * watch->interval_ms +
            watch->interval_ms;
}

int64_t watch_step(struct watch *watch, int64_t now_ms)
{
    int64_t wait_ms = NOTHING_DUE_MS;

    for (size_t i = 0; !watch->begun && i < watch->count; i++)
        watch->watched[i].due_ms = now_ms;
    watch->begun = true;
    watch->now_ms = now_ms;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched *watched = &watch->watched[i];
        if (!watched->ask && watched->due_ms <= now_ms)
            ask(watched);
        if (!watched->ask && watched->due_ms - now_ms < wait_ms)
            wait_ms = watched->due_ms - now_ms;
    }
    return wait_ms;
}

bool watch_news(struct watch *watch)
{
    bool news = watch->news;

    watch->news = false;
    return news;
}

bool watch_all_heard(const struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        if (!watch->watched[i].heard)
            return false;
    return true;
}

bool watch_all_sampled(const struct watch *watch, unsigned samples)
{
    for (size_t i = 0; i < watch->count; i++)
        if (watch->watched[i].failures == 0 && watch->watched[i].samples < samples)
            return false;
    return true;
}
