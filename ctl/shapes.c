#include "ctl/shapes.h"

#include "core/digest.h"
#include "core/json.h"

#include <stdlib.h>
#include <string.h>

void shapes_init(struct shapes *shapes)
{
    *shapes = (struct shapes){.path = NULL};
    arena_init(&shapes->arena);
}

void shapes_release(struct shapes *shapes)
{
    free(shapes->seen.items);
    free(shapes->baseline.items);
    arena_release(&shapes->arena);
    shapes_init(shapes);
}

/* -- one shape ----------------------------------------------------------------------------------
 */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "path:type", both of them something. */
static bool is_field(const char *text)
{
    const char *colon = strrchr(text, ':');

    return colon && colon > text && colon[1] && !strchr(text, '\n');
}

static bool copy_fields(struct shapes *shapes, struct shape *shape, const char *const *fields,
                        size_t count, struct error *error)
{
    size_t kept = 0;

    shape->fields = arena_alloc(&shapes->arena, (count + 1) * sizeof(*shape->fields));
    if (!shape->fields)
        return error_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (!is_field(fields[i]))
            return error_set(error, ERROR_FAILED, "\"%s\" is no field of a shape", fields[i]);
        shape->fields[i] = arena_text(&shapes->arena, fields[i]);
        if (!shape->fields[i])
            return error_no_memory(error);
    }
    qsort(shape->fields, count, sizeof(*shape->fields), compare_texts);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(shape->fields[i], shape->fields[kept - 1]) != 0)
            shape->fields[kept++] = shape->fields[i];
    shape->field_count = kept;
    return true;
}

/* The endpoints make it of the same text: one field a line. */
static bool make_id(struct shapes *shapes, struct shape *shape)
{
    char id[SHAPE_ID_DIGITS + 1];
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < shape->field_count; i++)
        buf_printf(&text, "%s\n", shape->fields[i]);
    shape->id = !text.failed && digest_hex(buf_text(&text), text.length, SHAPE_ID_DIGITS, id)
                    ? arena_text(&shapes->arena, id)
                    : NULL;
    buf_release(&text);
    return shape->id;
}

struct shape *shapes_add(struct shapes *shapes, struct shape_list *list, const char *type,
                         const char *const *fields, size_t count, struct error *error)
{
    struct shape shape = {.type = arena_text(&shapes->arena, type)};

    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        struct shape *items = reallocarray(list->items, room, sizeof(*items));
        if (!items) {
            error_no_memory(error);
            return NULL;
        }
        list->items = items;
        list->room = room;
    }
    if (!copy_fields(shapes, &shape, fields, count, error))
        return NULL;
    if (!shape.type || !make_id(shapes, &shape)) {
        error_no_memory(error);
        return NULL;
    }
    list->items[list->count] = shape;
    return &list->items[list->count++];
}

static int compare_shapes(const void *a, const void *b)
{
    const struct shape *x = a, *y = b;
    int order = strcmp(x->type, y->type);

    order = order ? order : strcmp(x->id, y->id);
    return order || !x->endpoint || !y->endpoint ? order : strcmp(x->endpoint, y->endpoint);
}

void shapes_sort(struct shape_list *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), compare_shapes);
}

/* -- what an endpoint answered ------------------------------------------------------------------
 */

static int64_t number_at(const json_t *object, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(object, name));

    return number > 0 ? number : 0;
}

static bool read_one(struct shapes *shapes, const char *endpoint, const char *type,
                     const json_t *one, struct error *error)
{
    const json_t *fields = json_object_get(one, "fields");
    size_t count = json_array_size(fields);
    const char **texts = calloc(count + 1, sizeof(*texts));
    struct shape *shape = NULL;
    bool ok = texts || error_no_memory(error);

    for (size_t i = 0; ok && i < count; i++) {
        texts[i] = json_string_value(json_array_get(fields, i));
        ok = texts[i] || error_set(error, ERROR_FAILED, "a field of a shape is no text");
    }
    if (ok)
        shape = shapes_add(shapes, &shapes->seen, type, texts, count, error);
    if (shape) {
        shape->endpoint = endpoint;
        shape->first_seen_ms = number_at(one, "first_seen_ms");
        shape->events = number_at(one, "count");
    }
    free(texts);
    return shape;
}

bool shapes_read(struct shapes *shapes, const char *endpoint, const char *body, size_t length_bytes,
                 int64_t *others, struct error *error)
{
    json_t *answer = json_read(body, length_bytes, 0, NULL);
    const json_t *list = json_object_get(answer, "shapes");
    bool ok = json_is_array(list) || error_set(error, ERROR_FAILED, "its answer has no shapes");

    *others = 0;
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *type = json_text(one, "type"), *hash = json_text(one, "hash");
        ok = (type && hash && json_is_array(json_object_get(one, "fields"))) ||
             error_set(error, ERROR_FAILED, "a shape in its answer lacks type, hash or fields");
        if (ok && strcmp(hash, "other") == 0)
            *others += number_at(one, "count");
        else
            ok = ok && read_one(shapes, endpoint, type, one, error);
    }
    json_decref(answer);
    return ok;
}
