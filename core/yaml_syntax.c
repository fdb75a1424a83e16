#include "core/yaml_syntax.h"

#include <string.h>

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
    {"did not find expected ',' or '}'",
     "is a \"}\" or a comma missing? in { }, a text with \"{\" needs quotes: \"${NAME}\""},
    {"did not find expected ',' or ']'",
     "is a \"]\" or a comma missing? in [ ], a text with \"{\" needs quotes: "
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

static struct place place_of(const struct source *source, const yaml_mark_t *mark)
{
    return (struct place){source, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

void yaml_refuse_syntax(const struct source *source, const yaml_parser_t *parser,
                        struct diag_list *diags)
{
    const char *problem = parser->problem ? parser->problem : "unreadable";
    struct place place = place_of(source, &parser->problem_mark);
    bool unclosed = strstr(problem, "unexpected end of stream") ||
                    strstr(problem, "unexpected document indicator");

    if (parser->error == YAML_MEMORY_ERROR) {
        diags->no_memory = true;
        return;
    }
    if (unclosed && parser->context) /* where it began says more than where the file ends */
        place = place_of(source, &parser->context_mark);
    if (parser->error == YAML_READER_ERROR)
        place = (struct place){source, 0, 0};
    if (strstr(problem, "tab character") || is_tab(&place))
        diag_add(diags, "yaml-tab", place, "indent with spaces", "a tab stands in the indentation");
    else
        diag_add(diags, "yaml-syntax", place, syntax_hint(problem), "%s%s%s",
                 parser->context ? parser->context : "", parser->context ? ", " : "", problem);
}
