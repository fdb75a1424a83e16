/* What of a line from a manifest or a configuration must not be shown: values that are secrets. */
#ifndef CORE_MASK_H
#define CORE_MASK_H

#include <stddef.h>

enum { MASK_MOST = 8 };

struct mask {
    size_t from, to; /* bytes of the line */
};

/* Finds the value behind a key whose name holds "secret", "password", "passwd" or "token" (unless
 * it ends in _file: a path), up to the line's end, and name and password in URLs. At most
 * MASK_MOST; returns how many. */
size_t mask_find(const char *line, size_t length_bytes, struct mask masks[MASK_MOST]);

#endif
