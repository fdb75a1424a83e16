/* Delivery into a file, one line an event:
 *
 *   {"received":"…Z","subscription":…,"type":…,"interaction":…,"key":hex,"position":"p.n",
 *    "replayed":n,"quarantined":true,"event":{…}}
 *
 * "replayed" and "quarantined" stand there only when they hold; "event" is the event's own JSON, or
 * what the sink's compatibility map makes of it. An event that is delivered twice has the same key
 * both times.
 */
#include "ingest/sink_type.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"
#include "ingest/sink_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BATCH_MOST = 256,
    WRITE_BYTES = 4 * 1024 * 1024,  /* a batch beyond it is more than one write */
    LINES_BYTES = 64 * 1024 * 1024, /* nothing is longer */
};

struct ndjson {
    struct sink_file file;
    struct buf lines;
    atomic_bool stopping;
};

static void add_time(struct buf *out, int64_t at_us)
{
    time_t seconds = (time_t)(at_us / 1000000);
    char text[64] = "";
    struct tm utc;

    if (gmtime_r(&seconds, &utc))
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(out, "%s.%06dZ", text, (int)(at_us % 1000000));
}

/* Texts may have been cut in the middle of a character. */
static void add_text(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, ",\"%s\":", name);
    json_add_string(out, text, text_utf8_check(text, strlen(text)));
}

/* On one line: in valid JSON a raw line end can only stand where a space may. */
static void add_event(struct buf *out, const char *event, size_t length_bytes)
{
    size_t start = out->length;

    if (length_bytes == 0)
        buf_add_text(out, "null");
    buf_add(out, event, length_bytes);
    for (size_t i = start; i < out->length; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
}

static void add_line(struct buf *out, const struct delivery *delivery)
{
    size_t length;
    const char *shown = delivery_shown(delivery, &length);

    buf_add_text(out, SINK_FILE_LINE_START);
    add_time(out, delivery->received_us);
    buf_add_char(out, '"');
    add_text(out, "subscription", delivery->request->arrival.subscription);
    add_text(out, "type", delivery->type);
    add_text(out, "interaction", delivery->interaction);
    buf_add_text(out, ",\"key\":\"");
    for (size_t i = 0; i < EVENT_KEY_BYTES; i++)
        buf_printf(out, "%02x", delivery->key[i]);
    buf_printf(out, "\",\"position\":\"%" PRId64 ".%" PRIu32 "\"", delivery->place.position,
               delivery->place.part);
    if (delivery->dead_id)
        buf_printf(out, ",\"replayed\":%d", delivery->replays + 1);
    if (delivery->quarantined)
        buf_add_text(out, ",\"quarantined\":true");
    buf_add_text(out, ",\"event\":");
    add_event(out, shown, length);
    buf_add_text(out, "}\n");
}

/* Fills `lines` with the first of them, and returns how many: 0 when the first does not fit. */
static size_t gather(struct buf *lines, struct delivery *const *deliveries, size_t count)
{
    size_t taken = 0;

    buf_reset(lines);
    while (taken < count && lines->length < WRITE_BYTES) {
        size_t whole = lines->length;
        add_line(lines, deliveries[taken]);
        if (lines->failed) { /* a line that is too long stands alone, and is refused then */
            lines->failed = false;
            lines->length = whole;
            break;
        }
        taken++;
    }
    return taken;
}

/* One write; returns how many outcomes were filled. */
static size_t deliver_some(struct ndjson *ndjson, struct delivery *const *deliveries, size_t count,
                           struct outcome *outcomes)
{
    struct error error = ERROR_INIT;
    size_t taken;
    bool ok;

    if (atomic_load(&ndjson->stopping)) {
        for (size_t i = 0; i < count; i++)
            outcome_set(&outcomes[i], OUTCOME_STOPPED, "", "the service stops");
        return count;
    }
    taken = gather(&ndjson->lines, deliveries, count);
    if (taken == 0) {
        outcome_set(&outcomes[0], OUTCOME_FAILED, "too-large",
                    "the line is longer than %d bytes, or there is no memory for it", LINES_BYTES);
        return 1;
    }
    ok = sink_file_append(&ndjson->file, ndjson->lines.data, ndjson->lines.length, clock_unix_us(),
                          &error);
    for (size_t i = 0; i < taken; i++)
        outcome_set(&outcomes[i], ok ? OUTCOME_DELIVERED : OUTCOME_FAILED, ok ? "" : "file", "%s",
                    error.text);
    if (ndjson->lines.size > 2 * WRITE_BYTES)
        buf_release(&ndjson->lines);
    return taken;
}

static void ndjson_deliver(void *state, struct delivery *const *deliveries, size_t count,
                           struct outcome *outcomes)
{
    for (size_t done = 0; done < count;)
        done += deliver_some(state, deliveries + done, count - done, outcomes + done);
}

static void ndjson_stop(void *state)
{
    struct ndjson *ndjson = state;

    atomic_store(&ndjson->stopping, true);
}

static void ndjson_close(void *state)
{
    struct ndjson *ndjson = state;

    sink_file_close(&ndjson->file);
    buf_release(&ndjson->lines);
    free(ndjson);
}

static void *ndjson_open(const struct config_sink *config, struct error *error)
{
    struct ndjson *ndjson = calloc(1, sizeof(*ndjson));

    if (!ndjson) {
        error_no_memory(error);
        return NULL;
    }
    buf_init(&ndjson->lines, LINES_BYTES);
    if (sink_file_open(&ndjson->file, config, error))
        return ndjson;
    free(ndjson);
    return NULL;
}

const struct sink_type sink_ndjson = {
    .batch_most = BATCH_MOST,
    .open = ndjson_open,
    .close = ndjson_close,
    .deliver = ndjson_deliver,
    .stop = ndjson_stop,
};
