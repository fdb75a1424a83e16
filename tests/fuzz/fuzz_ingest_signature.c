/* The signature header: the first byte chooses the encoding, the rest is the header's value.
 *
 * What is read, written again in the one form and in each order of its parts, is one of these texts
 * byte for byte; and none of its fields is longer than its place.
 */
#include "core/buf.h"
#include "ingest/auth.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PARTS = 4, TEXT_MOST = 8192 };

static void write_signature(struct buf *out, const struct signature_header *header,
                            enum config_encoding encoding)
{
    unsigned char text[(SIGNATURE_BYTES_MOST + 2) / 3 * 4 + 1];

    if (encoding == ENCODING_HEX) {
        for (size_t i = 0; i < header->signature_bytes; i++)
            buf_printf(out, "%02x", header->signature[i]);
        return;
    }
    EVP_EncodeBlock(text, header->signature, (int)header->signature_bytes);
    buf_add_text(out, (const char *)text);
}

static void write_part(struct buf *out, int part, const struct signature_header *header,
                       enum config_encoding encoding)
{
    switch (part) {
    case 0:
        buf_printf(out, "keyId=%s", header->key_id);
        break;
    case 1:
        buf_printf(out, "alg=%s", header->algorithm);
        break;
    case 2:
        buf_printf(out, "t=%lld", (long long)header->time_s);
        break;
    default:
        buf_add_text(out, "sig=");
        write_signature(out, header, encoding);
    }
}

/* One of the 4^4 lists of parts, when it names each of them; false otherwise. */
static bool write_order(struct buf *out, unsigned order, const struct signature_header *header,
                        enum config_encoding encoding)
{
    unsigned seen = 0;

    for (int i = 0; i < PARTS; i++)
        seen |= 1U << (order >> (2 * i) & 3);
    if (seen != 0xF)
        return false;
    for (int i = 0; i < PARTS; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        write_part(out, order >> (2 * i) & 3, header, encoding);
    }
    return true;
}

static bool is_written(const char *text, size_t length, const struct signature_header *header,
                       enum config_encoding encoding)
{
    struct buf out;
    bool found = false;

    buf_init(&out, TEXT_MOST);
    for (unsigned order = 0; order < 256 && !found; order++) {
        buf_reset(&out);
        found = write_order(&out, order, header, encoding) && !out.failed && out.length == length &&
                memcmp(out.data, text, length) == 0;
    }
    buf_release(&out);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signature_header header;
    enum config_encoding encoding;
    char *text;

    if (size == 0)
        return 0;
    encoding = data[0] & 1 ? ENCODING_HEX : ENCODING_BASE64;
    text = malloc(size); /* of its exact length, so that a step past it is seen */
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    memset(&header, 0xA5, sizeof(header));
    if (signature_header_read(text, size - 1, encoding, &header)) {
        if (header.signature_bytes == 0 || header.signature_bytes > sizeof(header.signature) ||
            strlen(header.key_id) >= sizeof(header.key_id) ||
            strlen(header.time) >= sizeof(header.time) || header.time_s < 0)
            abort();
        if (!is_written(text, size - 1, &header, encoding))
            abort();
    }
    free(text);
    return 0;
}
