/* JSON, indented for people: only white space between its parts is changed, so that numbers,
 * repeated members and their order stand as they came. */
#ifndef CTL_PRETTY_H
#define CTL_PRETTY_H

#include "core/buf.h"

/* Appends it with a line end after each member. False: it is no JSON, nothing was appended. */
bool pretty_json(struct buf *out, const char *text, size_t length_bytes);

#endif
