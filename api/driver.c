#include "api/driver.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

const struct driver *driver_find(enum via via)
{
    static const struct driver *const drivers[VIA_COUNT] = {
        [VIA_EVENT_STREAMS] = &driver_event_streams,
        [VIA_TRIGGER] = &driver_trigger,
    };

    return drivers[via];
}

bool driver_set(struct object *object, enum field field, json_t *value)
{
    bool ok = value && object_set(object, field, value);

    json_decref(value);
    return ok;
}

/* An absent member, null and the right type are fine. */
static bool has_type(const json_t *entity, const char *key, bool (*is)(const json_t *))
{
    const json_t *value = json_object_get(entity, key);

    return !value || json_is_null(value) || is(value);
}

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_bool(const json_t *value)
{
    return json_is_boolean(value);
}

bool driver_id_is_usable(const char *text)
{
    size_t plain =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~:");

    return plain > 0 && plain < 64 && text[plain] == '\0' && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

bool driver_read_common(const json_t *entity, struct object *object, struct error *error)
{
    const char *id = json_text(entity, "id"), *name = json_text(entity, "name");
    const json_t *version = json_object_get(entity, "version");
    const char *description = json_text(entity, "description");

    if (!id || !driver_id_is_usable(id))
        return error_set(error, ERROR_FAILED, "an object without a usable id");
    if (!name || !*name)
        return error_set(error, ERROR_FAILED, "object %s has no name", id);
    if (!json_is_integer(version) || json_integer_value(version) < 0)
        return error_set(error, ERROR_FAILED, "object %s has no version", id);
    if (!has_type(entity, "description", is_text) || !has_type(entity, "enabled", is_bool))
        return error_set(error, ERROR_FAILED,
                         "object %s has a description or enabled of another type", id);
    object->version = json_integer_value(version);
    object->id = strdup(id);
    object->name = strdup(name);
    if (!object->id || !object->name || !driver_set(object, FIELD_NAME, json_string(name)) ||
        !object_set_description(object, description ? description : "") ||
        !driver_set(object, FIELD_ENABLED,
                    json_boolean(!json_is_false(json_object_get(entity, "enabled")))))
        return error_no_memory(error);
    return true;
}

json_t *driver_add_common(json_t *body, const struct object *object, int64_t version)
{
    char *description = object_description(object);
    bool ok = body && description &&
              json_object_set_new(body, "name", json_string(object->name)) == 0 &&
              json_object_set_new(body, "description", json_string(description)) == 0 &&
              json_object_set_new(body, "enabled", object_get(object, FIELD_ENABLED)) == 0;

    if (ok && version > 0)
        ok = json_object_set_new(body, "version", json_integer(version)) == 0;
    free(description);
    if (ok)
        return body;
    json_decref(body);
    return NULL;
}

/* The value with a list's elements sorted, as a set; a new reference. */
static json_t *sorted_value(const json_t *value)
{
    struct object object;
    json_t *sorted = NULL;

    object_init(&object);
    if (object_set_sorted(&object, FIELD_FILTER, value))
        sorted = object_get(&object, FIELD_FILTER);
    object_release(&object);
    return sorted;
}

bool driver_add_criterion(enum via via, json_t *filter, const char *field, const char *operator,
                          const json_t * value)
{
    int op = filter_op_find_remote(via, operator);
    bool list = op >= 0 && filter_operators[op].operand == OPERAND_LIST && json_is_array(value);
    json_t *kept = list ? sorted_value(value) : json_incref((json_t *)value);
    json_t *criterion = json_pack("{s:s, s:s}", "field", field, "op",
                                  op >= 0 ? filter_operators[op].name : operator);
    bool ok = criterion && (kept || !value) &&
              (!kept || json_object_set(criterion, "value", kept) == 0) &&
              json_array_append(filter, criterion) == 0;

    json_decref(kept);
    json_decref(criterion);
    return ok;
}

bool driver_each_criterion(const struct object *object, driver_criterion each, void *context)
{
    json_t *filter = object_get(object, FIELD_FILTER);
    bool ok = filter != NULL;

    for (size_t i = 0; ok && i < json_array_size(filter); i++) {
        const json_t *criterion = json_array_get(filter, i);
        const char *field = json_text(criterion, "field"), *name = json_text(criterion, "op");
        int op = name ? filter_op_find(name) : -1;
        const char *operator= op >= 0 ? filter_operators[op].remote[object->via] : name;
        if (field && operator) /* what is residual is no part of the object */
            ok = each(context, field, operator,
                      op >= 0 ? filter_operators[op].operand : OPERAND_SCALAR,
                      json_object_get(criterion, "value"));
    }
    json_decref(filter);
    return ok;
}
