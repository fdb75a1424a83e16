/* The replies that senders get: all of them are in one table (reply.c), written once a second with
 * the date, so that answering is one write of bytes that are there already. Nothing that a sender
 * sent ever stands in one.
 */
#ifndef INGEST_REPLY_H
#define INGEST_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply {
    REPLY_ACCEPTED,
    REPLY_BAD_REQUEST,
    REPLY_UNAUTHORIZED,
    REPLY_NOT_FOUND,
    REPLY_METHOD,
    REPLY_TOO_LARGE,
    REPLY_SHARE,    /* 429: the source fills its share of what may wait */
    REPLY_FAILURES, /* 429: the address has failed too often */
    REPLY_HEAD_TOO_LARGE,
    REPLY_NOT_IMPLEMENTED,
    REPLY_UNAVAILABLE, /* 503: it cannot be stored now */
    REPLY_VERSION,
    REPLY_COUNT,
    REPLY_NONE = REPLY_COUNT
};

const char *reply_code(enum reply reply);    /* "202" */
const char *reply_refusal(enum reply reply); /* why, as a metric label; NULL: counted elsewhere */

/* The reply for a status of the request reader; REPLY_BAD_REQUEST for one that is not known. */
enum reply reply_of_status(int status);

enum { REPLY_BYTES_MOST = 384 };

struct reply_text {
    char bytes[REPLY_BYTES_MOST];
    size_t length;
};

struct replies {
    int64_t written_s;
    struct reply_text open[REPLY_COUNT], closing[REPLY_COUNT];
};

/* Writes all of them for that second (since the epoch), unless they are of it already. */
void replies_write(struct replies *replies, int64_t now_s);

const struct reply_text *reply_text(const struct replies *replies, enum reply reply, bool close);

extern const char reply_continue[]; /* 100 Continue */

#endif
