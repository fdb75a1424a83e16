#include "tui/wire.h"

#include "tui/wire_state.h"

#include <stdlib.h>
#include <string.h>

/* -- life cycle ---------------------------------------------------------------------------------
 */

struct wire *wire_new(size_t most)
{
    struct wire *wire = calloc(1, sizeof(*wire));

    if (!wire)
        return NULL;
    wire->endpoints = calloc(most + 1, sizeof(*wire->endpoints));
    wire->numbers = calloc(most + 1, sizeof(*wire->numbers));
    if (wire->endpoints && wire->numbers)
        return wire;
    wire_free(wire);
    return NULL;
}

bool wire_add(struct wire *wire, const char *name, const char *url, bool production)
{
    struct wire_endpoint *endpoint = &wire->endpoints[wire->count];

    endpoint->name = strdup(name);
    endpoint->url = strdup(url);
    endpoint->production = production;
    wire->count++;
    return endpoint->name && endpoint->url;
}

void wire_free(struct wire *wire)
{
    if (!wire)
        return;
    while (wire->under_way)
        wire_cancel(wire, wire->under_way->number);
    for (size_t i = 0; i < wire->count; i++) {
        free((char *)wire->endpoints[i].name);
        free((char *)wire->endpoints[i].url);
    }
    recorder_free(wire->recorder);
    replay_free(wire->replay);
    free(wire->endpoints);
    free(wire->numbers);
    free(wire);
}

bool wire_is_replay(const struct wire *wire)
{
    return wire->replay;
}

size_t wire_endpoints(const struct wire *wire)
{
    return wire->count;
}

const struct wire_endpoint *wire_endpoint(const struct wire *wire, size_t n)
{
    return &wire->endpoints[n];
}

void wire_span(const struct wire *wire, int64_t *first_ms, int64_t *last_ms, int64_t *interval_ms)
{
    replay_span(wire->replay, first_ms, last_ms, interval_ms);
}

/* -- what is under way --------------------------------------------------------------------------
 */

void under_way_free(struct wire_under_way *asked)
{
    if (!asked)
        return;
    free(asked->method);
    free(asked->path);
    free(asked);
}

void wire_take_out(struct wire *wire, struct wire_under_way *asked)
{
    for (struct wire_under_way **at = &wire->under_way; *at; at = &(*at)->next)
        if (*at == asked) {
            *at = asked->next;
            return;
        }
}

static void append(struct wire *wire, struct wire_under_way *asked)
{
    struct wire_under_way **at = &wire->under_way;

    while (*at)
        at = &(*at)->next;
    *at = asked;
}

unsigned wire_ask(struct wire *wire, size_t endpoint, const char *method, const char *path,
                  const json_t *body, ingest_done done, void *context)
{
    struct wire_under_way *asked = calloc(1, sizeof(*asked));

    if (!asked)
        return 0;
    if (++wire->last_number == 0)
        wire->last_number = 1;
    asked->wire = wire;
    asked->number = wire->last_number;
    asked->endpoint = endpoint;
    asked->method = strdup(method);
    asked->path = strdup(path);
    asked->done = done;
    asked->context = context;
    if (!asked->method || !asked->path || (wire->ingest && !live_ask(wire, asked, body))) {
        under_way_free(asked);
        return 0;
    }
    append(wire, asked);
    return asked->number;
}

void wire_cancel(struct wire *wire, unsigned ask)
{
    struct wire_under_way *asked = wire->under_way;

    while (asked && asked->number != ask)
        asked = asked->next;
    if (!asked)
        return;
    wire_take_out(wire, asked);
    if (wire->ingest)
        ingest_cancel(wire->ingest, asked->call);
    under_way_free(asked);
}

/* -- moving on ----------------------------------------------------------------------------------
 */

size_t wire_poll(struct wire *wire, struct pollfd *fds, size_t most, int *timeout_ms)
{
    int64_t wait_ms;

    if (wire->ingest)
        return ingest_poll(wire->ingest, fds, most, timeout_ms);
    wait_ms = replay_wait_ms(wire);
    if (wait_ms >= 0 && (*timeout_ms < 0 || wait_ms < *timeout_ms))
        *timeout_ms = (int)wait_ms;
    return 0;
}

void wire_step(struct wire *wire, int64_t now_ms, int timeout_ms)
{
    wire->now_ms = now_ms;
    if (wire->ingest)
        ingest_step(wire->ingest, timeout_ms);
    else
        replay_step(wire);
}

/* -- the Genesys side ---------------------------------------------------------------------------
 */

void wire_note_genesys(struct wire *wire, const json_t *snapshot, int64_t now_ms)
{
    recorder_genesys(wire->recorder, snapshot, now_ms);
}

const json_t *wire_genesys(const struct wire *wire, int64_t now_ms)
{
    return wire->replay ? replay_genesys(wire->replay, now_ms) : NULL;
}
