/*
 * The keys with which the service signs what it delivers: Ed25519, one at a time.
 *
 * Invariants: the n-th key is the same in every run, so that a recorded public key stays true. It
 * protects nothing. After a rotation the new key is shown at once and signs when the overlap is
 * over.
 */
#ifndef SANDBOX_KEYS_H
#define SANDBOX_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *keys);

/* Which key is shown, from 1 on; setting it makes it the one that signs as well. */
unsigned keys_number(const struct keys *keys);
void keys_set_number(struct keys *keys, unsigned number);

void keys_rotate(struct keys *keys, int64_t overlap_ms);

/* Of the key that is shown: PEM (SubjectPublicKeyInfo, RFC 8410), and its id; both borrowed. */
const char *keys_public_pem(const struct keys *keys);
const char *keys_id(const struct keys *keys);

/*
 * The value of X-Genesys-Signature for a body that is sent now:
 * keyId=…,alg=ed25519,t=<unix seconds>,sig=<base64>, over "t.body". The caller frees it.
 */
char *keys_signature(struct keys *keys, const char *body, size_t length);

#endif
