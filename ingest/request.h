/* A verified request on its way to the disk: the ticket for the writer, made of what the reader
 * read. */
#ifndef INGEST_REQUEST_H
#define INGEST_REQUEST_H

#include "ingest/http_reader.h"
#include "ingest/tally.h"
#include "ingest/writer.h"

enum {
    REQUEST_VALUE_MOST = 1024, /* bytes kept of a header's value */
    REQUEST_TOPIC_MOST = 256
};

struct request {
    struct ticket ticket;         /* first: the writer gives back this */
    int64_t bytes;                /* arrival_bytes */
    struct tally_source *charged; /* whose share it is counted in; NULL: in none */
};

/* Takes the reader's body over. NULL: no memory; the reader is as good as read. */
struct request *request_new(struct http_reader *reader, const struct config_source *source,
                            const struct auth_verdict *verdict, int64_t now_us);
/* Also gives back what it has of its source's share. */
void request_free(struct request *request);

/* -- pure, for tests ----------------------------------------------------------------------------
 */

/* A subscription's id as it is stored: itself, or its digest when it is too long or not printable.
 * malloc'ed; NULL: no memory. */
char *request_subscription(const char *id, size_t length);

/* Writes the query's first "topic", decoded, into out[REQUEST_TOPIC_MOST + 1]. False: it has none,
 * or none that is text of that length. */
bool request_query_topic(const char *query, char *out);

/* The headers of interest and the topic, as a JSON object. malloc'ed; NULL: no memory. */
char *request_headers(const struct http_reader *reader, const struct config_source *source);

#endif
