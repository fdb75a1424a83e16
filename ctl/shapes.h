/* The shapes of events: those that ingest endpoints have seen of each type, those of a baseline
 * file, and what is new. The report's part of `shapes`.
 *
 * A shape is the set of "path:type" of an event's fields, as the endpoints tell them; it goes by a
 * hash of that set, so that the same one has the same id wherever it was seen.
 *
 * Always holds: a list is sorted by type, then id, then endpoint, and the fields of a shape by
 * their text, none twice. All texts are in the arena.
 *
 * Life cycle: shapes_init allocates nothing; shapes_release.
 */
#ifndef CTL_SHAPES_H
#define CTL_SHAPES_H

#include "core/arena.h"
#include "core/error.h"

#include <stddef.h>
#include <stdint.h>

enum { SHAPE_ID_DIGITS = 16 };

struct shape {
    const char *type, *id;
    const char **fields;
    size_t field_count;
    /* Of a seen one; for one of the baseline NULL and 0. */
    const char *endpoint;
    int64_t first_seen_ms, events; /* events since the endpoint's start */
};

struct shape_list {
    struct shape *items;
    size_t count, room;
};

enum shape_change_kind { SHAPE_ADDED, SHAPE_REMOVED, SHAPE_RETYPED, SHAPE_CHANGE_KINDS };

/* One field that is not as the baseline has it; types as "null or string". */
struct shape_change {
    enum shape_change_kind kind;
    const char *path;
    const char *before, *after; /* its types; NULL: it is not there */
};

/* What is new of an event type: at least one shape that the baseline has not. Without changes they
 * combine known fields in a new way. */
struct shape_news {
    const char *type;
    bool is_new_type;
    const struct shape **shapes; /* each once, whoever has seen it */
    size_t shape_count;
    int64_t first_seen_ms, events;
    struct shape_change *changes; /* by path */
    size_t change_count;
};

struct shapes {
    struct arena arena;
    struct shape_list seen, baseline;
    struct shape_news *news; /* by type */
    size_t news_count;
    size_t types_seen, shapes_seen; /* whoever has seen them */
    const char *path;               /* of the baseline; NULL: it is not asked for */
    bool has_list, has_news, has_baseline, accepts, written;
};

void shapes_init(struct shapes *shapes);
void shapes_release(struct shapes *shapes);

/* Adds a shape; its fields are sorted and its id is made. The texts are copied. NULL: the error
 * says that a field is none, or that there is no memory. */
struct shape *shapes_add(struct shapes *shapes, struct shape_list *list, const char *type,
                         const char *const *fields, size_t count, struct error *error);
void shapes_sort(struct shape_list *list);

/* Adds what an endpoint answered to GET /v1/shapes. *others: events whose shape it has not told
 * apart. */
MUST_CHECK bool shapes_read(struct shapes *shapes, const char *endpoint, const char *body,
                            size_t length_bytes, int64_t *others, struct error *error);

/* Both lists are sorted: fills the news. False: no memory. */
MUST_CHECK bool shapes_compare(struct shapes *shapes);

#endif
