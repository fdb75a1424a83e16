/* What dialogs look like: a box in the middle, and a list to choose from. Private to dialog*.c and
 * act*.c. */
#ifndef TUI_DIALOG_BOX_H
#define TUI_DIALOG_BOX_H

#include "tui/canvas.h"

/* Below so many rows or columns a box takes all there is, without a frame; below FRAMED rows only
 * where the frame would take the place of what is wanted. */
enum { BOX_ROWS_LEAST = 8, BOX_ROWS_FRAMED = 12, BOX_COLUMNS_LEAST = 30 };

/* Makes room in the middle of the present part for so many rows and columns, or for those that
 * there are: blank, framed, with its title. What is drawn next goes into it; give the result to
 * canvas_restore afterwards. */
struct canvas_part box_enter(struct canvas *canvas, const char *title, int rows, int columns);

/* A text over several rows, broken at blanks where that fits; from `column` to the part's right
 * end. Of one that needs more rows than there are the middle goes, so that two which begin alike
 * can still be told apart. */
int box_text_rows(const char *text, int columns, bool ascii);
void box_text(struct canvas *canvas, int row, int column, int rows, enum style style,
              const char *text);

/* A list with a cursor. Holds nothing of its own. */
struct list {
    const char *const *items;
    size_t count, at;
};
/* Moves the cursor; keys that it does not know are nothing. */
void list_key(struct list *list, int key);
/* Fills the present part; the cursor is always in it. */
void list_draw(const struct list *list, struct canvas *canvas);
int list_columns(const struct list *list, bool ascii); /* of the widest item */

#endif
