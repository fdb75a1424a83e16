/* The envelopes that events come in, read twice: on the accept path by a scan that cannot fail and
 * looks at as little as it can, and by the workers, whole.
 *
 * Four forms (genesys-api.md, section 5): the guide's {"subscriptionId","eventType","payload"},
 * alone or in an array; the notification's {"topicName","eventBody","metadata"}; EventBridge's
 * {"detail-type","detail":{…a notification…}}; and a bare event body, whose topic stands in a
 * header or the query. Whatever else it is, it is an event too, quarantined or without its ids:
 * nothing here ever rejects.
 */
#ifndef INGEST_ENVELOPE_H
#define INGEST_ENVELOPE_H

#include "ingest/arrival.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- the scan (accept path) ---------------------------------------------------------------------
 */

struct envelope {
    bool json;       /* begins as an object or array and its brackets and strings close, nothing
                      * after them; an array of more than ENVELOPE_EVENTS_MOST is not JSON to us.
                      * Brackets deeper than ENVELOPE_DEPTH_TOLD are counted, but a wrong one is not
                      * found: what one element nests is its own affair, and its reader's to judge */
    bool batch;      /* an array */
    uint32_t events; /* elements of the array; 1 for anything else, and for an empty one */
    /* subscriptionId of the first envelope, a string without escapes; else NULL. In the body. */
    const char *subscription;
    size_t subscription_length;
};

enum { ENVELOPE_DEPTH_TOLD = 64, ENVELOPE_EVENTS_MOST = 100000 };

/* One pass, no memory of its own, linear in the length whatever the bytes are. */
struct envelope envelope_scan(const char *body, size_t length_bytes);

/* The next element of an array's text, without the white space around it (empty in "[,]"); on the
 * first call *offset is 0, and what is in it is then ours. False at the end. Any body is cut up
 * just as the scan counted it: what is no JSON, no array or an empty array is one element. The
 * first call scans the body again. */
bool envelope_next(const char *body, size_t length_bytes, size_t *offset, const char **part,
                   size_t *part_bytes);

/* -- one event (workers) ------------------------------------------------------------------------
 */

enum envelope_form { FORM_GUIDE, FORM_NOTIFICATION, FORM_EVENTBRIDGE, FORM_BARE, FORM_OTHER };
const char *envelope_form_word(enum envelope_form form);

enum { EVENT_ID_MOST = 256, EVENT_KEY_BYTES = 16 };

/* An event's particulars. Texts are copies, cut to their size; "" when it has none. A text that
 * holds control characters is kept: whoever prints makes it safe. An id longer than its place
 * is replaced by "sha256:" and its digest, so that two long ones stay two. */
struct event_facts {
    enum envelope_form form;
    char subscription[ARRIVAL_SUBSCRIPTION_MOST + 1];
    char type[EVENT_ID_MOST];        /* eventType; topic name with {id} in the place of its id */
    char interaction[EVENT_ID_MOST]; /* payload.id, conversationId */
    int64_t time_ms;                 /* startTime, eventTime; 0 when it has none or it is absurd */
    bool has_ids;                    /* type and interaction are there */
    /* What makes the event the same as another: SHA-256 over its parts, each with its length in
     * front, cut to 16 bytes. Interaction + type + (sequenceNumber, else event id, else
     * participant + session + time, else the event's own bytes). */
    uint8_t key[EVENT_KEY_BYTES];
    const json_t *fields; /* what filters and shapes look at: payload, eventBody, detail.eventBody,
                           * the body itself when it is bare or of no known form; borrowed from
                           * *event; NULL when there is none */
};

/* Reads one event. `event` is its parsed JSON (NULL when that failed: then only the key is made, of
 * the bytes), `part` its text; `topic` is of header or query, or "". Never fails. */
void event_read(const json_t *event, const char *part, size_t part_bytes, const char *topic,
                struct event_facts *facts);

/* An ISO 8601 time ("2023-10-27T10:00:00Z", fractions and offsets too) as milliseconds since the
 * epoch; 0 when it is none. */
int64_t event_time_ms(const char *text);

#endif
