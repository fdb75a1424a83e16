#include "core/criterion.h"

#include "core/json.h"
#include "core/keys.h"
#include "core/variable.h"

#include <inttypes.h>
#include <string.h>

enum { VALUE_MAX_BYTES = 1024 * 1024, ELEMENTS_MOST = 1000 };

/* What an operator takes, in the words of a finding. */
static const struct {
    const char *wanted;
    const char *hint;
} operand_words[] = {
    [OPERAND_SCALAR] = {"a text, a number or a truth value", "for several values write op: in"},
    [OPERAND_ORDERED] = {"a number or a text", "write it as one number or text"},
    [OPERAND_LIST] = {"a list", "write it as [one, two]"},
    [OPERAND_BOOL] = {"true or false", "write true, false, or no value for true"},
    [OPERAND_COUNT] = {"a whole number from 0", "how many elements there are"},
};

static bool refuse(const struct spec_reader *reader, const struct yaml_node *node,
                   enum filter_op op)
{
    const struct filter_operator *row = &filter_operators[op];

    diag_add(reader->diags, "wrong-type", spec_place(reader, node),
             operand_words[row->operand].hint, "the value of \"%s\" must be %s", row->name,
             operand_words[row->operand].wanted);
    return false;
}

/* A whole number as an integer, whatever its base was; a real number in JSON's form. */
static bool add_number(const struct spec_reader *reader, const struct yaml_node *node,
                       enum yaml_type type, struct buf *out)
{
    int64_t whole;
    double real;

    if (type == YAML_INT && yaml_integer(node->text, &whole)) {
        buf_printf(out, "%" PRId64, whole);
        return true;
    }
    if (type == YAML_FLOAT && yaml_real(node->text, &real)) {
        json_t *number = json_real(real);
        json_add_canonical(out, number);
        reader->diags->no_memory |= !number;
        json_decref(number);
        return number != NULL;
    }
    diag_add(reader->diags, "out-of-range", spec_place(reader, node),
             "put it in quotes to make it text", "\"%s\" is no number that can be compared",
             node->text);
    return false;
}

/* Adds one scalar by the core schema. What comes from a variable is text, whatever it looks
 * like: a telephone number must not become a number by being told from outside. */
static bool add_scalar(const struct spec_reader *reader, const struct yaml_node *node,
                       enum filter_op op, struct buf *out)
{
    bool variable = node->kind == YAML_SCALAR && variable_occurs(node->text);
    enum yaml_type type =
        node->kind == YAML_SCALAR ? yaml_type(node->text, node->plain && !variable) : YAML_NULL;
    bool ordered = filter_operators[op].operand == OPERAND_ORDERED;
    const char *text;

    if (type == YAML_NULL || (type == YAML_BOOL && ordered))
        return refuse(reader, node, op);
    if (node->plain && !variable && yaml_is_ambiguous(node->text)) {
        diag_add(reader->diags, "yaml-ambiguous", spec_place(reader, node),
                 "put it in quotes to make it text, or write true, false or a plain number",
                 "unquoted \"%s\" means one thing to some tools and another to others", node->text);
        return false;
    }
    if (type == YAML_INT || type == YAML_FLOAT)
        return add_number(reader, node, type, out);
    if (type == YAML_BOOL) {
        buf_add_text(out, yaml_truth(node->text) ? "true" : "false");
        return true;
    }
    text = variable && reader->expand ? reader->expand(reader->context, node) : node->text;
    if (text)
        json_add_string(out, text, strlen(text));
    return text != NULL;
}

static bool add_list(const struct spec_reader *reader, const struct yaml_node *node,
                     enum filter_op op, struct buf *out)
{
    bool ok = true, first = true;

    if (node->kind != YAML_SEQUENCE)
        return refuse(reader, node, op);
    if (node->count == 0 || node->count > ELEMENTS_MOST) {
        diag_add(reader->diags, "out-of-range", spec_place(reader, node), NULL,
                 "the list of \"%s\" must have between 1 and %d elements",
                 filter_operators[op].name, ELEMENTS_MOST);
        return false;
    }
    buf_add_char(out, '[');
    for (struct yaml_walk walk = yaml_walk(node); ok && yaml_next(&walk); first = false) {
        if (!first)
            buf_add_char(out, ',');
        if (walk.value->kind != YAML_SCALAR) {
            diag_add(reader->diags, "wrong-type", spec_place(reader, walk.value), NULL,
                     "an element of the list of \"%s\" must be a text, a number or a truth value",
                     filter_operators[op].name);
            return false;
        }
        ok = add_scalar(reader, walk.value, op, out);
    }
    buf_add_char(out, ']');
    return ok;
}

static bool add_count(const struct spec_reader *reader, const struct yaml_node *node,
                      enum filter_op op, struct buf *out)
{
    int64_t count;

    if (node->kind != YAML_SCALAR || yaml_is_ambiguous(node->text) ||
        yaml_type(node->text, node->plain) != YAML_INT || !yaml_integer(node->text, &count) ||
        count < 0)
        return refuse(reader, node, op);
    buf_printf(out, "%" PRId64, count);
    return true;
}

static bool add_truth(const struct spec_reader *reader, const struct yaml_node *node,
                      enum filter_op op, struct buf *out)
{
    if (node->kind != YAML_SCALAR || yaml_type(node->text, node->plain) != YAML_BOOL)
        return refuse(reader, node, op);
    buf_add_text(out, yaml_truth(node->text) ? "true" : "false");
    return true;
}

static bool add_value(const struct spec_reader *reader, const struct yaml_node *node,
                      enum filter_op op, struct buf *out)
{
    switch (filter_operators[op].operand) {
    case OPERAND_LIST:
        return add_list(reader, node, op, out);
    case OPERAND_COUNT:
        return add_count(reader, node, op, out);
    case OPERAND_BOOL:
        return add_truth(reader, node, op, out);
    case OPERAND_SCALAR:
    case OPERAND_ORDERED:
        return add_scalar(reader, node, op, out);
    }
    return false;
}

bool criterion_field_fits(const char *field)
{
    const struct spec_key *key = criterion_spec.keys;

    while (strcmp(key->name, "field") != 0)
        key++;
    return (int64_t)strlen(field) >= key->least && (int64_t)strlen(field) <= key->most &&
           !key->check(field);
}

bool criterion_read(const struct spec_reader *reader, const struct yaml_node *node,
                    struct criterion *out)
{
    struct criterion_keys keys;
    struct buf value;
    bool ok;

    *out = (struct criterion){.place = spec_place(reader, node)};
    buf_init(&value, VALUE_MAX_BYTES);
    ok = spec_read(reader, &criterion_spec, node, &keys) &&
         spec_require(reader, &criterion_spec, 0, &keys, out->place);
    if (!ok)
        goto cleanup;
    out->field = keys.field;
    out->op = (enum filter_op)keys.op;
    if (keys.value) {
        ok = add_value(reader, keys.value, out->op, &value);
    } else if (out->op == FILTER_EXISTS) {
        buf_add_text(&value, "true");
    } else {
        diag_add(reader->diags, "missing-key", out->place, "only exists may stand without one",
                 "a criterion with \"%s\" needs \"value\"", filter_operators[out->op].name);
        ok = false;
    }
    if (!ok)
        goto cleanup;
    out->value = value.failed ? NULL : arena_copy(reader->arena, buf_text(&value), value.length);
    if (!out->value)
        reader->diags->no_memory = true;
    ok = out->value != NULL;
cleanup:
    buf_release(&value);
    return ok;
}
