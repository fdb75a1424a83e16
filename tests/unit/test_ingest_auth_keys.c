/* Which keys are taken, and what is said of those that are not. */
#include "test_ingest_auth_fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

/* -- files that are no good ------------------------------------------------------------------ */

static EVP_PKEY *generate(const char *type)
{
    EVP_PKEY *key = NULL;

    if (strcmp(type, "RSA-1024") == 0)
        key = EVP_RSA_gen(1024);
    else if (strcmp(type, "RSA-3072") == 0)
        key = EVP_RSA_gen(3072);
    else if (strcmp(type, "P-384") == 0 || strcmp(type, "secp256k1") == 0)
        key = EVP_EC_gen(type);
    else
        key = EVP_PKEY_Q_keygen(NULL, NULL, type);
    assert_non_null(key);
    return key;
}

static const char *write_public(EVP_PKEY *key)
{
    char pem[4096];

    public_pem(key, pem, sizeof(pem));
    return write_file("made.pem", pem, strlen(pem));
}

static void assert_refused(struct fixture *fixture, const char *what, const char *words)
{
    struct error error = ERROR_INIT;

    if (load(fixture, NULL, 0, &error))
        fail_msg("%s was taken", what);
    if (error.code == ERROR_NONE || !strstr(error.text, words) || !strstr(error.text, "test") ||
        !strstr(error.text, "key-1"))
        fail_msg("%s: %s", what, error.text);
}

static void test_kinds(void **state)
{
    static const struct {
        const char *type, *words;
    } cases[] = {
        {"P-384", "P-256"},        {"secp256k1", "P-256"},   {"RSA-1024", "1024 bits"},
        {"RSA-3072", "3072 bits"}, {"ED448", "kind of key"}, {"X25519", "kind of key"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture = source_of(SCHEME_SIGNATURE);
        EVP_PKEY *key = generate(cases[i].type);
        fixture.source.rsa_bits_most = 2048;
        add_key(&fixture, "key-1", write_public(key));
        assert_refused(&fixture, cases[i].type, cases[i].words);
        EVP_PKEY_free(key);
    }
}

static void test_rsa_limits(void **state)
{
    EVP_PKEY *key = generate("RSA-3072");
    struct fixture fixture = source_of(SCHEME_SIGNATURE);

    (void)state;
    add_key(&fixture, "key-1", write_public(key));
    fixture.source.rsa_bits_most = 3071;
    assert_refused(&fixture, "3072", "2048 to 3071");
    fixture.source.rsa_bits_most = 3072;
    open_source(&fixture);
    auth_free(fixture.auth);
    EVP_PKEY_free(key);
}

/* A public RSA key of our 2048 bits with another exponent. */
static EVP_PKEY *rsa_with_exponent(const char *hex)
{
    BIGNUM *n = NULL, *e = NULL;
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters;

    assert_int_equal(EVP_PKEY_get_bn_param(pairs[KEY_RSA], OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_true(BN_hex2bn(&e, hex) > 0);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
    parameters = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_free(e);
    return key;
}

static void test_rsa_exponents(void **state)
{
    static const char *const exponents[] = {"1", "10000", "100000001",
                                            "100000000000000000000000000000001"};

    (void)state;
    for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
        struct fixture fixture = source_of(SCHEME_SIGNATURE);
        EVP_PKEY *key = rsa_with_exponent(exponents[i]);
        add_key(&fixture, "key-1", write_public(key));
        assert_refused(&fixture, exponents[i], "exponent");
        EVP_PKEY_free(key);
    }
}

static const char *write_private(void)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    const char *path;

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pairs[KEY_P256], NULL, NULL, 0, NULL, NULL),
                     1);
    path = write_file("private.pem", bytes, (size_t)BIO_get_mem_data(bio, &bytes));
    BIO_free(bio);
    return path;
}

/* The curve's parameters instead of its name. */
static const char *write_spelled_out(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const char *path;

    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    path = write_public(key);
    EVP_PKEY_free(key);
    return path;
}

static void test_wrong_files(void **state)
{
    char two[4096];
    const struct {
        enum config_scheme scheme;
        const char *file, *words;
    } cases[] = {
        {SCHEME_SIGNATURE, path_of("not-there"), "No such file"},
        {SCHEME_SIGNATURE, folder, "directory"},
        {SCHEME_SIGNATURE, write_file("empty", "", 0), "no public key"},
        {SCHEME_SIGNATURE, write_file("text", "hello\n", 6), "no public key"},
        {SCHEME_SIGNATURE, write_file("cut", pems[KEY_RSA], strlen(pems[KEY_RSA]) / 2),
         "no public key"},
        {SCHEME_SIGNATURE, write_private(), "private key"},
        {SCHEME_SIGNATURE, write_spelled_out(), "spelled out"},
        {SCHEME_HMAC, path_of("p256.pem"), "not a secret"},
        {SCHEME_HMAC, path_of("empty"), "no secret"},
        {SCHEME_HMAC, write_file("newline", "\n", 1), "no secret"},
        {SCHEME_API_KEY, path_of("rsa.pem"), "not a secret"},
        {SCHEME_API_KEY, path_of("empty"), "no secret"},
        {SCHEME_API_KEY, write_file("lines", "a\nb\n", 4), "no header can"},
        {SCHEME_API_KEY, write_file("space", " a\n", 3), "no header can"},
        {SCHEME_API_KEY, NULL, "no file"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture = source_of(cases[i].scheme);
        add_key(&fixture, "key-1", cases[i].file);
        assert_refused(&fixture, cases[i].file ? cases[i].file : "none", cases[i].words);
    }
    struct fixture fixture = source_of(SCHEME_SIGNATURE);
    snprintf(two, sizeof(two), "%s%s", pems[KEY_ED], pems[KEY_P256]);
    add_key(&fixture, "key-1", write_file("two", two, strlen(two)));
    assert_refused(&fixture, "two", "more than one key");
}

/* -- sources that are no good ---------------------------------------------------------------- */

static void test_twice(void **state)
{
    static const char *const names[] = {"ed.pem", "p256.pem"};

    (void)state;
    for (int i = 0; i < 2; i++) { /* the same key as well as another */
        struct fixture fixture = source_of(SCHEME_SIGNATURE);
        add_key(&fixture, "key-1", path_of("ed.pem"));
        add_key(&fixture, "other", path_of("rsa.pem"));
        add_key(&fixture, "key-1", path_of(names[i]));
        assert_refused(&fixture, "twice", "two keys");
    }
}

static void assert_source_refused(struct fixture *fixture, const char *words)
{
    struct error error = ERROR_INIT;

    assert_false(load(fixture, NULL, 0, &error));
    if (!strstr(error.text, words) || !strstr(error.text, "source test"))
        fail_msg("%s", error.text);
}

static void test_wrong_sources(void **state)
{
    struct fixture fixture = source_of(SCHEME_HMAC);

    (void)state;
    assert_source_refused(&fixture, "no key");
    fixture = source_of(SCHEME_SIGNATURE);
    fixture.source.scheme = SCHEME_COUNT;
    assert_source_refused(&fixture, "unknown scheme");
    fixture = source_of(SCHEME_SIGNATURE);
    fixture.source.encoding = 7;
    assert_source_refused(&fixture, "unknown encoding");
    fixture = source_of(SCHEME_SIGNATURE);
    fixture.source.header = NULL;
    assert_source_refused(&fixture, "no header");
    fixture = source_of(SCHEME_MTLS);
    fixture.keys[0].id = "a";
    fixture.source.key_count = 1;
    assert_source_refused(&fixture, "no name");
    fixture = source_of(SCHEME_SIGNATURE);
    add_key(&fixture, "a,b", path_of("ed.pem"));
    assert_source_refused(&fixture, "comma");
}

static void test_signed_texts(void **state)
{
    static const struct {
        enum config_scheme scheme;
        const char *text;
        bool taken;
    } cases[] = {
        {SCHEME_SIGNATURE, "{t}.{body}", true},
        {SCHEME_SIGNATURE, "v1:{body}:{t}", true},
        {SCHEME_SIGNATURE, "{body}", false},
        {SCHEME_SIGNATURE, "{t}{body}", false},
        {SCHEME_SIGNATURE, "{t}.", false},
        {SCHEME_SIGNATURE, "{t}.{body}.{t}", false},
        {SCHEME_SIGNATURE, "{t}.{body}{body}", false},
        {SCHEME_SIGNATURE, "{t}.{id}.{body}", false},
        {SCHEME_SIGNATURE, "{t}.{body", false},
        {SCHEME_SIGNATURE, "", false},
        {SCHEME_SIGNATURE, NULL, false},
        {SCHEME_HMAC, "{body}", true},
        {SCHEME_HMAC, "{t}.{body}", false},
        {SCHEME_HMAC, "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture = source_of(cases[i].scheme);
        struct error error = ERROR_INIT;
        fixture.source.signed_text = cases[i].text;
        add_key(&fixture, "key-1",
                cases[i].scheme == SCHEME_HMAC ? write_file("secret", "s", 1) : path_of("ed.pem"));
        if (load(&fixture, NULL, 0, &error) != cases[i].taken)
            fail_msg("%s: %s", cases[i].text ? cases[i].text : "NULL", error.text);
        auth_free(fixture.auth);
    }
}

/* Another text than the guide's is what really gets signed. */
static void test_signed_text_is_used(void **state)
{
    struct fixture fixture = source_of(SCHEME_SIGNATURE);
    static char header[HEADER_BYTES];
    uint8_t signature[1024];
    size_t bytes = sign(pairs[KEY_P256], "v1:x:1800000000", 15, signature);

    (void)state;
    fixture.source.signed_text = "v1:{body}:{t}";
    add_key(&fixture, "key-1", path_of("p256.pem"));
    open_source(&fixture);
    request_init("x");
    snprintf(header, sizeof(header), "keyId=key-1,alg=ecdsa-p256-sha256,t=%d,sig=%s", NOW_S,
             base64(signature, bytes));
    add_header("x-genesys-signature", header);
    assert_int_equal(verify(&fixture).reason, AUTH_OK);
    auth_free(fixture.auth);
}

/* -- published keys -------------------------------------------------------------------------- */

static struct auth_verdict verify_with(const struct fixture *fixture, int signer, const char *id)
{
    static const char *const algorithms[KEYS] = {"ed25519", "ecdsa-p256-sha256", "rsa-sha256",
                                                 "ecdsa-p256-sha256"};
    static char header[HEADER_BYTES];
    uint8_t signature[1024];
    size_t bytes = sign(pairs[signer], "1800000000.x", 12, signature);

    request_init("x");
    snprintf(header, sizeof(header), "keyId=%s,alg=%s,t=%d,sig=%s", id, algorithms[signer], NOW_S,
             base64(signature, bytes));
    add_header("x-genesys-signature", header);
    return verify(fixture);
}

static void test_published(void **state)
{
    const struct auth_published_key published[] = {
        {"sub-1", "k1", pems[KEY_ED]},    {"sub-2", "k2", pems[KEY_RSA]},
        {"sub-1", "k3", pems[KEY_P256]},  {"sub-2", "k3", pems[KEY_P256]},
        {"sub-1", "own", pems[KEY_P256]}, {"sub-2", "k2", pems[KEY_RSA]},
    };
    struct fixture fixture = source_of(SCHEME_SIGNATURE);
    struct error error = ERROR_INIT;

    (void)state;
    add_key(&fixture, "own", path_of("p256.pem"));
    assert_true(load(&fixture, published, 6, &error));
    assert_string_equal(verify_with(&fixture, KEY_ED, "k1").subscription, "sub-1");
    assert_string_equal(verify_with(&fixture, KEY_RSA, "k2").subscription, "sub-2");
    assert_int_equal(verify_with(&fixture, KEY_P256, "k3").reason, AUTH_OK);
    assert_null(verify_with(&fixture, KEY_P256, "k3").subscription);
    assert_int_equal(verify_with(&fixture, KEY_P256, "own").reason, AUTH_OK);
    assert_null(verify_with(&fixture, KEY_P256, "own").subscription);
    assert_int_equal(verify_with(&fixture, KEY_ED, "k3").reason, AUTH_ALGORITHM);
    auth_free(fixture.auth);
}

static void test_published_alone(void **state)
{
    const struct auth_published_key published[] = {{"sub-1", "k1", pems[KEY_ED]}};
    struct fixture fixture = source_of(SCHEME_SIGNATURE);
    struct error error = ERROR_INIT;

    (void)state;
    assert_true(load(&fixture, NULL, 0, &error)); /* its keys come later */
    assert_int_equal(verify_with(&fixture, KEY_ED, "k1").reason, AUTH_KEY);
    auth_free(fixture.auth);
    assert_true(load(&fixture, published, 1, &error));
    assert_int_equal(verify_with(&fixture, KEY_ED, "k1").reason, AUTH_OK);
    auth_free(fixture.auth);
}

static void test_published_wrong(void **state)
{
    static const struct {
        const char *id, *words;
        int key; /* -1: none */
    } cases[] = {
        {"own", "two keys", KEY_ED}, {"x", "no public key", -1}, {"", "id", KEY_ED},
        {NULL, "id", KEY_ED},        {"a b", "id", KEY_ED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct auth_published_key published = {
            "sub-1", cases[i].id, cases[i].key < 0 ? "nonsense" : pems[cases[i].key]};
        struct fixture fixture = source_of(SCHEME_SIGNATURE);
        struct error error = ERROR_INIT;
        add_key(&fixture, "own", path_of("p256.pem"));
        assert_false(load(&fixture, &published, 1, &error));
        if (!strstr(error.text, cases[i].words))
            fail_msg("%s", error.text);
    }
}

/* Only public keys count for signatures: for a secret's source they are nothing. */
static void test_published_elsewhere(void **state)
{
    const struct auth_published_key published[] = {{"sub-1", "k1", pems[KEY_ED]}};
    struct fixture fixture = source_of(SCHEME_HMAC);
    struct error error = ERROR_INIT;

    (void)state;
    add_key(&fixture, "k1", write_file("secret", "s", 1));
    assert_true(load(&fixture, published, 1, &error));
    request_init("x");
    static char header[HEADER_BYTES];
    snprintf(header, sizeof(header), "sha256=%s", hmac_base64(pems[KEY_ED], "x"));
    add_header("x-hub-signature-256", header);
    assert_int_equal(verify(&fixture).reason, AUTH_SIGNATURE);
    auth_free(fixture.auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),           cmocka_unit_test(test_rsa_limits),
        cmocka_unit_test(test_rsa_exponents),   cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_twice),           cmocka_unit_test(test_wrong_sources),
        cmocka_unit_test(test_signed_texts),    cmocka_unit_test(test_signed_text_is_used),
        cmocka_unit_test(test_published),       cmocka_unit_test(test_published_alone),
        cmocka_unit_test(test_published_wrong), cmocka_unit_test(test_published_elsewhere),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
