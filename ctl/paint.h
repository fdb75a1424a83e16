/* Colours by their meaning, and values as a person reads them. */
#ifndef CTL_PAINT_H
#define CTL_PAINT_H

#include "core/object.h"

enum paint {
    PAINT_ADD,
    PAINT_CHANGE,
    PAINT_REPLACE,
    PAINT_REMOVE,
    PAINT_DIM,
    PAINT_STRONG,
    PAINTS
};

/* Appends an escape code, or nothing without `color`. */
void paint_start(struct buf *out, enum paint paint, bool color);
void paint_end(struct buf *out, bool color);

/* Text from outside, safe for a terminal. */
void paint_text(struct buf *out, const char *text);

/* A field's canonical value in the manifest's words: 100ms rather than 100, none rather than
 * null. */
void paint_value(struct buf *out, enum field field, const char *canonical);

/* One element of a set field: an event, or `field op value` of a criterion. */
void paint_element(struct buf *out, enum field field, const json_t *element);

#endif
