/* From a manifest's subscriptions to the objects that should be at the service. */
#include "core/object.h"

#include "core/event.h"
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *criterion_to_json(const struct criterion *criterion)
{
    json_t *value = json_read_text(criterion->value);
    bool list = filter_operators[criterion->op].operand == OPERAND_LIST;

    if (list && json_is_array(value)) { /* the order of a set means nothing */
        struct object sorted;
        object_init(&sorted);
        bool ok = object_set_sorted(&sorted, FIELD_EVENTS, value);
        json_decref(value);
        value = ok ? object_get(&sorted, FIELD_EVENTS) : NULL;
        object_release(&sorted);
    }
    return json_pack("{s:s, s:s, s:o}", "field", criterion->field, "op",
                     filter_operators[criterion->op].name, "value", value);
}

/* The criteria that the source can apply, and the one that the event's mapping adds. */
static bool set_filter(struct object *object, const struct event *event)
{
    const struct subscription *subscription = object->subscription;
    json_t *filter = json_array();
    bool ok = filter != NULL;

    for (size_t i = 0; ok && i < subscription->filter_count; i++)
        if (filter_operators[subscription->filter[i].op].remote[object->via])
            ok = json_array_append_new(filter, criterion_to_json(&subscription->filter[i])) == 0;
    if (ok && event && event->adds.field)
        ok = json_array_append_new(filter, criterion_to_json(&event->adds)) == 0;
    ok = ok && object_set_sorted(object, FIELD_FILTER, filter);
    json_decref(filter);
    return ok;
}

json_t *object_residual(const struct object *object)
{
    const struct subscription *subscription = object->subscription;
    json_t *filter = json_array(), *sorted = NULL;
    struct object holder;
    bool ok = filter != NULL;

    object_init(&holder);
    for (size_t i = 0; ok && i < subscription->filter_count; i++)
        if (!filter_operators[subscription->filter[i].op].remote[object->via])
            ok = json_array_append_new(filter, criterion_to_json(&subscription->filter[i])) == 0;
    if (ok && object_set_sorted(&holder, FIELD_FILTER, filter))
        sorted = object_get(&holder, FIELD_FILTER);
    object_release(&holder);
    json_decref(filter);
    return sorted;
}

/* Sets a field from a new reference and drops it. */
static bool set_new(struct object *object, enum field field, json_t *value)
{
    bool ok = value && object_set(object, field, value);

    json_decref(value);
    return ok;
}

static json_t *seconds_or_null(int64_t seconds)
{
    return seconds ? json_integer(seconds) : json_null();
}

static bool set_common(struct object *object, const struct manifest *manifest)
{
    const struct subscription *subscription = object->subscription;
    struct marker *marker = &object->marker;

    marker->present = true;
    marker->protect = subscription->protect;
    marker->version = subscription->version;
    return marker_encode(manifest->organization, marker->organization,
                         sizeof(marker->organization)) &&
           marker_encode(manifest->owner, marker->owner, sizeof(marker->owner)) &&
           marker_encode(subscription->name, marker->name, sizeof(marker->name)) &&
           set_new(object, FIELD_NAME, json_string(object->name)) &&
           set_new(object, FIELD_DESCRIPTION, json_string(subscription->description)) &&
           set_new(object, FIELD_ENABLED, json_boolean(subscription->enabled)) &&
           set_new(object, FIELD_PROTECT, json_boolean(subscription->protect));
}

static bool set_event_streams(struct object *object)
{
    const struct subscription *subscription = object->subscription;
    json_t *events = json_array();
    bool ok = events != NULL;
    bool batched = subscription->batched;

    for (size_t i = 0; ok && i < subscription->event_count; i++)
        ok = json_array_append_new(events, json_string(subscription->events[i].name)) == 0;
    ok = ok && object_set_sorted(object, FIELD_EVENTS, events);
    json_decref(events);
    return ok && set_filter(object, NULL) &&
           set_new(object, FIELD_BATCH_MODE, json_string(batched ? "batched" : "immediate")) &&
           set_new(object, FIELD_BATCH_WINDOW,
                   batched ? json_integer(subscription->window_ms) : json_null()) &&
           set_new(object, FIELD_BATCH_SIZE,
                   batched ? json_integer(subscription->size) : json_null()) &&
           set_new(object, FIELD_URL, json_string(subscription->url));
}

static bool set_trigger(struct object *object)
{
    const struct subscription *subscription = object->subscription;
    const struct event *event = event_find(object->event);

    return set_filter(object, event) &&
           set_new(object, FIELD_WORKFLOW, json_string(subscription->workflow)) &&
           set_new(object, FIELD_DATA_FORMAT, json_string(subscription->data_format)) &&
           set_new(object, FIELD_TTL, seconds_or_null(subscription->ttl_s)) &&
           set_new(object, FIELD_DELAY, seconds_or_null(subscription->delay_s));
}

/* One object of a subscription; `event` is NULL for event-streams, where one object has all. */
static bool desire(struct object_list *list, const struct manifest *manifest,
                   const struct subscription *subscription, const char *event)
{
    struct object object;
    const struct event *known = event ? event_find(event) : NULL;
    bool ok;

    object_init(&object);
    object.via = subscription->via;
    object.subscription = subscription;
    object.event = event;
    ok = asprintf(&object.name, "%s@v%lld%s%s", subscription->name,
                  (long long)subscription->version, event ? "/" : "", event ? event : "") >= 0;
    if (!ok)
        object.name = NULL;
    if (ok && event)
        ok = (object.topic = strdup(known ? known->topic : event)) != NULL;
    ok = ok && set_common(&object, manifest) &&
         (event ? set_trigger(&object) : set_event_streams(&object)) &&
         object_list_add(list, &object);
    object_release(&object);
    return ok;
}

bool object_list_desire(struct object_list *list, const struct manifest *manifest,
                        struct error *error)
{
    bool ok = true;

    for (size_t i = 0; ok && i < manifest->subscription_count; i++) {
        const struct subscription *subscription = &manifest->subscriptions[i];
        if (subscription->via == VIA_EVENT_STREAMS)
            ok = desire(list, manifest, subscription, NULL);
        for (size_t e = 0; ok && subscription->via == VIA_TRIGGER && e < subscription->event_count;
             e++)
            ok = desire(list, manifest, subscription, subscription->events[e].name);
    }
    return ok || error_no_memory(error);
}
