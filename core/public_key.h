/* Public keys as text (PEM) and the name that one goes by. */
#ifndef CORE_PUBLIC_KEY_H
#define CORE_PUBLIC_KEY_H

#include "core/error.h"

enum { PUBLIC_KEY_ID = 16 }; /* digits of an id */

/* The first hex digits of the SHA-256 over the key's DER SubjectPublicKeyInfo, so that one key has
 * one id however its text is laid out. Of a text that is no public key: over its bytes; whoever is
 * given that key says what is wrong with it. False: no memory. */
MUST_CHECK bool public_key_id(const char *pem, char out[PUBLIC_KEY_ID + 1]);

#endif
