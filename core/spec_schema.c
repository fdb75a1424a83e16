/* The JSON Schema (draft 2020-12) of a table of keys. */
#include "core/spec.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/text.h"

enum { HELP_BYTES = 4096 };

#define DURATION_PATTERN "^([0-9]+(d|h|ms|m|s))+$"
#define SIZE_PATTERN     "^(0|[1-9][0-9]*)([KMGT]iB)?$"
#define VARIABLE_PATTERN "\\$\\{[A-Z_][A-Z0-9_]*\\}"

static json_t *key_schema(const struct spec_key *key, bool partial);

/* Sets a member, whose reference it takes. False when there is no memory. */
static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static json_t *done(json_t *object, bool ok)
{
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

static bool put_limits(json_t *schema, const struct spec_key *key, const char *least,
                       const char *most)
{
    if (key->most == 0)
        return true;
    return (key->least == 0 || put(schema, least, json_integer(key->least))) &&
           put(schema, most, json_integer(key->most));
}

static json_t *word_schema(const struct spec_key *key)
{
    json_t *words = json_array(), *schema = json_object();
    bool ok = words && schema;

    for (int i = 0; ok && key->word(i); i++)
        ok = json_array_append_new(words, json_string(key->word(i))) == 0;
    ok = put(schema, "enum", words) && ok; /* takes the words in any case */
    return done(schema, ok);
}

static json_t *text_schema(const struct spec_key *key)
{
    json_t *schema = json_pack("{s:s}", "type", "string");
    bool ok = schema && put_limits(schema, key, "minLength", "maxLength") &&
              (!key->pattern || put(schema, "pattern", json_string(key->pattern)));

    return done(schema, ok);
}

static json_t *number_schema(const struct spec_key *key)
{
    json_t *schema = json_pack("{s:s}", "type", "integer");

    return done(schema, schema && put_limits(schema, key, "minimum", "maximum"));
}

static json_t *size_schema(void)
{
    return json_pack("{s:[{s:s,s:i},{s:s,s:s}]}", "anyOf", "type", "integer", "minimum", 0, "type",
                     "string", "pattern", SIZE_PATTERN);
}

static json_t *list_schema(const struct spec_key *key, bool partial)
{
    json_t *schema = json_pack("{s:s}", "type", "array");
    bool ok = schema && put_limits(schema, key, "minItems", "maxItems");

    if (ok && key->unique)
        ok = put(schema, "uniqueItems", json_true());
    if (ok && key->nested)
        ok = put(schema, "items", spec_schema(key->nested));
    else if (ok && key->item)
        ok = put(schema, "items", key_schema(key->item, partial));
    return done(schema, ok);
}

static json_t *map_schema(const struct spec_key *key, bool partial)
{
    json_t *schema = key->may_be_null ? json_pack("{s:[s,s]}", "type", "object", "null")
                                      : json_pack("{s:s}", "type", "object");
    bool ok = schema && put_limits(schema, key, "minProperties", "maxProperties");

    if (ok && key->name_item)
        ok = put(schema, "propertyNames", key_schema(key->name_item, partial));
    if (ok && key->nested)
        ok = put(schema, "additionalProperties", spec_schema(key->nested));
    else if (ok && key->item)
        ok = put(schema, "additionalProperties", key_schema(key->item, partial));
    return done(schema, ok);
}

/* The help, and the limits where the schema cannot express them. */
static json_t *help_of(const struct spec_key *key)
{
    struct buf help;
    json_t *text;

    buf_init(&help, HELP_BYTES);
    buf_add_text(&help, key->help);
    if (key->type == SPEC_DURATION && key->most > 0) {
        buf_add_text(&help, "; between ");
        text_add_duration(&help, key->least);
        buf_add_text(&help, " and ");
        text_add_duration(&help, key->most);
    } else if (key->type == SPEC_SIZE && key->most > 0) {
        buf_add_text(&help, "; between ");
        text_add_size(&help, key->least);
        buf_add_text(&help, " and ");
        text_add_size(&help, key->most);
    }
    text = help.failed ? NULL : json_string(buf_text(&help));
    buf_release(&help);
    return text;
}

static bool put_fallback(json_t *schema, const struct spec_key *key)
{
    bool text = key->type == SPEC_WORD || key->type == SPEC_DURATION || key->type == SPEC_SIZE ||
                (key->type == SPEC_TEXT && key->fallback && key->fallback[0] != '"');

    if (!key->fallback)
        return true;
    return put(schema, "default",
               text ? json_string(key->fallback) : json_read_text(key->fallback));
}

static json_t *mapping_schema(const struct spec *spec, bool partial)
{
    json_t *properties = json_object(), *required = json_array(), *schema = json_object();
    bool ok = properties && required && schema;

    for (const struct spec_key *key = spec->keys; ok && key->name; key++) {
        if (spec->defaults && !key->in_defaults)
            continue;
        ok = put(properties, key->name, key_schema(key, partial || spec->defaults));
        if (ok && key->required && !partial && !spec->defaults)
            ok = json_array_append_new(required, json_string(key->name)) == 0;
    }
    ok = put(schema, "type", json_string("object")) && ok;
    ok = put(schema, "properties", properties) && ok;
    if (json_array_size(required) > 0)
        ok = put(schema, "required", json_incref(required)) && ok;
    json_decref(required);
    if (ok && spec->extensions)
        ok = put(schema, "patternProperties", json_pack("{s:b}", "^x-", 1));
    ok = ok && put(schema, "additionalProperties", json_false());
    return done(schema, ok);
}

static json_t *type_schema(const struct spec_key *key, bool partial)
{
    switch (key->type) {
    case SPEC_TEXT:
        return text_schema(key);
    case SPEC_INT:
        return number_schema(key);
    case SPEC_DURATION:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", DURATION_PATTERN);
    case SPEC_SIZE:
        return size_schema();
    case SPEC_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case SPEC_WORD:
        return word_schema(key);
    case SPEC_GROUP: /* what defaults may fill in need not be there */
        return mapping_schema(key->nested, partial || key->in_defaults);
    case SPEC_LIST:
        return list_schema(key, partial);
    case SPEC_MAP:
        return map_schema(key, partial);
    case SPEC_NODE:
        return json_object();
    }
    return NULL;
}

static bool may_be_variable(const struct spec_key *key)
{
    return !key->literal && (key->type == SPEC_INT || key->type == SPEC_DURATION ||
                             key->type == SPEC_SIZE || key->type == SPEC_BOOL ||
                             key->type == SPEC_WORD || (key->type == SPEC_TEXT && key->pattern));
}

static json_t *key_schema(const struct spec_key *key, bool partial)
{
    json_t *schema = type_schema(key, partial);
    bool ok;

    if (schema && may_be_variable(key))
        schema = json_pack("{s:[o,{s:s,s:s}]}", "anyOf", schema, "type", "string", "pattern",
                           VARIABLE_PATTERN);
    ok = schema && (!key->help || put(schema, "description", help_of(key))) &&
         put_fallback(schema, key);
    return done(schema, ok);
}

json_t *spec_schema(const struct spec *spec)
{
    return mapping_schema(spec, false);
}

json_t *spec_key_schema(const struct spec_key *key)
{
    return key_schema(key, false);
}
