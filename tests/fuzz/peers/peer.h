/* Other readers of HTTP, for fuzz_ingest_http_differential.c. Each is in a file of its own, since
 * their names clash. */
#ifndef TESTS_FUZZ_PEERS_PEER_H
#define TESTS_FUZZ_PEERS_PEER_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* The first request of some bytes, as another reader sees it. */
struct peer_view {
    bool complete;
    bool unknown_method;
    size_t end; /* where it ends */
    const char *method, *why;
    struct buf target, body; /* the caller's */
};

void peer_http_parser(const char *bytes, size_t length, struct peer_view *view);
void peer_llhttp(const char *bytes, size_t length, struct peer_view *view);

#endif
