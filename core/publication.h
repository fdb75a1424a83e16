/* What an ingest service has to be told, so that it knows the subscriptions that are to reach it:
 * ids, names, versions, the criteria that their source cannot apply, the keys that their deliveries
 * are signed with.
 *
 * What is published is one document of entries, each of one object at the service. An entry is
 * ours when its id is an object's that the manifest asks for, or one's that is deleted; and when
 * it says itself that our organisation and owner published it, and there is no object of that id
 * any more. All other entries are kept as they are, and so is an entry's sink.
 *
 * Keys: where the service tells one, it stands first, and what stood first before stays behind it,
 * so that a rotation has no gap. Where it tells none, those that are there stay.
 *
 * Always holds: the same input gives the same document and changes in the same order.
 *
 * Life cycle: publication_init allocates nothing; publication_make; publication_release.
 */
#ifndef CORE_PUBLICATION_H
#define CORE_PUBLICATION_H

#include "core/plan.h"

enum { PUBLICATION_KEYS = 2 };

/* What a manifest wants published, as far as it can be said before its objects exist; also a part
 * of kept plans: {"entries": [{"object", "via", "name", "version", "filter"}], "targets": [names;
 * absent: all]}. A new reference; NULL: no memory. `targets` as of struct plan_input. */
json_t *publication_wish(const struct object_list *desired, const char *const *targets);

/* Whether it is one: a kept plan comes from outside. */
bool publication_wish_fits(const json_t *wish);

enum publication_action { PUBLICATION_ADD, PUBLICATION_UPDATE, PUBLICATION_WITHDRAW };

enum publication_field {
    PUBLICATION_NAME,
    PUBLICATION_VERSION,
    PUBLICATION_OWNER,
    PUBLICATION_FILTER,
    PUBLICATION_KEYS_FIELD,
    PUBLICATION_FIELDS
};
extern const char *const publication_field_names[PUBLICATION_FIELDS]; /* "name" */

/* An entry: {"id", "name", "version", "owner", "filter", "keys": [{"id", "pem"}], "sink"}. */
struct publication_change {
    enum publication_action action;
    const char *name;                 /* the subscription's; borrowed from the entries */
    const char *id;                   /* NULL: its object is not there yet, nor its keys */
    json_t *before;                   /* NULL: added */
    json_t *after;                    /* NULL: withdrawn */
    bool differs[PUBLICATION_FIELDS]; /* of an update */
};

struct publication {
    struct publication_change *changes;
    size_t count;
    size_t unchanged; /* entries of the wish that are as they should be */
    size_t kept;      /* entries that are not ours */
    json_t *entries;  /* all that should stand there; without those that have no id yet */
};

struct publication_input {
    const json_t *wish;
    const struct object_list *live; /* of the service */
    bool complete;                  /* what is not in `live` is not there */
    const struct plan *plan;        /* what becomes of `live`; done or not */
    const char *organization_id, *owner;
};

void publication_init(struct publication *publication);
void publication_release(struct publication *publication);

/* Compares with the document that the service answered. ERROR_FAILED: that is none. False: the
 * publication is released. */
MUST_CHECK bool publication_make(struct publication *publication, const json_t *document,
                                 const struct publication_input *input, struct error *error);

/* A field's value to be shown (a new reference): of keys their ids alone; null where the entry, or
 * the field, is not there. */
json_t *publication_value(const json_t *entry, enum publication_field field);

/* What a document's entries go by when they are replaced: a digest of them. False: no memory. */
enum { PUBLICATION_STATE = 32 };
MUST_CHECK bool publication_state(const json_t *document, char out[PUBLICATION_STATE + 1]);

#endif
