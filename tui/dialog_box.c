#include "tui/dialog_box.h"

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

struct canvas_part box_enter(struct canvas *canvas, const char *title, int rows, int columns)
{
    struct canvas_part before = {canvas->top, canvas->left, canvas->height, canvas->width};
    int title_columns = text_columns(title, canvas->ascii) + 2;

    if (canvas->height < BOX_ROWS_LEAST || canvas->width < BOX_COLUMNS_LEAST)
        enter_bare(canvas, title);
    else
        enter_framed(canvas, title, rows, columns > title_columns ? columns : title_columns);
    return before;
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
