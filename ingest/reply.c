#include "ingest/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct reply_row {
    const char *code, *phrase;
    const char *headers; /* besides those that all have */
    const char *text;    /* "": no body */
    const char *refusal;
} rows[REPLY_COUNT] = {
    [REPLY_ACCEPTED] = {"202", "Accepted", "", "", NULL},
    [REPLY_BAD_REQUEST] = {"400", "Bad Request", "", "not an HTTP request\n", NULL},
    [REPLY_UNAUTHORIZED] = {"401", "Unauthorized", "WWW-Authenticate: Signature\r\n",
                            "not verified\n", NULL},
    [REPLY_NOT_FOUND] = {"404", "Not Found", "", "no such path\n", "path"},
    [REPLY_METHOD] = {"405", "Method Not Allowed", "Allow: POST\r\n", "POST only\n", "method"},
    [REPLY_TOO_LARGE] = {"413", "Content Too Large", "", "too large\n", NULL},
    [REPLY_SHARE] = {"429", "Too Many Requests", "Retry-After: 1\r\n", "too much at a time\n",
                     "share"},
    [REPLY_FAILURES] = {"429", "Too Many Requests", "Retry-After: 60\r\n", "too many failures\n",
                        "failures"},
    [REPLY_HEAD_TOO_LARGE] = {"431", "Request Header Fields Too Large", "", "head too large\n",
                              NULL},
    [REPLY_NOT_IMPLEMENTED] = {"501", "Not Implemented", "", "not implemented\n", NULL},
    [REPLY_UNAVAILABLE] = {"503", "Service Unavailable", "Retry-After: 5\r\n",
                           "cannot be stored now\n", NULL},
    [REPLY_VERSION] = {"505", "HTTP Version Not Supported", "", "HTTP/1.1 only\n", NULL},
};

const char reply_continue[] = "HTTP/1.1 100 Continue\r\n\r\n";

const char *reply_code(enum reply reply)
{
    return rows[reply].code;
}

const char *reply_refusal(enum reply reply)
{
    return rows[reply].refusal;
}

enum reply reply_of_status(int status)
{
    for (int i = 0; i < REPLY_COUNT; i++) {
        if (atoi(rows[i].code) == status)
            return (enum reply)i;
    }
    return REPLY_BAD_REQUEST;
}

/* RFC 9110, 5.6.7; not by strftime, whose names change with the locale. */
static void date_write(char *out, size_t size, int64_t now_s)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t time = (time_t)now_s;
    struct tm parts;

    if (!gmtime_r(&time, &parts)) {
        out[0] = '\0';
        return;
    }
    (void)snprintf(out, size, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[parts.tm_wday],
                   parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                   parts.tm_min, parts.tm_sec);
}

static void text_write(struct reply_text *out, const struct reply_row *row, const char *date,
                       const char *connection)
{
    const char *type = row->text[0] ? "Content-Type: text/plain\r\n" : "";
    int length = snprintf(
        out->bytes, sizeof out->bytes, "HTTP/1.1 %s %s\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
        row->code, row->phrase, date, row->headers, type, connection, strlen(row->text), row->text);

    out->length = length > 0 && (size_t)length < sizeof out->bytes ? (size_t)length : 0;
}

void replies_write(struct replies *replies, int64_t now_s)
{
    char date[80];

    if (replies->written_s == now_s)
        return;
    replies->written_s = now_s;
    date_write(date, sizeof date, now_s);
    for (int i = 0; i < REPLY_COUNT; i++) {
        text_write(&replies->open[i], &rows[i], date, "");
        text_write(&replies->closing[i], &rows[i], date, "Connection: close\r\n");
    }
}

const struct reply_text *reply_text(const struct replies *replies, enum reply reply, bool close)
{
    return close ? &replies->closing[reply] : &replies->open[reply];
}
