/* A sink's compatibility map. */
#include "ingest/config_keys.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MOST_BYTES = 4096, REAL_DIGITS = 15 /* as many as any decimal is kept with */ };

/* -- a default's value --------------------------------------------------------------------------
 */

static json_t *value_read(const struct spec_reader *reader, const struct yaml_node *node);

static json_t *scalar_read(const struct spec_reader *reader, const struct yaml_node *node)
{
    int64_t whole;
    double real;

    if (node->plain && yaml_is_ambiguous(node->text)) {
        diag_add(reader->diags, "yaml-ambiguous", spec_place(reader, node),
                 "put it in quotes to make it text, or write true, false or a plain number",
                 "unquoted \"%s\" means one thing to some tools and another to others", node->text);
        return NULL;
    }
    switch (yaml_type(node->text, node->plain)) {
    case YAML_NULL:
        return json_null();
    case YAML_BOOL:
        return json_boolean(yaml_truth(node->text));
    case YAML_INT:
        if (yaml_integer(node->text, &whole))
            return json_integer(whole);
        break;
    case YAML_FLOAT:
        if (yaml_real(node->text, &real))
            return json_real(real);
        break;
    case YAML_TEXT:
        return json_string(node->text);
    }
    diag_add(reader->diags, "out-of-range", spec_place(reader, node),
             "put it in quotes to make it text", "\"%s\" is no number that JSON can hold",
             node->text);
    return NULL;
}

/* A list or mapping; NULL when something in it is wrong. */
static json_t *container_read(const struct spec_reader *reader, const struct yaml_node *node)
{
    bool list = node->kind == YAML_SEQUENCE;
    json_t *container = list ? json_array() : json_object();
    bool ok = container != NULL;

    for (struct yaml_walk walk = yaml_walk(node); ok && yaml_next(&walk);) {
        json_t *value = value_read(reader, walk.value);
        ok = (list ? json_array_append_new(container, value)
                   : json_object_set_new(container, walk.key->text, value)) == 0;
    }
    if (ok)
        return container;
    json_decref(container);
    return NULL;
}

static json_t *value_read(const struct spec_reader *reader, const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR ? scalar_read(reader, node) : container_read(reader, node);
}

static bool default_read(const struct spec_reader *reader, const struct yaml_node *node,
                         const char **out)
{
    size_t errors = reader->diags->errors;
    json_t *value = value_read(reader, node);
    char *text =
        value ? json_write(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS))
              : NULL;

    if (text && strlen(text) > VALUE_MOST_BYTES)
        diag_add(reader->diags, "out-of-range", spec_place(reader, node), NULL,
                 "a default has at most %d bytes, as JSON", VALUE_MOST_BYTES);
    else if (text)
        *out = arena_text(reader->arena, text);
    if (!*out && reader->diags->errors == errors)
        reader->diags->no_memory = true;
    free(text);
    json_decref(value);
    return *out;
}

/* -- one rule -----------------------------------------------------------------------------------
 */

/* Room for as many as the node has, and one; NULL: no memory. */
static void *entries_new(const struct spec_reader *reader, const struct yaml_node *node,
                         size_t size)
{
    void *entries = arena_alloc(reader->arena, ((node ? node->count : 0) + 1) * size);

    if (!entries)
        reader->diags->no_memory = true;
    return entries;
}

static bool is_below(const char *path, const char *other)
{
    size_t length = strlen(other);

    return strncmp(path, other, length) == 0 && (path[length] == '.' || path[length] == '\0');
}

static bool renames_read(const struct spec_reader *reader, const struct yaml_node *map,
                         struct config_compat *out)
{
    struct config_rename *renames = entries_new(reader, map, sizeof(*renames));
    bool ok = renames != NULL;

    if (!map || !renames)
        return ok;
    for (struct yaml_walk walk = yaml_walk(map); yaml_next(&walk);) {
        struct config_rename *rename = &renames[out->rename_count++];
        rename->from = walk.key->text;
        ok &= config_read_name(reader, &config_compat_path, walk.key);
        ok &= spec_read_value(reader, &config_compat_path, walk.value, &rename->to);
        if (rename->to && is_below(rename->to, rename->from)) {
            diag_add(reader->diags, "bad-value", spec_place(reader, walk.value), NULL,
                     "\"%s\" cannot be moved to \"%s\": it is there already", rename->from,
                     rename->to);
            ok = false;
        }
    }
    out->renames = renames;
    return ok;
}

static bool defaults_read(const struct spec_reader *reader, const struct yaml_node *map,
                          struct config_compat *out)
{
    struct config_default *defaults = entries_new(reader, map, sizeof(*defaults));
    bool ok = defaults != NULL;

    if (!map || !defaults)
        return ok;
    for (struct yaml_walk walk = yaml_walk(map); yaml_next(&walk);) {
        struct config_default *fallback = &defaults[out->default_count++];
        fallback->path = walk.key->text;
        ok &= config_read_name(reader, &config_compat_path, walk.key);
        ok &= default_read(reader, walk.value, &fallback->value);
    }
    out->defaults = defaults;
    return ok;
}

static bool drops_read(const struct spec_reader *reader, const struct yaml_node *list,
                       struct config_compat *out)
{
    const char **drops = entries_new(reader, list, sizeof(*drops));
    bool ok = drops != NULL;

    if (!list || !drops)
        return ok;
    for (struct yaml_walk walk = yaml_walk(list); yaml_next(&walk);)
        ok &= spec_read_value(reader, &config_compat_path, walk.value, &drops[out->drop_count++]);
    out->drops = drops;
    return ok;
}

static bool rule_read(const struct spec_reader *reader, const struct yaml_node *node,
                      struct config_compat *out)
{
    struct compat_keys keys = {.type = NULL};
    bool ok = spec_read(reader, &config_compat_spec, node, &keys);

    ok &= renames_read(reader, keys.renames, out);
    ok &= defaults_read(reader, keys.defaults, out);
    ok &= drops_read(reader, keys.drops, out);
    out->type = keys.type;
    if (!ok || out->rename_count + out->default_count + out->drop_count > 0)
        return ok;
    diag_add(reader->diags, "missing-key", spec_place(reader, node),
             "rename: {from: to}, default: {path: value} or drop: [path]",
             "the compatibility rule changes nothing");
    return false;
}

bool config_read_compat(const struct spec_reader *reader, const struct yaml_node *list,
                        struct config_sink *out)
{
    struct config_compat *rules = entries_new(reader, list, sizeof(*rules));
    bool ok = rules != NULL;

    if (!list || !rules)
        return ok;
    for (struct yaml_walk walk = yaml_walk(list); yaml_next(&walk);)
        ok &= rule_read(reader, walk.value, &rules[out->compat_count++]);
    out->compat = rules;
    return ok;
}
