#include "keys.h"

#include "text.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char seed[] = "genesys-sandbox signing key 0001";

char *keys_public_pem(void)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed - 1);
    BIO *memory = BIO_new(BIO_s_mem());
    char *text;

    if (!key || !memory || PEM_write_bio_PUBKEY(memory, key) != 1)
        abort();
    long length = BIO_get_mem_data(memory, &text);
    char *pem = text_zeroed((size_t)length + 1); /* the memory has no end of its own */
    memcpy(pem, text, (size_t)length);
    BIO_free(memory);
    EVP_PKEY_free(key);
    return pem;
}
