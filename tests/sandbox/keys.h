/*
 * The key with which the service signs what it delivers.
 *
 * Invariant: it is the same in every run, so that a recorded public key stays true. It protects
 * nothing.
 */
#ifndef SANDBOX_KEYS_H
#define SANDBOX_KEYS_H

/* The Ed25519 public key as PEM (SubjectPublicKeyInfo, RFC 8410); the caller frees it. */
char *keys_public_pem(void);

#endif
