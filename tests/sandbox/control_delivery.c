#include "control_delivery.h"

#include "delivery.h"
#include "keys.h"
#include "state.h"
#include "subscriptions.h"
#include "traffic.h"

#include <stdlib.h>

enum { OVERLAP_DEFAULT_MS = 2000, OVERLAP_MAX_MS = 24 * 3600 * 1000 };

/* Answers with 400 and frees what is wrong; true when nothing is. */
static bool is_right(struct call *call, char *wrong)
{
    if (!wrong)
        return true;
    reply_json(call, 400, json_pack("{s:o}", "error", text_json(wrong)));
    free(wrong);
    return false;
}

void control_traffic_get(struct call *call)
{
    reply_json(call, 200, traffic_report(call->sandbox->traffic));
}

void control_traffic_put(struct call *call)
{
    if (is_right(call, traffic_start(call->sandbox->traffic, call->body)))
        control_traffic_get(call);
}

void control_traffic_delete(struct call *call)
{
    traffic_stop(call->sandbox->traffic);
    reply_empty(call, 204);
}

void control_delivery_get(struct call *call)
{
    reply_json(call, 200, delivery_settings_report(delivery_settings_of(call->sandbox->delivery)));
}

void control_delivery_put(struct call *call)
{
    if (is_right(call, delivery_set(call->sandbox->delivery, call->body)))
        control_delivery_get(call);
}

void control_deliveries_get(struct call *call)
{
    json_t *report = delivery_report(call->sandbox->delivery);
    bool idle = !traffic_runs(call->sandbox->traffic) && !delivery_waits(call->sandbox->delivery);

    json_object_set_new(report, "idle", json_boolean(idle));
    reply_json(call, 200, report);
}

void control_keys_rotate(struct call *call)
{
    struct sandbox *sandbox = call->sandbox;
    const json_t *overlap = json_object_get(call->body, "overlap_ms");
    json_int_t overlap_ms = overlap ? json_integer_value(overlap) : OVERLAP_DEFAULT_MS;

    if (!json_is_object(call->body) || (overlap && !json_is_integer(overlap)) || overlap_ms < 0 ||
        overlap_ms > OVERLAP_MAX_MS) {
        is_right(call, text_copy("\"overlap_ms\" is no number of milliseconds"));
        return;
    }
    keys_rotate(sandbox->keys, overlap_ms);
    subscriptions_show_key(sandbox);
    state_touch(sandbox);
    reply_json(call, 200,
               json_pack("{s:s, s:s, s:I}", "key_id", keys_id(sandbox->keys), "public_key",
                         keys_public_pem(sandbox->keys), "overlap_ms", overlap_ms));
}
