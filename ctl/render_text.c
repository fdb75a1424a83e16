/* A report as a person reads it. */
#include "ctl/render.h"

#include "core/json.h"
#include "core/text.h"
#include "ctl/columns.h"
#include "ctl/paint.h"

#include <stdio.h>
#include <string.h>

static const enum paint action_paints[PLAN_ACTIONS] = {[PLAN_CREATE] = PAINT_ADD,
                                                       [PLAN_UPDATE] = PAINT_CHANGE,
                                                       [PLAN_REPLACE] = PAINT_REPLACE,
                                                       [PLAN_DELETE] = PAINT_REMOVE};

/* -- differences ---------------------------------------------------------------------------- */

/* Elements of `these` that `those` has not, one a line. */
static void add_missing(struct buf *out, enum field field, const json_t *these, const json_t *those,
                        char sign, bool color)
{
    const json_t *element, *other;
    size_t i, j;

    json_array_foreach(these, i, element)
    {
        bool found = false;
        json_array_foreach(those, j, other) found = found || json_equal(element, other);
        if (found)
            continue;
        buf_add_text(out, "          ");
        paint_start(out, sign == '+' ? PAINT_ADD : PAINT_REMOVE, color);
        buf_printf(out, "%c ", sign);
        paint_element(out, field, element);
        paint_end(out, color);
        buf_add_char(out, '\n');
    }
}

static void add_set(struct buf *out, enum field field, const struct object *before,
                    const struct object *after, bool color)
{
    json_t *was = object_get(before, field), *is = object_get(after, field);

    add_missing(out, field, was, is, '-', color);
    add_missing(out, field, is, was, '+', color);
    json_decref(was);
    json_decref(is);
}

static const char cause_words[][48] = {[CAUSE_PENDING] = "pending: the manifest changed",
                                       [CAUSE_DRIFTED] = "drifted: changed behind our back",
                                       [CAUSE_BOTH] = "drifted and pending: both changed",
                                       [CAUSE_EXPIRED] = "expired: the override has ended",
                                       [CAUSE_ASKED] = "asked for"};

static void add_field(struct buf *out, const struct plan_change *change,
                      const struct plan_field *difference, bool color)
{
    enum field field = difference->field;
    const struct field_row *row = &field_table[field];

    buf_printf(out, "      %s:", row->name);
    if (!row->set) {
        buf_add_char(out, ' ');
        paint_value(out, field, change->before->fields[field]);
        buf_add_text(out, " → ");
        paint_value(out, field, change->after->fields[field]);
    }
    buf_add_text(out, "  ");
    paint_start(out, PAINT_DIM, color);
    if (change->action == PLAN_UPDATE)
        buf_printf(out, "(%s; %s)", cause_words[difference->cause], risk_name(difference->risk));
    else
        buf_printf(out, "(%s)", risk_name(difference->risk));
    paint_end(out, color);
    buf_add_char(out, '\n');
    if (row->set)
        add_set(out, field, change->before, change->after, color);
}

static size_t field_total(enum via via)
{
    size_t count = 0;

    for (enum field field = 0; field < FIELD_COUNT; field++)
        count += field_table[field].by_via[via];
    return count;
}

/* All that a new object will be. */
static void add_new_fields(struct buf *out, const struct object *object, bool color)
{
    for (enum field field = FIELD_NAME + 1; field < FIELD_COUNT; field++) {
        const char *value = object->fields[field];
        if (!value || strcmp(value, "null") == 0 || strcmp(value, "[]") == 0 ||
            strcmp(value, "\"\"") == 0 || (field == FIELD_PROTECT && strcmp(value, "false") == 0))
            continue;
        buf_printf(out, "      %s:", field_table[field].name);
        if (field_table[field].set) {
            json_t *none = json_array(), *elements = object_get(object, field);
            buf_add_char(out, '\n');
            add_missing(out, field, elements, none, '+', color);
            json_decref(elements);
            json_decref(none);
        } else {
            buf_add_char(out, ' ');
            paint_value(out, field, value);
            buf_add_char(out, '\n');
        }
    }
}

static const char *change_reason(const struct plan_change *change)
{
    if (change->protected)
        return "; protected: never deleted";
    if (change->downgrade)
        return "; it is newer than the manifest's";
    if (change->superseded)
        return "; superseded";
    if (plan_change_drifted(change))
        return plan_change_pending(change) ? "; drifted and pending" : "; drifted";
    if (plan_change_expired(change))
        return plan_change_pending(change) ? "; expired and pending" : "; expired";
    return change->action == PLAN_UPDATE && plan_change_pending(change) ? "; pending" : "";
}

/* `brief`: one line, for what was read before. */
static void add_change(struct buf *out, const struct plan_change *change, int64_t now_s, bool brief,
                       bool color)
{
    const struct plan_action_row *row = &plan_action_table[change->action];
    const struct object *object = change->after ? change->after : change->before;

    buf_add_text(out, "  ");
    paint_start(out, action_paints[change->action], color);
    buf_printf(out, "%s ", row->sign);
    if (change->action == PLAN_REPLACE && strcmp(change->before->name, change->after->name) != 0) {
        paint_text(out, change->before->name);
        buf_add_text(out, " → ");
    }
    paint_text(out, object->name);
    paint_end(out, color);
    buf_printf(out, "  %s, %s%s, %s\n", via_name(object->via), row->verb, change_reason(change),
               risk_name(change->risk));
    if (brief)
        return;
    if (object->event && strcmp(object->event, object->topic) != 0) {
        buf_add_text(out, "      topic: ");
        paint_text(out, object->topic);
        buf_add_char(out, '\n');
    }
    if (change->marker_missing)
        buf_add_text(out, "      description: the marker was edited away  (drifted)\n");
    if (change->action == PLAN_CREATE)
        add_new_fields(out, object, color);
    render_text_expired(out, change, now_s);
    for (size_t i = 0; i < change->field_count; i++)
        add_field(out, change, &change->fields[i], color);
    if (change->action == PLAN_UPDATE || change->action == PLAN_REPLACE)
        buf_printf(out, "      %zu unchanged\n", field_total(object->via) - change->field_count);
}

/* -- the plan as a whole -------------------------------------------------------------------- */

/* One empty line, unless there is one. */
static void add_gap(struct buf *out)
{
    if (out->length > 2 && strcmp(out->data + out->length - 2, "\n\n") != 0)
        buf_add_char(out, '\n');
}

/* A class of objects that are only named. */
static void add_named(struct buf *out, const char *heading, const struct object *const *objects,
                      size_t count)
{
    enum { MOST = 20 };

    if (count == 0)
        return;
    add_gap(out);
    buf_printf(out, "%s (%zu):\n", heading, count);
    for (size_t i = 0; i < count && i < MOST; i++) {
        buf_add_text(out, "    ");
        paint_text(out, objects[i]->name);
        buf_printf(out, "  %s, ", via_name(objects[i]->via));
        paint_text(out, objects[i]->id);
        buf_add_text(out, objects[i]->marker.protect ? ", protected\n" : "\n");
    }
    if (count > MOST)
        buf_printf(out, "    and %zu more; `eventctl list` names them all\n", count - MOST);
}

static void add_conflicts(struct buf *out, const struct plan *plan)
{
    for (size_t i = 0; i < plan->conflict_count; i++) {
        const struct plan_conflict *conflict = &plan->conflicts[i];
        buf_add_text(out, "  ! ");
        paint_text(out, conflict->name);
        if (conflict->second) {
            buf_add_text(out, " is claimed by two objects: ");
            paint_text(out, conflict->first->id);
            buf_add_text(out, " and ");
            paint_text(out, conflict->second->id);
            buf_add_text(out, "; delete the wrong one, or take its marker away\n");
        } else {
            buf_add_text(out, " is the name of an object of somebody else's: ");
            paint_text(out, conflict->first->id);
            buf_add_char(out, '\n');
        }
    }
}

static void add_head(struct buf *out, const struct report *report)
{
    bool kept = report->plan == &report->saved.plan;

    buf_add_text(out, "organisation ");
    paint_text(out, kept ? report->saved.organization : report->identity.organization);
    buf_add_text(out, " (");
    paint_text(out, kept ? report->saved.organization_id : report->identity.organization_id);
    buf_add_char(out, ')');
    if (report->has_manifest)
        buf_printf(out, ", %zu subscription%s", report->manifest.subscription_count,
                   report->manifest.subscription_count == 1 ? "" : "s");
    buf_add_text(out, "\n\n");
}

static void add_plan_summary(struct buf *out, const struct report *report)
{
    const struct plan *plan = report->plan;
    bool nothing = plan->count + plan->conflict_count + publish_count(&report->publish) == 0;
    char overridden[64] = "";

    if (plan->override_count > 0)
        snprintf(overridden, sizeof(overridden), "; overridden for a time: %zu",
                 plan->override_count);

    if (nothing && plan == &report->saved.plan)
        buf_add_text(out, "No changes: all that was planned is there");
    else if (nothing)
        buf_printf(out, "No changes: %zu object%s as the manifest says%s", plan->unchanged,
                   plan->unchanged == 1 ? " is" : "s are", overridden);
    else
        buf_printf(out,
                   "Plan: %zu to create, %zu to update, %zu to replace, %zu to delete; %zu "
                   "drifted; %zu unchanged%s",
                   plan_count(plan, PLAN_CREATE), plan_count(plan, PLAN_UPDATE),
                   plan_count(plan, PLAN_REPLACE), plan_count(plan, PLAN_DELETE),
                   plan_count_drifted(plan), plan->unchanged, overridden);
    render_text_publish_sum(out, &report->publish);
    buf_add_text(out, ".\n");
}

static void add_notes(struct buf *out, const struct report *report)
{
    const char *line = buf_text(&report->notes);

    if (*line)
        add_gap(out);
    while (*line) {
        size_t length = strcspn(line, "\n");
        buf_printf(out, "note: %.*s\n", (int)length, line);
        line += length + 1;
    }
}

/* What an apply of this plan would be told, to whoever only looks at it. */
static void add_refusal(struct buf *out, const struct report *report)
{
    bool told = report->error.code != ERROR_NONE && report->error.code != ERROR_CHANGES;

    if (told || report->allowed.code == ERROR_NONE)
        return;
    if (!*buf_text(&report->notes))
        add_gap(out);
    buf_add_text(out, "note: apply will refuse this plan: ");
    paint_text(out, report->allowed.text);
    buf_add_char(out, '\n');
}

void render_text_plan(struct buf *out, const struct report *report, bool color)
{
    const struct plan *plan = report->plan;

    add_head(out, report);
    add_conflicts(out, plan);
    for (size_t i = 0; i < plan->count; i++)
        add_change(out, &plan->changes[i], plan->now_s, plan == &report->saved.plan, color);
    render_text_overrides(out, plan, color);
    add_named(out, "no longer in the manifest; --prune deletes them", plan->orphans,
              plan->orphan_count);
    add_named(out, "unmanaged", plan->unmanaged, plan->unmanaged_count);
    add_named(out, "foreign, never touched", plan->foreign, plan->foreign_count);
    render_text_publish(out, &report->publish, color);
    add_notes(out, report);
    add_refusal(out, report);
    add_gap(out);
    add_plan_summary(out, report);
}

/* -- what moved, what was done -------------------------------------------------------------- */

static void add_value_or_none(struct buf *out, enum field field, const struct object *object)
{
    if (object && object->fields[field])
        paint_value(out, field, object->fields[field]);
    else
        buf_add_text(out, "none");
}

/* What was planned on, what is there now, what was wanted: wherever the three are not one. */
static void add_three_way(struct buf *out, const struct plan_change *change,
                          const struct object *live)
{
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        const struct object *planned = change->before ? change->before : change->after;
        const char *now = live->fields[field], *was = planned->fields[field];
        if (!now || (was && strcmp(was, now) == 0))
            continue;
        buf_printf(out, "      %s: ", field_table[field].name);
        if (change->before) {
            buf_add_text(out, "planned on ");
            add_value_or_none(out, field, change->before);
            buf_add_text(out, ", ");
        }
        buf_add_text(out, "now ");
        add_value_or_none(out, field, live);
        buf_add_text(out, ", wanted ");
        add_value_or_none(out, field, change->after);
        buf_add_char(out, '\n');
    }
}

static void add_moved(struct buf *out, const struct plan_change *change, const struct object *live)
{
    buf_add_text(out, "  ! ");
    paint_text(out, plan_change_name(change));
    if (!live)
        buf_add_text(out, " is gone since the plan\n");
    else if (!change->before)
        buf_printf(out, " came into being since the plan\n");
    else
        buf_printf(out, " changed since the plan (version %lld, planned on %lld)\n",
                   (long long)live->version, (long long)change->before->version);
    if (live)
        add_three_way(out, change, live);
}

static const char state_words[APPLY_STATES][16] = {
    [APPLY_NOT_SENT] = "not sent", [APPLY_HALF] = "half done",  [APPLY_FAILED] = "failed",
    [APPLY_CONFLICT] = "conflict", [APPLY_UNKNOWN] = "unknown",
};

static void add_item(struct buf *out, const struct apply_item *item, bool color)
{
    const struct plan_action_row *row = &plan_action_table[item->change->action];
    bool done = item->state == APPLY_DONE;

    if (item->state == APPLY_CONFLICT) {
        add_moved(out, item->change, item->live);
        return;
    }
    buf_add_text(out, "  ");
    paint_start(out, done ? PAINT_ADD : PAINT_REMOVE, color);
    buf_add_text(out, done ? row->done : state_words[item->state]);
    paint_end(out, color);
    buf_add_char(out, ' ');
    paint_text(out, plan_change_name(item->change));
    if (item->found_later)
        buf_add_text(out, "  (its answer was lost; it was found at the service)");
    if (item->wrong)
        buf_add_text(out, "  (not seen there as it should be)");
    if (item->twin[0]) {
        buf_add_text(out, "  (claimed by another object too: ");
        paint_text(out, item->twin);
        buf_add_char(out, ')');
    }
    if (item->error) {
        buf_add_text(out, ": ");
        paint_text(out, item->error->text);
    }
    buf_add_char(out, '\n');
}

static size_t done_count(const struct apply *apply, enum plan_action action)
{
    size_t count = 0;

    for (size_t i = 0; i < apply->count; i++)
        count += apply->items[i].state == APPLY_DONE && apply->items[i].change->action == action;
    return count;
}

static void add_apply(struct buf *out, const struct report *report, bool color)
{
    const struct apply *apply = &report->apply;
    size_t failed = apply->states[APPLY_FAILED] + apply->states[APPLY_CONFLICT];
    size_t start = out->length;

    for (size_t i = 0; i < apply->count; i++)
        add_item(out, &apply->items[i], color);
    render_text_published(out, &report->publish, color);
    if (apply->journal) {
        buf_add_text(out, "\nThe journal ");
        paint_text(out, apply->journal);
        buf_add_text(out, " is kept; the next apply goes on from it.\n");
    }
    buf_printf(out,
               "%sApplied: %zu created, %zu updated, %zu replaced, %zu deleted; %zu failed, %zu "
               "not sent",
               out->length > start ? "\n" : "", done_count(apply, PLAN_CREATE),
               done_count(apply, PLAN_UPDATE), done_count(apply, PLAN_REPLACE),
               done_count(apply, PLAN_DELETE), failed, apply->states[APPLY_NOT_SENT]);
    if (apply->states[APPLY_HALF] > 0)
        buf_printf(out, ", %zu half done", apply->states[APPLY_HALF]);
    if (apply->states[APPLY_UNKNOWN] > 0)
        buf_printf(out, ", %zu unknown", apply->states[APPLY_UNKNOWN]);
    render_text_published_sum(out, &report->publish);
    buf_add_text(out, ".\n");
}

/* -- lists and facts ------------------------------------------------------------------------ */

/* Whose it is, as its marker says. */
static void add_marker_cell(struct columns *columns, const struct marker *marker)
{
    struct buf cell;

    buf_init(&cell, 1024);
    if (marker->present)
        buf_printf(&cell, "%s%s%s/%s@%lld%s", marker->organization, marker->owner[0] ? "/" : "",
                   marker->owner, marker->name, (long long)marker->version,
                   marker->protect ? ", protected" : "");
    else
        buf_add_text(&cell, "unmanaged");
    columns_add(columns, buf_text(&cell));
    buf_release(&cell);
}

static void add_objects(struct buf *out, const struct report *report)
{
    static const char *const heads[] = {"NAME", "KIND", "STATE", "HEALTH", "MARKER", "ID"};
    struct columns columns;

    if (report->object_count == 0) {
        buf_add_text(out, "There are no subscriptions.\n");
        return;
    }
    columns_init(&columns, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        columns_add(&columns, heads[i]);
    for (size_t i = 0; i < report->object_count; i++) {
        const struct object *object = report->objects[i];
        const char *enabled = object->fields[FIELD_ENABLED];
        columns_add(&columns, object->name);
        columns_add(&columns, via_name(object->via));
        columns_add(&columns, enabled && strcmp(enabled, "true") == 0 ? "enabled" : "disabled");
        columns_add(&columns, object->health ? object->health : "-");
        add_marker_cell(&columns, &object->marker);
        columns_add(&columns, object->id);
    }
    columns_print(&columns, out);
}

static void add_details(struct buf *out, const struct object *object, bool color)
{
    paint_start(out, PAINT_STRONG, color);
    paint_text(out, object->name);
    paint_end(out, color);
    buf_printf(out, "\n      kind: %s\n      id: ", via_name(object->via));
    paint_text(out, object->id);
    buf_printf(out, "\n      lock version: %lld\n", (long long)object->version);
    if (object->topic) {
        buf_add_text(out, "      topic: ");
        paint_text(out, object->topic);
        buf_add_char(out, '\n');
    }
    if (object->health) {
        buf_add_text(out, "      health: ");
        paint_text(out, object->health);
        buf_add_char(out, '\n');
    }
    add_new_fields(out, object, false);
}

static void add_facts(struct buf *out, const json_t *facts)
{
    const json_t *value;
    const char *key;

    json_object_foreach((json_t *)facts, key, value)
    {
        char *text = json_is_string(value) ? NULL : json_canonical(value);
        buf_printf(out, "%s: ", key);
        paint_text(out, json_is_string(value) ? json_string_value(value) : text ? text : "");
        buf_add_char(out, '\n');
        free(text);
    }
}

static void add_validated(struct buf *out, const struct report *report)
{
    buf_printf(out, "%zu subscription%s in %zu file%s: %zu error%s, %zu warning%s.\n",
               report->manifest.subscription_count,
               report->manifest.subscription_count == 1 ? "" : "s", report->manifest.source_count,
               report->manifest.source_count == 1 ? "" : "s", report->diags.errors,
               report->diags.errors == 1 ? "" : "s", report->diags.warnings,
               report->diags.warnings == 1 ? "" : "s");
}

void render_text(struct buf *out, const struct report *report, bool color)
{
    if (report->document) {
        buf_add_text(out, report->document);
        if (out->length > 0 && out->data[out->length - 1] != '\n')
            buf_add_char(out, '\n');
    }
    if (report->facts)
        add_facts(out, report->facts);
    if (report->outcome.has_lists || report->outcome.has_acts)
        render_text_outcome(out, report);
    render_text_shapes(out, report, color);
    if (report->has_objects && strcmp(report->command, "show") == 0)
        for (size_t i = 0; i < report->object_count; i++)
            add_details(out, report->objects[i], color);
    else if (report->has_objects)
        add_objects(out, report);
    if (strcmp(report->command, "validate") == 0 && report->has_manifest)
        add_validated(out, report);
    if (report->plan && !report->plan_shown)
        render_text_plan(out, report, color);
    if (report->moved_count > 0)
        add_gap(out);
    for (size_t i = 0; i < report->moved_count; i++)
        add_moved(out, &report->moved[i].change, report->moved[i].live);
    if (report->has_apply)
        add_apply(out, report, color);
}
