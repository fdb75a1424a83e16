/* The fields of one event as a set of "path:type" lines, and a fingerprint of that set which takes
 * one pass and no memory. Only for shape.c; shape_of is declared in shape.h.
 *
 * Two sets with the same lines have the same fingerprint: it is the sum of the lines' hashes.
 */
#ifndef INGEST_SHAPE_WALK_H
#define INGEST_SHAPE_WALK_H

#include "core/error.h"

#include <jansson.h>
#include <stdint.h>

/* False: no memory. */
MUST_CHECK bool shape_fingerprint(const json_t *fields, uint64_t *fingerprint);

/* Of a text that shape_of made. */
uint64_t shape_text_fingerprint(const char *text);

#endif
