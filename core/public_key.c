#include "core/public_key.h"

#include "core/digest.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* The key's DER; the caller frees it with OPENSSL_free. NULL: it is none. */
static unsigned char *der_of(const char *pem, int *length)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL;

    *length = key ? i2d_PUBKEY(key, &der) : 0;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return *length > 0 ? der : NULL;
}

bool public_key_id(const char *pem, char out[PUBLIC_KEY_ID + 1])
{
    int length;
    unsigned char *der = der_of(pem, &length);
    bool ok = der ? digest_hex(der, (size_t)length, PUBLIC_KEY_ID, out)
                  : digest_hex(pem, strlen(pem), PUBLIC_KEY_ID, out);

    OPENSSL_free(der);
    return ok;
}
