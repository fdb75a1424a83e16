#include "ingest/sink_headers.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINE_MOST_BYTES = 64 * 1024 };

/* What frames the request, and what says which event it is, is not for the configuration. */
static const char *const ours[] = {
    "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Idempotency-Key", NULL,
};

static bool is_ours(const char *name)
{
    for (size_t i = 0; ours[i]; i++)
        if (strcasecmp(name, ours[i]) == 0)
            return true;
    return strncasecmp(name, "Ingest-", 7) == 0;
}

static bool is_name(const char *name)
{
    return *name && name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool is_value(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

bool sink_headers_check(const struct config_sink *config, struct error *error)
{
    for (size_t i = 0; i < config->header_count; i++) {
        const struct config_header *header = &config->headers[i];
        if (!is_name(header->name) || !is_value(header->value))
            return error_set(error, ERROR_INVALID, "header \"%s\": not a header that can be sent",
                             header->name);
        if (is_ours(header->name))
            return error_set(error, ERROR_INVALID, "header \"%s\": is set by ingestd itself",
                             header->name);
        if (config->token_file && strcasecmp(header->name, "Authorization") == 0)
            return error_set(error, ERROR_INVALID,
                             "header \"%s\": there is a token file for it already", header->name);
    }
    return true;
}

static bool is_configured(const struct config_sink *config, const char *name)
{
    for (size_t i = 0; i < config->header_count; i++)
        if (strcasecmp(config->headers[i].name, name) == 0)
            return true;
    return false;
}

struct list {
    struct curl_slist *first;
    bool failed;
};

static void list_add(struct list *list, const char *line)
{
    struct curl_slist *longer = list->failed ? NULL : curl_slist_append(list->first, line);

    if (longer)
        list->first = longer;
    list->failed = !longer;
}

static void add_header(struct list *list, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_header(struct list *list, const char *name, const char *format, ...)
{
    char line[SINK_HEADER_VALUE_MOST + 64];
    int length = snprintf(line, sizeof(line), "%s: ", name);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
    va_end(arguments);
    list_add(list, line);
}

/* An empty one is left out. */
static void add_from_event(struct list *list, const char *name, const char *text)
{
    char value[SINK_HEADER_VALUE_MOST + 1];
    size_t length = 0;

    for (; *text; text++) {
        bool plain = isgraph((unsigned char)*text) && (unsigned char)*text < 0x80 && *text != '%';
        if (length + (plain ? 1 : 3) > SINK_HEADER_VALUE_MOST)
            break;
        length += (size_t)snprintf(value + length, sizeof(value) - length, plain ? "%c" : "%%%02X",
                                   (unsigned char)*text);
    }
    if (length > 0)
        add_header(list, name, "%s", value);
}

static void add_key(struct list *list, const uint8_t key[EVENT_KEY_BYTES])
{
    char hex[2 * EVENT_KEY_BYTES + 1];

    for (size_t i = 0; i < EVENT_KEY_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    add_header(list, "Idempotency-Key", "%s", hex);
}

static void add_configured(struct list *list, const struct config_header *header)
{
    struct buf line;

    buf_init(&line, LINE_MOST_BYTES);
    buf_add_text(&line, header->name);
    /* "Name;" is how libcurl is told of a header without a value. */
    buf_add_text(&line, header->value[0] ? ": " : ";");
    buf_add_text(&line, header->value);
    list->failed |= line.failed;
    list_add(list, buf_text(&line));
    if (line.data)
        OPENSSL_cleanse(line.data, line.length);
    buf_release(&line);
}

struct curl_slist *sink_headers_new(const struct config_sink *config, const char *authorization,
                                    const struct delivery *delivery)
{
    struct list list = {NULL, false};

    list_add(&list, "Expect:"); /* none: a round trip for nothing */
    if (!is_configured(config, "Content-Type"))
        add_header(&list, "Content-Type", "application/json");
    add_key(&list, delivery->key);
    add_from_event(&list, "Ingest-Subscription", delivery->request->arrival.subscription);
    add_from_event(&list, "Ingest-Event-Type", delivery->type);
    add_header(&list, "Ingest-Position", "%" PRId64 ".%" PRIu32, delivery->place.position,
               delivery->place.part);
    add_header(&list, "Ingest-Attempt", "%d", delivery->attempts + 1);
    if (delivery->dead_id)
        add_header(&list, "Ingest-Replayed", "%d", delivery->replays + 1);
    if (delivery->quarantined)
        add_header(&list, "Ingest-Quarantined", "no-ids");
    for (size_t i = 0; i < config->header_count; i++)
        add_configured(&list, &config->headers[i]);
    if (authorization)
        list_add(&list, authorization);
    if (!list.failed)
        return list.first;
    sink_headers_free(list.first);
    return NULL;
}

void sink_headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *header = headers; header; header = header->next)
        OPENSSL_cleanse(header->data, strlen(header->data));
    curl_slist_free_all(headers);
}
