/* ingestd's configuration: the structs that its YAML is read into, and the defaults.
 *
 * config_keys.c has the tables of keys (core/spec.h): reading, findings with line and column,
 * `ingestd help config` and the defaults all come from them. Everything here is plain data.
 *
 * Always holds after config_read returned true: every value is set, its default filled in; paths
 * are not NULL unless said so. Texts and arrays live in config->arena; one config is never changed
 * after it was read: a reload reads a second one.
 */
#ifndef INGEST_CONFIG_H
#define INGEST_CONFIG_H

#include "core/arena.h"
#include "core/diag.h"
#include "core/filter.h"

#include <stdbool.h>
#include <stdint.h>

struct config_listen {
    const char *address;     /* "127.0.0.1:8443", "[::]:8443"; port 0: any, printed at the start */
    const char *certificate; /* PEM file, with its chain; NULL: no TLS */
    const char *key;         /* PEM file */
    const char *client_ca;   /* PEM file; NULL: client certificates are not asked for */
    bool plaintext;          /* no TLS, since something in front of us does it */
    int64_t reactors;        /* threads that accept; 0: by cores */
};

struct config_admin {
    const char *address;
    const char *token_file; /* the bearer token, mode 0600 */
};

/* Every phase's limit is a deadline for the whole of it. */
struct config_limits {
    int64_t handshake_ms, head_ms, body_ms, idle_ms;
    int64_t body_rate_bytes; /* a second, from the third second of a body on */
    int64_t body_bytes;      /* of one event */
    int64_t batch_bytes;     /* of an array of events */
    int64_t headers;
    int64_t head_bytes;
    int64_t connections;
    int64_t connections_per_address;
    int64_t failures_per_minute; /* failed verifications of one address, after which 429 */
    int64_t pending_bytes;       /* accepted from the network and not yet on disk, in all */
    int64_t hold_ms;             /* how long a 503 is held back */
};

struct config_queue {
    int64_t retention_ms;    /* how long delivered requests are kept as they came */
    int64_t retention_bytes; /* how much of them; 0: no limit */
    int64_t reserve_bytes;   /* below so much free disk, requests get 503 */
    int64_t wal_bytes;       /* a checkpoint is begun at this length */
};

enum config_scheme {
    SCHEME_SIGNATURE, /* keyId=…,alg=…,t=…,sig=… over t "." body, as the guide's */
    SCHEME_HMAC,      /* sha256=<base64> over the body, as Open Messaging's */
    SCHEME_API_KEY,   /* a header that holds the key */
    SCHEME_MTLS,      /* a client certificate */
    SCHEME_COUNT
};
const char *config_scheme_word(int scheme); /* "genesys-signature", "hub-signature-256", … */

enum config_encoding { ENCODING_BASE64, ENCODING_HEX };

/* One key of a source; two or more are live at a time while they are rotated. */
struct config_key {
    const char *id;   /* the keyId of a signature; for the others only a name in logs */
    const char *file; /* PEM public key, or a secret's bytes (a trailing newline is left out);
                       * for mtls: NULL */
    const char *name; /* mtls: the subject's common name or a DNS name of the certificate */
};

struct config_network {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    int bits;            /* of 128 */
};

struct config_source {
    const char *name;
    const char *path; /* "/events"; no two sources have the same */
    int scheme;
    const char *header;      /* where the signature or key stands; default by scheme */
    int encoding;            /* of the signature */
    const char *prefix;      /* before the signature; "sha256=" for HMAC */
    const char *signed_text; /* "{t}.{body}" or "{body}"; what is signed */
    int64_t tolerance_ms;    /* how far a signed timestamp may be off, both ways */
    int64_t rsa_bits_most;   /* costlier keys are refused */
    const struct config_key *keys;
    size_t key_count;
    const struct config_network *networks; /* who may send; none: everybody */
    size_t network_count;
    const char *subscription; /* of events that name none; default: the source's name */
    const char *topic;        /* of bare event bodies that name none in header or query; or NULL */
    int64_t share_percent;    /* of limits.pending_bytes that this source may fill; 100: all */
};

enum config_sink_type { SINK_HTTP, SINK_NDJSON, SINK_TYPES };
enum config_order { ORDER_ARRIVAL, ORDER_TIME };

struct config_header {
    const char *name, *value;
};

/* What a sink sees of events of another shape (compat.h); paths below the payload. */
struct config_rename {
    const char *from, *to;
};
struct config_default {
    const char *path, *value; /* JSON */
};
struct config_compat {
    const char *type; /* only of this event type; NULL: of all */
    const struct config_rename *renames;
    size_t rename_count;
    const struct config_default *defaults;
    size_t default_count;
    const char *const *drops;
    size_t drop_count;
};

struct config_sink {
    const char *name;
    int type;
    int order;
    int64_t order_wait_ms;    /* by time: how long an event waits for earlier ones */
    int64_t retries_ms[8];    /* the gaps before each retry */
    size_t retry_count;       /* 3 unless told */
    int64_t jitter_percent;   /* a gap is spread by so much, both ways */
    int64_t concurrency;      /* deliveries at a time */
    int64_t breaker_failures; /* in a row, of different interactions, after which it opens */
    int64_t breaker_open_ms;  /* for so long at first, twice as long each time, 16 times at most */
    const struct config_compat *compat; /* rules, in their order */
    size_t compat_count;
    /* http */
    const char *url;
    const char *ca_file;    /* NULL: the system's */
    const char *token_file; /* sent as a bearer token; NULL: none */
    const struct config_header *headers;
    size_t header_count;
    int64_t timeout_ms; /* of one delivery, whole */
    /* ndjson */
    const char *path;
    int64_t rotate_bytes; /* 0: never */
    int64_t rotate_ms;    /* 0: never */
    int64_t keep;         /* rotated files; 0: all */
    bool sync;            /* fsync before an event counts as delivered */
};

struct config_subscription {
    const char *id, *name;
    const char *sink;
    const struct criterion *filter; /* residual: all must hold, else the event is dropped */
    size_t filter_count;
    bool paused;
};

struct config_dedupe {
    int64_t window_ms;
    int64_t keys; /* the most that are remembered */
};

struct config_workers {
    int64_t least, most;
    int64_t events_per_worker; /* one more worker for each so many events that wait */
};

struct config_dead_letters {
    int64_t bytes; /* quota */
    int64_t retention_ms;
};

struct config_shapes {
    int64_t per_type;     /* shapes of one event type that are told apart */
    int64_t sample_bytes; /* kept of the first one */
};

enum { CONFIG_CRITERIA_MOST = 64 }; /* of one subscription's filter */

struct config {
    struct arena arena;
    const char *data; /* folder of the queue and the ledger */
    struct config_listen listen;
    struct config_admin admin;
    struct config_limits limits;
    struct config_queue queue;
    struct config_dedupe dedupe;
    struct config_workers workers;
    struct config_dead_letters dead_letters;
    struct config_shapes shapes;
    const struct config_source *sources;
    size_t source_count;
    const struct config_sink *sinks;
    size_t sink_count;
    const char *default_sink; /* of subscriptions that name none; the only one when there is one */
    const struct config_subscription *subscriptions;
    size_t subscription_count;
};

void config_init(struct config *config);
void config_release(struct config *config);

/* Reads a source's text (core/source.h). False: `diags` says what is wrong, every unknown key with
 * its line and column among it. Opens no file that the configuration names. */
MUST_CHECK bool config_read(struct config *config, const struct source *source,
                            struct diag_list *diags);

/* NULL when there is none of that name. */
const struct config_sink *config_find_sink(const struct config *config, const char *name);

/* Appends every key with its default and meaning, for `ingestd help config`. */
struct buf;
void config_help(struct buf *out);

#endif
