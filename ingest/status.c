#include "ingest/status.h"

#include "core/clock.h"

#include <stddef.h>
#include <string.h>

/* -- the table ----------------------------------------------------------------------------------
 */

enum kind {
    KIND_INT,   /* int64_t */
    KIND_COUNT, /* uint64_t */
    KIND_TEXT,  /* const char * */
    KIND_BOOL,  /* bool */
    KIND_REAL,  /* double; negative: null */
    KIND_TIME,  /* int64_t, microseconds since the epoch, shown as milliseconds; 0: null */
};
static const char *const kind_words[] = {
    [KIND_INT] = "integer",         [KIND_COUNT] = "counter",
    [KIND_TEXT] = "text",           [KIND_BOOL] = "boolean",
    [KIND_REAL] = "number or null", [KIND_TIME] = "milliseconds since the epoch, or null",
};

struct field {
    const char *name; /* NULL ends a table */
    enum kind kind;
    size_t offset;
    const char *help;
};

struct program_view {
    int64_t status_version;
    const char *version, *instance;
    int64_t started_us, now_us;
    bool ready;
    const char *not_ready;
    int64_t connections;
};

struct queue_view {
    struct queue_stat stat;
    const char *trouble;
    int64_t pending_bytes, ledger_bytes, ledger_backlog;
    uint64_t requests, accepted, store_failures, signature_failures, replies_202, replies_503;
};

struct dead_view {
    int64_t count, bytes, quota_bytes;
};

struct reason_view {
    const char *subscription, *reason;
    int64_t count, came_back, oldest_us;
};

#define AT(type, member) offsetof(struct type, member)

static const struct field program_fields[] = {
    {"status_version", KIND_INT, AT(program_view, status_version),
     "of this document; raised when a field changes its meaning or goes"},
    {"version", KIND_TEXT, AT(program_view, version), "of ingestd"},
    {"instance", KIND_TEXT, AT(program_view, instance),
     "differs with each start: counters begin again at 0"},
    {"started_ms", KIND_TIME, AT(program_view, started_us), "when it started"},
    {"now_ms", KIND_TIME, AT(program_view, now_us), "when this sample was taken"},
    {"ready", KIND_BOOL, AT(program_view, ready), "it takes events"},
    {"not_ready", KIND_TEXT, AT(program_view, not_ready), "why not; \"\" when it does"},
    {"connections", KIND_INT, AT(program_view, connections), "open on the event listener"},
    {NULL, 0, 0, NULL},
};

static const struct field queue_fields[] = {
    {"trouble", KIND_TEXT, AT(queue_view, trouble),
     "what the last commit met: fine, full, busy, io, corrupt"},
    {"first_position", KIND_INT, AT(queue_view, stat.first), "oldest request that is kept"},
    {"last_position", KIND_INT, AT(queue_view, stat.last), "newest"},
    {"bytes", KIND_INT, AT(queue_view, stat.bytes), "of the queue's files"},
    {"wal_bytes", KIND_INT, AT(queue_view, stat.wal_bytes), "of these, its write-ahead log"},
    {"free_bytes", KIND_INT, AT(queue_view, stat.free_bytes), "free on its disk"},
    {"reserve_bytes", KIND_INT, AT(queue_view, stat.reserve_bytes),
     "below so much free space requests get 503"},
    {"pending_bytes", KIND_INT, AT(queue_view, pending_bytes), "in memory, before their commit"},
    {"ledger_bytes", KIND_INT, AT(queue_view, ledger_bytes), "of the ledger's files"},
    {"ledger_backlog", KIND_INT, AT(queue_view, ledger_backlog),
     "results that could not be written yet"},
    {"received_requests", KIND_COUNT, AT(queue_view, requests), "verified"},
    {"accepted_events", KIND_COUNT, AT(queue_view, accepted), "stored"},
    {"store_failures", KIND_COUNT, AT(queue_view, store_failures), "commits that failed"},
    {"signature_failures", KIND_COUNT, AT(queue_view, signature_failures),
     "requests that were not believed"},
    {"replies_202", KIND_COUNT, AT(queue_view, replies_202), ""},
    {"replies_503", KIND_COUNT, AT(queue_view, replies_503), ""},
    {NULL, 0, 0, NULL},
};

static const struct field delivery_fields[] = {
    {"depth", KIND_INT, AT(dispatch_view, depth), "events accepted and not settled, in all"},
    {"parked", KIND_INT, AT(dispatch_view, parked), "of these, waiting for a retry or behind one"},
    {"oldest_ms", KIND_TIME, AT(dispatch_view, oldest_us), "when the oldest of them was received"},
    {"workers", KIND_INT, AT(dispatch_view, workers), "that run"},
    {"workers_busy", KIND_INT, AT(dispatch_view, workers_busy), "of these, delivering"},
    {"workers_wanted", KIND_INT, AT(dispatch_view, workers_wanted),
     "by depth, before the limits: what an autoscaler may look at"},
    {"workers_least", KIND_INT, AT(dispatch_view, workers_least), ""},
    {"workers_most", KIND_INT, AT(dispatch_view, workers_most), ""},
    {"dedupe_keys", KIND_INT, AT(dispatch_view, dedupe_keys), "in the dedupe window"},
    {"dedupe_dropped", KIND_COUNT, AT(dispatch_view, dedupe_dropped),
     "forgotten before their time, for want of room"},
    {NULL, 0, 0, NULL},
};

static const struct field dead_fields[] = {
    {"count", KIND_INT, AT(dead_view, count), "in the table"},
    {"bytes", KIND_INT, AT(dead_view, bytes), "what they take"},
    {"quota_bytes", KIND_INT, AT(dead_view, quota_bytes), "what they may take"},
    {NULL, 0, 0, NULL},
};

static const struct field reason_fields[] = {
    {"subscription", KIND_TEXT, AT(reason_view, subscription), "its id"},
    {"reason", KIND_TEXT, AT(reason_view, reason), "http-500, timeout, not-json, …"},
    {"count", KIND_INT, AT(reason_view, count), "dead letters of that reason"},
    {"came_back", KIND_INT, AT(reason_view, came_back), "of these, replayed and failed again"},
    {"oldest_ms", KIND_TIME, AT(reason_view, oldest_us), "when the oldest of them died"},
    {NULL, 0, 0, NULL},
};

static const struct field sink_fields[] = {
    {"name", KIND_TEXT, AT(sink_view, name), ""},
    {"type", KIND_TEXT, AT(sink_view, type), "http or ndjson"},
    {"target", KIND_TEXT, AT(sink_view, target), "its URL, without a query, or its file"},
    {"breaker", KIND_TEXT, AT(sink_view, breaker), "closed, half-open, open"},
    {"rests", KIND_TEXT, AT(sink_view, rests),
     "why nothing is sent to it: breaker, retry-after; else \"\""},
    {"rests_until_ms", KIND_TIME, AT(sink_view, rests_until_us), "when it is tried again"},
    {"in_flight", KIND_INT, AT(sink_view, in_flight), "deliveries under way"},
    {"concurrency", KIND_INT, AT(sink_view, concurrency), "the most at a time"},
    {"attempts", KIND_COUNT, AT(sink_view, attempts), ""},
    {"failures", KIND_COUNT, AT(sink_view, failures), ""},
    {NULL, 0, 0, NULL},
};

static const struct field subscription_fields[] = {
    {"id", KIND_TEXT, AT(lane_view, subscription), ""},
    {"name", KIND_TEXT, AT(lane_view, name), "\"\" when none is known"},
    {"sink", KIND_TEXT, AT(lane_view, sink), ""},
    {"known", KIND_BOOL, AT(lane_view, known), "configured or published, not only seen"},
    {"paused", KIND_BOOL, AT(lane_view, paused), ""},
    {"depth", KIND_INT, AT(lane_view, depth), "events accepted and not settled"},
    {"parked", KIND_INT, AT(lane_view, parked), "of these, waiting for a retry or behind one"},
    {"oldest_ms", KIND_TIME, AT(lane_view, oldest_us), "when the oldest of them was received"},
    {"accepted", KIND_COUNT, AT(lane_view, accepted), "events"},
    {"delivered", KIND_COUNT, AT(lane_view, delivered), ""},
    {"replayed", KIND_COUNT, AT(lane_view, replayed), "of the delivered ones"},
    {"duplicates", KIND_COUNT, AT(lane_view, duplicates), ""},
    {"filtered", KIND_COUNT, AT(lane_view, filtered), ""},
    {"retried", KIND_COUNT, AT(lane_view, retried), "attempts that failed and are made again"},
    {"dead_lettered", KIND_COUNT, AT(lane_view, dead_lettered), ""},
    {"quarantined", KIND_COUNT, AT(lane_view, quarantined), "no JSON, or without their ids"},
    {"p50_s", KIND_REAL, AT(lane_view, p50_s), "seconds from received to delivered"},
    {"p95_s", KIND_REAL, AT(lane_view, p95_s), ""},
    {"p99_s", KIND_REAL, AT(lane_view, p99_s), ""},
    {"last_error", KIND_TEXT, AT(lane_view, last_error), "\"\" when there was none"},
    {"last_error_ms", KIND_TIME, AT(lane_view, last_error_us), ""},
    {"last_delivered_ms", KIND_TIME, AT(lane_view, last_delivered_us), ""},
    {NULL, 0, 0, NULL},
};

/* The document's parts; "" is its top. */
static const struct {
    const char *path;
    const struct field *fields;
} sections[] = {
    {"", program_fields},
    {"queue.", queue_fields},
    {"delivery.", delivery_fields},
    {"dead_letters.", dead_fields},
    {"dead_letters.reasons[].", reason_fields},
    {"sinks[].", sink_fields},
    {"subscriptions[].", subscription_fields},
};

void status_document(struct buf *out)
{
    buf_add_text(out, "| field | type | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (const struct field *field = sections[i].fields; field->name; field++)
            buf_printf(out, "| `%s%s` | %s | %s |\n", sections[i].path, field->name,
                       kind_words[field->kind], field->help);
}

/* -- the document -------------------------------------------------------------------------------
 */

static json_t *field_json(const struct field *field, const void *view)
{
    const void *at = (const char *)view + field->offset;

    switch (field->kind) {
    case KIND_INT:
        return json_integer(*(const int64_t *)at);
    case KIND_COUNT:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case KIND_TEXT:
        return json_string(*(const char *const *)at ? *(const char *const *)at : "");
    case KIND_BOOL:
        return json_boolean(*(const bool *)at);
    case KIND_REAL:
        return *(const double *)at < 0 ? json_null() : json_real(*(const double *)at);
    case KIND_TIME:
        return *(const int64_t *)at ? json_integer(*(const int64_t *)at / 1000) : json_null();
    }
    return NULL;
}

/* Puts a view's fields into an object; false when there is no memory. */
static bool object_add(json_t *object, const struct field *fields, const void *view)
{
    for (const struct field *field = fields; field->name; field++)
        if (json_object_set_new_nocheck(object, field->name, field_json(field, view)))
            return false;
    return true;
}

/* What a list of the document is gathered into. */
struct gathering {
    json_t *array;
    bool failed;
    int64_t count;
};

static void gather(struct gathering *gathering, const struct field *fields, const void *view)
{
    json_t *object = json_object();

    if (!object || !object_add(object, fields, view)) {
        json_decref(object);
        gathering->failed = true;
    } else if (json_array_append_new(gathering->array, object)) {
        gathering->failed = true;
    }
}

static void gather_lane(void *context, const struct lane_view *view)
{
    gather(context, subscription_fields, view);
}

static void gather_sink(void *context, const struct sink_view *view)
{
    gather(context, sink_fields, view);
}

static void gather_reason(void *context, const char *subscription, const char *reason,
                          int64_t count, int64_t came_back, int64_t oldest_us)
{
    struct gathering *gathering = context;
    struct reason_view view = {subscription, reason, count, came_back, oldest_us};

    gathering->count += count;
    gather(gathering, reason_fields, &view);
}

static uint64_t replies(const struct admin_options *options, const char *code)
{
    return series_count(metrics_series(options->metrics, METRIC_REPLIES, code, NULL));
}

static bool add_program(json_t *top, const struct admin_options *options)
{
    const char *why = status_not_ready(options);
    struct program_view view = {
        .status_version = STATUS_VERSION,
        .version = EVENTCTL_VERSION,
        .instance = options->instance,
        .started_us = options->started_us,
        .now_us = clock_unix_us(),
        .ready = !*why,
        .not_ready = why,
        .connections = reactors_connections(options->reactors),
    };

    return object_add(top, program_fields, &view);
}

static bool add_queue(json_t *top, const struct admin_options *options)
{
    struct queue_view view = {
        .pending_bytes = writer_pending_bytes(options->writer),
        .ledger_bytes = ledger_bytes(options->ledger),
        .ledger_backlog = (int64_t)ledger_backlog(options->ledger),
        .requests = metrics_sum(options->metrics, METRIC_RECEIVED_REQUESTS),
        .accepted = metrics_sum(options->metrics, METRIC_ACCEPTED),
        .store_failures = metrics_sum(options->metrics, METRIC_STORE_FAILURES),
        .signature_failures = metrics_sum(options->metrics, METRIC_SIGNATURE_FAILURES),
        .replies_202 = replies(options, "202"),
        .replies_503 = replies(options, "503"),
    };
    json_t *object = json_object();

    queue_stat(options->queue, &view.stat);
    view.trouble = queue_trouble_word(writer_trouble(options->writer));
    if (object && object_add(object, queue_fields, &view))
        return !json_object_set_new(top, "queue", object);
    json_decref(object);
    return false;
}

static bool add_delivery(json_t *top, const struct admin_options *options)
{
    struct dispatch_view view;
    json_t *object = json_object();

    dispatch_view(options->dispatch, &view);
    if (object && object_add(object, delivery_fields, &view))
        return !json_object_set_new(top, "delivery", object);
    json_decref(object);
    return false;
}

static bool add_dead_letters(json_t *top, const struct admin_options *options)
{
    json_t *object = json_object();
    struct gathering reasons = {.array = json_array()};
    struct dead_view view = {.bytes = ledger_dead_bytes(options->ledger),
                             .quota_bytes = options->settings->dead_letters.bytes};

    if (reasons.array)
        ledger_dead_sums(options->ledger, gather_reason, &reasons);
    view.count = reasons.count;
    if (!object || !reasons.array || reasons.failed || !object_add(object, dead_fields, &view)) {
        json_decref(object);
        json_decref(reasons.array);
        return false;
    }
    if (json_object_set_new(object, "reasons", reasons.array)) {
        json_decref(object);
        return false;
    }
    return !json_object_set_new(top, "dead_letters", object);
}

static bool add_lists(json_t *top, const struct admin_options *options)
{
    struct gathering sinks = {.array = json_array()}, lanes = {.array = json_array()};

    if (sinks.array && lanes.array) {
        dispatch_sinks(options->dispatch, gather_sink, &sinks);
        dispatch_lanes(options->dispatch, gather_lane, &lanes);
    }
    /* Setting NULL fails, and takes what it is given either way. */
    bool sinks_set = !json_object_set_new(top, "sinks", sinks.array);
    bool lanes_set = !json_object_set_new(top, "subscriptions", lanes.array);
    return sinks_set && lanes_set && !sinks.failed && !lanes.failed;
}

json_t *status_json(const struct admin_options *options)
{
    json_t *top = json_object();

    if (top && add_program(top, options) && add_queue(top, options) && add_delivery(top, options) &&
        add_dead_letters(top, options) && add_lists(top, options))
        return top;
    json_decref(top);
    return NULL;
}

const char *status_not_ready(const struct admin_options *options)
{
    static const char *const troubles[QUEUE_TROUBLES] = {
        [QUEUE_FINE] = "",
        [QUEUE_FULL] = "the disk is full, or its reserve is reached",
        [QUEUE_BUSY] = "another process holds the queue's file",
        [QUEUE_IO] = "the queue's file cannot be written or synced",
        [QUEUE_CORRUPT] = "the queue's file is damaged",
    };
    struct queue_stat stat;

    if (atomic_load(options->stopping))
        return "stopping";
    enum queue_trouble trouble = writer_trouble(options->writer);
    if (trouble != QUEUE_FINE)
        return troubles[trouble];
    /* With nothing coming in, nobody would notice that nothing could. */
    queue_stat(options->queue, &stat);
    if (stat.free_bytes < stat.reserve_bytes)
        return troubles[QUEUE_FULL];
    return "";
}

/* -- the same as metrics ------------------------------------------------------------------------
 */

/* A pair that has no dead letters any more is told too, with 0: its gauge falls. */
static void measure_reason(void *context, const char *subscription, const char *reason,
                           int64_t count, int64_t came_back, int64_t oldest_us)
{
    (void)came_back;
    (void)oldest_us;
    series_set(metrics_series(context, METRIC_DEAD_LETTERS, subscription, reason), (double)count);
}

void status_measure(const struct admin_options *options)
{
    struct metrics *metrics = options->metrics;

    ledger_dead_sums(options->ledger, measure_reason, metrics);
    series_set(metrics_series(metrics, METRIC_DEAD_LETTER_BYTES, NULL, NULL),
               (double)ledger_dead_bytes(options->ledger));
    series_set(metrics_series(metrics, METRIC_DEAD_LETTER_QUOTA, NULL, NULL),
               (double)options->settings->dead_letters.bytes);
    series_set(metrics_series(metrics, METRIC_READY, NULL, NULL), !*status_not_ready(options));
}
