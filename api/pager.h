/* Following a cursor-paged listing to its end, and never for ever.
 *
 * Always holds: one page is asked for at a time; a cursor that was seen before ends the paging with
 * an error; so do too many pages, and REPEATS_MAX pages one after the other on which nothing was
 * new.
 *
 * Life cycle: pager_start; `page` for each page, then `done` once, after which the pager is gone.
 */
#ifndef API_PAGER_H
#define API_PAGER_H

#include "api/client.h"

enum { PAGER_PAGES_MAX = 200000, PAGER_REPEATS_MAX = 20 };

/* The entities are borrowed. *fresh: how many had not been seen before. False ends the paging: with
 * *error, or without one when enough was seen. */
typedef bool (*pager_page)(void *context, const json_t *entities, size_t *fresh,
                           struct error *error);

/* `last`: the reply of the last page asked for. error->code is NONE when the paging came to its
 * end. */
typedef void (*pager_done)(void *context, const struct reply *last, size_t pages,
                           struct error *error);

/* False: no memory or stopped, and no callback comes. */
MUST_CHECK bool pager_start(struct client *client, const char *path, const char *permission,
                            int64_t delay_ms, pager_page page, pager_done done, void *context,
                            struct error *error);

#endif
