#include "ingest/config_network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESS_BYTES = 16, MAPPED_BYTES = 12, ADDRESS_BITS = 128, MAPPED_BITS = 96 };

static const uint8_t mapped_prefix[MAPPED_BYTES] = {[10] = 0xFF, [11] = 0xFF};

/* Decimal digits without a leading zero; at most `most`. */
static bool read_number(const char *text, unsigned most, unsigned *out)
{
    size_t digits = strspn(text, "0123456789");
    unsigned number = 0;

    if (digits == 0 || digits > 5 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    *out = number;
    return number <= most;
}

/* IPv4 as ::ffff:a.b.c.d; *bits is how many bits the address has as it was written. */
static bool read_host(const char *text, uint8_t address[ADDRESS_BYTES], unsigned *bits)
{
    if (inet_pton(AF_INET, text, address + MAPPED_BYTES) == 1) {
        memcpy(address, mapped_prefix, MAPPED_BYTES);
        *bits = ADDRESS_BITS - MAPPED_BITS;
        return true;
    }
    *bits = ADDRESS_BITS;
    return inet_pton(AF_INET6, text, address) == 1;
}

static bool is_zero_after(const uint8_t address[ADDRESS_BYTES], unsigned bits)
{
    for (unsigned bit = bits; bit < ADDRESS_BITS; bit++)
        if (address[bit / 8] & 0x80 >> bit % 8)
            return false;
    return true;
}

bool config_network_read(const char *text, struct config_network *out)
{
    char host[INET6_ADDRSTRLEN + 1];
    size_t length = strcspn(text, "/");
    unsigned host_bits, bits;

    *out = (struct config_network){.bits = 0};
    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    if (!read_host(host, out->address, &host_bits))
        return false;
    bits = host_bits;
    if (text[length] == '/' && !read_number(text + length + 1, host_bits, &bits))
        return false;
    out->bits = (int)(ADDRESS_BITS - host_bits + bits);
    return is_zero_after(out->address, (unsigned)out->bits);
}

static bool is_loopback(const uint8_t address[ADDRESS_BYTES])
{
    static const uint8_t one[ADDRESS_BYTES] = {[15] = 1};

    return memcmp(address, one, ADDRESS_BYTES) == 0 ||
           (memcmp(address, mapped_prefix, MAPPED_BYTES) == 0 && address[MAPPED_BYTES] == 127);
}

bool config_address_read(const char *text, struct config_address *out)
{
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[';
    const char *host = text + brackets;
    uint8_t address[ADDRESS_BYTES];
    size_t length;
    unsigned bits;

    *out = (struct config_address){.port = 0};
    if (!colon || !read_number(colon + 1, 65535, &out->port))
        return false;
    length = (size_t)(colon - host);
    if (brackets && (length == 0 || host[--length] != ']'))
        return false;
    if (length >= sizeof(out->host))
        return false;
    memcpy(out->host, host, length);
    out->host[length] = '\0';
    if (!read_host(out->host, address, &bits) || brackets != (bits == ADDRESS_BITS))
        return false;
    out->loopback = is_loopback(address);
    return true;
}
