/* Where `plan --out` may write: what is there is not lost by a slip of the hand.
 *
 * A new name, an empty file and an earlier plan (told by its content) are replaced at once or not
 * at all; a symbolic link is followed, also to what is not there yet. A character device or a FIFO
 * is written to as it is. All else is refused.
 */
#ifndef CTL_PLAN_OUT_H
#define CTL_PLAN_OUT_H

#include "core/manifest.h"

/* Whether a plan may be written to `path`: ERROR_INVALID says why not. `manifest` NULL: not read
 * yet, so that its files are not looked at. */
MUST_CHECK bool plan_out_allowed(const char *path, const struct manifest *manifest,
                                 struct error *error);

/* Looks once more, and writes. */
MUST_CHECK bool plan_out_write(const char *path, const struct manifest *manifest, const char *text,
                               struct error *error);

#endif
