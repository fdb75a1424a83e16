/* One source of the configuration. */
#include "ingest/config_keys.h"

#include "ingest/config_network.h"

#include <string.h>

bool config_read_name(const struct spec_reader *reader, const struct spec_key *key,
                      const struct yaml_node *node)
{
    /* a name is a text, whatever it looks like: 2024 as well as no */
    struct yaml_node quoted = *node;
    const char *text;

    quoted.plain = false;
    return spec_read_value(reader, key, &quoted, &text);
}

struct place config_place(const struct spec_reader *reader, const struct yaml_node *mapping,
                          const char *key)
{
    const struct yaml_node *value = yaml_find(mapping, key);

    return spec_place(reader, value ? value : mapping);
}

/* An array of as many elements as the node has, at least one; NULL: no memory. */
static void *new_array(const struct spec_reader *reader, const struct yaml_node *node, size_t size)
{
    void *array = arena_alloc(reader->arena, ((node ? node->count : 0) + 1) * size);

    if (!array)
        reader->diags->no_memory = true;
    return array;
}

static bool read_keys(const struct spec_reader *reader, const struct yaml_node *node,
                      struct config_source *out)
{
    struct config_key *keys = new_array(reader, node, sizeof(*keys));
    bool ok = keys != NULL;

    for (struct yaml_walk walk = yaml_walk(node); keys && yaml_next(&walk);) {
        struct config_key *key = &keys[out->key_count++];
        const char *text = NULL;
        ok &= config_read_name(reader, &config_key_id, walk.key);
        ok &= spec_read_value(reader, &config_key_file, walk.value, &text);
        key->id = walk.key->text;
        key->file = out->scheme == SCHEME_MTLS ? NULL : text;
        key->name = out->scheme == SCHEME_MTLS ? text : NULL;
    }
    out->keys = keys;
    return ok;
}

static bool read_networks(const struct spec_reader *reader, const struct yaml_node *node,
                          struct config_source *out)
{
    struct config_network *networks = new_array(reader, node, sizeof(*networks));
    bool ok = networks != NULL;

    if (!node || !networks)
        return ok;
    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        const char *text;
        ok &= spec_read_value(reader, &config_network_key, walk.value, &text) &&
              config_network_read(text, &networks[out->network_count++]);
    }
    out->networks = networks;
    return ok;
}

/* What depends on the scheme when it is left out. */
static void fill_by_scheme(struct config_source *source)
{
    const struct config_scheme_row *row = &config_scheme_table[source->scheme];

    if (!source->header)
        source->header = row->header ? row->header : "";
    if (!source->prefix)
        source->prefix = row->prefix;
    if (!source->signed_text)
        source->signed_text = row->signed_text;
    if (!source->subscription)
        source->subscription = source->name;
}

/* A signature that is good for ever would be one that can be sent again for ever. */
static bool check_signed_time(const struct spec_reader *reader, const struct yaml_node *node,
                              const struct config_source *source)
{
    bool needed = source->scheme == SCHEME_SIGNATURE;

    if (!source->signed_text || !!strstr(source->signed_text, "{t}") == needed)
        return true;
    diag_add(reader->diags, "bad-value", config_place(reader, node, "signed"),
             needed ? "\"{t}.{body}\"" : "\"{body}\"",
             needed ? "%s must sign its timestamp {t} as well" : "%s has no timestamp {t} to sign",
             config_scheme_word(source->scheme));
    return false;
}

/* Public keys may all be published; secrets and names of certificates are never. */
static bool check_has_key(const struct spec_reader *reader, const struct config_source *source,
                          struct place place)
{
    if (source->key_count > 0 || source->scheme == SCHEME_SIGNATURE)
        return true;
    diag_add(reader->diags, "missing-key", place, "key id → file", "%s needs \"keys\"",
             config_scheme_word(source->scheme));
    return false;
}

bool config_read_source(const struct spec_reader *reader, const struct yaml_node *name,
                        const struct yaml_node *node, struct config_source *out)
{
    struct source_keys keys = {.keys = NULL};
    struct place place = spec_place(reader, name);
    bool ok;

    ok = config_read_name(reader, &config_name, name);
    ok &= spec_read(reader, &config_source_spec, node, &keys);
    keys.out.name = name->text;
    if (node->kind == YAML_MAPPING && keys.out.scheme >= 0) {
        unsigned kind = (unsigned)keys.out.scheme;
        ok = ok && spec_require(reader, &config_source_spec, kind, &keys, place);
        ok &=
            spec_check_kind(reader, &config_source_spec, kind, config_scheme_word((int)kind), node);
        ok &= spec_fall_back(reader, &config_source_spec, kind, &keys);
        ok &= check_signed_time(reader, node, &keys.out);
        fill_by_scheme(&keys.out);
    } else {
        ok = ok && spec_require(reader, &config_source_spec, 0, &keys, place);
    }
    if (keys.keys)
        ok &= read_keys(reader, keys.keys, &keys.out);
    if (ok && node->kind == YAML_MAPPING && keys.out.scheme >= 0)
        ok &= check_has_key(reader, &keys.out, place);
    ok &= read_networks(reader, keys.networks, &keys.out);
    *out = keys.out;
    return ok;
}
