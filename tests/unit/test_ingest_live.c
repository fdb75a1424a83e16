/* What a reload replaces: TLS as it is offered, references, and what is refused. */
#include "ingest/live.h"

#include "core/clock.h"
#include "core/file.h"
#include "ingest/dev_key.h"
#include "unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>

static char folder[] = "/tmp/test-ingest-live-XXXXXX";
static const char *certificate, *key, *other_key, *public_half, *text_file;
static char pem[4096]; /* a public key that can be published */

static const char *write_file(const char *name, const struct buf *bytes)
{
    struct error error = ERROR_INIT;
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    assert_true(file_replace(path, buf_text(bytes), bytes->length, &error));
    return path;
}

static int setup(void **state)
{
    struct error error = ERROR_INIT;
    struct buf bytes, made;

    (void)state;
    assert_non_null(mkdtemp(folder));
    buf_init(&bytes, 1 << 16);
    buf_init(&made, 1 << 16);
    assert_true(dev_key_make(&bytes, &error));
    other_key = write_file("other.key", &bytes);
    buf_reset(&bytes);
    assert_true(dev_key_make(&bytes, &error));
    key = write_file("key", &bytes);
    assert_true(dev_key_certificate(&bytes, clock_unix_s(), &made, &error));
    certificate = write_file("certificate", &made);
    buf_reset(&made);
    assert_true(dev_key_public(&bytes, &made, &error));
    snprintf(pem, sizeof(pem), "%s", buf_text(&made));
    public_half = write_file("public", &made);
    buf_reset(&made);
    buf_add_text(&made, "hello\n");
    text_file = write_file("text", &made);
    buf_release(&bytes);
    buf_release(&made);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static const struct config_key source_key = {.id = "k", .file = NULL, .name = "sender"};

static struct config config_of(void)
{
    struct config config;

    config_init(&config);
    config.listen =
        (struct config_listen){.address = "127.0.0.1:0", .certificate = certificate, .key = key};
    config.limits = (struct config_limits){
        .headers = 1000, .head_bytes = 16384, .body_bytes = 1000, .batch_bytes = 8000};
    return config;
}

/* One source whose kind of key is a certificate's name, or a published key. */
static void add_source(struct config *config, enum config_scheme scheme)
{
    struct config_source *source = arena_alloc(&config->arena, sizeof(*source));

    assert_non_null(source);
    *source = (struct config_source){.name = "test",
                                     .path = "/events",
                                     .scheme = (int)scheme,
                                     .header = "x",
                                     .signed_text = "{t}.{body}",
                                     .tolerance_ms = 1000,
                                     .rsa_bits_most = 4096,
                                     .keys = &source_key,
                                     .key_count = scheme == SCHEME_MTLS};
    config->sources = source;
    config->source_count = 1;
}

static struct live *open_live(struct config *config)
{
    struct error error = ERROR_INIT;
    struct live *live = live_new(config, NULL, 0, &error);

    if (!live)
        fail_msg("%s", error.text);
    assert_int_equal(ERR_peek_error(), 0);
    assert_null(config->listen.address); /* it was taken over */
    return live;
}

static void test_refused(void **state)
{
    const struct {
        const char *certificate, *key, *client_ca, *words;
        bool plaintext;
        int scheme;
    } cases[] = {
        {NULL, NULL, NULL, "no certificate", false, SCHEME_SIGNATURE},
        {certificate, NULL, NULL, "no certificate and key", false, SCHEME_SIGNATURE},
        {"/not/there", key, NULL, "/not/there: No such file", false, SCHEME_SIGNATURE},
        {text_file, key, NULL, text_file, false, SCHEME_SIGNATURE},
        {certificate, "/not/there", NULL, "/not/there: No such file", false, SCHEME_SIGNATURE},
        {certificate, text_file, NULL, text_file, false, SCHEME_SIGNATURE},
        {certificate, public_half, NULL, public_half, false, SCHEME_SIGNATURE},
        {certificate, other_key, NULL, "mismatch", false, SCHEME_SIGNATURE},
        {certificate, key, "/not/there", "/not/there", false, SCHEME_SIGNATURE},
        {certificate, key, text_file, text_file, false, SCHEME_SIGNATURE},
        {certificate, key, NULL, "client_ca", false, SCHEME_MTLS},
        {NULL, NULL, NULL, "client_ca", true, SCHEME_MTLS},
        {NULL, NULL, certificate, "need TLS", true, SCHEME_SIGNATURE},
        {certificate, key, NULL, "source test: an unknown scheme", false, SCHEME_COUNT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config config = config_of();
        struct error error = ERROR_INIT;
        config.listen.certificate = cases[i].certificate;
        config.listen.key = cases[i].key;
        config.listen.client_ca = cases[i].client_ca;
        config.listen.plaintext = cases[i].plaintext;
        add_source(&config, (enum config_scheme)cases[i].scheme);
        if (live_new(&config, NULL, 0, &error) || !strstr(error.text, cases[i].words))
            fail_msg("%zu: %s", i, error.text);
        assert_null(config.arena.blocks); /* released and emptied */
        assert_null(config.listen.address);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void test_limits(void **state)
{
    struct config config = config_of();
    struct live *live;

    (void)state;
    config.listen.plaintext = true;
    live = open_live(&config);
    assert_null(live->tls);
    assert_int_equal(live->http.head_bytes, 16384);
    assert_int_equal(live->http.headers, HTTP_HEADERS_MOST);
    assert_int_equal(live->http.body_bytes, 1000);
    assert_int_equal(live->http.batch_bytes, 8000);
    live_drop(live);
}

/* -- references ------------------------------------------------------------------------------ */

static void *hold_and_drop(void *context)
{
    struct live *live = context;

    for (int i = 0; i < 1000; i++) {
        live_hold(live);
        live_drop(live);
    }
    live_drop(live);
    return NULL;
}

static void test_references(void **state)
{
    struct config config = config_of();
    struct live *live = open_live(&config);
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_and_drop, live_hold(live)), 0);
    live_drop(live);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    live_drop(NULL);
}

static void test_again(void **state)
{
    const struct auth_published_key good = {"sub-1", "k1", pem}, bad = {"sub-1", "k1", "nonsense"};
    struct config config = config_of();
    struct error error = ERROR_INIT;
    struct live *live, *again, *third;

    (void)state;
    add_source(&config, SCHEME_SIGNATURE);
    live = open_live(&config);
    again = live_again(live, &good, 1, &error);
    assert_non_null(again);
    assert_ptr_equal(again->config, live->config);
    assert_ptr_equal(again->tls, live->tls);
    assert_ptr_not_equal(again->auth, live->auth);
    live_drop(live); /* what it has is still shared */
    assert_string_equal(again->config->listen.address, "127.0.0.1:0");
    assert_null(live_again(again, &bad, 1, &error));
    assert_true(strstr(error.text, "published key k1"));
    error = ERROR_INIT;
    third = live_again(again, NULL, 0, &error);
    assert_non_null(third);
    assert_null(third->base->base); /* or each publishing would keep the one before */
    live_drop(again);
    assert_string_equal(third->config->sources[0].name, "test");
    assert_ptr_equal(auth_source_config(auth_find(third->auth, "/events")), third->config->sources);
    live_drop(third);
}

/* -- handshakes ------------------------------------------------------------------------------ */

struct handshake {
    SSL_CTX *context;
    SSL *client, *server;
};

static struct handshake handshake_of(const struct live *live)
{
    struct handshake hands = {.context = SSL_CTX_new(TLS_client_method())};
    BIO *ours, *theirs;

    assert_int_equal(BIO_new_bio_pair(&ours, 0, &theirs, 0), 1);
    assert_int_equal(SSL_CTX_load_verify_file(hands.context, certificate), 1);
    SSL_CTX_set_verify(hands.context, SSL_VERIFY_PEER, NULL);
    hands.client = SSL_new(hands.context);
    hands.server = SSL_new(live->tls);
    SSL_set1_host(hands.client, "localhost");
    SSL_set_bio(hands.client, ours, ours);
    SSL_set_bio(hands.server, theirs, theirs);
    SSL_set_connect_state(hands.client);
    SSL_set_accept_state(hands.server);
    return hands;
}

/* Whether both sides are through. */
static bool shake(struct handshake *hands)
{
    int client = 0, server = 0;

    for (int i = 0; i < 20 && (client != 1 || server != 1); i++) {
        client = SSL_do_handshake(hands->client);
        server = SSL_do_handshake(hands->server);
    }
    if (client == 1 && server == 1) { /* TLS 1.3: the client hears of its certificate later */
        char byte;
        SSL_read(hands->client, &byte, 1);
    }
    ERR_clear_error();
    return client == 1 && server == 1;
}

static void release(struct handshake *hands)
{
    SSL_free(hands->client);
    SSL_free(hands->server);
    SSL_CTX_free(hands->context);
}

static void test_versions(void **state)
{
    static const struct {
        int version;
        bool served;
    } cases[] = {{TLS1_VERSION, false},
                 {TLS1_1_VERSION, false},
                 {TLS1_2_VERSION, true},
                 {TLS1_3_VERSION, true}};
    struct config config = config_of();
    struct live *live = open_live(&config);

    (void)state;
    assert_int_equal(SSL_CTX_get_min_proto_version(live->tls), TLS1_2_VERSION);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct handshake hands = handshake_of(live);
        SSL_set_security_level(hands.client, 0);
        SSL_set_min_proto_version(hands.client, cases[i].version);
        SSL_set_max_proto_version(hands.client, cases[i].version);
        assert_int_equal(shake(&hands), cases[i].served);
        if (cases[i].served) {
            assert_true(SSL_get_options(hands.server) & SSL_OP_NO_RENEGOTIATION);
            assert_null(SSL_get_current_compression(hands.server));
            assert_true(SSL_CIPHER_is_aead(SSL_get_current_cipher(hands.server)));
        }
        release(&hands);
    }
    live_drop(live);
}

/* Nothing is kept for a client that takes no ticket. */
static void test_no_ticket(void **state)
{
    struct config config = config_of();
    struct live *live = open_live(&config);
    struct handshake hands = handshake_of(live);

    (void)state;
    SSL_set_max_proto_version(hands.client, TLS1_2_VERSION);
    SSL_set_options(hands.client, SSL_OP_NO_TICKET);
    assert_true(shake(&hands));
    assert_int_equal(SSL_CTX_sess_number(live->tls), 0);
    release(&hands);
    live_drop(live);
}

static void test_weak_cipher(void **state)
{
    struct config config = config_of();
    struct live *live = open_live(&config);
    struct handshake hands = handshake_of(live);

    (void)state;
    SSL_set_max_proto_version(hands.client, TLS1_2_VERSION);
    SSL_set_cipher_list(hands.client, "ECDHE-ECDSA-AES128-SHA");
    assert_false(shake(&hands));
    release(&hands);
    live_drop(live);
}

static void test_protocols(void **state)
{
    static const struct {
        const char *offered;
        bool served;
    } cases[] = {
        {"", true},        {"\x08http/1.1", true},  {"\x02h2\x08http/1.1", true},
        {"\x02h2", false}, {"\x08http/1.0", false},
    };
    struct config config = config_of();
    struct live *live = open_live(&config);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct handshake hands = handshake_of(live);
        const unsigned char *chosen;
        unsigned length;
        SSL_set_alpn_protos(hands.client, (const unsigned char *)cases[i].offered,
                            (unsigned)strlen(cases[i].offered));
        assert_int_equal(shake(&hands), cases[i].served);
        SSL_get0_alpn_selected(hands.client, &chosen, &length);
        assert_int_equal(length, cases[i].served && *cases[i].offered ? 8 : 0);
        release(&hands);
    }
    live_drop(live);
}

/* A session is resumed by its ticket, though nothing is kept for it. */
static void test_resumption(void **state)
{
    struct config config = config_of();
    struct live *live = open_live(&config);

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct handshake first = handshake_of(live), second = handshake_of(live);
        SSL_SESSION *session;
        SSL_set_max_proto_version(first.client, version);
        SSL_set_max_proto_version(second.client, version);
        assert_true(shake(&first));
        session = SSL_get1_session(first.client);
        assert_int_equal(SSL_set_session(second.client, session), 1);
        assert_true(shake(&second));
        assert_int_equal(SSL_session_reused(second.server), 1);
        assert_int_equal(SSL_CTX_sess_number(live->tls), 0);
        SSL_SESSION_free(session);
        release(&first);
        release(&second);
    }
    live_drop(live);
}

/* A certificate may be missing, and one that came must be good. The certificate is a server's, so
 * as a client's it is none; what is good is for the service's own tests. */
static void test_client_certificates(void **state)
{
    struct config config = config_of();
    struct live *live;
    struct handshake hands;

    (void)state;
    config.listen.client_ca = certificate;
    add_source(&config, SCHEME_MTLS);
    live = open_live(&config);
    hands = handshake_of(live);
    assert_true(shake(&hands));
    assert_null(SSL_get0_peer_certificate(hands.server));
    release(&hands);
    hands = handshake_of(live);
    assert_int_equal(SSL_use_certificate_file(hands.client, certificate, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_use_PrivateKey_file(hands.client, key, SSL_FILETYPE_PEM), 1);
    assert_false(shake(&hands));
    release(&hands);
    live_drop(live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_references), cmocka_unit_test(test_again),
        cmocka_unit_test(test_versions),   cmocka_unit_test(test_weak_cipher),
        cmocka_unit_test(test_protocols),  cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_no_ticket),  cmocka_unit_test(test_client_certificates),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
