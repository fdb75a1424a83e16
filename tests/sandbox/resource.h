/*
 * What both kinds of object do alike: writes that are audited, kept and possibly seen late, and
 * the lookups and version checks before them.
 *
 * Invariant: every write to a store goes through here, except seeding.
 */
#ifndef SANDBOX_RESOURCE_H
#define SANDBOX_RESOURCE_H

#include "audit.h"
#include "call.h"
#include "store.h"

struct resource {
    struct audit_kind audit;
    const char *label; /* in messages: "trigger" */
    const char *path;  /* of the collection; selfUri is this, a slash and the id */
};

/* The body's selfUri; a new reference. */
json_t *resource_self_uri(const struct resource *resource, const char *id);

/* The object named in the path; NULL: answered with 404. */
struct object *resource_find(struct call *call, struct store *store);

/* Answers with the object named in the path as readers see it, or with 404. */
void resource_reply_get(struct call *call, struct store *store);

/*
 * Returns false when the request does not carry the current version: answered with 409, or with
 * 400 when it carries none.
 */
bool resource_version_matches(struct call *call, const struct resource *resource,
                              const struct object *object);

/* Carry out a write and answer with its outcome. `body` is taken over. */
void resource_create(struct call *call, struct store *store, const struct resource *resource,
                     json_t *body);
void resource_update(struct call *call, struct store *store, const struct resource *resource,
                     struct object *object, json_t *body);
void resource_delete(struct call *call, struct store *store, const struct resource *resource);

#endif
