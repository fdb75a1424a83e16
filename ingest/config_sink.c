/* One sink, one subscription of the configuration. */
#include "ingest/config_keys.h"

#include "core/criterion.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

static bool read_retries(const struct spec_reader *reader, const struct yaml_node *node,
                         struct config_sink *out)
{
    bool ok = true;

    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        int64_t gap_ms = 0;
        ok &= spec_read_value(reader, &config_retry_key, walk.value, &gap_ms);
        out->retries_ms[out->retry_count++] = gap_ms;
    }
    return ok;
}

/* The gaps that the table's fallback lists: "[1s, 10s, 60s]". */
static bool take_usual_retries(struct config_sink *out)
{
    const struct spec_key *key = config_sink_spec.keys;
    char text[32];

    while (strcmp(key->name, "retries") != 0)
        key++;
    for (const char *at = key->fallback + strspn(key->fallback, "[, ]"); *at;
         at += strspn(at, "[, ]")) {
        size_t length = strcspn(at, "[, ]");
        snprintf(text, sizeof(text), "%.*s", (int)length, at);
        if (out->retry_count == CONFIG_RETRIES_MOST ||
            !text_parse_duration(text, &out->retries_ms[out->retry_count++]))
            return false;
        at += length;
    }
    return true;
}

static bool read_headers(const struct spec_reader *reader, const struct yaml_node *node,
                         struct config_sink *out)
{
    struct config_header *headers =
        arena_alloc(reader->arena, ((node ? node->count : 0) + 1) * sizeof(*headers));
    bool ok = headers != NULL;

    if (!headers)
        reader->diags->no_memory = true;
    if (!headers || !node)
        return ok;
    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        struct config_header *header = &headers[out->header_count++];
        ok &= config_read_name(reader, &config_header_name, walk.key);
        ok &= spec_read_value(reader, &config_header_value, walk.value, &header->value);
        header->name = walk.key->text;
    }
    out->headers = headers;
    return ok;
}

static bool check_order_wait(const struct spec_reader *reader, const struct yaml_node *node,
                             const struct config_sink *sink)
{
    const struct yaml_node *key = yaml_find_key(node, "order_wait");

    if (!key || sink->order == ORDER_TIME)
        return true;
    diag_add(reader->diags, "not-for-this-kind", spec_place(reader, key),
             "delete the key, or add order: time",
             "\"order_wait\" is not for what is delivered as it came");
    return false;
}

static void warn_of_url(const struct spec_reader *reader, const struct yaml_node *node,
                        const struct config_sink *sink)
{
    struct text_url url;

    if (sink->url && text_parse_url(sink->url, &url) && !url.https && !url.loopback)
        diag_add(reader->diags, "not-encrypted", config_place(reader, node, "url"), "https://…",
                 "events go to %s%s without encryption", url.host,
                 sink->token_file ? ", and the token with them," : "");
}

/* A kind of its own has keys of its own. */
static bool finish_sink(const struct spec_reader *reader, const struct yaml_node *node,
                        struct sink_keys *keys)
{
    unsigned kind = (unsigned)keys->out.type;
    bool ok = spec_check_kind(reader, &config_sink_spec, kind, config_sink_word((int)kind), node);

    ok &= spec_fall_back(reader, &config_sink_spec, kind, keys);
    ok &= check_order_wait(reader, node, &keys->out);
    warn_of_url(reader, node, &keys->out);
    keys->out.sync = keys->sync == 1;
    if (kind != SINK_HTTP)
        keys->out.concurrency = 1;
    return ok;
}

bool config_read_sink(const struct spec_reader *reader, const struct yaml_node *name,
                      const struct yaml_node *node, struct config_sink *out)
{
    struct sink_keys keys = {.retries = NULL};
    bool ok, typed;

    ok = config_read_name(reader, &config_name, name);
    ok &= spec_read(reader, &config_sink_spec, node, &keys);
    keys.out.name = name->text;
    typed = node->kind == YAML_MAPPING && keys.out.type >= 0;
    ok = ok && spec_require(reader, &config_sink_spec, typed ? (unsigned)keys.out.type : SINK_TYPES,
                            &keys, spec_place(reader, name));
    ok &= keys.retries ? read_retries(reader, keys.retries, &keys.out)
                       : take_usual_retries(&keys.out);
    ok &= read_headers(reader, keys.headers, &keys.out);
    ok &= config_read_compat(reader, keys.compat, &keys.out);
    if (typed)
        ok &= finish_sink(reader, node, &keys);
    *out = keys.out;
    return ok;
}

static bool read_filter(const struct spec_reader *reader, const struct yaml_node *node,
                        struct config_subscription *out)
{
    struct criterion *filter =
        arena_alloc(reader->arena, ((node ? node->count : 0) + 1) * sizeof(*filter));
    bool ok = filter != NULL;

    if (!filter)
        reader->diags->no_memory = true;
    if (!filter || !node)
        return ok;
    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        struct criterion *criterion = &filter[out->filter_count++];
        ok &= criterion_read(reader, walk.value, criterion);
        criterion->place = (struct place){NULL, 0, 0}; /* the source does not live as long */
    }
    out->filter = filter;
    return ok;
}

bool config_read_subscription(const struct spec_reader *reader, const struct yaml_node *id,
                              const struct yaml_node *node, struct config_subscription *out)
{
    struct subscription_keys_of keys = {.filter = NULL};
    bool ok;

    ok = config_read_name(reader, &config_subscription_id, id);
    ok &= spec_read(reader, &config_subscription_spec, node, &keys);
    ok &= spec_fall_back(reader, &config_subscription_spec, 0, &keys);
    ok &= read_filter(reader, keys.filter, &keys.out);
    keys.out.id = id->text;
    if (!keys.out.name)
        keys.out.name = id->text;
    keys.out.paused = keys.paused == 1;
    *out = keys.out;
    return ok;
}
