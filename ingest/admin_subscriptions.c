#include "ingest/admin_route.h"

#include "core/json.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

static void set_paused(struct admin_call *call, bool paused)
{
    struct admin_change change;
    struct error error = ERROR_INIT;

    if (!admin_read_change(call, &change))
        return;
    if (strlen(call->argument) > ARRIVAL_SUBSCRIPTION_MOST) {
        admin_fail(call, HTTP_NOTFOUND, "no such subscription");
    } else if (change.dry_run) {
        admin_reply(call, HTTP_OK, json_pack("{s:b}", "dry_run", 1));
    } else {
        bool ok = dispatch_pause(call->options->dispatch, call->argument, paused, &error);
        if (ok)
            admin_reply(call, HTTP_OK,
                        json_pack("{s:s, s:b}", "subscription", call->argument, "paused", paused));
        else
            admin_fail(call, error.code == ERROR_INVALID ? HTTP_NOTFOUND : HTTP_INTERNAL, "%s",
                       error.text);
        admin_record(call, &change, paused ? "pause" : "resume", call->argument,
                     ok ? "done" : error.text);
    }
    json_decref(change.body);
}

void admin_subscription_pause(struct admin_call *call)
{
    set_paused(call, true);
}

void admin_subscription_resume(struct admin_call *call)
{
    set_paused(call, false);
}

void admin_subscriptions_get(struct admin_call *call)
{
    struct error error = ERROR_INIT;
    char *document = ledger_kept(call->options->ledger, "subscriptions", &error);

    if (!document && error.code)
        admin_fail(call, HTTP_INTERNAL, "%s", error.text);
    else
        admin_reply(call, HTTP_OK, json_read_text(document ? document : "{\"subscriptions\":[]}"));
    free(document);
}

/* The document itself says neither who nor why: the caller's headers would be lost in a journal, so
 * these are members of it too. */
void admin_subscriptions_put(struct admin_call *call)
{
    struct admin_change change;
    struct error error = ERROR_INIT;

    if (!admin_read_change(call, &change))
        return;
    if (change.dry_run) {
        admin_fail(call, HTTP_BADREQUEST, "there is no dry run of this");
    } else if (call->options->publish(call->options->context, call->body, call->body_bytes,
                                      &error)) {
        const json_t *list = json_object_get(change.body, "subscriptions");
        admin_reply(call, HTTP_OK,
                    json_pack("{s:I}", "published", (json_int_t)json_array_size(list)));
        admin_record(call, &change, "publish", "subscriptions", "done");
    } else {
        admin_fail(call, error.code == ERROR_INVALID ? 422 : HTTP_INTERNAL, "%s", error.text);
        admin_record(call, &change, "publish", "subscriptions", error.text);
    }
    json_decref(change.body);
}
