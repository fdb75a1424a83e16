/* Rows of text in columns that are as wide as their widest cell.
 *
 * Life cycle: columns_init, a columns_add for each cell, row by row, then columns_print, which
 * releases everything. Cells are made safe for a terminal as they are added.
 */
#ifndef CTL_COLUMNS_H
#define CTL_COLUMNS_H

#include "core/buf.h"

enum { COLUMNS_MOST = 8 };

struct columns {
    struct buf cells; /* each ends in NUL */
    size_t count;     /* columns */
    size_t added;     /* cells */
    size_t widths[COLUMNS_MOST];
};

void columns_init(struct columns *columns, size_t count);
void columns_add(struct columns *columns, const char *text);
void columns_print(struct columns *columns, struct buf *out);

#endif
