#include "ingest/auth.h"

#include <openssl/evp.h>
#include <string.h>

/* OpenSSL's decoder forgives white space and loose last bits; encoding again and comparing does
 * not. */
static bool base64_decode(const char *text, size_t length, uint8_t *out, size_t size, size_t *bytes)
{
    unsigned char decoded[(SIGNATURE_BYTES_MOST + 2) / 3 * 3];
    unsigned char again[(SIGNATURE_BYTES_MOST + 2) / 3 * 4 + 1];
    size_t padding = 0;
    int count;

    if (length % 4 != 0 || length == 0 || length >= sizeof(again))
        return false;
    padding = (size_t)(text[length - 1] == '=') + (size_t)(text[length - 2] == '=');
    count = EVP_DecodeBlock(decoded, (const unsigned char *)text, (int)length);
    if (count < 0 || (size_t)count != length / 4 * 3 || (size_t)count - padding > size)
        return false;
    *bytes = (size_t)count - padding;
    EVP_EncodeBlock(again, decoded, (int)*bytes);
    if (memcmp(again, text, length) != 0)
        return false;
    memcpy(out, decoded, *bytes);
    return true;
}

static bool hex_decode(const char *text, size_t length, uint8_t *out, size_t size, size_t *bytes)
{
    static const char digits[] = "0123456789abcdef";

    if (length % 2 != 0 || length == 0 || length / 2 > size)
        return false;
    for (size_t i = 0; i < length; i++) {
        const char *digit = memchr(digits, text[i], 16);
        if (!digit)
            return false;
        out[i / 2] = (uint8_t)((i % 2 ? out[i / 2] << 4 : 0) | (digit - digits));
    }
    *bytes = length / 2;
    return true;
}

bool signature_decode(const char *text, size_t length, enum config_encoding encoding, uint8_t *out,
                      size_t size, size_t *bytes)
{
    return encoding == ENCODING_HEX ? hex_decode(text, length, out, size, bytes)
                                    : base64_decode(text, length, out, size, bytes);
}

/* Copies a part's value of 1 to size - 1 bytes. */
static bool copy_value(const char *value, size_t length, char *out, size_t size)
{
    if (length == 0 || length >= size)
        return false;
    memcpy(out, value, length);
    out[length] = '\0';
    return true;
}

static bool read_key_id(const char *value, size_t length, enum config_encoding encoding,
                        struct signature_header *out)
{
    (void)encoding;
    for (size_t i = 0; i < length; i++)
        if (value[i] <= ' ' || value[i] > '~')
            return false;
    return copy_value(value, length, out->key_id, sizeof(out->key_id));
}

static bool read_algorithm(const char *value, size_t length, enum config_encoding encoding,
                           struct signature_header *out)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    (void)encoding;
    for (size_t i = 0; i < length; i++)
        if (!memchr(letters, value[i], sizeof(letters) - 1))
            return false;
    return copy_value(value, length, out->algorithm, sizeof(out->algorithm));
}

static bool read_time(const char *value, size_t length, enum config_encoding encoding,
                      struct signature_header *out)
{
    (void)encoding;
    if (!copy_value(value, length, out->time, sizeof(out->time)) || (value[0] == '0' && length > 1))
        return false;
    out->time_s = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = value[i] - '0';
        if (digit < 0 || digit > 9 || out->time_s > (INT64_MAX - digit) / 10)
            return false;
        out->time_s = out->time_s * 10 + digit;
    }
    return true;
}

static bool read_signature(const char *value, size_t length, enum config_encoding encoding,
                           struct signature_header *out)
{
    return signature_decode(value, length, encoding, out->signature, sizeof(out->signature),
                            &out->signature_bytes);
}

static const struct part {
    const char *name; /* with its '=' */
    bool (*read)(const char *value, size_t length, enum config_encoding encoding,
                 struct signature_header *out);
} parts[] = {
    {"keyId=", read_key_id},
    {"alg=", read_algorithm},
    {"t=", read_time},
    {"sig=", read_signature},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* The part that the text begins with; PARTS when it is none. */
static size_t part_find(const char *text, size_t length)
{
    for (size_t i = 0; i < PARTS; i++) {
        size_t name = strlen(parts[i].name);
        if (length >= name && memcmp(text, parts[i].name, name) == 0)
            return i;
    }
    return PARTS;
}

bool signature_header_read(const char *value, size_t length, enum config_encoding encoding,
                           struct signature_header *out)
{
    const char *end = value + length;
    unsigned seen = 0;

    for (size_t count = 0; count < PARTS; count++) {
        const char *comma = memchr(value, ',', (size_t)(end - value));
        const char *stop = comma ? comma : end;
        size_t i = part_find(value, (size_t)(stop - value));
        size_t name = i < PARTS ? strlen(parts[i].name) : 0;
        /* A comma after each part but the last, and none after that one. */
        if (i == PARTS || seen & 1U << i || (comma == NULL) != (count == PARTS - 1) ||
            !parts[i].read(value + name, (size_t)(stop - value) - name, encoding, out))
            return false;
        seen |= 1U << i;
        value = stop + (comma ? 1 : 0);
    }
    return true;
}
