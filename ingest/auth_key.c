#include "ingest/auth_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/* -- kinds of public keys ------------------------------------------------------------------- */

static bool any_fits(EVP_PKEY *key, int64_t rsa_bits_most, struct error *error)
{
    (void)key, (void)rsa_bits_most, (void)error;
    return true;
}

/* Only the named curve: parameters that are spelled out can be anybody's curve. */
static bool p256_fits(EVP_PKEY *key, int64_t rsa_bits_most, struct error *error)
{
    char group[64] = "";
    int spelled_out = 1;

    (void)rsa_bits_most;
    if (!EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) ||
        strcmp(group, "prime256v1") != 0)
        return error_set(error, ERROR_INVALID, "an elliptic curve other than P-256 (%s)",
                         *group ? group : "unnamed");
    if (!EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                &spelled_out) ||
        spelled_out)
        return error_set(error, ERROR_INVALID, "its curve is spelled out instead of named");
    return true;
}

/* A large exponent makes verification as dear as a large modulus does; an exponent of 1 makes every
 * text its own signature. */
static bool rsa_fits(EVP_PKEY *key, int64_t rsa_bits_most, struct error *error)
{
    int bits = EVP_PKEY_get_bits(key);
    BIGNUM *exponent = NULL;
    bool usual;

    if (bits < KEY_RSA_BITS_LEAST || bits > rsa_bits_most)
        return error_set(error, ERROR_INVALID, "an RSA key of %d bits: %d to %lld are allowed",
                         bits, KEY_RSA_BITS_LEAST, (long long)rsa_bits_most);
    usual = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) &&
            BN_num_bits(exponent) >= 2 && BN_num_bits(exponent) <= 32 && BN_is_odd(exponent);
    BN_free(exponent);
    return usual || error_set(error, ERROR_INVALID,
                              "an RSA key with an unusual exponent: odd, 3 to 2^32 are allowed");
}

static const struct auth_algorithm algorithms[] = {
    {"ed25519", "ED25519", false, any_fits},
    {"ecdsa-p256-sha256", "EC", true, p256_fits},
    {"rsa-sha256", "RSA", true, rsa_fits},
};
enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

const struct auth_algorithm *auth_algorithm_find(const char *word)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        if (strcmp(algorithms[i].word, word) == 0)
            return &algorithms[i];
    return NULL;
}

static const struct auth_algorithm *algorithm_of(EVP_PKEY *key)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        if (EVP_PKEY_is_a(key, algorithms[i].type))
            return &algorithms[i];
    return NULL;
}

/* -- loading ------------------------------------------------------------------------------- */

/* A PEM that asks for a password gets none; it must never ask on a terminal. */
static int no_password(char *out, int size, int writing, void *context)
{
    (void)out, (void)size, (void)writing, (void)context;
    return -1;
}

static size_t count_text(const char *bytes, size_t length, const char *text)
{
    size_t count = 0;
    const char *end = bytes + length;

    while ((bytes = memmem(bytes, (size_t)(end - bytes), text, strlen(text))) != NULL) {
        bytes += strlen(text);
        count++;
    }
    return count;
}

static EVP_PKEY *read_public_pem(const char *pem, size_t length, struct error *error)
{
    EVP_PKEY *key = NULL;
    BIO *bio;

    if (length > KEY_PEM_BYTES_MOST) {
        error_set(error, ERROR_INVALID, "too large for a public key");
        return NULL;
    }
    if (count_text(pem, length, "-----BEGIN ") > 1) {
        error_set(error, ERROR_INVALID, "holds more than one key");
        return NULL;
    }
    bio = BIO_new_mem_buf(pem, (int)length);
    if (!bio) {
        error_no_memory(error);
        return NULL;
    }
    key = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
    BIO_free(bio);
    if (!key)
        error_set(error, ERROR_INVALID, "%s",
                  count_text(pem, length, "PRIVATE KEY-----")
                      ? "holds a private key; the public half (openssl pkey -pubout) belongs here"
                      : "holds no public key in PEM form (-----BEGIN PUBLIC KEY-----)");
    return key;
}

/* Is the key itself sound (a point on its curve, a modulus without small factors)? */
static bool key_is_sound(EVP_PKEY *public_key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, public_key, NULL);
    bool sound = context && EVP_PKEY_public_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    return sound;
}

static bool prepare_verifier(struct auth_key *key, struct error *error)
{
    if (!key->algorithm->digested)
        return true;
    key->verifier = EVP_PKEY_CTX_new_from_pkey(NULL, key->public_key, NULL);
    if (!key->verifier || EVP_PKEY_verify_init(key->verifier) != 1 ||
        EVP_PKEY_CTX_set_signature_md(key->verifier, EVP_sha256()) != 1)
        return error_set(error, ERROR_FAILED, "OpenSSL cannot verify with it");
    return EVP_PKEY_is_a(key->public_key, "RSA") == 0 ||
           EVP_PKEY_CTX_set_rsa_padding(key->verifier, RSA_PKCS1_PADDING) == 1 ||
           error_set(error, ERROR_FAILED, "OpenSSL cannot verify with it");
}

bool auth_key_load_public(struct auth_key *key, const char *pem, size_t length,
                          int64_t rsa_bits_most, struct error *error)
{
    key->public_key = read_public_pem(pem, length, error);
    if (!key->public_key)
        return false;
    key->algorithm = algorithm_of(key->public_key);
    if (!key->algorithm)
        return error_set(error, ERROR_INVALID,
                         "a kind of key that is not for signatures: Ed25519, P-256 and RSA are");
    if (!key->algorithm->fits(key->public_key, rsa_bits_most, error))
        return false;
    if (!key_is_sound(key->public_key))
        return error_set(error, ERROR_INVALID, "the key is not sound");
    return prepare_verifier(key, error);
}

/* A file that is meant for something else must not become a secret that others know. */
static bool secret_fits(const void *secret, size_t length, struct error *error)
{
    if (length == 0)
        return error_set(error, ERROR_INVALID, "holds no secret");
    if (length > KEY_SECRET_BYTES_MOST)
        return error_set(error, ERROR_INVALID, "too large for a secret");
    if (count_text(secret, length, "-----BEGIN ") > 0)
        return error_set(error, ERROR_INVALID, "holds a PEM key or certificate, not a secret");
    return true;
}

bool auth_key_load_mac(struct auth_key *key, const void *secret, size_t length, struct error *error)
{
    static char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *hmac;

    if (!secret_fits(secret, length, error))
        return false;
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    if (!key->mac || EVP_MAC_init(key->mac, secret, length, parameters) != 1)
        return error_set(error, ERROR_FAILED, "OpenSSL cannot make an HMAC with it");
    return true;
}

/* Only what a header can hold. */
bool auth_key_load_digest(struct auth_key *key, const void *secret, size_t length,
                          struct error *error)
{
    const char *text = secret;

    if (!secret_fits(secret, length, error))
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return error_set(error, ERROR_INVALID, "holds bytes that no header can");
    if (text[0] == ' ' || text[length - 1] == ' ')
        return error_set(error, ERROR_INVALID, "begins or ends with a space: no header can");
    if (EVP_Digest(secret, length, key->digest, NULL, EVP_sha256(), NULL) != 1)
        return error_no_memory(error);
    return true;
}

void auth_key_release(struct auth_key *key)
{
    EVP_PKEY_CTX_free(key->verifier);
    EVP_PKEY_free(key->public_key);
    EVP_MAC_CTX_free(key->mac);
    EVP_MAC_CTX_free(atomic_load(&key->spare));
    OPENSSL_cleanse(key->digest, sizeof(key->digest));
    *key = (struct auth_key){.id = NULL};
}

bool auth_key_same(const struct auth_key *a, const struct auth_key *b)
{
    return EVP_PKEY_eq(a->public_key, b->public_key) == 1;
}

/* -- verifying ----------------------------------------------------------------------------- */

static bool digest_text(const EVP_MD *sha256, const struct iovec *text, size_t count,
                        uint8_t out[KEY_DIGEST_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestInit_ex2(context, sha256, NULL) == 1;

    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(context, text[i].iov_base, text[i].iov_len) == 1;
    ok = ok && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static enum auth_reason verify_digested(const struct auth_key *key, const EVP_MD *sha256,
                                        const struct iovec *text, size_t count,
                                        const uint8_t *signature, size_t signature_bytes)
{
    uint8_t digest[KEY_DIGEST_BYTES];
    enum auth_reason reason = AUTH_TROUBLE;
    EVP_PKEY_CTX *verifier = EVP_PKEY_CTX_dup(key->verifier);

    if (verifier && digest_text(sha256, text, count, digest))
        reason = EVP_PKEY_verify(verifier, signature, signature_bytes, digest, sizeof(digest)) == 1
                     ? AUTH_OK
                     : AUTH_SIGNATURE;
    EVP_PKEY_CTX_free(verifier);
    return reason;
}

/* Ed25519 goes over its text twice, so the text must be in one piece. NULL: no memory. */
static uint8_t *join_text(const struct iovec *text, size_t count, size_t *length)
{
    uint8_t *joined, *at;

    *length = 0;
    for (size_t i = 0; i < count; i++)
        *length += text[i].iov_len;
    at = joined = malloc(*length + 1);
    for (size_t i = 0; at && i < count; i++)
        if (text[i].iov_len)
            at = mempcpy(at, text[i].iov_base, text[i].iov_len);
    return joined;
}

static enum auth_reason verify_whole(const struct auth_key *key, const struct iovec *text,
                                     size_t count, const uint8_t *signature, size_t signature_bytes)
{
    enum auth_reason reason = AUTH_TROUBLE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = 0;
    uint8_t *joined = join_text(text, count, &length);

    if (context && joined && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->public_key) == 1)
        reason = EVP_DigestVerify(context, signature, signature_bytes, joined, length) == 1
                     ? AUTH_OK
                     : AUTH_SIGNATURE;
    free(joined);
    EVP_MD_CTX_free(context);
    return reason;
}

enum auth_reason auth_key_verify(const struct auth_key *key, const EVP_MD *sha256,
                                 const struct iovec *text, size_t count, const uint8_t *signature,
                                 size_t signature_bytes)
{
    if (key->algorithm->digested)
        return verify_digested(key, sha256, text, count, signature, signature_bytes);
    return verify_whole(key, text, count, signature, signature_bytes);
}

/* Takes the spare copy, or makes one: setting up an HMAC costs as much as its text does. */
static EVP_MAC_CTX *take_mac(struct auth_key *key)
{
    EVP_MAC_CTX *mac = atomic_exchange(&key->spare, NULL);

    if (!mac)
        return EVP_MAC_CTX_dup(key->mac);
    if (EVP_MAC_init(mac, NULL, 0, NULL) == 1)
        return mac;
    EVP_MAC_CTX_free(mac);
    return NULL;
}

enum auth_reason auth_key_verify_mac(struct auth_key *key, const struct iovec *text, size_t count,
                                     const uint8_t mac[KEY_DIGEST_BYTES])
{
    uint8_t made[KEY_DIGEST_BYTES] = {0};
    size_t made_bytes = 0;
    EVP_MAC_CTX *context = take_mac(key);
    bool ok = context != NULL;

    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_MAC_update(context, text[i].iov_base, text[i].iov_len) == 1;
    ok = ok && EVP_MAC_final(context, made, &made_bytes, sizeof(made)) == 1 &&
         made_bytes == sizeof(made);
    if (ok)
        context = atomic_exchange(&key->spare, context);
    EVP_MAC_CTX_free(context);
    if (!ok)
        return AUTH_TROUBLE;
    return CRYPTO_memcmp(made, mac, sizeof(made)) == 0 ? AUTH_OK : AUTH_SIGNATURE;
}

enum auth_reason auth_key_verify_digest(const struct auth_key *key,
                                        const uint8_t digest[KEY_DIGEST_BYTES])
{
    return CRYPTO_memcmp(key->digest, digest, KEY_DIGEST_BYTES) == 0 ? AUTH_OK : AUTH_SIGNATURE;
}
