/* Asking real endpoints: by api/ingest.h, with a line in the recording for each answer. */
#include "tui/wire_state.h"

#include <stdlib.h>

struct wire *wire_live(struct ingest *ingest, const struct wire_endpoint *endpoints, size_t count,
                       struct error *error)
{
    struct wire *wire = wire_new(count);

    if (!wire) {
        error_no_memory(error);
        return NULL;
    }
    wire->ingest = ingest;
    for (size_t i = 0; i < count; i++) {
        const struct wire_endpoint *endpoint = &endpoints[i];
        wire->numbers[i] = ingest_add(ingest, endpoint->url, endpoint->token, error);
        if (wire->numbers[i] < 0) {
            error_wrap(error, "endpoint %s", endpoint->name);
            wire_free(wire);
            return NULL;
        }
        if (!wire_add(wire, endpoint->name, endpoint->url, endpoint->production)) {
            error_no_memory(error);
            wire_free(wire);
            return NULL;
        }
    }
    return wire;
}

static void answered(void *context, const struct ingest_answer *answer)
{
    struct wire_under_way *asked = context;
    struct wire *wire = asked->wire;

    wire_take_out(wire, asked);
    recorder_answer(wire->recorder, wire->endpoints[asked->endpoint].name, asked, answer,
                    wire->now_ms);
    asked->done(asked->context, answer);
    under_way_free(asked);
}

bool live_ask(struct wire *wire, struct wire_under_way *asked, const json_t *body)
{
    const struct ingest_call call = {.endpoint = wire->numbers[asked->endpoint],
                                     .method = asked->method,
                                     .path = asked->path,
                                     .body = body,
                                     .body_most = WIRE_BODY_MOST};

    asked->call = ingest_start(wire->ingest, &call, answered, asked);
    return asked->call != 0;
}
