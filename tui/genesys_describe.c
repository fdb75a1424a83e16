#include "tui/genesys_state.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

enum { PLAN_BYTES_MOST = 4 * 1024 * 1024, BY_MOST = 10 };

/* -- the plan's text -----------------------------------------------------------------------------
 */

static bool add_lines(json_t *lines, char *text)
{
    bool ok = true;

    for (char *line = text, *end; ok && *line; line = end) {
        end = line + strcspn(line, "\n");
        ok = json_array_append_new(lines, json_stringn(line, (size_t)(end - line))) == 0;
        end += *end == '\n';
    }
    return ok;
}

static bool describe_plan(json_t *snapshot, const struct genesys_options *options,
                          const struct plan *plan)
{
    struct buf text;
    bool ok;

    if (!options->desired || !options->print)
        return true;
    buf_init(&text, PLAN_BYTES_MOST);
    options->print(options->context, &text, plan);
    ok = add_lines(json_object_get(snapshot, "plan"), text.length ? text.data : (char[]){""});
    buf_release(&text);
    return ok;
}

/* -- one subscription ----------------------------------------------------------------------------
 */

static json_t *text_of(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* {"field", "live", "wanted", "cause"} for each field that differs. */
static json_t *describe_fields(const struct plan_change *change)
{
    json_t *fields = json_array();

    for (size_t i = 0; change && i < change->field_count; i++) {
        enum field field = change->fields[i].field;
        json_array_append_new(
            fields,
            json_pack("{s:s, s:o, s:o, s:s}", "field", field_table[field].name, "live",
                      text_of(change->before ? change->before->fields[field] : NULL), "wanted",
                      text_of(change->after ? change->after->fields[field] : NULL), "cause",
                      plan_cause_name(change->fields[i].cause)));
    }
    return fields;
}

static const char *drift_of(const struct plan_change *change)
{
    if (!change)
        return "";
    if (change->action == PLAN_CREATE)
        return "missing";
    return plan_change_drifted(change) ? "drifted" : "pending";
}

static json_t *events_of(const struct object *object)
{
    json_t *events = object_get(object, FIELD_EVENTS);

    if (json_is_array(events))
        return events;
    json_decref(events);
    return object->topic ? json_pack("[s]", object->topic) : json_array();
}

static json_t *delivery_of(const struct object *object)
{
    const char *url = object->fields[FIELD_URL], *workflow = object->fields[FIELD_WORKFLOW];
    const char *mode = object->fields[FIELD_BATCH_MODE],
               *window = object->fields[FIELD_BATCH_WINDOW];
    const char *size = object->fields[FIELD_BATCH_SIZE];
    struct buf text;
    json_t *value;

    buf_init(&text, 8192);
    buf_add_text(&text, url ? url : workflow ? workflow : "?");
    if (mode)
        buf_printf(&text, " %s", mode);
    if (window && strcmp(window, "null") != 0)
        buf_printf(&text, " %s ms", window);
    if (size && strcmp(size, "null") != 0)
        buf_printf(&text, " %s events", size);
    value = json_string(buf_text(&text));
    buf_release(&text);
    return value;
}

/* `change` is NULL where there is nothing to change. */
static json_t *describe_object(const struct object *object, const struct plan_change *change,
                               const char *drift)
{
    return json_pack("{s:o, s:s, s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "id",
                     text_of(object->id), "name", object->name, "version",
                     (json_int_t)object->marker.version, "health", text_of(object->health), "via",
                     via_name(object->via), "drift", drift, "filter",
                     text_of(object->fields[FIELD_FILTER]), "delivery", delivery_of(object),
                     "events", events_of(object), "fields", describe_fields(change));
}

/* What the plan says of each object of the listing, by its place there. */
struct said {
    const struct plan_change *change;
    const char *word;
};

static struct said *said_of(struct said *said, const struct object_list *objects,
                            const struct object *object)
{
    return &said[object - objects->items];
}

static struct said *said_new(const struct object_list *objects, const struct plan *plan)
{
    const struct {
        const char *word;
        const struct object **list;
        size_t count;
    } lists[] = {{"unmanaged", plan->unmanaged, plan->unmanaged_count},
                 {"foreign", plan->foreign, plan->foreign_count},
                 {"orphan", plan->orphans, plan->orphan_count}};
    struct said *said = calloc(objects->count + 1, sizeof(*said));

    for (size_t i = 0; said && i < plan->count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->before)
            *said_of(said, objects, change->before) = (struct said){change, drift_of(change)};
    }
    for (size_t i = 0; said && i < sizeof(lists) / sizeof(lists[0]); i++)
        for (size_t k = 0; k < lists[i].count; k++)
            said_of(said, objects, lists[i].list[k])->word = lists[i].word;
    return said;
}

bool genesys_describe(json_t *snapshot, const struct genesys_options *options,
                      const struct remote_listing *listing, const struct plan *plan)
{
    json_t *list = json_object_get(snapshot, "subscriptions");
    struct said *said = said_new(&listing->objects, plan);
    bool ok = said && describe_plan(snapshot, options, plan);

    for (size_t i = 0; ok && i < listing->objects.count; i++)
        ok = json_array_append_new(list, describe_object(&listing->objects.items[i], said[i].change,
                                                         said[i].word ? said[i].word : "")) == 0;
    for (size_t i = 0; ok && i < plan->count; i++)
        if (plan->changes[i].action == PLAN_CREATE)
            ok = json_array_append_new(list, describe_object(plan->changes[i].after,
                                                             &plan->changes[i], "missing")) == 0;
    free(said);
    return ok;
}

/* -- who did it ----------------------------------------------------------------------------------
 */

void genesys_add_audit(json_t *snapshot, const struct audit_record *records, size_t count)
{
    json_t *entry;
    size_t n;

    json_array_foreach(json_object_get(snapshot, "subscriptions"), n, entry)
    {
        const char *id = json_text(entry, "id"), *drift = json_text(entry, "drift");
        json_t *by = json_array();

        for (size_t i = 0; id && drift && *drift && i < count && json_array_size(by) < BY_MOST; i++)
            if (strcmp(records[i].entity, id) == 0)
                json_array_append_new(by,
                                      json_pack("{s:I, s:s, s:s, s:s, s:s}", "at_ms",
                                                (json_int_t)records[i].at_ms, "who", records[i].who,
                                                "from", records[i].from, "what", records[i].action,
                                                "changed", records[i].changed));
        if (json_array_size(by) > 0)
            json_object_set(entry, "by", by);
        json_decref(by);
    }
}
