/* Text from outside as lines that fit a screen: split at line ends, made safe, wrapped. */
#ifndef TUI_VIEW_PAPER_H
#define TUI_VIEW_PAPER_H

#include "core/buf.h"
#include "tui/view.h"

struct paper_line {
    size_t at; /* in `text`, each line with its NUL */
    enum style style;
};
struct paper {
    struct buf text;
    struct paper_line *lines;
    size_t count, capacity;
    int columns;
    bool ascii;
    bool failed; /* lines are missing, for want of memory */
};

void paper_init(struct paper *paper, int columns, bool ascii);
void paper_release(struct paper *paper);

/* What is wrapped stands `indent` columns in. An empty text is an empty line. */
void paper_add(struct paper *paper, enum style style, int indent, const char *text,
               size_t length_bytes);
void paper_printf(struct paper *paper, enum style style, int indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void paper_draw(const struct paper *paper, struct canvas *canvas, int *scroll);

#endif
