/* An object as it is, or should be, at the service: one event-streams subscription or one trigger.
 *
 * Both sides are brought into the same form, so that comparing is comparing bytes: each managed
 * field is canonical JSON text in the manifest's words (core/json.h, core/field.h), with the
 * service's defaults filled in and lists whose order means nothing sorted.
 *
 * Always holds: name is set; fields[f] is NULL exactly where the kind has no such field; topic
 * is set for triggers and NULL otherwise.
 *
 * Life cycle: object_init allocates nothing; object_release frees the contents. An object owns
 * all its texts.
 */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include "core/manifest.h"
#include "core/marker.h"

#include <jansson.h>

struct object {
    enum via via;
    char *id;                  /* NULL: not at the service yet */
    char *name;                /* at the service: NAME@vVERSION, a trigger adds /EVENT */
    char *topic;               /* triggers */
    int64_t version;           /* the service's lock version, 0 when not at the service */
    char *fields[FIELD_COUNT]; /* set by object_set and its like alone */
    char *packed; /* NULL, or one block that holds the fields' texts; private to object.c */
    size_t packed_bytes;
    struct marker marker;
    char *health;     /* remote only; a state word, or NULL */
    char *public_key; /* remote only; PEM of what deliveries are signed with, or NULL */
    /* desired only, all borrowed from the manifest */
    const struct subscription *subscription;
    const char *event; /* the manifest's word for the topic */
};

void object_init(struct object *object);
void object_release(struct object *object);

/* Takes the value's canonical text (NULL value: JSON null). False when there is no memory. The
 * value is borrowed. */
MUST_CHECK bool object_set(struct object *object, enum field field, const json_t *value);

/* Takes an array as a set: sorted, no element twice; anything else than an array: the empty set. */
MUST_CHECK bool object_set_sorted(struct object *object, enum field field, const json_t *array);

/* Splits a remote description into FIELD_DESCRIPTION and the marker, and sets FIELD_PROTECT. */
MUST_CHECK bool object_set_description(struct object *object, const char *description);

/* The field's value as JSON (a new reference), or NULL when the kind has no such field. */
json_t *object_get(const struct object *object, enum field field);

/* The marker to send: the object's own, with fresh hashes of those fields for which it has none,
 * and with an override's reason cut to what there is room for. */
MUST_CHECK bool object_marker(const struct object *object, struct marker *marker);

/* The description to send: the user's text and that marker. The caller frees it; NULL when there is
 * no memory. */
char *object_description(const struct object *object);

/* The first 16 hex digits of the SHA-256 over name, lock version and all fields: what "it moved"
 * goes by. */
MUST_CHECK bool object_fingerprint(const struct object *object, char out[17]);

/* A copy that owns its texts; `to` needs no init. */
MUST_CHECK bool object_copy(struct object *to, const struct object *from);

/* As JSON, {"via","id","name","topic","version","fields":{…}}, and back: for saved plans and
 * show. */
json_t *object_to_json(const struct object *object);
MUST_CHECK bool object_from_json(struct object *object, const json_t *json, struct error *error);

/* The criteria of a desired object's subscription that its source cannot apply, sorted, in the form
 * of FIELD_FILTER (a new reference); NULL: no memory. */
json_t *object_residual(const struct object *object);

/* A list that owns its objects. */
struct object_list {
    struct object *items;
    size_t count, size;
};
void object_list_init(struct object_list *list);
void object_list_release(struct object_list *list);

/* Moves the object in; it is left as after object_init. False: no memory, and the object is as it
 * was. */
MUST_CHECK bool object_list_add(struct object_list *list, struct object *object);

/* Objects by their id. The list is borrowed and must not change meanwhile. False: no memory. */
struct object_index {
    const struct object **items;
    size_t count;
};
MUST_CHECK bool object_index_make(struct object_index *index, const struct object_list *list);
void object_index_release(struct object_index *index);
const struct object *object_index_find(const struct object_index *index, const char *id);

/* All objects that a manifest asks for: one per event-streams subscription, one per event of a
 * trigger. `organization` as markers name it. */
MUST_CHECK bool object_list_desire(struct object_list *list, const struct manifest *manifest,
                                   struct error *error);

#endif
