/* JSON compared as values: the canonical text of a value.
 *
 * Two JSON values are the same to eventctl exactly when their canonical texts are the same
 * bytes: keys sorted, no white space, members that are null left out, a number that is whole
 * written as an integer (5.0 is 5).
 *
 * Parsing and other writing are jansson's, through json_read and json_write alone: jansson
 * overlooks that a growing text found no memory, and runs past its end when it reads.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/buf.h"

#include <jansson.h>
#include <stddef.h>

/* json_loadb and json_dumps (flags and error as theirs), but NULL whenever an allocation failed on
 * the way; *why may then say nothing. `why` may be NULL. The caller frees what json_write returns.
 */
json_t *json_read(const char *bytes, size_t length_bytes, size_t flags, json_error_t *why);
json_t *json_read_text(const char *text);
char *json_write(const json_t *value, size_t flags);

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
