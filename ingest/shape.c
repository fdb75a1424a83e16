#include "ingest/shape.h"

#include "core/json.h"
#include "ingest/shape_walk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TYPES_MOST = 1000, /* event types; what comes later is told apart no more: "other" */
    TEXTS_BYTES = 32 * 1024 * 1024, /* of all shapes; beyond it no new one is taken in */
    TEXT_MOST_BYTES = 256 * 1024,
};

struct known {
    uint64_t fingerprint;
    char hash[SHAPE_HASH_DIGITS + 1];
    uint64_t count; /* this run */
    int64_t first_seen_us;
    char *text; /* "path:type" lines */
};

struct type {
    char *name;
    struct known *shapes;
    size_t count, room;
    uint64_t others; /* events of shapes that there was no room for */
    struct series *known, *fresh;
};

struct shapes {
    const struct config_shapes *options;
    struct ledger *ledger;
    struct metrics *metrics;
    pthread_mutex_t lock; /* of what follows */
    struct type **types;  /* by name */
    size_t count, room;
    size_t text_bytes;
};

/* -- what is known; locked by the caller ----------------------------------------------------- */

/* Where it is, or where it would be. */
static size_t type_place(const struct shapes *shapes, const char *name)
{
    size_t from = 0, to = shapes->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(shapes->types[middle]->name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void type_free(struct type *type)
{
    for (size_t i = 0; i < type->count; i++)
        free(type->shapes[i].text);
    free(type->shapes);
    free(type->name);
    free(type);
}

/* Makes room for one more, by doubling. */
static bool grow(void **list, size_t count, size_t *room, size_t each_bytes)
{
    size_t wanted = *room ? 2 * *room : 4;
    void *grown;

    if (count < *room)
        return true;
    grown = reallocarray(*list, wanted, each_bytes);
    if (!grown)
        return false;
    *list = grown;
    *room = wanted;
    return true;
}

static struct type *type_add(struct shapes *shapes, size_t place, const char *name)
{
    struct type *type = calloc(1, sizeof(*type));

    if (!type)
        return NULL;
    type->name = strdup(name);
    if (!type->name ||
        !grow((void **)&shapes->types, shapes->count, &shapes->room, sizeof(struct type *))) {
        type_free(type);
        return NULL;
    }
    type->known = metrics_series(shapes->metrics, METRIC_SHAPES, name, NULL);
    type->fresh = metrics_series(shapes->metrics, METRIC_NEW_SHAPES, name, NULL);
    memmove(shapes->types + place + 1, shapes->types + place,
            (shapes->count - place) * sizeof(struct type *));
    shapes->types[place] = type;
    shapes->count++;
    return type;
}

/* NULL: no memory. */
static struct type *type_find(struct shapes *shapes, const char *name)
{
    size_t place = type_place(shapes, name);

    if (place < shapes->count && strcmp(shapes->types[place]->name, name) == 0)
        return shapes->types[place];
    if (shapes->count < TYPES_MOST || strcmp(name, "other") == 0)
        return type_add(shapes, place, name);
    return type_find(shapes, "other");
}

static struct known *known_find(const struct type *type, uint64_t fingerprint)
{
    for (size_t i = 0; i < type->count; i++)
        if (type->shapes[i].fingerprint == fingerprint)
            return &type->shapes[i];
    return NULL;
}

static bool has_room(const struct shapes *shapes, const struct type *type)
{
    return (int64_t)type->count < shapes->options->per_type && shapes->text_bytes < TEXTS_BYTES;
}

/* False: there is no room, or no memory. */
static bool known_add(struct shapes *shapes, struct type *type, const struct known *shape,
                      const char *text)
{
    char *copy;

    if (!has_room(shapes, type) ||
        !grow((void **)&type->shapes, type->count, &type->room, sizeof(*type->shapes)))
        return false;
    copy = strdup(text);
    if (!copy)
        return false;
    type->shapes[type->count] = *shape;
    type->shapes[type->count++].text = copy;
    shapes->text_bytes += strlen(text);
    series_set(type->known, (double)type->count);
    return true;
}

/* -- life cycle ------------------------------------------------------------------------------ */

static void load_one(void *context, const char *name, const char *hash, const char *fields,
                     const char *sample, size_t sample_bytes, int64_t first_seen_us)
{
    struct shapes *shapes = context;
    struct known shape = {.fingerprint = shape_text_fingerprint(fields),
                          .first_seen_us = first_seen_us};
    struct type *type = type_find(shapes, name);

    (void)sample;
    (void)sample_bytes;
    snprintf(shape.hash, sizeof(shape.hash), "%s", hash);
    /* Without room for it, it will be among the others when it comes. */
    if (type && !known_find(type, shape.fingerprint))
        (void)known_add(shapes, type, &shape, fields);
}

struct shapes *shapes_new(const struct config_shapes *options, struct ledger *ledger,
                          struct metrics *metrics, struct error *error)
{
    struct shapes *shapes = calloc(1, sizeof(*shapes));

    if (!shapes) {
        error_no_memory(error);
        return NULL;
    }
    shapes->options = options;
    shapes->ledger = ledger;
    shapes->metrics = metrics;
    pthread_mutex_init(&shapes->lock, NULL);
    if (ledger_shapes(ledger, load_one, shapes, error))
        return shapes;
    shapes_free(shapes);
    return NULL;
}

void shapes_free(struct shapes *shapes)
{
    if (!shapes)
        return;
    for (size_t i = 0; i < shapes->count; i++)
        type_free(shapes->types[i]);
    free(shapes->types);
    pthread_mutex_destroy(&shapes->lock);
    free(shapes);
}

/* -- looking --------------------------------------------------------------------------------- */

/* Counts an event whose shape is known, or that there is no room for; false: it is new. */
static bool count_known(struct shapes *shapes, const char *name, uint64_t fingerprint)
{
    struct known *shape = NULL;
    struct type *type;
    bool settled = true;

    pthread_mutex_lock(&shapes->lock);
    type = type_find(shapes, name);
    if (type)
        shape = known_find(type, fingerprint);
    if (shape)
        shape->count++;
    else if (type && has_room(shapes, type))
        settled = false;
    else if (type)
        type->others++;
    pthread_mutex_unlock(&shapes->lock);
    return settled;
}

/* True when it was new; *kept_name is then the type that it is kept under. */
static bool take_in(struct shapes *shapes, const char *name, const struct known *shape,
                    const char *text, const char **kept_name)
{
    struct known *there;
    struct type *type;
    bool fresh = false;

    pthread_mutex_lock(&shapes->lock);
    type = type_find(shapes, name);
    there = type ? known_find(type, shape->fingerprint) : NULL;
    if (there) /* another thread was faster */
        there->count++;
    else if (type && known_add(shapes, type, shape, text))
        fresh = true;
    else if (type)
        type->others++;
    if (fresh) {
        series_add(type->fresh, 1);
        *kept_name = type->name; /* never freed while there are shapes */
    }
    pthread_mutex_unlock(&shapes->lock);
    return fresh;
}

/* Cut to the configured size, not in the middle of a character. */
static size_t sample_length(const struct shapes *shapes, const char *sample, size_t length_bytes)
{
    size_t most = (size_t)shapes->options->sample_bytes;

    if (length_bytes <= most)
        return length_bytes;
    while (most > 0 && ((unsigned char)sample[most] & 0xc0) == 0x80)
        most--;
    return most;
}

void shapes_look(struct shapes *shapes, const char *type, const json_t *fields, const char *sample,
                 size_t sample_bytes, int64_t now_us)
{
    struct known shape = {.count = 1, .first_seen_us = now_us};
    const char *kept_name;
    struct buf text;

    if (!fields || !shape_fingerprint(fields, &shape.fingerprint) ||
        count_known(shapes, type, shape.fingerprint))
        return;
    buf_init(&text, TEXT_MOST_BYTES);
    if (shape_of(fields, &text, shape.hash) &&
        take_in(shapes, type, &shape, buf_text(&text), &kept_name))
        ledger_shape(shapes->ledger, kept_name, shape.hash, buf_text(&text), sample,
                     sample_length(shapes, sample, sample_bytes), now_us);
    buf_release(&text);
}

/* -- showing --------------------------------------------------------------------------------- */

static json_t *lines_json(const char *text)
{
    json_t *lines = json_array();

    while (lines && *text) {
        size_t length = strcspn(text, "\n");
        if (json_array_append_new(lines, json_stringn(text, length)) != 0) {
            json_decref(lines);
            return NULL;
        }
        text += length + (text[length] == '\n');
    }
    return lines;
}

static bool add_shape(json_t *list, const struct type *type, const struct known *shape)
{
    /* A name may have been cut in the middle of a character: then it stands as "?". */
    json_t *name = json_string(type->name);
    json_t *one =
        json_pack("{s:o, s:s, s:I, s:I, s:o}", "type", name ? name : json_string("?"), "hash",
                  shape->hash, "count", (json_int_t)shape->count, "first_seen_ms",
                  (json_int_t)(shape->first_seen_us / 1000), "fields", lines_json(shape->text));

    return json_array_append_new(list, one) == 0;
}

/* Those that there was no room for, as one. */
static bool add_others(json_t *list, const struct type *type)
{
    char none[] = "";
    struct known others = {.hash = "other", .count = type->others, .text = none};

    return type->others == 0 || add_shape(list, type, &others);
}

json_t *shapes_json(struct shapes *shapes)
{
    json_t *list = json_array();
    bool ok = list != NULL;

    pthread_mutex_lock(&shapes->lock);
    for (size_t i = 0; ok && i < shapes->count; i++) {
        const struct type *type = shapes->types[i];
        for (size_t k = 0; ok && k < type->count; k++)
            ok = add_shape(list, type, &type->shapes[k]);
        ok = ok && add_others(list, type);
    }
    pthread_mutex_unlock(&shapes->lock);
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}
