#include "ingest/live.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* -- TLS ----------------------------------------------------------------------------------- */

/* Forward secrecy and authenticated encryption only, for TLS 1.2; 1.3 has nothing else. */
static const char tls12_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

/* Sessions are resumed by tickets alone: nothing is kept for them here, and a reload, which makes
 * new ticket keys, ends them. */
static const unsigned char session_context[] = "ingestd";

static bool tls_error(struct error *error, const char *file)
{
    unsigned long code = ERR_peek_error(); /* the first is the cause */
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

    error_set(error, ERROR_INVALID, "%s: %s", file, reason ? reason : "TLS cannot use it");
    ERR_clear_error();
    return false;
}

/* A key that is encrypted gets no password; nobody is asked for one. */
static int no_password(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

/* Who offers protocols, and not this one, would not understand our replies. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                           const unsigned char *offered, unsigned offered_length, void *context)
{
    static const unsigned char served[] = "\x08http/1.1";
    unsigned char *chosen = NULL;

    (void)ssl, (void)context;
    if (SSL_select_next_proto(&chosen, out_length, served, sizeof(served) - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool load_certificate(SSL_CTX *tls, const struct config_listen *listen, struct error *error)
{
    SSL_CTX_set_default_passwd_cb(tls, no_password);
    if (SSL_CTX_use_certificate_chain_file(tls, listen->certificate) != 1)
        return tls_error(error, listen->certificate);
    if (SSL_CTX_use_PrivateKey_file(tls, listen->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1)
        return tls_error(error, listen->key);
    return true;
}

/* A certificate is asked for, and one that comes must be good; whether one must come is for the
 * source's scheme to say. */
static bool load_client_ca(SSL_CTX *tls, const struct config_listen *listen, struct error *error)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(listen->client_ca);

    if (!names)
        return tls_error(error, listen->client_ca);
    SSL_CTX_set_client_CA_list(tls, names); /* takes them over */
    if (SSL_CTX_load_verify_file(tls, listen->client_ca) != 1)
        return tls_error(error, listen->client_ca);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    return true;
}

static bool limit_tls(SSL_CTX *tls, struct error *error)
{
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS); /* most connections are idle */
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
    if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(tls, tls12_ciphers) != 1 || SSL_CTX_set_num_tickets(tls, 1) != 1 ||
        SSL_CTX_set_session_id_context(tls, session_context, sizeof(session_context) - 1) != 1)
        return tls_error(error, "TLS");
    return true;
}

static SSL_CTX *tls_new(const struct config_listen *listen, struct error *error)
{
    SSL_CTX *tls;

    ERR_clear_error();
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls) {
        error_no_memory(error);
    } else if (!limit_tls(tls, error) || !load_certificate(tls, listen, error) ||
               (listen->client_ca && !load_client_ca(tls, listen, error))) {
        SSL_CTX_free(tls);
        tls = NULL;
    }
    ERR_clear_error();
    return tls;
}

/* -- all of it ----------------------------------------------------------------------------- */

/* What the configuration's reader refuses too; a listener without TLS must never be an accident. */
static bool listen_fits(const struct config_listen *listen, struct error *error)
{
    if (listen->plaintext)
        return !listen->client_ca ||
               error_set(error, ERROR_INVALID, "client certificates need TLS, listen has none");
    return (listen->certificate && listen->key) ||
           error_set(error, ERROR_INVALID, "listen has no certificate and key");
}

static bool sources_fit(const struct config *config, struct error *error)
{
    for (size_t i = 0; i < config->source_count; i++)
        if (config->sources[i].scheme == SCHEME_MTLS && !config->listen.client_ca)
            return error_set(error, ERROR_INVALID,
                             "source %s: client certificates need listen.client_ca",
                             config->sources[i].name);
    return true;
}

static struct http_limits http_limits_of(const struct config_limits *limits)
{
    return (struct http_limits){
        .head_bytes = (size_t)limits->head_bytes,
        .headers = (size_t)(limits->headers < HTTP_HEADERS_MOST ? limits->headers
                                                                : (int64_t)HTTP_HEADERS_MOST),
        .body_bytes = (size_t)limits->body_bytes,
        .batch_bytes = (size_t)limits->batch_bytes,
    };
}

static struct live *live_born(struct error *error)
{
    struct live *live = calloc(1, sizeof(*live));

    if (!live) {
        error_no_memory(error);
        return NULL;
    }
    atomic_init(&live->references, 1);
    config_init(&live->own);
    return live;
}

static bool live_fill(struct live *live, const struct auth_published_key *published,
                      size_t published_count, struct error *error)
{
    const struct config *config = live->config;

    live->http = http_limits_of(&config->limits);
    if (!listen_fits(&config->listen, error) || !sources_fit(config, error))
        return false;
    if (!config->listen.plaintext) {
        live->tls = tls_new(&config->listen, error);
        if (!live->tls)
            return false;
    }
    live->auth = auth_new(config, published, published_count, error);
    return live->auth != NULL;
}

struct live *live_new(struct config *config, const struct auth_published_key *published,
                      size_t published_count, struct error *error)
{
    struct live *live = live_born(error);

    if (!live) {
        config_release(config);
        return NULL;
    }
    live->own = *config;
    live->config = &live->own;
    config_init(config);
    if (!live_fill(live, published, published_count, error)) {
        live_drop(live);
        live = NULL;
    }
    return live;
}

struct live *live_again(struct live *live, const struct auth_published_key *published,
                        size_t published_count, struct error *error)
{
    struct live *again = live_born(error);

    if (!again)
        return NULL;
    again->base = live_hold(live->base ? live->base : live);
    again->config = live->config;
    again->http = live->http;
    again->auth = auth_new(again->config, published, published_count, error);
    if (!again->auth) {
        live_drop(again);
        return NULL;
    }
    if (live->tls)
        SSL_CTX_up_ref(live->tls);
    again->tls = live->tls;
    return again;
}

struct live *live_hold(struct live *live)
{
    atomic_fetch_add_explicit(&live->references, 1, memory_order_relaxed);
    return live;
}

void live_drop(struct live *live)
{
    if (!live || atomic_fetch_sub_explicit(&live->references, 1, memory_order_acq_rel) > 1)
        return;
    auth_free(live->auth);
    SSL_CTX_free(live->tls);
    config_release(&live->own);
    live_drop(live->base); /* a base has none itself */
    free(live);
}
