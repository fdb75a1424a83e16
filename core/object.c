#include "core/object.h"

#include "core/digest.h"
#include "core/json.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD_TEXT_MAX = 1024 * 1024 };

void object_init(struct object *object)
{
    memset(object, 0, sizeof(*object));
}

static void drop_field(struct object *object, enum field field)
{
    const char *text = object->fields[field];

    if (!object->packed || text < object->packed || text >= object->packed + object->packed_bytes)
        free(object->fields[field]);
    object->fields[field] = NULL;
}

void object_release(struct object *object)
{
    free(object->id);
    free(object->name);
    free(object->topic);
    free(object->health);
    free(object->public_key);
    for (enum field field = 0; field < FIELD_COUNT; field++)
        drop_field(object, field);
    free(object->packed);
    object_init(object);
}

/* Puts the fields' texts into one block. They are many and short, and an object of a list is kept
 * long after the page that it was read from. Without memory they stay as they are. */
static void pack_fields(struct object *object)
{
    size_t bytes = 0;
    char *block, *at;

    for (enum field field = 0; field < FIELD_COUNT; field++)
        bytes += object->fields[field] ? strlen(object->fields[field]) + 1 : 0;
    at = block = object->packed ? NULL : malloc(bytes + 1);
    if (!block)
        return;
    for (enum field field = 0; field < FIELD_COUNT; field++)
        if (object->fields[field]) {
            char *text = object->fields[field];
            object->fields[field] = at;
            at = stpcpy(at, text) + 1;
            free(text);
        }
    object->packed = block;
    object->packed_bytes = bytes;
}

/* Takes the text over. */
static bool set_text(struct object *object, enum field field, char *text)
{
    if (!text)
        return false;
    drop_field(object, field);
    object->fields[field] = text;
    return true;
}

bool object_set(struct object *object, enum field field, const json_t *value)
{
    return set_text(object, field, json_canonical(value));
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool object_set_sorted(struct object *object, enum field field, const json_t *array)
{
    size_t count = json_array_size(array);
    char **elements = calloc(count + 1, sizeof(*elements));
    struct buf out;
    bool ok = elements != NULL;

    buf_init(&out, FIELD_TEXT_MAX);
    for (size_t i = 0; ok && i < count; i++)
        ok = (elements[i] = json_canonical(json_array_get(array, i))) != NULL;
    if (ok) {
        qsort(elements, count, sizeof(*elements), compare_texts);
        buf_add_char(&out, '[');
        for (size_t i = 0; i < count; i++)
            if (i == 0 || strcmp(elements[i], elements[i - 1]) != 0) {
                buf_add_text(&out, i > 0 ? "," : "");
                buf_add_text(&out, elements[i]);
            }
        buf_add_char(&out, ']');
        ok = set_text(object, field, buf_take(&out));
    }
    buf_release(&out);
    for (size_t i = 0; elements && i < count; i++)
        free(elements[i]);
    free(elements);
    return ok;
}

/* A string field from a part of a text. */
static bool set_string(struct object *object, enum field field, const char *text, size_t length)
{
    struct buf out;

    buf_init(&out, FIELD_TEXT_MAX);
    json_add_string(&out, text, length);
    return set_text(object, field, buf_take(&out));
}

bool object_set_description(struct object *object, const char *description)
{
    size_t length;

    marker_parse(description, &object->marker, &length);
    return set_string(object, FIELD_DESCRIPTION, description, length) &&
           object_set(object, FIELD_PROTECT, object->marker.protect ? json_true() : json_false());
}

json_t *object_get(const struct object *object, enum field field)
{
    const char *text = object->fields[field];

    return text ? json_read_text(text) : NULL;
}

bool object_marker(const struct object *object, struct marker *marker)
{
    json_t *text = object_get(object, FIELD_DESCRIPTION);
    size_t units = text ? text_utf16_length(json_string_value(text)) : 0;
    bool ok = text != NULL;

    *marker = object->marker;
    for (enum field field = 0; ok && field < FIELD_COUNT; field++)
        if (object->fields[field] && !marker->hashes[field][0])
            ok = marker_hash(object->fields[field], marker->hashes[field]);
    if (ok && marker->override.until_s) /* what does not fit at all, the service refuses */
        (void)!marker_fit(marker, units < DESCRIPTION_MAX ? DESCRIPTION_MAX - units - 1 : 0);
    json_decref(text);
    return ok;
}

char *object_description(const struct object *object)
{
    json_t *text = object_get(object, FIELD_DESCRIPTION);
    struct marker marker;
    struct buf out;
    bool ok = text && object_marker(object, &marker);

    buf_init(&out, FIELD_TEXT_MAX);
    if (ok) {
        buf_add(&out, json_string_value(text), json_string_length(text));
        if (out.length > 0)
            buf_add_char(&out, ' ');
        marker_add(&out, &marker);
    }
    json_decref(text);
    if (ok)
        return buf_take(&out);
    buf_release(&out);
    return NULL;
}

bool object_fingerprint(const struct object *object, char out[17])
{
    struct buf text;
    bool ok;

    buf_init(&text, (size_t)FIELD_COUNT * FIELD_TEXT_MAX);
    buf_printf(&text, "%d\n%s\n%lld\n", (int)object->via, object->name, (long long)object->version);
    for (enum field field = 0; field < FIELD_COUNT; field++)
        buf_printf(&text, "%s\n", object->fields[field] ? object->fields[field] : "");
    marker_add(&text, &object->marker);
    ok = !text.failed && digest_hex(text.data, text.length, 16, out);
    buf_release(&text);
    return ok;
}

static bool copy_text(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

bool object_copy(struct object *to, const struct object *from)
{
    bool ok;

    object_init(to);
    to->via = from->via;
    to->version = from->version;
    to->marker = from->marker;
    to->subscription = from->subscription;
    to->event = from->event;
    ok = copy_text(&to->id, from->id) && copy_text(&to->name, from->name) &&
         copy_text(&to->topic, from->topic) && copy_text(&to->health, from->health) &&
         copy_text(&to->public_key, from->public_key);
    for (enum field field = 0; ok && field < FIELD_COUNT; field++)
        ok = copy_text(&to->fields[field], from->fields[field]);
    if (!ok)
        object_release(to);
    return ok;
}

static json_t *optional(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *object_to_json(const struct object *object)
{
    json_t *fields = json_object();
    struct buf marker;
    json_t *json;

    for (enum field field = 0; fields && field < FIELD_COUNT; field++)
        if (object->fields[field] &&
            json_object_set_new(fields, field_table[field].name, object_get(object, field)) < 0) {
            json_decref(fields);
            fields = NULL;
        }
    buf_init(&marker, FIELD_TEXT_MAX);
    if (object->marker.present)
        marker_add(&marker, &object->marker);
    json =
        !fields || marker.failed
            ? NULL
            : json_pack("{s:s, s:o, s:s, s:o, s:I, s:o, s:s, s:O}", "via", via_name(object->via),
                        "id", optional(object->id), "name", object->name, "topic",
                        optional(object->topic), "version", (json_int_t)object->version, "health",
                        optional(object->health), "marker", buf_text(&marker), "fields", fields);
    buf_release(&marker);
    json_decref(fields);
    return json;
}

bool object_from_json(struct object *object, const json_t *json, struct error *error)
{
    const char *via = json_text(json, "via"), *name = json_text(json, "name");
    const char *marker = json_text(json, "marker");
    const json_t *fields = json_object_get(json, "fields");
    size_t none;

    object_init(object);
    while (object->via < VIA_COUNT && (!via || strcmp(via, via_name(object->via)) != 0))
        object->via++;
    if (object->via == VIA_COUNT || !name || !marker || !json_is_object(fields))
        return error_set(error, ERROR_INVALID, "an object without via, name, marker or fields");
    marker_parse(marker, &object->marker, &none);
    object->version = json_integer_value(json_object_get(json, "version"));
    bool ok = copy_text(&object->id, json_text(json, "id")) && copy_text(&object->name, name) &&
              copy_text(&object->topic, json_text(json, "topic")) &&
              copy_text(&object->health, json_text(json, "health"));
    for (enum field field = 0; ok && field < FIELD_COUNT; field++) {
        const json_t *value = json_object_get(fields, field_table[field].name);
        if (value)
            ok = object_set(object, field, value);
        else if (field_table[field].by_via[object->via]) {
            object_release(object);
            return error_set(error, ERROR_INVALID, "an object without its field %s",
                             field_table[field].name);
        }
    }
    if (ok)
        return true;
    object_release(object);
    return error_no_memory(error);
}

void object_list_init(struct object_list *list)
{
    *list = (struct object_list){.items = NULL};
}

void object_list_release(struct object_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        object_release(&list->items[i]);
    free(list->items);
    object_list_init(list);
}

bool object_list_add(struct object_list *list, struct object *object)
{
    if (list->count == list->size) {
        size_t size = list->size ? list->size * 2 : 64;
        struct object *grown = reallocarray(list->items, size, sizeof(*grown));
        if (!grown)
            return false;
        list->items = grown;
        list->size = size;
    }
    pack_fields(object);
    list->items[list->count++] = *object;
    object_init(object);
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(const struct object *const *)a)->id, (*(const struct object *const *)b)->id);
}

static int compare_id(const void *id, const void *object)
{
    return strcmp(id, (*(const struct object *const *)object)->id);
}

bool object_index_make(struct object_index *index, const struct object_list *list)
{
    index->count = list->count;
    index->items = calloc(list->count + 1, sizeof(*index->items));
    if (!index->items)
        return false;
    for (size_t i = 0; i < list->count; i++)
        index->items[i] = &list->items[i];
    qsort(index->items, index->count, sizeof(*index->items), compare_ids);
    return true;
}

void object_index_release(struct object_index *index)
{
    free(index->items);
    *index = (struct object_index){.items = NULL};
}

const struct object *object_index_find(const struct object_index *index, const char *id)
{
    const struct object **at =
        bsearch(id, index->items, index->count, sizeof(*index->items), compare_id);

    return at ? *at : NULL;
}
