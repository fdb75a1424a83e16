#include "core/yaml_scan.h"

#include <string.h>

/* The characters beyond ASCII that are refused, as bytes. The three line ends among them would
 * also make the parser count lines in another way than editors do. */
static const struct {
    const char *bytes;
    const char *what;
} refused_sequences[] = {
    {"\xC2\x85", "a next-line character (U+0085)"},
    {"\xE2\x80\xA8", "a line separator (U+2028)"},
    {"\xE2\x80\xA9", "a paragraph separator (U+2029)"},
    {"\xE2\x80\xAA", "a character that reorders text (U+202A)"},
    {"\xE2\x80\xAB", "a character that reorders text (U+202B)"},
    {"\xE2\x80\xAC", "a character that reorders text (U+202C)"},
    {"\xE2\x80\xAD", "a character that reorders text (U+202D)"},
    {"\xE2\x80\xAE", "a character that reorders text (U+202E)"},
    {"\xE2\x81\xA6", "a character that reorders text (U+2066)"},
    {"\xE2\x81\xA7", "a character that reorders text (U+2067)"},
    {"\xE2\x81\xA8", "a character that reorders text (U+2068)"},
    {"\xE2\x81\xA9", "a character that reorders text (U+2069)"},
    {"\xEF\xBB\xBF", "a byte-order mark (U+FEFF) inside the text"},
    {"\xEF\xBF\xBE", "a character that is none (U+FFFE)"},
    {"\xEF\xBF\xBF", "a character that is none (U+FFFF)"},
};
enum { REFUSED_SEQUENCES = sizeof(refused_sequences) / sizeof(refused_sequences[0]) };

/* What is wrong with the character at s, which ends before the text's NUL; NULL: nothing. */
static const char *refused_character(const unsigned char *s)
{
    if (s[0] < 0x20)
        return s[0] == '\n' || s[0] == '\t' || (s[0] == '\r' && s[1] == '\n') ? NULL
               : s[0] == '\r' ? "a carriage return without a line feed"
                              : "a control character";
    if (s[0] < 0x7F)
        return NULL;
    for (size_t i = 0; i < REFUSED_SEQUENCES; i++)
        if (strncmp((const char *)s, refused_sequences[i].bytes,
                    strlen(refused_sequences[i].bytes)) == 0)
            return refused_sequences[i].what;
    if (s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0))
        return "a control character";
    return NULL;
}

static bool refuse_directive(struct place place, struct diag_list *diags)
{
    diag_add(diags, "yaml-directive", place,
             "delete the line; where it is text, indent it or put it in quotes",
             "a line that begins with \"%%\" is a directive, and only %%YAML may be used");
    return false;
}

bool yaml_scan(const struct source *source, struct diag_list *diags)
{
    const unsigned char *s = (const unsigned char *)source->text;
    struct place place = {source, 1, 1};

    for (size_t i = 0; i < source->length_bytes; i++) {
        const char *refused;
        if ((s[i] & 0xC0) == 0x80)
            continue;
        refused = refused_character(s + i);
        if (refused) {
            diag_add(diags, "control-character", place, "delete it, or write it as \"\\u…\"",
                     "here stands %s", refused);
            return false;
        }
        if (s[i] == '%' && place.column == 1 && strncmp(source->text + i, "%YAML", 5) != 0)
            return refuse_directive(place, diags);
        place.column++;
        if (s[i] == '\n')
            place = (struct place){source, place.line + 1, 1};
    }
    return true;
}

void yaml_tabs_init(struct yaml_tabs *tabs, const struct source *source)
{
    *tabs = (struct yaml_tabs){source, source->text, 1};
}

/* Goes to the next line; false at the end of the text. */
static bool next_line(struct yaml_tabs *tabs)
{
    const char *end = strchrnul(tabs->at, '\n');

    if (*end == '\0')
        return false;
    tabs->at = end + 1;
    tabs->line++;
    return true;
}

bool yaml_tabs_check(struct yaml_tabs *tabs, unsigned line, struct diag_list *diags)
{
    bool ok = true;

    while (tabs->line <= line) {
        size_t blank = strspn(tabs->at, " \t");
        size_t spaces = strspn(tabs->at, " ");
        if (spaces < blank && !strchr("\r\n#", tabs->at[blank])) {
            diag_add(diags, "yaml-tab",
                     (struct place){tabs->source, tabs->line, (unsigned)spaces + 1},
                     "indent with spaces", "a tab stands in the indentation");
            ok = false;
        }
        if (!next_line(tabs))
            break;
    }
    return ok;
}

void yaml_tabs_skip(struct yaml_tabs *tabs, unsigned line)
{
    while (tabs->line <= line && next_line(tabs))
        ;
}
