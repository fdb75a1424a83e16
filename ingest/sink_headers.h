/* The headers of one delivery by HTTP.
 *
 *   Content-Type: application/json        unless the configuration has one
 *   Idempotency-Key: 32 hex digits        the same for each attempt of an event
 *   Ingest-Subscription, Ingest-Event-Type
 *   Ingest-Position: position.part        where it stands in the queue
 *   Ingest-Attempt: 1, 2, …
 *   Ingest-Replayed: 1, 2, …              only a replay of a dead letter: which one
 *   Ingest-Quarantined: no-ids            only when its ids are missing
 *
 * then the configured ones and the bearer token. What comes from an event stands percent-encoded:
 * everything but visible ASCII, and "%" itself, so that it can be decoded; cut at 256 bytes.
 */
#ifndef INGEST_SINK_HEADERS_H
#define INGEST_SINK_HEADERS_H

#include "core/buf.h"
#include "core/error.h"
#include "ingest/config.h"
#include "ingest/delivery.h"

#include <curl/curl.h>

enum { SINK_HEADER_VALUE_MOST = 256 };

/* Are the configured headers such that they can be sent, and none that is ours to set? */
MUST_CHECK bool sink_headers_check(const struct config_sink *config, struct error *error);

/* `authorization` is the whole header, a secret, or NULL. NULL: no memory. */
struct curl_slist *sink_headers_new(const struct config_sink *config, const char *authorization,
                                    const struct delivery *delivery);
/* Wipes them first. */
void sink_headers_free(struct curl_slist *headers);

#endif
