/* Who changed what: the audit of Genesys Cloud.
 *
 * POST /api/v2/audits/query/realtime, which is a query: it changes nothing, and may be repeated.
 * Needs the permission audits:audit:view; who lacks it is told so, and nobody is named.
 */
#ifndef API_AUDIT_H
#define API_AUDIT_H

#include "api/client.h"

struct audit_record {
    int64_t at_ms;     /* since the epoch; 0: not readable */
    char entity[64];   /* the id of what was changed */
    char who[128];     /* the user's name, else its id, else "client " and its id */
    char from[64];     /* its address; "" when not told */
    char action[32];   /* "Update" */
    char changed[256]; /* names of properties, between commas */
};

/* Borrowed until the callback returns; the newest first. error->code is NONE when all is well. */
typedef void (*audit_done)(void *context, const struct audit_record *records, size_t count,
                           const struct error *error);

/* The last records, 500 at most, of a service ("ProcessAutomation") between two times. False: no
 * memory or stopped, and no callback comes. */
MUST_CHECK bool audit_start(struct client *client, const char *service, int64_t from_ms,
                            int64_t to_ms, audit_done done, void *context, struct error *error);

#endif
