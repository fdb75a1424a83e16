/* Event-streams subscriptions. (genesys-api.md, section 1) */
#include "api/driver.h"

#include "core/json.h"

#include <string.h>

enum { WINDOW_DEFAULT_MS = 100, SIZE_DEFAULT = 50 };

static bool malformed(struct error *error, const struct object *object, const char *what)
{
    return error_set(error, ERROR_FAILED, "subscription %s: %s is malformed", object->id, what);
}

static bool is_absent(const json_t *value)
{
    return !value || json_is_null(value);
}

static bool read_events(const json_t *entity, struct object *object, struct error *error)
{
    const json_t *events = json_object_get(entity, "eventTypes");

    if (!json_is_array(events))
        return malformed(error, object, "eventTypes");
    for (size_t i = 0; i < json_array_size(events); i++)
        if (!json_is_string(json_array_get(events, i)))
            return malformed(error, object, "eventTypes");
    return object_set_sorted(object, FIELD_EVENTS, events) || error_no_memory(error);
}

static bool read_criterion(const json_t *one, json_t *filter, struct object *object,
                           struct error *error)
{
    const char *field = json_text(one, "field"), *operator= json_text(one, "operator");

    if (!field || !operator)
        return malformed(error, object, "a filter criterion");
    return driver_add_criterion(VIA_EVENT_STREAMS, filter, field, operator,
                                json_object_get(one, "value")) ||
           error_no_memory(error);
}

static bool read_filter(const json_t *entity, struct object *object, struct error *error)
{
    const json_t *first = json_object_get(entity, "filterExpression");
    const json_t *more = json_object_get(entity, "additionalFilter");
    json_t *filter = json_array();
    bool ok = filter || error_no_memory(error);

    if (ok && !is_absent(first))
        ok = read_criterion(first, filter, object, error);
    if (ok && json_is_object(more))
        ok = read_criterion(more, filter, object, error);
    else if (ok && !is_absent(more) && !json_is_array(more))
        ok = malformed(error, object, "additionalFilter");
    for (size_t i = 0; ok && i < json_array_size(more); i++)
        ok = read_criterion(json_array_get(more, i), filter, object, error);
    ok = ok && (object_set_sorted(object, FIELD_FILTER, filter) || error_no_memory(error));
    json_decref(filter);
    return ok;
}

/* A whole number, or what is meant by leaving it out. */
static bool set_number(struct object *object, enum field field, const json_t *value,
                       json_int_t otherwise)
{
    return is_absent(value) ? driver_set(object, field, json_integer(otherwise))
                            : object_set(object, field, value);
}

static bool read_batching(const json_t *entity, struct object *object, struct error *error)
{
    const json_t *batching = json_object_get(entity, "batching");
    const char *mode = json_text(batching, "mode");
    bool batched = mode && strcmp(mode, "Batched") == 0;
    bool known = is_absent(batching) || !mode || batched || strcmp(mode, "Immediate") == 0;

    if (!is_absent(batching) && !json_is_object(batching))
        return malformed(error, object, "batching");
    if (!driver_set(object, FIELD_BATCH_MODE,
                    json_string(batched ? "batched"
                                : known ? "immediate"
                                        : mode)))
        return error_no_memory(error);
    if (!batched)
        return (driver_set(object, FIELD_BATCH_WINDOW, json_null()) &&
                driver_set(object, FIELD_BATCH_SIZE, json_null())) ||
               error_no_memory(error);
    return (set_number(object, FIELD_BATCH_WINDOW, json_object_get(batching, "windowMs"),
                       WINDOW_DEFAULT_MS) &&
            set_number(object, FIELD_BATCH_SIZE, json_object_get(batching, "maxSize"),
                       SIZE_DEFAULT)) ||
           error_no_memory(error);
}

static bool read_rest(const json_t *entity, struct object *object, struct error *error)
{
    const json_t *delivery = json_object_get(entity, "delivery");
    const char *url = json_text(delivery, "url"), *key = json_text(delivery, "publicKey");
    const char *health = json_text(json_object_get(entity, "health"), "state");

    if (!url)
        return malformed(error, object, "delivery");
    if (health && !(object->health = strdup(health)))
        return error_no_memory(error);
    if (key && !(object->public_key = strdup(key)))
        return error_no_memory(error);
    return driver_set(object, FIELD_URL, json_string(url)) || error_no_memory(error);
}

static bool event_streams_read(const json_t *entity, struct object *object, struct error *error)
{
    object_init(object);
    object->via = VIA_EVENT_STREAMS;
    if (driver_read_common(entity, object, error) && read_events(entity, object, error) &&
        read_filter(entity, object, error) && read_batching(entity, object, error) &&
        read_rest(entity, object, error))
        return true;
    object_release(object);
    return false;
}

/* The first criterion is the filter expression, the others are the additional filter. */
static bool add_criterion(void *context, const char *field, const char *operator,
                          enum filter_operand operand, json_t *value)
{
    json_t *body = context;
    json_t *one =
        json_pack("{s:s, s:s, s:O*}", "field", field, "operator", operator, "value", value);
    json_t *more = json_object_get(body, "additionalFilter");
    bool ok;

    (void)operand;
    if (!json_object_get(body, "filterExpression"))
        return one && json_object_set_new(body, "filterExpression", one) == 0;
    if (!more) {
        ok = json_object_set_new(body, "additionalFilter", json_array()) == 0;
        more = json_object_get(body, "additionalFilter");
    } else {
        ok = true;
    }
    ok = ok && one && json_array_append(more, one) == 0;
    json_decref(one);
    return ok;
}

static json_t *batching_body(const struct object *object)
{
    const char *mode = object->fields[FIELD_BATCH_MODE];

    if (!mode || strcmp(mode, "\"batched\"") != 0)
        return json_pack("{s:s}", "mode", "Immediate");
    return json_pack("{s:s, s:o, s:o}", "mode", "Batched", "windowMs",
                     object_get(object, FIELD_BATCH_WINDOW), "maxSize",
                     object_get(object, FIELD_BATCH_SIZE));
}

static json_t *event_streams_body(const struct object *object, int64_t version)
{
    json_t *body = json_pack("{s:s, s:o, s:o, s:{s:o}}", "domain", "Interaction", "eventTypes",
                             object_get(object, FIELD_EVENTS), "batching", batching_body(object),
                             "delivery", "url", object_get(object, FIELD_URL));

    if (body && !driver_each_criterion(object, add_criterion, body)) {
        json_decref(body);
        body = NULL;
    }
    return driver_add_common(body, object, version);
}

#define EDIT "eventstreams:subscriptions:edit"

const struct driver driver_event_streams = {
    .via = VIA_EVENT_STREAMS,
    .noun = "subscription",
    .path = "/api/v2/eventstreams/subscriptions",
    .permissions = {EDIT, EDIT, EDIT, EDIT}, /* the one that the service has */
    .unique_names = true,
    .entity_read = event_streams_read,
    .entity_body = event_streams_body,
};
