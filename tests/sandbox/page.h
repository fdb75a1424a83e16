/*
 * Cursor paging as Genesys Cloud does it: {entities, nextUri, selfUri, previousUri}, relative
 * URIs, `after` and `before` opaque.
 *
 * Invariants: a cursor is the creation number of an object, so inserting and deleting between
 * two pages neither repeats nor skips an object that was there throughout. nextUri is absent on
 * the last page, previousUri on the first.
 */
#ifndef SANDBOX_PAGE_H
#define SANDBOX_PAGE_H

#include "call.h"
#include "store.h"

/* Does this object, as readers see it, belong in the listing? */
typedef bool page_filter(const struct call *call, const json_t *body);

/* Answers a call with one page of a store. `filter` may be NULL. */
void page_reply(struct call *call, struct store *store, page_filter *filter);

/* The same over a fixed list of strings. */
void page_reply_strings(struct call *call, const char *const *strings, size_t count);

/*
 * The pageSize parameter: `*size` is 25 when it is absent. Returns false when it is no number of
 * 1 to 200, in which case the call is answered (400).
 */
bool page_size(struct call *call, size_t *size);

#endif
