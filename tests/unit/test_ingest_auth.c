/* Whom is believed, and for which reason not. */
#include "test_ingest_auth_fixture.h"

#include <arpa/inet.h>
#include <pthread.h>

#define BODY "{\"id\":1}"

/* -- genesys-signature --------------------------------------------------------------------- */

/* What is done to a request that was signed well. */
enum harm {
    UNHARMED,
    BODY_CHANGED,
    BODY_LONGER,
    BODY_EMPTY,
    TIME_CHANGED, /* by a second, and not signed again */
    BIT_FLIPPED,  /* in the signature */
    BYTE_LOST,    /* its last */
    ALL_ZERO,
    HEADER_CUT, /* anywhere: its last character */
    HEADER_TWICE,
    HEADER_NONE,
    PART_TWICE,
    SPACE_INSIDE,
};

static const struct signed_case {
    const char *what;
    int signer;
    const char *id, *algorithm;
    int64_t offset_s;
    enum harm harm;
    enum auth_reason reason;
} signed_cases[] = {
    {"Ed25519", KEY_ED, "ed", "ed25519", 0, UNHARMED, AUTH_OK},
    {"P-256", KEY_P256, "p256", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_OK},
    {"RSA", KEY_RSA, "rsa", "rsa-sha256", 0, UNHARMED, AUTH_OK},
    {"another's key", KEY_OTHER, "p256", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_SIGNATURE},
    {"another of ours", KEY_ED, "rsa", "rsa-sha256", 0, UNHARMED, AUTH_SIGNATURE},
    {"unknown key", KEY_P256, "p257", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_KEY},
    {"longer id", KEY_P256, "p2566", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_KEY},
    {"no algorithm", KEY_P256, "p256", "none", 0, UNHARMED, AUTH_SCHEME},
    {"another's name", KEY_P256, "p256", "ES256", 0, UNHARMED, AUTH_SCHEME},
    {"in capitals", KEY_ED, "ed", "Ed25519", 0, UNHARMED, AUTH_SCHEME},
    {"secret instead", KEY_P256, "p256", "hmac-sha256", 0, UNHARMED, AUTH_SCHEME},
    {"RSA of a P-256", KEY_P256, "p256", "rsa-sha256", 0, UNHARMED, AUTH_ALGORITHM},
    {"P-256 of an Ed25519", KEY_ED, "ed", "ecdsa-p256-sha256", 0, UNHARMED, AUTH_ALGORITHM},
    {"Ed25519 of an RSA", KEY_RSA, "rsa", "ed25519", 0, UNHARMED, AUTH_ALGORITHM},
    {"old enough", KEY_P256, "p256", "ecdsa-p256-sha256", -300, UNHARMED, AUTH_OK},
    {"too old", KEY_P256, "p256", "ecdsa-p256-sha256", -301, UNHARMED, AUTH_EXPIRED},
    {"a day old", KEY_ED, "ed", "ed25519", -86400, UNHARMED, AUTH_EXPIRED},
    {"a bit ahead", KEY_P256, "p256", "ecdsa-p256-sha256", 300, UNHARMED, AUTH_OK},
    {"too far ahead", KEY_P256, "p256", "ecdsa-p256-sha256", 301, UNHARMED, AUTH_FUTURE},
    {"a day ahead", KEY_RSA, "rsa", "rsa-sha256", 86400, UNHARMED, AUTH_FUTURE},
    {"the beginning of time", KEY_ED, "ed", "ed25519", -NOW_S, UNHARMED, AUTH_EXPIRED},
    {"the end of time", KEY_ED, "ed", "ed25519", INT64_MAX - NOW_S, UNHARMED, AUTH_FUTURE},
    {"body changed", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BODY_CHANGED, AUTH_SIGNATURE},
    {"body changed", KEY_ED, "ed", "ed25519", 0, BODY_CHANGED, AUTH_SIGNATURE},
    {"body changed", KEY_RSA, "rsa", "rsa-sha256", 0, BODY_CHANGED, AUTH_SIGNATURE},
    {"body longer", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BODY_LONGER, AUTH_SIGNATURE},
    {"body gone", KEY_ED, "ed", "ed25519", 0, BODY_EMPTY, AUTH_SIGNATURE},
    {"time changed", KEY_P256, "p256", "ecdsa-p256-sha256", 0, TIME_CHANGED, AUTH_SIGNATURE},
    {"time changed", KEY_ED, "ed", "ed25519", 0, TIME_CHANGED, AUTH_SIGNATURE},
    {"bit flipped", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BIT_FLIPPED, AUTH_SIGNATURE},
    {"bit flipped", KEY_ED, "ed", "ed25519", 0, BIT_FLIPPED, AUTH_SIGNATURE},
    {"bit flipped", KEY_RSA, "rsa", "rsa-sha256", 0, BIT_FLIPPED, AUTH_SIGNATURE},
    {"byte lost", KEY_P256, "p256", "ecdsa-p256-sha256", 0, BYTE_LOST, AUTH_SIGNATURE},
    {"byte lost", KEY_ED, "ed", "ed25519", 0, BYTE_LOST, AUTH_SIGNATURE},
    {"byte lost", KEY_RSA, "rsa", "rsa-sha256", 0, BYTE_LOST, AUTH_SIGNATURE},
    {"all zero", KEY_P256, "p256", "ecdsa-p256-sha256", 0, ALL_ZERO, AUTH_SIGNATURE},
    {"all zero", KEY_ED, "ed", "ed25519", 0, ALL_ZERO, AUTH_SIGNATURE},
    {"all zero", KEY_RSA, "rsa", "rsa-sha256", 0, ALL_ZERO, AUTH_SIGNATURE},
    {"header cut", KEY_ED, "ed", "ed25519", 0, HEADER_CUT, AUTH_MALFORMED},
    {"header twice", KEY_ED, "ed", "ed25519", 0, HEADER_TWICE, AUTH_MALFORMED},
    {"header gone", KEY_ED, "ed", "ed25519", 0, HEADER_NONE, AUTH_MISSING},
    {"part twice", KEY_ED, "ed", "ed25519", 0, PART_TWICE, AUTH_MALFORMED},
    {"space inside", KEY_ED, "ed", "ed25519", 0, SPACE_INSIDE, AUTH_MALFORMED},
};

static void put_header(const struct signed_case *row, int64_t time_s, const uint8_t *signature,
                       size_t bytes)
{
    static char header[HEADER_BYTES];

    snprintf(header, sizeof(header), "keyId=%s,alg=%s,%st=%lld,sig=%s%s", row->id, row->algorithm,
             row->harm == SPACE_INSIDE ? " " : "", (long long)time_s, base64(signature, bytes),
             row->harm == PART_TWICE ? ",alg=ed25519" : "");
    if (row->harm == HEADER_CUT)
        header[strlen(header) - 1] = '\0';
    if (row->harm != HEADER_NONE)
        add_header("x-genesys-signature", header);
    if (row->harm == HEADER_TWICE)
        add_header("x-genesys-signature", header);
}

static void put_signed(const struct signed_case *row)
{
    char text[256];
    uint8_t signature[1024];
    int64_t time_s = NOW_S + row->offset_s;
    size_t bytes;

    snprintf(text, sizeof(text), "%lld.%s", (long long)time_s, BODY);
    bytes = sign(pairs[row->signer], text, strlen(text), signature);
    request_init(row->harm == BODY_CHANGED  ? "{\"id\":2}"
                 : row->harm == BODY_LONGER ? BODY " "
                 : row->harm == BODY_EMPTY  ? ""
                                            : BODY);
    if (row->harm == BIT_FLIPPED)
        signature[bytes / 2] ^= 1;
    if (row->harm == ALL_ZERO)
        memset(signature, 0, bytes);
    add_header("content-type", "application/json");
    put_header(row, time_s + (row->harm == TIME_CHANGED), signature,
               bytes - (row->harm == BYTE_LOST));
}

static struct fixture signed_source(void)
{
    struct fixture fixture = source_of(SCHEME_SIGNATURE);

    add_key(&fixture, "rsa", path_of("rsa.pem"));
    add_key(&fixture, "p256", path_of("p256.pem"));
    add_key(&fixture, "ed", path_of("ed.pem"));
    return fixture;
}

static void test_signature(void **state)
{
    struct fixture fixture = signed_source();

    (void)state;
    open_source(&fixture);
    for (size_t i = 0; i < sizeof(signed_cases) / sizeof(signed_cases[0]); i++) {
        const struct signed_case *row = &signed_cases[i];
        put_signed(row);
        struct auth_verdict verdict = verify(&fixture);
        if (verdict.reason != row->reason)
            fail_msg("%s: %s instead of %s", row->what, auth_reason_word(verdict.reason),
                     auth_reason_word(row->reason));
        if (row->reason == AUTH_OK) {
            assert_string_equal(verdict.key_id, row->id);
            assert_string_equal(verdict.algorithm, row->algorithm);
            assert_null(verdict.subscription);
        }
    }
    auth_free(fixture.auth);
}

/* The classic confusion: what everybody knows, the public key, as a shared secret. */
static void test_public_key_as_secret(void **state)
{
    static const char *const algorithms[] = {"ecdsa-p256-sha256", "ed25519", "hmac-sha256", "none"};
    static const enum auth_reason reasons[] = {AUTH_SIGNATURE, AUTH_ALGORITHM, AUTH_SCHEME,
                                               AUTH_SCHEME};
    struct fixture fixture = signed_source();
    static char header[HEADER_BYTES];
    char text[256];

    (void)state;
    open_source(&fixture);
    snprintf(text, sizeof(text), "%d.%s", NOW_S, BODY);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        snprintf(header, sizeof(header), "keyId=p256,alg=%s,t=%d,sig=%s", algorithms[i], NOW_S,
                 hmac_base64(pems[KEY_P256], text));
        request_init(BODY);
        add_header("x-genesys-signature", header);
        assert_int_equal(verify(&fixture).reason, reasons[i]);
    }
    auth_free(fixture.auth);
}

/* r || s of a signature in DER. */
static size_t bare_ecdsa(const uint8_t *der, size_t bytes, uint8_t *out)
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)bytes);

    assert_non_null(signature);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32), 32);
    ECDSA_SIG_free(signature);
    return 64;
}

/* ECDSA's other forms: r || s, and DER that is not the shortest, are not taken. */
static void test_ecdsa_has_one_form(void **state)
{
    struct fixture fixture = signed_source();
    char text[256];
    static char header[HEADER_BYTES];
    uint8_t der[1024], other[1024];
    size_t bytes;

    (void)state;
    open_source(&fixture);
    snprintf(text, sizeof(text), "%d.%s", NOW_S, BODY);
    bytes = sign(pairs[KEY_P256], text, strlen(text), der);
    for (int form = 0; form < 3; form++) {
        size_t length = bytes;
        memcpy(other, der, bytes);
        if (form == 0) {
            length = bare_ecdsa(der, bytes, other);
        } else if (form == 1) { /* the sequence's length in two bytes */
            other[1] = 0x81;
            memcpy(other + 2, der + 1, bytes - 1);
            length++;
        } else { /* something behind it */
            other[length++] = 0;
        }
        snprintf(header, sizeof(header), "keyId=p256,alg=ecdsa-p256-sha256,t=%d,sig=%s", NOW_S,
                 base64(other, length));
        request_init(BODY);
        add_header("x-genesys-signature", header);
        assert_int_equal(verify(&fixture).reason, AUTH_SIGNATURE);
    }
    auth_free(fixture.auth);
}

static void test_empty_body(void **state)
{
    struct fixture fixture = signed_source();
    uint8_t signature[1024];
    static char header[HEADER_BYTES];
    size_t bytes = sign(pairs[KEY_ED], "1800000000.", 11, signature);

    (void)state;
    open_source(&fixture);
    request_init("");
    request.body.data = NULL;
    snprintf(header, sizeof(header), "keyId=ed,alg=ed25519,t=%d,sig=%s", NOW_S,
             base64(signature, bytes));
    add_header("x-genesys-signature", header);
    assert_int_equal(verify(&fixture).reason, AUTH_OK);
    auth_free(fixture.auth);
}

/* -- secrets ------------------------------------------------------------------------------- */

struct secret_case {
    const char *what, *prefix, *secret, *body;
    enum auth_reason reason;
    const char *key;
};

static void test_hmac(void **state)
{
    static const struct secret_case cases[] = {
        {"the old key", "sha256=", "old secret", BODY, AUTH_OK, "old"},
        {"the new key", "sha256=", "new secret", BODY, AUTH_OK, "new"},
        {"a newline more", "sha256=", "old secret\n", BODY, AUTH_SIGNATURE, NULL},
        {"another secret", "sha256=", "guessed", BODY, AUTH_SIGNATURE, NULL},
        {"no secret", "sha256=", "", BODY, AUTH_SIGNATURE, NULL},
        {"another body", "sha256=", "old secret", "{\"id\":2}", AUTH_SIGNATURE, NULL},
        {"no prefix", "", "old secret", BODY, AUTH_MALFORMED, NULL},
        {"in capitals", "SHA256=", "old secret", BODY, AUTH_MALFORMED, NULL},
        {"another prefix", "sha1=", "old secret", BODY, AUTH_MALFORMED, NULL},
        {"a space", "sha256= ", "old secret", BODY, AUTH_MALFORMED, NULL},
        {"twice", "sha256=sha256=", "old secret", BODY, AUTH_MALFORMED, NULL},
    };
    struct fixture fixture = source_of(SCHEME_HMAC);
    static char header[HEADER_BYTES];

    (void)state;
    add_key(&fixture, "old", write_file("old", "old secret\n", 11));
    add_key(&fixture, "new", write_file("new", "new secret\r\n", 12));
    open_source(&fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request_init(BODY);
        snprintf(header, sizeof(header), "%s%s", cases[i].prefix,
                 hmac_base64(cases[i].secret, cases[i].body));
        add_header("x-hub-signature-256", header);
        struct auth_verdict verdict = verify(&fixture);
        if (verdict.reason != cases[i].reason)
            fail_msg("%s: %s", cases[i].what, auth_reason_word(verdict.reason));
        if (cases[i].key) {
            assert_string_equal(verdict.key_id, cases[i].key);
            assert_string_equal(verdict.algorithm, "hmac-sha256");
        }
    }
    auth_free(fixture.auth);
}

/* RFC 4231, test case 2: computed by others. */
static void test_hmac_known(void **state)
{
    static const struct {
        enum config_encoding encoding;
        const char *value;
        enum auth_reason reason;
    } cases[] = {
        {ENCODING_BASE64, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=", AUTH_OK},
        {ENCODING_BASE64, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnewkcUyEOEM=", AUTH_SIGNATURE},
        {ENCODING_BASE64, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnewkcUyEOEM", AUTH_MALFORMED},
        {ENCODING_BASE64, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnew=", AUTH_MALFORMED},
        {ENCODING_HEX, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", AUTH_OK},
        {ENCODING_HEX, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844",
         AUTH_SIGNATURE},
        {ENCODING_HEX, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38",
         AUTH_MALFORMED},
        {ENCODING_HEX, "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
         AUTH_MALFORMED},
        {ENCODING_HEX, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnew=", AUTH_MALFORMED},
    };
    const char *file = write_file("jefe", "Jefe", 4);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture = source_of(SCHEME_HMAC);
        fixture.source.prefix = "";
        fixture.source.encoding = cases[i].encoding;
        add_key(&fixture, "jefe", file);
        open_source(&fixture);
        request_init("what do ya want for nothing?");
        add_header("x-hub-signature-256", cases[i].value);
        assert_int_equal(verify(&fixture).reason, cases[i].reason);
        auth_free(fixture.auth);
    }
}

static void test_api_key(void **state)
{
    static const struct {
        const char *value;
        enum auth_reason reason;
    } cases[] = {
        {"first-key", AUTH_OK},        {"second key", AUTH_OK},
        {"first-ke", AUTH_SIGNATURE},  {"first-key1", AUTH_SIGNATURE},
        {"FIRST-KEY", AUTH_SIGNATURE}, {"first-keysecond key", AUTH_SIGNATURE},
        {"third-key", AUTH_SIGNATURE}, {"", AUTH_SIGNATURE},
    };
    struct fixture fixture = source_of(SCHEME_API_KEY);

    (void)state;
    add_key(&fixture, "a", write_file("first", "first-key\n", 10));
    add_key(&fixture, "b", write_file("second", "second key", 10));
    open_source(&fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        request_init(BODY);
        add_header("x-api-key", cases[i].value);
        assert_int_equal(verify(&fixture).reason, cases[i].reason);
    }
    add_header("x-api-key", "first-key");
    assert_int_equal(verify(&fixture).reason, AUTH_MALFORMED);
    request_init(BODY);
    assert_int_equal(verify(&fixture).reason, AUTH_MISSING);
    auth_free(fixture.auth);
}

static void test_api_key_with_prefix(void **state)
{
    struct fixture fixture = source_of(SCHEME_API_KEY);

    (void)state;
    fixture.source.header = "Authorization";
    fixture.source.prefix = "Bearer ";
    add_key(&fixture, "a", write_file("first", "first-key\n", 10));
    open_source(&fixture);
    request_init(BODY);
    add_header("authorization", "Bearer first-key");
    assert_int_equal(verify(&fixture).reason, AUTH_OK);
    request_init(BODY);
    add_header("authorization", "first-key");
    assert_int_equal(verify(&fixture).reason, AUTH_MALFORMED);
    auth_free(fixture.auth);
}

/* -- certificates, networks ---------------------------------------------------------------- */

static void test_certificate(void **state)
{
    static const char *const ours[] = {"someone", "sender.example", NULL};
    static const char *const others[] = {"someone", "sender.example.evil", "SENDER.example", NULL};
    static const char *const none[] = {NULL};
    struct fixture fixture = source_of(SCHEME_MTLS);
    struct auth_sender sender = {.now_s = NOW_S};

    (void)state;
    fixture.keys[0] = (struct config_key){.id = "a", .name = "sender.example"};
    fixture.source.key_count = 1;
    open_source(&fixture);
    request_init(BODY);
    assert_int_equal(verify_as(&fixture, &sender).reason, AUTH_CERTIFICATE);
    sender.cert_names = none;
    assert_int_equal(verify_as(&fixture, &sender).reason, AUTH_CERTIFICATE);
    sender.cert_names = others;
    assert_int_equal(verify_as(&fixture, &sender).reason, AUTH_CERTIFICATE);
    sender.cert_names = ours;
    assert_int_equal(verify_as(&fixture, &sender).reason, AUTH_OK);
    assert_string_equal(verify_as(&fixture, &sender).algorithm, "client-certificate");
    auth_free(fixture.auth);
}

static struct in6_addr address_of(const char *text)
{
    struct in6_addr address;

    assert_int_equal(inet_pton(AF_INET6, text, &address), 1);
    return address;
}

static void test_networks(void **state)
{
    static const struct {
        const char *address;
        bool allowed;
    } cases[] = {
        {"::ffff:10.1.2.3", true},
        {"::ffff:10.255.255.255", true},
        {"::ffff:11.0.0.0", false},
        {"::ffff:192.0.2.128", true},
        {"::ffff:192.0.2.191", true},
        {"::ffff:192.0.2.192", false},
        {"::ffff:192.0.2.127", false},
        {"2001:db8::1", true},
        {"2001:db8::2", false},
        {"::10.1.2.3", false},
        {"::", false},
    };
    struct config_network networks[] = {{.bits = 96 + 8}, {.bits = 96 + 26}, {.bits = 128}};
    static const char *const texts[] = {"::ffff:10.0.0.0", "::ffff:192.0.2.128", "2001:db8::1"};
    struct fixture fixture = signed_source();
    struct auth_sender sender = {.now_s = NOW_S};

    (void)state;
    open_source(&fixture);
    assert_true(auth_allows(auth_find(fixture.auth, "/events"), &sender.address));
    for (int i = 0; i < 3; i++) {
        struct in6_addr address = address_of(texts[i]);
        memcpy(networks[i].address, &address, 16);
    }
    fixture.source.networks = networks;
    fixture.source.network_count = 3;
    put_signed(&signed_cases[0]);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sender.address = address_of(cases[i].address);
        if (auth_allows(auth_find(fixture.auth, "/events"), &sender.address) != cases[i].allowed)
            fail_msg("%s", cases[i].address);
        assert_int_equal(verify_as(&fixture, &sender).reason,
                         cases[i].allowed ? AUTH_OK : AUTH_NETWORK);
    }
    networks[0].bits = 0; /* everybody */
    assert_int_equal(verify_as(&fixture, &sender).reason, AUTH_OK);
    auth_free(fixture.auth);
}

static void test_find(void **state)
{
    struct fixture fixture = signed_source();

    (void)state;
    open_source(&fixture);
    assert_null(auth_find(fixture.auth, "/event"));
    assert_null(auth_find(fixture.auth, "/events/"));
    assert_ptr_equal(auth_source_config(auth_find(fixture.auth, "/events")), &fixture.source);
    auth_free(fixture.auth);
}

static void test_words(void **state)
{
    (void)state;
    for (int i = 0; i < AUTH_REASONS; i++) {
        assert_non_null(auth_reason_word((enum auth_reason)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(auth_reason_word((enum auth_reason)i),
                                    auth_reason_word((enum auth_reason)k));
    }
}

/* -- several threads ----------------------------------------------------------------------- */

static void *verify_often(void *context)
{
    const struct fixture *fixture = context;
    struct auth_sender sender = {.now_s = NOW_S};
    intptr_t believed = 0;

    for (int i = 0; i < 500; i++) {
        struct auth_verdict verdict =
            auth_verify(auth_find(fixture->auth, "/events"), &request, &sender);
        believed += verdict.reason == AUTH_OK;
    }
    return (void *)believed;
}

static void verify_in_threads(struct fixture *fixture)
{
    pthread_t threads[4];
    void *believed;

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, fixture), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &believed), 0);
        assert_int_equal((intptr_t)believed, 500);
    }
}

static void test_threads(void **state)
{
    struct fixture hmac = source_of(SCHEME_HMAC), signature = signed_source();
    static char header[HEADER_BYTES];

    (void)state;
    add_key(&hmac, "old", write_file("old", "old secret\n", 11));
    add_key(&hmac, "new", write_file("new", "new secret\n", 11));
    open_source(&hmac);
    request_init(BODY);
    snprintf(header, sizeof(header), "sha256=%s", hmac_base64("new secret", BODY));
    add_header("x-hub-signature-256", header);
    verify_in_threads(&hmac);
    auth_free(hmac.auth);

    open_source(&signature);
    put_signed(&signed_cases[1]);
    verify_in_threads(&signature);
    auth_free(signature.auth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_public_key_as_secret),
        cmocka_unit_test(test_ecdsa_has_one_form),
        cmocka_unit_test(test_empty_body),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hmac_known),
        cmocka_unit_test(test_api_key),
        cmocka_unit_test(test_api_key_with_prefix),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
