/* One write under way: what creates, updates and deletes have in common. Private to remote_*.c.
 *
 * A write is sent; when its answer is lost it is looked for, at growing gaps, until settle_ms have
 * passed, since reads may lag behind; only then may it be sent again.
 *
 * Always holds: at most one request of a write is under way; writing_end is called exactly once,
 * and nothing of the writing is touched after it.
 */
#ifndef API_WRITING_H
#define API_WRITING_H

#include "api/driver.h"
#include "api/remote.h"

enum { WRITING_SENDS_MAX = 3 };

struct writing {
    struct client *client;
    const struct driver *driver;
    struct remote_write *write;
    remote_done done;
    void *context;
    char *path;          /* of the collection for a create, else of the object */
    unsigned sends;      /* how often the write was sent, or may have been */
    unsigned looks;      /* since it was last sent */
    int64_t deadline_ms; /* of looking */
    bool refused;        /* the last send was answered by a conflict */
    struct error lost;   /* why the answer is missing */
    struct error unseen; /* why the last look saw nothing; NONE when it did */
};

/* True when the request may have had its effect although no usable answer came. */
bool writing_is_lost(const struct reply *reply);

/* Starts looking anew, and remembers why. */
void writing_begin_looking(struct writing *writing, const struct error *lost);

/* How long until the next look; -1: it has been looked for long enough. */
int64_t writing_next_look(struct writing *writing);

/* Sends one request of the write. False: it could not be started. */
MUST_CHECK bool writing_ask(struct writing *writing, const struct request *request,
                            client_done done, struct error *error);

/* Whether an object at the service is what the write was to make of it: all fields, and the marker
 * with its hashes. */
bool writing_equals_sent(const struct writing *writing, const struct object *live);

void writing_end(struct writing *writing, enum remote_outcome outcome);
void writing_end_done(struct writing *writing, const char *id, int64_t version, bool found_later);
/* Takes the object's contents over; NULL: it is gone or unreadable. */
void writing_end_conflict(struct writing *writing, struct object *live);
/* Ends as UNKNOWN: neither done nor not done, and why. */
void writing_end_unknown(struct writing *writing, const char *what, const struct error *why);

/* The first step of each operation. False: nothing was sent, *error says why. */
MUST_CHECK bool writing_create(struct writing *writing, struct error *error);
MUST_CHECK bool writing_update(struct writing *writing, struct error *error);
MUST_CHECK bool writing_delete(struct writing *writing, struct error *error);

#endif
