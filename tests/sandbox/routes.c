#include "routes.h"

#include "accounts.h"
#include "audit.h"
#include "limits.h"
#include "subscriptions.h"
#include "topics.h"
#include "triggers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SUBSCRIPTIONS "/api/v2/eventstreams/subscriptions"
#define TRIGGERS      "/api/v2/processautomation/triggers"
#define LIMITS        "/api/v2/organizations/limits/namespaces"
#define AUDITS        "/api/v2/audits/query"

#define EDIT         "eventstreams:subscriptions:edit"
#define TRIGGER(can) "processautomation:trigger:" can
#define AUDIT_VIEW   "audits:audit:view"

static const struct route routes[] = {
    {"POST", "/oauth/token", accounts_login, NULL, false, true},
    {"GET", "/api/v2/tokens/me", accounts_token_get, NULL, false, false},
    {"HEAD", "/api/v2/tokens/me", accounts_token_head, NULL, false, false},
    {"DELETE", "/api/v2/tokens/me", accounts_token_delete, NULL, false, false},
    {"GET", "/api/v2/organizations/me", accounts_organization_get, NULL, false, false},

    {"GET", SUBSCRIPTIONS, subscriptions_list, EDIT, false, false},
    {"POST", SUBSCRIPTIONS, subscriptions_create, EDIT, false, false},
    {"GET", SUBSCRIPTIONS "/{subscriptionId}", subscriptions_get, EDIT, false, false},
    {"PUT", SUBSCRIPTIONS "/{subscriptionId}", subscriptions_update, EDIT, false, false},
    {"DELETE", SUBSCRIPTIONS "/{subscriptionId}", subscriptions_delete, EDIT, false, false},

    {"GET", TRIGGERS, triggers_list, TRIGGER("view"), false, false},
    {"POST", TRIGGERS, triggers_create, TRIGGER("add"), false, false},
    {"GET", TRIGGERS "/topics", topics_list, TRIGGER("view"), false, false},
    {"POST", TRIGGERS "/topics/{topicName}/test", triggers_test_topic, TRIGGER("test"), false,
     false},
    {"GET", TRIGGERS "/{triggerId}", triggers_get, TRIGGER("view"), false, false},
    {"PUT", TRIGGERS "/{triggerId}", triggers_update, TRIGGER("edit"), false, false},
    {"DELETE", TRIGGERS "/{triggerId}", triggers_delete, TRIGGER("delete"), false, false},
    {"POST", TRIGGERS "/{triggerId}/test", triggers_test, TRIGGER("test"), false, false},

    {"GET", LIMITS, limits_namespaces, NULL, false, false},
    {"GET", LIMITS "/{namespaceName}", limits_namespace, NULL, false, false},
    {"GET", LIMITS "/{namespaceName}/defaults", limits_namespace, NULL, false, false},

    {"POST", AUDITS "/realtime", audit_query, AUDIT_VIEW, true, false},
    {"GET", AUDITS "/realtime/servicemapping", audit_servicemapping, AUDIT_VIEW, true, false},
    {"GET", AUDITS "/servicemapping", audit_servicemapping, AUDIT_VIEW, true, false},
};

enum { ROUTES = sizeof routes / sizeof *routes };

/* The next segment of a path and its length; 0 at the end. A trailing slash makes no segment. */
static size_t next_segment(const char **path)
{
    *path += strspn(*path, "/");
    return strcspn(*path, "/");
}

static void arguments_clear(struct call *call)
{
    for (int i = 0; i < CALL_ARGUMENTS_MAX; i++) {
        free(call->arguments[i]);
        call->arguments[i] = NULL;
    }
}

static bool route_matches(struct call *call, const char *template, const char *path)
{
    int arguments = 0;

    arguments_clear(call);
    for (;;) {
        size_t wanted = next_segment(&template);
        size_t is = next_segment(&path);
        if (!wanted || !is)
            return !wanted && !is;
        if (*template == '{') {
            char *encoded = strndup(path, is);
            call->arguments[arguments++] = evhttp_uridecode(encoded, 0, NULL);
            free(encoded);
        } else if (wanted != is || strncasecmp(template, path, is)) {
            return false;
        }
        template += wanted;
        path += is;
    }
}

static void reply_other_methods(struct call *call, const char *allowed)
{
    if (!*allowed) {
        reply_status(call, 404);
        return;
    }
    reply_header(call, "Allow", allowed);
    reply_status(call, 405);
}

bool routes_find(struct call *call)
{
    char *allowed = text_copy("");
    const char *path = call->path;

    /* The address that the web apps use for the same API. */
    if (!strncmp(path, "/platform/", 10))
        path += strlen("/platform");
    for (int i = 0; i < ROUTES && !call->route; i++) {
        if (!route_matches(call, routes[i].path, path))
            continue;
        if (!strcmp(routes[i].method, call->method)) {
            call->route = &routes[i];
            continue;
        }
        char *longer = text_format("%s%s%s", allowed, *allowed ? ", " : "", routes[i].method);
        free(allowed);
        allowed = longer;
    }
    if (!call->route)
        reply_other_methods(call, allowed);
    free(allowed);
    return call->route != NULL;
}
