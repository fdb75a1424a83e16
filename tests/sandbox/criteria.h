/*
 * The match criteria of a trigger: [{jsonPath, operator, value or values}], all of which must
 * hold for an event body.
 *
 * A jsonPath is Goessner's without the leading `$`: names joined by dots, ['name'], [n], [*].
 * When it selects several values one that satisfies the operator is enough. A path that selects
 * nothing satisfies NotEqual, NotIn and Exists false, and no other operator.
 */
#ifndef SANDBOX_CRITERIA_H
#define SANDBOX_CRITERIA_H

#include "check.h"

/* Notes what is wrong with a matchCriteria member; NULL and null are right. */
void criteria_check(struct check *check, const json_t *criteria);

/*
 * Evaluates criteria, already checked, against an event body. Returns the results in the form of
 * the SDK's MatchCriteriaTestResult; `*matches` says whether all hold (true for none).
 */
json_t *criteria_evaluate(const json_t *criteria, const json_t *event, bool *matches);

#endif
