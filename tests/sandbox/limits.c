#include "limits.h"

#include <stdlib.h>
#include <string.h>

/* Keys and values of Genesys's published list of limits. */
static const struct limit {
    const char *namespace;
    const char *key;
    int value;
} limits[] = {
    {"event.orchestration", "event.orchestration.workflow.invocations.per.hour", 36000},
    {"event.orchestration", "event.orchestration.workflow.invocations.per.minute", 6000},
    {"event.orchestration", "distinct.target.ratio", 80},
    {"event.orchestration", "triggers.per.organization", 1000},
    {"platform.api", "client.credentials.token.rate.per.minute", 300},
    {"platform.api", "org.app.user.rate.per.minute", 3000},
    {"platform.api", "request.bytes.max", SANDBOX_BODY_MAX_BYTES},
};

enum { LIMITS = sizeof limits / sizeof *limits };

static int limit_value(const struct call *call, const struct limit *limit)
{
    int rate = call->sandbox->settings.rate_limit;

    if (!strcmp(limit->key, "client.credentials.token.rate.per.minute") && rate)
        return rate;
    return limit->value;
}

void limits_namespaces(struct call *call)
{
    json_t *names = json_array();
    const char *last = "";

    for (int i = 0; i < LIMITS; i++) {
        if (strcmp(last, limits[i].namespace))
            json_array_append_new(names, json_string(limits[i].namespace));
        last = limits[i].namespace;
    }
    json_int_t total = (json_int_t)json_array_size(names);
    reply_json(call, 200,
               json_pack("{s:o, s:i, s:i, s:I, s:i}", "entities", names, "pageSize", 100,
                         "pageNumber", 1, "total", total, "pageCount", 1));
}

void limits_namespace(struct call *call)
{
    json_t *list = json_array();

    for (int i = 0; i < LIMITS; i++) {
        if (!strcmp(limits[i].namespace, call->arguments[0]))
            json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "key", limits[i].key,
                                                  "namespace", limits[i].namespace, "value",
                                                  limit_value(call, &limits[i])));
    }
    if (json_array_size(list)) {
        reply_json(call, 200, json_pack("{s:o}", "entities", list));
        return;
    }
    json_decref(list);
    reply_error(call, 404, "not.found", "The namespace %s was not found", call->arguments[0]);
}
