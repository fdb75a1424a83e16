#include "core/digest.h"

#include <openssl/evp.h>

bool digest_hex(const void *bytes, size_t length_bytes, size_t digits, char *out)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (!EVP_Digest(bytes, length_bytes, sum, &length, EVP_sha256(), NULL))
        return false;
    for (size_t i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[sum[i / 2] >> (i % 2 ? 0 : 4) & 15];
    out[digits] = '\0';
    return true;
}
