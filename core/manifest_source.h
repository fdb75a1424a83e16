/* The files that a manifest is read from. Only core/manifest.c uses this. */
#ifndef CORE_MANIFEST_SOURCE_H
#define CORE_MANIFEST_SOURCE_H

#include "core/manifest.h"

/* Appends the sources of the options' texts, files and folders to manifest->sources. Returns how
 * many could not be read; findings say why, and those have no text. */
size_t manifest_add_sources(struct manifest *manifest, const struct manifest_options *options,
                            struct diag_list *diags);

#endif
