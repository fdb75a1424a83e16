#include "ingest/auth.h"

#include "ingest/auth_source.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

struct auth {
    struct arena arena;
    EVP_MD *sha256;
    struct auth_source *sources;
    size_t source_count;
};

static const char *const reason_words[AUTH_REASONS] = {
    [AUTH_OK] = "ok",
    [AUTH_NETWORK] = "network",
    [AUTH_MISSING] = "missing",
    [AUTH_MALFORMED] = "malformed",
    [AUTH_SCHEME] = "scheme",
    [AUTH_KEY] = "key",
    [AUTH_ALGORITHM] = "algorithm",
    [AUTH_EXPIRED] = "expired",
    [AUTH_FUTURE] = "future",
    [AUTH_SIGNATURE] = "signature",
    [AUTH_CERTIFICATE] = "certificate",
    [AUTH_TROUBLE] = "trouble",
};

const char *auth_reason_word(enum auth_reason reason)
{
    return (unsigned)reason < AUTH_REASONS ? reason_words[reason] : "unknown";
}

/* -- verifying ----------------------------------------------------------------------------- */

struct slice {
    const char *text;
    size_t length;
};

static struct auth_verdict refused(enum auth_reason reason)
{
    return (struct auth_verdict){.reason = reason};
}

static struct auth_verdict believed(const struct auth_key *key, const char *algorithm)
{
    return (struct auth_verdict){AUTH_OK, key->id, algorithm, key->subscription};
}

/* The header that the source's signature or key stands in, without its prefix. */
static enum auth_reason find_header(const struct auth_source *source,
                                    const struct http_reader *request, struct slice *value)
{
    size_t count = 0;
    const struct http_header *header = http_reader_header(request, source->header, &count);

    if (count == 0)
        return AUTH_MISSING;
    if (count > 1 || !header || header->value_length < source->prefix_bytes ||
        memcmp(header->value, source->config->prefix, source->prefix_bytes) != 0)
        return AUTH_MALFORMED;
    value->text = header->value + source->prefix_bytes;
    value->length = header->value_length - source->prefix_bytes;
    return AUTH_OK;
}

static size_t fill_text(const struct auth_source *source, const struct http_reader *request,
                        const char *time, struct iovec *text)
{
    for (size_t i = 0; i < source->piece_count; i++) {
        const struct text_piece *piece = &source->pieces[i];
        if (piece->kind == PIECE_BODY)
            text[i] = (struct iovec){request->body.data, request->body.length};
        else if (piece->kind == PIECE_TIME)
            text[i] = (struct iovec){(void *)time, strlen(time)};
        else
            text[i] = (struct iovec){(void *)piece->text, piece->length};
    }
    return source->piece_count;
}

static int compare_ids(const void *id, const void *key)
{
    return strcmp(id, ((const struct auth_key *)key)->id);
}

static enum auth_reason check_time(const struct auth_source *source, int64_t time_s, int64_t now_s)
{
    int64_t tolerance_s = source->config->tolerance_ms / 1000;
    int64_t age_s = now_s - time_s; /* neither is negative */

    return age_s > tolerance_s ? AUTH_EXPIRED : age_s < -tolerance_s ? AUTH_FUTURE : AUTH_OK;
}

static struct auth_verdict verify_signature(const struct auth_source *source,
                                            const struct http_reader *request,
                                            const struct auth_sender *sender)
{
    struct signature_header header;
    struct iovec text[TEXT_PIECES_MOST];
    struct slice value = {NULL, 0};
    enum auth_reason reason = find_header(source, request, &value);
    const struct auth_algorithm *algorithm;
    const struct auth_key *key;

    if (reason != AUTH_OK)
        return refused(reason);
    if (!signature_header_read(value.text, value.length,
                               (enum config_encoding)source->config->encoding, &header))
        return refused(AUTH_MALFORMED);
    algorithm = auth_algorithm_find(header.algorithm);
    if (!algorithm)
        return refused(AUTH_SCHEME);
    key = source->key_count == 0 ? NULL
                                 : bsearch(header.key_id, source->keys, source->key_count,
                                           sizeof(*source->keys), compare_ids);
    if (!key)
        return refused(AUTH_KEY);
    if (key->algorithm != algorithm)
        return refused(AUTH_ALGORITHM);
    reason = check_time(source, header.time_s, sender->now_s);
    if (reason == AUTH_OK)
        reason = auth_key_verify(key, source->sha256, text,
                                 fill_text(source, request, header.time, text), header.signature,
                                 header.signature_bytes);
    return reason == AUTH_OK ? believed(key, algorithm->word) : refused(reason);
}

static struct auth_verdict verify_hmac(const struct auth_source *source,
                                       const struct http_reader *request,
                                       const struct auth_sender *sender)
{
    uint8_t mac[KEY_DIGEST_BYTES];
    size_t mac_bytes = 0;
    struct iovec text[TEXT_PIECES_MOST];
    struct slice value = {NULL, 0};
    enum auth_reason reason = find_header(source, request, &value);

    (void)sender;
    if (reason != AUTH_OK)
        return refused(reason);
    if (!signature_decode(value.text, value.length, (enum config_encoding)source->config->encoding,
                          mac, sizeof(mac), &mac_bytes) ||
        mac_bytes != sizeof(mac))
        return refused(AUTH_MALFORMED);
    size_t count = fill_text(source, request, "", text);
    reason = AUTH_SIGNATURE;
    for (size_t i = 0; i < source->key_count; i++) {
        enum auth_reason one = auth_key_verify_mac(&source->keys[i], text, count, mac);
        if (one == AUTH_OK)
            return believed(&source->keys[i], "hmac-sha256");
        if (one == AUTH_TROUBLE)
            reason = one;
    }
    return refused(reason);
}

/* Digests are compared, so that the time it takes tells neither the key nor its length. */
static struct auth_verdict verify_api_key(const struct auth_source *source,
                                          const struct http_reader *request,
                                          const struct auth_sender *sender)
{
    uint8_t digest[KEY_DIGEST_BYTES];
    struct slice value = {NULL, 0};
    enum auth_reason reason = find_header(source, request, &value);
    const struct auth_key *found = NULL;

    (void)sender;
    if (reason != AUTH_OK)
        return refused(reason);
    if (EVP_Digest(value.text, value.length, digest, NULL, source->sha256, NULL) != 1)
        return refused(AUTH_TROUBLE);
    for (size_t i = 0; i < source->key_count; i++)
        if (auth_key_verify_digest(&source->keys[i], digest) == AUTH_OK)
            found = &source->keys[i];
    return found ? believed(found, "api-key") : refused(AUTH_SIGNATURE);
}

/* Names are compared as they are: what differs in a letter's case is another's. */
static struct auth_verdict verify_certificate(const struct auth_source *source,
                                              const struct http_reader *request,
                                              const struct auth_sender *sender)
{
    (void)request;
    for (const char *const *name = sender->cert_names; name && *name; name++)
        for (size_t i = 0; i < source->key_count; i++)
            if (strcmp(source->keys[i].name, *name) == 0)
                return believed(&source->keys[i], "client-certificate");
    return refused(AUTH_CERTIFICATE);
}

/* -- schemes ------------------------------------------------------------------------------- */

static const struct scheme schemes[] = {
    {SCHEME_SIGNATURE, true, true, true, true, auth_source_load_public, verify_signature},
    {SCHEME_HMAC, true, true, false, false, auth_source_load_mac, verify_hmac},
    {SCHEME_API_KEY, true, false, false, false, auth_source_load_digest, verify_api_key},
    {SCHEME_MTLS, false, false, false, false, NULL, verify_certificate},
};
enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

static const struct scheme *scheme_find(int scheme)
{
    for (size_t i = 0; i < SCHEMES; i++)
        if (schemes[i].scheme == scheme)
            return &schemes[i];
    return NULL;
}

static bool load_sources(struct auth *auth, const struct config *config,
                         const struct auth_published_key *published, size_t published_count,
                         struct error *error)
{
    auth->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    auth->sources = arena_alloc(&auth->arena, (config->source_count + 1) * sizeof(*auth->sources));
    if (!auth->sha256 || !auth->sources)
        return error_no_memory(error);
    for (size_t i = 0; i < config->source_count; i++) {
        struct auth_source *source = &auth->sources[auth->source_count++];
        source->config = &config->sources[i];
        source->scheme = scheme_find(source->config->scheme);
        source->sha256 = auth->sha256;
        if (!source->scheme)
            error_set(error, ERROR_INVALID, "an unknown scheme (%d)", source->config->scheme);
        if (!source->scheme ||
            !auth_source_load(source, &auth->arena, published, published_count, error))
            return error_wrap(error, "source %s", source->config->name);
    }
    return true;
}

struct auth *auth_new(const struct config *config, const struct auth_published_key *published,
                      size_t published_count, struct error *error)
{
    struct auth *auth = calloc(1, sizeof(*auth));

    if (!auth) {
        error_no_memory(error);
        return NULL;
    }
    arena_init(&auth->arena);
    if (!load_sources(auth, config, published, published_count, error)) {
        auth_free(auth);
        auth = NULL;
    }
    ERR_clear_error();
    return auth;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    for (size_t i = 0; i < auth->source_count; i++)
        auth_source_release(&auth->sources[i]);
    EVP_MD_free(auth->sha256);
    arena_release(&auth->arena);
    free(auth);
}

/* -- asking -------------------------------------------------------------------------------- */

const struct auth_source *auth_find(const struct auth *auth, const char *path)
{
    for (size_t i = 0; i < auth->source_count; i++)
        if (strcmp(auth->sources[i].config->path, path) == 0)
            return &auth->sources[i];
    return NULL;
}

const struct config_source *auth_source_config(const struct auth_source *source)
{
    return source->config;
}

static bool network_has(const struct config_network *network, const struct in6_addr *address)
{
    size_t bytes = (size_t)network->bits / 8;
    unsigned rest = (unsigned)network->bits % 8;

    if (memcmp(network->address, address->s6_addr, bytes) != 0)
        return false;
    return rest == 0 || (network->address[bytes] ^ address->s6_addr[bytes]) >> (8 - rest) == 0;
}

bool auth_allows(const struct auth_source *source, const struct in6_addr *address)
{
    const struct config_source *config = source->config;

    for (size_t i = 0; i < config->network_count; i++)
        if (network_has(&config->networks[i], address))
            return true;
    return config->network_count == 0;
}

struct auth_verdict auth_verify(const struct auth_source *source, const struct http_reader *request,
                                const struct auth_sender *sender)
{
    struct auth_verdict verdict = refused(AUTH_NETWORK);

    if (auth_allows(source, &sender->address))
        verdict = source->scheme->verify(source, request, sender);
    if (ERR_peek_error())
        ERR_clear_error();
    return verdict;
}
