/* What a sink sees of an event: the compatibility map of the sink (`compat`), applied to the
 * event's text. Event in, event out; the queue, the dead letters and the idempotency key never see
 * it.
 *
 * The rules of the event's type apply in their order; of each rule first the renames, then the
 * defaults, then the drops. Paths are names with dots, below the payload (what filters and shapes
 * look at), through objects only.
 *
 *   rename   moves a value, with objects made around it as needed; what is not there is no matter.
 *            It may take the place of what it stood in: {direction.value: direction}
 *   default  adds what is not there (null is there)
 *   drop     takes away what is there
 *
 * An event is mapped as a whole or not at all. It cannot be mapped when it has no payload, when
 * something stands already where a rename leads, when the way there or to a default leads through
 * what is no object, when a name on a path stands twice, or without memory.
 *
 * Read-only once made, and counted: whoever holds one may use it until compat_drop; any thread.
 */
#ifndef INGEST_COMPAT_H
#define INGEST_COMPAT_H

#include "core/buf.h"
#include "core/error.h"
#include "ingest/config.h"
#include "ingest/envelope.h"

enum { COMPAT_GROWTH_BYTES = 1024 * 1024 }; /* an event that would grow by more is not mapped */

struct compat;

/* Copies the sink's rules; *compat is NULL when it has none. False: no memory. */
MUST_CHECK bool compat_new(struct compat **compat, const struct config_sink *sink,
                           struct error *error);
struct compat *compat_hold(struct compat *compat); /* NULL stays NULL */
void compat_drop(struct compat *compat);

struct compat_event {
    const char *type;
    enum envelope_form form;
    const char *text; /* JSON */
    size_t length_bytes;
};

enum compat_result {
    COMPAT_AS_IT_CAME, /* there is nothing to change about it */
    COMPAT_MAPPED,     /* *mapped is malloc'ed, *mapped_bytes long */
    COMPAT_SKIPPED     /* it cannot be mapped: it goes as it came */
};

enum compat_result compat_map(const struct compat *compat, const struct compat_event *event,
                              char **mapped, size_t *mapped_bytes);

#endif
