/* The shapes of events, as a person reads them and as JSON. */
#include "ctl/render.h"

#include "ctl/columns.h"
#include "ctl/moment.h"
#include "ctl/paint.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *sign, *name; /* the member of the JSON */
    enum paint paint;
} kinds[SHAPE_CHANGE_KINDS] = {
    [SHAPE_ADDED] = {"+", "added", PAINT_ADD},
    [SHAPE_REMOVED] = {"-", "removed", PAINT_REMOVE},
    [SHAPE_RETYPED] = {"~", "changed", PAINT_CHANGE},
};

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* -- list ---------------------------------------------------------------------------------------
 */

static void add_number(struct columns *columns, int64_t number)
{
    char cell[32];

    snprintf(cell, sizeof(cell), "%lld", (long long)number);
    columns_add(columns, cell);
}

static void add_moment(struct columns *columns, int64_t ms)
{
    struct buf cell;

    buf_init(&cell, 64);
    moment_add(&cell, ms);
    columns_add(columns, buf_text(&cell));
    buf_release(&cell);
}

static void add_list(struct buf *out, const struct report *report)
{
    static const char *const heads[] = {"ENDPOINT",   "TYPE",   "SHAPE",
                                        "FIRST SEEN", "EVENTS", "FIELDS"};
    size_t count = sizeof(heads) / sizeof(heads[0]);
    size_t first = report->endpoints.count > 1 ? 0 : 1; /* one endpoint needs no column */
    struct columns columns;

    if (report->shapes.seen.count == 0) {
        if (report->error.code == ERROR_NONE)
            buf_add_text(out, "No events were seen.\n");
        return;
    }
    columns_init(&columns, count - first);
    for (size_t i = first; i < count; i++)
        columns_add(&columns, heads[i]);
    for (size_t i = 0; i < report->shapes.seen.count; i++) {
        const struct shape *shape = &report->shapes.seen.items[i];
        if (!first)
            columns_add(&columns, shape->endpoint);
        columns_add(&columns, shape->type[0] ? shape->type : "-");
        columns_add(&columns, shape->id);
        add_moment(&columns, shape->first_seen_ms);
        add_number(&columns, shape->events);
        add_number(&columns, (int64_t)shape->field_count);
    }
    columns_print(&columns, out);
}

/* -- what is new --------------------------------------------------------------------------------
 */

static void add_change(struct buf *out, const struct shape_change *change, bool color)
{
    buf_add_text(out, "  ");
    paint_start(out, kinds[change->kind].paint, color);
    buf_printf(out, "%s ", kinds[change->kind].sign);
    paint_text(out, change->path);
    paint_end(out, color);
    buf_add_text(out, ": ");
    if (change->before)
        paint_text(out, change->before);
    if (change->before && change->after)
        buf_add_text(out, " → ");
    if (change->after)
        paint_text(out, change->after);
    buf_add_char(out, '\n');
}

static void add_type(struct buf *out, const struct shape_news *news, bool color)
{
    paint_start(out, PAINT_STRONG, color);
    paint_text(out, news->type[0] ? news->type : "without a type");
    paint_end(out, color);
    buf_printf(out, "%s: %zu new shape%s since ", news->is_new_type ? ", a new event type" : "",
               news->shape_count, plural((int64_t)news->shape_count));
    moment_add(out, news->first_seen_ms);
    buf_printf(out, ", %lld event%s\n", (long long)news->events, plural(news->events));
    for (size_t i = 0; i < news->change_count; i++)
        add_change(out, &news->changes[i], color);
    if (news->change_count == 0)
        buf_add_text(out, "  known fields, combined in a new way\n");
    buf_add_char(out, '\n');
}

static void add_news(struct buf *out, const struct report *report, bool color)
{
    const struct shapes *shapes = &report->shapes;
    size_t counts[SHAPE_CHANGE_KINDS] = {0}, new_shapes = 0;

    for (size_t i = 0; i < shapes->news_count; i++) {
        add_type(out, &shapes->news[i], color);
        new_shapes += shapes->news[i].shape_count;
        for (size_t j = 0; j < shapes->news[i].change_count; j++)
            counts[shapes->news[i].changes[j].kind]++;
    }
    if (report->error.code != ERROR_NONE && report->error.code != ERROR_CHANGES)
        return;
    if (shapes->shapes_seen == 0) {
        buf_add_text(out, "No events were seen.\n");
        return;
    }
    if (new_shapes == 0) {
        buf_printf(out,
                   "No new shapes: the baseline has all %zu that were seen, of %zu event type%s.\n",
                   shapes->shapes_seen, shapes->types_seen, plural((int64_t)shapes->types_seen));
        return;
    }
    buf_printf(
        out, "%s: %zu new shape%s of %zu event type%s; fields: %zu added, %zu removed, %zu changed",
        shapes->accepts ? "Accepted" : "Shapes", new_shapes, plural((int64_t)new_shapes),
        shapes->news_count, plural((int64_t)shapes->news_count), counts[SHAPE_ADDED],
        counts[SHAPE_REMOVED], counts[SHAPE_RETYPED]);
    if (shapes->written) {
        buf_add_text(out, "; now in ");
        paint_text(out, shapes->path);
    }
    buf_add_text(out, ".\n");
}

void render_text_shapes(struct buf *out, const struct report *report, bool color)
{
    if (report->shapes.has_list)
        add_list(out, report);
    if (report->shapes.has_news)
        add_news(out, report, color);
}

/* -- JSON ---------------------------------------------------------------------------------------
 */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *shape_to_json(const struct shape *shape)
{
    json_t *fields = json_array();

    for (size_t i = 0; i < shape->field_count; i++)
        json_array_append_new(fields, json_string(shape->fields[i]));
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:o, s:o}", "endpoint", shape->endpoint, "type", shape->type, "shape",
        shape->id, "events", (json_int_t)shape->events, "first_seen_ms",
        shape->first_seen_ms ? json_integer(shape->first_seen_ms) : json_null(), "fields", fields);
}

static json_t *news_to_json(const struct shape_news *news)
{
    json_t *ids = json_array();
    json_t *json = json_pack("{s:s, s:b, s:o, s:I, s:o}", "type", news->type, "new_type",
                             (int)news->is_new_type, "shapes", ids, "events",
                             (json_int_t)news->events, "first_seen_ms",
                             news->first_seen_ms ? json_integer(news->first_seen_ms) : json_null());

    if (!json)
        return NULL;
    for (size_t i = 0; i < news->shape_count; i++)
        json_array_append_new(ids, json_string(news->shapes[i]->id));
    for (enum shape_change_kind kind = 0; kind < SHAPE_CHANGE_KINDS; kind++)
        json_object_set_new(json, kinds[kind].name, json_array());
    for (size_t i = 0; i < news->change_count; i++) {
        const struct shape_change *change = &news->changes[i];
        json_array_append_new(json_object_get(json, kinds[change->kind].name),
                              json_pack("{s:s, s:o, s:o}", "field", change->path, "before",
                                        text_or_null(change->before), "after",
                                        text_or_null(change->after)));
    }
    return json;
}

void render_json_shapes(json_t *json, const struct shapes *shapes)
{
    json_t *list = json_array(), *news = json_array();

    if (shapes->has_list)
        for (size_t i = 0; i < shapes->seen.count; i++)
            json_array_append_new(list, shape_to_json(&shapes->seen.items[i]));
    for (size_t i = 0; i < shapes->news_count; i++)
        json_array_append_new(news, news_to_json(&shapes->news[i]));
    if (shapes->has_list)
        json_object_set(json, "shapes", list);
    if (shapes->has_news) {
        json_object_set_new(json, "baseline",
                            json_pack("{s:o, s:b, s:b}", "file", render_json_text(shapes->path),
                                      "present", (int)shapes->has_baseline, "written",
                                      (int)shapes->written));
        json_object_set(json, "new_shapes", news);
    }
    json_decref(list);
    json_decref(news);
}
