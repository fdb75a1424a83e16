#include "resource.h"

#include "check.h"
#include "state.h"

#include <stdlib.h>

json_t *resource_self_uri(const struct resource *resource, const char *id)
{
    return json_sprintf("%s/%s", resource->path, id);
}

static struct store_lag current_lag(const struct call *call)
{
    return (struct store_lag){.ms = call->sandbox->settings.read_lag_ms,
                              .reads = call->sandbox->settings.read_lag_reads};
}

struct object *resource_find(struct call *call, struct store *store)
{
    struct object *object = store_find(store, call->arguments[0]);

    if (!object)
        reply_not_found(call);
    return object;
}

void resource_reply_get(struct call *call, struct store *store)
{
    store_tick(store);
    json_t *shown = store_read(store, call->arguments[0]);
    if (shown)
        reply_json(call, 200, json_incref(shown));
    else
        reply_not_found(call);
}

bool resource_version_matches(struct call *call, const struct resource *resource,
                              const struct object *object)
{
    json_int_t current = json_integer_value(json_object_get(object->body, "version"));
    json_int_t sent = -1;
    struct check check = {0};

    if (!check_member(call->body, "version"))
        check_fail(&check, "constraint.validation", "version", "version must not be null");
    else
        check_integer(&check, call->body, "version", 0, INT64_MAX, &sent);
    if (!check_reply(&check, call))
        return false;
    if (sent == current)
        return true;
    reply_error(call, 409, "version.conflict",
                "The version of the %s in the request, %lld, does not match its current version, "
                "%lld",
                resource->label, (long long)sent, (long long)current);
    return false;
}

void resource_create(struct call *call, struct store *store, const struct resource *resource,
                     json_t *body)
{
    store_insert(store, body, current_lag(call));
    audit_record(call, &resource->audit, NULL, body, NULL);
    state_touch(call->sandbox);
    reply_json(call, 200, json_incref(body));
}

void resource_update(struct call *call, struct store *store, const struct resource *resource,
                     struct object *object, json_t *body)
{
    audit_record(call, &resource->audit, object->body, body, NULL);
    store_replace(store, object, body, current_lag(call));
    state_touch(call->sandbox);
    reply_json(call, 200, json_incref(body));
}

void resource_delete(struct call *call, struct store *store, const struct resource *resource)
{
    struct object *object = resource_find(call, store);

    if (!object)
        return;
    audit_record(call, &resource->audit, object->body, NULL, NULL);
    store_delete(store, object, current_lag(call));
    state_touch(call->sandbox);
    reply_empty(call, 204);
}
