/* The manifest's JSON Schema: the tables' own, and what depends on another key's value. */
#include "core/json.h"
#include "core/keys.h"
#include "core/manifest.h"

/* The member reached by names one below the other, the last followed by NULL; borrowed. */
static json_t *reach(json_t *schema, const char *const *names)
{
    for (; *names && schema; names++)
        schema = json_object_get(schema, *names);
    return schema;
}

/* {"if": {"properties": {KEY: {"const": VALUE}}, "required": [KEY]}, "then": …} */
static json_t *when(const char *key, const char *value, json_t *then)
{
    return json_pack("{s:{s:{s:{s:s}}, s:[s]}, s:o}", "if", "properties", key, "const", value,
                     "required", key, "then", then);
}

/* Refuses what that kind of subscription does not have. */
static json_t *without_other_kinds(enum via via)
{
    json_t *properties = json_object();

    for (const struct spec_key *key = subscription_spec.keys; key->name; key++)
        if (key->kinds && !(key->kinds & 1u << via) &&
            json_object_set_new(properties, key->name, json_false()) != 0) {
            json_decref(properties);
            return NULL;
        }
    return json_pack("{s:o}", "properties", properties);
}

static json_t *by_kind(void)
{
    json_t *list = json_array();

    for (int via = 0; via < VIA_COUNT; via++)
        if (json_array_append_new(list, when("via", via_name((enum via)via),
                                             without_other_kinds((enum via)via))) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* What an operator's value may be. */
static json_t *operand_schema(enum filter_operand operand)
{
    switch (operand) {
    case OPERAND_SCALAR:
        return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
    case OPERAND_ORDERED:
        return json_pack("{s:[s,s]}", "type", "string", "number");
    case OPERAND_LIST:
        return json_pack("{s:s, s:i, s:i, s:{s:[s,s,s]}}", "type", "array", "minItems", 1,
                         "maxItems", 1000, "items", "type", "string", "number", "boolean");
    case OPERAND_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case OPERAND_COUNT:
        return json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
    }
    return NULL;
}

static json_t *by_operator(void)
{
    json_t *list = json_array();

    for (int op = 0; op < FILTER_OPS; op++) {
        const struct filter_operator *row = &filter_operators[op];
        json_t *value = operand_schema(row->operand);
        json_t *then =
            row->operand == OPERAND_BOOL
                ? json_pack("{s:{s:o}}", "properties", "value", value)
                : json_pack("{s:{s:o}, s:[s]}", "properties", "value", value, "required", "value");
        if (json_array_append_new(list, when("op", row->name, then)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Window and size mean nothing when events are delivered immediately. */
static json_t *immediate(void)
{
    return when("mode", "immediate",
                json_pack("{s:{s:b, s:b}}", "properties", "window", 0, "size", 0));
}

static bool add_conditions(json_t *schema)
{
    static const char *const to_subscription[] = {"properties", "subscriptions",
                                                  "additionalProperties", NULL};
    static const char *const to_criterion[] = {"properties", "filter", "items", NULL};
    static const char *const to_batching[] = {"properties", "delivery", "properties", "batching",
                                              NULL};
    json_t *subscription = reach(schema, to_subscription);
    json_t *criterion = reach(subscription, to_criterion);
    json_t *batching = reach(subscription, to_batching);
    json_t *rule;

    if (!criterion || !batching || json_object_set_new(subscription, "allOf", by_kind()) != 0 ||
        json_object_set_new(criterion, "allOf", by_operator()) != 0)
        return false;
    rule = immediate();
    if (!rule || json_object_update(batching, rule) != 0) {
        json_decref(rule);
        return false;
    }
    json_decref(rule);
    return true;
}

char *manifest_schema(void)
{
    json_t *body = spec_schema(&manifest_spec);
    json_t *schema =
        json_pack("{s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                  "A manifest of eventctl");
    char *text = NULL;

    if (body && schema && add_conditions(body) && json_object_update(schema, body) == 0)
        text = json_write(schema, JSON_INDENT(2));
    json_decref(body);
    json_decref(schema);
    return text;
}
