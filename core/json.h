/* JSON compared as values: the canonical text of a value.
 *
 * Two JSON values are the same to eventctl exactly when their canonical texts are the same
 * bytes: keys sorted, no white space, members that are null left out, a number that is whole
 * written as an integer (5.0 is 5). Parsing is jansson's; this is only the writing.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/buf.h"

#include <jansson.h>

/* Appends the canonical text of `value` (borrowed; NULL counts as null). Nesting deeper than
 * 64 sets out->failed. */
void json_add_canonical(struct buf *out, const json_t *value);

/* Appends one string, quoted and escaped as canonical text has it. */
void json_add_string(struct buf *out, const char *text, size_t length_bytes);

/* The canonical text; the caller frees it. NULL when there is no memory or it nests too deep. */
char *json_canonical(const json_t *value);

/* Member `key` of an object as text; NULL when it is absent or no string. Borrowed. */
const char *json_text(const json_t *object, const char *key);

#endif
