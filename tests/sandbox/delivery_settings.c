#include "delivery_settings.h"

#include "numbers.h"
#include "text.h"

#include <string.h>
#include <strings.h>

#define AT(member) offsetof(struct delivery_settings, member)

static const struct number numbers[] = {
    {"timeout_ms", AT(timeout_ms), 1, 3600000, 85000, true},
    {"slow_ms", AT(slow_ms), 0, 3600000, 1000, true},
    {"retry_ms", AT(retry_ms), 1, DELIVERY_RETRY_MAX_MS, 500, true},
    {"unhealthy_after", AT(unhealthy_after), 1, 1e6, 20, true},
    {"concurrency", AT(concurrency), 1, 64, 4, true},
    {.name = NULL},
};

/* Members of data_action, and what they are unless told. */
static const struct member {
    const char *name;
    const char *fallback; /* NULL: there is none */
} members[] = {
    {"url", NULL}, {"header", "X-API-Key"}, {"key", NULL}, {"topic_header", "X-Genesys-Topic"}};

enum { MEMBERS = sizeof members / sizeof *members };

void delivery_settings_init(struct delivery_settings *settings)
{
    numbers_reset(numbers, settings);
    settings->ca_file = json_null();
    settings->data_action = json_null();
}

void delivery_settings_release(struct delivery_settings *settings)
{
    json_decref(settings->ca_file);
    json_decref(settings->data_action);
}

/* One line of a header or a URL: no control characters. */
static bool is_line(const json_t *value)
{
    for (const char *c = json_string_value(value); c && *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    }
    return json_is_string(value);
}

static bool is_url(const json_t *value)
{
    const char *text = json_string_value(value);

    return is_line(value) && (!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8));
}

static bool data_action_set(struct delivery_settings *settings, const json_t *value)
{
    json_t *wanted = json_is_object(settings->data_action) ? json_deep_copy(settings->data_action)
                                                           : json_object();
    const char *name;
    json_t *one;
    bool right = json_is_object(value);

    json_object_foreach((json_t *)value, name, one)
    {
        int i = 0;
        while (i < MEMBERS && strcmp(members[i].name, name))
            i++;
        right = right && i < MEMBERS && (json_is_null(one) || is_line(one));
        json_object_set(wanted, name, one);
    }
    for (int i = 0; i < MEMBERS; i++) {
        if (!json_is_string(json_object_get(wanted, members[i].name)))
            json_object_set_new(wanted, members[i].name,
                                members[i].fallback ? json_string(members[i].fallback)
                                                    : json_null());
    }
    if (!right || !is_url(json_object_get(wanted, "url"))) {
        json_decref(wanted);
        return false;
    }
    json_decref(settings->data_action);
    settings->data_action = wanted;
    return true;
}

static bool member_set(struct delivery_settings *settings, const char *name, json_t *value)
{
    if (!strcmp(name, "ca_file") && (json_is_null(value) || is_line(value))) {
        json_decref(settings->ca_file);
        settings->ca_file = json_incref(value);
        return true;
    }
    if (!strcmp(name, "data_action") && json_is_null(value)) {
        json_decref(settings->data_action);
        settings->data_action = json_null();
        return true;
    }
    if (!strcmp(name, "data_action"))
        return data_action_set(settings, value);
    return numbers_set(numbers, settings, name, value);
}

char *delivery_settings_read(struct delivery_settings *settings, const json_t *document)
{
    struct delivery_settings wanted = *settings;
    const char *name;
    json_t *value;

    if (!json_is_object(document))
        return text_copy("the body is no object");
    json_incref(wanted.ca_file);
    json_incref(wanted.data_action);
    json_object_foreach((json_t *)document, name, value)
    {
        if (!member_set(&wanted, name, value)) {
            delivery_settings_release(&wanted);
            return text_format("\"%s\" is unknown or its value wrong", name);
        }
    }
    delivery_settings_release(settings);
    *settings = wanted;
    return NULL;
}

json_t *delivery_settings_report(const struct delivery_settings *settings)
{
    json_t *report =
        json_pack("{s:O, s:O}", "ca_file", settings->ca_file, "data_action", settings->data_action);

    numbers_report(numbers, settings, report);
    return report;
}

const char *delivery_settings_ca_file(const struct delivery_settings *settings)
{
    return json_string_value(settings->ca_file);
}

struct data_action delivery_settings_data_action(const struct delivery_settings *settings)
{
    const json_t *action = settings->data_action;

    return (struct data_action){
        .url = json_string_value(json_object_get(action, "url")),
        .header = json_string_value(json_object_get(action, "header")),
        .key = json_string_value(json_object_get(action, "key")),
        .topic_header = json_string_value(json_object_get(action, "topic_header")),
    };
}
