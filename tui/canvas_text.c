/* Texts from outside on a canvas: measured, cut and put. */
#include "tui/canvas_glyph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MOST = 1 << 30, PRINTED_BYTES = 4096 };

/* Stops counting beyond `most`: a text may be a megabyte, a column twelve. */
static int measure(const char *text, bool ascii, int most)
{
    struct glyph glyph;
    int columns = 0;

    for (; *text && columns <= most; text += glyph.bytes) {
        glyph_read(&glyph, text, ascii);
        columns += glyph.columns;
    }
    return columns;
}

int text_columns(const char *text, bool ascii)
{
    return measure(text, ascii, COLUMNS_MOST);
}

/* Columns that there are for a text: none beyond the part's right edge. */
static int room_of(const struct canvas *canvas, int column, int columns)
{
    int64_t room = (int64_t)canvas->width - column;

    room = room < columns ? room : columns;
    return room < COLUMNS_MOST ? (int)room : COLUMNS_MOST;
}

/* As much of it as goes into `most` columns. */
static void put_cut(struct canvas *canvas, int row, int column, int most, enum style style,
                    const struct glyph *glyph)
{
    if (glyph->spelled)
        for (int i = 0; i < glyph->columns && i < most; i++)
            glyph_put(canvas, row, column + i, style,
                      &(struct glyph){.text = {glyph->text[i]}, .columns = 1});
    else if (glyph->columns <= most)
        glyph_put(canvas, row, column, style, glyph);
    else
        canvas_put(canvas, row, column, style, " ", ' ');
}

int canvas_text(struct canvas *canvas, int row, int column, int columns, enum style style,
                const char *text)
{
    int most = room_of(canvas, column, columns);
    int takes, end;
    struct glyph glyph;

    if (most <= 0)
        return 0;
    takes = measure(text, canvas->ascii, most);
    end = takes > most ? most - 1 : takes;
    for (int at = 0; at < end; at += glyph.columns, text += glyph.bytes) {
        glyph_read(&glyph, text, canvas->ascii);
        put_cut(canvas, row, column + at, end - at, style, &glyph);
    }
    if (takes <= most)
        return takes;
    canvas_put(canvas, row, column + end, style, "…", '~');
    return most;
}

int canvas_right(struct canvas *canvas, int row, int column, int columns, enum style style,
                 const char *text)
{
    int most = room_of(canvas, column, columns);
    int takes = most > 0 ? measure(text, canvas->ascii, most) : 0;
    int before = takes < most ? most - takes : 0;

    return canvas_text(canvas, row, column + before, most - before, style, text);
}

int canvas_printf(struct canvas *canvas, int row, int column, int columns, enum style style,
                  const char *format, ...)
{
    char text[PRINTED_BYTES];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length < 0)
        text[0] = '\0';
    if (length >= PRINTED_BYTES) { /* the last character may have been cut in half */
        length = PRINTED_BYTES - 1;
        while (length > 0 && (text[length - 1] & 0xC0) == 0x80)
            length--;
        text[length > 0 ? length - 1 : 0] = '\0';
    }
    return canvas_text(canvas, row, column, columns, style, text);
}
