#include "control.h"

#include "accounts.h"
#include "audit.h"
#include "control_delivery.h"
#include "faults.h"
#include "requests.h"
#include "state.h"
#include "store.h"
#include "subscriptions.h"
#include "triggers.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "/_sandbox/"

static void reply_wrong(struct call *call, int status, const char *message)
{
    reply_json(call, status, json_pack("{s:o}", "error", text_json(message)));
}

/* Faults */

static void faults_get(struct call *call)
{
    reply_json(call, 200, faults_report(call->sandbox->faults));
}

static void faults_append(struct call *call)
{
    char *wrong = faults_add(call->sandbox->faults, call->body);

    if (wrong)
        reply_wrong(call, 400, wrong);
    else
        faults_get(call);
    free(wrong);
}

static void faults_put(struct call *call)
{
    faults_clear(call->sandbox->faults);
    faults_append(call);
}

static void faults_delete(struct call *call)
{
    faults_clear(call->sandbox->faults);
    reply_empty(call, 204);
}

/* Settings */

static json_t *settings_report(const struct settings *settings)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:I, s:I, s:i, s:O, s:O}", "organization",
                     settings->organization, "organization_id", settings->organization_id,
                     "rate_limit", settings->rate_limit, "token_lifetime_s",
                     settings->token_lifetime_s, "read_lag_ms", (json_int_t)settings->read_lag_ms,
                     "read_lag_reads", (json_int_t)settings->read_lag_reads, "page_size_max",
                     settings->page_size_max, "deny", settings->deny, "flows", settings->flows);
}

static void settings_get(struct call *call)
{
    reply_json(call, 200, settings_report(&call->sandbox->settings));
}

static bool is_list_of_strings(const json_t *value)
{
    size_t i;
    json_t *one;

    json_array_foreach(value, i, one)
    {
        if (!json_is_string(one))
            return false;
    }
    return json_is_array(value);
}

/* Sets one setting; false when there is none of that name or the value does not fit. */
static bool setting_set(struct settings *settings, const char *name, json_t *value)
{
    json_int_t number = json_integer_value(value);
    bool natural = json_is_integer(value) && number >= 0 && number <= INT32_MAX;
    json_t **list = !strcmp(name, "deny")    ? &settings->deny
                    : !strcmp(name, "flows") ? &settings->flows
                                             : NULL;

    if (list && is_list_of_strings(value)) {
        json_decref(*list);
        *list = json_deep_copy(value);
        return true;
    }
    if (!natural)
        return false;
    if (!strcmp(name, "rate_limit"))
        settings->rate_limit = (int)number;
    else if (!strcmp(name, "token_lifetime_s"))
        settings->token_lifetime_s = (int)number;
    else if (!strcmp(name, "read_lag_ms"))
        settings->read_lag_ms = number;
    else if (!strcmp(name, "read_lag_reads"))
        settings->read_lag_reads = number;
    else if (!strcmp(name, "page_size_max") && number > 0)
        settings->page_size_max = (int)number;
    else
        return false;
    return true;
}

static void settings_put(struct call *call)
{
    const char *name;
    json_t *value;

    json_object_foreach(call->body, name, value)
    {
        if (!setting_set(&call->sandbox->settings, name, value)) {
            char *message = text_format("the setting \"%s\" is unknown or its value wrong", name);
            reply_wrong(call, 400, message);
            free(message);
            return;
        }
    }
    settings_get(call);
}

/* Tokens */

static void revoke_post(struct call *call)
{
    accounts_revoke_all(call->sandbox->accounts);
    reply_empty(call, 204);
}

/* Requests */

static void requests_get(struct call *call)
{
    reply_json(call, 200, requests_report(call->sandbox->requests));
}

static void requests_delete(struct call *call)
{
    requests_clear(call->sandbox->requests);
    reply_empty(call, 204);
}

/* Objects */

static const struct store_lag no_lag = {0, 0};

static json_t *objects_of(const struct store *store)
{
    json_t *list = json_array();

    for (size_t i = 0; i < store_length(store); i++) {
        const struct object *object = store_at(store, i);
        if (!object->deleted)
            json_array_append(list, object->body);
    }
    return list;
}

static void objects_get(struct call *call)
{
    reply_json(call, 200,
               json_pack("{s:o, s:o}", "subscriptions", objects_of(call->sandbox->subscriptions),
                         "triggers", objects_of(call->sandbox->triggers)));
}

static json_t *seed_all(struct sandbox *sandbox, struct store *store, const json_t *seeds,
                        json_t *(*seed)(struct sandbox *, const json_t *))
{
    json_t *ids = json_array();
    size_t i;
    json_t *one;

    json_array_foreach(seeds, i, one)
    {
        if (!json_is_object(one))
            continue;
        const struct object *object = store_insert(store, seed(sandbox, one), no_lag);
        json_array_append(ids, json_object_get(object->body, "id"));
    }
    return ids;
}

static void objects_post(struct call *call)
{
    struct sandbox *sandbox = call->sandbox;
    json_t *subscriptions =
        seed_all(sandbox, sandbox->subscriptions, json_object_get(call->body, "subscriptions"),
                 subscriptions_seed);
    json_t *triggers = seed_all(sandbox, sandbox->triggers, json_object_get(call->body, "triggers"),
                                triggers_seed);

    state_touch(sandbox);
    reply_json(call, 200,
               json_pack("{s:o, s:o}", "subscriptions", subscriptions, "triggers", triggers));
}

static void objects_delete(struct call *call)
{
    store_clear(call->sandbox->subscriptions);
    store_clear(call->sandbox->triggers);
    state_touch(call->sandbox);
    reply_empty(call, 204);
}

static void quit_post(struct call *call)
{
    const struct timeval soon = {0, 50000};

    reply_empty(call, 204);
    event_base_loopexit(call->sandbox->base, &soon);
}

static const struct control {
    const char *method;
    const char *name;
    void (*handle)(struct call *call);
    bool body; /* wants a JSON body */
} controls[] = {
    {"GET", "faults", faults_get, false},
    {"PUT", "faults", faults_put, true},
    {"POST", "faults", faults_append, true},
    {"DELETE", "faults", faults_delete, false},
    {"GET", "settings", settings_get, false},
    {"PUT", "settings", settings_put, true},
    {"POST", "revoke", revoke_post, false},
    {"GET", "requests", requests_get, false},
    {"DELETE", "requests", requests_delete, false},
    {"GET", "objects", objects_get, false},
    {"POST", "objects", objects_post, true},
    {"DELETE", "objects", objects_delete, false},
    {"GET", "traffic", control_traffic_get, false},
    {"PUT", "traffic", control_traffic_put, true},
    {"DELETE", "traffic", control_traffic_delete, false},
    {"GET", "delivery", control_delivery_get, false},
    {"PUT", "delivery", control_delivery_put, true},
    {"GET", "deliveries", control_deliveries_get, false},
    {"POST", "keys/rotate", control_keys_rotate, true},
    {"POST", "quit", quit_post, false},
};

bool control_owns(const char *path)
{
    return !strncmp(path, PREFIX, strlen(PREFIX));
}

void control_handle(struct call *call)
{
    const char *name = call->path + strlen(PREFIX);

    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        const struct control *control = &controls[i];
        if (strcmp(control->name, name) || strcmp(control->method, call->method))
            continue;
        if (control->body && !call_read_body(call, true)) {
            reply_clear(call);
            reply_wrong(call, 400, "the body is not JSON");
            return;
        }
        control->handle(call);
        return;
    }
    reply_wrong(call, 404, "there is no such control");
}
