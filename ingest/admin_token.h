/* The bearer token of the admin listener. Only its digest is kept, never itself. */
#ifndef INGEST_ADMIN_TOKEN_H
#define INGEST_ADMIN_TOKEN_H

#include "core/error.h"

#include <stdbool.h>

struct admin_token {
    unsigned char digest[32]; /* SHA-256 */
};

/* Reads it from a file, without the line's end. False, the error names the file: it cannot be read,
 * or is shorter than 16 or longer than 1024 bytes. */
MUST_CHECK bool admin_token_read(struct admin_token *token, const char *path, struct error *error);

/* Whether an Authorization header (NULL: there was none) brings it; takes as long for a wrong one.
 */
bool admin_token_is(const struct admin_token *token, const char *header);

#endif
