#include "tui/canvas_glyph.h"

#include "core/text.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* Unicode's categories Cc, Cf, Zl, Zp and Co and its property Default_Ignorable_Code_Point: they
 * steer, hide, or look different everywhere. In order. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0, 0x1F},        {0x7F, 0x9F},         {0xAD, 0xAD},       {0x34F, 0x34F},
    {0x600, 0x605},     {0x61C, 0x61C},       {0x6DD, 0x6DD},     {0x70F, 0x70F},
    {0x890, 0x891},     {0x8E2, 0x8E2},       {0x115F, 0x1160},   {0x17B4, 0x17B5},
    {0x180B, 0x180F},   {0x200B, 0x200F},     {0x2028, 0x202E},   {0x2060, 0x206F},
    {0x3164, 0x3164},   {0xE000, 0xF8FF},     {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},     {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
    {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},   {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    {0xF0000, 0xFFFFF}, {0x100000, 0x10FFFF},
};
enum { HIDDEN = sizeof(hidden) / sizeof(hidden[0]) };

static bool is_hidden(uint32_t code)
{
    size_t i = 0;

    while (i < HIDDEN && hidden[i].last < code)
        i++;
    return i < HIDDEN && hidden[i].first <= code;
}

/* Made once, and kept until the process ends. */
static locale_t utf8_locale(void)
{
    static locale_t made;
    static bool tried;

    if (!tried)
        made = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    tried = true;
    return made;
}

int glyph_width(uint32_t code)
{
    locale_t before;
    int width;

    if (code >= 0x20 && code < 0x7F)
        return 1;
    if (is_hidden(code) || !utf8_locale())
        return -1;
    before = uselocale(utf8_locale());
    width = wcwidth((wchar_t)code);
    uselocale(before);
    return width;
}

/* Returns the bytes of the first character; 0: it is no UTF-8, and *code stays. */
static size_t decode(const char *text, uint32_t *code)
{
    unsigned char lead = (unsigned char)*text;
    size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    if (text_utf8_check(text, bytes) != bytes)
        return 0;
    *code = lead & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++)
        *code = *code << 6 | ((unsigned char)text[i] & 0x3F);
    return bytes;
}

/* As text_add_safe does, which knows less that hides. */
static void spell(struct glyph *glyph, uint32_t code)
{
    static const char letters[] = "\nn\tt\rr";
    const char *letter = code < 0x20 ? memchr(letters, (int)code, sizeof(letters)) : NULL;

    glyph->spelled = true;
    if (letter)
        glyph->columns = snprintf(glyph->text, sizeof(glyph->text), "\\%c", letter[1]);
    else
        glyph->columns =
            snprintf(glyph->text, sizeof(glyph->text), code > 0xFF ? "\\u%04x" : "\\x%02x", code);
}

static void join_marks(struct glyph *glyph, const char *text)
{
    size_t used = strlen(glyph->text);
    uint32_t code;
    size_t bytes;

    while ((unsigned char)text[glyph->bytes] >= 0x80) {
        bytes = decode(text + glyph->bytes, &code);
        if (bytes == 0 || glyph_width(code) != 0)
            return;
        if (used + bytes < sizeof(glyph->text)) {
            memcpy(glyph->text + used, text + glyph->bytes, bytes);
            used += bytes;
        }
        glyph->bytes += bytes;
    }
}

void glyph_read(struct glyph *glyph, const char *text, bool ascii)
{
    uint32_t code = (unsigned char)*text;
    size_t bytes = decode(text, &code);
    int width = bytes > 0 ? glyph_width(code) : -1;

    *glyph = (struct glyph){.columns = width, .bytes = bytes > 0 ? bytes : 1};
    if (ascii && code >= 0x80 && width >= 0) {
        glyph->text[0] = '?';
        glyph->columns = 1;
    } else if (width > 0) {
        memcpy(glyph->text, text, bytes);
        if (!ascii)
            join_marks(glyph, text);
    } else { /* a mark, too, that has nothing before it */
        spell(glyph, code);
    }
}
