/* Any bytes as ingestd's configuration: no crash, no leak, nothing slow, and what is promised
 * holds. */
#include "core/text.h"
#include "ingest/config.h"
#include "ingest/config_network.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Aborts when it does not hold. */
static void require(int holds)
{
    if (!holds)
        abort();
}

static void check_findings(struct diag_list *diags)
{
    struct buf out;

    buf_init(&out, SIZE_MAX / 2);
    diag_sort(diags);
    for (size_t i = 0; i < diags->count; i++)
        diag_print(&out, &diags->entries[i]);
    require(text_utf8_check(buf_text(&out), out.length) == out.length);
    for (size_t i = 0; i < out.length; i++)
        require((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
    buf_release(&out);
}

static void check_source(const struct config_source *source)
{
    require(source->path[0] == '/' && source->name && source->subscription);
    require(source->header && source->prefix && source->signed_text);
    require(source->scheme >= 0 && source->scheme < SCHEME_COUNT && source->encoding >= 0);
    require(source->key_count >= 1 && source->key_count <= 16);
    for (size_t i = 0; i < source->key_count; i++)
        require(source->keys[i].id && !source->keys[i].file == (source->scheme == SCHEME_MTLS) &&
                !source->keys[i].name == (source->scheme != SCHEME_MTLS));
    for (size_t i = 0; i < source->network_count; i++)
        require(source->networks[i].bits >= 0 && source->networks[i].bits <= 128);
    require(source->share_percent >= 1 && source->share_percent <= 100);
    require(source->tolerance_ms >= 0 && source->rsa_bits_most >= 0);
}

static void check_sink(const struct config_sink *sink)
{
    require(sink->name && (sink->type == SINK_HTTP ? !!sink->url : !!sink->path));
    require(sink->retry_count <= 8 && sink->concurrency >= 1 && sink->breaker_failures >= 1);
    for (size_t i = 0; i < sink->retry_count; i++)
        require(sink->retries_ms[i] >= 1);
    for (size_t i = 0; i < sink->header_count; i++)
        require(sink->headers[i].name && sink->headers[i].value);
    for (size_t i = 0; i < sink->compat_count; i++) {
        const struct config_compat *rule = &sink->compat[i];
        require(rule->rename_count + rule->default_count + rule->drop_count > 0);
        for (size_t k = 0; k < rule->rename_count; k++)
            require(rule->renames[k].from && rule->renames[k].to);
        for (size_t k = 0; k < rule->default_count; k++)
            require(rule->defaults[k].path && rule->defaults[k].value);
        for (size_t k = 0; k < rule->drop_count; k++)
            require(rule->drops[k] != NULL);
    }
    require(sink->order >= 0 && sink->order_wait_ms >= 0 && sink->timeout_ms >= 0);
    require(sink->rotate_bytes >= 0 && sink->rotate_ms >= 0 && sink->keep >= 0);
}

static void check_config(const struct config *config)
{
    struct config_address address;

    require(config->data && config->admin.token_file && config->source_count > 0);
    require(config_address_read(config->listen.address, &address));
    require(config_address_read(config->admin.address, &address));
    require(!config->listen.certificate == !config->listen.key);
    require(!!config->listen.certificate != config->listen.plaintext);
    require(config->limits.body_bytes <= config->limits.batch_bytes);
    require(config->limits.batch_bytes <= config->limits.pending_bytes);
    require(config->workers.least >= 1 && config->workers.least <= config->workers.most);
    require(config_find_sink(config, config->default_sink) != NULL);
    for (size_t i = 0; i < config->source_count; i++)
        check_source(&config->sources[i]);
    for (size_t i = 0; i < config->sink_count; i++)
        check_sink(&config->sinks[i]);
    for (size_t i = 0; i < config->subscription_count; i++) {
        const struct config_subscription *entry = &config->subscriptions[i];
        require(entry->id && entry->name && config_find_sink(config, entry->sink) != NULL);
        for (size_t k = 0; k < entry->filter_count; k++)
            require(entry->filter[k].field && entry->filter[k].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct source source;
    struct config config;
    struct diag_list diags;

    diag_list_init(&diags);
    config_init(&config);
    if (source_from_text(&source, "fuzz.yaml", (const char *)bytes, length, &diags) &&
        config_read(&config, &source, &diags)) {
        require(diags.errors == 0);
        check_config(&config);
    } else {
        require(diags.errors > 0 && !config.data && config.source_count == 0);
    }
    check_findings(&diags);
    config_release(&config);
    diag_list_release(&diags);
    source_release(&source);
    return 0;
}
