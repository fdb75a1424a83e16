/* Whole files: read with a limit, and replaced at once or not at all. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/buf.h"
#include "core/error.h"

/* Appends the file's bytes. ERROR_FAILED names the path: unreadable, not a regular file, or more
 * than the buffer's limit. */
MUST_CHECK bool file_read(const char *path, struct buf *out, struct error *error);

/* Writes all bytes, however many calls it takes. False: errno says why. */
MUST_CHECK bool file_write_all(int fd, const char *bytes, size_t length_bytes);

/* Writes a new file of mode 0600 beside `path`, syncs it and renames it over `path`. On an error
 * the old file stands as it was. */
MUST_CHECK bool file_replace(const char *path, const void *bytes, size_t length_bytes,
                             struct error *error);

/* The same with another mode, whatever the umask. */
MUST_CHECK bool file_replace_mode(const char *path, const void *bytes, size_t length_bytes,
                                  unsigned mode, struct error *error);

/* Makes the folder and those above it, mode 0700 where new. */
MUST_CHECK bool file_make_folder(const char *path, struct error *error);

#endif
