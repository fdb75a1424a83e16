/* The bytes of one connection, with TLS or without: a non-blocking socket, and OpenSSL over it. */
#ifndef INGEST_TRANSPORT_H
#define INGEST_TRANSPORT_H

#include "core/error.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum transport_result {
    TRANSPORT_DONE,
    TRANSPORT_WANTS_READ,  /* try again when the socket can be read */
    TRANSPORT_WANTS_WRITE, /* … can be written */
    TRANSPORT_END,         /* the peer sends no more */
    TRANSPORT_BROKEN       /* there is no talking to it any more */
};

struct transport {
    int fd;
    SSL *ssl; /* NULL: plaintext */
};

/* Takes over the socket. tls NULL: plaintext. False: no memory; the socket is closed. */
MUST_CHECK bool transport_init(struct transport *transport, int fd, SSL_CTX *tls);
/* Closes without waiting. */
void transport_release(struct transport *transport);

enum transport_result transport_handshake(struct transport *transport);
/* DONE: *length bytes, at least one. */
enum transport_result transport_read(struct transport *transport, char *bytes, size_t size,
                                     size_t *length);
/* DONE: *written bytes, at least one, perhaps not all. */
enum transport_result transport_write(struct transport *transport, const char *bytes, size_t length,
                                      size_t *written);

/* Bytes were read from the socket that nobody has asked for yet; it will not become readable for
 * them. */
bool transport_holds_bytes(const struct transport *transport);

/* Says that nothing more will be written; reading goes on by transport_drop alone. */
void transport_finish(struct transport *transport);
/* Reads what came, to be thrown away: as transport_read, past TLS. */
enum transport_result transport_drop(struct transport *transport, char *bytes, size_t size,
                                     size_t *length);

enum { TRANSPORT_NAMES_MOST = 32 };

/* The common name and DNS names of the peer's verified certificate, ended by NULL, in one piece of
 * memory that the caller frees. NULL: it has none, or there is no memory. */
const char *const *transport_names(const struct transport *transport);

#endif
