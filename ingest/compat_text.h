/* A JSON text that is changed member by member, every other byte of it left as it is: a number
 * beyond a double, half a surrogate pair, the order of members. Only for compat.c.
 *
 * Offsets are the text's. A path is names with dots between them, below an object; what stands in
 * front of that object, and the object's own offset, no change moves. Any bytes may be looked at:
 * what is no JSON is unclear.
 */
#ifndef INGEST_COMPAT_TEXT_H
#define INGEST_COMPAT_TEXT_H

#include "core/buf.h"

enum spot_state {
    SPOT_THERE,
    SPOT_ABSENT,  /* and could be put there */
    SPOT_BLOCKED, /* absent, since the path leads through what is no object */
    SPOT_UNCLEAR  /* a name on the path stands twice, the text is no JSON, or there is no memory */
};

struct spot {
    enum spot_state state;
    size_t name, value, end; /* THERE: the member's text, and its value's */
    size_t comma_before, comma_after;
    size_t object;    /* ABSENT: the last object on the path */
    const char *rest; /* ABSENT: the path below it */
};

/* `object`: where an object begins. */
struct spot spot_find(const struct buf *text, size_t object, const char *path);

/* Where the value begins that stands at the path from the text's own object; "" is that object.
 * False: there is none, or it is no object. */
bool spot_object(const struct buf *text, const char *path, size_t *object);

/* The spot is THERE: takes the member away, or puts another value there. The spot is ABSENT: puts
 * the value there, with objects around it as the rest of the path says. The value is JSON and not
 * in the text. A failure is the text's (buf.h); spots found before are void. */
void spot_cut(struct buf *text, const struct spot *spot);
void spot_set(struct buf *text, const struct spot *spot, const char *value, size_t length_bytes);
void spot_put(struct buf *text, const struct spot *spot, const char *value, size_t length_bytes);

#endif
