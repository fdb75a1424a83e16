#include "core/yaml.h"

#include "core/text.h"
#include "core/yaml_scan.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { COLUMN_MAX = (1 << 24) - 1, TEXTS_FIRST = 256 };

/* A text that the document holds, kept once; and what an anchor of that name stands for. */
struct text_entry {
    const char *text;
    uint32_t anchor; /* node + 1; 0: no such anchor */
    uint32_t weight; /* nodes below it with aliases followed; 0 while it is still open */
    uint32_t height; /* levels below it */
};

/* A container that is still open. */
struct frame {
    uint32_t node;
    const char *anchor; /* its anchor's name, or NULL */
    uint64_t weight; /* of what is complete inside it, and itself */
    uint32_t height;
    uint32_t children;
};

struct builder {
    struct yaml *yaml;
    struct arena *texts;
    struct diag_list *diags;
    struct text_entry *entries; /* open addressing; text == NULL: free */
    size_t entry_count, entry_size;
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

/* --- texts, each once ------------------------------------------------------------------- */

static size_t hash_text(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, then mixed */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return (size_t)(hash ^ hash >> 29);
}

/* The entry of that text, or the free one where it belongs. */
static size_t find_slot(const struct text_entry *entries, size_t size, const char *text,
                        size_t length)
{
    size_t at = hash_text(text, length) & (size - 1);

    while (entries[at].text &&
           (strncmp(entries[at].text, text, length) != 0 || entries[at].text[length] != '\0'))
        at = (at + 1) & (size - 1);
    return at;
}

static bool grow_entries(struct builder *builder)
{
    size_t size = builder->entry_size ? 2 * builder->entry_size : TEXTS_FIRST;
    struct text_entry *entries = calloc(size, sizeof(*entries));

    if (!entries)
        return false;
    for (size_t i = 0; i < builder->entry_size; i++) {
        const struct text_entry *old = &builder->entries[i];
        if (old->text)
            entries[find_slot(entries, size, old->text, strlen(old->text))] = *old;
    }
    free(builder->entries);
    builder->entries = entries;
    builder->entry_size = size;
    return true;
}

/* The text's entry; NULL when there is no memory. Valid until the next call. */
static struct text_entry *keep_text(struct builder *builder, const char *text, size_t length)
{
    struct text_entry *entry;

    if (builder->entry_count * 2 >= builder->entry_size && !grow_entries(builder)) {
        no_memory(builder);
        return NULL;
    }
    entry = &builder->entries[find_slot(builder->entries, builder->entry_size, text, length)];
    if (!entry->text) {
        entry->text = arena_copy(builder->texts, text, length);
        if (!entry->text) {
            no_memory(builder);
            return NULL;
        }
        builder->entry_count++;
    }
    return entry;
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
    struct text_entry *entry;

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
    struct text_entry *entry;

    if (!name)
        return;
    entry = &builder->entries[find_slot(builder->entries, builder->entry_size, name, strlen(name))];
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
    refuse_and_stop(builder, "yaml-key", place_of_mark(builder, &event->start_mark),
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
    const struct text_entry *entry;
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
    const struct text_entry *entry;
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
        builder->refused = true;
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

/* --- syntax errors ---------------------------------------------------------------------------- */

/* What most often lies behind a complaint of the parser. */
static const struct {
    const char *problem; /* a part of its words */
    const char *hint;
} syntax_hints[] = {
    {"mapping values are not allowed",
     "a text that holds \": \" needs quotes; otherwise look at the indentation of this line"},
    {"did not find expected key",
     "look at the indentation: the keys of one mapping begin in one column"},
    {"could not find expected ':'", "a key is followed by \": \""},
    {"cannot start any token", "a text that begins with \"@\", \"`\" or \"%\" needs quotes"},
    {"did not find expected ',' or '}'", "is a \"}\" or a comma missing?"},
    {"did not find expected ',' or ']'", "is a \"]\" or a comma missing? in [ ], a text with \"{\" needs quotes: "
                                        "[\"v2.….{id}.acd.end\"]"},
    {"did not find expected '-'",
     "look at the indentation: the elements of one list begin in one column"},
    {"unexpected end of stream", "the quote that begins here is not closed"},
    {"unexpected document indicator", "the quote that begins here is not closed"},
    {"unknown escape character",
     "in double quotes a backslash begins an escape; use single quotes, or write \\\\"},
    {"block sequence entries are not allowed", "begin the list on a line of its own"},
    {"block mapping", "look at the indentation of this line"},
    {"tag", "a text that begins with \"!\" needs quotes"},
    {"alias", "a text that begins with \"*\" or \"&\" needs quotes"},
    {"anchor", "a text that begins with \"*\" or \"&\" needs quotes"},
};
enum { SYNTAX_HINTS = sizeof(syntax_hints) / sizeof(syntax_hints[0]) };

static const char *syntax_hint(const char *problem)
{
    for (size_t i = 0; i < SYNTAX_HINTS; i++)
        if (strstr(problem, syntax_hints[i].problem))
            return syntax_hints[i].hint;
    return NULL;
}

static bool is_tab(const struct place *place)
{
    size_t length;
    const char *line = source_line(place->source, place->line, &length);

    for (unsigned column = 1; line && length > 0; line++, length--) {
        if (((unsigned char)*line & 0xC0) == 0x80)
            continue;
        if (column++ == place->column)
            return *line == '\t';
    }
    return false;
}

static void on_syntax_error(struct builder *builder, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "unreadable";
    struct place place = place_of_mark(builder, &parser->problem_mark);
    bool unclosed = strstr(problem, "unexpected end of stream") ||
                    strstr(problem, "unexpected document indicator");

    if (parser->error == YAML_MEMORY_ERROR) {
        no_memory(builder);
        return;
    }
    if (unclosed && parser->context) /* where it began says more than where the file ends */
        place = place_of_mark(builder, &parser->context_mark);
    if (parser->error == YAML_READER_ERROR)
        place = (struct place){builder->yaml->source, 0, 0};
    if (strstr(problem, "tab character") || is_tab(&place))
        refuse_and_stop(builder, "yaml-tab", place, "indent with spaces",
                        "a tab stands in the indentation");
    else
        refuse_and_stop(builder, "yaml-syntax", place, syntax_hint(problem), "%s%s%s",
                        parser->context ? parser->context : "", parser->context ? ", " : "",
                        problem);
}

/* Feeds all events to the builder until the end, a syntax error or something that stops it. */
static void parse(struct builder *builder, yaml_parser_t *parser)
{
    bool end = false;

    while (!end && !builder->stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            on_syntax_error(builder, parser);
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
    const struct text_entry *entry = keep_text(builder, "", 0);
    struct yaml_node *node =
        entry ? add_node(builder, YAML_SCALAR, &(yaml_mark_t){0, 0, 0}) : NULL;

    if (!node)
        return;
    node->text = entry->text;
    node->plain = 1;
}

bool yaml_read(struct yaml *yaml, const struct source *source, struct arena *texts,
               struct diag_list *diags)
{
    struct builder builder = {.yaml = yaml, .texts = texts, .diags = diags};
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
    parse(&builder, &parser);
    if (!builder.stop && yaml->count == 0)
        add_empty_root(&builder);
    ok = !builder.refused && !builder.stop;
    yaml_parser_delete(&parser);
    free(builder.entries);
    if (!ok)
        yaml_release(yaml);
    return ok;
}

/* --- walking ------------------------------------------------------------------------------- */

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
