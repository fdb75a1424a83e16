#include "ctl/baseline.h"

#include "core/file.h"
#include "core/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 * 1024 * 1024, NEW_FILE_MODE = 0644 };

static const char format[] = "eventctl/shapes/v1", usual_name[] = "shapes.json";

bool baseline_find(struct shapes *shapes, const struct options *options, struct error *error)
{
    const char *manifest = options->files.count > 0 ? options->files.items[0] : "";
    const char *slash = strrchr(manifest, '/');
    struct stat status;

    if (options->baseline)
        shapes->path = arena_text(&shapes->arena, options->baseline);
    else if (stat(manifest, &status) == 0 && S_ISDIR(status.st_mode))
        shapes->path = arena_printf(&shapes->arena, "%s/%s", manifest, usual_name);
    else
        shapes->path = arena_printf(&shapes->arena, "%.*s%s",
                                    slash ? (int)(slash + 1 - manifest) : 0, manifest, usual_name);
    return shapes->path || error_no_memory(error);
}

/* -- reading ------------------------------------------------------------------------------------
 */

static bool read_shape(struct shapes *shapes, const char *type, const char *id,
                       const json_t *fields, struct error *error)
{
    size_t count = json_array_size(fields);
    const char **texts = calloc(count + 1, sizeof(*texts));
    const struct shape *shape = NULL;
    bool ok = texts || error_no_memory(error);

    ok = ok && (json_is_array(fields) ||
                error_set(error, ERROR_INVALID, "shape %s of %s is no list of fields", id, type));
    for (size_t i = 0; ok && i < count; i++) {
        texts[i] = json_string_value(json_array_get(fields, i));
        ok = texts[i] ||
             error_set(error, ERROR_INVALID, "a field of shape %s of %s is no text", id, type);
    }
    if (ok)
        shape = shapes_add(shapes, &shapes->baseline, type, texts, count, error);
    if (shape && strcmp(shape->id, id) != 0)
        error_set(error, ERROR_INVALID, "the fields of shape %s of %s make another one, %s", id,
                  type, shape->id);
    free(texts);
    return error->code == ERROR_NONE;
}

static bool read_types(struct shapes *shapes, const json_t *types, struct error *error)
{
    const char *type, *id;
    json_t *known, *fields;

    json_object_foreach((json_t *)types, type, known)
    {
        if (!json_is_object(known))
            return error_set(error, ERROR_INVALID, "what it has of %s are no shapes", type);
        json_object_foreach(known, id,
                            fields) if (!read_shape(shapes, type, id, fields, error)) return false;
    }
    return true;
}

static bool read_text(struct shapes *shapes, const struct buf *text, struct error *error)
{
    json_error_t why = {.line = -1};
    json_t *file = json_read(buf_text(text), text->length, JSON_REJECT_DUPLICATES, &why);
    const char *its_format = json_text(file, "format");
    const json_t *types = json_object_get(file, "types");
    bool ok = true;

    if (!file)
        ok = error_set(error, ERROR_INVALID, "line %d, column %d: %s", why.line, why.column,
                       why.text);
    else if (!its_format || strcmp(its_format, format) != 0 || !json_is_object(types))
        ok = error_set(error, ERROR_INVALID, "it is no baseline of shapes (\"format\": \"%s\")",
                       format);
    ok = ok && read_types(shapes, types, error);
    json_decref(file);
    return ok;
}

bool baseline_read(struct shapes *shapes, struct error *error)
{
    struct buf text;
    bool ok;

    if (access(shapes->path, F_OK) != 0)
        return true; /* what is in the way of it is told when it is written */
    buf_init(&text, FILE_MAX_BYTES);
    ok = file_read(shapes->path, &text, error);
    if (ok && !read_text(shapes, &text, error)) {
        error->code = error->code == ERROR_FAILED ? ERROR_INVALID : error->code;
        ok = error_wrap(error, "%s", shapes->path);
    }
    buf_release(&text);
    shapes->has_baseline = ok;
    shapes_sort(&shapes->baseline);
    return ok;
}

/* -- writing ------------------------------------------------------------------------------------
 */

/* False: no memory. */
static bool add_shape(json_t *types, const struct shape *shape)
{
    json_t *known = json_object_get(types, shape->type), *fields = json_array();

    if (!known && json_object_set_new(types, shape->type, known = json_object()) != 0)
        known = NULL;
    for (size_t i = 0; i < shape->field_count; i++)
        if (json_array_append_new(fields, json_string(shape->fields[i])) != 0) {
            json_decref(fields);
            fields = NULL;
        }
    return json_object_set_new(known, shape->id, fields) == 0;
}

/* The whole file's text, to be freed; NULL: no memory. */
static char *make_text(const struct shapes *shapes)
{
    json_t *types = json_object();
    json_t *file = json_pack("{s:s, s:O}", "format", format, "types", types);
    bool ok = file != NULL;
    char *text;

    for (size_t i = 0; ok && i < shapes->baseline.count; i++)
        ok = add_shape(types, &shapes->baseline.items[i]);
    for (size_t i = 0; i < shapes->news_count; i++)
        for (size_t j = 0; ok && j < shapes->news[i].shape_count; j++)
            ok = add_shape(types, shapes->news[i].shapes[j]);
    text = ok ? json_write(file, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    json_decref(file);
    json_decref(types);
    return text;
}

bool baseline_write(struct shapes *shapes, struct error *error)
{
    struct stat before;
    mode_t mode = stat(shapes->path, &before) == 0 ? before.st_mode & 0777 : NEW_FILE_MODE;
    char *text = make_text(shapes);
    size_t length = text ? strlen(text) : 0;

    if (!text)
        return error_no_memory(error);
    text[length] = '\n'; /* in the place of its NUL */
    shapes->written = file_replace(shapes->path, text, length + 1, error);
    free(text);
    if (shapes->written)
        (void)!chmod(shapes->path, mode); /* it is no secret, and others build with it */
    return shapes->written;
}
