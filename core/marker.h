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
 * While fields are overridden for a time, the marker says so after the hashes, and its word is
 * `eventctl2`, so that a program which knows nothing of it takes it for no marker of its own:
 *
 *     [eventctl2 acme-dev/voice-lifecycle@3! n1a2bd0f3c… until 6923F1AA w77e0s9f3c "CRM is slow"]
 *
 * the moment at which that ends, in seconds since the epoch as eight hex digits; a letter and hash
 * for each overriding value; and why, without quotes, brackets and control characters. The hashes
 * before it stay those of what was last applied from a manifest.
 *
 * To change the format: give the word another one (`eventctl3`), read all, write the least that
 * says it.
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
    MARKER_REASON_UNITS = 60,      /* UTF-16 units; a longer one is cut */
    MARKER_REASON_MAX = 180,       /* bytes */
    DESCRIPTION_MAX = 512,         /* UTF-16 units: description, a space and marker together */
};

/* Fields that are not as the manifest says for a time, on purpose. */
struct marker_override {
    int64_t until_s;             /* since the epoch; 0: there is none */
    char hashes[FIELD_COUNT][5]; /* of the overriding values; "" where a field is not overridden */
    char reason[MARKER_REASON_MAX + 1];
};

struct marker {
    bool present;
    bool protect;
    char organization[MARKER_ORGANIZATION_MAX + 1]; /* encoded */
    char owner[MARKER_OWNER_MAX + 1];               /* encoded */
    char name[MARKER_NAME_MAX + 1];
    int64_t version;
    char hashes[FIELD_COUNT][5]; /* "" where the marker has none */
    struct marker_override override;
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

/* Takes a reason as the marker can hold it: cut at MARKER_REASON_UNITS, what it may not have
 * replaced. `reason` is valid UTF-8. */
void marker_set_reason(struct marker *marker, const char *reason);

/* Cuts the reason of an override until the marker takes at most so many UTF-16 units. False when it
 * takes more without any. */
MUST_CHECK bool marker_fit(struct marker *marker, size_t units);

/* The most UTF-16 units that the user's own text may have beside such a marker of a kind of object;
 * what the lint rule description-too-long goes by. */
size_t marker_room(const char *organization, const char *owner, const char *name, int64_t version,
                   enum via via);

#endif
