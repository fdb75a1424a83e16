/* What `ingestd --dev` needs to be believed: keys and a certificate for this machine, made here.
 * Private to dev.c. All appends to `out`; false: the error says why.
 */
#ifndef INGEST_DEV_KEY_H
#define INGEST_DEV_KEY_H

#include "core/buf.h"
#include "core/error.h"

#include <stdint.h>

enum { DEV_CERTIFICATE_DAYS = 7 };

/* A P-256 private key, PEM (PKCS #8). */
MUST_CHECK bool dev_key_make(struct buf *out, struct error *error);
/* The public half of such a key. */
MUST_CHECK bool dev_key_public(const struct buf *key, struct buf *out, struct error *error);
/* A certificate for localhost, 127.0.0.1 and ::1 that the key itself signed, PEM. */
MUST_CHECK bool dev_key_certificate(const struct buf *key, int64_t now_s, struct buf *out,
                                    struct error *error);
/* Did the key sign the certificate, and is it no longer good in an hour? False for anybody else's,
 * or what cannot be read. */
bool dev_key_expired(const struct buf *key, const struct buf *certificate, int64_t now_s);
/* 32 random bytes in hex, and a newline. */
MUST_CHECK bool dev_key_secret(struct buf *out, struct error *error);

#endif
