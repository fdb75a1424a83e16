#include "text.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void *must(void *memory)
{
    if (!memory) {
        fputs("genesys-sandbox: out of memory\n", stderr);
        abort();
    }
    return memory;
}

char *text_copy(const char *text)
{
    return must(strdup(text));
}

void *text_zeroed(size_t bytes)
{
    return must(calloc(1, bytes));
}

void *text_resized(void *memory, size_t bytes)
{
    return must(realloc(memory, bytes));
}

char *text_vformat(const char *format, va_list arguments)
{
    char *out = NULL;

    if (vasprintf(&out, format, arguments) < 0)
        out = NULL;
    return must(out);
}

char *text_format(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *out = text_vformat(format, arguments);
    va_end(arguments);
    return out;
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t text_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t text_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

void text_time(int64_t ms, char out[TEXT_TIME_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm utc;
    char day[TEXT_TIME_SIZE];

    gmtime_r(&seconds, &utc);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, TEXT_TIME_SIZE, "%.19s.%03uZ", day, (unsigned)(ms % 1000) % 1000);
}

bool text_time_parse(const char *text, size_t length, int64_t *ms)
{
    char copy[40];
    struct tm utc = {0};
    int64_t fraction = 0;

    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &utc);
    if (!rest) {
        memset(&utc, 0, sizeof utc);
        rest = strptime(copy, "%Y-%m-%dT%H:%M", &utc);
    }
    if (!rest)
        return false;
    if (*rest == '.') {
        int64_t unit = 100;
        for (rest++; isdigit((unsigned char)*rest); rest++, unit /= 10)
            fraction += (*rest - '0') * unit;
    }
    if (*rest == 'Z')
        rest++;
    else if (!strcmp(rest, "+00:00") || !strcmp(rest, "+0000"))
        rest = "";
    if (*rest)
        return false;
    *ms = (int64_t)timegm(&utc) * 1000 + fraction;
    return true;
}

void text_uuid(uint32_t prefix, uint64_t counter, char out[TEXT_UUID_SIZE])
{
    snprintf(out, TEXT_UUID_SIZE, "%08x-0000-4000-8000-%012llx", prefix,
             (unsigned long long)(counter & 0xffffffffffffULL));
}

void text_uuid_of_name(const char *name, char out[TEXT_UUID_SIZE])
{
    unsigned char d[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)name, strlen(name), d);
    snprintf(out, TEXT_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
             d[2], d[3], d[4], d[5], d[6] & 0x0f, d[7], (d[8] & 0x3f) | 0x80, d[9], d[10], d[11],
             d[12], d[13], d[14], d[15]);
}

bool text_is_uuid(const char *text)
{
    for (int i = 0; i < TEXT_UUID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return text[TEXT_UUID_SIZE - 1] == '\0';
}

char *text_base64(const void *data, size_t length)
{
    char *out = text_zeroed(4 * ((length + 2) / 3) + 1);

    EVP_EncodeBlock((unsigned char *)out, data, (int)length);
    return out;
}

char *text_base64_decode(const char *text)
{
    size_t length = strlen(text);
    char *padded = text_zeroed(length + 5);
    char *out = text_zeroed(length + 5);
    size_t n = 0;

    for (; n < length && text[n] != '='; n++)
        padded[n] = (char)(text[n] == '-' ? '+' : text[n] == '_' ? '/' : text[n]);
    size_t padding = (4 - n % 4) % 4;
    memset(padded + n, '=', padding);
    int decoded =
        EVP_DecodeBlock((unsigned char *)out, (unsigned char *)padded, (int)(n + padding));
    free(padded);
    if (decoded < 0) {
        free(out);
        return NULL;
    }
    out[(size_t)decoded - padding] = '\0';
    return out;
}

char *text_random(size_t bytes)
{
    unsigned char *data = text_zeroed(bytes);

    if (RAND_bytes(data, (int)bytes) != 1)
        abort();
    char *out = text_base64(data, bytes);
    free(data);
    for (char *c = out; *c; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    out[strcspn(out, "=")] = '\0';
    return out;
}

char *text_percent_encode(const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = text_zeroed(3 * strlen(text) + 1);
    char *to = out;

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (isalnum(*c) || strchr("-._~", *c)) {
            *to++ = (char)*c;
            continue;
        }
        *to++ = '%';
        *to++ = hex[*c >> 4];
        *to++ = hex[*c & 15];
    }
    return out;
}

size_t text_utf16_length(const char *text)
{
    size_t units = 0;

    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if ((*c & 0xc0) != 0x80)
            units += *c >= 0xf0 ? 2 : 1;
    }
    return units;
}

json_t *text_json(const char *text)
{
    json_t *value = json_string(text);

    if (value)
        return value;
    char *plain = text_copy(text);
    for (char *c = plain; *c; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = json_string(plain);
    free(plain);
    return value;
}
