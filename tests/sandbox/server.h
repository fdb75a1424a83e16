/*
 * HTTP: listens, takes each request through fault rules, login and its handler, and sends what
 * came of it, whole or spoilt.
 *
 * Life cycle: server_new, server_listen, any number of rounds of the event loop, server_free.
 */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "sandbox.h"

struct server;

struct server *server_new(struct sandbox *sandbox);
void server_free(struct server *server);

/*
 * Listens on HOST:PORT or [HOST]:PORT; port 0 takes any. Returns the URL of what it took, to be
 * freed, or NULL with the reason printed.
 */
char *server_listen(struct server *server, const char *address);

#endif
