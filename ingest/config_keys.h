/* The tables of ingestd's keys (core/spec.h), and what reads the larger of them. Only config*.c
 * includes this.
 *
 * The structs are those of config.h with what stands in the YAML in another form beside it: truth
 * values as int, lists and mappings as nodes.
 *
 * To add a key: a member in config.h, a row in config_keys.c with its fallback and help. Reading,
 * `ingestd help config` and the default follow.
 */
#ifndef INGEST_CONFIG_KEYS_H
#define INGEST_CONFIG_KEYS_H

#include "core/spec.h"
#include "ingest/config.h"

enum { CONFIG_RETRIES_MOST = 8, CONFIG_NAME_MOST = 64 };

struct source_keys {
    struct config_source out;
    const struct yaml_node *keys, *networks;
};

struct sink_keys {
    struct config_sink out;
    const struct yaml_node *retries, *headers, *compat;
    int sync;
};

struct compat_keys {
    const char *type;
    const struct yaml_node *renames, *defaults, *drops;
};

struct subscription_keys_of {
    struct config_subscription out;
    const struct yaml_node *filter;
    int paused;
};

struct config_keys {
    struct config out; /* its arena is not used */
    int api_version;
    int plaintext;
    const struct yaml_node *sources, *sinks, *subscriptions;
};

extern const struct spec config_spec, config_source_spec, config_sink_spec, config_compat_spec,
    config_subscription_spec;

/* Elements and names that are no mappings. */
extern const struct spec_key config_key_file, config_key_id, config_name, config_network_key,
    config_retry_key, config_header_name, config_header_value, config_subscription_id,
    config_compat_path;

/* What a scheme's keys are when they are left out. */
struct config_scheme_row {
    const char *word;
    const char *header; /* NULL: the scheme has none */
    const char *prefix;
    const char *signed_text;
};
extern const struct config_scheme_row config_scheme_table[SCHEME_COUNT];

const char *config_sink_word(int type); /* "http", "ndjson"; NULL past them */

/* Reads a name that is a mapping's key by its row: length and form. */
MUST_CHECK bool config_read_name(const struct spec_reader *reader, const struct spec_key *key,
                                 const struct yaml_node *node);

/* Where the value of a mapping's key stands; where the mapping does when it has no such key. */
struct place config_place(const struct spec_reader *reader, const struct yaml_node *mapping,
                          const char *key);

/* Each reads one mapping; false: findings say what is wrong. Arrays are in the reader's arena. */
MUST_CHECK bool config_read_source(const struct spec_reader *reader, const struct yaml_node *name,
                                   const struct yaml_node *node, struct config_source *out);
MUST_CHECK bool config_read_sink(const struct spec_reader *reader, const struct yaml_node *name,
                                 const struct yaml_node *node, struct config_sink *out);
/* The rules of a sink's `compat`, a list or NULL. */
MUST_CHECK bool config_read_compat(const struct spec_reader *reader, const struct yaml_node *list,
                                   struct config_sink *out);
MUST_CHECK bool config_read_subscription(const struct spec_reader *reader,
                                         const struct yaml_node *id, const struct yaml_node *node,
                                         struct config_subscription *out);

/* What no key can say alone: two sources with one path, a sink that does not exist, … `root` is the
 * document; the entries of `config` stand in its order. False: findings say what is wrong. */
MUST_CHECK bool config_check(const struct spec_reader *reader, const struct yaml_node *root,
                             struct config *config);

#endif
