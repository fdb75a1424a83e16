/* What is overridden for a time, as a person reads it and as JSON. */
#include "ctl/render.h"

#include "core/text.h"
#include "ctl/moment.h"
#include "ctl/paint.h"

#include <string.h>

enum { MS = 1000, SECONDS_UP_TO_S = 120, MINUTE_S = 60 };

/* "14:30 UTC (in 24m): reason" */
static void add_until(struct buf *out, const struct marker_override *override, int64_t now_s)
{
    int64_t left_s = override->until_s - now_s;

    moment_add_clock(out, override->until_s, now_s);
    if (left_s > 0) {
        buf_add_text(out, " (in ");
        text_add_duration(out,
                          (left_s < SECONDS_UP_TO_S ? left_s : left_s / MINUTE_S * MINUTE_S) * MS);
        buf_add_char(out, ')');
    }
    if (override->reason[0]) {
        buf_add_text(out, ": ");
        paint_text(out, override->reason);
    }
}

static void add_override(struct buf *out, const struct plan_override *override, int64_t now_s,
                         bool color)
{
    const struct object *object = override->object;

    buf_add_text(out, "  ");
    paint_start(out, PAINT_CHANGE, color);
    buf_add_text(out, "= ");
    paint_text(out, object->name);
    paint_end(out, color);
    buf_printf(out, "  %s, overridden; accepted until ", via_name(object->via));
    add_until(out, &object->marker.override, now_s);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < override->field_count; i++) {
        enum field field = override->fields[i].field;
        buf_printf(out, "      %s: ", field_table[field].name);
        paint_value(out, field, object->fields[field]);
        buf_printf(out, "  (the manifest %s ", override->fields[i].pending ? "now says" : "says");
        paint_value(out, field, override->wanted->fields[field]);
        buf_add_text(out, override->fields[i].pending ? ", which waits until then)\n" : ")\n");
    }
}

void render_text_overrides(struct buf *out, const struct plan *plan, bool color)
{
    for (size_t i = 0; i < plan->override_count; i++)
        add_override(out, &plan->overrides[i], plan->now_s, color);
}

void render_text_expired(struct buf *out, const struct plan_change *change, int64_t now_s)
{
    if (!plan_change_expired(change))
        return;
    buf_add_text(out, "      overridden until ");
    add_until(out, &change->before->marker.override, now_s);
    buf_add_char(out, '\n');
}

static json_t *value_of(const struct object *object, enum field field)
{
    json_t *value = object_get(object, field);

    return value ? value : json_null();
}

static json_t *fields_to_json(const struct plan_override *override)
{
    json_t *array = json_array();

    for (size_t i = 0; i < override->field_count; i++) {
        enum field field = override->fields[i].field;
        json_array_append_new(array,
                              json_pack("{s:s, s:o, s:o, s:b}", "field", field_table[field].name,
                                        "value", value_of(override->object, field), "manifest",
                                        value_of(override->wanted, field), "pending",
                                        (int) override->fields[i].pending));
    }
    return array;
}

json_t *render_json_overrides(const struct plan *plan)
{
    json_t *array = json_array();

    for (size_t i = 0; i < plan->override_count; i++) {
        const struct plan_override *override = &plan->overrides[i];
        const struct object *object = override->object;
        struct buf until;
        buf_init(&until, 64);
        moment_add(&until, object->marker.override.until_s * MS);
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", object->name,
                                        "kind", via_name(object->via), "id", override->live->id,
                                        "until", buf_text(&until), "reason",
                                        render_json_text(object->marker.override.reason), "fields",
                                        fields_to_json(override)));
        buf_release(&until);
    }
    return array;
}
