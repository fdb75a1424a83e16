/* Does an event pass a filter? The evaluation of core/filter.h's criteria, for what the source
 * could not filter by itself.
 *
 * A criterion on a missing field, or on one of another type, does not hold, except `ne`, `not-in`
 * (they hold) and `exists false`. Numbers compare as numbers, texts bytewise, a dotted field goes
 * into objects ("participant.userId"); a member whose own name has the dots comes first.
 *
 * Life cycle: match_new compiles the criteria (their JSON values are parsed once); a match is
 * read-only and may be used by several threads; match_free.
 */
#ifndef CORE_MATCH_H
#define CORE_MATCH_H

#include "core/error.h"
#include "core/filter.h"

#include <jansson.h>
#include <stddef.h>

struct match;

/* NULL: no memory, or a criterion's value is no JSON (the error says which). Borrows nothing. */
struct match *match_new(const struct criterion *criteria, size_t count, struct error *error);
void match_free(struct match *match);

/* True when all criteria hold for the event's fields (NULL counts as an object without members).
 * A match of no criteria, or NULL, holds for everything. */
bool match_holds(const struct match *match, const json_t *fields);

#endif
