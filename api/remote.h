/* The subscriptions at the service, whichever their kind: reading by listing only, and writes
 * that are never doubled and never overwrite what was not planned for.
 *
 * A table of drivers (driver.h) holds what the kinds differ in: paths, permissions, and the
 * two translations between wire JSON and struct object.
 */
#ifndef API_REMOTE_H
#define API_REMOTE_H

#include "api/client.h"
#include "core/object.h"

struct remote_identity {
    char organization_id[64], organization[256]; /* the id and the name */
    char client_id[64], client[256];
};

/* GET tokens/me. */
MUST_CHECK bool remote_identify(struct client *client, struct remote_identity *identity,
                                struct error *error);

/* What became of listing one kind. */
enum remote_listed {
    REMOTE_LISTED,
    REMOTE_FORBIDDEN, /* 403: the permission is missing */
    REMOTE_ABSENT     /* 404: the organisation has no such service */
};

struct remote_listing {
    struct object_list objects; /* by kind, then in the order listed; no id twice */
    enum remote_listed listed[VIA_COUNT];
    size_t pages;
    size_t repeated; /* objects that stood on two pages (kept once, the newer version) */
    struct error why[VIA_COUNT]; /* of FORBIDDEN and ABSENT */
};

void remote_listing_init(struct remote_listing *listing);
void remote_listing_release(struct remote_listing *listing);

/* Lists all kinds, side by side, page after page, 200 a page. An object that cannot be read, pages
 * that come round again, or more than a million objects are errors: what is not fully known is not
 * compared. `needed[via]` false: FORBIDDEN and ABSENT are no error for that kind. */
MUST_CHECK bool remote_list(struct client *client, const bool needed[VIA_COUNT],
                            struct remote_listing *listing, struct error *error);

/* The same without waiting: `done` runs once, inside client_step; the listing is its to take over
 * (remote_listing_release), with error->code NONE exactly when all is well. False: no memory or
 * stopped, and no callback comes. */
typedef void (*remote_list_done)(void *context, struct remote_listing *listing,
                                 const struct error *error);
MUST_CHECK bool remote_list_start(struct client *client, const bool needed[VIA_COUNT],
                                  remote_list_done done, void *context, struct error *error);

/* GETs one object. *found is false, and *object as after object_init, when there is none of that
 * id (yet). The caller releases `object`, always. */
MUST_CHECK bool remote_get(struct client *client, enum via via, const char *id,
                           struct object *object, bool *found, struct error *error);

/* The raw JSON that a create or update of the object sends (a new reference; NULL: no memory).
 * `version` 0: a create. */
json_t *remote_body(const struct object *object, int64_t version);

enum remote_op { REMOTE_CREATE, REMOTE_UPDATE, REMOTE_DELETE };

enum remote_outcome {
    REMOTE_DONE,
    REMOTE_FAILED,   /* the service said no, or it never left: no effect */
    REMOTE_CONFLICT, /* the object is not the one that was planned for: no effect */
    REMOTE_UNKNOWN   /* sent; no answer; and it could not be found out. Never sent again */
};

/* One write. The caller owns it and keeps it in place until `done`. */
struct remote_write {
    enum remote_op op;
    enum via via;
    const struct object *object; /* create, update: what should be; delete: what was planned on
                                    (its id, version, fingerprint) */
    const char *id;              /* update, delete */
    int64_t version;             /* update, delete: the planned version */
    /* How long a write whose answer was lost is looked for, since reads may lag. */
    int64_t settle_ms;
    /* out */
    enum remote_outcome outcome;
    char id_now[64];     /* DONE: the object's id */
    int64_t version_now; /* DONE */
    bool found_later;    /* DONE, but the answer was lost and it was found by its marker */
    struct error error;  /* unless DONE */
    struct object live;  /* CONFLICT: what is there now, when it could be read (name NULL: it is
                            gone or unreadable). Released by the caller, always */
};

typedef void (*remote_done)(void *context, struct remote_write *write);

/* Starts a write; `done` runs inside client_step. A create whose answer was lost is looked for
 * by its marker before it is sent again; an update or delete likewise by its id. A delete reads the
 * object first and is a CONFLICT when version or content are not those planned (a delete carries no
 * version); an object that is gone already is DONE. False: no memory or stopped, and nothing was
 * sent. */
MUST_CHECK bool remote_write_start(struct client *client, struct remote_write *write,
                                   remote_done done, void *context, struct error *error);

/* Whether all topics are known to the service: the unknown ones, comma-separated, are appended to
 * `unknown`. */
MUST_CHECK bool remote_check_topics(struct client *client, const char *const *topics, size_t count,
                                    struct buf *unknown, struct error *error);

#endif
