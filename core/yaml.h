/* A YAML document as a tree of nodes, each with its place. (YAML 1.2; libyaml does the parsing)
 *
 * What tools read differently or people overlook is refused, with its place: duplicate keys,
 * tabs as indentation, a second document, merge keys, keys that are no plain text, tags outside
 * the core schema, directives, nesting deeper than YAML_DEPTH_MAX. An alias shares its anchor's
 * node, but what it stands for is counted as often as it stands, and limited.
 *
 * Always holds after yaml_read returned true: every key of a mapping is a text; following aliases
 * ends, after at most YAML_NODES_MAX nodes and YAML_DEPTH_MAX levels; no text holds a NUL.
 *
 * Life cycle: yaml_init allocates nothing; yaml_read; yaml_release frees the nodes. The texts
 * live in the arena that yaml_read was given, each once, so that they can outlive the tree.
 */
#ifndef CORE_YAML_H
#define CORE_YAML_H

#include "core/arena.h"
#include "core/diag.h"
#include "core/source.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    YAML_DEPTH_MAX = 32,
    YAML_NODES_MAX = 2 * 1000 * 1000,
    YAML_SCALAR_MAX_BYTES = 64 * 1024,
};

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING, YAML_ALIAS };

/* Nodes stand in the order of the document, a parent right before its children. */
struct yaml_node {
    union {
        const char *text; /* scalar */
        size_t count;     /* sequence: elements; mapping: pairs */
        size_t back;      /* alias: nodes back to what it stands for */
    };
    uint32_t span; /* nodes, this one and all below it */
    uint32_t line;
    uint32_t column : 24; /* stops at the most that fits */
    uint32_t kind : 2;    /* enum yaml_kind; never YAML_ALIAS in what these functions return */
    uint32_t plain : 1;   /* scalar: may be a number, a truth value or null */
};

struct yaml {
    const struct source *source;
    struct yaml_node *nodes; /* the first is the root */
    size_t count, size;
};

void yaml_init(struct yaml *yaml);
void yaml_release(struct yaml *yaml);

/* Parses a source's text. False: what is wrong stands in `diags` (only the first syntax error), or
 * there is no memory; the tree is empty. Keys that stand twice are findings too, but leave the
 * tree whole, so that the rest of the document can be looked at: a reader goes by the errors that
 * were found, not by true alone. A document without content is a plain empty scalar. */
MUST_CHECK bool yaml_read(struct yaml *yaml, const struct source *source, struct arena *texts,
                          struct diag_list *diags);

/* Walks over the children of a sequence or mapping:
 *
 *     for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);)
 *         … walk.key, NULL in a sequence, and walk.value
 *
 * A scalar has no children. */
struct yaml_walk {
    const struct yaml_node *key, *value;
    const struct yaml_node *next, *end;
    bool pairs;
};
struct yaml_walk yaml_walk(const struct yaml_node *node);
bool yaml_next(struct yaml_walk *walk);

/* The value, or the key, of a mapping's member; NULL when it has none of that name or is no
 * mapping. */
const struct yaml_node *yaml_find(const struct yaml_node *node, const char *name);
const struct yaml_node *yaml_find_key(const struct yaml_node *node, const char *name);

/* What a scalar's text is by YAML 1.2's core schema. */
enum yaml_type { YAML_TEXT, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT };
enum yaml_type yaml_type(const char *text, bool plain);

/* A text whose type is YAML_BOOL, YAML_INT or YAML_FLOAT as a value. False: it does not fit, or
 * is no finite number. */
bool yaml_truth(const char *text);
MUST_CHECK bool yaml_integer(const char *text, int64_t *value);
MUST_CHECK bool yaml_real(const char *text, double *value);

/* True for a plain text that YAML 1.1 and 1.2 read differently, or that people mean as text:
 * yes, off, y; 0123, 1_000, 12:30, 0b1, +49123. */
bool yaml_is_ambiguous(const char *text);

#endif
