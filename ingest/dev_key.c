#include "ingest/dev_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum { SECRET_BYTES = 32, SERIAL_BITS = 127, CLOCK_SLACK_S = 300 };

static bool openssl_error(struct error *error)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    error_set(error, ERROR_FAILED, "OpenSSL: %s", reason ? reason : "no memory");
    ERR_clear_error();
    return false;
}

/* Hands the bytes of a memory BIO over and frees it; `ok` is whether they are all there. */
static bool bio_finish(BIO *bio, bool ok, struct buf *out, struct error *error)
{
    char *bytes = NULL;
    long length = bio ? BIO_get_mem_data(bio, &bytes) : 0;

    ok = ok && length > 0;
    if (ok)
        buf_add(out, bytes, (size_t)length);
    BIO_free(bio);
    if (!ok)
        return openssl_error(error);
    return !out->failed || error_no_memory(error);
}

bool dev_key_make(struct buf *out, struct error *error)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_secmem());
    bool ok = key && bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

    EVP_PKEY_free(key);
    return bio_finish(bio, ok, out, error);
}

static int no_password(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

static EVP_PKEY *key_read(const struct buf *pem)
{
    BIO *bio = BIO_new_mem_buf(buf_text(pem), (int)pem->length);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    return key;
}

bool dev_key_public(const struct buf *key, struct buf *out, struct error *error)
{
    EVP_PKEY *pair = key_read(key);
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = pair && bio && PEM_write_bio_PUBKEY(bio, pair) == 1;

    EVP_PKEY_free(pair);
    return bio_finish(bio, ok, out, error);
}

static bool add_extensions(X509 *certificate)
{
    static const struct {
        int nid;
        const char *value;
    } rows[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"},
        {NID_subject_key_identifier, "hash"},
    };
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof(rows) / sizeof(rows[0]); i++) {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, rows[i].nid, rows[i].value);
        ok = extension && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
    }
    return ok;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool ok = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

    BN_free(number);
    return ok;
}

static bool set_names(X509 *certificate)
{
    static const unsigned char name[] = "localhost (ingestd --dev)";
    X509_NAME *subject = X509_get_subject_name(certificate);

    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(certificate, subject) == 1;
}

static bool set_times(X509 *certificate, int64_t now_s)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(now_s - CLOCK_SLACK_S)) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate),
                         (time_t)(now_s + DEV_CERTIFICATE_DAYS * INT64_C(86400)));
}

bool dev_key_certificate(const struct buf *key, int64_t now_s, struct buf *out, struct error *error)
{
    EVP_PKEY *pair = key_read(key);
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = pair && certificate && bio && X509_set_version(certificate, X509_VERSION_3) == 1 &&
              set_serial(certificate) && set_names(certificate) && set_times(certificate, now_s) &&
              X509_set_pubkey(certificate, pair) == 1 && add_extensions(certificate) &&
              X509_sign(certificate, pair, EVP_sha256()) > 0 &&
              PEM_write_bio_X509(bio, certificate) == 1;

    X509_free(certificate);
    EVP_PKEY_free(pair);
    return bio_finish(bio, ok, out, error);
}

bool dev_key_expired(const struct buf *key, const struct buf *certificate, int64_t now_s)
{
    EVP_PKEY *pair = key_read(key);
    BIO *bio = BIO_new_mem_buf(buf_text(certificate), (int)certificate->length);
    X509 *read = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
    time_t soon = (time_t)(now_s + 3600);
    bool expired = pair && read && X509_verify(read, pair) == 1 &&
                   X509_cmp_time(X509_get0_notAfter(read), &soon) < 0;

    X509_free(read);
    BIO_free(bio);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    return expired;
}

bool dev_key_secret(struct buf *out, struct error *error)
{
    unsigned char bytes[SECRET_BYTES];

    if (RAND_priv_bytes(bytes, sizeof(bytes)) != 1)
        return openssl_error(error);
    for (size_t i = 0; i < sizeof(bytes); i++)
        buf_printf(out, "%02x", bytes[i]);
    buf_add_char(out, '\n');
    return !out->failed || error_no_memory(error);
}
