/* ingestd's readers with memory that runs out: a request, its events, the configuration, what is
 * published, filters, shapes. */
#include "core/json.h"
#include "core/match.h"
#include "ingest/compat.h"
#include "ingest/config.h"
#include "ingest/envelope.h"
#include "ingest/http_reader.h"
#include "ingest/published.h"
#include "ingest/shape.h"
#include "tests/alloc/alloc.h"

static const char batch[] =
    "[{\"subscriptionId\":\"sub-1\",\"eventType\":\"Interaction.Created\",\"sequenceNumber\":7,"
    "\"payload\":{\"id\":\"int-1\",\"startTime\":\"2023-10-27T10:00:00Z\",\"tags\":[\"a\",1]}},"
    "{\"topicName\":\"v2.detail.events.conversation.{id}.acw\",\"eventBody\":"
    "{\"conversationId\":\"c-1\",\"eventTime\":1698400800123}}]";

static bool read_request(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const struct http_limits limits = {16384, 64, 1 << 20, 8 << 20};
    static const char request[] = "POST /events?topic=a HTTP/1.1\r\nHost: h\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    struct http_reader reader;
    size_t used = 0;

    alloc_on(nth, mode);
    http_reader_init(&reader, &limits);
    while (used < sizeof request - 1 && reader.phase != HTTP_COMPLETE &&
           reader.phase != HTTP_REFUSED)
        used += http_reader_feed(&reader, request + used, sizeof request - 1 - used);
    alloc_off();
    bool ok = reader.phase == HTTP_COMPLETE;
    if (!ok && reader.status != 503)
        alloc_wrong("refused with %d, as if the sender were to blame", reader.status);
    if (ok)
        buf_printf(result, "%s %s %s %s\n", reader.method, reader.path, reader.query,
                   buf_text(&reader.body));
    http_reader_release(&reader);
    return ok;
}

static bool read_events(size_t nth, enum alloc_mode mode, struct buf *result)
{
    size_t offset = 0, length;
    const char *part;

    while (envelope_next(batch, sizeof batch - 1, &offset, &part, &length)) {
        struct event_facts facts;

        alloc_on(nth, mode);
        json_t *event = json_read(part, length, 0, NULL);
        if (event)
            event_read(event, part, length, "", &facts);
        alloc_off();
        if (!event)
            return false;
        buf_printf(result, "%s %s %lld\n", facts.type, facts.interaction, (long long)facts.time_ms);
        json_decref(event);
    }
    return true;
}

static bool read_config(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const char text[] =
        "apiVersion: ingestd/v1\n"
        "data: /var/lib/ingestd\n"
        "listen: {address: \"127.0.0.1:8443\", plaintext: true}\n"
        "admin: {token_file: /etc/token}\n"
        "sources:\n"
        "  a: {path: /a, scheme: genesys-signature, keys: {k1: /k1, k2: /k2},\n"
        "      networks: [10.0.0.0/8, \"2001:db8::/32\"]}\n"
        "sinks:\n"
        "  crm: {type: http, url: \"https://crm.example/in\", headers: {X-A: b},\n"
        "        compat: [{type: T, rename: {a: b}, default: {c: [1, {d: x}]}, drop: [e]}]}\n"
        "subscriptions:\n"
        "  sub-1: {name: voice, sink: crm, filter: [{field: a, op: in, value: [1, 2]}]}\n";
    struct config config;
    struct source source = {0};
    struct diag_list diags;

    diag_list_init(&diags);
    config_init(&config);
    alloc_on(nth, mode);
    bool ok = source_from_text(&source, "c.yaml", text, sizeof text - 1, &diags) &&
              config_read(&config, &source, &diags);
    alloc_off();
    if (!ok && !diags.no_memory)
        alloc_wrong("the configuration is refused, but not for want of memory");
    if (ok)
        buf_printf(result, "%s %zu %zu %s %zu %s\n", config.data, config.source_count,
                   config.sources[0].network_count, config.default_sink,
                   config.subscriptions[0].filter_count,
                   config.sinks[0].compat[0].defaults[0].value);
    config_release(&config);
    source_release(&source);
    diag_list_release(&diags);
    return ok;
}

static bool read_published(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const char document[] =
        "{\"subscriptions\":[{\"id\":\"a\",\"name\":\"n\",\"sink\":\"s\",\"filter\":"
        "[{\"field\":\"f\",\"op\":\"in\",\"value\":[1,\"x\"]}],"
        "\"keys\":[{\"id\":\"k\",\"pem\":\"-----BEGIN PUBLIC KEY-----\\n"
        "MCowBQYDK2VwAyEAhB8hp4vGZgeb2/aI69Z3Hb7UrPvsO5tOgFfzER9Kgts=\\n"
        "-----END PUBLIC KEY-----\\n\"}]},{\"id\":\"b\"}]}";
    static const struct config config = {.subscription_count = 0};
    struct published published;
    struct error error = ERROR_INIT;
    size_t count = 0;

    alloc_on(nth, mode);
    bool ok = published_read(&published, document, sizeof document - 1, &error) &&
              published_merge(&published, &config, &count) != NULL;
    alloc_off();
    if (ok)
        buf_printf(result, "%zu %zu %s\n", count, published.key_count,
                   published.subscriptions[0].filter[0].value);
    published_release(&published);
    return ok;
}

static bool match_event(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const struct criterion criteria[] = {
        {.field = "payload.id", .op = FILTER_IN, .value = "[\"int-1\",\"int-2\"]"},
        {.field = "sequenceNumber", .op = FILTER_GT, .value = "3"}};
    struct error error = ERROR_INIT;
    json_t *event = json_read_text("{\"payload\":{\"id\":\"int-1\"},\"sequenceNumber\":7}");

    alloc_on(nth, mode);
    struct match *match = match_new(criteria, 2, &error);
    bool holds = match && match_holds(match, event);
    alloc_off();
    if (match && !holds)
        alloc_wrong("an event that passes the filter was dropped");
    if (match)
        buf_printf(result, "%d\n", holds);
    match_free(match);
    json_decref(event);
    return match != NULL;
}

static bool find_shape(size_t nth, enum alloc_mode mode, struct buf *result)
{
    json_t *event = json_read_text("{\"a\":{\"b\":[1,\"x\"]},\"c\":null}");
    struct buf text;
    char hash[SHAPE_HASH_DIGITS + 1] = "";

    buf_init(&text, 64 * 1024);
    alloc_on(nth, mode);
    bool ok = shape_of(event, &text, hash);
    alloc_off();
    if (ok)
        buf_printf(result, "%s %s\n", hash, buf_text(&text));
    buf_release(&text);
    json_decref(event);
    return ok;
}

/* Without memory an event goes as it came: never half mapped. */
static bool map_event(size_t nth, enum alloc_mode mode, struct buf *result)
{
    static const char text[] = "{\"\\u0061\":[1],\"c\":{\"d\":2,\"e\":3},\"f\":4}";
    static const struct config_rename renames[] = {{"a", "b.c"}, {"c.d", "c"}};
    static const struct config_default defaults[] = {{"g.h", "null"}};
    static const char *const drops[] = {"f"};
    static const struct config_compat rule = {"T", renames, 2, defaults, 1, drops, 1};
    static const struct config_sink sink = {.name = "s", .compat = &rule, .compat_count = 1};
    static const struct compat_event event = {"T", FORM_BARE, text, sizeof text - 1};
    enum compat_result mapped = COMPAT_SKIPPED;
    struct error error = ERROR_INIT;
    struct compat *compat = NULL;
    char *shown = NULL;
    size_t length = 0;

    alloc_on(nth, mode);
    if (compat_new(&compat, &sink, &error))
        mapped = compat_map(compat, &event, &shown, &length);
    alloc_off();
    if (mapped == COMPAT_AS_IT_CAME)
        alloc_wrong("the rule was overlooked");
    if (mapped == COMPAT_MAPPED)
        buf_printf(result, "%s\n", shown);
    free(shown);
    compat_drop(compat);
    return mapped == COMPAT_MAPPED;
}

int main(void)
{
    alloc_try("a request", read_request);
    alloc_try("events of a batch", read_events);
    alloc_try("the configuration", read_config);
    alloc_try("what is published", read_published);
    alloc_try("a filter", match_event);
    alloc_try("a shape", find_shape);
    alloc_try("a sink's map", map_event);
    return alloc_end();
}
