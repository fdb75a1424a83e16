#include "ingest/compat.h"

#include "ingest/compat_text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct compat {
    atomic_int references;
    struct arena arena;
    struct config_compat *rules;
    size_t count;
};

/* -- one event ----------------------------------------------------------------------------------
 */

static bool find_payload(const struct buf *text, enum envelope_form form, size_t *payload)
{
    switch (form) {
    case FORM_GUIDE:
        return spot_object(text, "payload", payload);
    case FORM_NOTIFICATION:
        return spot_object(text, "eventBody", payload);
    case FORM_EVENTBRIDGE:
        return spot_object(text, "detail.eventBody", payload) ||
               spot_object(text, "detail", payload);
    case FORM_BARE:
    case FORM_OTHER:
        break;
    }
    return spot_object(text, "", payload);
}

static bool is_above(const char *path, const char *other)
{
    size_t length = strlen(path);

    return strncmp(path, other, length) == 0 && other[length] == '.';
}

static bool move(struct buf *text, size_t payload, const struct spot *from,
                 const struct config_rename *rename)
{
    bool rises = is_above(rename->to, rename->from);
    struct spot to = spot_find(text, payload, rename->to);
    size_t length = from->end - from->value;
    char *value;

    if (to.state != (rises ? SPOT_THERE : SPOT_ABSENT))
        return false;
    value = malloc(length);
    if (!value)
        return false;
    memcpy(value, text->data + from->value, length);
    if (rises) {
        spot_set(text, &to, value, length);
    } else {
        spot_cut(text, from);
        to = spot_find(text, payload, rename->to);
        if (!text->failed)
            spot_put(text, &to, value, length);
    }
    free(value);
    return !text->failed;
}

static bool apply_rename(struct buf *text, size_t payload, const struct config_rename *rename)
{
    struct spot from = spot_find(text, payload, rename->from);

    return from.state == SPOT_THERE ? move(text, payload, &from, rename)
                                    : from.state != SPOT_UNCLEAR;
}

static bool apply_default(struct buf *text, size_t payload, const struct config_default *fallback)
{
    struct spot spot = spot_find(text, payload, fallback->path);

    if (spot.state == SPOT_ABSENT)
        spot_put(text, &spot, fallback->value, strlen(fallback->value));
    return !text->failed && (spot.state == SPOT_ABSENT || spot.state == SPOT_THERE);
}

static bool apply_drop(struct buf *text, size_t payload, const char *path)
{
    struct spot spot = spot_find(text, payload, path);

    if (spot.state == SPOT_THERE)
        spot_cut(text, &spot);
    return !text->failed && spot.state != SPOT_UNCLEAR;
}

static bool apply_rule(struct buf *text, size_t payload, const struct config_compat *rule)
{
    bool ok = true;

    for (size_t i = 0; ok && i < rule->rename_count; i++)
        ok = apply_rename(text, payload, &rule->renames[i]);
    for (size_t i = 0; ok && i < rule->default_count; i++)
        ok = apply_default(text, payload, &rule->defaults[i]);
    for (size_t i = 0; ok && i < rule->drop_count; i++)
        ok = apply_drop(text, payload, rule->drops[i]);
    return ok;
}

static bool is_for(const struct config_compat *rule, const struct compat_event *event)
{
    return !rule->type || strcmp(rule->type, event->type) == 0;
}

enum compat_result compat_map(const struct compat *compat, const struct compat_event *event,
                              char **mapped, size_t *mapped_bytes)
{
    enum compat_result result = COMPAT_AS_IT_CAME;
    size_t payload = 0, i = 0;
    struct buf text;

    while (i < compat->count && !is_for(&compat->rules[i], event))
        i++;
    if (i == compat->count)
        return result;
    buf_init(&text, event->length_bytes + COMPAT_GROWTH_BYTES);
    buf_add(&text, event->text, event->length_bytes);
    if (text.failed || !find_payload(&text, event->form, &payload))
        result = COMPAT_SKIPPED;
    for (; result != COMPAT_SKIPPED && i < compat->count; i++)
        if (is_for(&compat->rules[i], event) && !apply_rule(&text, payload, &compat->rules[i]))
            result = COMPAT_SKIPPED;
    if (result != COMPAT_SKIPPED &&
        (text.length != event->length_bytes || memcmp(text.data, event->text, text.length) != 0)) {
        *mapped_bytes = text.length;
        *mapped = buf_take(&text);
        result = COMPAT_MAPPED;
    }
    buf_release(&text);
    return result;
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

/* A copy of an array, its texts still to be copied; at least one byte. */
static void *copy_array(struct arena *arena, const void *array, size_t count, size_t each_bytes)
{
    void *copy = arena_alloc(arena, count * each_bytes + 1);

    if (copy && count)
        memcpy(copy, array, count * each_bytes);
    return copy;
}

static bool copy_text(struct arena *arena, const char **text)
{
    *text = arena_text(arena, *text);
    return *text;
}

static bool copy_rule(struct arena *arena, struct config_compat *rule)
{
    struct config_rename *renames =
        copy_array(arena, rule->renames, rule->rename_count, sizeof(*renames));
    struct config_default *defaults =
        copy_array(arena, rule->defaults, rule->default_count, sizeof(*defaults));
    const char **drops = copy_array(arena, rule->drops, rule->drop_count, sizeof(*drops));
    bool ok = renames && defaults && drops && (!rule->type || copy_text(arena, &rule->type));

    for (size_t i = 0; ok && i < rule->rename_count; i++)
        ok = copy_text(arena, &renames[i].from) && copy_text(arena, &renames[i].to);
    for (size_t i = 0; ok && i < rule->default_count; i++)
        ok = copy_text(arena, &defaults[i].path) && copy_text(arena, &defaults[i].value);
    for (size_t i = 0; ok && i < rule->drop_count; i++)
        ok = copy_text(arena, &drops[i]);
    rule->renames = renames;
    rule->defaults = defaults;
    rule->drops = drops;
    return ok;
}

bool compat_new(struct compat **compat, const struct config_sink *sink, struct error *error)
{
    struct compat *made;
    bool ok;

    *compat = NULL;
    if (sink->compat_count == 0)
        return true;
    made = calloc(1, sizeof(*made));
    if (!made)
        return error_no_memory(error);
    atomic_init(&made->references, 1);
    arena_init(&made->arena);
    made->count = sink->compat_count;
    made->rules = copy_array(&made->arena, sink->compat, sink->compat_count, sizeof(*made->rules));
    ok = made->rules != NULL;
    for (size_t i = 0; ok && i < made->count; i++)
        ok = copy_rule(&made->arena, &made->rules[i]);
    if (!ok) {
        compat_drop(made);
        return error_no_memory(error);
    }
    *compat = made;
    return true;
}

struct compat *compat_hold(struct compat *compat)
{
    if (compat)
        atomic_fetch_add(&compat->references, 1);
    return compat;
}

void compat_drop(struct compat *compat)
{
    if (!compat || atomic_fetch_sub(&compat->references, 1) > 1)
        return;
    arena_release(&compat->arena);
    free(compat);
}
