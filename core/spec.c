#include "core/spec.h"

#include "core/text.h"

#include <inttypes.h>
#include <string.h>

enum { KEYS_MOST = 64, WORDS_MOST = 64, HINT_BYTES = 2048 };

struct place spec_place(const struct spec_reader *reader, const struct yaml_node *node)
{
    return (struct place){reader->source, node->line, node->column};
}

static bool has_key(const struct spec *spec, const struct spec_key *key)
{
    return key->in_defaults || !spec->defaults;
}

static bool has_kind(const struct spec_key *key, unsigned kind)
{
    return key->kinds == 0 || (key->kinds & 1u << kind);
}

static const struct spec_key *find_key(const struct spec *spec, const char *name)
{
    for (const struct spec_key *key = spec->keys; key->name; key++)
        if (has_key(spec, key) && strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

static void *slot(const struct spec_key *key, void *out)
{
    return (char *)out + key->offset;
}

static const void *const_slot(const struct spec_key *key, const void *value)
{
    return (const char *)value + key->offset;
}

/* --- values that are unset ---------------------------------------------------------------- */

void spec_clear(const struct spec *spec, void *out)
{
    for (const struct spec_key *key = spec->keys; key->name; key++) {
        void *to = slot(key, out);
        switch (key->type) {
        case SPEC_INT:
        case SPEC_DURATION:
        case SPEC_SIZE:
            *(int64_t *)to = SPEC_UNSET;
            break;
        case SPEC_BOOL:
        case SPEC_WORD:
            *(int *)to = -1;
            break;
        case SPEC_GROUP:
            spec_clear(key->nested, to);
            break;
        case SPEC_TEXT:
            *(const char **)to = NULL;
            break;
        case SPEC_LIST:
        case SPEC_MAP:
        case SPEC_NODE:
            *(const struct yaml_node **)to = NULL;
            break;
        }
    }
}

static bool is_unset(const struct spec_key *key, const void *value)
{
    const void *at = const_slot(key, value);

    switch (key->type) {
    case SPEC_INT:
    case SPEC_DURATION:
    case SPEC_SIZE:
        return *(const int64_t *)at == SPEC_UNSET;
    case SPEC_BOOL:
    case SPEC_WORD:
        return *(const int *)at == -1;
    case SPEC_TEXT:
        return !*(const char *const *)at;
    case SPEC_LIST:
    case SPEC_MAP:
    case SPEC_NODE:
        return !*(const struct yaml_node *const *)at;
    case SPEC_GROUP:
        return false;
    }
    return true;
}

static size_t size_of(enum spec_type type)
{
    switch (type) {
    case SPEC_INT:
    case SPEC_DURATION:
    case SPEC_SIZE:
        return sizeof(int64_t);
    case SPEC_BOOL:
    case SPEC_WORD:
        return sizeof(int);
    default:
        return sizeof(void *);
    }
}

void spec_merge(const struct spec *spec, unsigned kind, void *to, const void *from)
{
    for (const struct spec_key *key = spec->keys; key->name; key++) {
        if (!has_key(spec, key) || !has_kind(key, kind))
            continue;
        if (key->type == SPEC_GROUP)
            spec_merge(key->nested, kind, slot(key, to), const_slot(key, from));
        else if (is_unset(key, to))
            memcpy(slot(key, to), const_slot(key, from), size_of(key->type));
    }
}

/* --- findings ------------------------------------------------------------------------------ */

void spec_add_words(struct buf *out, const char *(*word)(int number))
{
    for (int i = 0; word(i); i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", word(i));
}

static const char *word_hint(struct buf *hint, const char *text, const char *(*word)(int number))
{
    const char *words[WORDS_MOST + 1] = {NULL};
    const char *nearest;

    for (int i = 0; i < WORDS_MOST && word(i); i++)
        words[i] = word(i);
    nearest = text_nearest(text, words);
    buf_add_text(hint, nearest ? "did you mean \"" : "write one of: ");
    if (nearest)
        buf_printf(hint, "%s\"?", nearest);
    else
        spec_add_words(hint, word);
    return buf_text(hint);
}

static void refuse_unknown(const struct spec_reader *reader, const struct spec *spec,
                           const struct yaml_node *node)
{
    const char *names[KEYS_MOST + 1] = {NULL};
    const char *nearest;
    size_t count = 0;
    struct buf hint;

    buf_init(&hint, HINT_BYTES);
    for (const struct spec_key *key = spec->keys; key->name && count < KEYS_MOST; key++)
        if (has_key(spec, key))
            names[count++] = key->name;
    /* a finding that is only counted needs no hint: a hostile file may have a million of them */
    if (reader->diags->count == DIAG_MOST)
        count = 0;
    nearest = count > 0 ? text_nearest(node->text, names) : NULL;
    if (nearest)
        buf_printf(&hint, "did you mean \"%s\"?", nearest);
    for (size_t i = 0; !nearest && i < count; i++)
        buf_printf(&hint, "%s%s", i > 0 ? ", " : "the keys here are: ", names[i]);
    diag_add(reader->diags, "unknown-key", spec_place(reader, node), buf_text(&hint),
             "unknown key \"%s\" in %s", node->text, spec->noun);
    reader->diags->no_memory |= hint.failed;
    buf_release(&hint);
}

static bool is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && yaml_type(node->text, node->plain) == YAML_NULL;
}

static bool refuse_type(const struct spec_reader *reader, const struct spec_key *key,
                        const struct yaml_node *node, const char *wanted, const char *hint)
{
    static const char *const kinds[] = {"a value", "a list", "a mapping", ""};

    if (is_null(node))
        diag_add(reader->diags, "wrong-type", spec_place(reader, node),
                 "give it a value, or delete the key", "%s has no value", key->name);
    else if (node->kind != YAML_SCALAR)
        diag_add(reader->diags, "wrong-type", spec_place(reader, node), hint,
                 "%s must be %s, not %s", key->name, wanted, kinds[node->kind]);
    else
        diag_add(reader->diags, "wrong-type", spec_place(reader, node), hint,
                 "%s must be %s, not \"%s\"", key->name, wanted, node->text);
    return false;
}

static void add_amount(struct buf *out, const struct spec_key *key, int64_t amount)
{
    if (key->type == SPEC_DURATION)
        text_add_duration(out, amount);
    else if (key->type == SPEC_SIZE)
        text_add_size(out, amount);
    else
        buf_printf(out, "%" PRId64, amount);
}

/* False, with a finding, when an amount is outside the key's limits. */
static bool check_range(const struct spec_reader *reader, const struct spec_key *key,
                        const struct yaml_node *node, int64_t amount, const char *unit)
{
    struct buf hint;

    if (key->most == 0 || (amount >= key->least && amount <= key->most))
        return true;
    buf_init(&hint, HINT_BYTES);
    buf_add_text(&hint, "between ");
    add_amount(&hint, key, key->least);
    buf_add_text(&hint, " and ");
    add_amount(&hint, key, key->most);
    buf_add_text(&hint, unit);
    diag_add(reader->diags, "out-of-range", spec_place(reader, node), NULL, "%s must be %s%s",
             key->name, key->type == SPEC_LIST || key->type == SPEC_MAP ? "a list of " : "",
             buf_text(&hint));
    reader->diags->no_memory |= hint.failed;
    buf_release(&hint);
    return false;
}

/* --- reading -------------------------------------------------------------------------------- */

static const char *expand(const struct spec_reader *reader, const struct yaml_node *node)
{
    return reader->expand ? reader->expand(reader->context, node) : node->text;
}

/* The text of a scalar that must be a text. A value from a variable is text whatever it looks
 * like. */
static const char *read_text(const struct spec_reader *reader, const struct spec_key *key,
                             const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && node->plain && yaml_is_ambiguous(node->text)) {
        diag_add(reader->diags, "yaml-ambiguous", spec_place(reader, node),
                 "put it in quotes to make it text",
                 "unquoted \"%s\" is read as text by some tools and as another type by others",
                 node->text);
        return NULL;
    }
    if (node->kind != YAML_SCALAR || yaml_type(node->text, node->plain) != YAML_TEXT) {
        refuse_type(reader, key, node, "text", "put it in quotes to make it text");
        return NULL;
    }
    return expand(reader, node);
}

static bool has_control(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] < 0xA0))
            return true;
    return false;
}

static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool read_checked_text(const struct spec_reader *reader, const struct spec_key *key,
                              const struct yaml_node *node, const char **out)
{
    const char *text = read_text(reader, key, node);
    const struct spec_complaint *complaint;

    if (!text)
        return false;
    if (has_control(text)) {
        diag_add(reader->diags, "bad-value", spec_place(reader, node), "write it in one line",
                 "%s holds a line break or a control character", key->name);
        return false;
    }
    if (!check_range(reader, key, node, (int64_t)characters(text), " characters long"))
        return false;
    complaint = key->check ? key->check(text) : NULL;
    if (complaint) {
        diag_add(reader->diags, complaint->rule, spec_place(reader, node), complaint->hint,
                 "%s %s: \"%s\"", key->name, complaint->message, node->text);
        return false;
    }
    *out = text;
    return true;
}

static const char *whole_number_hint(const struct yaml_node *node)
{
    bool quoted = node->kind == YAML_SCALAR && !node->plain;

    return quoted && !yaml_is_ambiguous(node->text) && yaml_type(node->text, true) == YAML_INT
               ? "write it without quotes"
               : "write it in digits, without a leading zero, a point or an exponent";
}

static bool read_int(const struct spec_reader *reader, const struct spec_key *key,
                     const struct yaml_node *node, int64_t *out)
{
    const char *text = node->kind == YAML_SCALAR ? expand(reader, node) : NULL;
    int64_t number;

    if (node->kind == YAML_SCALAR && !text)
        return false;
    if (!text || yaml_is_ambiguous(text) || yaml_type(text, node->plain) != YAML_INT)
        return refuse_type(reader, key, node, "a whole number", whole_number_hint(node));
    if (!yaml_integer(text, &number))
        number = text[0] == '-' ? INT64_MIN + 1 : INT64_MAX;
    if (!check_range(reader, key, node, number, ""))
        return false;
    *out = number;
    return true;
}

static bool read_bool(const struct spec_reader *reader, const struct spec_key *key,
                      const struct yaml_node *node, int *out)
{
    const char *text = node->kind == YAML_SCALAR ? expand(reader, node) : NULL;

    if (node->kind == YAML_SCALAR && !text)
        return false;
    if (!text || yaml_type(text, node->plain) != YAML_BOOL)
        return refuse_type(reader, key, node, "true or false", "write true or false");
    *out = yaml_truth(text);
    return true;
}

static bool read_duration(const struct spec_reader *reader, const struct spec_key *key,
                          const struct yaml_node *node, int64_t *out)
{
    const char *text = node->kind == YAML_SCALAR ? expand(reader, node) : NULL;
    int64_t ms;

    if (node->kind == YAML_SCALAR && !text)
        return false;
    if (!text || !text_parse_duration(text, &ms))
        return refuse_type(reader, key, node, "a duration",
                           "a number and its unit, such as 250ms, 10s, 5m, 1h or 7d");
    if (!check_range(reader, key, node, ms, ""))
        return false;
    if (key->step_ms > 0 && ms % key->step_ms != 0) {
        diag_add(reader->diags, "bad-value", spec_place(reader, node), NULL,
                 "%s must be whole seconds", key->name);
        return false;
    }
    *out = ms;
    return true;
}

static bool read_size(const struct spec_reader *reader, const struct spec_key *key,
                      const struct yaml_node *node, int64_t *out)
{
    const char *text = node->kind == YAML_SCALAR ? expand(reader, node) : NULL;
    int64_t bytes;

    if (node->kind == YAML_SCALAR && !text)
        return false;
    if (!text || !text_parse_size(text, &bytes))
        return refuse_type(reader, key, node, "a size",
                           "a number and its unit, such as 64KiB, 1MiB or 2GiB, or bytes");
    if (!check_range(reader, key, node, bytes, ""))
        return false;
    *out = bytes;
    return true;
}

static bool read_word(const struct spec_reader *reader, const struct spec_key *key,
                      const struct yaml_node *node, int *out)
{
    const char *text = read_text(reader, key, node);
    struct buf hint;

    if (!text)
        return false;
    for (int i = 0; key->word(i); i++)
        if (strcmp(key->word(i), text) == 0) {
            *out = i;
            return true;
        }
    buf_init(&hint, HINT_BYTES);
    diag_add(reader->diags, "bad-value", spec_place(reader, node),
             word_hint(&hint, text, key->word), "\"%s\" is no value of %s", node->text, key->name);
    reader->diags->no_memory |= hint.failed;
    buf_release(&hint);
    return false;
}

static bool read_container(const struct spec_reader *reader, const struct spec_key *key,
                           const struct yaml_node *node, const struct yaml_node **out)
{
    bool list = key->type == SPEC_LIST;

    if (key->may_be_null && is_null(node))
        return true;
    if (node->kind != (list ? YAML_SEQUENCE : YAML_MAPPING))
        return refuse_type(reader, key, node, list ? "a list" : "a mapping",
                           list ? "write it as [one, two]" : "its keys stand indented below it");
    if (!check_range(reader, key, node, (int64_t)node->count, list ? " elements" : " keys"))
        return false;
    *out = node;
    return true;
}

bool spec_read_value(const struct spec_reader *reader, const struct spec_key *key,
                     const struct yaml_node *node, void *out)
{
    switch (key->type) {
    case SPEC_TEXT:
        return read_checked_text(reader, key, node, out);
    case SPEC_INT:
        return read_int(reader, key, node, out);
    case SPEC_DURATION:
        return read_duration(reader, key, node, out);
    case SPEC_SIZE:
        return read_size(reader, key, node, out);
    case SPEC_BOOL:
        return read_bool(reader, key, node, out);
    case SPEC_WORD:
        return read_word(reader, key, node, out);
    case SPEC_GROUP:
        return spec_read(reader, key->nested, node, out);
    case SPEC_LIST:
    case SPEC_MAP:
        return read_container(reader, key, node, out);
    case SPEC_NODE:
        *(const struct yaml_node **)out = node;
        return true;
    }
    return false;
}

bool spec_read(const struct spec_reader *reader, const struct spec *spec,
               const struct yaml_node *node, void *out)
{
    bool ok = true;

    spec_clear(spec, out);
    if (node->kind != YAML_MAPPING) {
        diag_add(reader->diags, "wrong-type", spec_place(reader, node),
                 "its keys stand indented below it, or in braces: {key: value}",
                 "%s must be a mapping", spec->noun);
        return false;
    }
    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        const struct spec_key *key = find_key(spec, walk.key->text);
        if (key) {
            ok &= spec_read_value(reader, key, walk.value, slot(key, out));
        } else if (!spec->extensions || strncmp(walk.key->text, "x-", 2) != 0) {
            refuse_unknown(reader, spec, walk.key);
            ok = false;
        }
    }
    return ok;
}

/* --- after reading ---------------------------------------------------------------------------- */

bool spec_fall_back(const struct spec_reader *reader, const struct spec *spec, unsigned kind,
                    void *out)
{
    bool ok = true;

    for (const struct spec_key *key = spec->keys; key->name; key++) {
        /* a text is taken as it stands, whatever YAML would make of it */
        struct yaml_node node = {
            .text = key->fallback, .span = 1, .kind = YAML_SCALAR, .plain = key->type != SPEC_TEXT};
        bool single = key->type != SPEC_LIST && key->type != SPEC_MAP && key->type != SPEC_NODE;
        if (key->type == SPEC_GROUP)
            ok &= spec_fall_back(reader, key->nested, kind, slot(key, out));
        else if (!is_unset(key, out))
            continue;
        else if (key->fallback && single && has_kind(key, kind))
            ok &= spec_read_value(reader, key, &node, slot(key, out));
        else
            memset(slot(key, out), 0, size_of(key->type));
    }
    return ok;
}

bool spec_require(const struct spec_reader *reader, const struct spec *spec, unsigned kind,
                  const void *value, struct place place)
{
    bool ok = true;

    for (const struct spec_key *key = spec->keys; key->name; key++) {
        if (!has_key(spec, key) || !has_kind(key, kind))
            continue;
        if (key->type == SPEC_GROUP) {
            ok &= key->nested->defaults ||
                  spec_require(reader, key->nested, kind, const_slot(key, value), place);
        } else if (key->required && is_unset(key, value)) {
            diag_add(reader->diags, "missing-key", place, key->help, "%s needs \"%s\"", spec->noun,
                     key->name);
            ok = false;
        }
    }
    return ok;
}

bool spec_check_kind(const struct spec_reader *reader, const struct spec *spec, unsigned kind,
                     const char *kind_name, const struct yaml_node *node)
{
    bool ok = true;

    for (struct yaml_walk walk = yaml_walk(node); yaml_next(&walk);) {
        const struct spec_key *key = walk.key ? find_key(spec, walk.key->text) : NULL;
        if (!key)
            continue;
        if (!has_kind(key, kind)) {
            diag_add(reader->diags, "not-for-this-kind", spec_place(reader, walk.key),
                     "delete the key", "\"%s\" is not for %s", key->name, kind_name);
            ok = false;
        } else if (key->type == SPEC_GROUP) {
            ok &= spec_check_kind(reader, key->nested, kind, kind_name, walk.value);
        }
    }
    return ok;
}
