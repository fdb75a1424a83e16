/*
 * Validation of a request body: every fault is noted, the first one gives the reply its code and
 * message, all of them stand in its `details`.
 *
 * Life cycle: a zeroed struct check, any number of check_* calls, then check_reply, which
 * releases it.
 */
#ifndef SANDBOX_CHECK_H
#define SANDBOX_CHECK_H

#include "call.h"

struct check {
    char *message;
    const char *code;
    json_t *details;
};

/* Notes a fault of `field`. */
void check_fail(struct check *check, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Answers the call with 400 when anything was noted. Returns true when nothing was and the call
 * may go on.
 */
bool check_reply(struct check *check, struct call *call);

/* A member that is absent or null counts as not given (NULL). */
json_t *check_member(const json_t *object, const char *name);

/*
 * A member as a string of `min` to `max` UTF-16 units; NULL when it is not given or was faulty.
 * `required`: not given is a fault.
 */
const char *check_string(struct check *check, const json_t *object, const char *name, bool required,
                         size_t min, size_t max);

/*
 * An integer of `min` to `max`; digits in a string count too, as the service's parser takes
 * them. Returns false when it is not given or was faulty.
 */
bool check_integer(struct check *check, const json_t *object, const char *name, json_int_t min,
                   json_int_t max, json_int_t *value);

/* Returns false when it is not given or was faulty. */
bool check_boolean(struct check *check, const json_t *object, const char *name, bool required,
                   bool *value);

/* Notes a fault unless `value` is one of `allowed`, which ends with NULL. */
void check_one_of(struct check *check, const char *field, const char *value,
                  const char *const *allowed);

bool check_is_one_of(const char *value, const char *const *allowed);

#endif
