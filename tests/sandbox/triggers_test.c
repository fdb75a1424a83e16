#include "criteria.h"
#include "store.h"
#include "topics.h"
#include "triggers.h"

#include <string.h>

/*
 * The event body of a test call. Some clients send the body as a JSON string that contains the
 * document: that is opened. No body at all, which the API allows, counts as null. NULL: answered
 * with 400.
 */
static json_t *test_event(struct call *call)
{
    if (!call_read_body(call, false))
        return NULL;
    if (!call->body)
        call->body = json_null();
    if (json_is_string(call->body)) {
        json_t *inner = json_loads(json_string_value(call->body), JSON_DECODE_ANY, NULL);
        if (inner) {
            json_decref(call->body);
            call->body = inner;
        }
    }
    return call->body;
}

/* {name, step, matches, details}, the first step of both calls; `*matches` is set. */
static json_t *schema_step(const char *topic, const json_t *event, bool *matches)
{
    json_t *details = json_array();

    topics_validate(topic, event, details);
    *matches = !json_array_size(details);
    return json_pack("{s:s, s:i, s:b, s:o}", "name",
                     "Validate test event body against topic schema", "step", 1, "matches",
                     *matches, "details", details);
}

static json_t *target_step(const struct sandbox *sandbox, const json_t *trigger, bool *matches)
{
    json_t *details = json_array();
    const json_t *target = json_object_get(trigger, "target");
    const char *id = json_string_value(json_object_get(target, "id"));

    *matches = id && triggers_flow_exists(sandbox, id);
    if (!*matches)
        json_array_append_new(details, json_sprintf("Workflow with id %s was not found or is not "
                                                    "published",
                                                    id ? id : ""));
    return json_pack("{s:s, s:i, s:b, s:o}", "name",
                     "Verify that trigger target is configured correctly", "step", 2, "matches",
                     *matches, "details", details);
}

void triggers_test(struct call *call)
{
    struct object *object = store_find(call->sandbox->triggers, call->arguments[0]);
    bool schema;
    bool target;
    bool criteria;

    if (!object) {
        reply_not_found(call);
        return;
    }
    json_t *event = test_event(call);
    if (!event)
        return;
    const char *topic = json_string_value(json_object_get(object->body, "topicName"));
    json_t *first = schema_step(topic ? topic : "", event, &schema);
    json_t *second = target_step(call->sandbox, object->body, &target);
    json_t *results =
        criteria_evaluate(json_object_get(object->body, "matchCriteria"), event, &criteria);
    json_t *third = json_pack("{s:s, s:i, s:b, s:o}", "name", "Check jsonPath match criteria",
                              "step", 3, "matches", criteria, "details", results);
    reply_json(call, 200,
               json_pack("{s:o, s:o, s:o, s:b}", "schemaValidation", first, "targetValidation",
                         second, "jsonPathValidation", third, "triggerMatches",
                         schema && target && criteria));
}

/* Puts each trigger of the topic into one of the two lists. */
static void sort_triggers(struct call *call, const char *topic, const json_t *event,
                          json_t *matched, json_t *unmatched)
{
    const struct store *store = call->sandbox->triggers;

    for (size_t i = 0; i < store_length(store); i++) {
        json_t *trigger = store_shown(store, store_at(store, i));
        const char *own = json_string_value(json_object_get(trigger, "topicName"));
        bool matches;
        if (!own || strcmp(own, topic))
            continue;
        json_decref(criteria_evaluate(json_object_get(trigger, "matchCriteria"), event, &matches));
        json_array_append_new(matches ? matched : unmatched,
                              json_pack("{s:O*, s:O*, s:O*, s:O*}", "id",
                                        json_object_get(trigger, "id"), "name",
                                        json_object_get(trigger, "name"), "enabled",
                                        json_object_get(trigger, "enabled"), "selfUri",
                                        json_object_get(trigger, "selfUri")));
    }
}

void triggers_test_topic(struct call *call)
{
    const char *topic = call->arguments[0];
    bool schema;

    if (!topics_known(topic)) {
        reply_not_found(call);
        return;
    }
    json_t *event = test_event(call);
    if (!event)
        return;
    json_t *matched = json_array();
    json_t *unmatched = json_array();
    json_t *first = schema_step(topic, event, &schema);
    sort_triggers(call, topic, event, matched, unmatched);
    reply_json(call, 200,
               json_pack("{s:o, s:{s:s, s:i, s:o, s:o}}", "schemaValidation", first,
                         "triggerMatchValidation", "name",
                         "Check which triggers of the topic match the event", "step", 2,
                         "matchedTriggers", matched, "unmatchedTriggers", unmatched));
}
