#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void check_fail(struct check *check, const char *code, const char *field, const char *format, ...)
{
    if (!check->message) {
        va_list arguments;
        va_start(arguments, format);
        check->message = text_vformat(format, arguments);
        va_end(arguments);
        check->code = code;
        check->details = json_array();
    }
    json_array_append_new(
        check->details, json_pack("{s:s, s:o}", "errorCode", code, "fieldName", text_json(field)));
}

bool check_reply(struct check *check, struct call *call)
{
    if (!check->message)
        return true;
    reply_error_details(call, 400, check->code, check->message, check->details);
    free(check->message);
    memset(check, 0, sizeof *check);
    return false;
}

json_t *check_member(const json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);

    return json_is_null(member) ? NULL : member;
}

static void fail_missing(struct check *check, const char *name)
{
    check_fail(check, "constraint.validation", name, "%s must not be null", name);
}

static void fail_type(struct check *check, const char *name, const char *type)
{
    check_fail(check, "invalid.value", name, "Value is not valid for field [%s] of type [%s].",
               name, type);
}

const char *check_string(struct check *check, const json_t *object, const char *name, bool required,
                         size_t min, size_t max)
{
    const json_t *member = check_member(object, name);
    const char *text = json_string_value(member);

    if (!member && required)
        fail_missing(check, name);
    else if (member && !text)
        fail_type(check, name, "String");
    if (!text)
        return NULL;
    size_t length = text_utf16_length(text);
    if (length < min || length > max) {
        check_fail(check, "constraint.validation", name, "%s size must be between %zu and %zu",
                   name, min, max);
        return NULL;
    }
    return text;
}

static bool integer_value(const json_t *member, json_int_t *value)
{
    const char *text = json_string_value(member);
    char *end;

    if (json_is_integer(member)) {
        *value = json_integer_value(member);
        return true;
    }
    if (json_is_real(member) && json_real_value(member) > -9e15 && json_real_value(member) < 9e15) {
        *value = (json_int_t)json_real_value(member);
        return (double)*value == json_real_value(member);
    }
    if (!text || !*text)
        return false;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return !*end && !errno;
}

bool check_integer(struct check *check, const json_t *object, const char *name, json_int_t min,
                   json_int_t max, json_int_t *value)
{
    const json_t *member = check_member(object, name);
    json_int_t number;

    if (!member)
        return false;
    if (!integer_value(member, &number)) {
        fail_type(check, name, "Integer");
        return false;
    }
    if (number < min || number > max) {
        check_fail(check, "constraint.validation", name,
                   "%s must be between %" JSON_INTEGER_FORMAT " and %" JSON_INTEGER_FORMAT, name,
                   min, max);
        return false;
    }
    *value = number;
    return true;
}

bool check_boolean(struct check *check, const json_t *object, const char *name, bool required,
                   bool *value)
{
    const json_t *member = check_member(object, name);

    if (!member && required)
        fail_missing(check, name);
    else if (member && !json_is_boolean(member))
        fail_type(check, name, "Boolean");
    if (!json_is_boolean(member))
        return false;
    *value = json_is_true(member);
    return true;
}

bool check_is_one_of(const char *value, const char *const *allowed)
{
    while (*allowed && strcmp(*allowed, value))
        allowed++;
    return *allowed != NULL;
}

void check_one_of(struct check *check, const char *field, const char *value,
                  const char *const *allowed)
{
    if (check_is_one_of(value, allowed))
        return;
    char *list = text_copy("");
    for (const char *const *one = allowed; *one; one++) {
        char *longer = text_format("%s%s%s", list, *list ? ", " : "", *one);
        free(list);
        list = longer;
    }
    check_fail(check, "invalid.value", field,
               "Value [%s] is not valid for field type [%s]. Allowable values are: %s", value,
               field, list);
    free(list);
}
