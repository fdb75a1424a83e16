#include "core/manifest.h"

#include "core/buf.h"
#include "core/keys.h"
#include "core/manifest_source.h"
#include "core/subscription.h"
#include "core/text.h"
#include "core/variable.h"
#include "core/yaml.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_INPUT_MAX_BYTES = 64 * 1024 * 1024, VALUE_MOST_BYTES = 4096 };

/* One file while the manifest is read. */
struct file {
    struct source *source;
    struct variable_list variables;
};

/* A key that stands once in a manifest, whatever file has it. */
struct common_text {
    const char *text; /* NULL: no file has it so far */
    struct place place;
};

struct reading {
    struct manifest *manifest;
    const struct manifest_options *options;
    struct diag_list *diags;
    struct file *files; /* one for each source */
    size_t subscriptions_size;
    struct common_text organization, owner;
    const char **disabled; /* ends with NULL; malloc'd */
    size_t disabled_count;
    size_t errors_before; /* in the list of findings */
    size_t unread;        /* files that could not be read, or subscriptions that are wrong */
};

/* What a scalar's variables are filled in with. */
struct expansion {
    struct reading *reading;
    struct file *file;
};

void manifest_init(struct manifest *manifest)
{
    *manifest = (struct manifest){.sources = NULL};
    arena_init(&manifest->arena);
}

static void release_all_but_sources(struct manifest *manifest)
{
    free(manifest->subscriptions);
    arena_release(&manifest->arena);
    manifest->subscriptions = NULL;
    manifest->subscription_count = 0;
    manifest->organization = manifest->owner = NULL;
    manifest->hash[0] = '\0';
}

void manifest_release(struct manifest *manifest)
{
    release_all_but_sources(manifest);
    for (size_t i = 0; i < manifest->source_count; i++) {
        source_release(manifest->sources[i]);
        free(manifest->sources[i]);
    }
    free(manifest->sources);
    manifest_init(manifest);
}

/* --- variables ---------------------------------------------------------------------------- */

static const char *environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* The variable's value, copied; NULL when it has none, or (with a finding) one of no use. */
static const char *look_up(struct reading *reading, struct place place, const char *name)
{
    const struct manifest_options *options = reading->options;
    const char *value = options->variable ? options->variable(options->variable_context, name)
                                          : environment(NULL, name);
    const char *copy;

    if (!value || !*value)
        return NULL;
    if (strlen(value) > VALUE_MOST_BYTES || text_utf8_check(value, strlen(value)) < strlen(value))
        copy = NULL;
    else
        copy = value;
    for (const unsigned char *c = (const unsigned char *)value; copy && *c; c++)
        if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0))
            copy = NULL;
    if (!copy) {
        diag_add(reading->diags, "bad-variable", place, NULL,
                 "the value of %s is no UTF-8, longer than %d bytes, or has control characters",
                 name, VALUE_MOST_BYTES);
        return NULL;
    }
    copy = arena_text(&reading->manifest->arena, value);
    reading->diags->no_memory |= !copy;
    return copy;
}

static void add_variable(struct reading *reading, struct variable_list *list, struct place place,
                         const char *name)
{
    size_t errors = reading->diags->errors;

    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) {
            diag_add(reading->diags, "bad-value", place, "delete one of them",
                     "the variable %s is declared twice", name);
            diag_add_other(reading->diags, list->items[i].place);
            return;
        }
    struct variable *variable = &list->items[list->count++];
    *variable = (struct variable){.name = name, .place = place};
    variable->value = look_up(reading, place, name);
    variable->complained = reading->diags->errors > errors;
}

/* Declared before anything else is read, so that all of the file may use them. */
static bool declare_variables(struct reading *reading, const struct spec_reader *plain,
                              struct file *file, const struct yaml_node *root)
{
    const struct yaml_node *list = yaml_find(root, "variables");
    size_t errors = reading->diags->errors;

    if (!list || list->kind != YAML_SEQUENCE || list->count > 1000)
        return true; /* spec_read says what is wrong with that */
    file->variables.items =
        arena_alloc(plain->arena, (list->count + 1) * sizeof(*file->variables.items));
    if (!file->variables.items) {
        reading->diags->no_memory = true;
        return false;
    }
    for (struct yaml_walk walk = yaml_walk(list); yaml_next(&walk);) {
        const char *name;
        if (spec_read_value(plain, &variable_key, walk.value, &name))
            add_variable(reading, &file->variables, spec_place(plain, walk.value), name);
    }
    return reading->diags->errors == errors;
}

static const char *expand(void *context, const struct yaml_node *node)
{
    struct expansion *expansion = context;
    struct place place = {expansion->file->source, node->line, node->column};

    if (!variable_occurs(node->text))
        return node->text;
    return variable_expand(&expansion->file->variables, &expansion->reading->manifest->arena,
                           expansion->reading->diags, place, node->text);
}

/* --- one file ----------------------------------------------------------------------------- */

/* Takes a key over that all files agree in. */
static void take_common(struct reading *reading, struct common_text *common, const char *rule,
                        const char *text, struct place place)
{
    if (!text)
        return;
    if (!common->text) {
        *common = (struct common_text){text, place};
    } else if (strcmp(common->text, text) != 0) {
        diag_add(reading->diags, rule, place, "one manifest is for one of them",
                 "\"%s\" here, but another file says \"%s\"", text, common->text);
        diag_add_other(reading->diags, common->place);
    }
}

static void refuse_rule(struct reading *reading, struct place place, const char *id)
{
    const char *ids[128] = {NULL};
    const char *nearest;
    size_t count = 0;
    char hint[128];

    for (const struct diag_rule *rule = diag_rule_table; rule->id && count < 127; rule++)
        if (rule->lint)
            ids[count++] = rule->id;
    nearest = text_nearest(id, ids);
    snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest ? nearest : "");
    diag_add(reading->diags, "unknown-rule", place,
             nearest ? hint : "`eventctl help rules` lists the rules", "there is no rule \"%s\"",
             id);
}

static void disable_rules(struct reading *reading, const struct spec_reader *reader,
                          const struct yaml_node *list)
{
    const char **grown;

    if (!list)
        return;
    grown = realloc(reading->disabled,
                    (reading->disabled_count + list->count + 1) * sizeof(const char *));
    if (!grown) {
        reading->diags->no_memory = true;
        return;
    }
    reading->disabled = grown;
    for (struct yaml_walk walk = yaml_walk(list); yaml_next(&walk);) {
        const char *id;
        if (!spec_read_value(reader, &rule_key, walk.value, &id))
            continue;
        if (diag_rule_find(id))
            grown[reading->disabled_count++] = diag_rule_find(id)->id;
        else
            refuse_rule(reading, spec_place(reader, walk.value), id);
    }
    grown[reading->disabled_count] = NULL;
}

/* Room for one more subscription; NULL when there is no memory. */
static struct subscription *next_subscription(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;

    if (manifest->subscription_count == reading->subscriptions_size) {
        size_t size = reading->subscriptions_size ? 2 * reading->subscriptions_size : 16;
        struct subscription *grown =
            realloc(manifest->subscriptions, size * sizeof(struct subscription));
        if (!grown) {
            reading->diags->no_memory = true;
            return NULL;
        }
        manifest->subscriptions = grown;
        reading->subscriptions_size = size;
    }
    return &manifest->subscriptions[manifest->subscription_count];
}

static void read_subscriptions(struct reading *reading, const struct spec_reader *reader,
                               const struct manifest_keys *keys, const struct yaml_node *root)
{
    struct subscription_context context = {reader, &keys->defaults, yaml_find(root, "defaults")};

    if (!keys->subscriptions)
        return;
    for (struct yaml_walk walk = yaml_walk(keys->subscriptions); yaml_next(&walk);) {
        struct subscription *next = next_subscription(reading);
        if (!next)
            return;
        if (subscription_read(&context, walk.key, walk.value, next))
            reading->manifest->subscription_count++;
        else
            reading->unread++;
    }
}

static bool is_empty(const struct yaml_node *root)
{
    return root->kind == YAML_SCALAR && yaml_type(root->text, root->plain) == YAML_NULL;
}

static struct place place_in(const struct spec_reader *reader, const struct yaml_node *root,
                             const char *key)
{
    const struct yaml_node *node = yaml_find(root, key);

    return node ? spec_place(reader, node) : (struct place){NULL, 0, 0};
}

static void read_tree(struct reading *reading, struct file *file, const struct yaml_node *root)
{
    struct expansion expansion = {reading, file};
    struct spec_reader plain = {file->source, &reading->manifest->arena, reading->diags, NULL,
                                NULL};
    struct spec_reader reader = plain;
    struct manifest_keys keys;

    reader.expand = expand;
    reader.context = &expansion;
    if (!declare_variables(reading, &plain, file, root) ||
        !subscription_check_via(&reader, yaml_find(root, "defaults")))
        reading->unread++;
    if (!spec_read(&reader, &manifest_spec, root, &keys) ||
        !spec_require(&reader, &manifest_spec, 0, &keys, (struct place){file->source, 1, 1}))
        reading->unread++;
    take_common(reading, &reading->organization, "organization-mismatch", keys.organization,
                place_in(&reader, root, "organization"));
    take_common(reading, &reading->owner, "owner-mismatch", keys.owner,
                place_in(&reader, root, "owner"));
    disable_rules(reading, &plain, keys.lint.disable);
    read_subscriptions(reading, &reader, &keys, root);
}

static void read_file(struct reading *reading, struct file *file)
{
    struct yaml yaml;

    yaml_init(&yaml);
    if (!yaml_read(&yaml, file->source, &reading->manifest->arena, reading->diags))
        reading->unread++;
    else if (!is_empty(yaml.nodes))
        read_tree(reading, file, yaml.nodes);
    yaml_release(&yaml);
}

/* --- all files together --------------------------------------------------------------------- */

static int compare_subscriptions(const void *a, const void *b)
{
    return strcmp(((const struct subscription *)a)->name, ((const struct subscription *)b)->name);
}

static size_t source_rank(const struct manifest *manifest, const struct source *source)
{
    size_t rank = 0;

    while (rank < manifest->source_count && manifest->sources[rank] != source)
        rank++;
    return rank;
}

/* Within one file a name that stands twice is a key that stands twice. */
static void check_names(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;

    if (manifest->subscription_count > 0)
        qsort(manifest->subscriptions, manifest->subscription_count, sizeof(struct subscription),
              compare_subscriptions);
    for (size_t i = 1; i < manifest->subscription_count; i++) {
        const struct subscription *a = &manifest->subscriptions[i - 1];
        const struct subscription *b = &manifest->subscriptions[i];
        bool swapped =
            source_rank(manifest, a->place.source) > source_rank(manifest, b->place.source);
        if (strcmp(a->name, b->name) != 0 || a->place.source == b->place.source)
            continue;
        diag_add(reading->diags, "duplicate-name", swapped ? a->place : b->place,
                 "give one of them another name", "the subscription \"%s\" stands twice", a->name);
        diag_add_other(reading->diags, swapped ? b->place : a->place);
    }
}

static void check_whole(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;
    struct place nowhere = {manifest->source_count ? manifest->sources[0] : NULL, 0, 0};

    check_names(reading);
    if (reading->diags->errors > reading->errors_before || reading->diags->no_memory)
        return; /* what is missing may stand where nothing could be read */
    if (manifest->subscription_count == 0)
        diag_add(reading->diags, "empty-manifest", nowhere,
                 "to delete all subscriptions of this manifest, delete them one by one, or keep "
                 "one with enabled: false",
                 "there are no subscriptions: applying this would delete every one that eventctl "
                 "made");
    else if (!reading->organization.text)
        diag_add(reading->diags, "missing-key", nowhere,
                 "organization: NAME or id, in one of the files",
                 "no file says which organization the manifest is for");
}

static void lint_variables(struct reading *reading)
{
    for (size_t i = 0; i < reading->manifest->source_count; i++) {
        const struct variable_list *list = &reading->files[i].variables;
        for (size_t k = 0; k < list->count; k++)
            if (!list->items[k].used)
                diag_add(reading->diags, "unused-variable", list->items[k].place, "delete it",
                         "the variable %s is declared and not used", list->items[k].name);
    }
}

/* Lints with the rules off that the caller or a file switched off. */
static void lint(struct reading *reading)
{
    const char *const *before = reading->diags->disabled;
    size_t count = 0;
    const char **all;

    while (before && before[count])
        count++;
    all = calloc(count + reading->disabled_count + 1, sizeof(const char *));
    if (!all) {
        reading->diags->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        all[i] = before[i];
    for (size_t i = 0; i < reading->disabled_count; i++)
        all[count + i] = reading->disabled[i];
    reading->diags->disabled = all;
    if (reading->unread == 0) /* else what uses one may not have been read */
        lint_variables(reading);
    lint_manifest(reading->manifest, reading->options, reading->diags);
    reading->diags->disabled = before;
    free(all);
}

/* Over a digest of each file and what its variables stand for, in order. */
static void hash(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;
    char digest[DIGEST_HEX + 1];
    struct buf input;
    bool ok = true;

    buf_init(&input, HASH_INPUT_MAX_BYTES);
    for (size_t i = 0; i < manifest->source_count && ok; i++) {
        const struct variable_list *list = &reading->files[i].variables;
        ok = digest_hex(manifest->sources[i]->text, manifest->sources[i]->length_bytes, DIGEST_HEX,
                        digest);
        buf_printf(&input, "%s\n", digest);
        for (size_t k = 0; k < list->count; k++)
            if (list->items[k].used && list->items[k].value)
                buf_printf(&input, "%s=%s\n", list->items[k].name, list->items[k].value);
    }
    ok = ok && !input.failed &&
         digest_hex(buf_text(&input), input.length, DIGEST_HEX, manifest->hash);
    if (!ok)
        reading->diags->no_memory = true;
    buf_release(&input);
}

static void read_files(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;

    reading->files =
        arena_alloc(&manifest->arena, (manifest->source_count + 1) * sizeof(*reading->files));
    if (!reading->files) {
        reading->diags->no_memory = true;
        return;
    }
    for (size_t i = 0; i < manifest->source_count && !reading->diags->no_memory; i++) {
        reading->files[i].source = manifest->sources[i];
        if (manifest->sources[i]->text)
            read_file(reading, &reading->files[i]);
    }
}

bool manifest_read(struct manifest *manifest, const struct manifest_options *options,
                   struct diag_list *diags)
{
    struct reading reading = {
        .manifest = manifest, .options = options, .diags = diags, .errors_before = diags->errors};
    bool ok;

    reading.unread = manifest_add_sources(manifest, options, diags);
    if (options->stop && *options->stop) { /* what was not read is no part of anything */
        release_all_but_sources(manifest);
        return false;
    }
    if (!diags->no_memory)
        read_files(&reading);
    if (!diags->no_memory)
        check_whole(&reading);
    manifest->organization = reading.organization.text;
    manifest->owner = reading.owner.text ? reading.owner.text : "";
    if (!diags->no_memory)
        lint(&reading);
    ok = diags->errors == reading.errors_before && !diags->no_memory;
    if (ok)
        hash(&reading);
    ok = ok && !diags->no_memory;
    free(reading.disabled);
    if (!ok)
        release_all_but_sources(manifest);
    return ok;
}
