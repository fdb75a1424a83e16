#include "ingest/request.h"

#include "core/digest.h"
#include "core/json.h"
#include "core/text.h"
#include "ingest/envelope.h"

#include <stdlib.h>
#include <string.h>

/* What workers and people may want to see later. Everything else, secrets above all, is not kept.
 */
static const struct interest {
    const char *name;
    size_t length;
    const char *member;
} interests[] = {
#define INTEREST(name, member)                                                                     \
    {                                                                                              \
        name, sizeof(name) - 1, member                                                             \
    }
    INTEREST("content-type", "content-type"),
    INTEREST("content-encoding", "content-encoding"),
    INTEREST("user-agent", "user-agent"),
    INTEREST("inin-correlation-id", "inin-correlation-id"),
    INTEREST("x-request-id", "x-request-id"),
    INTEREST("traceparent", "traceparent"),
    INTEREST("x-genesys-topic", "topic"),
#undef INTEREST
};
enum { INTERESTS = sizeof interests / sizeof interests[0], TOPIC = INTERESTS - 1 };

/* The row's index, or -1. */
static int interest_of(const struct http_header *header)
{
    for (int i = 0; i < INTERESTS; i++) {
        if (interests[i].length == header->name_length &&
            memcmp(interests[i].name, header->name, header->name_length) == 0)
            return i;
    }
    return -1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes up to the '&' or the end. False: not decodable, too long, or not text. */
static bool query_decode(const char *at, char *out)
{
    size_t length = 0;

    for (; *at && *at != '&'; at++) {
        char c = *at == '+' ? ' ' : *at;

        if (c == '%') {
            int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            at += 2;
        }
        if (length == REQUEST_TOPIC_MOST)
            return false;
        out[length++] = c;
    }
    out[length] = '\0';
    return length > 0 && text_utf8_check(out, length) == length;
}

bool request_query_topic(const char *query, char *out)
{
    while (*query) {
        if (strncmp(query, "topic=", 6) == 0)
            return query_decode(query + 6, out);
        query = strchrnul(query, '&');
        query += *query == '&';
    }
    return false;
}

static void member_add(struct buf *out, const char *name, const char *value, size_t length)
{
    if (length > REQUEST_VALUE_MOST)
        length = REQUEST_VALUE_MOST;
    length = text_utf8_check(value, length); /* JSON is UTF-8; what is after other bytes is lost */
    if (length == 0)
        return;
    buf_add_char(out, out->length ? ',' : '{');
    json_add_string(out, name, strlen(name));
    buf_add_char(out, ':');
    json_add_string(out, value, length);
}

char *request_headers(const struct http_reader *reader, const struct config_source *source)
{
    char decoded[REQUEST_TOPIC_MOST + 1];
    unsigned seen = 0;
    struct buf out;

    buf_init(&out, (INTERESTS + 1) * (REQUEST_VALUE_MOST * 6 + 64));
    for (size_t i = 0; i < reader->header_count; i++) {
        const struct http_header *header = &reader->headers[i];
        int which = interest_of(header);

        if (which < 0 || (seen & 1u << which) || header->value_length == 0 ||
            (which == TOPIC && header->value_length > REQUEST_TOPIC_MOST))
            continue;
        seen |= 1u << which;
        member_add(&out, interests[which].member, header->value, header->value_length);
    }
    if (!(seen & 1u << TOPIC)) {
        const char *topic = request_query_topic(reader->query, decoded) ? decoded : source->topic;
        if (topic)
            member_add(&out, interests[TOPIC].member, topic, strlen(topic));
    }
    buf_add_text(&out, out.length ? "}" : "{}");
    return buf_take(&out);
}

static bool is_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    }
    return length > 0;
}

char *request_subscription(const char *id, size_t length)
{
    enum { PREFIX = 7, DIGITS = 32 };
    char *name;

    if (length <= ARRIVAL_SUBSCRIPTION_MOST && is_printable(id, length))
        return strndup(id, length);
    name = malloc(PREFIX + DIGITS + 1);
    if (!name)
        return NULL;
    memcpy(name, "sha256:", PREFIX);
    if (digest_hex(id, length, DIGITS, name + PREFIX))
        return name;
    free(name);
    return NULL;
}

static char *verdict_text(const struct config_source *source, const struct auth_verdict *verdict)
{
    struct buf out;

    buf_init(&out, 1024);
    buf_add_text(&out, config_scheme_word(source->scheme));
    buf_add_char(&out, ' ');
    buf_add_text(&out, verdict->algorithm ? verdict->algorithm : "-");
    buf_add_char(&out, ' ');
    buf_add_text(&out, verdict->key_id ? verdict->key_id : "-");
    return buf_take(&out);
}

/* Whose backlog it is in. The scan's text is in the body. */
static char *subscription_of(const struct envelope *envelope, const struct config_source *source,
                             const struct auth_verdict *verdict)
{
    const char *id = verdict->subscription;

    if (!id && envelope->subscription && envelope->subscription_length > 0)
        return request_subscription(envelope->subscription, envelope->subscription_length);
    if (!id)
        id = source->subscription ? source->subscription : source->name;
    return request_subscription(id, strlen(id));
}

struct request *request_new(struct http_reader *reader, const struct config_source *source,
                            const struct auth_verdict *verdict, int64_t now_us)
{
    struct request *request = calloc(1, sizeof *request);
    struct arrival *arrival;
    struct envelope envelope;

    if (!request)
        return NULL;
    arrival = &request->ticket.arrival;
    arrival->body_bytes = reader->body.length;
    arrival->body = buf_take(&reader->body);
    if (!arrival->body)
        goto failed;
    envelope = envelope_scan(arrival->body, arrival->body_bytes);
    arrival->received_us = now_us;
    arrival->events = envelope.events ? envelope.events : 1;
    arrival->flags = envelope.json ? 0 : ARRIVAL_QUARANTINED;
    arrival->subscription = subscription_of(&envelope, source, verdict);
    arrival->source = strdup(source->name);
    arrival->verdict = verdict_text(source, verdict);
    arrival->headers = request_headers(reader, source);
    if (!arrival->subscription || !arrival->source || !arrival->verdict || !arrival->headers)
        goto failed;
    request->bytes = (int64_t)arrival_bytes(arrival);
    return request;
failed:
    request_free(request);
    return NULL;
}

void request_free(struct request *request)
{
    if (request->charged)
        tally_leave(request->charged, request->bytes);
    arrival_release(&request->ticket.arrival);
    free(request);
}
