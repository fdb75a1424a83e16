/* The baseline of shapes: a file that is committed beside the manifest, and says which shapes of
 * events are known.
 *
 *   {"format": "eventctl/shapes/v1", "types": {TYPE: {ID: ["path:type", …]}}}
 *
 * The same shapes make the same bytes: keys and fields are sorted, and nothing of when or where
 * they were seen is kept. An id is that of its fields, so that a merge gone wrong is found.
 */
#ifndef CTL_BASELINE_H
#define CTL_BASELINE_H

#include "ctl/option.h"
#include "ctl/shapes.h"

/* --baseline, else shapes.json beside the manifest that -f names first. Sets shapes->path. */
MUST_CHECK bool baseline_find(struct shapes *shapes, const struct options *options,
                              struct error *error);

/* Fills shapes->baseline, sorted. A file that is not there is none: has_baseline is false then.
 * ERROR_INVALID: it is something else. */
MUST_CHECK bool baseline_read(struct shapes *shapes, struct error *error);

/* Replaces the file by one that has the news too, at once or not at all. */
MUST_CHECK bool baseline_write(struct shapes *shapes, struct error *error);

#endif
