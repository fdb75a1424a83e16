/* What is new among the shapes that were seen, field by field. */
#include "ctl/shapes.h"

#include "core/buf.h"

#include <stdlib.h>
#include <string.h>

enum { TYPES_MAX_BYTES = 4096 };

/* Shapes of one type. */
struct span {
    const struct shape *items;
    size_t count;
};

/* -- fields by path -----------------------------------------------------------------------------
 */

static size_t path_length(const char *field)
{
    return (size_t)(strrchr(field, ':') - field) + 1; /* with the colon */
}

/* Those with the path of `field`: they stand side by side. */
static const char *const *find_path(const struct shape *shape, const char *field, size_t *count)
{
    size_t length = path_length(field), from = 0, to = shape->field_count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strncmp(shape->fields[middle], field, length) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    while (to < shape->field_count && strncmp(shape->fields[to], field, length) == 0)
        to++;
    *count = to - from;
    return shape->fields + from;
}

static bool has_path(const struct shape *shape, const char *field)
{
    size_t count;

    (void)find_path(shape, field, &count);
    return count > 0;
}

/* "null or string"; NULL: no memory. */
static const char *types_of(struct arena *arena, const char *const *fields, size_t count)
{
    const char *types = NULL;
    struct buf text;

    buf_init(&text, TYPES_MAX_BYTES);
    for (size_t i = 0; i < count; i++)
        buf_printf(&text, "%s%s", i ? " or " : "", fields[i] + path_length(fields[i]));
    if (!text.failed)
        types = arena_text(arena, buf_text(&text));
    buf_release(&text);
    return types;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All fields of several shapes, as one shape. */
static bool merge(struct arena *arena, const struct shape *const *shapes, size_t count,
                  struct shape *out)
{
    size_t most = 0;

    *out = (struct shape){.field_count = 0};
    for (size_t i = 0; i < count; i++)
        most += shapes[i]->field_count;
    out->fields = arena_alloc(arena, (most + 1) * sizeof(*out->fields));
    if (!out->fields)
        return false;
    for (size_t i = 0, at = 0; i < count; at += shapes[i++]->field_count)
        memcpy(out->fields + at, shapes[i]->fields, shapes[i]->field_count * sizeof(*out->fields));
    qsort(out->fields, most, sizeof(*out->fields), compare_texts);
    for (size_t i = 0; i < most; i++)
        if (i == 0 || strcmp(out->fields[i], out->fields[out->field_count - 1]) != 0)
            out->fields[out->field_count++] = out->fields[i];
    return true;
}

/* -- one type ------------------------------------------------------------------------------------
 */

static bool in_all(const struct shape *const *shapes, size_t count, const char *field)
{
    for (size_t i = 0; i < count; i++)
        if (!has_path(shapes[i], field))
            return false;
    return true;
}

static bool are_known(const struct shape *known, const char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!bsearch(&fields[i], known->fields, known->field_count, sizeof(*known->fields),
                     compare_texts))
            return false;
    return true;
}

/* False: no memory. */
static bool add_change(struct shapes *shapes, struct shape_news *news,
                       const struct shape_change *change, const char *field)
{
    struct shape_change *added = &news->changes[news->change_count++];

    *added = *change;
    added->path = arena_copy(&shapes->arena, field, path_length(field) - 1);
    return added->path && (added->before || change->kind == SHAPE_ADDED) &&
           (added->after || change->kind == SHAPE_REMOVED);
}

/* The paths of what is new, beside those of what is known. */
static bool compare_new(struct shapes *shapes, struct shape_news *news, const struct shape *fresh,
                        const struct shape *known)
{
    bool ok = true;

    for (size_t i = 0, count, known_count; ok && i < fresh->field_count; i += count) {
        const char *field = fresh->fields[i];
        const char *const *now = find_path(fresh, field, &count);
        const char *const *was = find_path(known, field, &known_count);
        struct shape_change change = {.kind = known_count ? SHAPE_RETYPED : SHAPE_ADDED};
        if (known_count > 0 && are_known(known, now, count))
            continue;
        change.after = types_of(&shapes->arena, now, count);
        change.before = known_count ? types_of(&shapes->arena, was, known_count) : NULL;
        ok = add_change(shapes, news, &change, field);
    }
    return ok;
}

/* What was always there, and is not in each of the new ones. */
static bool compare_gone(struct shapes *shapes, struct shape_news *news, const struct shape *known,
                         const struct shape *const *known_shapes, size_t known_shape_count)
{
    bool ok = true;

    for (size_t i = 0, count; ok && i < known->field_count; i += count) {
        const char *field = known->fields[i];
        const char *const *was = find_path(known, field, &count);
        struct shape_change change = {.kind = SHAPE_REMOVED};
        if (in_all(news->shapes, news->shape_count, field) ||
            !in_all(known_shapes, known_shape_count, field))
            continue;
        change.before = types_of(&shapes->arena, was, count);
        ok = add_change(shapes, news, &change, field);
    }
    return ok;
}

static int compare_changes(const void *a, const void *b)
{
    const struct shape_change *x = a, *y = b;

    return strcmp(x->path, y->path);
}

static bool compare_type(struct shapes *shapes, struct shape_news *news, struct span baseline)
{
    const struct shape **known_shapes =
        arena_alloc(&shapes->arena, (baseline.count + 1) * sizeof(*known_shapes));
    struct shape fresh, known;
    bool ok;

    for (size_t i = 0; known_shapes && i < baseline.count; i++)
        known_shapes[i] = &baseline.items[i];
    if (!known_shapes || !merge(&shapes->arena, known_shapes, baseline.count, &known) ||
        !merge(&shapes->arena, news->shapes, news->shape_count, &fresh))
        return false;
    news->changes = arena_alloc(&shapes->arena, (fresh.field_count + known.field_count + 1) *
                                                    sizeof(*news->changes));
    ok = news->changes && compare_new(shapes, news, &fresh, &known) &&
         compare_gone(shapes, news, &known, known_shapes, baseline.count);
    if (ok)
        qsort(news->changes, news->change_count, sizeof(*news->changes), compare_changes);
    return ok;
}

/* -- all of them ---------------------------------------------------------------------------------
 */

/* Those of the type that begins at *at; moves *at past them. */
static struct span next_type(const struct shape_list *list, size_t *at)
{
    struct span span = {list->items + *at, 0};

    while (*at + span.count < list->count &&
           strcmp(span.items[span.count].type, span.items[0].type) == 0)
        span.count++;
    *at += span.count;
    return span;
}

/* The sorted list's shapes of a type. */
static struct span find_type(const struct shape_list *list, const char *type)
{
    size_t at = 0;

    while (at < list->count) {
        struct span span = next_type(list, &at);
        if (strcmp(span.items[0].type, type) == 0)
            return span;
    }
    return (struct span){NULL, 0};
}

static bool has_shape(struct span span, const char *id)
{
    for (size_t i = 0; i < span.count; i++)
        if (strcmp(span.items[i].id, id) == 0)
            return true;
    return false;
}

static void note_shape(struct shape_news *news, const struct shape *shape)
{
    const struct shape *last = news->shape_count ? news->shapes[news->shape_count - 1] : NULL;

    if (!last || strcmp(last->id, shape->id) != 0)
        news->shapes[news->shape_count++] = shape;
    news->events += shape->events;
    if (!news->first_seen_ms || shape->first_seen_ms < news->first_seen_ms)
        news->first_seen_ms = shape->first_seen_ms;
}

/* One type's shapes; false: no memory. */
static bool look_at_type(struct shapes *shapes, struct span seen)
{
    struct span baseline = find_type(&shapes->baseline, seen.items[0].type);
    struct shape_news news = {.type = seen.items[0].type, .is_new_type = baseline.count == 0};

    news.shapes = arena_alloc(&shapes->arena, (seen.count + 1) * sizeof(*news.shapes));
    if (!news.shapes)
        return false;
    shapes->types_seen++;
    for (size_t i = 0; i < seen.count; i++) {
        shapes->shapes_seen += i == 0 || strcmp(seen.items[i].id, seen.items[i - 1].id) != 0;
        if (!has_shape(baseline, seen.items[i].id))
            note_shape(&news, &seen.items[i]);
    }
    if (news.shape_count == 0)
        return true;
    if (!compare_type(shapes, &news, baseline))
        return false;
    shapes->news[shapes->news_count++] = news;
    return true;
}

bool shapes_compare(struct shapes *shapes)
{
    bool ok;

    shapes->news = arena_alloc(&shapes->arena, (shapes->seen.count + 1) * sizeof(*shapes->news));
    ok = shapes->news != NULL;
    for (size_t at = 0; ok && at < shapes->seen.count;)
        ok = look_at_type(shapes, next_type(&shapes->seen, &at));
    shapes->has_news = ok;
    return ok;
}
