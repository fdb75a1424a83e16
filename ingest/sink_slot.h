/* One libcurl handle of an HTTP sink, with its kept connection. Only for sink_http.c.
 *
 * It is driven by a multi handle of its own, since that can be woken at once when we stop.
 *
 * libcurl is never let to repeat a POST by itself (its body is handed out once); we do it, once,
 * when a kept connection turns out to have been closed while idle: that is no failure of the sink,
 * and the Idempotency-Key makes a second POST harmless.
 *
 * Used by one thread at a time; only slot->multi may be woken (curl_multi_wakeup) by others.
 */
#ifndef INGEST_SINK_SLOT_H
#define INGEST_SINK_SLOT_H

#include "core/buf.h"
#include "ingest/config.h"

#include <curl/curl.h>
#include <stdatomic.h>

enum {
    SLOT_ANSWER_MOST_BYTES = 64 * 1024,
    SLOT_START_BYTES = 160, /* of an answer's body, kept for the detail of a failure */
};

struct slot {
    struct slot *next, *next_free; /* the sink's */
    CURLM *multi;
    CURL *easy;
    const char *body;
    size_t body_bytes, body_sent;
    size_t header_bytes, answer_bytes; /* of the answer, so far */
    bool headers_ended;
    bool too_long;                    /* the answer is longer than allowed */
    char start[SLOT_START_BYTES + 1]; /* of the answer's body */
    char problem[CURL_ERROR_SIZE];    /* in libcurl's words */
};

/* `ca`: PEM certificates, empty for the system's; it and the configuration live longer. NULL: no
 * memory. */
struct slot *slot_new(const struct config_sink *config, const struct buf *ca);
void slot_free(struct slot *slot);

/* Posts and reads the whole answer. CURLE_OK: there is one, whatever its status;
 * CURLE_ABORTED_BY_CALLBACK: *stopping was set. The timeout is for all of it. */
CURLcode slot_post(struct slot *slot, const char *body, size_t body_bytes,
                   struct curl_slist *headers, int64_t timeout_ms, const atomic_bool *stopping);

#endif
