/* What a type of sink is made of: the functions behind sink.h. Only for sink.c and the sinks. */
#ifndef INGEST_SINK_TYPE_H
#define INGEST_SINK_TYPE_H

#include "ingest/sink.h"

struct sink_type {
    size_t batch_most;
    /* The state that the others get; NULL: the error says what is wrong. */
    void *(*open)(const struct config_sink *config, struct error *error);
    void (*close)(void *state);
    void (*deliver)(void *state, struct delivery *const *deliveries, size_t count,
                    struct outcome *outcomes);
    void (*stop)(void *state); /* any thread, while deliver is under way */
};

extern const struct sink_type sink_http, sink_ndjson;

/* Fills an outcome. The reason is a word of sink.h's list; the detail is made safe and cut. */
void outcome_set(struct outcome *outcome, enum outcome_result result, const char *reason,
                 const char *detail, ...) __attribute__((format(printf, 4, 5)));

#endif
