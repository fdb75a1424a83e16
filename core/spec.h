/* A table of keys: how a YAML mapping is read into a struct, and documented.
 *
 * A `struct spec` says for each key its type, range, form and meaning, and where in the struct
 * its value goes. From this one table come the reader, its findings (unknown key, with "did you
 * mean"; wrong type; out of range; missing), and the JSON Schema. Nothing here knows manifests.
 *
 * Kinds: what a mapping describes may come in up to 32 kinds (numbers from 0) that do not all
 * have the same keys. A key names its kinds in a mask; 0 stands for all of them.
 */
#ifndef CORE_SPEC_H
#define CORE_SPEC_H

#include "core/yaml.h"

#include <jansson.h>
#include <stddef.h>

/* What a key's value is, and as what it stands in the struct. */
enum spec_type {
    SPEC_TEXT,     /* const char *; unset: NULL */
    SPEC_INT,      /* int64_t; unset: SPEC_UNSET */
    SPEC_DURATION, /* int64_t, milliseconds; unset: SPEC_UNSET */
    SPEC_SIZE,     /* int64_t, bytes; unset: SPEC_UNSET */
    SPEC_BOOL,     /* int, 0 or 1; unset: -1 */
    SPEC_WORD,     /* int, the word's number; unset: -1 */
    SPEC_GROUP,    /* the struct of the nested spec, in place; unset: all its keys are */
    SPEC_LIST,     /* const struct yaml_node *, a sequence; unset: NULL */
    SPEC_MAP,      /* const struct yaml_node *, a mapping; unset: NULL */
    SPEC_NODE,     /* const struct yaml_node *, anything; unset: NULL */
};

#define SPEC_UNSET INT64_MIN

/* What a checker found wrong with a text. */
struct spec_complaint {
    const char *rule;
    const char *message; /* follows the key's name: "is no URL that can be delivered to" */
    const char *hint;    /* or NULL */
};

struct spec;

struct spec_key {
    const char *name; /* NULL ends a table */
    enum spec_type type;
    size_t offset;
    bool required;    /* see spec_require */
    bool in_defaults; /* may also stand where defaults for such mappings do */
    bool literal;     /* holds no variables (a schema needs to know) */
    bool unique;      /* LIST: no element twice, for the schema; the caller checks */
    bool may_be_null; /* LIST and MAP: a key without a value is as good as no key */
    unsigned kinds;   /* 1u << kind, …; 0: all */
    int64_t least;    /* INT: number, DURATION: ms, SIZE: bytes, TEXT: characters, LIST and MAP:
                         elements */
    int64_t most;     /* 0: no limits */
    int64_t step_ms;  /* DURATION: a multiple of it; 0: any */
    const char *(*word)(int number);                         /* WORD; NULL past the last */
    const struct spec_complaint *(*check)(const char *text); /* TEXT; NULL: fine */
    const char *pattern;              /* what `check` checks, for the schema */
    const struct spec *nested;        /* GROUP; also the elements of LIST and MAP, for the schema */
    const struct spec_key *item;      /* elements of a LIST or MAP that are no mappings */
    const struct spec_key *name_item; /* MAP: what its keys are */
    const char *fallback; /* what holds when the key is left out, as YAML has it; or NULL */
    const char *help;     /* one sentence */
};

struct spec {
    const char *noun; /* "a subscription" */
    const struct spec_key *keys;
    bool defaults;   /* has only the keys that are in_defaults */
    bool extensions; /* keys that begin with "x-" are nobody's business */
};

/* What reading needs. */
struct spec_reader {
    const struct source *source;
    struct arena *arena; /* of what is made while reading; the texts of scalars are borrowed */
    struct diag_list *diags;
    /* The text of a scalar with its variables filled in, or NULL when that cannot be (a finding
     * says why, or there is no memory). NULL: texts are taken as they are. */
    const char *(*expand)(void *context, const struct yaml_node *node);
    void *context;
};

struct place spec_place(const struct spec_reader *reader, const struct yaml_node *node);

/* Sets every value of the struct to unset. */
void spec_clear(const struct spec *spec, void *out);

/* Reads a mapping. False when something is wrong with it; what is right is in *out all the
 * same, and what is not is unset. Clears *out first. What is missing is no fault here. */
MUST_CHECK bool spec_read(const struct spec_reader *reader, const struct spec *spec,
                          const struct yaml_node *node, void *out);

/* Reads one scalar as a key's value of that type. False: a finding says why. */
MUST_CHECK bool spec_read_value(const struct spec_reader *reader, const struct spec_key *key,
                                const struct yaml_node *node, void *out);

/* Takes over from `from` what is unset in *to and what that kind has. */
void spec_merge(const struct spec *spec, unsigned kind, void *to, const void *from);

/* Sets what is unset to its fallback; to 0 or NULL when it has none, or that kind does not have the
 * key. What the fallback of a list or mapping means is the caller's business. False: a finding says
 * why a fallback is no value of its key. */
MUST_CHECK bool spec_fall_back(const struct spec_reader *reader, const struct spec *spec,
                               unsigned kind, void *out);

/* Says which keys are missing that are required and that the kind has; what is only defaults for
 * others may miss any. `place` is where the mapping is named. */
MUST_CHECK bool spec_require(const struct spec_reader *reader, const struct spec *spec,
                             unsigned kind, const void *value, struct place place);

/* Says which keys of the mapping its kind ("a subscription via trigger") does not have. */
MUST_CHECK bool spec_check_kind(const struct spec_reader *reader, const struct spec *spec,
                                unsigned kind, const char *kind_name, const struct yaml_node *node);

/* The JSON Schema of such a mapping, or of one value (spec_schema.c). What a kind does not have is
 * not said there. Where a variable may stand, a text with "${" is valid too. NULL when there is
 * no memory. */
json_t *spec_schema(const struct spec *spec);
json_t *spec_key_schema(const struct spec_key *key);

/* What a list says of itself in messages: "a, b, c". Appended. */
struct buf;
void spec_add_words(struct buf *out, const char *(*word)(int number));

#endif
