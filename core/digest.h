/* SHA-256 (FIPS 180-4, by OpenSSL) as lower-case hex. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include "core/error.h"

#include <stddef.h>

enum { DIGEST_HEX = 64 }; /* digits of a whole digest */

/* Writes the first `digits` (1..DIGEST_HEX) hex digits of the SHA-256 of the bytes and a NUL
 * into out[digits + 1]. False only when OpenSSL has no memory. */
MUST_CHECK bool digest_hex(const void *bytes, size_t length_bytes, size_t digits, char *out);

#endif
