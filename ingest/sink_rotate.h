/* Rotated files: path.YYYYMMDDTHHMMSSZ, and -1, -2, … behind it for more of one second. Only for
 * sink_file.c. */
#ifndef INGEST_SINK_ROTATE_H
#define INGEST_SINK_ROTATE_H

#include "core/error.h"

#include <stdint.h>

/* Gives the file a name of that time that is free, and that is newer than those of all rotated
 * files, also when the clock was set back. False: errno says why. */
MUST_CHECK bool rotate_rename(const char *path, int64_t now_us);

/* Deletes the oldest rotated files, by their names, until at most `keep` are left. What cannot be
 * deleted is logged. */
void rotate_prune(const char *path, int64_t keep);

/* Makes creating and renaming in the file's folder last. Best effort. */
void rotate_sync_folder(const char *path);

#endif
