/* `ingestd --dev`: starts without a configuration, in a folder that it makes: a certificate, key
 * and token for one run, loopback, an NDJSON sink; and says what to curl. */
#ifndef INGEST_DEV_H
#define INGEST_DEV_H

#include "core/error.h"
#include "ingest/config.h"

/* Writes certificate, keys (an HMAC secret and a P-256 pair), token and configuration into `folder`
 * (made when it is not there; what is there already is kept). `path_out` gets the configuration's
 * path. */
MUST_CHECK bool dev_prepare(const char *folder, char *path_out, size_t path_size,
                            struct error *error);

/* Appends what to type now: signed, forged, status. */
struct buf;
void dev_explain(struct buf *out, const char *folder, const char *address,
                 const char *admin_address);

#endif
