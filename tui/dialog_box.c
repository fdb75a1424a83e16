#include "tui/dialog_box.h"

#include "tui/canvas_glyph.h"
#include "tui/request.h"

#include <limits.h>

/* -- the box ------------------------------------------------------------------------------------
 */

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void draw_frame(struct canvas *canvas)
{
    int bottom = canvas->height - 1, right = canvas->width - 1;

    for (int row = 0; row <= bottom; row++) {
        canvas_fill(canvas, row, 0, canvas->width, STYLE_PLAIN, " ", ' ');
        canvas_put(canvas, row, 0, STYLE_PLAIN, "│", '|');
        canvas_put(canvas, row, right, STYLE_PLAIN, "│", '|');
    }
    canvas_fill(canvas, 0, 1, right - 1, STYLE_PLAIN, "─", '-');
    canvas_fill(canvas, bottom, 1, right - 1, STYLE_PLAIN, "─", '-');
    canvas_put(canvas, 0, 0, STYLE_PLAIN, "┌", '+');
    canvas_put(canvas, 0, right, STYLE_PLAIN, "┐", '+');
    canvas_put(canvas, bottom, 0, STYLE_PLAIN, "└", '+');
    canvas_put(canvas, bottom, right, STYLE_PLAIN, "┘", '+');
}

static void enter_framed(struct canvas *canvas, const char *title, int rows, int columns)
{
    int height = least(rows + 2, canvas->height), width = least(columns + 4, canvas->width);

    canvas_enter(canvas, (canvas->height - height) / 2, (canvas->width - width) / 2, height, width);
    draw_frame(canvas);
    canvas_printf(canvas, 0, 2, width - 4, STYLE_STRONG, " %s ", title);
    canvas_enter(canvas, 1, 2, height - 2, width - 4);
}

/* The title goes first when room is short. */
static void enter_bare(struct canvas *canvas, const char *title)
{
    for (int row = 0; row < canvas->height; row++)
        canvas_fill(canvas, row, 0, canvas->width, STYLE_PLAIN, " ", ' ');
    if (canvas->height < 4)
        return;
    canvas_text(canvas, 0, 0, canvas->width, STYLE_STRONG, title);
    canvas_enter(canvas, 1, 0, canvas->height - 1, canvas->width);
}

static bool has_frame(const struct canvas *canvas, int rows)
{
    return canvas->height >= (rows + 2 > canvas->height ? BOX_ROWS_FRAMED : BOX_ROWS_LEAST) &&
           canvas->width >= BOX_COLUMNS_LEAST;
}

struct canvas_part box_enter(struct canvas *canvas, const char *title, int rows, int columns)
{
    struct canvas_part before = {canvas->top, canvas->left, canvas->height, canvas->width};
    int title_columns = text_columns(title, canvas->ascii) + 2;

    if (has_frame(canvas, rows))
        enter_framed(canvas, title, rows, columns > title_columns ? columns : title_columns);
    else
        enter_bare(canvas, title);
    return before;
}

/* -- text over several rows ---------------------------------------------------------------------
 */

enum { TEXT_BYTES_MOST = 65536 };

/* Bytes of what goes into one row, one character at least; `words`: to the last blank of the row's
 * second half. */
static size_t fitting(const char *text, int room, bool ascii, bool words)
{
    size_t end = 0, blank = 0;
    struct glyph glyph;

    for (int columns = 0; text[end]; columns += glyph.columns, end += glyph.bytes) {
        glyph_read(&glyph, text + end, ascii);
        if (words && text[end] == ' ' && columns >= room / 2)
            blank = end + 1;
        if (columns + glyph.columns > room)
            return blank > 0 ? blank : end > 0 ? end : glyph.bytes;
    }
    return end;
}

static int rows_of(const char *text, int room, bool ascii, bool words)
{
    int rows = 0;

    do {
        text += fitting(text, room, ascii, words);
        rows++;
    } while (*text);
    return rows;
}

/* Bytes of its first columns: of so many at most. */
static size_t columns_end(const char *text, int columns, bool ascii)
{
    struct glyph glyph;
    size_t end = 0;

    while (text[end]) {
        glyph_read(&glyph, text + end, ascii);
        columns -= glyph.columns;
        if (columns < 0)
            break;
        end += glyph.bytes;
    }
    return end;
}

/* Of a text that is too long for so many rows: both its ends. */
static void add_ends(struct buf *out, const char *text, int room, int rows, bool ascii)
{
    int columns = text_columns(text, ascii), keep = rows * room - 1;

    do { /* wide characters may leave a column empty at a row's end */
        size_t head = columns_end(text, keep - keep / 2, ascii);
        size_t tail = columns_end(text, columns - keep / 2, ascii);
        buf_reset(out);
        buf_add(out, text, head);
        buf_add_text(out, ascii ? "~" : "…");
        buf_add_text(out, text + tail);
    } while (rows_of(buf_text(out), room, ascii, false) > rows && --keep > 0);
}

static void draw_rows(struct canvas *canvas, int row, int column, enum style style,
                      const char *text, bool words)
{
    int room = canvas->width - column;
    struct buf line;

    buf_init(&line, TEXT_BYTES_MOST);
    for (; *text; row++) {
        size_t length = fitting(text, room, canvas->ascii, words), shown = length;
        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        buf_reset(&line);
        buf_add(&line, text, shown);
        canvas_text(canvas, row, column, room, style, buf_text(&line));
        text += length;
    }
    buf_release(&line);
}

int box_text_rows(const char *text, int columns, bool ascii)
{
    return columns > 0 ? rows_of(text, columns, ascii, true) : 1;
}

void box_text(struct canvas *canvas, int row, int column, int rows, enum style style,
              const char *text)
{
    int room = canvas->width - column;
    bool words, whole;
    struct buf ends;

    if (room <= 0 || rows <= 0)
        return;
    words = rows_of(text, room, canvas->ascii, true) <= rows;
    whole = words || rows_of(text, room, canvas->ascii, false) <= rows;
    buf_init(&ends, TEXT_BYTES_MOST);
    if (!whole)
        add_ends(&ends, text, room, rows, canvas->ascii);
    draw_rows(canvas, row, column, style, whole ? text : buf_text(&ends), words);
    buf_release(&ends);
}

/* -- the list -----------------------------------------------------------------------------------
 */

enum { PAGE = 10 };

void list_key(struct list *list, int key)
{
    static const struct {
        int key, by;
    } moves[] = {
        {KEY_UP_, -1},         {'k', -1},
        {KEY_DOWN_, 1},        {'j', 1},
        {KEY_HOME_, INT_MIN},  {'g', INT_MIN},
        {KEY_END_, INT_MAX},   {'G', INT_MAX},
        {KEY_PAGE_UP_, -PAGE}, {KEY_PAGE_DOWN_, PAGE},
    };

    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        int64_t at = (int64_t)list->at + moves[i].by, last = (int64_t)list->count - 1;
        if (moves[i].key == key)
            list->at = (size_t)(at > last ? last : at);
        if (moves[i].key == key && at < 0)
            list->at = 0;
    }
}

void list_draw(const struct list *list, struct canvas *canvas)
{
    size_t height = canvas->height > 0 ? (size_t)canvas->height : 0, first = 0;

    if (list->count > height && list->at > height / 2)
        first = list->at - height / 2;
    if (list->count > height && first > list->count - height)
        first = list->count - height;
    for (size_t row = 0; row < height && first + row < list->count; row++) {
        bool here = first + row == list->at;
        enum style style = here ? STYLE_SELECTED : STYLE_PLAIN;
        canvas_fill(canvas, (int)row, 0, canvas->width, style, " ", ' ');
        canvas_text(canvas, (int)row, 0, canvas->width, style, list->items[first + row]);
    }
}

int list_columns(const struct list *list, bool ascii)
{
    int most = 0;

    for (size_t i = 0; i < list->count; i++) {
        int columns = text_columns(list->items[i], ascii);
        most = columns > most ? columns : most;
    }
    return most;
}
