#include "target.h"

#include "courier.h"
#include "criteria.h"
#include "match.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {"subscription", "trigger"};

struct target *target_new(struct delivery *delivery, enum target_kind kind, const char *id)
{
    struct target *target = text_zeroed(sizeof *target);
    json_t *text = json_string(id);

    target->delivery = delivery;
    target->kind = kind;
    target->id = text_copy(id);
    target->quoted_id = json_dumps(text, JSON_ENCODE_ANY);
    target->replies = json_pack("{s:i, s:i, s:i}", "timeout", 0, "connection", 0, "refused", 0);
    outbox_init(&target->outbox);
    json_decref(text);
    return target;
}

void target_free(struct target *target)
{
    outbox_release(&target->outbox);
    match_free(target->match);
    json_decref(target->body);
    json_decref(target->replies);
    free(target->quoted_id);
    free(target->id);
    free(target);
}

/* -- what its object says ------------------------------------------------------------------ */

static int64_t positive(const json_t *number, int64_t otherwise)
{
    return json_integer_value(number) > 0 ? json_integer_value(number) : otherwise;
}

static void read_subscription(struct target *target)
{
    const json_t *batching = json_object_get(target->body, "batching");
    const char *mode = json_string_value(json_object_get(batching, "mode"));
    const json_t *delivery = json_object_get(target->body, "delivery");

    target->url = json_string_value(json_object_get(delivery, "url"));
    target->match = match_new(target->body);
    target->lists = mode && !strcmp(mode, "Batched");
    if (!target->lists)
        return;
    target->batch_size = (size_t)positive(json_object_get(batching, "maxSize"), 1);
    target->window_ms = positive(json_object_get(batching, "windowMs"), 0);
}

void target_read(struct target *target, json_t *body)
{
    if (!target->body)
        target->health = health_read(json_object_get(body, "health"));
    match_free(target->match);
    json_incref(body);
    json_decref(target->body);
    target->match = NULL;
    target->body = body;
    target->gone = false;
    target->name = json_string_value(json_object_get(body, "name"));
    target->enabled = json_is_true(json_object_get(body, "enabled"));
    target->batch_size = 1;
    target->window_ms = 0;
    if (target->kind == TARGET_SUBSCRIPTION)
        read_subscription(target);
    else
        target->topic = json_string_value(json_object_get(body, "topicName"));
}

void target_leave(struct target *target)
{
    if (target->gone)
        return;
    target->gone = true;
    target->discarded += outbox_discard(&target->outbox);
}

/* -- what it wants ------------------------------------------------------------------------- */

static bool has_type(const json_t *types, const char *type)
{
    size_t i;
    json_t *one;

    json_array_foreach(types, i, one)
    {
        const char *text = json_string_value(one);
        if (text && (!strcmp(text, "*") || !strcmp(text, type)))
            return true;
    }
    return false;
}

static bool criteria_hold(const json_t *criteria, const json_t *event)
{
    bool hold;

    json_decref(criteria_evaluate(criteria, event, &hold));
    return hold;
}

bool target_wants(const struct target *target, const struct happening *happening)
{
    if (target->gone || !target->enabled)
        return false;
    if (target->kind == TARGET_TRIGGER)
        return target->topic && !strcmp(target->topic, happening->topic) &&
               criteria_hold(json_object_get(target->body, "matchCriteria"), happening->body);
    return target->url && happening->type &&
           has_type(json_object_get(target->body, "eventTypes"), happening->type) &&
           match_holds(target->match, happening->type, happening->payload);
}

const char *target_type(const struct target *target, const struct happening *happening)
{
    return target->kind == TARGET_TRIGGER ? happening->topic : happening->type;
}

static const char *text_for(const struct target *target, struct happening *happening)
{
    return target->kind == TARGET_TRIGGER ? happening_body(happening)
                                          : happening_payload(happening);
}

void target_take(struct target *target, struct happening *happening, int64_t now_ms)
{
    text_for(target, happening); /* is made now, while there is something to make it of */
    target->matched++;
    outbox_add(&target->outbox, happening, now_ms);
}

/* -- what it gets -------------------------------------------------------------------------- */

struct batch *target_next(struct target *target, const struct delivery_settings *settings,
                          int64_t now_ms)
{
    const struct outbox_rules rules = {
        .under_way_max = health_limit(&target->health, settings, now_ms),
        /* While it is unhealthy what it did not take is all that it gets. */
        .batches_max = target->health.state == HEALTH_BAD ? 1 : (unsigned)settings->concurrency,
        .size = target->batch_size,
        .window_ms = target->window_ms,
    };
    bool reachable = target->kind == TARGET_TRIGGER || target->url;
    bool open = !target->gone && target->enabled && reachable;
    struct batch *batch = open ? outbox_next(&target->outbox, &rules, now_ms) : NULL;

    if (batch)
        batch->target = target;
    return batch;
}

static void write_envelope(const struct target *target, struct happening *happening, FILE *out)
{
    fprintf(out,
            "{\"subscriptionId\":%s,\"eventType\":\"%s\",\"sequenceNumber\":%" PRIu64
            ",\"payload\":%s}",
            target->quoted_id, happening->type, happening->sequence, text_for(target, happening));
}

void target_write(const struct target *target, struct batch *batch)
{
    FILE *out = open_memstream(&batch->text, &batch->length);
    const struct item *item = STAILQ_FIRST(&batch->items);
    const char *between = target->lists ? "[" : "";

    if (!out)
        abort();
    for (; item; item = STAILQ_NEXT(item, link)) {
        fputs(between, out);
        between = ",";
        if (target->kind == TARGET_TRIGGER)
            fputs(text_for(target, item->happening), out);
        else
            write_envelope(target, item->happening, out);
    }
    if (target->lists)
        fputc(']', out);
    if (fclose(out))
        abort();
}

/* Statuses count by themselves, but for those after which an event is lost. */
void target_count_reply(struct target *target, int status, enum health_verdict verdict)
{
    char number[16];
    const char *key = verdict == HEALTH_REFUSED      ? "refused"
                      : status == POST_TIMEOUT       ? "timeout"
                      : status == POST_NO_CONNECTION ? "connection"
                                                     : number;

    snprintf(number, sizeof number, "%d", status);
    json_object_set_new(
        target->replies, key,
        json_integer(json_integer_value(json_object_get(target->replies, key)) + 1));
}

json_t *target_report(const struct target *target)
{
    return json_pack("{s:s, s:s?, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:s, s:b}", "id",
                     target->id, "name", target->name, "kind", kinds[target->kind], "matched",
                     (json_int_t)target->matched, "acknowledged", (json_int_t)target->acknowledged,
                     "repeated", (json_int_t)target->repeated, "refused",
                     (json_int_t)target->refused, "discarded", (json_int_t)target->discarded,
                     "waiting", (json_int_t)target->outbox.waiting, "requests",
                     (json_int_t)target->requests, "replies", target->replies, "state",
                     health_name(target->health.state), "deleted", target->gone);
}
