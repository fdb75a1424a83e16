/* What a column's cell is made from, as a value. Private to column*.c, query.c, order.c and the
 * views of the table.
 */
#ifndef TUI_COLUMN_VALUE_H
#define TUI_COLUMN_VALUE_H

#include "tui/column.h"

enum column_kind { COLUMN_KIND_TEXT, COLUMN_KIND_COUNT, COLUMN_KIND_SECONDS };
enum column_kind column_kind(enum column_id column);

/* Of a COUNT or SECONDS column; NAN: not known. */
double column_number(enum column_id column, const struct row_view *view);
/* Of a TEXT column; NULL: not known. Borrowed from the row. */
const char *column_word(enum column_id column, const struct row_view *view);
bool column_known(enum column_id column, const struct row_view *view);

/* As column_compare, but 0 for equal ones. */
int column_compare_values(enum column_id column, const struct row_view *a,
                          const struct row_view *b);

/* The state cell in so many columns: the word, behind it the age of what is stale; the character
 * where there is no room for words. */
char *column_state_text(char *out, size_t size, int width, const struct row_view *view);

extern const enum style column_state_styles[ROW_STATES];

#endif
