/* ingestd's configuration: what is read, what holds when it is left out, what is refused and where.
 */
#include "ingest/config.h"

#include "core/buf.h"
#include "ingest/config_network.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>

#define SECOND INT64_C(1000)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)

struct reading {
    struct source source;
    struct diag_list diags;
    struct config config;
    struct buf findings; /* "rule@line:column …" in the order of the text */
    bool ok;
};

static void finish(struct reading *reading)
{
    buf_init(&reading->findings, SIZE_MAX / 2);
    diag_sort(&reading->diags);
    for (size_t i = 0; i < reading->diags.count; i++)
        buf_printf(&reading->findings, "%s%s@%u:%u", i > 0 ? " " : "",
                   reading->diags.entries[i].rule->id, reading->diags.entries[i].place.line,
                   reading->diags.entries[i].place.column);
}

static void read_text(struct reading *reading, const char *text)
{
    diag_list_init(&reading->diags);
    config_init(&reading->config);
    reading->ok =
        source_from_text(&reading->source, "c.yaml", text, strlen(text), &reading->diags) &&
        config_read(&reading->config, &reading->source, &reading->diags);
    finish(reading);
}

static void release(struct reading *reading)
{
    buf_release(&reading->findings);
    config_release(&reading->config);
    diag_list_release(&reading->diags);
    source_release(&reading->source);
}

/* What every configuration needs, without sources and sinks; four lines. */
#define HEAD                                                                                       \
    "apiVersion: ingestd/v1\n"                                                                     \
    "data: /d\n"                                                                                   \
    "listen: {plaintext: true}\n"                                                                  \
    "admin: {token_file: t}\n"
#define SOURCE "sources: {a: {path: /a, scheme: api-key, keys: {k: f}}}\n"
#define SINK   "sinks: {s: {type: ndjson, path: p}}\n"

/* -- what holds ----------------------------------------------------------------------------- */

static void the_example_is_read(void **state)
{
    struct reading reading;
    const struct config *config = &reading.config;

    (void)state;
    diag_list_init(&reading.diags);
    config_init(&reading.config);
    reading.ok = source_read(&reading.source, "ingest/ingestd.example.yaml", &reading.diags) &&
                 config_read(&reading.config, &reading.source, &reading.diags);
    finish(&reading);
    assert_string_equal(buf_text(&reading.findings), "");
    assert_true(reading.ok);
    assert_int_equal(config->source_count, 3);
    assert_string_equal(config->sources[0].name, "genesys");
    assert_int_equal(config->sources[0].scheme, SCHEME_SIGNATURE);
    assert_string_equal(config->sources[0].header, "X-Genesys-Signature");
    assert_string_equal(config->sources[0].signed_text, "{t}.{body}");
    assert_string_equal(config->sources[0].subscription, "genesys");
    assert_int_equal(config->sources[0].key_count, 2);
    assert_string_equal(config->sources[0].keys[1].id, "key-2027");
    assert_string_equal(config->sources[0].keys[1].file, "/etc/ingestd/keys/genesys-2027.pem");
    assert_int_equal(config->sources[0].network_count, 2);
    assert_int_equal(config->sources[0].share_percent, 80);
    assert_string_equal(config->sources[1].prefix, "sha256=");
    assert_string_equal(config->sources[1].signed_text, "{body}");
    assert_string_equal(config->sources[1].subscription, "open-messaging");
    assert_int_equal(config->sink_count, 2);
    assert_int_equal(config->sinks[0].order, ORDER_TIME);
    assert_int_equal(config->sinks[0].header_count, 1);
    assert_string_equal(config->sinks[0].headers[0].value, "ingestd");
    assert_int_equal(config->sinks[0].compat_count, 1);
    assert_string_equal(config->sinks[0].compat[0].renames[0].to, "direction");
    assert_int_equal(config->sinks[1].type, SINK_NDJSON);
    assert_int_equal(config->sinks[1].rotate_ms, 3600 * SECOND);
    assert_int_equal(config->sinks[1].concurrency, 1);
    assert_string_equal(config->default_sink, "warehouse");
    assert_int_equal(config->subscription_count, 1);
    assert_string_equal(config->subscriptions[0].sink, "crm");
    assert_int_equal(config->subscriptions[0].filter_count, 2);
    assert_string_equal(config->subscriptions[0].filter[0].value, "[\"VOICE\",\"CALLBACK\"]");
    assert_ptr_equal(config_find_sink(config, "crm"), &config->sinks[0]);
    assert_null(config_find_sink(config, "nobody"));
    release(&reading);
}

static void what_is_left_out_has_its_default(void **state)
{
    struct reading reading;
    const struct config *c = &reading.config;

    (void)state;
    read_text(&reading, HEAD "sources:\n"
                             "  g: {path: /g, scheme: genesys-signature, keys: {k: f}}\n"
                             "  m: {path: /m, scheme: hub-signature-256, keys: {k: f}}\n"
                             "  a: {path: /a, scheme: api-key, keys: {k: f}}\n"
                             "sinks:\n"
                             "  h: {type: http, url: \"https://x.example/e\"}\n"
                             "  n: {type: ndjson, path: p, order: time}\n"
                             "default_sink: h\n"
                             "subscriptions: {one: {}}\n");
    assert_string_equal(buf_text(&reading.findings), "");
    assert_true(reading.ok);
    const struct {
        int64_t is, shall;
    } numbers[] = {
        {c->listen.plaintext, 1},
        {c->listen.reactors, 0},
        {c->limits.handshake_ms, 5 * SECOND},
        {c->limits.head_ms, 10 * SECOND},
        {c->limits.body_ms, 20 * SECOND},
        {c->limits.idle_ms, 75 * SECOND},
        {c->limits.body_rate_bytes, KIB},
        {c->limits.body_bytes, MIB},
        {c->limits.batch_bytes, 8 * MIB},
        {c->limits.headers, 64},
        {c->limits.head_bytes, 16 * KIB},
        {c->limits.connections, 10000},
        {c->limits.connections_per_address, 1000},
        {c->limits.failures_per_minute, 60},
        {c->limits.pending_bytes, 64 * MIB},
        {c->limits.hold_ms, 8 * SECOND},
        {c->queue.retention_ms, 7 * 86400 * SECOND},
        {c->queue.retention_bytes, 0},
        {c->queue.reserve_bytes, 256 * MIB},
        {c->queue.wal_bytes, 64 * MIB},
        {c->dedupe.window_ms, 86400 * SECOND},
        {c->dedupe.keys, 5000000},
        {c->workers.least, 1},
        {c->workers.most, 32},
        {c->workers.events_per_worker, 50},
        {c->dead_letters.bytes, 1024 * MIB},
        {c->dead_letters.retention_ms, 0},
        {c->shapes.per_type, 100},
        {c->shapes.sample_bytes, 64 * KIB},
        {c->sources[0].tolerance_ms, 300 * SECOND},
        {c->sources[0].rsa_bits_most, 4096},
        {c->sources[0].share_percent, 100},
        {c->sources[0].encoding, ENCODING_BASE64},
        {(int64_t)c->sources[0].network_count, 0},
        {c->sinks[0].order, ORDER_ARRIVAL},
        {c->sinks[0].order_wait_ms, SECOND},
        {(int64_t)c->sinks[0].retry_count, 3},
        {c->sinks[0].retries_ms[0], SECOND},
        {c->sinks[0].retries_ms[1], 10 * SECOND},
        {c->sinks[0].retries_ms[2], 60 * SECOND},
        {c->sinks[0].jitter_percent, 20},
        {c->sinks[0].concurrency, 8},
        {c->sinks[0].breaker_failures, 10},
        {c->sinks[0].breaker_open_ms, 5 * SECOND},
        {c->sinks[0].timeout_ms, 30 * SECOND},
        {c->sinks[1].concurrency, 1},
        {c->sinks[1].order_wait_ms, SECOND},
        {c->sinks[1].rotate_bytes, 256 * MIB},
        {c->sinks[1].rotate_ms, 0},
        {c->sinks[1].keep, 0},
        {c->sinks[1].sync, 1},
        {c->sinks[1].timeout_ms, 0},
        {c->subscriptions[0].paused, 0},
        {(int64_t)c->subscriptions[0].filter_count, 0},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].is != numbers[i].shall)
            print_error("number %zu\n", i);
        assert_int_equal(numbers[i].is, numbers[i].shall);
    }
    const struct {
        const char *is, *shall;
    } texts[] = {
        {c->listen.address, "127.0.0.1:8443"},
        {c->admin.address, "127.0.0.1:8444"},
        {c->sources[0].header, "X-Genesys-Signature"},
        {c->sources[0].prefix, ""},
        {c->sources[0].subscription, "g"},
        {c->sources[1].header, "X-Hub-Signature-256"},
        {c->sources[1].prefix, "sha256="},
        {c->sources[1].signed_text, "{body}"},
        {c->sources[2].header, "X-API-Key"},
        {c->sources[2].prefix, ""},
        {c->default_sink, "h"},
        {c->subscriptions[0].name, "one"},
        {c->subscriptions[0].sink, "h"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_string_equal(texts[i].is, texts[i].shall);
    assert_null(c->listen.certificate);
    assert_null(c->sources[0].topic);
    assert_null(c->sinks[0].ca_file);
    assert_null(c->sinks[0].token_file);
    release(&reading);
}

static void what_is_given_is_taken(void **state)
{
    struct reading reading;
    const struct config *c = &reading.config;

    (void)state;
    read_text(
        &reading,
        "apiVersion: ingestd/v1\n"
        "data: /d\n"
        "listen: {address: \"[::1]:0\", certificate: c, key: k, client_ca: a, reactors: 3}\n"
        "admin: {token_file: t, address: \"127.0.0.1:0\"}\n"
        "limits: {body_size: 64KiB, batch_size: 65536, pending_size: 1GiB, hold: 0s}\n"
        "workers: {least: 4, most: 4}\n"
        "sources:\n"
        "  2024: {path: /m, scheme: mtls, keys: {k: x.example}, topic: T, subscription: s}\n"
        "  b: {path: /b, scheme: api-key, header: Authorization, prefix: 'Bearer ', keys: "
        "{no: f}}\n"
        "  h: {path: /h, scheme: hub-signature-256, encoding: hex, prefix: '', keys: {k: f}}\n"
        "  g: {path: /g, scheme: genesys-signature, signed: 'v0:{t}:{body}', keys: {k: f}}\n"
        "sinks: {n: {type: ndjson, path: p, sync: false, retries: [], keep: 3, rotate_size: "
        "0}}\n"
        "subscriptions: {s: {paused: true, name: S}}\n");
    assert_string_equal(buf_text(&reading.findings), "");
    assert_string_equal(c->listen.address, "[::1]:0");
    assert_string_equal(c->listen.client_ca, "a");
    assert_int_equal(c->listen.reactors, 3);
    assert_false(c->listen.plaintext);
    assert_int_equal(c->limits.body_bytes, 65536);
    assert_int_equal(c->limits.batch_bytes, 65536);
    assert_int_equal(c->limits.hold_ms, 0);
    assert_int_equal(c->workers.most, 4);
    assert_string_equal(c->sources[0].name, "2024");
    assert_null(c->sources[0].keys[0].file);
    assert_string_equal(c->sources[0].keys[0].name, "x.example");
    assert_string_equal(c->sources[0].topic, "T");
    assert_string_equal(c->sources[0].subscription, "s");
    assert_string_equal(c->sources[1].prefix, "Bearer ");
    assert_string_equal(c->sources[1].keys[0].id, "no");
    assert_null(c->sources[1].keys[0].name);
    assert_int_equal(c->sources[2].encoding, ENCODING_HEX);
    assert_string_equal(c->sources[2].prefix, "");
    assert_string_equal(c->sources[3].signed_text, "v0:{t}:{body}");
    assert_false(c->sinks[0].sync);
    assert_int_equal(c->sinks[0].retry_count, 0);
    assert_int_equal(c->sinks[0].keep, 3);
    assert_int_equal(c->sinks[0].rotate_bytes, 0);
    assert_string_equal(c->default_sink, "n");
    assert_true(c->subscriptions[0].paused);
    assert_string_equal(c->subscriptions[0].name, "S");
    assert_string_equal(c->subscriptions[0].sink, "n");
    release(&reading);
}

/* -- what is refused -------------------------------------------------------------------------- */

static void an_unknown_key_is_named_with_what_was_meant(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, HEAD SOURCE SINK "limits:\n  hand_shake: 5s\n");
    assert_false(reading.ok);
    assert_string_equal(buf_text(&reading.findings), "unknown-key@8:3");
    assert_string_equal(reading.diags.entries[0].hint, "did you mean \"handshake\"?");
    assert_int_equal(reading.config.source_count, 0);
    assert_null(reading.config.data);
    release(&reading);
}

#define LISTEN(text)                                                                               \
    "apiVersion: ingestd/v1\ndata: /d\nlisten: {" text "}\nadmin: {token_file: t}\n"
#define ADMIN(text)                                                                                \
    "apiVersion: ingestd/v1\ndata: /d\nlisten: {plaintext: true}\nadmin: {" text "}\n"
#define IN_SOURCE(text)  HEAD SINK "sources:\n  a: {" text "}\n"
#define IN_SINK(text)    HEAD SOURCE "sinks:\n  s: {" text "}\n"
#define HTTP_SINK(text)  IN_SINK("type: http, url: 'https://x.example', " text)
#define FILE_SINK(text)  IN_SINK("type: ndjson, path: p, " text)
#define WHOLE            HEAD SOURCE SINK
#define KEY_SOURCE(text) IN_SOURCE("path: /a, scheme: api-key, keys: {k: f}, " text)
#define SIGNED(text)     IN_SOURCE("path: /a, scheme: genesys-signature, keys: {k: f}, " text)

static const struct rule_case {
    const char *text, *findings;
} rule_cases[] = {
    {WHOLE, ""},
    {"", "wrong-type@1:1"},
    {"[]", "wrong-type@1:1"},
    {"{}", "missing-key@1:1 missing-key@1:1 missing-key@1:1 missing-key@1:1 missing-key@1:1"},
    {"apiVersion: ingestd/v2\ndata: /d\nlisten: {plaintext: true}\nadmin: {token_file: t}\n" SOURCE
         SINK,
     "bad-value@1:13"},
    {WHOLE "data: /e\n", "yaml-duplicate-key@7:1"},
    /* listeners */
    {LISTEN("certificate: c") SOURCE SINK, "missing-key@3:23"},
    {LISTEN("key: c") SOURCE SINK, "missing-key@3:15"},
    {LISTEN("reactors: 1") SOURCE SINK, "missing-key@3:9"},
    {LISTEN("certificate: c, key: k, plaintext: true") SOURCE SINK, "bad-value@3:45"},
    {LISTEN("certificate: c, key: k, plaintext: false") SOURCE SINK, ""},
    {LISTEN("client_ca: c, plaintext: true") SOURCE SINK, "bad-value@3:21"},
    {LISTEN("plaintext: true, address: '0.0.0.0:80'") SOURCE SINK, "not-encrypted@3:36"},
    {LISTEN("plaintext: true, address: '127.3.4.5:80'") SOURCE SINK, ""},
    {LISTEN("plaintext: true, address: '[::1]:80'") SOURCE SINK, ""},
    {LISTEN("certificate: c, key: k, address: '[::]:443'") SOURCE SINK, ""},
    {LISTEN("plaintext: true, address: 'localhost:80'") SOURCE SINK, "bad-value@3:36"},
    {LISTEN("plaintext: true, address: '127.0.0.1'") SOURCE SINK, "bad-value@3:36"},
    {LISTEN("plaintext: 1") SOURCE SINK, "wrong-type@3:21"},
    {ADMIN("address: '127.0.0.1:1'") SOURCE SINK, "missing-key@1:1"},
    {ADMIN("token_file: t, address: '10.0.0.1:1'") SOURCE SINK, "not-encrypted@4:33"},
    /* amounts */
    {WHOLE "limits: {handshake: 5}\n", "wrong-type@7:21"},
    {WHOLE "limits: {handshake: 1ms}\n", "out-of-range@7:21"},
    {WHOLE "limits: {body_size: 1MB}\n", "wrong-type@7:21"},
    {WHOLE "limits: {body_size: 1}\n", "out-of-range@7:21"},
    {WHOLE "limits: {batch_size: 512KiB}\n", "out-of-range@7:22"},
    {WHOLE "limits: {body_size: 16MiB}\n", "out-of-range@7:9"},
    {WHOLE "limits: {pending_size: 1MiB}\n", "out-of-range@7:24"},
    {WHOLE "workers: {least: 5, most: 4}\n", "out-of-range@7:27"},
    {WHOLE "dedupe: {window: 5m}\n", "out-of-range@7:18"},
    /* sources */
    {HEAD SINK, "missing-key@1:1"},
    {HEAD SINK "sources: {}\n", "out-of-range@6:10"},
    {IN_SOURCE(""), "missing-key@7:3 missing-key@7:3"},
    {IN_SOURCE("path: /a, keys: {k: f}"), "missing-key@7:3"},
    {IN_SOURCE("path: /a, scheme: none, keys: {k: f}"), "bad-value@7:25"},
    {IN_SOURCE("path: a, scheme: api-key, keys: {k: f}"), "bad-value@7:13"},
    {IN_SOURCE("path: '/a?x', scheme: api-key, keys: {k: f}"), "bad-value@7:13"},
    {IN_SOURCE("path: /a, scheme: api-key"), "missing-key@7:3"},
    {IN_SOURCE("path: /a, scheme: api-key, keys: {}"), "missing-key@7:3"},
    {IN_SOURCE("path: /a, scheme: api-key, keys: {'a b': f}"), "bad-value@7:41"},
    {IN_SOURCE("path: /a, scheme: api-key, keys: {'a,b': f}"), "bad-value@7:41"},
    {IN_SOURCE("path: /a, scheme: api-key, keys: {k: f, k: g}"), "yaml-duplicate-key@7:47"},
    {IN_SOURCE("path: /a, scheme: api-key, keys: {a: f, b: f, c: f, d: f, e: f, f: f, g: f, h: f, "
               "i: f, j: f, k: f, l: f, m: f, n: f, o: f, p: f, q: f}"),
     "out-of-range@7:40"},
    {IN_SOURCE("path: /a, scheme: mtls, keys: {k: f}"), "missing-key@7:25"},
    {HEAD SINK "sources:\n  'a b': {path: /a, scheme: api-key, keys: {k: f}}\n", "bad-value@7:3"},
    {HEAD SINK "sources:\n"
               "  a: {path: /x, scheme: api-key, keys: {k: f}}\n"
               "  b: {path: /x, scheme: api-key, keys: {k: f}}\n",
     "bad-value@8:13"},
    {KEY_SOURCE("tolerance: 1m"), "not-for-this-kind@7:48"},
    {KEY_SOURCE("header: 'X: Y'"), "bad-value@7:56"},
    {KEY_SOURCE("share: 0"), "out-of-range@7:55"},
    {KEY_SOURCE("networks: [10.0.0.0/8, '::/0', 1.2.3.4]"), ""},
    {KEY_SOURCE("networks: [10.0.0.0/8, 10.0.0.1/8]"), "bad-value@7:71"},
    {KEY_SOURCE("networks: [example.com]"), "bad-value@7:59"},
    {KEY_SOURCE("networks: 10.0.0.0/8"), "wrong-type@7:58"},
    {SIGNED("signed: '{body}'"), "bad-value@7:66"},
    {SIGNED("signed: '{t}{body}'"), "bad-value@7:66"},
    {SIGNED("signed: '{t}.{body}.{body}'"), "bad-value@7:66"},
    {SIGNED("signed: '{time}.{body}'"), "bad-value@7:66"},
    {SIGNED("rsa_bits_most: 1024"), "out-of-range@7:73"},
    {IN_SOURCE("path: /a, scheme: hub-signature-256, keys: {k: f}, signed: '{t}.{body}'"),
     "bad-value@7:66"},
    /* sinks */
    {HEAD SOURCE, "missing-key@1:1"},
    {HEAD SOURCE "sinks: {}\n", "out-of-range@6:8"},
    {IN_SINK("type: http"), "missing-key@7:3"},
    {IN_SINK("type: ndjson"), "missing-key@7:3"},
    {IN_SINK("path: p"), "missing-key@7:3"},
    {IN_SINK("type: kafka, path: p"), "bad-value@7:13"},
    {HTTP_SINK("path: p"), "not-for-this-kind@7:45"},
    {FILE_SINK("concurrency: 2"), "not-for-this-kind@7:30"},
    {FILE_SINK("order_wait: 2s"), "not-for-this-kind@7:30"},
    {FILE_SINK("order: time, order_wait: 2s"), ""},
    {FILE_SINK("retries: [1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s]"), ""},
    {FILE_SINK("retries: [1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s, 9s]"), "out-of-range@7:39"},
    {FILE_SINK("retries: [1s, 2]"), "wrong-type@7:44"},
    {FILE_SINK("breaker: {fails: 1}"), "unknown-key@7:40"},
    {FILE_SINK("compat: [{type: T, rename: {a.b: c}, default: {d: [1, off-hook]}, drop: [e]}]"),
     ""},
    {FILE_SINK("compat: {}"), "wrong-type@7:38"},
    {FILE_SINK("compat: [1]"), "wrong-type@7:39"},
    {FILE_SINK("compat: [{}]"), "missing-key@7:39"},
    {FILE_SINK("compat: [{type: T, rename: {}}]"), "missing-key@7:39"},
    {FILE_SINK("compat: [{renam: {a: b}}]"), "unknown-key@7:40"},
    {FILE_SINK("compat: [{rename: {a: 1}}]"), "wrong-type@7:52"},
    {FILE_SINK("compat: [{rename: {a..b: c}}]"), "bad-value@7:49"},
    {FILE_SINK("compat: [{rename: {'a[].b': c}}]"), "bad-value@7:49"},
    {FILE_SINK("compat: [{rename: {a: a.b}}]"), "bad-value@7:52"},
    {FILE_SINK("compat: [{rename: {a: a}}]"), "bad-value@7:52"},
    {FILE_SINK("compat: [{default: {a: off}}]"), "yaml-ambiguous@7:53"},
    {FILE_SINK("compat: [{default: {a: {b: 1e999}}}]"), "out-of-range@7:57"},
    {FILE_SINK("compat: [{drop: [a, .b]}]"), "bad-value@7:50"},
    {FILE_SINK("compat: [{drop: a}]"), "wrong-type@7:46"},
    {IN_SINK("type: http, url: 'x.example'"), "bad-value@7:24"},
    {IN_SINK("type: http, url: 'https://u:p@x.example/'"), "url-userinfo@7:24"},
    {IN_SINK("type: http, url: 'http://x.example/'"), "not-encrypted@7:24"},
    {IN_SINK("type: http, url: 'http://127.0.0.1:1/'"), ""},
    {HTTP_SINK("headers: {Authorization: x}"), "bad-value@7:55"},
    {HTTP_SINK("headers: {Content-Length: '1'}"), "bad-value@7:55"},
    {HTTP_SINK("headers: {X-Y: \"a\\nb\"}"), "bad-value@7:60"},
    {HEAD SOURCE "sinks:\n  a: {type: ndjson, path: p}\n  b: {type: ndjson, path: p}\n"
                 "default_sink: a\n",
     "bad-value@8:27"},
    {HEAD SOURCE "sinks:\n  a: {type: ndjson, path: p}\n  b: {type: ndjson, path: q}\n",
     "missing-key@7:3"},
    {WHOLE "default_sink: t\n", "bad-value@7:15"},
    /* subscriptions */
    {WHOLE "subscriptions:\n", ""},
    {WHOLE "subscriptions: {a: {sink: t}}\n", "bad-value@7:27"},
    {WHOLE "subscriptions: {'a b': {}}\n", "bad-value@7:17"},
    {WHOLE "subscriptions: {a: {filter: [{field: x, op: like, value: y}]}}\n", "bad-value@7:45"},
    {WHOLE "subscriptions: {a: {filter: [{field: x, op: eq}]}}\n", "missing-key@7:30"},
    {WHOLE "subscriptions: {a: 1}\n", "wrong-type@7:20"},
};

static void each_rule_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rule_cases) / sizeof(rule_cases[0]); i++) {
        struct reading reading;
        read_text(&reading, rule_cases[i].text);
        if (strcmp(buf_text(&reading.findings), rule_cases[i].findings) != 0)
            print_error("case %zu, of this text:\n%s\n", i, rule_cases[i].text);
        assert_string_equal(buf_text(&reading.findings), rule_cases[i].findings);
        assert_int_equal(reading.ok, reading.diags.errors == 0);
        release(&reading);
    }
}

/* -- networks and addresses ------------------------------------------------------------------- */

static void networks_are_read(void **state)
{
    static const struct {
        const char *text, *address;
        int bits; /* -1: refused */
    } cases[] = {
        {"10.0.0.0/8", "::ffff:10.0.0.0", 104},
        {"0.0.0.0/0", "::ffff:0.0.0.0", 96},
        {"192.0.2.7", "::ffff:192.0.2.7", 128},
        {"192.0.2.7/32", "::ffff:192.0.2.7", 128},
        {"::ffff:10.0.0.0/104", "::ffff:10.0.0.0", 104},
        {"2001:db8::/32", "2001:db8::", 32},
        {"::/0", "::", 0},
        {"::1", "::1", 128},
        {"", NULL, -1},
        {"/8", NULL, -1},
        {"10.0.0.0/", NULL, -1},
        {"10.0.0.0/33", NULL, -1},
        {"10.0.0.0/08", NULL, -1},
        {"10.0.0.0/8x", NULL, -1},
        {"10.0.0.0/-1", NULL, -1},
        {"10.0.0/8", NULL, -1},
        {"10.0.0.1/31", NULL, -1},
        {"2001:db8::1/127", NULL, -1},
        {"::/129", NULL, -1},
        {"fe80::1%eth0", NULL, -1},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_network network;
        uint8_t address[16];
        bool ok = config_network_read(cases[i].text, &network);
        if (ok != (cases[i].bits >= 0))
            print_error("\"%s\"\n", cases[i].text);
        assert_int_equal(ok, cases[i].bits >= 0);
        if (!ok)
            continue;
        assert_int_equal(network.bits, cases[i].bits);
        assert_int_equal(inet_pton(AF_INET6, cases[i].address, address), 1);
        assert_memory_equal(network.address, address, 16);
    }
}

static void addresses_are_read(void **state)
{
    static const struct {
        const char *text, *host; /* NULL: refused */
        unsigned port;
        bool loopback;
    } cases[] = {
        {"127.0.0.1:8443", "127.0.0.1", 8443, true},
        {"127.9.9.9:0", "127.9.9.9", 0, true},
        {"0.0.0.0:65535", "0.0.0.0", 65535, false},
        {"[::1]:1", "::1", 1, true},
        {"[::]:443", "::", 443, false},
        {"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, true},
        {"", NULL, 0, false},
        {":1", NULL, 0, false},
        {"127.0.0.1", NULL, 0, false},
        {"127.0.0.1:", NULL, 0, false},
        {"127.0.0.1:65536", NULL, 0, false},
        {"127.0.0.1:99999999999", NULL, 0, false},
        {"::1:80", NULL, 0, false},
        {"[127.0.0.1]:80", NULL, 0, false},
        {"[::1:80", NULL, 0, false},
        {"[]:80", NULL, 0, false},
        {"[:80", NULL, 0, false},
        {"localhost:80", NULL, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_address address;
        bool ok = config_address_read(cases[i].text, &address);
        if (ok != (cases[i].host != NULL))
            print_error("\"%s\"\n", cases[i].text);
        assert_int_equal(ok, cases[i].host != NULL);
        if (!ok)
            continue;
        assert_string_equal(address.host, cases[i].host);
        assert_int_equal(address.port, cases[i].port);
        assert_int_equal(address.loopback, cases[i].loopback);
    }
}

/* -- documentation ------------------------------------------------------------------------------
 */

static void help_names_keys_with_default_and_kind(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, MIB);
    config_help(&out);
    assert_non_null(strstr(buf_text(&out), "| `limits.body_size` | size, 256 to 1GiB | `1MiB` |"));
    assert_non_null(strstr(buf_text(&out), "| `sinks.NAME.breaker.open` | duration, "));
    assert_non_null(strstr(buf_text(&out), "(ndjson) |"));
    assert_non_null(strstr(buf_text(&out), "| `data` | text | needed |"));
    assert_non_null(strstr(buf_text(&out), "`subscriptions.NAME.filter[].op`"));
    assert_non_null(strstr(buf_text(&out), "`sinks.NAME.compat[].rename`"));
    assert_non_null(
        strstr(buf_text(&out), "| hub-signature-256 | X-Hub-Signature-256 | sha256= |"));
    buf_release(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_read),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(what_is_given_is_taken),
        cmocka_unit_test(an_unknown_key_is_named_with_what_was_meant),
        cmocka_unit_test(each_rule_says_where),
        cmocka_unit_test(networks_are_read),
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(help_names_keys_with_default_and_kind),
    };

    return cmocka_run_group_tests_name("ingest config", tests, NULL, NULL);
}
