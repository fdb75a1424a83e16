/*
 * The filters of a subscription: filterExpression and additionalFilter, all of which must hold.
 *
 * A field is a member of the payload, "eventType" that of the envelope; dots go into objects.
 * Numbers compare as numbers, strings bytewise. A criterion on a field that is not there, or is of
 * another type, does not hold, except NEQ, NOT_IN and EXISTS false.
 */
#ifndef SANDBOX_MATCH_H
#define SANDBOX_MATCH_H

#include <jansson.h>
#include <stdbool.h>

struct match;

/*
 * Compiles the filters of a subscription, which has to outlive the match. A criterion that is none
 * (only seeds can have such) never holds.
 */
struct match *match_new(const json_t *subscription);
void match_free(struct match *match);

bool match_holds(const struct match *match, const char *event_type, const json_t *payload);

#endif
