#include "keys.h"

#include "text.h"

#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEED_BYTES = 32, ID_BYTES = 8, SIGNATURE_BYTES = 64, NUMBERS = 10000 };

struct key {
    EVP_PKEY *pair;
    char *pem;
    char id[2 * ID_BYTES + 1];
};

struct keys {
    unsigned number;
    struct key shown;
    struct key before;  /* .pair NULL: there is none */
    int64_t shown_from; /* monotonic time from which the one that is shown signs */
};

static char *public_pem(EVP_PKEY *pair)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *text;

    if (!memory || PEM_write_bio_PUBKEY(memory, pair) != 1)
        abort();
    long length = BIO_get_mem_data(memory, &text);
    char *pem = text_zeroed((size_t)length + 1); /* the memory has no end of its own */
    memcpy(pem, text, (size_t)length);
    BIO_free(memory);
    return pem;
}

/* The first hex digits of SHA-256 over the DER of the SubjectPublicKeyInfo. */
static void public_id(EVP_PKEY *pair, char id[2 * ID_BYTES + 1])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pair, &der);

    if (length < 0)
        abort();
    SHA256(der, (size_t)length, digest);
    OPENSSL_free(der);
    for (int i = 0; i < ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

static struct key key_make(unsigned number)
{
    char seed[SEED_BYTES + 1];
    struct key key;

    snprintf(seed, sizeof seed, "genesys-sandbox signing key %04u", number % NUMBERS);
    key.pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)seed,
                                            SEED_BYTES);
    if (!key.pair)
        abort();
    key.pem = public_pem(key.pair);
    public_id(key.pair, key.id);
    return key;
}

static void key_release(struct key *key)
{
    EVP_PKEY_free(key->pair);
    free(key->pem);
    *key = (struct key){0};
}

struct keys *keys_new(void)
{
    struct keys *keys = text_zeroed(sizeof *keys);

    keys_set_number(keys, 1);
    return keys;
}

void keys_free(struct keys *keys)
{
    if (!keys)
        return;
    key_release(&keys->before);
    key_release(&keys->shown);
    free(keys);
}

unsigned keys_number(const struct keys *keys)
{
    return keys->number;
}

void keys_set_number(struct keys *keys, unsigned number)
{
    key_release(&keys->before);
    key_release(&keys->shown);
    keys->number = number;
    keys->shown = key_make(number);
}

const char *keys_public_pem(const struct keys *keys)
{
    return keys->shown.pem;
}

const char *keys_id(const struct keys *keys)
{
    return keys->shown.id;
}

static struct key *signing_key(struct keys *keys)
{
    if (keys->before.pair && text_monotonic_ms() >= keys->shown_from)
        key_release(&keys->before);
    return keys->before.pair ? &keys->before : &keys->shown;
}

void keys_rotate(struct keys *keys, int64_t overlap_ms)
{
    struct key *unused = signing_key(keys) == &keys->shown ? &keys->before : &keys->shown;

    /* A key that never came to sign goes; the one that signs is the one before. */
    key_release(unused);
    if (unused == &keys->before)
        keys->before = keys->shown;
    keys->shown = key_make(++keys->number);
    keys->shown_from = text_monotonic_ms() + overlap_ms;
}

char *keys_signature(struct keys *keys, const char *body, size_t length)
{
    const struct key *key = signing_key(keys);
    int64_t now_s = text_wall_ms() / 1000;
    char time[24];
    unsigned char signature[SIGNATURE_BYTES];
    size_t size = sizeof signature;
    size_t prefix = (size_t)snprintf(time, sizeof time, "%" PRId64 ".", now_s);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    char *text = text_zeroed(prefix + length);
    memcpy(text, time, prefix);
    memcpy(text + prefix, body, length);
    if (!context || EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) != 1 ||
        EVP_DigestSign(context, signature, &size, (unsigned char *)text, prefix + length) != 1)
        abort();
    EVP_MD_CTX_free(context);
    free(text);
    char *encoded = text_base64(signature, size);
    char *header =
        text_format("keyId=%s,alg=ed25519,t=%" PRId64 ",sig=%s", key->id, now_s, encoded);
    free(encoded);
    return header;
}
