/* Listing one kind into objects: each page is reduced at once and its JSON let go.
 *
 * An object that stands on two pages is kept once, in its newer version. One that cannot be read is
 * an error that names it: what is not fully known is not compared.
 */
#ifndef API_LISTER_H
#define API_LISTER_H

#include "api/driver.h"
#include "api/pager.h"

enum { LISTER_PAGE_SIZE = 200, LISTER_OBJECTS_MAX = 1000000 };

/* Whether an object is to be kept; NULL: all. */
typedef bool (*lister_keep)(void *context, const struct object *object);

struct lister_result {
    struct object_list
        objects; /* those kept, in the order listed; whoever takes it over inits it anew */
    size_t pages, repeated;
    long status;        /* of the last page's reply */
    struct error error; /* NONE when the listing came to its end */
};

typedef void (*lister_done)(void *context, struct lister_result *result);

/* `topic`: of what driver->topic_parameter narrows to; NULL: everything. False: no memory or
 * stopped, and no callback comes. */
MUST_CHECK bool lister_start(struct client *client, const struct driver *driver, const char *topic,
                             int64_t delay_ms, lister_keep keep, lister_done done, void *context,
                             struct error *error);

#endif
