/* Where events go: a table of functions for each type (sink_http.c, sink_ndjson.c).
 *
 * A sink may be used by as many workers at a time as its concurrency says (sink_http), or by one
 * (sink_ndjson); the dispatch keeps to it. It waits, so it is never called on the accept path.
 */
#ifndef INGEST_SINK_H
#define INGEST_SINK_H

#include "core/error.h"
#include "ingest/config.h"
#include "ingest/delivery.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum outcome_result {
    OUTCOME_DELIVERED,
    OUTCOME_FAILED, /* counts as an attempt */
    OUTCOME_LATER,  /* the sink said to wait (429 or 503 with Retry-After): no attempt, and
                     * nothing goes to the sink until then */
    OUTCOME_STOPPED /* we are stopping: as if it had never been tried */
};

enum { OUTCOME_LATER_MOST_MS = 5 * 60 * 1000 };

struct outcome {
    enum outcome_result result;
    bool sink_is_well; /* FAILED: it answered, and will not take this event */
    char reason[32];   /* FAILED: a word of few: "http-500", "timeout", "connect", "reset", "tls",
                        * "redirect", "too-large" (the answer, or the line), "dns", "file", "other":
                        * a metric label */
    char detail[256];  /* for people; made safe */
    int64_t wait_ms;   /* LATER; OUTCOME_LATER_MOST_MS at most */
};

struct sink;

/* Opens it: reads its token and certificates, opens its file. NULL: the error says what is wrong.
 * `config` is borrowed and must live as long. */
struct sink *sink_open(const struct config_sink *config, struct error *error);
void sink_close(struct sink *sink); /* nobody is using it any more */

const struct config_sink *sink_config(const struct sink *sink);

/* How many deliveries one call may take: 1 for http. */
size_t sink_batch_most(const struct sink *sink);

/* Tries to deliver; fills one outcome for each. Blocks until done, the timeout, or sink_stop.
 * `worker` (0 ..) says which worker calls: a sink may keep a connection for each. */
void sink_deliver(struct sink *sink, unsigned worker, struct delivery *const *deliveries,
                  size_t count, struct outcome *outcomes);

/* Calls that are under way end soon as STOPPED or as they end; any thread. */
void sink_stop(struct sink *sink);

#endif
