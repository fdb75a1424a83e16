/* What is counted for each sender's address, by all reactors together: its open connections, and
 * its failed verifications in the running minute.
 *
 * An IPv6 address counts by its /64, since whoever has one address there has all of them. An entry
 * lives while it has connections; one that failed lately is kept for its minute, so that a new
 * connection is no fresh start. At most ADDRESS_KEPT_MOST are kept so.
 *
 * A lock is taken when a connection begins and ends, and by a failure; never by a request.
 */
#ifndef INGEST_ADDRESS_H
#define INGEST_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { ADDRESS_KEPT_MOST = 16384 };

struct addresses;
struct address;

struct addresses *addresses_new(void); /* NULL: no memory */
void addresses_free(struct addresses *addresses);

/* One more connection of that address. NULL: it has `most` already, or there is no memory. */
struct address *addresses_enter(struct addresses *addresses, const struct in6_addr *from,
                                int64_t most);
/* It has ended; the entry is not to be used by its owner any more. */
void addresses_leave(struct addresses *addresses, struct address *address, int64_t now_ms);

/* A verification failed. */
void address_failed(struct address *address, int64_t now_ms);
/* Has it failed more than `most` times in the running minute? */
bool address_blocked(const struct address *address, int64_t most, int64_t now_ms);

#endif
