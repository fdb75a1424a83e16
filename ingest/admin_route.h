/* Private to the admin listener: one call, and the table of what is served. */
#ifndef INGEST_ADMIN_ROUTE_H
#define INGEST_ADMIN_ROUTE_H

#include "core/arena.h"
#include "core/buf.h"
#include "ingest/admin.h"

#include <jansson.h>

struct evkeyvalq;

/* What selects dead letters: of a query, and of a body's "filter". */
#define ADMIN_FILTER_WORDS " subscription reason type interaction state came_back since until "

struct admin_call {
    const struct admin_options *options;
    const struct admin_route *route;
    struct arena *arena;           /* of this call */
    const char *argument;          /* what stood in the place of {id}, decoded; "" */
    const struct evkeyvalq *query; /* decoded */
    const char *from;              /* address of the caller */
    const char *body;
    size_t body_bytes;
    int status;
    const char *type; /* of the reply */
    struct buf reply;
};

struct admin_route {
    const char *method, *path; /* {id} is one segment */
    bool open;                 /* needs no token */
    void (*serve)(struct admin_call *call);
    /* What a query may hold (GET) or a change's body beside "reason", "by" and "dry_run", between
     * blanks; another is refused, since a misspelt condition would select everything, and a
     * misspelt dry_run would act. NULL: whatever. */
    const char *words;
    const char *help;
};
/* The route, or NULL with the status of the refusal. A literal path beats one with {id}; *id is
 * what stands for it, in the path, and *id_length is 0 when there is none. */
const struct admin_route *admin_route_find(const char *method, const char *path, const char **id,
                                           size_t *id_length, int *status);

/* Replies with a value (which is taken, and may be NULL: no memory). */
void admin_reply(struct admin_call *call, int status, json_t *value);
/* Replies {"error": …}. Returns false, so that a reader can return it. */
bool admin_fail(struct admin_call *call, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What every change says of itself. */
struct admin_change {
    json_t *body;       /* the caller's; json_decref */
    const char *who;    /* "by" of the body and the address */
    const char *reason; /* never empty */
    bool dry_run;
};
/* Reads a change's JSON body. False: the reply is made. */
MUST_CHECK bool admin_read_change(struct admin_call *call, struct admin_change *change);
/* Records it; a failure is logged, since the change itself is done. */
void admin_record(struct admin_call *call, const struct admin_change *change, const char *what,
                  const char *target, const char *result);

/* admin_dlq.c */
void admin_dlq_list(struct admin_call *call);
void admin_dlq_show(struct admin_call *call);
void admin_dlq_replay(struct admin_call *call);
void admin_dlq_abort(struct admin_call *call);
void admin_dlq_discard(struct admin_call *call);

/* admin_subscriptions.c */
void admin_subscriptions_get(struct admin_call *call);
void admin_subscriptions_put(struct admin_call *call);
void admin_subscription_pause(struct admin_call *call);
void admin_subscription_resume(struct admin_call *call);

#endif
