/* `ingestd --dev`: starts without a configuration, in a folder that it makes: a certificate, key
 * and token for one run, loopback, an NDJSON sink; and says what to curl. */
#ifndef INGEST_DEV_H
#define INGEST_DEV_H

#include "core/error.h"
#include "ingest/config.h"

/* Writes certificate, keys (an HMAC secret and a P-256 pair), token and configuration into `folder`
 * (made when it is not there, mode 0700; files are 0600). What is there already is kept, but for a
 * certificate of its own that is no longer good in an hour, and what was made from a key that is
 * gone. `path_out` gets the configuration's path. */
MUST_CHECK bool dev_prepare(const char *folder, char *path_out, size_t path_size,
                            struct error *error);

/* Appends what to type now, for a shell with openssl and curl: events signed with each key, a
 * forged one, the status, what was delivered. Names the files of secrets and shows none of them. */
struct buf;
void dev_explain(struct buf *out, const char *folder, const char *address,
                 const char *admin_address);

#endif
