#include "ingest/config_keys.h"

#include "core/diag.h"
#include "core/keys.h"
#include "core/text.h"
#include "ingest/config_network.h"

#include <string.h>
#include <strings.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define AT(type, member) offsetof(struct type, member)
#define KIB              INT64_C(1024)
#define MIB              (1024 * KIB)
#define GIB              (1024 * MIB)
#define TIB              (1024 * GIB)
#define SECOND           INT64_C(1000)
#define MINUTE           (60 * SECOND)
#define HOUR             (60 * MINUTE)
#define DAY              (24 * HOUR)
#define YEARS            (3660 * DAY)

enum { PATH_MOST = 4096, TEXT_MOST = 256, COMPAT_NAMES_MOST = 16 };

/* --- words -------------------------------------------------------------------------------- */

const struct config_scheme_row config_scheme_table[SCHEME_COUNT] = {
    [SCHEME_SIGNATURE] = {"genesys-signature", "X-Genesys-Signature", "", "{t}.{body}"},
    [SCHEME_HMAC] = {"hub-signature-256", "X-Hub-Signature-256", "sha256=", "{body}"},
    [SCHEME_API_KEY] = {"api-key", "X-API-Key", "", ""},
    [SCHEME_MTLS] = {"mtls", NULL, "", ""},
};

const char *config_scheme_word(int scheme)
{
    return scheme >= 0 && scheme < SCHEME_COUNT ? config_scheme_table[scheme].word : NULL;
}

static const char *pick(const char *const *words, int count, int number)
{
    return number >= 0 && number < count ? words[number] : NULL;
}

static const char *api_version_word(int number)
{
    static const char *const words[] = {"ingestd/v1"};

    return pick(words, 1, number);
}

static const char *encoding_word(int number)
{
    static const char *const words[] = {[ENCODING_BASE64] = "base64", [ENCODING_HEX] = "hex"};

    return pick(words, 2, number);
}

static const char *order_word(int number)
{
    static const char *const words[] = {[ORDER_ARRIVAL] = "arrival", [ORDER_TIME] = "time"};

    return pick(words, 2, number);
}

const char *config_sink_word(int type)
{
    static const char *const words[SINK_TYPES] = {[SINK_HTTP] = "http", [SINK_NDJSON] = "ndjson"};

    return pick(words, SINK_TYPES, type);
}

/* --- checks ------------------------------------------------------------------------------- */

static const struct spec_complaint *check_address(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is no address to listen at",
        "127.0.0.1:8443, [::1]:8443, or 0.0.0.0:8443 for all of IPv4; no host names"};
    struct config_address address;

    return config_address_read(text, &address) ? NULL : &wrong;
}

static const struct spec_complaint *check_network(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is no network",
        "10.0.0.0/8, 2001:db8::/32, or an address alone; nothing but zeros after the length"};
    struct config_network network;

    return config_network_read(text, &network) ? NULL : &wrong;
}

static const struct spec_complaint *check_name(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "cannot be a name",
        "letters, digits, \".\", \"_\" and \"-\"; a letter or digit first"};

    return strchr(LOWER UPPER DIGITS, text[0]) &&
                   text[strspn(text, LOWER UPPER DIGITS "._-")] == '\0'
               ? NULL
               : &wrong;
}

static bool is_graphic(const char *text)
{
    while (*text > 0x20 && *text < 0x7F)
        text++;
    return *text == '\0';
}

static const struct spec_complaint *check_id(const char *text)
{
    static const struct spec_complaint wrong = {"bad-value", "cannot be an id",
                                                "printable ASCII without spaces"};

    return is_graphic(text) ? NULL : &wrong;
}

/* A signature header's parts are told apart by ",". */
static const struct spec_complaint *check_key_id(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "cannot be a key's id",
        "printable ASCII without spaces and \",\", as the sender names the key"};

    return is_graphic(text) && !strchr(text, ',') ? NULL : &wrong;
}

static const struct spec_complaint *check_path(const char *text)
{
    static const struct spec_complaint wrong = {"bad-value", "is no path that can be posted to",
                                                "/events: it begins with \"/\", no query"};

    return text[0] == '/' && is_graphic(text) && !strpbrk(text, "?#") ? NULL : &wrong;
}

static bool is_header_name(const char *text)
{
    return *text && text[strspn(text, LOWER UPPER DIGITS "!#$%&'*+-.^_`|~")] == '\0';
}

static const struct spec_complaint *check_header(const char *text)
{
    static const struct spec_complaint wrong = {"bad-value", "is no name of an HTTP header",
                                                "X-Genesys-Signature, without \":\""};

    return is_header_name(text) ? NULL : &wrong;
}

/* The sink sets these itself, or they would break the framing. */
static const struct spec_complaint *check_sent_header(const char *text)
{
    static const struct spec_complaint token = {"bad-value", "would stand in the configuration",
                                                "put the token into a file: token_file"};
    static const struct spec_complaint own = {"bad-value", "is set by ingestd", "delete it"};
    static const char *const names[] = {"content-length", "transfer-encoding", "host", "connection",
                                        "expect",         "idempotency-key",   NULL};

    if (strcasecmp(text, "authorization") == 0)
        return &token;
    for (const char *const *name = names; *name; name++)
        if (strcasecmp(text, *name) == 0)
            return &own;
    return check_header(text);
}

/* {body} once, {t} at most once and not right beside it (a digit more in one could be one less in
 * the other), no other braces. */
static bool can_be_signed(const char *text)
{
    size_t bodies = 0, times = 0;
    bool beside = false;

    while (*text) {
        bool body = strncmp(text, "{body}", 6) == 0, time = strncmp(text, "{t}", 3) == 0;
        if ((body || time) && beside)
            return false;
        if (!body && !time && strchr("{}", *text))
            return false;
        bodies += body;
        times += time;
        beside = body || time;
        text += body ? 6 : time ? 3 : 1;
    }
    return bodies == 1 && times <= 1;
}

static const struct spec_complaint *check_signed(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is nothing that can be verified",
        "\"{t}.{body}\" or \"{body}\": the body once, with what stands around it"};

    return can_be_signed(text) ? NULL : &wrong;
}

static const struct spec_complaint *check_url(const char *text)
{
    static const struct spec_complaint wrong = {"bad-value", "is no URL that can be delivered to",
                                                "https://HOST/PATH"};
    static const struct spec_complaint userinfo = {"url-userinfo", "holds a name or password",
                                                   "put a token into a file: token_file"};
    struct text_url url;

    if (!text_parse_url(text, &url))
        return &wrong;
    return url.has_userinfo ? &userinfo : NULL;
}

/* Names with dots between them; where a shape's path has "[]", a value is one of several. */
static const struct spec_complaint *check_payload_path(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is no path below the payload",
        "names with dots between them, such as queue.name; at most 16 of them"};
    static const struct spec_complaint element = {"bad-value", "leads into a list",
                                                  "a path leads through objects only"};
    size_t names = 1;

    if (strstr(text, "[]"))
        return &element;
    for (const char *c = text; *c; c++)
        names += *c == '.';
    return text[0] == '.' || strstr(text, "..") || text[strlen(text) - 1] == '.' ||
                   names > COMPAT_NAMES_MOST
               ? &wrong
               : NULL;
}

/* --- what is no mapping ----------------------------------------------------------------------- */

const struct spec_key config_key_file = {"keys", SPEC_TEXT, .least = 1, .most = PATH_MOST,
                                         .help = "a file; for mtls a certificate's name"};
const struct spec_key config_key_id = {"a key's id", SPEC_TEXT, .least = 1, .most = 128,
                                       .check = check_key_id};
const struct spec_key config_name = {"a name", SPEC_TEXT, .least = 1, .most = CONFIG_NAME_MOST,
                                     .check = check_name};
const struct spec_key config_subscription_id = {"a subscription's id", SPEC_TEXT, .least = 1,
                                                .most = 128, .check = check_id};
const struct spec_key config_network_key = {"networks", SPEC_TEXT, .least = 1, .most = 64,
                                            .check = check_network};
const struct spec_key config_retry_key = {"retries", SPEC_DURATION, .least = 1, .most = DAY};
const struct spec_key config_header_name = {"a header's name", SPEC_TEXT, .least = 1, .most = 128,
                                            .check = check_sent_header};
const struct spec_key config_header_value = {"headers", SPEC_TEXT, .least = 0, .most = PATH_MOST};
const struct spec_key config_compat_path = {"a path", SPEC_TEXT, .least = 1, .most = TEXT_MOST,
                                            .check = check_payload_path};

/* --- sources ------------------------------------------------------------------------------- */

#define SIGNATURE (1u << SCHEME_SIGNATURE)
#define HMAC      (1u << SCHEME_HMAC)
#define API_KEY   (1u << SCHEME_API_KEY)

static const struct spec_key source_rows[] = {
    {"path", SPEC_TEXT, AT(source_keys, out.path), .required = true, .least = 1, .most = TEXT_MOST,
     .check = check_path, .help = "where its events are posted, such as /events"},
    {"scheme", SPEC_WORD, AT(source_keys, out.scheme), .required = true, .word = config_scheme_word,
     .help = "how a request proves who sent it"},
    {"header", SPEC_TEXT, AT(source_keys, out.header), .kinds = SIGNATURE | HMAC | API_KEY,
     .least = 1, .most = 128, .check = check_header,
     .help = "the header that holds the signature or key; by scheme unless told"},
    {"encoding", SPEC_WORD, AT(source_keys, out.encoding), .kinds = SIGNATURE | HMAC,
     .word = encoding_word, .fallback = "base64", .help = "of the signature"},
    {"prefix", SPEC_TEXT, AT(source_keys, out.prefix), .kinds = SIGNATURE | HMAC | API_KEY,
     .least = 0, .most = 64,
     .help = "what stands before the signature or key; by scheme unless told"},
    {"signed", SPEC_TEXT, AT(source_keys, out.signed_text), .kinds = SIGNATURE | HMAC, .least = 1,
     .most = 64, .check = check_signed,
     .help = "what is signed: \"{t}.{body}\" or \"{body}\"; by scheme unless told"},
    {"tolerance", SPEC_DURATION, AT(source_keys, out.tolerance_ms), .kinds = SIGNATURE,
     .least = SECOND, .most = DAY, .fallback = "5m",
     .help = "how far a signed timestamp may be off, both ways"},
    {"rsa_bits_most", SPEC_INT, AT(source_keys, out.rsa_bits_most), .kinds = SIGNATURE,
     .least = 2048, .most = 16384, .fallback = "4096",
     .help = "longer RSA keys are refused: each signature costs more"},
    {"keys", SPEC_MAP, AT(source_keys, keys), .least = 0, .most = 16, .item = &config_key_file,
     .name_item = &config_key_id,
     .help = "key id → file: a PEM public key, or a secret; for mtls → the certificate's common "
             "name or DNS name. Two or more hold at a time while they are rotated. Needed but for "
             "genesys-signature, where what `eventctl apply` publishes may be all"},
    {"networks", SPEC_LIST, AT(source_keys, networks), .least = 0, .most = 256,
     .item = &config_network_key, .fallback = "[]",
     .help = "who may send, such as [10.0.0.0/8, 2001:db8::/32]; empty: everybody"},
    {"subscription", SPEC_TEXT, AT(source_keys, out.subscription), .least = 1, .most = 128,
     .check = check_id, .help = "of events that name none; the source's name unless told"},
    {"topic", SPEC_TEXT, AT(source_keys, out.topic), .least = 1, .most = TEXT_MOST,
     .help = "of bare event bodies that name none in header or query"},
    {"share", SPEC_INT, AT(source_keys, out.share_percent), .least = 1, .most = 100,
     .fallback = "100", .help = "percent of limits.pending_size that it may fill"},
    {.name = NULL},
};
const struct spec config_source_spec = {"a source", source_rows, false, false};

/* --- sinks --------------------------------------------------------------------------------- */

#define HTTP   (1u << SINK_HTTP)
#define NDJSON (1u << SINK_NDJSON)

static const struct spec_key breaker_rows[] = {
    {"failures", SPEC_INT, AT(sink_keys, out.breaker_failures), .least = 1, .most = 1000000,
     .fallback = "10",
     .help = "in a row, of different interactions, after which nothing goes to the sink"},
    {"open", SPEC_DURATION, AT(sink_keys, out.breaker_open_ms), .least = 10, .most = HOUR,
     .fallback = "5s", .help = "for so long at first; twice as long each time, up to 16 times"},
    {.name = NULL},
};
static const struct spec breaker_spec = {"breaker", breaker_rows, false, false};

static const struct spec_key compat_rows[] = {
    {"type", SPEC_TEXT, AT(compat_keys, type), .least = 1, .most = TEXT_MOST,
     .help = "only for this event type, such as Interaction.Created; left out: for all"},
    {"rename", SPEC_MAP, AT(compat_keys, renames), .least = 0, .most = 64,
     .item = &config_compat_path, .name_item = &config_compat_path, .fallback = "{}",
     .help = "path → path: moves a value; it may take the place of what it stood in, as in "
             "{direction.value: direction}"},
    {"default", SPEC_MAP, AT(compat_keys, defaults), .least = 0, .most = 64,
     .name_item = &config_compat_path, .fallback = "{}",
     .help = "path → value: added where it is not there"},
    {"drop", SPEC_LIST, AT(compat_keys, drops), .least = 0, .most = 64, .item = &config_compat_path,
     .fallback = "[]", .help = "paths: taken away"},
    {.name = NULL},
};
const struct spec config_compat_spec = {"a compatibility rule", compat_rows, false, false};

static const struct spec_key sink_rows[] = {
    {"type", SPEC_WORD, AT(sink_keys, out.type), .required = true, .word = config_sink_word,
     .help = "what it is: an HTTP endpoint, or a file of JSON lines"},
    {"order", SPEC_WORD, AT(sink_keys, out.order), .word = order_word, .fallback = "arrival",
     .help = "of one interaction's events: as they came, or by their own time"},
    {"order_wait", SPEC_DURATION, AT(sink_keys, out.order_wait_ms), .least = 0, .most = HOUR,
     .fallback = "1s", .help = "how long an event waits for earlier ones; only with order: time"},
    {"retries", SPEC_LIST, AT(sink_keys, retries), .least = 0, .most = CONFIG_RETRIES_MOST,
     .item = &config_retry_key, .fallback = "[1s, 10s, 60s]",
     .help = "the gaps before each retry, after which an event is a dead letter"},
    {"jitter", SPEC_INT, AT(sink_keys, out.jitter_percent), .least = 0, .most = 100,
     .fallback = "20", .help = "percent by which a gap is spread, both ways"},
    {"concurrency", SPEC_INT, AT(sink_keys, out.concurrency), .kinds = HTTP, .least = 1,
     .most = 1000, .fallback = "8", .help = "deliveries at a time; a file always has 1"},
    {"breaker", SPEC_GROUP, 0, .nested = &breaker_spec, .help = "when a sink is left alone"},
    {"compat", SPEC_LIST, AT(sink_keys, compat), .least = 0, .most = 64,
     .nested = &config_compat_spec, .fallback = "[]",
     .help = "what it sees of events of another shape: rules that apply in their order, to the "
             "payload"},
    {"url", SPEC_TEXT, AT(sink_keys, out.url), .required = true, .kinds = HTTP, .least = 1,
     .most = 2048, .check = check_url, .help = "where events are posted, one a request"},
    {"ca_file", SPEC_TEXT, AT(sink_keys, out.ca_file), .kinds = HTTP, .least = 1, .most = PATH_MOST,
     .help = "PEM certificates to trust instead of the system's"},
    {"token_file", SPEC_TEXT, AT(sink_keys, out.token_file), .kinds = HTTP, .least = 1,
     .most = PATH_MOST, .help = "file whose text is sent as a bearer token"},
    {"headers", SPEC_MAP, AT(sink_keys, headers), .kinds = HTTP, .least = 0, .most = 32,
     .item = &config_header_value, .name_item = &config_header_name, .fallback = "{}",
     .help = "sent with each request: name → value"},
    {"timeout", SPEC_DURATION, AT(sink_keys, out.timeout_ms), .kinds = HTTP, .least = 10,
     .most = 10 * MINUTE, .fallback = "30s", .help = "of one delivery, whole"},
    {"path", SPEC_TEXT, AT(sink_keys, out.path), .required = true, .kinds = NDJSON, .least = 1,
     .most = PATH_MOST, .help = "the file; no two sinks have the same"},
    {"rotate_size", SPEC_SIZE, AT(sink_keys, out.rotate_bytes), .kinds = NDJSON, .least = 0,
     .most = TIB, .fallback = "256MiB", .help = "a new file is begun past it; 0: never"},
    {"rotate_every", SPEC_DURATION, AT(sink_keys, out.rotate_ms), .kinds = NDJSON, .least = 0,
     .most = YEARS, .fallback = "0s", .help = "a new file is begun so often; 0s: never"},
    {"keep", SPEC_INT, AT(sink_keys, out.keep), .kinds = NDJSON, .least = 0, .most = 1000000,
     .fallback = "0", .help = "rotated files; older ones are deleted; 0: all are kept"},
    {"sync", SPEC_BOOL, AT(sink_keys, sync), .kinds = NDJSON, .fallback = "true",
     .help = "whether the disk has an event before it counts as delivered"},
    {.name = NULL},
};
const struct spec config_sink_spec = {"a sink", sink_rows, false, false};

/* --- subscriptions --------------------------------------------------------------------------- */

static const struct spec_key subscription_rows[] = {
    {"name", SPEC_TEXT, AT(subscription_keys_of, out.name), .least = 1, .most = TEXT_MOST,
     .help = "for people; its id unless told"},
    {"sink", SPEC_TEXT, AT(subscription_keys_of, out.sink), .least = 1, .most = CONFIG_NAME_MOST,
     .help = "where its events go; default_sink unless told"},
    {"filter", SPEC_LIST, AT(subscription_keys_of, filter), .least = 0,
     .most = CONFIG_CRITERIA_MOST, .nested = &criterion_spec, .fallback = "[]",
     .help = "criteria that must all hold, else an event is dropped and counted"},
    {"paused", SPEC_BOOL, AT(subscription_keys_of, paused), .fallback = "false",
     .help = "its events are stored, and wait"},
    {.name = NULL},
};
const struct spec config_subscription_spec = {"a subscription", subscription_rows, false, false};

/* --- the rest -------------------------------------------------------------------------------- */

#define ROOT(member) AT(config_keys, out.member)

static const struct spec_key listen_rows[] = {
    {"address", SPEC_TEXT, ROOT(listen.address), .least = 1, .most = 64, .check = check_address,
     .fallback = "127.0.0.1:8443", .help = "where events are taken; port 0: any that is free"},
    {"certificate", SPEC_TEXT, ROOT(listen.certificate), .least = 1, .most = PATH_MOST,
     .help = "PEM file, with its chain"},
    {"key", SPEC_TEXT, ROOT(listen.key), .least = 1, .most = PATH_MOST,
     .help = "PEM file of the certificate's private key"},
    {"client_ca", SPEC_TEXT, ROOT(listen.client_ca), .least = 1, .most = PATH_MOST,
     .help = "PEM file of who may issue client certificates; needed for mtls"},
    {"plaintext", SPEC_BOOL, AT(config_keys, plaintext), .fallback = "false",
     .help = "no TLS, since something in front of ingestd does it"},
    {"reactors", SPEC_INT, ROOT(listen.reactors), .least = 0, .most = 256, .fallback = "0",
     .help = "threads that accept; 0: by cores"},
    {.name = NULL},
};
static const struct spec listen_spec = {"listen", listen_rows, false, false};

static const struct spec_key admin_rows[] = {
    {"address", SPEC_TEXT, ROOT(admin.address), .least = 1, .most = 64, .check = check_address,
     .fallback = "127.0.0.1:8444", .help = "where administrators and monitoring ask"},
    {"token_file", SPEC_TEXT, ROOT(admin.token_file), .required = true, .least = 1,
     .most = PATH_MOST, .help = "file that holds the bearer token, mode 0600"},
    {.name = NULL},
};
static const struct spec admin_spec = {"admin", admin_rows, false, false};

static const struct spec_key limit_rows[] = {
    {"handshake", SPEC_DURATION, ROOT(limits.handshake_ms), .least = 100, .most = 5 * MINUTE,
     .fallback = "5s", .help = "deadline of a TLS handshake"},
    {"head", SPEC_DURATION, ROOT(limits.head_ms), .least = 100, .most = 5 * MINUTE,
     .fallback = "10s", .help = "deadline of a request's line and headers"},
    {"body", SPEC_DURATION, ROOT(limits.body_ms), .least = 100, .most = 10 * MINUTE,
     .fallback = "20s", .help = "deadline of a request's body"},
    {"idle", SPEC_DURATION, ROOT(limits.idle_ms), .least = 100, .most = HOUR, .fallback = "75s",
     .help = "how long a connection may wait for its next request"},
    {"body_rate", SPEC_SIZE, ROOT(limits.body_rate_bytes), .least = 0, .most = GIB,
     .fallback = "1KiB", .help = "the least of a body in a second, after the first two; 0: any"},
    {"body_size", SPEC_SIZE, ROOT(limits.body_bytes), .least = 256, .most = GIB, .fallback = "1MiB",
     .help = "the most of one event"},
    {"batch_size", SPEC_SIZE, ROOT(limits.batch_bytes), .least = 256, .most = GIB,
     .fallback = "8MiB", .help = "the most of an array of events; not below body_size"},
    {"headers", SPEC_INT, ROOT(limits.headers), .least = 8, .most = 1000, .fallback = "64",
     .help = "the most headers of a request"},
    {"head_size", SPEC_SIZE, ROOT(limits.head_bytes), .least = 512, .most = MIB,
     .fallback = "16KiB", .help = "the most of a request's line and headers"},
    {"connections", SPEC_INT, ROOT(limits.connections), .least = 1, .most = 1000000,
     .fallback = "10000", .help = "the most at a time"},
    {"connections_per_address", SPEC_INT, ROOT(limits.connections_per_address), .least = 1,
     .most = 1000000, .fallback = "1000", .help = "the most of one address at a time"},
    {"failures_per_minute", SPEC_INT, ROOT(limits.failures_per_minute), .least = 1,
     .most = 1000000000, .fallback = "60",
     .help = "failed verifications of one address, after which it gets 429"},
    {"pending_size", SPEC_SIZE, ROOT(limits.pending_bytes), .least = 64 * KIB, .most = TIB,
     .fallback = "64MiB",
     .help = "the most that is taken from the network and not yet on disk; not below batch_size"},
    {"hold", SPEC_DURATION, ROOT(limits.hold_ms), .least = 0, .most = MINUTE, .fallback = "8s",
     .help = "how long storing is tried before the reply is 503"},
    {.name = NULL},
};
static const struct spec limit_spec = {"limits", limit_rows, false, false};

static const struct spec_key queue_rows[] = {
    {"retention", SPEC_DURATION, ROOT(queue.retention_ms), .least = 0, .most = YEARS,
     .fallback = "7d", .help = "how long delivered requests are kept as they came"},
    {"retention_size", SPEC_SIZE, ROOT(queue.retention_bytes), .least = 0, .most = 1024 * TIB,
     .fallback = "0", .help = "how much of them is kept; 0: no limit"},
    {"reserve", SPEC_SIZE, ROOT(queue.reserve_bytes), .least = 0, .most = 1024 * TIB,
     .fallback = "256MiB", .help = "with less than this free on the disk, requests get 503"},
    {"wal_size", SPEC_SIZE, ROOT(queue.wal_bytes), .least = 64 * KIB, .most = 64 * GIB,
     .fallback = "64MiB", .help = "the write-ahead log is copied into the database past it"},
    {.name = NULL},
};
static const struct spec queue_spec = {"queue", queue_rows, false, false};

static const struct spec_key dedupe_rows[] = {
    {"window", SPEC_DURATION, ROOT(dedupe.window_ms), .least = 10 * MINUTE, .most = 31 * DAY,
     .fallback = "24h", .help = "how long a delivered event's key is remembered"},
    {"keys", SPEC_INT, ROOT(dedupe.keys), .least = 1, .most = 1000000000, .fallback = "5000000",
     .help = "the most that are remembered; the oldest are forgotten before their time"},
    {.name = NULL},
};
static const struct spec dedupe_spec = {"dedupe", dedupe_rows, false, false};

static const struct spec_key worker_rows[] = {
    {"least", SPEC_INT, ROOT(workers.least), .least = 1, .most = 1024, .fallback = "1",
     .help = "threads that deliver, however little waits"},
    {"most", SPEC_INT, ROOT(workers.most), .least = 1, .most = 1024, .fallback = "32",
     .help = "threads that deliver, however much waits"},
    {"events_per_worker", SPEC_INT, ROOT(workers.events_per_worker), .least = 1, .most = 1000000,
     .fallback = "50",
     .help = "one more worker for each so many events that wait; also while all hang"},
    {.name = NULL},
};
static const struct spec worker_spec = {"workers", worker_rows, false, false};

static const struct spec_key dead_letter_rows[] = {
    {"quota", SPEC_SIZE, ROOT(dead_letters.bytes), .least = 4 * KIB, .most = 1024 * TIB,
     .fallback = "1GiB", .help = "the most that is kept of them"},
    {"retention", SPEC_DURATION, ROOT(dead_letters.retention_ms), .least = 0, .most = YEARS,
     .fallback = "0s", .help = "how long they are kept; 0s: until replayed or discarded"},
    {.name = NULL},
};
static const struct spec dead_letter_spec = {"dead_letters", dead_letter_rows, false, false};

static const struct spec_key shape_rows[] = {
    {"per_type", SPEC_INT, ROOT(shapes.per_type), .least = 1, .most = 100000, .fallback = "100",
     .help = "shapes of one event type that are told apart"},
    {"sample_size", SPEC_SIZE, ROOT(shapes.sample_bytes), .least = 0, .most = 16 * MIB,
     .fallback = "64KiB", .help = "the most that is kept of a shape's first event"},
    {.name = NULL},
};
static const struct spec shape_spec = {"shapes", shape_rows, false, false};

static const struct spec_key config_rows[] = {
    {"apiVersion", SPEC_WORD, AT(config_keys, api_version), .required = true,
     .word = api_version_word, .help = "the form of this file"},
    {"data", SPEC_TEXT, ROOT(data), .required = true, .least = 1, .most = PATH_MOST,
     .help = "folder of the queue and of what is known of deliveries"},
    {"listen", SPEC_GROUP, 0, .nested = &listen_spec, .help = "where events come in"},
    {"admin", SPEC_GROUP, 0, .nested = &admin_spec, .help = "where it is looked at and managed"},
    {"limits", SPEC_GROUP, 0, .nested = &limit_spec, .help = "what a sender may take up"},
    {"queue", SPEC_GROUP, 0, .nested = &queue_spec, .help = "what is kept, and for how long"},
    {"dedupe", SPEC_GROUP, 0, .nested = &dedupe_spec, .help = "the idempotency window"},
    {"workers", SPEC_GROUP, 0, .nested = &worker_spec, .help = "how many deliver"},
    {"dead_letters", SPEC_GROUP, 0, .nested = &dead_letter_spec,
     .help = "events that could not be delivered"},
    {"shapes", SPEC_GROUP, 0, .nested = &shape_spec, .help = "the fields that events have"},
    {"sources", SPEC_MAP, AT(config_keys, sources), .required = true, .least = 1, .most = 256,
     .nested = &config_source_spec, .name_item = &config_name,
     .help = "at least one: who sends, by name"},
    {"sinks", SPEC_MAP, AT(config_keys, sinks), .required = true, .least = 1, .most = 256,
     .nested = &config_sink_spec, .name_item = &config_name,
     .help = "at least one: where events go, by name"},
    {"default_sink", SPEC_TEXT, ROOT(default_sink), .least = 1, .most = CONFIG_NAME_MOST,
     .help = "of subscriptions that name none; needed when there are several sinks"},
    {"subscriptions", SPEC_MAP, AT(config_keys, subscriptions), .least = 0, .most = 10000,
     .may_be_null = true, .nested = &config_subscription_spec, .name_item = &config_subscription_id,
     .help =
         "what is known of subscriptions, by id; others can be published to the admin listener"},
    {.name = NULL},
};
const struct spec config_spec = {"the configuration", config_rows, false, false};
