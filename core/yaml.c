#include "core/yaml.h"

#include "core/yaml_scan.h"
#include "core/yaml_syntax.h"
#include "core/yaml_texts.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { COLUMN_MAX = (1 << 24) - 1 };

/* A container that is still open. */
struct frame {
    uint32_t node;
    const char *anchor; /* its anchor's name, or NULL */
    uint64_t weight;    /* of what is complete inside it, and itself */
    uint32_t height;
    uint32_t children;
};

struct builder {
    struct yaml *yaml;
    struct yaml_texts texts;
    struct diag_list *diags;
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml_tabs tabs;
    bool document; /* one has begun */
    bool refused;  /* a finding was made */
    bool stop;     /* and nothing more can be read */
};

void yaml_init(struct yaml *yaml)
{
    *yaml = (struct yaml){.nodes = NULL};
}

void yaml_release(struct yaml *yaml)
{
    free(yaml->nodes);
    yaml_init(yaml);
}

static void no_memory(struct builder *builder)
{
    builder->diags->no_memory = true;
    builder->stop = true;
}

static struct place place_of_mark(const struct builder *builder, const yaml_mark_t *mark)
{
    return (struct place){builder->yaml->source, (unsigned)mark->line + 1,
                          (unsigned)mark->column + 1};
}

static struct place place_of_node(const struct builder *builder, const struct yaml_node *node)
{
    return (struct place){builder->yaml->source, node->line, node->column};
}

/* Refuses in a way that nothing after it can be read. */
#define refuse_and_stop(builder, id, ...)                                                          \
    do {                                                                                           \
        diag_add((builder)->diags, id, __VA_ARGS__);                                               \
        (builder)->refused = (builder)->stop = true;                                               \
    } while (0)

/* The text as it is kept; NULL when there is no memory. Valid until the next call. */
static struct yaml_text *keep_text(struct builder *builder, const char *text, size_t length)
{
    struct yaml_text *kept = yaml_texts_keep(&builder->texts, text, length);

    if (!kept)
        no_memory(builder);
    return kept;
}

/* --- nodes -------------------------------------------------------------------------------- */

static struct yaml_node *add_node(struct builder *builder, enum yaml_kind kind,
                                  const yaml_mark_t *mark)
{
    struct yaml *yaml = builder->yaml;

    if (yaml->count == yaml->size) {
        size_t size = yaml->size ? 2 * yaml->size : 64;
        struct yaml_node *grown = realloc(yaml->nodes, size * sizeof(*grown));
        if (!grown) {
            no_memory(builder);
            return NULL;
        }
        yaml->nodes = grown;
        yaml->size = size;
    }
    struct yaml_node *node = &yaml->nodes[yaml->count++];
    *node = (struct yaml_node){
        .span = 1,
        .line = (uint32_t)mark->line + 1,
        .column = mark->column < COLUMN_MAX ? (uint32_t)mark->column + 1 : COLUMN_MAX,
        .kind = kind,
    };
    return node;
}

static struct frame *top(struct builder *builder)
{
    return builder->depth ? &builder->frames[builder->depth - 1] : NULL;
}

static bool key_is_next(struct builder *builder)
{
    const struct frame *frame = top(builder);

    return frame && builder->yaml->nodes[frame->node].kind == YAML_MAPPING &&
           frame->children % 2 == 0;
}

/* Counts a complete child into what is open around it. */
static void count_child(struct builder *builder, uint64_t weight, uint32_t height,
                        const yaml_mark_t *mark)
{
    struct frame *frame = top(builder);

    if (!frame)
        return;
    frame->children++;
    frame->weight += weight;
    frame->height = height + 1 > frame->height ? height + 1 : frame->height;
    if (builder->depth + height > YAML_DEPTH_MAX)
        refuse_and_stop(builder, "yaml-depth", place_of_mark(builder, mark), NULL,
                        "with its aliases followed, this nests deeper than %d levels",
                        YAML_DEPTH_MAX);
    else if (frame->weight > YAML_NODES_MAX || builder->yaml->count > YAML_NODES_MAX)
        refuse_and_stop(builder, "yaml-size", place_of_mark(builder, mark),
                        "split the file, or use fewer aliases",
                        "with its aliases followed, the document has more than %d nodes",
                        YAML_NODES_MAX);
}

/* Takes an anchor's name for a node. Returns the name as it is kept, or NULL when it is none. */
static const char *add_anchor(struct builder *builder, const yaml_char_t *name, size_t node)
{
    struct yaml_text *entry;

    if (!name)
        return NULL;
    entry = keep_text(builder, (const char *)name, strlen((const char *)name));
    if (!entry)
        return NULL;
    entry->anchor = (uint32_t)node + 1;
    entry->weight = 0;
    entry->height = 0;
    return entry->text;
}

/* What the anchor's node weighs is known now. Another node may have taken the name meanwhile. */
static void close_anchor(struct builder *builder, const char *name, size_t node, uint64_t weight,
                         uint32_t height)
{
    struct yaml_text *entry;

    if (!name)
        return;
    entry = yaml_texts_find(&builder->texts, name);
    if (entry->anchor == (uint32_t)node + 1) {
        entry->weight = (uint32_t)weight;
        entry->height = height;
    }
}

/* --- tags ----------------------------------------------------------------------------------- */

#define CORE_TAG "tag:yaml.org,2002:"

static const struct {
    const char *tag;
    enum yaml_kind kind;
    enum yaml_type type; /* of a scalar */
} core_tags[] = {
    {"!", YAML_SCALAR, YAML_TEXT},
    {CORE_TAG "str", YAML_SCALAR, YAML_TEXT},
    {CORE_TAG "null", YAML_SCALAR, YAML_NULL},
    {CORE_TAG "bool", YAML_SCALAR, YAML_BOOL},
    {CORE_TAG "int", YAML_SCALAR, YAML_INT},
    {CORE_TAG "float", YAML_SCALAR, YAML_FLOAT},
    {CORE_TAG "seq", YAML_SEQUENCE, YAML_TEXT},
    {CORE_TAG "map", YAML_MAPPING, YAML_TEXT},
};
enum { CORE_TAGS = sizeof(core_tags) / sizeof(core_tags[0]) };

/* Applies an explicit tag to a node. */
static void apply_tag(struct builder *builder, const yaml_char_t *tag, struct yaml_node *node)
{
    for (size_t i = 0; tag && i < CORE_TAGS; i++) {
        if (strcmp((const char *)tag, core_tags[i].tag) != 0 || node->kind != core_tags[i].kind)
            continue;
        node->plain = node->kind == YAML_SCALAR && core_tags[i].type != YAML_TEXT;
        if (node->kind != YAML_SCALAR || yaml_type(node->text, node->plain) == core_tags[i].type)
            return;
    }
    if (!tag)
        return;
    builder->refused = true;
    diag_add(builder->diags, "yaml-tag", place_of_node(builder, node), "delete the tag",
             "the tag \"%s\" is not supported, or not for such a value", (const char *)tag);
}

/* --- events --------------------------------------------------------------------------------- */

/* A key must be a scalar that is no alias; says so otherwise. */
static bool refuse_key(struct builder *builder, const yaml_event_t *event)
{
    if (!key_is_next(builder))
        return false;
    refuse_and_stop(
        builder, "yaml-key", place_of_mark(builder, &event->start_mark),
        "a key is plain text; a value that begins with \"{\", \"[\" or \"*\" needs quotes",
        "a list, a mapping or an alias stands where a key should");
    return true;
}

static void check_key(struct builder *builder, const struct yaml_node *node)
{
    if (!node->plain || strcmp(node->text, "<<") != 0)
        return;
    builder->refused = true;
    diag_add(builder->diags, "yaml-merge-key", place_of_node(builder, node),
             "use \"defaults\", or an alias for the whole value", "merge keys are not supported");
}

static void on_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length, at = builder->yaml->count;
    struct place place = place_of_mark(builder, &event->start_mark);
    const struct yaml_text *entry;
    struct yaml_node *node;
    const char *anchor;

    if (length > YAML_SCALAR_MAX_BYTES) {
        refuse_and_stop(builder, "yaml-size", place, "is a quote missing?",
                        "a value has more than %d KiB", YAML_SCALAR_MAX_BYTES / 1024);
        return;
    }
    if (memchr(value, '\0', length)) {
        refuse_and_stop(builder, "nul-byte", place, NULL, "the value holds a NUL (\\0)");
        return;
    }
    anchor = add_anchor(builder, event->data.scalar.anchor, at);
    entry = keep_text(builder, value, length);
    node = entry ? add_node(builder, YAML_SCALAR, &event->start_mark) : NULL;
    if (!node)
        return;
    node->text = entry->text;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    apply_tag(builder, event->data.scalar.tag, node);
    if (key_is_next(builder))
        check_key(builder, node);
    close_anchor(builder, anchor, at, 1, 0);
    count_child(builder, 1, 0, &event->start_mark);
}

static void on_alias(struct builder *builder, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct place place = place_of_mark(builder, &event->start_mark);
    const struct yaml_text *entry;
    struct yaml_node *node;

    if (refuse_key(builder, event))
        return;
    entry = keep_text(builder, name, strlen(name));
    if (!entry)
        return;
    if (entry->anchor == 0 || entry->weight == 0) {
        refuse_and_stop(builder, "yaml-alias", place,
                        entry->anchor ? "an anchor cannot be used inside itself"
                                      : "an anchor (&name) must stand before its aliases; a text "
                                        "that begins with \"*\" needs quotes",
                        "no complete anchor \"%s\" stands before this alias", name);
        return;
    }
    node = add_node(builder, YAML_ALIAS, &event->start_mark);
    if (!node)
        return;
    node->back = builder->yaml->count - entry->anchor; /* the entry has the index + 1 */
    count_child(builder, entry->weight, entry->height, &event->start_mark);
}

static void on_start(struct builder *builder, const yaml_event_t *event, enum yaml_kind kind,
                     const yaml_char_t *anchor, const yaml_char_t *tag)
{
    size_t at = builder->yaml->count;
    struct yaml_node *node;
    const char *name;

    if (refuse_key(builder, event))
        return;
    if (builder->depth == YAML_DEPTH_MAX) {
        refuse_and_stop(builder, "yaml-depth", place_of_mark(builder, &event->start_mark), NULL,
                        "this nests deeper than %d levels", YAML_DEPTH_MAX);
        return;
    }
    name = add_anchor(builder, anchor, at);
    node = builder->stop ? NULL : add_node(builder, kind, &event->start_mark);
    if (!node)
        return;
    apply_tag(builder, tag, node);
    builder->frames[builder->depth++] =
        (struct frame){.node = (uint32_t)at, .anchor = name, .weight = 1};
}

/* --- duplicate keys --------------------------------------------------------------------------- */

/* Same texts are one pointer; among them, the first in the document is first. */
static int compare_keys(const void *a, const void *b)
{
    const struct yaml_node *x = *(const struct yaml_node *const *)a;
    const struct yaml_node *y = *(const struct yaml_node *const *)b;

    if (x->text != y->text)
        return (uintptr_t)x->text < (uintptr_t)y->text ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void check_duplicates(struct builder *builder, const struct yaml_node *mapping)
{
    const struct yaml_node **keys;
    size_t count = 0;

    if (mapping->count < 2)
        return;
    keys = calloc(mapping->count, sizeof(const struct yaml_node *));
    if (!keys) {
        no_memory(builder);
        return;
    }
    for (struct yaml_walk walk = yaml_walk(mapping); yaml_next(&walk);)
        keys[count++] = walk.key;
    qsort(keys, count, sizeof(const struct yaml_node *), compare_keys);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (keys[i]->text != keys[first]->text) {
            first = i;
            continue;
        }
        diag_add(builder->diags, "yaml-duplicate-key", place_of_node(builder, keys[i]),
                 "delete one of them", "the key \"%s\" stands twice", keys[i]->text);
        diag_add_other(builder->diags, place_of_node(builder, keys[first]));
    }
    free(keys);
}

static void on_end(struct builder *builder, const yaml_event_t *event)
{
    struct frame frame = builder->frames[--builder->depth];
    struct yaml_node *node = &builder->yaml->nodes[frame.node];

    node->span = (uint32_t)(builder->yaml->count - frame.node);
    node->count = node->kind == YAML_MAPPING ? frame.children / 2 : frame.children;
    if (node->kind == YAML_MAPPING)
        check_duplicates(builder, node);
    close_anchor(builder, frame.anchor, frame.node, frame.weight, frame.height);
    count_child(builder, frame.weight, frame.height, &event->start_mark);
}

static void on_document(struct builder *builder, const yaml_event_t *event)
{
    if (builder->document)
        refuse_and_stop(builder, "yaml-documents", place_of_mark(builder, &event->start_mark),
                        "put it in a file of its own",
                        "a second document begins here, and only one is read");
    builder->document = true;
}

static void on_event(struct builder *builder, const yaml_event_t *event)
{
    unsigned last = (unsigned)event->end_mark.line + (event->end_mark.column > 0);

    if (!yaml_tabs_check(&builder->tabs, (unsigned)event->start_mark.line + 1, builder->diags))
        builder->refused = true;
    if (event->type == YAML_SCALAR_EVENT)
        yaml_tabs_skip(&builder->tabs, last);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        on_document(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(builder, event);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(builder, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_start(builder, event, YAML_SEQUENCE, event->data.sequence_start.anchor,
                 event->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        on_start(builder, event, YAML_MAPPING, event->data.mapping_start.anchor,
                 event->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(builder, event);
        break;
    default:
        break;
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Feeds all events to the builder until the end, a syntax error or something that stops it. */
static void parse(struct builder *builder, yaml_parser_t *parser)
{
    bool end = false;

    while (!end && !builder->stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            builder->stop = true;
            yaml_refuse_syntax(builder->yaml->source, parser, builder->diags);
            return;
        }
        on_event(builder, &event);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
}

/* A document without content is a plain empty scalar. */
static void add_empty_root(struct builder *builder)
{
    const struct yaml_text *entry = keep_text(builder, "", 0);
    struct yaml_node *node = entry ? add_node(builder, YAML_SCALAR, &(yaml_mark_t){0, 0, 0}) : NULL;

    if (!node)
        return;
    node->text = entry->text;
    node->plain = 1;
}

bool yaml_read(struct yaml *yaml, const struct source *source, struct arena *texts,
               struct diag_list *diags)
{
    struct builder builder = {.yaml = yaml, .diags = diags};
    yaml_parser_t parser;
    bool ok = false;

    yaml->source = source;
    if (!yaml_scan(source, diags))
        return false;
    if (!yaml_parser_initialize(&parser)) {
        diags->no_memory = true;
        return false;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text,
                                 source->length_bytes);
    yaml_tabs_init(&builder.tabs, source);
    yaml_texts_init(&builder.texts, texts);
    parse(&builder, &parser);
    if (!builder.stop && yaml->count == 0)
        add_empty_root(&builder);
    ok = !builder.refused && !builder.stop;
    yaml_parser_delete(&parser);
    yaml_texts_release(&builder.texts);
    if (!ok)
        yaml_release(yaml);
    return ok;
}
