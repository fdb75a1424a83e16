#include "delivery.h"

#include "courier.h"
#include "event_log.h"
#include "keys.h"
#include "store.h"
#include "subscriptions.h"
#include "target.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct delivery {
    struct sandbox *sandbox;
    struct delivery_settings settings;
    struct courier *courier;
    struct event_log *log;   /* NULL: none */
    struct target **targets; /* in the order in which they were first seen */
    size_t count;
    size_t capacity;
    void *by_id;    /* tsearch tree of struct target */
    uint64_t round; /* of looking at the stores */
    uint64_t seen;  /* their changes at that time */
    uint64_t generated;
};

struct delivery *delivery_new(struct sandbox *sandbox)
{
    struct delivery *delivery = text_zeroed(sizeof *delivery);

    delivery->sandbox = sandbox;
    delivery->courier = courier_new(sandbox->base);
    delivery_settings_init(&delivery->settings);
    return delivery;
}

static void keep(void *node)
{
    (void)node;
}

void delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return;
    tdestroy(delivery->by_id, keep);
    for (size_t i = 0; i < delivery->count; i++)
        target_free(delivery->targets[i]);
    free(delivery->targets);
    courier_free(delivery->courier);
    event_log_close(delivery->log);
    delivery_settings_release(&delivery->settings);
    free(delivery);
}

const struct delivery_settings *delivery_settings_of(const struct delivery *delivery)
{
    return &delivery->settings;
}

bool delivery_log_to(struct delivery *delivery, const char *path)
{
    event_log_close(delivery->log);
    delivery->log = event_log_open(path);
    return delivery->log;
}

/* -- the targets --------------------------------------------------------------------------- */

static int compare_id(const void *one, const void *other)
{
    const struct target *a = one;
    const struct target *b = other;

    return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->id, b->id);
}

static struct target *target_of(struct delivery *delivery, enum target_kind kind, const char *id)
{
    struct target key = {.kind = kind, .id = (char *)id};
    void *node = tfind(&key, &delivery->by_id, compare_id);

    if (node)
        return *(struct target **)node;
    struct target *target = target_new(delivery, kind, id);
    if (delivery->count == delivery->capacity) {
        delivery->capacity = delivery->capacity ? 2 * delivery->capacity : 16;
        delivery->targets =
            text_resized(delivery->targets, delivery->capacity * sizeof *delivery->targets);
    }
    delivery->targets[delivery->count++] = target;
    tsearch(target, &delivery->by_id, compare_id);
    return target;
}

static void look_at_store(struct delivery *delivery, const struct store *store,
                          enum target_kind kind)
{
    for (size_t i = 0; i < store_length(store); i++) {
        const struct object *object = store_at(store, i);
        if (object->deleted)
            continue;
        struct target *target = target_of(delivery, kind, object->id);
        target->round = delivery->round;
        if (target->body != object->body || target->gone)
            target_read(target, object->body);
    }
}

/* A target that never had anything to do with an event is not worth remembering. */
static bool target_is_blank(const struct target *target)
{
    return target->gone && !target->matched;
}

static void forget_the_gone(struct delivery *delivery)
{
    size_t kept = 0;

    for (size_t i = 0; i < delivery->count; i++) {
        struct target *target = delivery->targets[i];
        if (target->round != delivery->round)
            target_leave(target);
        if (!target_is_blank(target)) {
            delivery->targets[kept++] = target;
            continue;
        }
        tdelete(target, &delivery->by_id, compare_id);
        target_free(target);
    }
    delivery->count = kept;
}

/* Looks at the stores when they have changed. Without a data action triggers lead nowhere. */
static void look(struct delivery *delivery)
{
    const struct sandbox *sandbox = delivery->sandbox;
    uint64_t now = store_changes(sandbox->subscriptions) + store_changes(sandbox->triggers);

    if (now == delivery->seen)
        return;
    delivery->seen = now;
    delivery->round++;
    look_at_store(delivery, sandbox->subscriptions, TARGET_SUBSCRIPTION);
    if (delivery_settings_data_action(&delivery->settings).url)
        look_at_store(delivery, sandbox->triggers, TARGET_TRIGGER);
    forget_the_gone(delivery);
}

char *delivery_set(struct delivery *delivery, const json_t *document)
{
    char *wrong = delivery_settings_read(&delivery->settings, document);

    delivery->seen = UINT64_MAX; /* whether triggers count may have changed */
    return wrong;
}

/* -- sending ------------------------------------------------------------------------------- */

static void pump(struct delivery *delivery, struct target *target);

static int64_t gap_ms(const struct delivery *delivery, unsigned attempts)
{
    int64_t gap = (int64_t)delivery->settings.retry_ms;

    for (unsigned i = 1; i < attempts && gap < DELIVERY_RETRY_MAX_MS; i++)
        gap *= 2;
    return gap < DELIVERY_RETRY_MAX_MS ? gap : DELIVERY_RETRY_MAX_MS;
}

static void acknowledge(struct delivery *delivery, struct target *target, struct batch *batch,
                        int64_t now_ms)
{
    struct item *item;
    struct item *next;

    for (item = STAILQ_FIRST(&batch->items); item; item = next) {
        next = STAILQ_NEXT(item, link);
        bool again = item->happening->twice && !item->acknowledged && !target->gone;
        if (!item->acknowledged) {
            target->acknowledged++;
            event_log_write(delivery->log, "acknowledged", target->quoted_id,
                            target_type(target, item->happening), item->happening);
        }
        item->acknowledged = true;
        if (again)
            outbox_requeue(&target->outbox, batch, item, now_ms);
        else
            outbox_drop(&target->outbox, &batch->items, item);
    }
}

/* The items of a batch are done with; `*lost` counts those that nobody ever acknowledged. */
static void give_up(struct target *target, struct batch *batch, uint64_t *lost)
{
    struct item *item;

    while ((item = STAILQ_FIRST(&batch->items))) {
        *lost += !item->acknowledged;
        outbox_drop(&target->outbox, &batch->items, item);
    }
}

static void show_health(struct delivery *delivery, struct target *target, struct health before)
{
    const struct health *is = &target->health;

    if (target->kind != TARGET_SUBSCRIPTION || target->gone ||
        (is->state == before.state && is->last_status == before.last_status))
        return;
    subscriptions_show_health(delivery->sandbox, target->id, health_name(is->state),
                              is->last_status);
}

/* post_done: `context` is the batch. */
static void on_answer(void *context, int status)
{
    struct batch *batch = context;
    struct target *target = batch->target;
    struct delivery *delivery = target->delivery;
    struct health before = target->health;
    int64_t now_ms = text_monotonic_ms();

    look(delivery);
    enum health_verdict verdict =
        health_note(&target->health, status, now_ms - batch->at_ms, &delivery->settings, now_ms);
    target_count_reply(target, status, verdict);
    show_health(delivery, target, before);
    outbox_answered(&target->outbox, batch);
    if (verdict == HEALTH_TRY_AGAIN && !target->gone) {
        outbox_park(batch, now_ms + gap_ms(delivery, batch->attempts));
    } else {
        if (verdict == HEALTH_ACKNOWLEDGED)
            acknowledge(delivery, target, batch, now_ms);
        else
            give_up(target, batch,
                    verdict == HEALTH_REFUSED ? &target->refused : &target->discarded);
        outbox_batch_free(&target->outbox, batch);
    }
    if (before.state == HEALTH_BAD && target->health.state != HEALTH_BAD)
        outbox_hurry(&target->outbox);
    pump(delivery, target);
}

enum { HEADERS_MAX = 4 };

/* The headers that a request gets, whole lines; to be freed. */
struct headers {
    char *lines[HEADERS_MAX];
    int count;
};

static void headers_add(struct headers *headers, const char *name, const char *value)
{
    headers->lines[headers->count++] = text_format("%s: %s", name, value);
}

static void headers_release(struct headers *headers)
{
    for (int i = 0; i < headers->count; i++)
        free(headers->lines[i]);
}

static void sign(struct delivery *delivery, const struct batch *batch, struct headers *headers)
{
    char *signature = keys_signature(delivery->sandbox->keys, batch->text, batch->length);

    headers_add(headers, "X-Genesys-Signature", signature);
    free(signature);
}

static void add_action(const struct data_action *action, const struct target *target,
                       struct headers *headers)
{
    if (action->key)
        headers_add(headers, action->header, action->key);
    headers_add(headers, action->topic_header, target->topic);
}

static void count_sends(struct target *target, const struct batch *batch)
{
    struct item *item = STAILQ_FIRST(&batch->items);

    for (; item; item = STAILQ_NEXT(item, link))
        target->repeated += item->sends++ > 0;
    target->requests++;
}

static void send_batch(struct delivery *delivery, struct target *target, struct batch *batch)
{
    const struct data_action action = delivery_settings_data_action(&delivery->settings);
    struct headers headers = {0};

    if (!batch->text)
        target_write(target, batch);
    if (!batch->post)
        batch->post = post_new(delivery->courier, on_answer, batch);
    headers_add(&headers, "Content-Type", "application/json");
    if (target->kind == TARGET_TRIGGER)
        add_action(&action, target, &headers);
    else
        sign(delivery, batch, &headers);
    courier_send(batch->post, &(struct letter){
                                  .url = target->kind == TARGET_TRIGGER ? action.url : target->url,
                                  .ca_file = delivery_settings_ca_file(&delivery->settings),
                                  .body = batch->text,
                                  .length = batch->length,
                                  .headers = (const char *const *)headers.lines,
                                  .timeout_ms = (int64_t)delivery->settings.timeout_ms,
                              });
    headers_release(&headers);
    count_sends(target, batch);
    outbox_sent(&target->outbox, batch, text_monotonic_ms());
}

static void pump(struct delivery *delivery, struct target *target)
{
    struct batch *batch;

    while ((batch = target_next(target, &delivery->settings, text_monotonic_ms())))
        send_batch(delivery, target, batch);
}

void delivery_pulse(struct delivery *delivery)
{
    look(delivery);
    for (size_t i = 0; i < delivery->count; i++)
        pump(delivery, delivery->targets[i]);
    event_log_flush(delivery->log);
}

/* -- what comes in ------------------------------------------------------------------------- */

bool delivery_has_room(struct delivery *delivery)
{
    look(delivery);
    for (size_t i = 0; i < delivery->count; i++) {
        const struct target *target = delivery->targets[i];
        if (target->enabled && !target->gone && target->outbox.waiting >= OUTBOX_MAX)
            return false;
    }
    return true;
}

bool delivery_waits(const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->count; i++) {
        if (delivery->targets[i]->outbox.waiting)
            return true;
    }
    return false;
}

void delivery_offer(struct delivery *delivery, struct happening *happening)
{
    int64_t now_ms = text_monotonic_ms();

    look(delivery);
    delivery->generated++;
    for (size_t i = 0; i < delivery->count; i++) {
        struct target *target = delivery->targets[i];
        if (!target_wants(target, happening))
            continue;
        event_log_write(delivery->log, "generated", target->quoted_id,
                        target_type(target, happening), happening);
        target_take(target, happening, now_ms);
    }
}

json_t *delivery_report(struct delivery *delivery)
{
    json_t *targets = json_array();

    look(delivery);
    event_log_flush(delivery->log);
    for (size_t i = 0; i < delivery->count; i++)
        json_array_append_new(targets, target_report(delivery->targets[i]));
    return json_pack("{s:I, s:o}", "generated", (json_int_t)delivery->generated, "targets",
                     targets);
}
