/* Variables of a manifest: ${NAME} in a scalar, filled in after the YAML was parsed, so that a
 * value can never become structure.
 *
 * Only names that the file declares are filled in. $${ stands for a plain ${. A value is valid
 * UTF-8 without control characters, and not empty.
 *
 * Life cycle: a list is zeroed; everything it takes comes from the arena that is passed in.
 */
#ifndef CORE_VARIABLE_H
#define CORE_VARIABLE_H

#include "core/arena.h"
#include "core/diag.h"

struct variable {
    const char *name;
    struct place place; /* where it is declared */
    const char *value;  /* NULL: unset, or not fit for use */
    bool used;
    bool complained; /* the finding of an unset one is made once */
};

struct variable_list {
    struct variable *items;
    size_t count;
};

/* True when the text refers to a variable or escapes one: what variable_expand is needed for. */
bool variable_occurs(const char *text);

/* The text with its variables filled in, in the arena. NULL: a finding says why, or there is no
 * memory (diags->no_memory). */
const char *variable_expand(struct variable_list *list, struct arena *arena,
                            struct diag_list *diags, struct place place, const char *text);

#endif
