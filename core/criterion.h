/* One criterion of a filter, read from YAML; and what its canonical value holds. */
#ifndef CORE_CRITERION_H
#define CORE_CRITERION_H

#include "core/filter.h"
#include "core/spec.h"

/* Reads {field, op, value}. False: findings say what is wrong, or there is no memory. Texts and
 * the value's canonical JSON are in the reader's arena. */
MUST_CHECK bool criterion_read(const struct spec_reader *reader, const struct yaml_node *node,
                               struct criterion *out);

/* Whether it is a field's name as filters write it: "mediaType", "queue.name". */
bool criterion_field_fits(const char *field);

#endif
