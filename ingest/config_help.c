/* The configuration's keys as Markdown, from their tables. */
#include "ingest/config_keys.h"

#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { PATH_SIZE = 128 };

static void add_amount(struct buf *out, const struct spec_key *key, int64_t amount)
{
    if (key->type == SPEC_DURATION && amount == 0)
        buf_add_text(out, "0s");
    else if (key->type == SPEC_DURATION)
        text_add_duration(out, amount);
    else if (key->type == SPEC_SIZE)
        text_add_size(out, amount);
    else
        buf_printf(out, "%" PRId64, amount);
}

static void add_range(struct buf *out, const struct spec_key *key, const char *noun)
{
    buf_printf(out, "%s, ", noun);
    add_amount(out, key, key->least);
    buf_add_text(out, " to ");
    add_amount(out, key, key->most);
}

/* What may stand there. */
static void add_value(struct buf *out, const struct spec_key *key)
{
    switch (key->type) {
    case SPEC_TEXT:
        buf_add_text(out, "text");
        break;
    case SPEC_INT:
        add_range(out, key, "number");
        break;
    case SPEC_DURATION:
        add_range(out, key, "duration");
        break;
    case SPEC_SIZE:
        add_range(out, key, "size");
        break;
    case SPEC_BOOL:
        buf_add_text(out, "true, false");
        break;
    case SPEC_WORD:
        spec_add_words(out, key->word);
        break;
    case SPEC_LIST:
        buf_printf(out, "list, at most %" PRId64, key->most);
        break;
    case SPEC_MAP:
        buf_printf(out, "mapping, at most %" PRId64, key->most);
        break;
    case SPEC_GROUP:
    case SPEC_NODE:
        break;
    }
}

static void add_kinds(struct buf *out, const struct spec_key *key, const char *(*word)(int number))
{
    const char *before = " (";

    if (key->kinds == 0 || !word)
        return;
    for (int kind = 0; word(kind); kind++)
        if (key->kinds & 1u << kind) {
            buf_printf(out, "%s%s", before, word(kind));
            before = ", ";
        }
    buf_add_text(out, ")");
}

static void add_row(struct buf *out, const char *path, const struct spec_key *key,
                    const char *(*kind_word)(int number))
{
    buf_printf(out, "| `%s%s` | ", path, key->name);
    add_value(out, key);
    if (key->fallback)
        buf_printf(out, " | `%s` | ", key->fallback);
    else
        buf_add_text(out, key->required ? " | needed | " : " | | ");
    buf_add_text(out, key->help);
    add_kinds(out, key, kind_word);
    buf_add_text(out, " |\n");
}

/* A mapping by names stands as NAME in the paths of its keys, the filter's criteria as []. */
static void add_rows(struct buf *out, const char *path, const struct spec *spec,
                     const char *(*kind_word)(int number))
{
    char below[PATH_SIZE];

    for (const struct spec_key *key = spec->keys; key->name; key++) {
        bool map = key->type == SPEC_MAP, list = key->type == SPEC_LIST;
        if (key->type != SPEC_GROUP)
            add_row(out, path, key, kind_word);
        if (!key->nested)
            continue;
        snprintf(below, sizeof(below), "%s%s%s.", path, key->name,
                 map    ? ".NAME"
                 : list ? "[]"
                        : "");
        add_rows(out, below, key->nested,
                 key->nested == &config_source_spec ? config_scheme_word
                 : key->nested == &config_sink_spec ? config_sink_word
                                                    : kind_word);
    }
}

static void add_schemes(struct buf *out)
{
    buf_add_text(out, "\n| scheme | header | prefix | signed |\n|---|---|---|---|\n");
    for (int i = 0; i < SCHEME_COUNT; i++) {
        const struct config_scheme_row *row = &config_scheme_table[i];
        buf_printf(out, "| %s | %s | %s | %s |\n", row->word, row->header ? row->header : "",
                   row->prefix, row->signed_text);
    }
}

void config_help(struct buf *out)
{
    buf_add_text(out, "| key | value | unless told | meaning |\n|---|---|---|---|\n");
    add_rows(out, "", &config_spec, NULL);
    add_schemes(out);
}
