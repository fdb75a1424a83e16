/* What the kinds of subscription differ in: one row of functions and words each.
 *
 * Paths stand here and nowhere else, so that they can move. A driver translates; it sends
 * nothing.
 */
#ifndef API_DRIVER_H
#define API_DRIVER_H

#include "core/object.h"

enum driver_permission { DRIVER_VIEW, DRIVER_ADD, DRIVER_EDIT, DRIVER_DELETE, DRIVER_PERMISSIONS };

struct driver {
    enum via via;
    const char *noun; /* "trigger", for messages */
    const char *path; /* of the collection; "/ID" follows for one */
    const char *permissions[DRIVER_PERMISSIONS];
    bool unique_names;           /* a second create of one name is refused by the service */
    const char *topic_parameter; /* of a listing, narrows it to one topic; NULL: none */

    /* Reads one entity. On false *error says what is wrong with it (ERROR_FAILED) and *object is
     * as after object_init. `object` needs no init. */
    bool (*entity_read)(const json_t *entity, struct object *object, struct error *error);

    /* What a create (version 0) or an update sends; a new reference; NULL: no memory. */
    json_t *(*entity_body)(const struct object *object, int64_t version);
};

const struct driver *driver_find(enum via via);

/* An id stands in a path: nothing in it may mean something there. Shorter than 64 bytes. */
bool driver_id_is_usable(const char *text);

extern const struct driver driver_event_streams, driver_trigger;

/* For drivers only. */

/* Reads what all kinds have: id, name, version, description, enabled. */
MUST_CHECK bool driver_read_common(const json_t *entity, struct object *object,
                                   struct error *error);

/* Adds what all kinds send. Takes body over: returns it, or NULL (and it is released). */
json_t *driver_add_common(json_t *body, const struct object *object, int64_t version);

/* Appends {field, op, value} in the manifest's words. An operator that is not known stays as the
 * service names it, so that nothing is hidden. */
MUST_CHECK bool driver_add_criterion(enum via via, json_t *filter, const char *field,
                                     const char *operator, const json_t * value);

/* Calls back for each criterion that this kind of source can apply, with its own operator. False
 * when there is no memory or the callback says so. */
typedef bool (*driver_criterion)(void *context, const char *field, const char *operator,
                                 enum filter_operand operand, json_t *value);
MUST_CHECK bool driver_each_criterion(const struct object *object, driver_criterion each,
                                      void *context);

/* Sets a field from a new reference and drops it; NULL is no memory. */
MUST_CHECK bool driver_set(struct object *object, enum field field, json_t *value);

#endif
