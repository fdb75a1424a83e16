/* The marker at the end of an object's description: whose it is, and what was last applied.
 *
 *     Voice interactions for CRM sync [eventctl acme-dev/voice-lifecycle@3! n1a2bd0f3c…]
 *
 * organisation, "/", an owner and "/" where the manifest names one, the subscription's name, "@",
 * its version, "!" when it is protected, and then for each field one letter and four hex digits of
 * the SHA-256 of its canonical value as it was last applied. The organisation and owner are
 * percent-encoded outside [A-Za-z0-9._-]. With it a plan can tell drift from pending changes, field
 * by field, without a state file. Four digits only ever decide between those two words: whether a
 * field differs is decided by its value.
 *
 * To change the format: give the word `eventctl` another one (`eventctl2`), read both, write the
 * new.
 */
#ifndef CORE_MARKER_H
#define CORE_MARKER_H

#include "core/buf.h"
#include "core/field.h"

#include <stdint.h>

enum {
    MARKER_OWNER_MAX = 40,         /* bytes; the manifest allows none that needs encoding */
    MARKER_NAME_MAX = 64,          /* bytes */
    MARKER_ORGANIZATION_MAX = 100, /* bytes, after encoding */
    DESCRIPTION_MAX = 512,         /* UTF-16 units: description, a space and marker together */
};

struct marker {
    bool present;
    bool protect;
    char organization[MARKER_ORGANIZATION_MAX + 1]; /* encoded */
    char owner[MARKER_OWNER_MAX + 1];               /* encoded */
    char name[MARKER_NAME_MAX + 1];
    int64_t version;
    char hashes[FIELD_COUNT][5]; /* "" where the marker has none */
};

/* Percent-encodes into out[size]. False when it does not fit. */
MUST_CHECK bool marker_encode(const char *text, char *out, size_t size);

/* Four hex digits for a field's canonical value (NULL: as of JSON null). */
MUST_CHECK bool marker_hash(const char *canonical, char out[5]);

/* Finds the marker at the end of a remote description. `*text_bytes` is the length of what stands
 * before it. A damaged marker is no marker: present is false and the whole description is text. */
void marker_parse(const char *description, struct marker *marker, size_t *text_bytes);

/* Appends "[eventctl …]". */
void marker_add(struct buf *out, const struct marker *marker);

/* The most UTF-16 units that the user's own text may have beside such a marker of a kind of object;
 * what the lint rule description-too-long goes by. */
size_t marker_room(const char *organization, const char *owner, const char *name, int64_t version,
                   enum via via);

#endif
