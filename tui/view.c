#include "tui/view.h"

#include "tui/top_state.h"

#include <limits.h>

const struct view *const view_table[VIEWS] = {
    [VIEW_OVERVIEW] = &view_overview, [VIEW_SUBSCRIPTION] = &view_subscription,
    [VIEW_LETTERS] = &view_letters,   [VIEW_DRIFT] = &view_drift,
    [VIEW_LOG] = &view_log,           [VIEW_HELP] = &view_help,
};

void view_draw_lines(struct canvas *canvas, const struct view_lines *lines, int *scroll)
{
    int count = lines->count < INT_MAX ? (int)lines->count : INT_MAX;
    int most = count > canvas->height ? count - canvas->height : 0;

    *scroll = *scroll < 0 ? 0 : *scroll > most ? most : *scroll;
    for (int row = 0; row < canvas->height && *scroll + row < count; row++) {
        enum style style = STYLE_PLAIN;
        const char *text = lines->line(lines->context, (size_t)(*scroll + row), &style);
        canvas_text(canvas, row, 0, canvas->width, style, text ? text : "");
    }
}

/* Downwards without a bound: only who draws knows how many lines there are. */
bool view_scroll(int *scroll, enum top_request request, int page)
{
    int by = request == REQUEST_UP          ? -1
             : request == REQUEST_DOWN      ? 1
             : request == REQUEST_PAGE_UP   ? -page
             : request == REQUEST_PAGE_DOWN ? page
                                            : 0;

    if (request == REQUEST_FIRST)
        *scroll = 0;
    else if (request == REQUEST_LAST)
        *scroll = INT_MAX;
    else if (by == 0)
        return false;
    else if (by > 0)
        *scroll = *scroll > INT_MAX - by ? INT_MAX : *scroll + by;
    else
        *scroll = *scroll > -by ? *scroll + by : 0;
    return true;
}

int view_page(const struct top *top)
{
    enum { USUAL = 10, FRAME = 3 };
    int rows = top->own ? top->own->rows - FRAME : USUAL;

    return rows > 0 ? rows : top->own && top->own->rows > 0 ? 1 : USUAL;
}

/* SIZE_MAX: what is shown at this place of the table is not marked. */
static size_t marked_at(const struct top *top, size_t place)
{
    size_t row = top->order.views[place].row;

    return row < top->mark_capacity && top->marks[row] ? row : SIZE_MAX;
}

size_t view_marked(const struct top *top)
{
    size_t count = 0;

    for (size_t i = 0; i < top->order.count; i++)
        count += marked_at(top, i) != SIZE_MAX;
    return count;
}

size_t view_targets(const struct top *top, size_t *rows, size_t most)
{
    size_t count = 0;

    for (size_t i = 0; top->view == VIEW_OVERVIEW && i < top->order.count; i++)
        if (marked_at(top, i) != SIZE_MAX && count < most)
            rows[count++] = marked_at(top, i);
    if (count == 0 && top->selected < fleet_rows(top->fleet) && most > 0)
        rows[count++] = top->selected;
    return count;
}
