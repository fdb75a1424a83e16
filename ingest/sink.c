#include "ingest/sink.h"

#include "core/text.h"
#include "ingest/sink_type.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sink {
    const struct sink_type *type;
    const struct config_sink *config;
    void *state;
};

static const struct sink_type *const types[SINK_TYPES] = {
    [SINK_HTTP] = &sink_http,
    [SINK_NDJSON] = &sink_ndjson,
};

struct sink *sink_open(const struct config_sink *config, struct error *error)
{
    struct sink *sink = calloc(1, sizeof(*sink));

    if (!sink) {
        error_no_memory(error);
        return NULL;
    }
    sink->type = types[config->type];
    sink->config = config;
    sink->state = sink->type->open(config, error);
    if (!sink->state) {
        error_wrap(error, "sink %s", config->name);
        free(sink);
        return NULL;
    }
    return sink;
}

void sink_close(struct sink *sink)
{
    if (!sink)
        return;
    sink->type->close(sink->state);
    free(sink);
}

const struct config_sink *sink_config(const struct sink *sink)
{
    return sink->config;
}

size_t sink_batch_most(const struct sink *sink)
{
    return sink->type->batch_most;
}

/* The worker's number is of no use to the sinks that there are: sink_http keeps its connections in
 * a pool, so that there are as many as deliveries at a time, not as many as workers. */
void sink_deliver(struct sink *sink, unsigned worker, struct delivery *const *deliveries,
                  size_t count, struct outcome *outcomes)
{
    (void)worker;
    sink->type->deliver(sink->state, deliveries, count, outcomes);
}

void sink_stop(struct sink *sink)
{
    sink->type->stop(sink->state);
}

void outcome_set(struct outcome *outcome, enum outcome_result result, const char *reason,
                 const char *detail, ...)
{
    struct buf safe;
    char text[256];
    va_list arguments;

    va_start(arguments, detail);
    vsnprintf(text, sizeof(text), detail, arguments);
    va_end(arguments);
    *outcome = (struct outcome){.result = result};
    snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
    buf_init(&safe, sizeof(outcome->detail) - 1);
    text_add_safe(&safe, text, strlen(text)); /* what does not fit is left out */
    snprintf(outcome->detail, sizeof(outcome->detail), "%s", buf_text(&safe));
    buf_release(&safe);
}
