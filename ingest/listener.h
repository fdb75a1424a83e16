/* Listening sockets, one for each reactor, all on one address (SO_REUSEPORT). */
#ifndef INGEST_LISTENER_H
#define INGEST_LISTENER_H

#include "core/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct listener_address {
    struct sockaddr_storage at;
    socklen_t length;
};

enum { LISTENER_TEXT_BYTES = INET6_ADDRSTRLEN + 16 };

/* "127.0.0.1:0", "[::]:8443": numbers, no names. */
MUST_CHECK bool listener_parse(const char *text, struct listener_address *address,
                               struct error *error);
void listener_write(const struct listener_address *address, char text[LISTENER_TEXT_BYTES]);

/* Binds and listens, non-blocking; -1: the error says why. Port 0 becomes the one that it got, so
 * that the next one gets the same. The first one finds out whether somebody else is there. */
int listener_open(struct listener_address *address, bool first, struct error *error);

/* Whom an accepted socket is of; IPv4 as ::ffff:a.b.c.d. */
struct in6_addr listener_peer(const struct sockaddr_storage *from);

#endif
