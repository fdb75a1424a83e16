/* What an endpoint's answer comes to: its end, and one line that is safe to show. Private to
 * ingest*.c. Pure.
 */
#ifndef API_INGEST_ANSWER_H
#define API_INGEST_ANSWER_H

#include "api/ingest.h"

/* The body stays the response's. */
void ingest_answer_read(struct ingest_answer *answer, const struct http_response *response,
                        int64_t took_ms);

#endif
