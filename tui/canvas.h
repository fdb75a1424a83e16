/* A screen as cells: what views draw on and the back ends show. Knows no terminal and no locale.
 *
 * A cell holds one character with its combining marks (UTF-8, made safe), how wide it is, and a
 * style by meaning. Drawing outside of the canvas, or of the part that is being drawn on, is cut
 * off: no caller need check a size. A wide character that would be cut in half becomes a blank.
 *
 * Always holds: every row has exactly `columns` columns; no cell holds a control character, an
 * escape or a bidirectional control.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include "core/buf.h"
#include "core/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { CANVAS_COLUMNS_MOST = 1000, CANVAS_ROWS_MOST = 500, CELL_BYTES = 23 };

/* What something means; a back end chooses how that looks. */
enum style {
    STYLE_PLAIN,
    STYLE_DIM,      /* stale, of little weight */
    STYLE_STRONG,   /* titles, names */
    STYLE_TITLE,    /* the bar at the top, reverse */
    STYLE_HEAD,     /* column heads */
    STYLE_SELECTED, /* the cursor's row */
    STYLE_MARKED,
    STYLE_GOOD,  /* OK, live */
    STYLE_WARN,  /* LATE, DRIFT, growing */
    STYLE_BAD,   /* FAIL, dead letters, down */
    STYLE_ALARM, /* failures of authentication: the strongest */
    STYLE_PAUSED,
    STYLE_FROZEN, /* reverse */
    STYLE_GRAPH_1,
    STYLE_GRAPH_2,
    STYLE_GRAPH_3,
    STYLE_ADD,
    STYLE_CHANGE,
    STYLE_REMOVE, /* a plan's lines */
    STYLE_KEY,    /* a key in the help and the foot line */
    STYLES
};

struct cell {
    char text[CELL_BYTES]; /* NUL-terminated; "" in the right half of a wide one */
    uint8_t style;
};

struct canvas {
    struct cell *cells;
    int rows, columns;
    bool
        ascii; /* draw nothing that ASCII has not; text from outside: "?" for each such character */
    int cursor_row, cursor_column; /* where the terminal's cursor is; -1: hidden */
    /* The part that is drawn on. */
    int top, left, height, width;
};

/* False: no memory. Sizes below 1 count as 1, above the most as that. */
MUST_CHECK bool canvas_init(struct canvas *canvas, int rows, int columns, bool ascii);
void canvas_release(struct canvas *canvas);
void canvas_clear(struct canvas *canvas); /* blanks, no cursor, drawn on as a whole */

/* Draws on a part of the present part from now on; gives back what was, for canvas_restore. */
struct canvas_part {
    int top, left, height, width;
};
struct canvas_part canvas_enter(struct canvas *canvas, int top, int left, int height, int width);
void canvas_restore(struct canvas *canvas, struct canvas_part part);

/* Puts text there, in `columns` columns at most (a longer one ends in "…", or "~" in ASCII); what a
 * terminal must not have is shown as text. Returns the columns that it took. */
int canvas_text(struct canvas *canvas, int row, int column, int columns, enum style style,
                const char *text);
int canvas_printf(struct canvas *canvas, int row, int column, int columns, enum style style,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same, ending at the right end of the columns. */
int canvas_right(struct canvas *canvas, int row, int column, int columns, enum style style,
                 const char *text);
/* One character as it is (of ours, not from outside); `ascii` stands for it without UTF-8. */
void canvas_put(struct canvas *canvas, int row, int column, enum style style, const char *utf8,
                char ascii);
void canvas_fill(struct canvas *canvas, int row, int column, int columns, enum style style,
                 const char *utf8, char ascii);
/* Gives a whole stretch another style, whatever stands there. */
void canvas_style(struct canvas *canvas, int row, int column, int columns, enum style style);

/* Columns that a text takes once it is safe. */
int text_columns(const char *text, bool ascii);

/* The canvas as text: one line a row, blanks at the end of lines left out. With `styles`, each
 * stretch that is not PLAIN stands between markers, for tests: «bad:FAIL». */
void canvas_dump(const struct canvas *canvas, bool styles, struct buf *out);

#endif
