/* The one error type: a code, which is also what the program exits with, and a short text.
 *
 * Always holds: `text` ends in NUL and holds no control characters from outside (error_set
 * replaces them). A function that reports an error has left its outputs released or untouched,
 * as its own contract says.
 *
 * Life cycle: a caller owns a `struct error` on its stack, starts it as ERROR_INIT and passes
 * its address down. The first error_set wins; later ones are ignored, so that clean-up cannot
 * hide the cause. error_wrap puts context in front of a text that is already there.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stdbool.h>

/* What can fail must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The exit codes of the program (documented by `eventctl help exit-codes`). */
enum error_code {
    ERROR_NONE = 0,
    ERROR_FAILED = 1,       /* anything without a code of its own */
    ERROR_CHANGES = 2,      /* not an error: changes or drift were found */
    ERROR_INVALID = 3,      /* manifest, configuration or usage */
    ERROR_AUTH = 4,         /* login refused, or a permission is missing */
    ERROR_REFUSED = 5,      /* a safety limit or a protection said no */
    ERROR_STALE = 6,        /* the plan is stale, or somebody changed the object meanwhile */
    ERROR_PARTIAL = 7,      /* applied in part */
    ERROR_VERIFY = 8,       /* applied, but what is there is not what was sent */
    ERROR_INTERRUPTED = 130 /* stopped by a signal */
};

struct error {
    enum error_code code;
    char text[1024];
};

#define ERROR_INIT ((struct error){ERROR_NONE, ""})

/* Sets code and text unless an error is there already. Always returns false, so that a
 * function can `return error_set(...)`. A text that is too long is cut. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The error of an allocation that failed. Returns false. */
bool error_no_memory(struct error *error);

/* Puts "context: " before the text of an error that is set. Returns false. */
bool error_wrap(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One row for each code: the number, a short name ("stale") and what it means. Ends with a
 * NULL name. Help, README and JSON output are made from it. */
struct error_code_row {
    enum error_code code;
    const char *name;
    const char *meaning;
};
extern const struct error_code_row error_code_table[];

/* The row's name for a code; "error" for a number that is not in the table. */
const char *error_code_name(enum error_code code);

#endif
