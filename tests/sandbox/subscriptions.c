#include "subscriptions.h"

#include "check.h"
#include "keys.h"
#include "page.h"
#include "resource.h"
#include "state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_UNITS = 256, DESCRIPTION_MAX_UNITS = 512, URL_MAX_UNITS = 2048, ID_SIZE = 32 };
enum { WINDOW_MIN_MS = 10, WINDOW_MAX_MS = 60000, WINDOW_DEFAULT_MS = 100 };
enum { BATCH_MAX = 1000, BATCH_DEFAULT = 50 };

static const struct resource resource = {
    .audit = {.service = "EventStreams", .entity_type = "Subscription"},
    .label = "subscription",
    .path = "/api/v2/eventstreams/subscriptions",
};

static const char *const domains[] = {"Interaction", NULL};
static const char *const event_types[] = {"Interaction.Created",
                                          "Interaction.Confirmed",
                                          "Interaction.Closed",
                                          "Interaction.Transferred",
                                          "Interaction.Abandoned",
                                          "*",
                                          NULL};
static const char *const modes[] = {"Immediate", "Batched", NULL};
static const char *const operators[] = {"EQ", "NEQ",    "GT",       "GTE",    "LT", "LTE",
                                        "IN", "NOT_IN", "CONTAINS", "EXISTS", NULL};
static const char *const list_operators[] = {"IN", "NOT_IN", NULL};

static json_t *read_event_types(struct check *check, const json_t *request)
{
    json_t *list = check_member(request, "eventTypes");
    size_t i;
    json_t *one;

    if (!json_array_size(list)) {
        check_fail(check, "constraint.validation", "eventTypes", "eventTypes must not be empty");
        return NULL;
    }
    json_array_foreach(list, i, one)
    {
        const char *type = json_string_value(one);
        check_one_of(check, "eventTypes", type ? type : "", event_types);
    }
    return json_deep_copy(list);
}

static void check_filter(struct check *check, const char *where, const json_t *filter)
{
    const json_t *value = check_member(filter, "value");

    if (!json_is_object(filter)) {
        check_fail(check, "invalid.value", where, "%s must be an object", where);
        return;
    }
    check_string(check, filter, "field", true, 1, NAME_MAX_UNITS);
    const char *operator= check_string(check, filter, "operator", true, 1, NAME_MAX_UNITS);
    if (!operator)
        return;
    check_one_of(check, where, operator, operators);
    if (check_is_one_of(operator, list_operators) && !json_array_size(value))
        check_fail(check, "constraint.validation", where,
                   "The operator %s requires a list of at least one value", operator);
    else if (!value && strcmp(operator, "EXISTS"))
        check_fail(check, "constraint.validation", where,
                   "The operator %s requires a value", operator);
}

static json_t *read_filters(struct check *check, const json_t *request, const char *name,
                            bool may_be_list)
{
    json_t *filter = check_member(request, name);
    size_t i;
    json_t *one;

    if (!filter)
        return NULL;
    if (may_be_list && json_is_array(filter)) {
        json_array_foreach(filter, i, one)
        {
            check_filter(check, name, one);
        }
    } else {
        check_filter(check, name, filter);
    }
    return json_deep_copy(filter);
}

static json_t *read_batching(struct check *check, const json_t *request)
{
    const json_t *batching = check_member(request, "batching");
    json_int_t window_ms = WINDOW_DEFAULT_MS;
    json_int_t size = BATCH_DEFAULT;

    if (batching && !json_is_object(batching))
        check_fail(check, "invalid.value", "batching", "batching must be an object");
    if (!json_is_object(batching))
        return json_pack("{s:s}", "mode", modes[0]);
    const char *mode = check_string(check, batching, "mode", true, 1, NAME_MAX_UNITS);
    if (mode)
        check_one_of(check, "batching.mode", mode, modes);
    bool window =
        check_integer(check, batching, "windowMs", WINDOW_MIN_MS, WINDOW_MAX_MS, &window_ms);
    bool limit = check_integer(check, batching, "maxSize", 1, BATCH_MAX, &size);
    json_t *out = json_pack("{s:s*}", "mode", mode);
    bool batched = mode && !strcmp(mode, "Batched");
    if (window || batched)
        json_object_set_new(out, "windowMs", json_integer(window_ms));
    if (limit || batched)
        json_object_set_new(out, "maxSize", json_integer(size));
    return out;
}

static bool is_url(const char *text)
{
    const char *host = !strncmp(text, "https://", 8)  ? text + 8
                       : !strncmp(text, "http://", 7) ? text + 7
                                                      : "";
    size_t length = strcspn(host, "/?#");

    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || strchr("<>\"\\^`{|}\x7f", *c))
            return false;
    }
    return length > 0 && *host != ':' && *host != '@';
}

static json_t *read_delivery(struct check *check, const json_t *request, const char *public_key)
{
    const json_t *delivery = check_member(request, "delivery");

    if (!json_is_object(delivery)) {
        check_fail(check, "constraint.validation", "delivery", "delivery must not be null");
        return NULL;
    }
    const char *url = check_string(check, delivery, "url", true, 1, URL_MAX_UNITS);
    if (url && !is_url(url))
        check_fail(check, "invalid.value", "delivery.url", "Value [%s] is not a valid URL", url);
    return json_pack("{s:s*, s:s}", "url", url, "publicKey", public_key);
}

static json_t *new_health(void)
{
    char now[TEXT_TIME_SIZE];

    text_time(text_wall_ms(), now);
    return json_pack("{s:s, s:s, s:n}", "state", "HEALTHY", "since", now, "lastStatus");
}

/* The parts of a request that are objects or lists; the members that were given, in order. */
static void read_parts(struct check *check, struct call *call, json_t *body)
{
    const json_t *request = call->body;
    const struct part {
        const char *name;
        json_t *value;
    } parts[] = {
        {"eventTypes", read_event_types(check, request)},
        {"filterExpression", read_filters(check, request, "filterExpression", false)},
        {"additionalFilter", read_filters(check, request, "additionalFilter", true)},
        {"batching", read_batching(check, request)},
        {"delivery", read_delivery(check, request, keys_public_pem(call->sandbox->keys))},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].value)
            json_object_set_new(body, parts[i].name, parts[i].value);
    }
}

/* The members that the server writes, whatever the request says. */
static void set_server_members(json_t *body, const char *id, const json_t *before)
{
    char now[TEXT_TIME_SIZE];
    json_t *health = json_object_get(before, "health");
    json_t *created = json_object_get(before, "dateCreated");

    text_time(text_wall_ms(), now);
    json_object_set_new(body, "health", health ? json_deep_copy(health) : new_health());
    json_object_set_new(body, "dateCreated", created ? json_incref(created) : json_string(now));
    json_object_set_new(body, "dateModified", json_string(now));
    json_object_set_new(body, "selfUri", resource_self_uri(&resource, id));
}

/*
 * The object that a request asks for; NULL: answered with 400. `before` is what it replaces,
 * NULL for a new one.
 */
static json_t *read_subscription(struct call *call, const char *id, const json_t *before)
{
    const json_t *request = call->body;
    struct check check = {0};
    bool enabled = true;
    json_int_t version = json_integer_value(json_object_get(before, "version")) + 1;

    const char *name = check_string(&check, request, "name", true, 1, NAME_MAX_UNITS);
    const char *description =
        check_string(&check, request, "description", false, 0, DESCRIPTION_MAX_UNITS);
    const char *domain = check_string(&check, request, "domain", false, 1, NAME_MAX_UNITS);
    if (domain)
        check_one_of(&check, "domain", domain, domains);
    check_boolean(&check, request, "enabled", false, &enabled);
    json_t *body = json_pack("{s:s, s:s*, s:I, s:s*, s:s, s:b}", "id", id, "name", name, "version",
                             version, "description", description, "domain",
                             domain ? domain : domains[0], "enabled", enabled);
    read_parts(&check, call, body);
    set_server_members(body, id, before);
    if (check_reply(&check, call))
        return body;
    json_decref(body);
    return NULL;
}

static void next_id(struct sandbox *sandbox, char id[ID_SIZE])
{
    do
        snprintf(id, ID_SIZE, "sub-%08" PRIu64, store_next_number(sandbox->subscriptions));
    while (store_find(sandbox->subscriptions, id));
}

static void set_default(json_t *object, const char *name, json_t *value)
{
    if (check_member(object, name))
        json_decref(value);
    else
        json_object_set_new(object, name, value);
}

json_t *subscriptions_seed(struct sandbox *sandbox, const json_t *seed)
{
    json_t *body = json_deep_copy(seed);
    json_t *delivery = json_object_get(body, "delivery");
    json_t *batching = json_object_get(body, "batching");
    const char *mode = json_string_value(json_object_get(batching, "mode"));
    char id[ID_SIZE];
    char now[TEXT_TIME_SIZE];

    if (!json_is_string(json_object_get(body, "id")) ||
        store_find(sandbox->subscriptions, json_string_value(json_object_get(body, "id")))) {
        next_id(sandbox, id);
        json_object_set_new(body, "id", json_string(id));
    }
    text_time(text_wall_ms(), now);
    set_default(body, "version", json_integer(1));
    set_default(body, "domain", json_string(domains[0]));
    set_default(body, "batching", json_pack("{s:s}", "mode", modes[0]));
    if (mode && !strcmp(mode, "Batched")) {
        set_default(batching, "windowMs", json_integer(WINDOW_DEFAULT_MS));
        set_default(batching, "maxSize", json_integer(BATCH_DEFAULT));
    }
    if (json_is_object(delivery))
        set_default(delivery, "publicKey", json_string(keys_public_pem(sandbox->keys)));
    set_default(body, "enabled", json_true());
    set_default(body, "health", new_health());
    set_default(body, "dateCreated", json_string(now));
    set_default(body, "dateModified", json_string(now));
    set_default(body, "selfUri",
                resource_self_uri(&resource, json_string_value(json_object_get(body, "id"))));
    return body;
}

/* Reads the body and makes sure that no other subscription has its name. */
static bool read_object(struct call *call, const char *own_id)
{
    if (!call_read_body(call, true))
        return false;
    if (!json_is_object(call->body)) {
        reply_status(call, 400);
        return false;
    }
    const char *name = json_string_value(json_object_get(call->body, "name"));
    struct object *other = name ? store_find_name(call->sandbox->subscriptions, name) : NULL;
    if (!other || (own_id && !strcmp(other->id, own_id)))
        return true;
    reply_error(call, 409, "duplicate.name", "A subscription with the name [%s] already exists",
                name);
    return false;
}

void subscriptions_list(struct call *call)
{
    page_reply(call, call->sandbox->subscriptions, NULL);
}

void subscriptions_create(struct call *call)
{
    char id[ID_SIZE];

    if (!read_object(call, NULL))
        return;
    next_id(call->sandbox, id);
    json_t *body = read_subscription(call, id, NULL);
    if (body)
        resource_create(call, call->sandbox->subscriptions, &resource, body);
}

void subscriptions_get(struct call *call)
{
    resource_reply_get(call, call->sandbox->subscriptions);
}

void subscriptions_update(struct call *call)
{
    struct store *store = call->sandbox->subscriptions;
    struct object *object = resource_find(call, store);

    if (!object || !read_object(call, object->id))
        return;
    json_t *body = read_subscription(call, object->id, object->body);
    if (!body)
        return;
    if (resource_version_matches(call, &resource, object))
        resource_update(call, store, &resource, object, body);
    else
        json_decref(body);
}

void subscriptions_delete(struct call *call)
{
    resource_delete(call, call->sandbox->subscriptions, &resource);
}

static void write_health(json_t *body, const char *state, int status)
{
    json_t *health = json_object_get(body, "health");
    const char *before = json_string_value(json_object_get(health, "state"));
    char now[TEXT_TIME_SIZE];

    if (!json_is_object(health)) {
        health = new_health();
        json_object_set_new(body, "health", health);
    }
    if (!before || strcmp(before, state)) {
        text_time(text_wall_ms(), now);
        json_object_set_new(health, "since", json_string(now));
    }
    json_object_set_new(health, "state", json_string(state));
    json_object_set_new(health, "lastStatus", status ? json_integer(status) : json_null());
}

void subscriptions_show_health(struct sandbox *sandbox, const char *id, const char *state,
                               int status)
{
    struct object *object = store_find(sandbox->subscriptions, id);

    if (!object)
        return;
    write_health(object->body, state, status);
    if (object->shown)
        write_health(object->shown, state, status);
    state_touch(sandbox);
}

static void write_key(json_t *body, const char *pem)
{
    json_t *delivery = json_object_get(body, "delivery");

    if (json_is_object(delivery))
        json_object_set_new(delivery, "publicKey", json_string(pem));
}

void subscriptions_show_key(struct sandbox *sandbox)
{
    const char *pem = keys_public_pem(sandbox->keys);

    for (size_t i = 0; i < store_length(sandbox->subscriptions); i++) {
        struct object *object = store_at(sandbox->subscriptions, i);
        write_key(object->body, pem);
        if (object->shown)
            write_key(object->shown, pem);
    }
}
