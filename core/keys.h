/* The manifest's keys: one table for each mapping in it (core/spec.h).
 *
 * core/manifest.c reads by these tables and core/schema.c writes the JSON Schema from them. The
 * structs hold values as the YAML has them; what they mean is core/manifest.h's.
 *
 * To add a key: a member here, a row in keys.c, its use in manifest.c. The schema follows.
 */
#ifndef CORE_KEYS_H
#define CORE_KEYS_H

#include "core/filter.h"
#include "core/spec.h"

struct batching_keys {
    int mode; /* 0 immediate, 1 batched */
    int64_t window_ms;
    int64_t size;
};

struct delivery_keys {
    const char *url;
    struct batching_keys batching;
};

struct target_keys {
    const char *workflow;
    int data_format; /* a number for data_format_word */
};

struct subscription_keys {
    int64_t version;
    int via; /* enum via */
    const char *description;
    const struct yaml_node *events;
    const struct yaml_node *filter;
    int enabled, protect;
    struct delivery_keys delivery;
    struct target_keys target;
    int64_t ttl_ms, delay_ms;
};

struct criterion_keys {
    const char *field;
    int op; /* enum filter_op */
    const struct yaml_node *value;
};

struct lint_keys {
    const struct yaml_node *disable;
};

struct manifest_keys {
    int api_version;
    const char *organization;
    const char *owner;
    const struct yaml_node *variables;
    struct lint_keys lint;
    struct subscription_keys defaults;
    const struct yaml_node *subscriptions;
};

extern const struct spec manifest_spec, subscription_spec, criterion_spec;

/* Elements that are no mappings. */
extern const struct spec_key event_key, variable_key, rule_key, subscription_name_key;

const char *data_format_word(int number); /* "TopLevelPrimitives", "Json"; NULL past them */

#endif
