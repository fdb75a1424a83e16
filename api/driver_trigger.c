/* Process automation triggers. (genesys-api.md, section 2) */
#include "api/driver.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

static bool malformed(struct error *error, const struct object *object, const char *what)
{
    return error_set(error, ERROR_FAILED, "trigger %s: %s is malformed", object->id, what);
}

static bool is_absent(const json_t *value)
{
    return !value || json_is_null(value);
}

static bool read_criterion(const json_t *one, json_t *filter, struct object *object,
                           struct error *error)
{
    const char *path = json_text(one, "jsonPath"), *operator= json_text(one, "operator");
    const json_t *values = json_object_get(one, "values");

    if (!path || !operator)
        return malformed(error, object, "a match criterion");
    return driver_add_criterion(VIA_TRIGGER, filter, path, operator,
                                is_absent(values) ? json_object_get(one, "value") : values) ||
           error_no_memory(error);
}

static bool read_filter(const json_t *entity, struct object *object, struct error *error)
{
    const json_t *criteria = json_object_get(entity, "matchCriteria");
    json_t *filter = json_array();
    bool ok = filter || error_no_memory(error);

    if (ok && !is_absent(criteria) && !json_is_array(criteria))
        ok = malformed(error, object, "matchCriteria");
    for (size_t i = 0; ok && i < json_array_size(criteria); i++)
        ok = read_criterion(json_array_get(criteria, i), filter, object, error);
    ok = ok && (object_set_sorted(object, FIELD_FILTER, filter) || error_no_memory(error));
    json_decref(filter);
    return ok;
}

/* The workflow's id; a target of another type shows with its type, so that it never looks like
 * ours. */
static json_t *workflow(const json_t *target)
{
    const char *id = json_text(target, "id"), *type = json_text(target, "type");

    if (!type || strcmp(type, "Workflow") == 0)
        return json_string(id);
    return json_sprintf("%s:%s", type, id);
}

static bool read_target(const json_t *entity, struct object *object, struct error *error)
{
    const json_t *target = json_object_get(entity, "target");
    const json_t *settings = json_object_get(target, "workflowTargetSettings");
    const char *format = json_text(settings, "dataFormat");

    if (!json_text(target, "id"))
        return malformed(error, object, "target");
    return (driver_set(object, FIELD_WORKFLOW, workflow(target)) &&
            driver_set(object, FIELD_DATA_FORMAT,
                       json_string(format ? format : "TopLevelPrimitives"))) ||
           error_no_memory(error);
}

static bool read_rest(const json_t *entity, struct object *object, struct error *error)
{
    const char *topic = json_text(entity, "topicName");
    const json_t *ttl = json_object_get(entity, "eventTTLSeconds");
    const json_t *delay = json_object_get(entity, "delayBySeconds");

    if (!topic || !*topic)
        return malformed(error, object, "topicName");
    if ((!is_absent(ttl) && !json_is_number(ttl)) || (!is_absent(delay) && !json_is_number(delay)))
        return malformed(error, object, "eventTTLSeconds or delayBySeconds");
    return ((object->topic = strdup(topic)) && object_set(object, FIELD_TTL, ttl) &&
            object_set(object, FIELD_DELAY, delay)) ||
           error_no_memory(error);
}

static bool trigger_read(const json_t *entity, struct object *object, struct error *error)
{
    object_init(object);
    object->via = VIA_TRIGGER;
    if (driver_read_common(entity, object, error) && read_filter(entity, object, error) &&
        read_target(entity, object, error) && read_rest(entity, object, error))
        return true;
    object_release(object);
    return false;
}

static bool add_criterion(void *context, const char *field, const char *operator,
                          enum filter_operand operand, json_t *value)
{
    bool list = operand == OPERAND_LIST || json_is_array(value);
    json_t *one = json_pack("{s:s, s:s, s:O*}", "jsonPath", field, "operator", operator,
                            list ? "values" : "value", value);

    return one && json_array_append_new(context, one) == 0;
}

/* Adds a member whose canonical value may be null; null is left out. */
static bool add_optional(json_t *body, const char *key, json_t *value)
{
    if (json_is_null(value))
        return true;
    return value && json_object_set_new(body, key, value) == 0;
}

static json_t *target_body(const struct object *object)
{
    json_t *id = object_get(object, FIELD_WORKFLOW);
    const char *text = json_string_value(id);
    const char *colon = text ? strchr(text, ':') : NULL;
    json_t *target;

    if (colon)
        target = json_pack("{s:s%, s:s}", "type", text, (size_t)(colon - text), "id", colon + 1);
    else
        target = json_pack("{s:s, s:O}", "type", "Workflow", "id", id);
    json_decref(id);
    if (target && json_object_set_new(
                      target, "workflowTargetSettings",
                      json_pack("{s:o}", "dataFormat", object_get(object, FIELD_DATA_FORMAT))) == 0)
        return target;
    json_decref(target);
    return NULL;
}

static json_t *trigger_body(const struct object *object, int64_t version)
{
    json_t *criteria = json_array();
    json_t *body = NULL;

    if (criteria && driver_each_criterion(object, add_criterion, criteria))
        body = json_pack("{s:s, s:o, s:O}", "topicName", object->topic, "target",
                         target_body(object), "matchCriteria", criteria);
    json_decref(criteria);
    if (body && !(add_optional(body, "eventTTLSeconds", object_get(object, FIELD_TTL)) &&
                  add_optional(body, "delayBySeconds", object_get(object, FIELD_DELAY)))) {
        json_decref(body);
        body = NULL;
    }
    return driver_add_common(body, object, version);
}

#define TRIGGER(can) "processautomation:trigger:" can

const struct driver driver_trigger = {
    .via = VIA_TRIGGER,
    .noun = "trigger",
    .path = "/api/v2/processautomation/triggers",
    .permissions = {TRIGGER("view"), TRIGGER("add"), TRIGGER("edit"), TRIGGER("delete")},
    .unique_names = false,
    .topic_parameter = "topicName",
    .entity_read = trigger_read,
    .entity_body = trigger_body,
};
