#include "tui/canvas.h"

#include "tui/canvas_glyph.h"

#include <string.h>

static const struct glyph blank = {.text = " ", .columns = 1};

static int clamp(int value, int most)
{
    return value < 1 ? 1 : value > most ? most : value;
}

bool canvas_init(struct canvas *canvas, int rows, int columns, bool ascii)
{
    *canvas = (struct canvas){.ascii = ascii};
    rows = clamp(rows, CANVAS_ROWS_MOST);
    columns = clamp(columns, CANVAS_COLUMNS_MOST);
    canvas->cells = calloc((size_t)rows * (size_t)columns, sizeof(*canvas->cells));
    if (!canvas->cells)
        return false;
    canvas->rows = rows;
    canvas->columns = columns;
    canvas_clear(canvas);
    return true;
}

void canvas_release(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){.cells = NULL};
}

void canvas_clear(struct canvas *canvas)
{
    static const struct cell empty = {.text = " ", .style = STYLE_PLAIN};

    for (int i = 0; i < canvas->rows * canvas->columns; i++)
        canvas->cells[i] = empty;
    canvas->cursor_row = canvas->cursor_column = -1;
    canvas_restore(canvas, (struct canvas_part){0, 0, canvas->rows, canvas->columns});
}

/* -- parts --------------------------------------------------------------------------------------
 */

/* Cuts a stretch to 0 … most; what is left of it may have no length. */
static void cut(int *start, int *length, int most)
{
    int64_t end = (int64_t)*start + *length;

    *start = *start < 0 ? 0 : *start > most ? most : *start;
    end = end > most ? most : end;
    *length = end > *start ? (int)end - *start : 0;
}

struct canvas_part canvas_enter(struct canvas *canvas, int top, int left, int height, int width)
{
    struct canvas_part before = {canvas->top, canvas->left, canvas->height, canvas->width};

    cut(&top, &height, canvas->height);
    cut(&left, &width, canvas->width);
    canvas_restore(canvas,
                   (struct canvas_part){before.top + top, before.left + left, height, width});
    return before;
}

void canvas_restore(struct canvas *canvas, struct canvas_part part)
{
    canvas->top = part.top;
    canvas->left = part.left;
    canvas->height = part.height;
    canvas->width = part.width;
}

/* A row of the present part, from its left edge; NULL: it is outside. */
static struct cell *row_of(const struct canvas *canvas, int row)
{
    if (row < 0 || row >= canvas->height)
        return NULL;
    return canvas->cells + (size_t)(canvas->top + row) * (size_t)canvas->columns + canvas->left;
}

/* -- drawing ------------------------------------------------------------------------------------
 */

static void set_text(struct cell *cell, const struct glyph *glyph)
{
    memcpy(cell->text, glyph->text, sizeof(cell->text));
}

/* A right half never stands first in a row, nor does a left one last: the cells before and after
 * those that are looked at here are in the row, though perhaps outside of the part. */
void glyph_put(struct canvas *canvas, int row, int column, enum style style,
               const struct glyph *glyph)
{
    struct cell *cells = row_of(canvas, row);
    int from = column, columns = glyph->columns;

    cut(&from, &columns, canvas->width);
    if (!cells || columns == 0)
        return;
    cells += from;
    if (!*cells[0].text)
        set_text(cells - 1, &blank);
    if (canvas->left + from + columns < canvas->columns && !*cells[columns].text)
        set_text(cells + columns, &blank);
    set_text(cells, columns == glyph->columns ? glyph : &blank);
    cells[0].style = (uint8_t)style;
    if (columns > 1)
        cells[1] = (struct cell){.style = (uint8_t)style};
}

static struct glyph glyph_of(const struct canvas *canvas, const char *utf8, char ascii)
{
    struct glyph glyph = {.text = {ascii}, .columns = 1};

    if (!canvas->ascii && *utf8)
        glyph_read(&glyph, utf8, false);
    return glyph.spelled ? (struct glyph){.text = {ascii}, .columns = 1} : glyph;
}

void canvas_put(struct canvas *canvas, int row, int column, enum style style, const char *utf8,
                char ascii)
{
    struct glyph glyph = glyph_of(canvas, utf8, ascii);

    glyph_put(canvas, row, column, style, &glyph);
}

void canvas_fill(struct canvas *canvas, int row, int column, int columns, enum style style,
                 const char *utf8, char ascii)
{
    struct glyph glyph = glyph_of(canvas, utf8, ascii);

    cut(&column, &columns, canvas->width);
    for (int i = 0; i + glyph.columns <= columns; i += glyph.columns)
        glyph_put(canvas, row, column + i, style, &glyph);
}

void canvas_style(struct canvas *canvas, int row, int column, int columns, enum style style)
{
    struct cell *cells = row_of(canvas, row);

    cut(&column, &columns, canvas->width);
    for (int i = 0; cells && i < columns; i++)
        cells[column + i].style = (uint8_t)style;
}

/* -- as text ------------------------------------------------------------------------------------
 */

static const char *const style_names[STYLES] = {
    [STYLE_PLAIN] = "plain",     [STYLE_DIM] = "dim",         [STYLE_STRONG] = "strong",
    [STYLE_TITLE] = "title",     [STYLE_HEAD] = "head",       [STYLE_SELECTED] = "selected",
    [STYLE_MARKED] = "marked",   [STYLE_GOOD] = "good",       [STYLE_WARN] = "warn",
    [STYLE_BAD] = "bad",         [STYLE_ALARM] = "alarm",     [STYLE_PAUSED] = "paused",
    [STYLE_FROZEN] = "frozen",   [STYLE_GRAPH_1] = "graph-1", [STYLE_GRAPH_2] = "graph-2",
    [STYLE_GRAPH_3] = "graph-3", [STYLE_ADD] = "add",         [STYLE_CHANGE] = "change",
    [STYLE_REMOVE] = "remove",   [STYLE_KEY] = "key",
};

/* Columns up to the last that shows something; a blank does, if styles count and it has one. */
static int row_end(const struct cell *row, int columns, bool styles)
{
    while (columns > 0 && strcmp(row[columns - 1].text, " ") == 0 &&
           (!styles || row[columns - 1].style == STYLE_PLAIN))
        columns--;
    return columns;
}

static void dump_row(const struct cell *row, int columns, bool styles, struct buf *out)
{
    uint8_t style = STYLE_PLAIN;

    for (int i = 0; i < columns; i++) {
        if (!*row[i].text)
            continue;
        if (styles && row[i].style != style) {
            buf_add_text(out, style != STYLE_PLAIN ? "»" : "");
            style = row[i].style;
            if (style != STYLE_PLAIN)
                buf_printf(out, "«%s:", style_names[style]);
        }
        buf_add_text(out, row[i].text);
    }
    buf_add_text(out, style != STYLE_PLAIN ? "»\n" : "\n");
}

void canvas_dump(const struct canvas *canvas, bool styles, struct buf *out)
{
    for (int row = 0; row < canvas->rows; row++) {
        const struct cell *cells = canvas->cells + (size_t)row * (size_t)canvas->columns;
        dump_row(cells, row_end(cells, canvas->columns, styles), styles, out);
    }
}
