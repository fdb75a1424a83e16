/* /v1/status, as ingest/README.md tells it. Members that are not in these tables are skipped; one
 * that is has its type, or is null, which is as if it were not told (of a time: 0, there is none).
 */
#include "api/ingest_sample_json.h"
#include "api/ingest_sample_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_VERSION = 1 };

/* -- the tables ---------------------------------------------------------------------------------
 */

struct reading {
    struct json_reader json;
    struct maker *maker;
    bool has_version;
};

enum kind {
    KIND_COUNT, /* int64_t; what it cannot hold, or is negative, is unknown */
    KIND_TIME,  /* the same; null: 0 */
    KIND_REAL,  /* double */
    KIND_TEXT,
    KIND_TRUTH,  /* enum sample_truth */
    KIND_OBJECT, /* its members go into the same view */
    KIND_LIST,   /* each of its items is read by `item` */
    KIND_VERSION /* must be STATUS_VERSION */
};
static const char *const kind_words[] = {
    [KIND_COUNT] = "whole number", [KIND_TIME] = "whole number",    [KIND_REAL] = "number",
    [KIND_TEXT] = "text",          [KIND_TRUTH] = "boolean",        [KIND_OBJECT] = "object",
    [KIND_LIST] = "list",          [KIND_VERSION] = "whole number",
};

struct field {
    const char *name; /* NULL ends a table */
    enum kind kind;
    size_t offset;
    const struct field *members;
    bool (*item)(struct reading *reading);
};

static bool read_reason(struct reading *reading);
static bool read_sink(struct reading *reading);
static bool read_subscription(struct reading *reading);

#define END                                                                                        \
    {                                                                                              \
        NULL, KIND_COUNT, 0, NULL, NULL                                                            \
    }
#define FIELD(name, kind, type, member)                                                            \
    {                                                                                              \
        name, kind, offsetof(struct type, member), NULL, NULL                                      \
    }

#define SAMPLE(name, kind, member) FIELD(name, kind, ingest_sample, member)
static const struct field queue_fields[] = {
    SAMPLE("free_bytes", KIND_COUNT, free_bytes),
    SAMPLE("reserve_bytes", KIND_COUNT, reserve_bytes),
    SAMPLE("received_requests", KIND_COUNT, received_requests),
    SAMPLE("accepted_events", KIND_COUNT, accepted_events),
    SAMPLE("store_failures", KIND_COUNT, store_failures),
    SAMPLE("signature_failures", KIND_COUNT, signature_failures),
    SAMPLE("replies_503", KIND_COUNT, replies_503),
    END,
};
static const struct field delivery_fields[] = {
    SAMPLE("depth", KIND_COUNT, depth),
    SAMPLE("parked", KIND_COUNT, parked),
    SAMPLE("oldest_ms", KIND_TIME, oldest_ms),
    SAMPLE("workers", KIND_COUNT, workers),
    SAMPLE("workers_busy", KIND_COUNT, workers_busy),
    SAMPLE("workers_most", KIND_COUNT, workers_most),
    END,
};
static const struct field dead_fields[] = {
    SAMPLE("count", KIND_COUNT, dead_count),
    SAMPLE("bytes", KIND_COUNT, dead_bytes),
    SAMPLE("quota_bytes", KIND_COUNT, dead_quota_bytes),
    {"reasons", KIND_LIST, 0, NULL, read_reason},
    END,
};
static const struct field top_fields[] = {
    {"status_version", KIND_VERSION, 0, NULL, NULL},
    SAMPLE("version", KIND_TEXT, version),
    SAMPLE("instance", KIND_TEXT, instance),
    SAMPLE("started_ms", KIND_TIME, started_ms),
    SAMPLE("now_ms", KIND_TIME, now_ms),
    SAMPLE("ready", KIND_TRUTH, ready),
    SAMPLE("not_ready", KIND_TEXT, not_ready),
    {"queue", KIND_OBJECT, 0, queue_fields, NULL},
    {"delivery", KIND_OBJECT, 0, delivery_fields, NULL},
    {"dead_letters", KIND_OBJECT, 0, dead_fields, NULL},
    {"sinks", KIND_LIST, 0, NULL, read_sink},
    {"subscriptions", KIND_LIST, 0, NULL, read_subscription},
    END,
};

#define REASON(name, kind) FIELD(#name, kind, sample_reason, name)
static const struct field reason_fields[] = {
    REASON(subscription, KIND_TEXT), REASON(reason, KIND_TEXT),    REASON(count, KIND_COUNT),
    REASON(came_back, KIND_COUNT),   REASON(oldest_ms, KIND_TIME), END,
};

#define SINK(name, kind) FIELD(#name, kind, sample_sink, name)
static const struct field sink_fields[] = {
    SINK(name, KIND_TEXT),
    SINK(type, KIND_TEXT),
    SINK(target, KIND_TEXT),
    SINK(breaker, KIND_TEXT),
    SINK(rests, KIND_TEXT),
    SINK(rests_until_ms, KIND_TIME),
    SINK(in_flight, KIND_COUNT),
    SINK(concurrency, KIND_COUNT),
    SINK(attempts, KIND_COUNT),
    SINK(failures, KIND_COUNT),
    END,
};

/* In the order in which they come, since a name is looked for from where the last one was. */
#define SUBSCRIPTION(name, kind) FIELD(#name, kind, sample_subscription, name)
static const struct field subscription_fields[] = {
    SUBSCRIPTION(id, KIND_TEXT),
    SUBSCRIPTION(name, KIND_TEXT),
    SUBSCRIPTION(sink, KIND_TEXT),
    SUBSCRIPTION(known, KIND_TRUTH),
    SUBSCRIPTION(paused, KIND_TRUTH),
    SUBSCRIPTION(depth, KIND_COUNT),
    SUBSCRIPTION(parked, KIND_COUNT),
    SUBSCRIPTION(oldest_ms, KIND_TIME),
    SUBSCRIPTION(accepted, KIND_COUNT),
    SUBSCRIPTION(delivered, KIND_COUNT),
    SUBSCRIPTION(replayed, KIND_COUNT),
    SUBSCRIPTION(duplicates, KIND_COUNT),
    SUBSCRIPTION(filtered, KIND_COUNT),
    SUBSCRIPTION(retried, KIND_COUNT),
    SUBSCRIPTION(dead_lettered, KIND_COUNT),
    SUBSCRIPTION(quarantined, KIND_COUNT),
    SUBSCRIPTION(p50_s, KIND_REAL),
    SUBSCRIPTION(p95_s, KIND_REAL),
    SUBSCRIPTION(p99_s, KIND_REAL),
    SUBSCRIPTION(last_error, KIND_TEXT),
    SUBSCRIPTION(last_error_ms, KIND_TIME),
    SUBSCRIPTION(last_delivered_ms, KIND_TIME),
    END,
};

/* -- values -------------------------------------------------------------------------------------
 */

/* A number that stands in a text without an end. */
static double real_of(const struct json_piece *number)
{
    char text[64];
    size_t length = number->length < sizeof(text) - 1 ? number->length : sizeof(text) - 1;

    memcpy(text, number->text, length);
    text[length] = '\0';
    return length == number->length ? strtod(text, NULL) : NAN;
}

/* False: it is not whole. */
static bool whole_of(const struct json_piece *number, int64_t *value)
{
    double real;

    if (maker_digits(number->text, number->length, value))
        return true;
    real = real_of(number);
    *value = real >= 0 && real < 0x1p63 ? (int64_t)real : SAMPLE_UNKNOWN;
    return isnan(real) || real == floor(real);
}

static bool read_text(struct reading *reading, const char **out)
{
    struct json_piece piece;
    char *written;

    if (!json_take_string(&reading->json, &piece))
        return false;
    if (!piece.escaped)
        return maker_text(reading->maker, piece.text, piece.length, out);
    written = arena_alloc(&reading->maker->scratch, piece.length);
    return written ? maker_text(reading->maker, written, json_unescape(&piece, written), out)
                   : error_no_memory(reading->maker->error);
}

static bool read_number(struct reading *reading, enum kind kind, void *out)
{
    struct json_piece number;
    double real;

    if (!json_take_number(&reading->json, &number))
        return false;
    if (kind != KIND_REAL)
        return whole_of(&number, out);
    real = real_of(&number);
    *(double *)out = real >= 0 && isfinite(real) ? real : NAN;
    return true;
}

static bool read_truth(struct reading *reading, enum sample_truth *out)
{
    *out = json_peek(&reading->json) == 't' ? SAMPLE_YES : SAMPLE_NO;
    return json_take_word(&reading->json, *out == SAMPLE_YES ? "true" : "false");
}

static bool read_version(struct reading *reading)
{
    int64_t version;

    if (!read_number(reading, KIND_COUNT, &version))
        return false;
    reading->has_version = true;
    return version == STATUS_VERSION ||
           error_set(reading->maker->error, ERROR_INVALID,
                     "it is of another version than %d, the one that is understood here",
                     STATUS_VERSION);
}

/* -- objects and lists --------------------------------------------------------------------------
 */

static bool read_object(struct reading *reading, const struct field *fields, void *view);

static bool read_list(struct reading *reading, bool (*item)(struct reading *reading))
{
    if (!json_enter(&reading->json, '['))
        return false;
    while (json_next(&reading->json, NULL))
        if (!item(reading))
            return false;
    return !reading->json.failed;
}

static bool read_value(struct reading *reading, const struct field *field, void *view)
{
    void *at = (char *)view + field->offset;

    if (json_peek(&reading->json) == 'n') {
        if (field->kind == KIND_TIME)
            *(int64_t *)at = 0;
        return json_take_word(&reading->json, "null");
    }
    switch (field->kind) {
    case KIND_VERSION:
        return read_version(reading);
    case KIND_COUNT:
    case KIND_TIME:
    case KIND_REAL:
        return read_number(reading, field->kind, at);
    case KIND_TEXT:
        return read_text(reading, at);
    case KIND_TRUTH:
        return read_truth(reading, at);
    case KIND_OBJECT:
        return read_object(reading, field->members, view);
    case KIND_LIST:
        return read_list(reading, field->item);
    }
    return false;
}

static bool is_named(const struct field *field, const struct json_piece *name)
{
    return strncmp(field->name, name->text, name->length) == 0 && !field->name[name->length];
}

/* The field of that name, looked for from `guess` on; NULL: none. */
static const struct field *field_of(const struct field *fields, const struct field *guess,
                                    const struct json_piece *name)
{
    const struct field *field;

    for (field = guess; field->name; field++)
        if (is_named(field, name))
            return field;
    for (field = fields; field != guess; field++)
        if (is_named(field, name))
            return field;
    return NULL;
}

static bool read_object(struct reading *reading, const struct field *fields, void *view)
{
    const struct field *guess = fields;
    struct json_piece name;
    uint32_t seen = 0;

    if (!json_enter(&reading->json, '{'))
        return false;
    while (json_next(&reading->json, &name)) {
        const struct field *field = field_of(fields, guess, &name);
        if (!field) {
            if (!json_skip(&reading->json))
                return false;
            continue;
        }
        if (seen & UINT32_C(1) << (field - fields))
            return error_set(reading->maker->error, ERROR_INVALID, "%s stands there twice",
                             field->name);
        seen |= UINT32_C(1) << (field - fields);
        if (!read_value(reading, field, view)) /* what is inside it has said so by then */
            return error_set(reading->maker->error, ERROR_INVALID, "%s is no %s", field->name,
                             kind_words[field->kind]);
        guess = field + 1;
    }
    return !reading->json.failed;
}

/* -- the document -------------------------------------------------------------------------------
 */

static bool twice(struct reading *reading, const char *what, const char *name)
{
    return error_set(reading->maker->error, ERROR_INVALID, "%s %.100s stands there twice", what,
                     name);
}

static bool read_reason(struct reading *reading)
{
    struct sample_reason read = sample_reason_unknown, *reason;
    bool fresh;

    if (!read_object(reading, reason_fields, &read) ||
        !maker_reason(reading->maker, read.subscription, strlen(read.subscription), read.reason,
                      strlen(read.reason), &reason, &fresh))
        return false;
    if (!fresh)
        return twice(reading, "the reason", read.reason);
    *reason = read;
    return true;
}

static bool read_sink(struct reading *reading)
{
    struct sample_sink read = sample_sink_unknown, *sink;
    bool fresh;

    if (!read_object(reading, sink_fields, &read) ||
        !maker_sink(reading->maker, read.name, strlen(read.name), &sink, &fresh))
        return false;
    if (!fresh)
        return twice(reading, "the sink", read.name);
    *sink = read;
    return true;
}

static bool read_subscription(struct reading *reading)
{
    struct sample_subscription read = sample_subscription_unknown, *subscription;
    bool fresh;

    if (!read_object(reading, subscription_fields, &read) ||
        !maker_subscription(reading->maker, read.id, strlen(read.id), &subscription, &fresh))
        return false;
    if (!fresh)
        return twice(reading, "the subscription", read.id);
    *subscription = read;
    return true;
}

static int64_t age_ms(int64_t now_ms, int64_t oldest_ms)
{
    if (oldest_ms == 0 || oldest_ms == SAMPLE_UNKNOWN)
        return oldest_ms;
    return now_ms <= 0 ? SAMPLE_UNKNOWN : now_ms > oldest_ms ? now_ms - oldest_ms : 0;
}

static void add_ages(struct ingest_sample *sample)
{
    sample->oldest_age_ms = age_ms(sample->now_ms, sample->oldest_ms);
    for (size_t i = 0; i < sample->subscription_count; i++) {
        struct sample_subscription *subscription = &sample->subscriptions[i];
        subscription->oldest_age_ms = age_ms(sample->now_ms, subscription->oldest_ms);
    }
}

bool sample_read_status(struct ingest_sample *sample, const char *text, size_t length,
                        struct error *error)
{
    struct maker maker;
    struct reading reading = {.maker = &maker};
    bool ok;

    sample_init(sample);
    maker_init(&maker, sample, error);
    json_reader_init(&reading.json, text, length);
    ok = read_object(&reading, top_fields, sample) && json_finish(&reading.json);
    if (!ok) {
        error_set(error, ERROR_INVALID, "it is no JSON");
        error_wrap(error, "the status, byte %zu", (size_t)(reading.json.at - text));
    } else if (!reading.has_version) {
        ok = error_set(error, ERROR_INVALID, "the status tells no status_version");
    } else {
        add_ages(sample);
    }
    return maker_end(&maker, ok);
}
