/*
 * The API as a table: method, path, handler, and the permission that the caller needs.
 *
 * Invariants: literal parts of a path match in any case, as the service's do; a part in braces
 * matches any one segment and becomes a decoded argument of the call. Of several matches the
 * first in the table counts.
 */
#ifndef SANDBOX_ROUTES_H
#define SANDBOX_ROUTES_H

#include "call.h"

struct route {
    const char *method;
    const char *path;
    void (*handle)(struct call *call);
    const char *permission; /* NULL: none needed */
    bool all;  /* declared as one of ALL permissions, not of ANY: refused in other words */
    bool open; /* needs no token */
};

/*
 * Finds call->route and fills call->arguments. Returns false when there is none: answered with
 * 404, or with 405 when the path exists for other methods.
 */
bool routes_find(struct call *call);

#endif
