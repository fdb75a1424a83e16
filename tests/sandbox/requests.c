#include "requests.h"

#include "routes.h"

#include <stdlib.h>

struct requests {
    json_t *counts;
    json_t *log;
};

struct requests *requests_new(void)
{
    struct requests *requests = text_zeroed(sizeof *requests);

    requests->counts = json_object();
    requests->log = json_array();
    return requests;
}

void requests_free(struct requests *requests)
{
    if (!requests)
        return;
    json_decref(requests->counts);
    json_decref(requests->log);
    free(requests);
}

void requests_clear(struct requests *requests)
{
    json_object_clear(requests->counts);
    json_array_clear(requests->log);
}

void requests_note(struct requests *requests, const struct call *call)
{
    char *key = text_format("%s %s", call->method, call->route ? call->route->path : call->path);
    json_t *name = text_json(key);
    json_t *count = json_object_get(requests->counts, json_string_value(name));

    json_object_set_new(requests->counts, json_string_value(name),
                        json_integer(json_integer_value(count) + 1));
    json_decref(name);
    free(key);
    if (json_array_size(requests->log) >= REQUESTS_LOG_MAX)
        return;
    char *line = text_format("%s %s", call->method, evhttp_request_get_uri(call->request));
    json_array_append_new(requests->log, text_json(line));
    free(line);
}

json_t *requests_report(const struct requests *requests)
{
    return json_pack("{s:O, s:O}", "counts", requests->counts, "log", requests->log);
}
