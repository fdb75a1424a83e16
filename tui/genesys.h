/* The Genesys side, read quietly in the background: drift, health, the token's life.
 *
 * A snapshot is JSON, so that it can be recorded:
 *   {"at_ms", "read_ms" (of what follows; older when the last reading failed), "error": text or
 * null, "refused": bool, "organization", "token_expires_ms": or null, "token_lifetime_ms", "plan":
 * [line…] (what `eventctl plan` prints), "subscriptions": [{"id", "name", "version", "health",
 * "via", "drift": "", "drifted", "pending", "missing", "unmanaged", "filter": text, "delivery":
 * text, "events": [text], "fields": [{"field", "live", "wanted", "applied"}], "by": [{"at_ms",
 * "who", "from", "what"}]}]}
 *
 * A live one is made by the same client as all other commands use; its sockets are polled with the
 * others. Nothing waits for it.
 */
#ifndef TUI_GENESYS_H
#define TUI_GENESYS_H

#include "api/client.h"
#include "core/object.h"
#include "core/plan.h"

#include <poll.h>

struct genesys;
struct genesys_options {
    const struct client_options *client;
    const struct object_list *desired; /* what the manifest asks for; NULL: no manifest, no drift */
    const char *owner, *organizations[3];
    bool needed[VIA_COUNT];
    int64_t interval_ms; /* between two readings; 0: 60 s */
    /* The plan as `eventctl plan` prints it, without colours. */
    void (*print)(void *context, struct buf *out, const struct plan *plan);
    void *context;
};
/* All that the options point to is borrowed. */
struct genesys *genesys_new(const struct genesys_options *options, struct error *error);
void genesys_free(struct genesys *genesys);
size_t genesys_poll(struct genesys *genesys, struct pollfd *fds, size_t most, int *timeout_ms);
/* Moves on without waiting. True: there is a new snapshot. */
bool genesys_step(struct genesys *genesys, int64_t now_ms);
/* The newest; borrowed until the next step; NULL: none yet. */
const json_t *genesys_snapshot(const struct genesys *genesys);
/* Reads anew as soon as it can. */
void genesys_again(struct genesys *genesys);

#endif
