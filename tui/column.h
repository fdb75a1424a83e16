/* The table's columns, declared once: the screen, --once, --json, sorting and the filter language
 * all come from column_table.
 */
#ifndef TUI_COLUMN_H
#define TUI_COLUMN_H

#include "tui/canvas.h"
#include "tui/fleet.h"

#include <jansson.h>

enum column_id {
    COLUMN_STATE,
    COLUMN_NAME,
    COLUMN_RECEIVED,
    COLUMN_DELIVERED,
    COLUMN_TREND,
    COLUMN_DEPTH,
    COLUMN_DRAIN,
    COLUMN_OLDEST,
    COLUMN_P50,
    COLUMN_P95,
    COLUMN_P99,
    COLUMN_RETRIES,
    COLUMN_DUPLICATES,
    COLUMN_DEAD,
    COLUMN_GROWTH,
    COLUMN_DRIFT,
    COLUMN_VERSION,
    COLUMNS
};

struct column {
    const char *name;  /* in filters, JSON and the sort menu: "depth" */
    const char *title; /* on the screen: "DEPTH" */
    int width; /* columns; of NAME the least: it takes what is left; TREND: shorter when narrow */
    int priority; /* 0: always; shown when the screen is as wide as priority_widths[priority] */
    bool left;    /* else right */
    int figure;   /* enum figure, or -1 */
    char *(*format)(char *out, size_t size, double value); /* of a figure */
    const char *help;
};
extern const struct column column_table[COLUMNS];
/* By dashboard.md: 40, 60, 80, 100, 120. */
extern const int column_priority_widths[5];
int column_find(const char *name); /* -1 */

/* Which columns fit, and how wide each is (0: not shown). */
void column_layout(int screen_columns, int widths[COLUMNS]);

/* A row at a step, with what its cells are made from. */
struct row_view {
    size_t row;
    const struct row *of;
    struct point point;
    bool selected, marked;
};
void column_head(struct canvas *canvas, int line, const int widths[COLUMNS], int sorted_by,
                 bool reverse);
void column_draw(struct canvas *canvas, int line, const int widths[COLUMNS],
                 const struct fleet *fleet, int64_t step, const struct row_view *view);
/* As plain text, "?" for what is not known (with the age of what is stale). */
void column_text(char *out, size_t size, enum column_id column, const struct row_view *view);
/* {"name": …, "depth": 12, …, "stale": false}; null for what is not known. A new reference. */
json_t *column_json(const struct row_view *view);
/* For sorting: -1, 0, 1. What matters more comes first: the worst state, the greater number, the
 * earlier name; what is not known comes last; equal ones by id. */
int column_compare(enum column_id column, const struct row_view *a, const struct row_view *b);

#endif
