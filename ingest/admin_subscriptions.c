#include "ingest/admin_route.h"

#include "core/json.h"
#include "core/publication.h"

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

enum replacing { REPLACES, REPLACES_NOT, REPLACES_UNKNOWN };

/* Whether what is published is what the caller read before: two that publish at the same moment
 * would take each other's entries away. */
static enum replacing look_at_replaced(struct admin_call *call, const json_t *body)
{
    const json_t *wanted = json_object_get(body, "replaces");
    struct error error = ERROR_INIT;
    char state[PUBLICATION_STATE + 1];
    json_t *published;
    char *document;
    bool known;

    if (!wanted)
        return REPLACES;
    document = ledger_kept(call->options->ledger, "subscriptions", &error);
    published = document ? json_read_text(document) : NULL;
    known = !error.code && (!document || published) && publication_state(published, state);
    free(document);
    json_decref(published);
    if (!known)
        return REPLACES_UNKNOWN;
    return json_is_string(wanted) && !strcmp(json_string_value(wanted), state) ? REPLACES
                                                                               : REPLACES_NOT;
}

static bool may_publish(struct admin_call *call, const struct admin_change *change)
{
    enum replacing replacing;

    if (change->dry_run)
        return admin_fail(call, HTTP_BADREQUEST, "there is no dry run of this");
    replacing = look_at_replaced(call, change->body);
    if (replacing == REPLACES_UNKNOWN)
        return admin_fail(call, HTTP_INTERNAL, "what is published cannot be read");
    return replacing == REPLACES ||
           admin_fail(call, 409, "what is published is not what this replaces: read it again");
}

/* The document itself says neither who nor why: the caller's headers would be lost in a journal, so
 * these are members of it too. */
void admin_subscriptions_put(struct admin_call *call)
{
    struct admin_change change;
    struct error error = ERROR_INIT;

    if (!admin_read_change(call, &change))
        return;
    if (!may_publish(call, &change)) {
        ; /* the reply is made */
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
