#include "tui/view_paper.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PAPER_MOST_BYTES = 64 * 1024 * 1024, COLUMNS_LEAST = 8 };

void paper_init(struct paper *paper, int columns, bool ascii)
{
    *paper = (struct paper){.columns = columns > COLUMNS_LEAST ? columns : COLUMNS_LEAST,
                            .ascii = ascii};
    buf_init(&paper->text, PAPER_MOST_BYTES);
}

void paper_release(struct paper *paper)
{
    buf_release(&paper->text);
    free(paper->lines);
    paper->lines = NULL;
    paper->count = paper->capacity = 0;
}

/* -- lines --------------------------------------------------------------------------------------
 */

static void add_line(struct paper *paper, enum style style, int indent, const char *text,
                     size_t length)
{
    size_t at = paper->text.length;

    if (paper->count == paper->capacity) {
        size_t capacity = paper->capacity ? 2 * paper->capacity : 64;
        struct paper_line *more = reallocarray(paper->lines, capacity, sizeof(*more));
        if (!more) {
            paper->failed = true;
            return;
        }
        paper->lines = more;
        paper->capacity = capacity;
    }
    for (int i = 0; i < indent; i++)
        buf_add_char(&paper->text, ' ');
    buf_add(&paper->text, text, length);
    buf_add_char(&paper->text, '\0');
    if (paper->text.failed) {
        paper->failed = true;
        return;
    }
    paper->lines[paper->count++] = (struct paper_line){at, style};
}

/* The bytes of the character at `text`, which is safe already, and its columns. */
static size_t character(const char *text, bool ascii, int *columns)
{
    char one[8];
    size_t length = 1;

    if ((unsigned char)*text < 0x80) {
        *columns = 1;
        return 1;
    }
    while (length < sizeof(one) - 1 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length++;
    memcpy(one, text, length);
    one[length] = '\0';
    *columns = text_columns(one, ascii);
    return length;
}

/* How many bytes fit into so many columns; to the last blank, where one stands in the second half.
 */
static size_t fitting(const struct paper *paper, const char *text, int room)
{
    size_t end = 0, blank = 0;
    int columns = 0;

    while (text[end]) {
        int wide;
        size_t length = character(text + end, paper->ascii, &wide);
        if (columns + wide > room)
            return blank ? blank : end ? end : length;
        if (text[end] == ' ' && columns > room / 2)
            blank = end + 1;
        columns += wide;
        end += length;
    }
    return end;
}

static void add_wrapped(struct paper *paper, enum style style, int indent, const char *text)
{
    int room = paper->columns;

    indent = indent < paper->columns / 2 ? indent : paper->columns / 2;
    for (int at = 0;; at = indent) {
        size_t length = fitting(paper, text, room - at);
        add_line(paper, style, at, text, length);
        text += length;
        if (!*text || paper->failed)
            return;
    }
}

void paper_add(struct paper *paper, enum style style, int indent, const char *text,
               size_t length_bytes)
{
    const char *end = text + length_bytes;
    struct buf safe;

    buf_init(&safe, PAPER_MOST_BYTES);
    for (;;) {
        const char *stop = length_bytes > 0 ? memchr(text, '\n', (size_t)(end - text)) : NULL;
        size_t length = (size_t)((stop ? stop : end) - text);
        if (stop && length > 0 && text[length - 1] == '\r')
            length--;
        buf_reset(&safe);
        text_add_safe(&safe, text, length);
        paper->failed = paper->failed || safe.failed;
        add_wrapped(paper, style, indent, buf_text(&safe));
        if (!stop || stop + 1 == end || paper->failed)
            break;
        text = stop + 1;
    }
    buf_release(&safe);
}

void paper_printf(struct paper *paper, enum style style, int indent, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        paper->failed = true;
        return;
    }
    paper_add(paper, style, indent, text, (size_t)length);
    free(text);
}

/* -- drawing ------------------------------------------------------------------------------------
 */

static const char *line_of(void *context, size_t n, enum style *style)
{
    const struct paper *paper = context;

    *style = paper->lines[n].style;
    return paper->text.data + paper->lines[n].at;
}

void paper_draw(const struct paper *paper, struct canvas *canvas, int *scroll)
{
    const struct view_lines lines = {
        .count = paper->count, .line = line_of, .context = (void *)paper};

    view_draw_lines(canvas, &lines, scroll);
    if (paper->failed)
        canvas_text(canvas, 0, 0, canvas->width, STYLE_BAD,
                    "there is no memory to show all of this");
}
