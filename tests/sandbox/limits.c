#include "limits.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_RATE "client.credentials.token.rate.per.minute"

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
    {"platform.api", TOKEN_RATE, 300},
    {"platform.api", "org.app.user.rate.per.minute", 3000},
    {"platform.api", "request.bytes.max", SANDBOX_BODY_MAX_BYTES},
    {"platform.api", "token.rate.per.minute", 300},
};

enum { LIMITS = sizeof limits / sizeof *limits };

static int limit_value(const struct call *call, const struct limit *limit)
{
    int rate = call->sandbox->settings.rate_limit;

    if (!strcmp(limit->key, TOKEN_RATE) && rate)
        return rate;
    return limit->value;
}

static json_t *limit_shown(const struct call *call, const struct limit *limit)
{
    return json_pack("{s:s, s:s, s:i}", "key", limit->key, "namespace", limit->namespace, "value",
                     limit_value(call, limit));
}

json_t *limits_token_rate(const struct call *call)
{
    int i = 0;

    while (strcmp(limits[i].key, TOKEN_RATE))
        i++;
    return limit_shown(call, &limits[i]);
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
            json_array_append_new(list, limit_shown(call, &limits[i]));
    }
    if (json_array_size(list)) {
        reply_json(call, 200, json_pack("{s:o}", "entities", list));
        return;
    }
    json_decref(list);
    reply_not_found(call);
}
