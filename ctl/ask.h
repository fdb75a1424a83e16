/* Asking ingest endpoints, one question after another, each waited for.
 *
 * A read that was lost on its way is sent once more; a change never is. A signal (stage_stop) ends
 * the wait for a read; a change under way is waited for all the same.
 */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ctl/endpoints.h"

struct ask;

/* NULL: *error says why, such as a URL that is none. The endpoints and options are borrowed. */
struct ask *ask_new(const struct endpoints *endpoints, const struct options *options,
                    struct error *error);
void ask_free(struct ask *ask);

const struct endpoints *ask_endpoints(const struct ask *ask);

/* Appends the body of a 2xx. False: *error names the endpoint. */
MUST_CHECK bool ask_get(struct ask *ask, size_t endpoint, const char *path, struct buf *body,
                        struct error *error);

/* Sends a change and appends the body of a 2xx. *error, which names the endpoint, is NONE exactly
 * when it was one; ERROR_REFUSED when the endpoint would not. */
enum ingest_end ask_change(struct ask *ask, size_t endpoint, const char *path,
                           const json_t *content, struct buf *body, struct error *error);

/* The same of what replaces something (PUT); ERROR_STALE when that is not what it replaces. */
enum ingest_end ask_put(struct ask *ask, size_t endpoint, const char *path, const json_t *content,
                        struct buf *body, struct error *error);

/* For what reads an endpoint's answer and found it wrong: names the endpoint in *error, which is
 * nobody's usage: ERROR_FAILED. Returns false. */
bool ask_misread(const struct ask *ask, size_t endpoint, struct error *error);

/* Waits so long, or until a signal. */
void ask_wait(struct ask *ask, int64_t ms);

/* The user's name, for what endpoints keep of changes. Valid until the next call. */
const char *ask_who(void);

/* The maximum of what ask_get and ask_change append. */
enum { ASK_BODY_MAX_BYTES = 64 * 1024 * 1024 };

#endif
