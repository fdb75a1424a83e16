#include "ingest/config.h"

#include "core/yaml.h"
#include "ingest/config_keys.h"

#include <string.h>

void config_init(struct config *config)
{
    memset(config, 0, sizeof(*config));
    arena_init(&config->arena);
}

void config_release(struct config *config)
{
    arena_release(&config->arena);
    config_init(config);
}

const struct config_sink *config_find_sink(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->sink_count; i++)
        if (strcmp(config->sinks[i].name, name) == 0)
            return &config->sinks[i];
    return NULL;
}

/* Zeroed, one for each entry of the mapping; what is wrong has its place in it all the same. */
static void *new_entries(const struct spec_reader *reader, const struct yaml_node *map, size_t size)
{
    void *entries = arena_alloc(reader->arena, ((map ? map->count : 0) + 1) * size);

    if (!entries)
        reader->diags->no_memory = true;
    return entries;
}

static bool read_sources(const struct spec_reader *reader, const struct yaml_node *map,
                         struct config *out)
{
    struct config_source *sources = new_entries(reader, map, sizeof(*sources));
    bool ok = sources != NULL;

    if (!map || !sources)
        return ok;
    for (struct yaml_walk walk = yaml_walk(map); yaml_next(&walk);)
        ok &= config_read_source(reader, walk.key, walk.value, &sources[out->source_count++]);
    out->sources = sources;
    return ok;
}

static bool read_sinks(const struct spec_reader *reader, const struct yaml_node *map,
                       struct config *out)
{
    struct config_sink *sinks = new_entries(reader, map, sizeof(*sinks));
    bool ok = sinks != NULL;

    if (!map || !sinks)
        return ok;
    for (struct yaml_walk walk = yaml_walk(map); yaml_next(&walk);)
        ok &= config_read_sink(reader, walk.key, walk.value, &sinks[out->sink_count++]);
    out->sinks = sinks;
    return ok;
}

static bool read_subscriptions(const struct spec_reader *reader, const struct yaml_node *map,
                               struct config *out)
{
    struct config_subscription *entries = new_entries(reader, map, sizeof(*entries));
    bool ok = entries != NULL;

    if (!map || !entries)
        return ok;
    for (struct yaml_walk walk = yaml_walk(map); yaml_next(&walk);)
        ok &= config_read_subscription(reader, walk.key, walk.value,
                                       &entries[out->subscription_count++]);
    out->subscriptions = entries;
    return ok;
}

static bool read_root(const struct spec_reader *reader, const struct yaml_node *root,
                      struct config *out)
{
    struct config_keys keys = {.api_version = 0};
    bool ok = spec_read(reader, &config_spec, root, &keys);

    if (root->kind != YAML_MAPPING)
        return false;
    /* a value that is wrong is not missing as well */
    ok = ok && spec_require(reader, &config_spec, 0, &keys, (struct place){reader->source, 1, 1});
    ok &= spec_fall_back(reader, &config_spec, 0, &keys);
    keys.out.listen.plaintext = keys.plaintext == 1;
    ok &= read_sources(reader, keys.sources, &keys.out);
    ok &= read_sinks(reader, keys.sinks, &keys.out);
    ok &= read_subscriptions(reader, keys.subscriptions, &keys.out);
    ok = ok && config_check(reader, root, &keys.out);
    keys.out.arena = *reader->arena;
    *out = keys.out;
    return ok;
}

bool config_read(struct config *config, const struct source *source, struct diag_list *diags)
{
    struct spec_reader reader = {.source = source, .arena = &config->arena, .diags = diags};
    size_t errors = diags->errors;
    struct yaml yaml;
    bool ok;

    yaml_init(&yaml);
    ok = yaml_read(&yaml, source, &config->arena, diags) && read_root(&reader, yaml.nodes, config);
    ok = ok && diags->errors == errors && !diags->no_memory;
    yaml_release(&yaml);
    if (!ok)
        config_release(config);
    return ok;
}
