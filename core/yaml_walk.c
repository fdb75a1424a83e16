/* Going through a tree that core/yaml.c has built. */
#include "core/yaml.h"

#include <string.h>

static const struct yaml_node *follow(const struct yaml_node *node)
{
    return node->kind == YAML_ALIAS ? node - node->back : node;
}

struct yaml_walk yaml_walk(const struct yaml_node *node)
{
    bool container = node->kind != YAML_SCALAR;

    return (struct yaml_walk){
        .next = node + 1,
        .end = node + (container ? node->span : 1),
        .pairs = node->kind == YAML_MAPPING,
    };
}

bool yaml_next(struct yaml_walk *walk)
{
    if (walk->next >= walk->end)
        return false;
    if (walk->pairs) {
        walk->key = walk->next;
        walk->next += walk->next->span;
    }
    walk->value = follow(walk->next);
    walk->next += walk->next->span;
    return true;
}

static bool find_member(const struct yaml_node *node, const char *name, struct yaml_walk *walk)
{
    if (!node || node->kind != YAML_MAPPING)
        return false;
    for (*walk = yaml_walk(node); yaml_next(walk);)
        if (strcmp(walk->key->text, name) == 0)
            return true;
    return false;
}

const struct yaml_node *yaml_find(const struct yaml_node *node, const char *name)
{
    struct yaml_walk walk;

    return find_member(node, name, &walk) ? walk.value : NULL;
}

const struct yaml_node *yaml_find_key(const struct yaml_node *node, const char *name)
{
    struct yaml_walk walk;

    return find_member(node, name, &walk) ? walk.key : NULL;
}
