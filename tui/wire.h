/* What the dashboard asks of endpoints, and what came back: live, recorded, or from a recording.
 *
 * A recording is lines of JSON. The first: {"recording": 1, "version", "started_ms", "endpoints":
 * [{"name", "url", "production"}], "interval_ms"}. Each other is one exchange: {"at_ms" (of the
 * answer), "took_ms", "endpoint": name, "method", "path", "status", "body" (JSON, as a value) or
 * "text"}, or "end": "not-sent" | "lost" with "error"; or {"at_ms", "genesys": {…}}, a snapshot of
 * the other side (genesys.h). Tokens, and what is sent, are in none of them.
 *
 * In a replay the answer to a GET is the newest one of its endpoint and path not after now; a
 * change's is the next one recorded for its path; what was never recorded ends NOT_SENT.
 *
 * Always holds: callbacks run only inside wire_step.
 */
#ifndef TUI_WIRE_H
#define TUI_WIRE_H

#include "api/ingest.h"

struct wire;

struct wire_endpoint {
    const char *name, *url, *token;
    bool production;
};
/* `ingest` is borrowed. Endpoints are added to it. NULL: *error says which URL is wrong. */
struct wire *wire_live(struct ingest *ingest, const struct wire_endpoint *endpoints, size_t count,
                       struct error *error);
/* Writes all that passes from now on to a file that must not be there yet (mode 0600). */
MUST_CHECK bool wire_record(struct wire *wire, const char *path, int64_t interval_ms,
                            int64_t now_ms, struct error *error);
/* False once: a write to the recording failed, and it has ended. */
bool wire_recording_is_well(struct wire *wire, struct error *error);
struct wire *wire_replay(const char *path, struct error *error);
void wire_free(struct wire *wire);

bool wire_is_replay(const struct wire *wire);
size_t wire_endpoints(const struct wire *wire);
const struct wire_endpoint *wire_endpoint(const struct wire *wire,
                                          size_t n); /* without its token */
/* Of a replay: its first and last time, and its interval. */
void wire_span(const struct wire *wire, int64_t *first_ms, int64_t *last_ms, int64_t *interval_ms);

/* 0: no memory, no callback. `body` is borrowed for the call. */
unsigned wire_ask(struct wire *wire, size_t endpoint, const char *method, const char *path,
                  const json_t *body, ingest_done done, void *context);
void wire_cancel(struct wire *wire, unsigned ask);

/* A snapshot of the Genesys side: recorded, or the newest of the replay not after now (borrowed;
 * NULL: none). */
void wire_note_genesys(struct wire *wire, const json_t *snapshot, int64_t now_ms);
const json_t *wire_genesys(const struct wire *wire, int64_t now_ms);

size_t wire_poll(struct wire *wire, struct pollfd *fds, size_t most, int *timeout_ms);
/* `now_ms`: since the epoch; in a replay, the recording's time. */
void wire_step(struct wire *wire, int64_t now_ms, int timeout_ms);

#endif
