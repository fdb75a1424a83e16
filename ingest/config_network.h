/* Networks and addresses as the configuration writes them. Pure. */
#ifndef INGEST_CONFIG_NETWORK_H
#define INGEST_CONFIG_NETWORK_H

#include "core/error.h"
#include "ingest/config.h"

/* "10.0.0.0/8", "2001:db8::/32", or an address alone. False: it is neither, or has bits after its
 * length (10.0.0.1/8), which is a typing error more often than not. */
MUST_CHECK bool config_network_read(const char *text, struct config_network *out);

/* "127.0.0.1:8443", "[::1]:8443": no host names, since what listens should not depend on DNS. */
struct config_address {
    char host[64]; /* without brackets */
    unsigned port;
    bool loopback;
};
MUST_CHECK bool config_address_read(const char *text, struct config_address *out);

#endif
