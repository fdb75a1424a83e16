/* What the YAML parser complains about, in words that help. Only core/yaml.c uses this. */
#ifndef CORE_YAML_SYNTAX_H
#define CORE_YAML_SYNTAX_H

#include "core/diag.h"

#include <yaml.h>

/* Adds the finding for the error that the parser stopped with. */
void yaml_refuse_syntax(const struct source *source, const yaml_parser_t *parser,
                        struct diag_list *diags);

#endif
