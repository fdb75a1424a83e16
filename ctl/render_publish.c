/* What ingest endpoints are told of subscriptions: what differs there, and what became of it. */
#include "ctl/render.h"

#include "core/json.h"
#include "ctl/paint.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX_BYTES = 4096 };

struct sum {
    size_t publish, withdraw, left; /* entries; endpoints where something is left */
};

static void add_to_sum(struct sum *sum, const struct publish_endpoint *endpoint)
{
    size_t withdraw = publish_count_action(endpoint, PUBLICATION_WITHDRAW);

    sum->withdraw += withdraw;
    sum->publish += endpoint->publication.count - withdraw;
}

/* -- the plan ---------------------------------------------------------------------------------- */

static void add_value(struct buf *out, const json_t *entry, enum publication_field field)
{
    json_t *value = publication_value(entry, field), *element;
    char *text = json_is_array(value) || json_is_null(value) ? NULL : json_canonical(value);
    size_t i;

    if (text)
        paint_text(out, text);
    else if (json_array_size(value) == 0)
        buf_add_text(out, "none");
    json_array_foreach(value, i, element)
    {
        buf_add_text(out, i ? ", " : "");
        paint_element(out, FIELD_FILTER, element);
    }
    free(text);
    json_decref(value);
}

static void add_fields(struct buf *out, const struct publication_change *change)
{
    for (enum publication_field field = 0; field < PUBLICATION_FIELDS; field++) {
        const char *name = publication_field_names[field];
        const json_t *value = json_object_get(change->after, name);
        bool told = field == PUBLICATION_VERSION || json_array_size(value) > 0;
        if (change->action == PUBLICATION_UPDATE ? !change->differs[field] : !told)
            continue;
        buf_printf(out, "      %s: ", name);
        if (change->action == PUBLICATION_UPDATE) {
            add_value(out, change->before, field);
            buf_add_text(out, " → ");
        }
        add_value(out, change->after, field);
        buf_add_char(out, '\n');
    }
}

static void add_change(struct buf *out, const struct publication_change *change, bool color)
{
    static const struct {
        const char *sign, *verb;
        enum paint paint;
    } rows[] = {
        [PUBLICATION_ADD] = {"+", "publish", PAINT_ADD},
        [PUBLICATION_UPDATE] = {"~", "publish", PAINT_CHANGE},
        [PUBLICATION_WITHDRAW] = {"-", "withdraw", PAINT_REMOVE},
    };

    buf_add_text(out, "  ");
    paint_start(out, rows[change->action].paint, color);
    buf_printf(out, "%s ", rows[change->action].sign);
    paint_text(out, change->name);
    paint_end(out, color);
    buf_printf(out, "  %s, ", rows[change->action].verb);
    if (change->id)
        paint_text(out, change->id);
    else
        buf_add_text(out, "once it is created");
    buf_add_char(out, '\n');
    if (change->action != PUBLICATION_WITHDRAW)
        add_fields(out, change);
}

static void add_endpoint(struct buf *out, const struct publish_endpoint *endpoint, bool color)
{
    const struct publication *publication = &endpoint->publication;
    struct sum sum = {.publish = 0};

    add_to_sum(&sum, endpoint);
    if (out->length > 2 && strcmp(out->data + out->length - 2, "\n\n") != 0)
        buf_add_char(out, '\n');
    buf_add_text(out, "ingest ");
    paint_text(out, endpoint->name);
    if (!endpoint->known) {
        buf_add_text(out, ": what is published there is not known: ");
        paint_text(out, endpoint->error.text);
        buf_add_char(out, '\n');
        return;
    }
    buf_printf(out, ": %zu to publish, %zu to withdraw, %zu as %s should be", sum.publish,
               sum.withdraw, publication->unchanged, publication->unchanged == 1 ? "it" : "they");
    if (publication->kept > 0)
        buf_printf(out, ", %zu kept", publication->kept);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < publication->count; i++)
        add_change(out, &publication->changes[i], color);
}

void render_text_publish(struct buf *out, const struct publish *publish, bool color)
{
    for (size_t i = 0; i < publish->count; i++)
        add_endpoint(out, &publish->endpoints[i], color);
}

void render_text_publish_sum(struct buf *out, const struct publish *publish)
{
    struct sum sum = {.publish = 0};

    for (size_t i = 0; i < publish->count; i++)
        add_to_sum(&sum, &publish->endpoints[i]);
    if (sum.publish + sum.withdraw > 0)
        buf_printf(out, "; %zu to publish, %zu to withdraw", sum.publish, sum.withdraw);
}

/* -- what became of it ------------------------------------------------------------------------- */

static void add_done(struct buf *out, const struct publish_endpoint *endpoint, bool color)
{
    for (size_t i = 0; i < endpoint->publication.count; i++) {
        const struct publication_change *change = &endpoint->publication.changes[i];
        buf_add_text(out, "  ");
        paint_start(out, PAINT_ADD, color);
        buf_add_text(out, change->action == PUBLICATION_WITHDRAW ? "withdrawn" : "published");
        paint_end(out, color);
        buf_add_char(out, ' ');
        paint_text(out, change->name);
        buf_add_text(out, " at ");
        paint_text(out, endpoint->name);
        buf_add_char(out, '\n');
    }
}

static void add_left(struct buf *out, const struct publish *publish,
                     const struct publish_endpoint *endpoint, bool color)
{
    bool doubt = endpoint->state == OUTCOME_UNKNOWN;
    struct buf names;

    buf_init(&names, NAMES_MAX_BYTES);
    publish_add_names(&names, publish, endpoint);
    buf_add_text(out, "  ");
    paint_start(out, PAINT_REMOVE, color);
    buf_add_text(out, doubt ? "perhaps not published" : "not published");
    paint_end(out, color);
    buf_add_char(out, ' ');
    paint_text(out, buf_text(&names));
    buf_add_text(out, " at ");
    paint_text(out, endpoint->name);
    if (endpoint->error.code != ERROR_NONE) {
        buf_add_text(out, ": ");
        paint_text(out, endpoint->error.text);
    }
    buf_add_char(out, '\n');
    buf_release(&names);
}

void render_text_published(struct buf *out, const struct publish *publish, bool color)
{
    for (size_t i = 0; i < publish->count; i++) {
        const struct publish_endpoint *endpoint = &publish->endpoints[i];
        if (endpoint->state == OUTCOME_DONE)
            add_done(out, endpoint, color);
        else if (endpoint->state != OUTCOME_NOTHING)
            add_left(out, publish, endpoint, color);
    }
}

void render_text_published_sum(struct buf *out, const struct publish *publish)
{
    struct sum sum = {.publish = 0};

    for (size_t i = 0; i < publish->count; i++)
        if (publish->endpoints[i].state == OUTCOME_DONE)
            add_to_sum(&sum, &publish->endpoints[i]);
        else
            sum.left += publish->endpoints[i].state != OUTCOME_NOTHING;
    if (publish->count == 0)
        return;
    buf_printf(out, "; %zu published, %zu withdrawn", sum.publish, sum.withdraw);
    if (sum.left > 0)
        buf_printf(out, ", %zu endpoint%s not told", sum.left, sum.left == 1 ? "" : "s");
}

/* -- JSON -------------------------------------------------------------------------------------- */

static json_t *fields_to_json(const struct publication_change *change)
{
    json_t *array = json_array();

    for (enum publication_field field = 0; field < PUBLICATION_FIELDS; field++)
        if (change->action != PUBLICATION_UPDATE || change->differs[field])
            json_array_append_new(
                array, json_pack("{s:s, s:o, s:o}", "field", publication_field_names[field],
                                 "before", publication_value(change->before, field), "after",
                                 publication_value(change->after, field)));
    return array;
}

static json_t *change_to_json(const struct publication_change *change)
{
    static const char *const actions[] = {[PUBLICATION_ADD] = "publish",
                                          [PUBLICATION_UPDATE] = "update",
                                          [PUBLICATION_WITHDRAW] = "withdraw"};

    return json_pack("{s:s, s:s, s:o, s:o}", "action", actions[change->action], "name",
                     change->name, "id", change->id ? json_string(change->id) : json_null(),
                     "fields", fields_to_json(change));
}

static json_t *endpoint_to_json(const struct publish_endpoint *endpoint)
{
    const struct publication *publication = &endpoint->publication;
    json_t *changes = json_array();

    for (size_t i = 0; i < publication->count; i++)
        json_array_append_new(changes, change_to_json(&publication->changes[i]));
    return json_pack("{s:o, s:b, s:s, s:o, s:I, s:I, s:o}", "endpoint",
                     render_json_text(endpoint->name), "known", (int)endpoint->known, "state",
                     outcome_state_name(endpoint->state), "changes", changes, "unchanged",
                     (json_int_t)publication->unchanged, "kept", (json_int_t)publication->kept,
                     "error", render_json_error(&endpoint->error));
}

void render_json_publish(json_t *json, const struct publish *publish)
{
    json_t *array;

    if (publish->count == 0)
        return;
    array = json_array();
    for (size_t i = 0; i < publish->count; i++)
        json_array_append_new(array, endpoint_to_json(&publish->endpoints[i]));
    json_object_set_new(json, "ingest", array);
}
