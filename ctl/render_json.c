/* A report as one JSON document, whatever happened.
 *
 * format_version: the minor number rises with what is added; the major with what is taken away
 * or means something else, and a reader rejects a major that it does not know.
 */
#include "ctl/render.h"

#include "core/json.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* A text that may hold bytes from a command line or a file name, as valid JSON. */
json_t *render_json_text(const char *text)
{
    struct buf safe;
    json_t *json;

    buf_init(&safe, 1024 * 1024);
    text_add_safe(&safe, text, strlen(text));
    json = safe.failed ? NULL : json_string(buf_text(&safe));
    buf_release(&safe);
    return json;
}

static json_t *text_or_null(const char *text)
{
    return text ? render_json_text(text) : json_null();
}

json_t *render_json_error(const struct error *error)
{
    if (error->code == ERROR_NONE || !error->text[0])
        return json_null();
    return json_pack("{s:s, s:i, s:o}", "code", error_code_name(error->code), "exit_code",
                     (int)error->code, "message", render_json_text(error->text));
}

static json_t *place_to_json(const struct place *place)
{
    if (!place->source)
        return json_null();
    return json_pack("{s:o, s:i, s:i}", "file", render_json_text(place->source->path), "line",
                     (int)place->line, "column", (int)place->column);
}

static json_t *diags_to_json(const struct diag_list *diags)
{
    json_t *array = json_array();

    for (size_t i = 0; i < diags->count; i++) {
        const struct diag *diag = &diags->entries[i];
        json_array_append_new(
            array,
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "rule", diag->rule->id, "severity",
                      diag->rule->severity == DIAG_ERROR ? "error" : "warning", "message",
                      render_json_text(diag->message), "hint", text_or_null(diag->hint), "place",
                      place_to_json(&diag->place), "other", place_to_json(&diag->other)));
    }
    return array;
}

static json_t *value_of(const struct object *object, enum field field)
{
    json_t *value = object ? object_get(object, field) : NULL;

    return value ? value : json_null();
}

static json_t *fields_to_json(const struct plan_change *change)
{
    json_t *array = json_array();

    for (size_t i = 0; i < change->field_count; i++) {
        const struct plan_field *difference = &change->fields[i];
        json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:s, s:s}", "field",
                                               field_table[difference->field].name, "before",
                                               value_of(change->before, difference->field), "after",
                                               value_of(change->after, difference->field), "cause",
                                               change->action == PLAN_UPDATE
                                                   ? plan_cause_name(difference->cause)
                                                   : "pending",
                                               "risk", risk_name(difference->risk)));
    }
    return array;
}

static json_t *change_to_json(const struct plan_change *change)
{
    const struct object *object = change->after ? change->after : change->before;
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:b, s:b, s:b, s:b, s:o}", "action",
        plan_action_table[change->action].verb, "name", object->name, "kind", via_name(object->via),
        "id", text_or_null(change->before ? change->before->id : NULL), "topic",
        text_or_null(object->topic), "risk", risk_name(change->risk), "drifted",
        (int)plan_change_drifted(change), "pending", (int)plan_change_pending(change), "superseded",
        (int)change->superseded, "protected", (int)change->protected, "marker_missing",
        (int)change->marker_missing, "fields", fields_to_json(change));

    if (json && change->before)
        json_object_set_new(json, "before", object_to_json(change->before));
    if (json && change->after)
        json_object_set_new(json, "after", object_to_json(change->after));
    return json;
}

static json_t *names_to_json(const struct object *const *objects, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "name", objects[i]->name, "kind",
                                               via_name(objects[i]->via), "id", objects[i]->id));
    return array;
}

static json_t *conflicts_to_json(const struct plan *plan)
{
    json_t *array = json_array();

    for (size_t i = 0; i < plan->conflict_count; i++) {
        const struct plan_conflict *conflict = &plan->conflicts[i];
        json_array_append_new(
            array,
            json_pack("{s:s, s:s, s:o}", "name", conflict->name, "id", conflict->first->id,
                      "other_id", text_or_null(conflict->second ? conflict->second->id : NULL)));
    }
    return array;
}

static json_t *plan_to_json(const struct report *report)
{
    const struct plan *plan = report->plan;
    json_t *changes = json_array();

    for (size_t i = 0; i < plan->count; i++)
        json_array_append_new(changes, change_to_json(&plan->changes[i]));
    return json_pack("{s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "changes", changes, "summary", "create",
                     (json_int_t)plan_count(plan, PLAN_CREATE), "update",
                     (json_int_t)plan_count(plan, PLAN_UPDATE), "replace",
                     (json_int_t)plan_count(plan, PLAN_REPLACE), "delete",
                     (json_int_t)plan_count(plan, PLAN_DELETE), "drifted",
                     (json_int_t)plan_count_drifted(plan), "unchanged", (json_int_t)plan->unchanged,
                     "overrides", render_json_overrides(plan), "conflicts", conflicts_to_json(plan),
                     "orphans", names_to_json(plan->orphans, plan->orphan_count), "unmanaged",
                     names_to_json(plan->unmanaged, plan->unmanaged_count), "foreign",
                     names_to_json(plan->foreign, plan->foreign_count), "apply_would_be_refused",
                     render_json_error(&report->allowed));
}

static json_t *object_or_null(const struct object *object)
{
    return object ? object_to_json(object) : json_null();
}

static json_t *three_way_to_json(const struct plan_change *change, const struct object *live)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "name", plan_change_name(change), "planned_on",
                     object_or_null(change->before), "now", object_or_null(live), "wanted",
                     object_or_null(change->after));
}

static json_t *moved_to_json(const struct report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->moved_count; i++)
        json_array_append_new(array,
                              three_way_to_json(&report->moved[i].change, report->moved[i].live));
    return array;
}

static json_t *apply_to_json(const struct apply *apply)
{
    json_t *items = json_array(), *counts = json_object();

    for (size_t i = 0; i < apply->count; i++) {
        const struct apply_item *item = &apply->items[i];
        json_t *json =
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o}", "action",
                      plan_action_table[item->change->action].verb, "name",
                      plan_change_name(item->change), "state", apply_state_name(item->state), "id",
                      item->id[0]            ? item->id
                      : item->change->before ? item->change->before->id
                                             : "",
                      "found_later", (int)item->found_later, "verification_failed",
                      (int)item->wrong, "other_id", text_or_null(item->twin[0] ? item->twin : NULL),
                      "error", item->error ? render_json_error(item->error) : json_null());
        if (json && item->state == APPLY_CONFLICT)
            json_object_set_new(json, "conflict", three_way_to_json(item->change, item->live));
        json_array_append_new(items, json);
    }
    for (enum apply_state state = 0; state < APPLY_STATES; state++)
        json_object_set_new(counts, apply_state_name(state),
                            json_integer((json_int_t)apply->states[state]));
    return json_pack("{s:o, s:o, s:b, s:o}", "items", items, "summary", counts, "verified",
                     (int)apply->verified, "journal", text_or_null(apply->journal));
}

static json_t *objects_to_json(const struct report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->object_count; i++)
        json_array_append_new(array, object_to_json(report->objects[i]));
    return array;
}

static json_t *notes_to_json(const struct report *report)
{
    json_t *array = json_array();

    for (const char *line = buf_text(&report->notes); *line;) {
        size_t length = strcspn(line, "\n");
        json_array_append_new(array, json_stringn(line, length));
        line += length + 1;
    }
    return array;
}

/* A document is JSON (the schema) or text (help). */
static json_t *document_to_json(const char *document)
{
    json_t *json = json_read(document, strlen(document), 0, NULL);

    return json ? json : json_string(document);
}

static json_t *report_to_json(const struct report *report)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o}", "format_version", "1.1", "command",
                  report->command, "status", error_code_name(report->error.code), "exit_code",
                  (int)report->error.code, "error", render_json_error(&report->error),
                  "diagnostics", diags_to_json(&report->diags), "notes", notes_to_json(report));

    if (!json)
        return NULL;
    if (report->identity.organization_id[0])
        json_object_set_new(json, "organization",
                            json_pack("{s:s, s:s}", "id", report->identity.organization_id, "name",
                                      report->identity.organization));
    if (report->plan)
        json_object_set_new(json, "plan", plan_to_json(report));
    if (report->moved_count > 0)
        json_object_set_new(json, "moved", moved_to_json(report));
    if (report->has_apply)
        json_object_set_new(json, "apply", apply_to_json(&report->apply));
    render_json_publish(json, &report->publish);
    if (report->has_objects)
        json_object_set_new(json, "objects", objects_to_json(report));
    render_json_outcome(json, &report->outcome);
    render_json_shapes(json, &report->shapes);
    if (report->facts)
        json_object_set(json, "facts", report->facts);
    if (report->document)
        json_object_set_new(json, "document", document_to_json(report->document));
    return json;
}

void render_json(struct buf *out, const struct report *report, bool color)
{
    json_t *json = report_to_json(report);
    char *text = json ? json_write(json, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

    (void)color;
    if (text) {
        buf_add_text(out, text);
        buf_add_char(out, '\n');
    } else {
        out->failed = true;
    }
    free(text);
    json_decref(json);
}
