/* The fleet as one object of JSON. What is not known is null; so is what has no end. */
#include "tui/once.h"

#include "core/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A float as the shortest number that is still it: 0.1, not 0.10000000149. */
static json_t *number(float value)
{
    char text[32];

    if (!isfinite(value))
        return json_null();
    if (value == truncf(value) && fabsf(value) < 1e15f)
        return json_integer((json_int_t)value);
    snprintf(text, sizeof(text), "%.6g", (double)value);
    return json_real(strtod(text, NULL));
}

static json_t *time_or_null(int64_t ms)
{
    return ms > 0 ? json_integer(ms) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *truth(enum sample_truth value)
{
    return value == SAMPLE_PERHAPS ? json_null() : json_boolean(value == SAMPLE_YES);
}

static void add(json_t *object, const char *key, json_t *value, bool *ok)
{
    if (json_object_set_new(object, key, value) < 0)
        *ok = false;
}

static json_t *endpoint_json(const struct endpoint *endpoint, bool *ok)
{
    const struct ingest_sample *sample = endpoint->sample;
    bool down = endpoint->state == ENDPOINT_DOWN;
    json_t *object = json_object();

    add(object, "name", json_string(endpoint->name), ok);
    add(object, "url", json_string(endpoint->url), ok);
    add(object, "production", json_boolean(endpoint->production), ok);
    add(object, "state", json_string(once_endpoint_words[endpoint->state]), ok);
    add(object, "sampled_ms", time_or_null(endpoint->sampled_ms), ok);
    add(object, "down_since_ms", time_or_null(down ? endpoint->down_since_ms : 0), ok);
    add(object, "retry_ms", time_or_null(down ? endpoint->retry_ms : 0), ok);
    add(object, "problem", down ? text_or_null(endpoint->problem) : json_null(), ok);
    add(object, "refused", json_boolean(down && endpoint->refused), ok);
    add(object, "skew_ms",
        endpoint->skew_ms == SAMPLE_UNKNOWN ? json_null() : json_integer(endpoint->skew_ms), ok);
    add(object, "ready", truth(sample ? sample->ready : SAMPLE_PERHAPS), ok);
    add(object, "version", text_or_null(sample && *sample->version ? sample->version : NULL), ok);
    add(object, "instance", text_or_null(sample && *sample->instance ? sample->instance : NULL),
        ok);
    add(object, "started_ms", time_or_null(sample ? sample->started_ms : 0), ok);
    add(object, "received", number(endpoint->received), ok);
    add(object, "delivered", number(endpoint->delivered), ok);
    add(object, "depth", number(endpoint->depth), ok);
    add(object, "dead", number(endpoint->dead), ok);
    return object;
}

static json_t *endpoints_json(const struct once *once, bool *ok)
{
    json_t *array = json_array();

    for (size_t i = 0; i < fleet_endpoints(once->fleet); i++) {
        struct endpoint endpoint;
        fleet_endpoint(once->fleet, i, once->now_ms, &endpoint);
        if (json_array_append_new(array, endpoint_json(&endpoint, ok)) < 0)
            *ok = false;
    }
    return array;
}

static json_t *totals_json(const struct once *once, bool *ok)
{
    json_t *object = json_object(), *states = json_object();
    struct totals totals;

    fleet_totals(once->fleet, once->step, &totals);
    add(object, "subscriptions", json_integer((json_int_t)totals.rows), ok);
    add(object, "endpoints", json_integer((json_int_t)totals.endpoints), ok);
    add(object, "live", json_integer((json_int_t)totals.live), ok);
    for (size_t i = 0; i < ROW_STATES; i++)
        add(states, row_state_words[i], json_integer((json_int_t)totals.states[i]), ok);
    add(object, "states", states, ok);
    for (enum column_id column = 0; column < COLUMNS; column++) {
        const struct column *row = &column_table[column];
        if (row->figure >= 0 && column != COLUMN_TREND)
            add(object, row->name, number(totals.figures[row->figure]), ok);
    }
    return object;
}

static json_t *rows_json(const struct once *once, bool *ok)
{
    json_t *array = json_array();

    for (size_t i = 0; i < once->order->count; i++)
        if (json_array_append_new(array, column_json(&once->order->views[i])) < 0)
            *ok = false;
    return array;
}

bool once_json(const struct once *once, struct buf *out)
{
    const char *health = once_health_word(top_judge(once->fleet, once->now_ms));
    json_t *object = json_object();
    bool ok = object;
    char *text;

    add(object, "at_ms", json_integer(once->now_ms), &ok);
    add(object, "health", json_string(health), &ok);
    add(object, "endpoints", endpoints_json(once, &ok), &ok);
    add(object, "totals", totals_json(once, &ok), &ok);
    add(object, "subscriptions", rows_json(once, &ok), &ok);
    text = ok ? json_write(object, JSON_COMPACT) : NULL;
    json_decref(object);
    ok = text;
    if (text) {
        buf_add_text(out, text);
        buf_add_char(out, '\n');
    }
    free(text);
    return ok && !out->failed;
}
