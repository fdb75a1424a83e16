/* Texts as the cells of a terminal have them: one character with its combining marks after the
 * other, each safe to show and with the columns that ncurses thinks it takes (wcwidth of glibc in
 * C.UTF-8, whatever the process's locale is; without that locale, ASCII alone is shown as it is).
 */
#ifndef TUI_CANVAS_GLYPH_H
#define TUI_CANVAS_GLYPH_H

#include "tui/canvas.h"

struct glyph {
    char text[CELL_BYTES]; /* zeros after its end; marks that it has no place for are left out */
    int columns;
    bool spelled; /* stands for what must not be shown: \n, \x1b, \u202e; one cell a byte */
    size_t bytes; /* that it took of the text it was read from */
};

/* Columns of a character: 1 or 2; 0: a mark, it joins the character before; -1: not to be shown
 * (control, format or invisible characters, and what is no character). */
int glyph_width(uint32_t code);

/* The first of a text that is not empty. `ascii`: "?" for each character that ASCII has not. */
void glyph_read(struct glyph *glyph, const char *text, bool ascii);

/* Puts a glyph that is not spelled into the present part; halves of wide ones become blanks. */
void glyph_put(struct canvas *canvas, int row, int column, enum style style,
               const struct glyph *glyph);

#endif
