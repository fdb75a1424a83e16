/* What is refused in a YAML text before, or beside, its parsing: characters that hide something,
 * directives, and tabs as indentation. Only core/yaml.c uses this.
 */
#ifndef CORE_YAML_SCAN_H
#define CORE_YAML_SCAN_H

#include "core/diag.h"

/* False: the text holds a control character, one that reorders or hides text, or a directive
 * (a %TAG would also cost the parser quadratic time). A finding says which and where. */
MUST_CHECK bool yaml_scan(const struct source *source, struct diag_list *diags);

/* Lines that were not yet looked at for tabs; the parser's events move it forward. */
struct yaml_tabs {
    const struct source *source;
    const char *at; /* the first byte of `line` */
    unsigned line;  /* from 1 */
};
void yaml_tabs_init(struct yaml_tabs *tabs, const struct source *source);

/* Looks at the lines before and including `line`. False: one of them is indented with a tab. */
MUST_CHECK bool yaml_tabs_check(struct yaml_tabs *tabs, unsigned line, struct diag_list *diags);

/* Leaves out the lines up to and including `line`: the inside of a scalar. */
void yaml_tabs_skip(struct yaml_tabs *tabs, unsigned line);

#endif
