/* The rules of the configuration that no key can say alone. */
#include "ingest/config_keys.h"

#include "core/text.h"
#include "ingest/config_network.h"

#include <string.h>

struct checking {
    const struct spec_reader *reader;
    const struct yaml_node *root;
    struct config *config;
};

/* Where a key of a group stands: at the group, or the document, when it is left out. */
static struct place place_in(const struct checking *checking, const char *group, const char *key)
{
    const struct yaml_node *node = yaml_find(checking->root, group);

    return config_place(checking->reader, node ? node : checking->root, key);
}

static struct diag_list *diags_of(const struct checking *checking)
{
    return checking->reader->diags;
}

/* --- listeners ------------------------------------------------------------------------------ */

static void check_tls(const struct checking *checking)
{
    const struct config_listen *listen = &checking->config->listen;
    struct diag_list *diags = diags_of(checking);

    if (!listen->certificate != !listen->key)
        diag_add(diags, "missing-key",
                 place_in(checking, "listen", listen->key ? "key" : "certificate"),
                 "both or neither", "listen has a %s, but no %s",
                 listen->key ? "key" : "certificate", listen->key ? "certificate" : "key");
    else if (!listen->certificate && !listen->plaintext)
        diag_add(diags, "missing-key", place_in(checking, "listen", ""),
                 "or plaintext: true, when something in front of ingestd does TLS",
                 "listen needs \"certificate\" and \"key\"");
    else if (listen->certificate && listen->plaintext)
        diag_add(diags, "bad-value", place_in(checking, "listen", "plaintext"), "delete one",
                 "listen has a certificate, and plaintext as well");
    if (listen->client_ca && listen->plaintext)
        diag_add(diags, "bad-value", place_in(checking, "listen", "client_ca"), "delete one",
                 "client certificates need TLS, but listen says plaintext");
}

static bool is_exposed(const char *text)
{
    struct config_address address;

    return config_address_read(text, &address) && !address.loopback;
}

static void warn_of_addresses(const struct checking *checking)
{
    const struct config *config = checking->config;

    if (config->listen.plaintext && is_exposed(config->listen.address))
        diag_add(diags_of(checking), "not-encrypted", place_in(checking, "listen", "address"),
                 "a loopback address, with what does TLS on the same machine",
                 "events are taken without TLS where others could read them");
    if (is_exposed(config->admin.address))
        diag_add(diags_of(checking), "not-encrypted", place_in(checking, "admin", "address"),
                 "a loopback address, and a tunnel or proxy to it",
                 "the admin listener has no TLS: others could read its token");
}

static void check_one_listener(const struct checking *checking)
{
    const struct config *config = checking->config;
    struct config_address events, admin;

    if (config_address_read(config->listen.address, &events) &&
        config_address_read(config->admin.address, &admin) && events.port &&
        events.port == admin.port && strcmp(events.host, admin.host) == 0)
        diag_add(diags_of(checking), "bad-value", place_in(checking, "admin", "address"),
                 "give one of them another port", "events and administrators have the address %s",
                 config->admin.address);
}

/* --- amounts -------------------------------------------------------------------------------- */

static void check_order(const struct checking *checking, const char *group, const char *small_name,
                        int64_t small, const char *large_name, int64_t large)
{
    if (small > large)
        diag_add(diags_of(checking), "out-of-range", place_in(checking, group, large_name), NULL,
                 "%s.%s must not be below %s", group, large_name, small_name);
}

static void check_amounts(const struct checking *checking)
{
    const struct config_limits *limits = &checking->config->limits;
    const struct config_workers *workers = &checking->config->workers;

    check_order(checking, "limits", "body_size", limits->body_bytes, "batch_size",
                limits->batch_bytes);
    check_order(checking, "limits", "batch_size", limits->batch_bytes, "pending_size",
                limits->pending_bytes);
    check_order(checking, "workers", "least", workers->least, "most", workers->most);
}

/* --- sources and sinks ------------------------------------------------------------------------ */

/* The place of a key of the n-th entry of a mapping. */
static struct place place_of_entry(const struct checking *checking, const char *map, size_t n,
                                   const char *key)
{
    struct yaml_walk walk = yaml_walk(yaml_find(checking->root, map));

    for (size_t i = 0; i <= n; i++)
        if (!yaml_next(&walk))
            return spec_place(checking->reader, checking->root);
    return config_place(checking->reader, walk.value, key);
}

static void refuse_twice(const struct checking *checking, const char *map, size_t first,
                         size_t second, const char *text)
{
    diag_add(diags_of(checking), "bad-value", place_of_entry(checking, map, second, "path"),
             "give one of them another", "two %s have the path %s", map, text);
    diag_add_other(diags_of(checking), place_of_entry(checking, map, first, "path"));
}

static void check_sources(const struct checking *checking)
{
    const struct config *config = checking->config;

    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[i];
        if (source->scheme == SCHEME_MTLS && !config->listen.client_ca)
            diag_add(diags_of(checking), "missing-key",
                     place_of_entry(checking, "sources", i, "scheme"),
                     "name who issues the certificates", "mtls needs listen.client_ca");
        for (size_t k = 0; k < i; k++)
            if (strcmp(config->sources[k].path, source->path) == 0) {
                refuse_twice(checking, "sources", k, i, source->path);
                break;
            }
    }
}

static void check_files(const struct checking *checking)
{
    const struct config *config = checking->config;

    for (size_t i = 0; i < config->sink_count; i++)
        for (size_t k = 0; k < i; k++)
            if (config->sinks[i].path && config->sinks[k].path &&
                strcmp(config->sinks[i].path, config->sinks[k].path) == 0) {
                refuse_twice(checking, "sinks", k, i, config->sinks[i].path);
                break;
            }
}

static void refuse_sink(const struct checking *checking, struct place place, const char *name)
{
    const struct config *config = checking->config;
    const char *names[257] = {NULL};
    const char *nearest;
    struct buf hint;

    for (size_t i = 0; i < config->sink_count && i < 256; i++)
        names[i] = config->sinks[i].name;
    nearest = text_nearest(name, names);
    buf_init(&hint, 1024);
    buf_printf(&hint, nearest ? "did you mean \"%s\"?" : "the first sink is \"%s\"",
               nearest ? nearest : names[0]);
    diag_add(diags_of(checking), "bad-value", place, buf_text(&hint), "there is no sink \"%s\"",
             name);
    diags_of(checking)->no_memory |= hint.failed;
    buf_release(&hint);
}

static void check_default_sink(const struct checking *checking)
{
    struct config *config = checking->config;

    if (config->default_sink && !config_find_sink(config, config->default_sink))
        refuse_sink(checking, config_place(checking->reader, checking->root, "default_sink"),
                    config->default_sink);
    else if (!config->default_sink && config->sink_count > 1)
        diag_add(diags_of(checking), "missing-key",
                 config_place(checking->reader, checking->root, "sinks"),
                 "for subscriptions that name none",
                 "the configuration needs \"default_sink\", since it has several sinks");
    else if (!config->default_sink)
        config->default_sink = config->sinks[0].name;
}

/* The entries are in the arena, and nobody else's yet. */
static void check_subscriptions(const struct checking *checking)
{
    struct config *config = checking->config;
    struct config_subscription *entries = (struct config_subscription *)config->subscriptions;
    size_t i = 0;

    if (config->subscription_count == 0)
        return;
    for (struct yaml_walk walk = yaml_walk(yaml_find(checking->root, "subscriptions"));
         yaml_next(&walk); i++) {
        if (!entries[i].sink)
            entries[i].sink = config->default_sink;
        else if (!config_find_sink(config, entries[i].sink))
            refuse_sink(checking, config_place(checking->reader, walk.value, "sink"),
                        entries[i].sink);
    }
}

bool config_check(const struct spec_reader *reader, const struct yaml_node *root,
                  struct config *config)
{
    struct checking checking = {reader, root, config};
    size_t errors = reader->diags->errors;

    check_tls(&checking);
    warn_of_addresses(&checking);
    check_one_listener(&checking);
    check_amounts(&checking);
    check_sources(&checking);
    check_files(&checking);
    check_default_sink(&checking);
    check_subscriptions(&checking);
    return reader->diags->errors == errors && !reader->diags->no_memory;
}
