#include "triggers.h"

#include "check.h"
#include "criteria.h"
#include "page.h"
#include "resource.h"
#include "topics.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ID_PREFIX = 0, NAME_MAX_UNITS = 256, DESCRIPTION_MAX_UNITS = 512 };
enum { TTL_MIN_S = 10, DELAY_MIN_S = 60, DELAY_MAX_S = 900 };

static const struct resource resource = {
    .audit = {.service = "ProcessAutomation", .entity_type = "Trigger"},
    .label = "trigger",
    .path = "/api/v2/processautomation/triggers",
};

static const char *const target_types[] = {"Workflow", NULL};
static const char *const data_formats[] = {"Json", "TopLevelPrimitives", NULL};

bool triggers_flow_exists(const struct sandbox *sandbox, const char *id)
{
    size_t i;
    json_t *flow;

    if (!json_array_size(sandbox->settings.flows))
        return text_is_uuid(id);
    json_array_foreach(sandbox->settings.flows, i, flow)
    {
        if (!strcmp(json_string_value(flow), id))
            return true;
    }
    return false;
}

static json_t *read_target(struct check *check, const struct sandbox *sandbox,
                           const json_t *request)
{
    const json_t *target = check_member(request, "target");
    const char *format = "TopLevelPrimitives";

    if (!json_is_object(target)) {
        check_fail(check, "constraint.validation", "target", "target must not be null");
        return NULL;
    }
    const char *type = check_string(check, target, "type", true, 1, 100);
    const char *id = check_string(check, target, "id", true, 1, 100);
    const json_t *settings = check_member(target, "workflowTargetSettings");
    if (type)
        check_one_of(check, "target.type", type, target_types);
    if (id && !text_is_uuid(id))
        check_fail(check, "invalid.value", "target.id", "Target id [%s] is not a valid UUID", id);
    else if (id && !triggers_flow_exists(sandbox, id))
        check_fail(check, "constraint.validation", "target.id",
                   "The workflow [%s] does not exist or is not published", id);
    if (settings && check_member(settings, "dataFormat"))
        format = check_string(check, settings, "dataFormat", true, 1, 100);
    if (format)
        check_one_of(check, "workflowTargetSettings.dataFormat", format, data_formats);
    return json_pack("{s:s*, s:s*, s:{s:s*}}", "type", type, "id", id, "workflowTargetSettings",
                     "dataFormat", format);
}

static void read_timing(struct check *check, const json_t *request, json_t *body)
{
    json_int_t ttl_s;
    json_int_t delay_s;

    if (check_integer(check, request, "eventTTLSeconds", TTL_MIN_S, INT32_MAX, &ttl_s))
        json_object_set_new(body, "eventTTLSeconds", json_integer(ttl_s));
    if (check_integer(check, request, "delayBySeconds", DELAY_MIN_S, DELAY_MAX_S, &delay_s))
        json_object_set_new(body, "delayBySeconds", json_integer(delay_s));
    if (check_member(request, "eventTTLSeconds") && check_member(request, "delayBySeconds"))
        check_fail(check, "constraint.validation", "eventTTLSeconds",
                   "Only one of eventTTLSeconds and delayBySeconds can be set");
}

/* The members of a trigger; what only the service sets may come back to it and is ignored. */
static const char *const members[] = {
    "id",          "name",          "topicName",       "target",  "version",        "enabled",
    "description", "matchCriteria", "eventTTLSeconds", "selfUri", "delayBySeconds", NULL};

static void check_members(struct check *check, const struct call *call)
{
    const char *object =
        strcmp(call->method, "PUT") ? "CreateTriggerRequest" : "UpdateTriggerRequest";
    const char *name;
    json_t *value;

    json_object_foreach(call->body, name, value)
    {
        if (!check_is_one_of(name, members))
            check_fail(check, "invalid.property", name,
                       "Value [%s] is not a valid property for object [%s]", name, object);
    }
}

/* The object that a request asks for; NULL: answered with 400. */
static json_t *read_trigger(struct call *call, const char *id, json_int_t version)
{
    const json_t *request = call->body;
    struct check check = {0};
    bool enabled = false;

    check_members(&check, call);
    const char *name = check_string(&check, request, "name", true, 1, NAME_MAX_UNITS);
    const char *topic = check_string(&check, request, "topicName", true, 1, NAME_MAX_UNITS);
    const char *description =
        check_string(&check, request, "description", false, 0, DESCRIPTION_MAX_UNITS);
    const json_t *criteria = check_member(request, "matchCriteria");
    check_boolean(&check, request, "enabled", true, &enabled);
    if (topic && !topics_known(topic))
        check_fail(&check, "constraint.validation", "topicName",
                   "The topic [%s] is not available for triggers", topic);
    criteria_check(&check, criteria);
    json_t *target = read_target(&check, call->sandbox, request);
    json_t *body =
        json_pack("{s:s, s:s*, s:s*, s:o*, s:I, s:b, s:o}", "id", id, "name", name, "topicName",
                  topic, "target", target, "version", version, "enabled", enabled, "matchCriteria",
                  criteria ? json_deep_copy(criteria) : json_array());
    read_timing(&check, request, body);
    if (description)
        json_object_set_new(body, "description", json_string(description));
    json_object_set_new(body, "selfUri", resource_self_uri(&resource, id));
    if (check_reply(&check, call))
        return body;
    json_decref(body);
    return NULL;
}

static void next_id(struct sandbox *sandbox, char id[TEXT_UUID_SIZE])
{
    do
        text_uuid(ID_PREFIX, store_next_number(sandbox->triggers), id);
    while (store_find(sandbox->triggers, id));
}

static void set_default(json_t *object, const char *name, json_t *value)
{
    if (check_member(object, name))
        json_decref(value);
    else
        json_object_set_new(object, name, value);
}

json_t *triggers_seed(struct sandbox *sandbox, const json_t *seed)
{
    json_t *body = json_deep_copy(seed);
    json_t *target = json_object_get(body, "target");
    char id[TEXT_UUID_SIZE];

    if (!json_is_string(json_object_get(body, "id")) ||
        store_find(sandbox->triggers, json_string_value(json_object_get(body, "id")))) {
        next_id(sandbox, id);
        json_object_set_new(body, "id", json_string(id));
    }
    set_default(body, "version", json_integer(1));
    set_default(body, "enabled", json_true());
    set_default(body, "matchCriteria", json_array());
    if (json_is_object(target))
        set_default(target, "workflowTargetSettings",
                    json_pack("{s:s}", "dataFormat", "TopLevelPrimitives"));
    set_default(body, "selfUri",
                resource_self_uri(&resource, json_string_value(json_object_get(body, "id"))));
    return body;
}

/* The filters of the listing: topicName (a list), enabled, hasDelayBy. */

static bool in_list(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        size_t item = strcspn(list, ",");
        size_t spaces = strspn(list, " ");
        if (item - spaces == length && !strncmp(list + spaces, word, length))
            return true;
        list += item + (list[item] == ',');
    }
    return false;
}

static bool flag_holds(const struct call *call, const char *parameter, bool is)
{
    const char *wanted = call_parameter(call, parameter);

    return !wanted || !strcasecmp(wanted, "true") == is;
}

static bool trigger_wanted(const struct call *call, const json_t *body)
{
    const char *topics = call_parameter(call, "topicName");
    const char *topic = json_string_value(json_object_get(body, "topicName"));

    return (!topics || (topic && in_list(topics, topic))) &&
           flag_holds(call, "enabled", json_is_true(json_object_get(body, "enabled"))) &&
           flag_holds(call, "hasDelayBy", check_member(body, "delayBySeconds") != NULL);
}

static bool flag_is_valid(struct call *call, const char *parameter)
{
    const char *value = call_parameter(call, parameter);

    if (!value || !strcasecmp(value, "true") || !strcasecmp(value, "false"))
        return true;
    reply_error(call, 400, "invalid.query.param.value",
                "Value [%.40s] is not valid for parameter [%s]. Allowable values are: true, false",
                value, parameter);
    return false;
}

void triggers_list(struct call *call)
{
    if (flag_is_valid(call, "enabled") && flag_is_valid(call, "hasDelayBy"))
        page_reply(call, call->sandbox->triggers, trigger_wanted);
}

static bool read_object(struct call *call)
{
    if (!call_read_body(call, true))
        return false;
    if (!json_is_object(call->body))
        reply_status(call, 400);
    return json_is_object(call->body);
}

void triggers_create(struct call *call)
{
    char id[TEXT_UUID_SIZE];

    if (!read_object(call))
        return;
    next_id(call->sandbox, id);
    json_t *body = read_trigger(call, id, 1);
    if (body)
        resource_create(call, call->sandbox->triggers, &resource, body);
}

void triggers_get(struct call *call)
{
    resource_reply_get(call, call->sandbox->triggers);
}

static bool topic_is_kept(struct call *call, const struct object *object)
{
    const char *is = json_string_value(json_object_get(object->body, "topicName"));
    const char *wanted = json_string_value(json_object_get(call->body, "topicName"));
    struct check check = {0};

    if (is && wanted && strcmp(is, wanted))
        check_fail(&check, "constraint.validation", "topicName",
                   "topicName cannot be updated, a new trigger must be created to use a new "
                   "topicName");
    return check_reply(&check, call);
}

void triggers_update(struct call *call)
{
    struct object *object = resource_find(call, call->sandbox->triggers);

    if (!object || !read_object(call) || !topic_is_kept(call, object))
        return;
    json_int_t version = json_integer_value(json_object_get(object->body, "version"));
    json_t *body = read_trigger(call, object->id, version + 1);
    if (!body)
        return;
    if (resource_version_matches(call, &resource, object))
        resource_update(call, call->sandbox->triggers, &resource, object, body);
    else
        json_decref(body);
}

void triggers_delete(struct call *call)
{
    resource_delete(call, call->sandbox->triggers, &resource);
}
