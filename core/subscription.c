#include "core/subscription.h"

#include "core/criterion.h"
#include "core/event.h"
#include "core/text.h"

#include <string.h>

enum { WINDOW_UNLESS_TOLD_MS = 100, SIZE_UNLESS_TOLD = 50, EVENTS_SUGGESTED = 64 };

bool subscription_check_via(const struct spec_reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *via = yaml_find(node, "via");

    if (!via || via->kind != YAML_SCALAR || strcmp(via->text, "eventbridge") != 0)
        return true;
    diag_add(reader->diags, "via-unsupported", spec_place(reader, via),
             "write event-streams or trigger",
             "via: eventbridge is not supported yet by this version");
    return false;
}

/* --- events ------------------------------------------------------------------------------- */

static void refuse_event(const struct spec_reader *reader, struct place place, enum via via,
                         const char *name)
{
    const char *names[EVENTS_SUGGESTED + 1] = {NULL};
    const struct event *known = event_find(name);
    const char *nearest;
    size_t count = 0;
    struct buf hint;

    for (const struct event *event = event_table; event->name && count < EVENTS_SUGGESTED; event++)
        if (event->by_via[via])
            names[count++] = event->name;
    nearest = text_nearest(name, names);
    buf_init(&hint, 4096);
    if (known || event_is_topic(name))
        buf_printf(&hint, "a topic is had by \"via: trigger\"; here stand the guide's events, such "
                          "as Interaction.Created");
    else if (nearest)
        buf_printf(&hint, "did you mean \"%s\"?", nearest);
    else
        buf_printf(&hint, "such as %s%s", names[0],
                   via == VIA_TRIGGER ? ", or a topic: v2.detail.events.conversation.{id}.acd.end"
                                      : "");
    diag_add(reader->diags, "unknown-event", place, buf_text(&hint),
             "\"%s\" is no event that can be had via %s", name, via_name(via));
    reader->diags->no_memory |= hint.failed;
    buf_release(&hint);
}

/* An event of that kind: a known one, a topic that is not known here, or, where the service
 * takes it, one for all (the lint rules unknown-topic and catch-all speak of those). */
static bool check_event(const struct spec_reader *reader, struct place place, enum via via,
                        const char *name)
{
    const struct event *known = event_find(name);
    bool good = known                ? known->by_via[via]
                : via == VIA_TRIGGER ? event_is_topic(name)
                                     : strcmp(name, "*") == 0 || strcmp(name, "Interaction.*") == 0;

    if (!good) {
        refuse_event(reader, place, via, name);
        return false;
    }
    return true;
}

static const char *topic_of(const char *name)
{
    const struct event *event = event_find(name);

    return event ? event->topic : name;
}

/* Refuses an event that stands in the list before, by name or, for triggers, by topic. */
static bool check_repeated(const struct spec_reader *reader, const struct subscription *out,
                           const struct manifest_event *event)
{
    for (size_t i = 0; i < out->event_count; i++) {
        const struct manifest_event *other = &out->events[i];
        bool same = strcmp(other->name, event->name) == 0;
        const char *topic = topic_of(event->name);
        if (same)
            diag_add(reader->diags, "duplicate-event", event->place, "delete one of them",
                     "the event \"%s\" stands twice", event->name);
        else if (out->via == VIA_TRIGGER && topic && strcmp(topic, topic_of(other->name)) == 0)
            diag_add(reader->diags, "duplicate-topic", event->place,
                     "put one of them into a subscription of its own",
                     "\"%s\" and \"%s\" are both served by the topic %s", event->name, other->name,
                     topic);
        else
            continue;
        diag_add_other(reader->diags, other->place);
        return false;
    }
    return true;
}

static bool read_events(const struct spec_reader *reader, const struct yaml_node *list,
                        struct subscription *out)
{
    bool ok = true;

    out->events = arena_alloc(reader->arena, list->count * sizeof(*out->events));
    if (!out->events) {
        reader->diags->no_memory = true;
        return false;
    }
    for (struct yaml_walk walk = yaml_walk(list); yaml_next(&walk);) {
        struct manifest_event event = {NULL, spec_place(reader, walk.value)};
        if (!spec_read_value(reader, &event_key, walk.value, &event.name) ||
            !check_event(reader, event.place, out->via, event.name) ||
            !check_repeated(reader, out, &event))
            ok = false;
        else
            out->events[out->event_count++] = event;
    }
    return ok;
}

/* --- filter --------------------------------------------------------------------------------- */

static bool read_filter(const struct spec_reader *reader, const struct yaml_node *list,
                        struct subscription *out)
{
    bool ok = true;

    if (list->count == 0)
        return true;
    out->filter = arena_alloc(reader->arena, list->count * sizeof(*out->filter));
    if (!out->filter) {
        reader->diags->no_memory = true;
        return false;
    }
    for (struct yaml_walk walk = yaml_walk(list); yaml_next(&walk);) {
        if (criterion_read(reader, walk.value, &out->filter[out->filter_count]))
            out->filter_count++;
        else
            ok = false;
    }
    return ok;
}

/* --- the rest ------------------------------------------------------------------------------- */

/* The place of delivery.url: the subscription's own, or the default's. */
static struct place url_place(const struct subscription_context *context,
                              const struct yaml_node *node)
{
    const struct yaml_node *own = yaml_find(yaml_find(node, "delivery"), "url");
    const struct yaml_node *common =
        own || !context->defaults_node
            ? own
            : yaml_find(yaml_find(context->defaults_node, "delivery"), "url");

    return common ? spec_place(context->reader, common) : (struct place){NULL, 0, 0};
}

/* Window and size mean nothing unless the mode, which may come from the defaults, is batched. */
static bool check_batching(const struct spec_reader *reader, const struct yaml_node *node,
                           bool batched)
{
    static const char *const members[] = {"window", "size"};
    const struct yaml_node *batching = yaml_find(yaml_find(node, "delivery"), "batching");
    bool ok = true;

    for (size_t i = 0; i < 2 && !batched; i++) {
        const struct yaml_node *key = yaml_find_key(batching, members[i]);
        if (!key)
            continue;
        diag_add(reader->diags, "not-for-this-kind", spec_place(reader, key),
                 "write mode: batched, or delete it",
                 "%s means nothing when events are delivered immediately", members[i]);
        ok = false;
    }
    return ok;
}

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value == SPEC_UNSET ? otherwise : value;
}

static void fill(struct subscription *out, const struct subscription_keys *keys)
{
    const struct batching_keys *batching = &keys->delivery.batching;

    out->version = or_else(keys->version, 0);
    out->description = keys->description ? keys->description : "";
    out->enabled = keys->enabled != 0;
    out->protect = keys->protect == 1;
    if (out->via == VIA_EVENT_STREAMS) {
        out->url = keys->delivery.url;
        out->batched = batching->mode == 1;
        out->window_ms = out->batched ? or_else(batching->window_ms, WINDOW_UNLESS_TOLD_MS) : 0;
        out->size = out->batched ? or_else(batching->size, SIZE_UNLESS_TOLD) : 0;
    } else {
        out->workflow = keys->target.workflow;
        out->data_format =
            data_format_word(keys->target.data_format >= 0 ? keys->target.data_format : 0);
        out->ttl_s = or_else(keys->ttl_ms, 0) / 1000;
        out->delay_s = or_else(keys->delay_ms, 0) / 1000;
    }
}

bool subscription_read(const struct subscription_context *context, const struct yaml_node *name,
                       const struct yaml_node *node, struct subscription *out)
{
    const struct spec_reader *reader = context->reader;
    struct spec_reader names = *reader;
    struct subscription_keys keys;
    char kind_name[64];
    bool ok, known;

    *out = (struct subscription){.place = spec_place(reader, name)};
    names.expand = NULL; /* keys hold no variables */
    if (!subscription_check_via(reader, node))
        return false;
    ok = spec_read_value(&names, &subscription_name_key, name, &out->name);
    known = spec_read(reader, &subscription_spec, node, &keys);
    if (!known && (node->kind != YAML_MAPPING || (keys.via < 0 && yaml_find(node, "via"))))
        return false; /* of what kind it is meant to be cannot be told */
    out->via = keys.via >= 0                 ? (enum via)keys.via
               : context->defaults->via >= 0 ? (enum via)context->defaults->via
                                             : VIA_EVENT_STREAMS;
    snprintf(kind_name, sizeof(kind_name), "a subscription via %s", via_name(out->via));
    ok &= spec_check_kind(reader, &subscription_spec, out->via, kind_name, node);
    spec_merge(&subscription_spec, out->via, &keys, context->defaults);
    if (known) /* else what is wrong would be called missing too */
        ok &= spec_require(reader, &subscription_spec, out->via, &keys, out->place);
    fill(out, &keys);
    if (out->via == VIA_EVENT_STREAMS) {
        out->url_place = url_place(context, node);
        ok &= check_batching(reader, node, out->batched);
    }
    if (keys.events)
        ok &= read_events(reader, keys.events, out);
    if (keys.filter)
        ok &= read_filter(reader, keys.filter, out);
    return ok && known;
}
