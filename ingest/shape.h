/* The shapes of events: per event type, which field paths with which value types have been seen.
 *
 * A shape is the sorted set of "path:type" of an event's fields (arrays count as one element "[]",
 * whole and real numbers as one type, members of an object that is a map of ids are not told apart
 * from fields; at most SHAPE_FIELDS_MOST paths are looked at), and its name is the SHA-256 of it,
 * 16 hex digits. A new shape is counted, its first sample kept in the ledger, and the event goes
 * on.
 *
 * Locked inside; any thread.
 */
#ifndef INGEST_SHAPE_H
#define INGEST_SHAPE_H

#include "ingest/ledger.h"
#include "ingest/metrics.h"

#include <jansson.h>

enum { SHAPE_FIELDS_MOST = 512, SHAPE_DEPTH_MOST = 16, SHAPE_HASH_DIGITS = 16 };

/* The shape's text, "path:type" lines, sorted; and its hash. False: no memory. Pure. */
struct buf;
MUST_CHECK bool shape_of(const json_t *fields, struct buf *text, char hash[SHAPE_HASH_DIGITS + 1]);

struct shapes;

/* Knows at once what the ledger has kept. NULL: the error says why. */
struct shapes *shapes_new(const struct config_shapes *options, struct ledger *ledger,
                          struct metrics *metrics, struct error *error);
void shapes_free(struct shapes *shapes);

/* Looks at one event. Cheap when its shape is known. `sample` is its own bytes. */
void shapes_look(struct shapes *shapes, const char *type, const json_t *fields, const char *sample,
                 size_t sample_bytes, int64_t now_us);

/* All that are known, by type: an array of {type, hash, count (this run), first_seen_ms (since the
 * epoch), fields (an array of "path:type")}. Events whose shape there was no room for are one more
 * of hash "other". NULL: no memory. */
json_t *shapes_json(struct shapes *shapes);

#endif
