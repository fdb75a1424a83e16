#include "ingest/admin_route.h"

#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"
#include "ingest/log.h"
#include "ingest/status.h"

#include <event2/http.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ACTIONS_MOST = 1000 };

/* -- what is served -----------------------------------------------------------------------------
 */

static void serve_health(struct admin_call *call);
static void serve_ready(struct admin_call *call);
static void serve_metrics(struct admin_call *call);
static void serve_status(struct admin_call *call);
static void serve_shapes(struct admin_call *call);
static void serve_actions(struct admin_call *call);

static const struct admin_route routes[] = {
    {"GET", "/healthz", true, serve_health, NULL, "200 while the program runs."},
    {"GET", "/readyz", true, serve_ready, NULL,
     "200 while it takes events; else 503, and why, in the text."},
    {"GET", "/metrics", false, serve_metrics, NULL, "OpenMetrics."},
    {"GET", "/v1/status", false, serve_status, "", "One snapshot of everything, for dashboards."},
    {"GET", "/v1/dlq", false, admin_dlq_list, ADMIN_FILTER_WORDS "after limit ",
     "Dead letters by id, without bodies. `subscription`, `reason`, `type`, `interaction`, `state` "
     "(waiting, replaying), `came_back` (true, false), `since`, `until` (milliseconds since the "
     "epoch) select; `after` and `limit` (100, at most 1000) page: go on with `after=` the "
     "reply's `next`."},
    {"GET", "/v1/dlq/{id}", false, admin_dlq_show, "",
     "One of them, whole: headers, verdict and body (`body_base64` when it is not UTF-8). Looking "
     "consumes nothing."},
    {"POST", "/v1/dlq/replay", false, admin_dlq_replay, " ids filter all rate ",
     "Delivers again what `ids`, `filter` (keys as above) or `all: true` select. `rate` is events "
     "a second (0: all at once), `dry_run: true` only counts."},
    {"POST", "/v1/dlq/abort", false, admin_dlq_abort, " ids filter all ",
     "Takes back what is to be replayed and is not under way just now."},
    {"POST", "/v1/dlq/discard", false, admin_dlq_discard, " ids filter all ",
     "Removes for good what is selected, in the same words, and is not under way just now."},
    {"GET", "/v1/subscriptions", false, admin_subscriptions_get, "",
     "What was published last, as it came."},
    {"PUT", "/v1/subscriptions", false, admin_subscriptions_put, " subscriptions replaces ",
     "Publishes subscriptions: `{\"subscriptions\": [{\"id\", \"name\", \"version\", \"owner\", "
     "\"sink\", \"filter\": [{\"field\", \"op\", \"value\"}], \"keys\": [{\"id\", \"pem\"}]}]}`; "
     "replaces what was published before. `owner` tells publishers apart; nothing here reads it. "
     "With `replaces`, 32 hex digits of the SHA-256 of the published list's canonical JSON, only "
     "that: else 409."},
    {"POST", "/v1/subscriptions/{id}/pause", false, admin_subscription_pause, "",
     "Stops delivering its events; they are taken and kept all the same."},
    {"POST", "/v1/subscriptions/{id}/resume", false, admin_subscription_resume, "",
     "Goes on with it."},
    {"GET", "/v1/shapes", false, serve_shapes, "", "The shapes seen of each event type."},
    {"GET", "/v1/actions", false, serve_actions, "",
     "Changes that somebody made, the newest first: who, when, what, why, with which result."},
};

void admin_document(struct buf *out)
{
    buf_add_text(out, "| call | token | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        buf_printf(out, "| `%s %s` | %s | %s |\n", routes[i].method, routes[i].path,
                   routes[i].open ? "no" : "yes", routes[i].help);
}

/* -- replies ------------------------------------------------------------------------------------
 */

void admin_reply(struct admin_call *call, int status, json_t *value)
{
    char *text = value ? json_write(value, JSON_COMPACT) : NULL;

    json_decref(value);
    call->status = text ? status : HTTP_INTERNAL;
    call->type = "application/json";
    buf_reset(&call->reply);
    buf_add_text(&call->reply, text ? text : "{\"error\":\"out of memory\"}");
    buf_add_char(&call->reply, '\n');
    free(text);
}

bool admin_fail(struct admin_call *call, int status, const char *format, ...)
{
    va_list arguments;
    char text[1024];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    admin_reply(call, status, json_pack("{s:s}", "error", text));
    return false;
}

static void serve_text(struct admin_call *call, int status, const char *text)
{
    call->status = status;
    call->type = "text/plain; charset=utf-8";
    buf_add_text(&call->reply, text);
    buf_add_char(&call->reply, '\n');
}

static void serve_health(struct admin_call *call)
{
    serve_text(call, HTTP_OK, "ok");
}

static void serve_ready(struct admin_call *call)
{
    const char *why = status_not_ready(call->options);

    serve_text(call, *why ? HTTP_SERVUNAVAIL : HTTP_OK, *why ? why : "ready");
}

static void serve_metrics(struct admin_call *call)
{
    dispatch_measure(call->options->dispatch);
    status_measure(call->options);
    call->status = HTTP_OK;
    call->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    metrics_write(call->options->metrics, &call->reply);
}

static void serve_status(struct admin_call *call)
{
    admin_reply(call, HTTP_OK, status_json(call->options));
}

static void serve_shapes(struct admin_call *call)
{
    admin_reply(call, HTTP_OK, json_pack("{s:o}", "shapes", shapes_json(call->options->shapes)));
}

static void serve_actions(struct admin_call *call)
{
    struct error error = ERROR_INIT;
    json_t *actions = ledger_actions(call->options->ledger, ACTIONS_MOST, &error);

    if (!actions)
        admin_fail(call, HTTP_INTERNAL, "%s", error.text);
    else
        admin_reply(call, HTTP_OK, json_pack("{s:o}", "actions", actions));
}

/* -- changes ------------------------------------------------------------------------------------
 */

static bool check_members(struct admin_call *call, const json_t *body)
{
    const char *name;
    json_t *value;

    if (!call->route->words)
        return true;
    json_object_foreach((json_t *)body, name, value)
    {
        if (!text_words_hold(" reason by dry_run ", name) &&
            !text_words_hold(call->route->words, name))
            return admin_fail(call, HTTP_BADREQUEST, "\"%.64s\" is not known here", name);
    }
    return true;
}

bool admin_read_change(struct admin_call *call, struct admin_change *change)
{
    json_error_t why;

    *change = (struct admin_change){0};
    change->body = json_read(call->body, call->body_bytes, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(change->body)) {
        json_decref(change->body);
        change->body = NULL;
        return admin_fail(call, HTTP_BADREQUEST, "the body must be a JSON object");
    }
    const char *reason = json_text(change->body, "reason"), *by = json_text(change->body, "by");
    const json_t *dry_run = json_object_get(change->body, "dry_run");
    if (!check_members(call, change->body))
        ; /* the reply is made */
    else if (dry_run && !json_is_boolean(dry_run))
        admin_fail(call, HTTP_BADREQUEST, "\"dry_run\" must be true or false");
    else if (!json_is_true(dry_run) && (!reason || !*reason))
        admin_fail(call, HTTP_BADREQUEST, "\"reason\" is missing: why is this done? It is kept.");
    else {
        change->reason = reason ? reason : "";
        change->dry_run = json_is_true(dry_run);
        change->who = arena_printf(call->arena, "%s@%s", by && *by ? by : "admin", call->from);
        if (change->who)
            return true;
        admin_fail(call, HTTP_INTERNAL, "out of memory");
    }
    json_decref(change->body);
    change->body = NULL;
    return false;
}

void admin_record(struct admin_call *call, const struct admin_change *change, const char *what,
                  const char *target, const char *result)
{
    struct error error = ERROR_INIT;

    log_event(LOG_LEVEL_INFO, "action", "what", what, "target", target, "by", change->who, "reason",
              change->reason, "result", result, NULL);
    if (!ledger_action(call->options->ledger, clock_unix_us(), change->who, what, target,
                       change->reason, result, &error))
        log_event(LOG_LEVEL_ERROR, "action-not-recorded", "error", error.text, NULL);
}

/* -- finding what is asked for ------------------------------------------------------------------
 */

/* True when `path` is of the route's form; *id (with its length) is what stands for {id}. */
static bool route_matches(const char *pattern, const char *path, const char **id, size_t *length)
{
    const char *brace = strchr(pattern, '{');

    if (!brace)
        return !strcmp(pattern, path);
    size_t before = (size_t)(brace - pattern);
    const char *rest = brace + strlen("{id}");
    if (strncmp(pattern, path, before))
        return false;
    *id = path + before;
    *length = strcspn(*id, "/");
    return *length && !strcmp(*id + *length, rest);
}

const struct admin_route *admin_route_find(const char *method, const char *path, const char **id,
                                           size_t *id_length, int *status)
{
    const struct admin_route *found = NULL;

    *status = HTTP_NOTFOUND;
    for (const struct admin_route *route = routes; route < routes + sizeof routes / sizeof *routes;
         route++) {
        if (!route_matches(route->path, path, id, id_length))
            continue;
        if (!strcmp(route->method, method)) {
            found = route;
            if (!strchr(route->path, '{')) {
                *id_length = 0;
                break;
            }
        } else {
            *status = HTTP_BADMETHOD;
        }
    }
    return found;
}
