/* The lint rules that speak of criteria. Only core/lint.c uses this. */
#ifndef CORE_LINT_FILTER_H
#define CORE_LINT_FILTER_H

#include "core/manifest.h"

/* Adds the findings of the rules residual-filter, unknown-field, value-case,
 * duplicate-criterion and contradiction. `budget` is how many steps comparing criteria may still
 * take: a file of aliases to long lists must not keep a reviewer's machine busy for hours. */
void lint_filter(const struct subscription *subscription, struct diag_list *diags, size_t *budget);

#endif
