/* Keys made for one run, requests that are put together by hand, and one source to send them to. */
#ifndef TESTS_UNIT_TEST_INGEST_AUTH_FIXTURE_H
#define TESTS_UNIT_TEST_INGEST_AUTH_FIXTURE_H

#include "core/file.h"
#include "ingest/auth.h"
#include "unit.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_S        1800000000
#define HEADER_BYTES 4096

enum { KEY_ED, KEY_P256, KEY_RSA, KEY_OTHER, KEYS }; /* OTHER: a P-256 that nobody configured */

static char folder[] = "/tmp/test-ingest-auth-XXXXXX";
static EVP_PKEY *pairs[KEYS];
static char pems[KEYS][2048]; /* public halves */

static const char *path_of(const char *name)
{
    static char paths[64][256]; /* enough for one test */
    static unsigned next;
    char *path = paths[next++ % 64];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const void *bytes, size_t length)
{
    struct error error = ERROR_INIT;
    const char *path = path_of(name);

    assert_true(file_replace(path, bytes, length, &error));
    return path;
}

static void public_pem(EVP_PKEY *key, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    long length;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    length = BIO_get_mem_data(bio, &bytes);
    assert_true(length > 0 && (size_t)length < size);
    memcpy(out, bytes, (size_t)length);
    out[length] = '\0';
    BIO_free(bio);
}

static int make_keys(void **state)
{
    static const char *const names[KEYS] = {"ed.pem", "p256.pem", "rsa.pem", "other.pem"};

    (void)state;
    assert_non_null(mkdtemp(folder));
    pairs[KEY_ED] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    pairs[KEY_P256] = EVP_EC_gen("P-256");
    pairs[KEY_RSA] = EVP_RSA_gen(2048);
    pairs[KEY_OTHER] = EVP_EC_gen("P-256");
    for (int i = 0; i < KEYS; i++) {
        assert_non_null(pairs[i]);
        public_pem(pairs[i], pems[i], sizeof(pems[i]));
        write_file(names[i], pems[i], strlen(pems[i]));
    }
    return 0;
}

/* What the tests wrote has no folders in it. */
static int drop_keys(void **state)
{
    char command[300];

    (void)state;
    for (int i = 0; i < KEYS; i++)
        EVP_PKEY_free(pairs[i]);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

/* -- signing ------------------------------------------------------------------------------- */

static size_t sign(EVP_PKEY *key, const char *text, size_t length, uint8_t out[1024])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = 1024;
    const char *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256";

    assert_int_equal(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(context, out, &size, (const unsigned char *)text, length), 1);
    EVP_MD_CTX_free(context);
    return size;
}

static const char *base64(const uint8_t *bytes, size_t length)
{
    static char text[2048];

    EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
    return text;
}

static const char *hmac_base64(const char *secret, const char *body)
{
    uint8_t mac[32];

    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body, strlen(body), mac,
         NULL);
    return base64(mac, sizeof(mac));
}

/* -- requests ------------------------------------------------------------------------------ */

static struct http_reader request;

static void request_init(const char *body)
{
    request = (struct http_reader){.phase = HTTP_COMPLETE, .method = "POST", .path = "/events"};
    request.body = (struct buf){.data = (char *)body, .length = strlen(body)};
}

static void add_header(const char *name, const char *value)
{
    request.headers[request.header_count++] =
        (struct http_header){name, value, strlen(name), strlen(value)};
}

/* -- one source ---------------------------------------------------------------------------- */

struct fixture {
    struct config config;
    struct config_source source;
    struct config_key keys[8];
    struct auth *auth;
};

static void add_key(struct fixture *fixture, const char *id, const char *file)
{
    fixture->keys[fixture->source.key_count++] = (struct config_key){.id = id, .file = file};
}

/* A source as the configuration's reader would make it, without keys. */
static struct fixture source_of(enum config_scheme scheme)
{
    static const char *const headers[SCHEME_COUNT] = {"X-Genesys-Signature", "X-Hub-Signature-256",
                                                      "X-API-Key", ""};
    struct fixture fixture = {
        .source = {.name = "test",
                   .path = "/events",
                   .scheme = (int)scheme,
                   .header = headers[scheme],
                   .prefix = scheme == SCHEME_HMAC ? "sha256=" : "",
                   .signed_text = scheme == SCHEME_SIGNATURE ? "{t}.{body}" : "{body}",
                   .tolerance_ms = 300000,
                   .rsa_bits_most = 4096}};

    return fixture;
}

static bool load(struct fixture *fixture, const struct auth_published_key *published, size_t count,
                 struct error *error)
{
    fixture->source.keys = fixture->keys;
    fixture->config.sources = &fixture->source;
    fixture->config.source_count = 1;
    fixture->auth = auth_new(&fixture->config, published, count, error);
    assert_int_equal(ERR_peek_error(), 0);
    return fixture->auth != NULL;
}

static void open_source(struct fixture *fixture)
{
    struct error error = ERROR_INIT;

    if (!load(fixture, NULL, 0, &error))
        fail_msg("%s", error.text);
}

static struct auth_verdict verify_as(const struct fixture *fixture,
                                     const struct auth_sender *sender)
{
    const struct auth_source *source = auth_find(fixture->auth, "/events");
    struct auth_verdict verdict;

    assert_non_null(source);
    verdict = auth_verify(source, &request, sender);
    assert_int_equal(ERR_peek_error(), 0);
    if (verdict.reason == AUTH_OK)
        assert_true(verdict.key_id && verdict.algorithm);
    else
        assert_true(!verdict.key_id && !verdict.algorithm && !verdict.subscription);
    return verdict;
}

static struct auth_verdict verify(const struct fixture *fixture)
{
    struct auth_sender sender = {.now_s = NOW_S};

    return verify_as(fixture, &sender);
}

#endif
