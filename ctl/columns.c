#include "ctl/columns.h"

#include "core/text.h"

#include <string.h>

enum { CELLS_MAX_BYTES = 1024 * 1024 * 1024 };

void columns_init(struct columns *columns, size_t count)
{
    *columns = (struct columns){.count = count};
    buf_init(&columns->cells, CELLS_MAX_BYTES);
}

/* Near enough to what a terminal shows: a wide character counts as one. */
static size_t width_of(const char *cell)
{
    return text_utf16_length(cell);
}

void columns_add(struct columns *columns, const char *text)
{
    size_t start = columns->cells.length, column = columns->added++ % columns->count;

    text_add_safe(&columns->cells, text, strlen(text));
    buf_add_char(&columns->cells, '\0');
    if (!columns->cells.failed && width_of(columns->cells.data + start) > columns->widths[column])
        columns->widths[column] = width_of(columns->cells.data + start);
}

void columns_print(struct columns *columns, struct buf *out)
{
    const char *cell = columns->cells.data;

    out->failed |= columns->cells.failed;
    for (size_t i = 0; i < columns->added && !out->failed; i++, cell += strlen(cell) + 1) {
        size_t column = i % columns->count;
        buf_add_text(out, cell);
        if (column + 1 == columns->count)
            buf_add_char(out, '\n');
        else
            buf_printf(out, "%*s", (int)(columns->widths[column] - width_of(cell) + 2), "");
    }
    buf_release(&columns->cells);
}
