/* Writes a file of requests, whole and signed, for wrk and the stages: tests/bench/ingest.py.
 *
 *   requests --out FILE --count N [--batch N] --path /p --header NAME
 *            [--prefix TEXT] [--secret FILE | --hmac FILE | --sign FILE --key-id ID --alg NAME]
 *
 * --secret sends the file's text as it is, --hmac a MAC of the body by it, --sign a signature by
 * that private key over the time and the body. The first line says how many bytes each request has;
 * then they follow, all of that length. Every event has 400 bytes and a number of its own; four
 * belong to one interaction.
 */
#include "core/buf.h"

#include <getopt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    EVENT_BYTES = 400,
    EVENTS_OF_INTERACTION = 4,
    BATCH_MOST = 1000,
    BODY_MOST = BATCH_MOST * (EVENT_BYTES + 1) + 2,
    SIGNATURE_MOST = 1024,
    SECRET_MOST = 256,
    PADDING = 12 /* an ECDSA signature may be some bytes shorter than another */
};

static struct {
    const char *out, *path, *header, *prefix, *key_id, *algorithm;
    long count, batch;
    char secret[SECRET_MOST];
    size_t secret_bytes;
    bool mac;
    EVP_PKEY *key;
} options = {.batch = 1, .prefix = ""};

static void die(const char *what)
{
    fprintf(stderr, "requests: %s\n", what);
    exit(3);
}

static void add_event(struct buf *body, long number)
{
    size_t begin = body->length;

    buf_printf(body,
               "{\"subscriptionId\":\"sub-1\",\"eventType\":\"Interaction.Updated\","
               "\"sequenceNumber\":1%08ld,\"payload\":{\"id\":\"6c1b0000-0000-4000-8000-%012ld\","
               "\"channelType\":\"voice\",\"startTime\":\"2023-10-27T10:00:00Z\","
               "\"direction\":\"inbound\",\"queueId\":\"3f0c1b52-8a54-4d0e-9d1f-6a2f7c9e5b10\","
               "\"attributes\":{\"language\":\"en\",\"priority\":5,\"note\":\"",
               number, number / EVENTS_OF_INTERACTION);
    while (body->length - begin < EVENT_BYTES - strlen("\"}}}"))
        buf_add_char(body, 'x');
    buf_add_text(body, "\"}}}");
}

static void add_body(struct buf *body, long first)
{
    if (options.batch > 1)
        buf_add_char(body, '[');
    for (long i = 0; i < options.batch; i++) {
        if (i)
            buf_add_char(body, ',');
        add_event(body, first + i);
    }
    if (options.batch > 1)
        buf_add_char(body, ']');
}

static void add_base64(struct buf *out, const unsigned char *bytes, size_t length)
{
    unsigned char text[SIGNATURE_MOST * 2];

    EVP_EncodeBlock(text, bytes, (int)length);
    buf_add_text(out, (char *)text);
}

static void add_mac(struct buf *out, const struct buf *body)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    HMAC(EVP_sha256(), options.secret, (int)options.secret_bytes, (const unsigned char *)body->data,
         body->length, mac, &length);
    add_base64(out, mac, length);
}

static void add_signature(struct buf *out, const struct buf *body, long now)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[SIGNATURE_MOST];
    size_t length = sizeof signature;
    char at[24];

    snprintf(at, sizeof at, "%ld.", now);
    if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, options.key) != 1 ||
        EVP_DigestSignUpdate(context, at, strlen(at)) != 1 ||
        EVP_DigestSignUpdate(context, body->data, body->length) != 1 ||
        EVP_DigestSignFinal(context, signature, &length) != 1)
        die("cannot sign");
    EVP_MD_CTX_free(context);
    buf_printf(out, "keyId=%s,alg=%s,t=%ld,sig=", options.key_id, options.algorithm, now);
    add_base64(out, signature, length);
}

/* Everything but the padding's end and the body; the body is made on the way. */
static void add_head(struct buf *request, struct buf *body, long number, long now)
{
    add_body(body, number * options.batch);
    buf_printf(request,
               "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n%s: %s",
               options.path, body->length, options.header, options.prefix);
    if (options.key)
        add_signature(request, body, now);
    else if (options.mac)
        add_mac(request, body);
    else
        buf_add(request, options.secret, options.secret_bytes);
    buf_add_text(request, "\r\nX-Padding: ");
}

static void write_all(FILE *out)
{
    static const char ending[] = "\r\n\r\n";
    long now = (long)time(NULL);
    size_t size = 0;

    for (long number = 0; number < options.count; number++) {
        struct buf request, body;

        buf_init(&request, BODY_MOST * 2);
        buf_init(&body, BODY_MOST);
        add_head(&request, &body, number, now);
        if (number == 0) {
            size = request.length + PADDING + strlen(ending) + body.length;
            fprintf(out, "%zu\n", size);
        }
        while (request.length + strlen(ending) + body.length < size)
            buf_add_char(&request, 'x');
        buf_add_text(&request, ending);
        buf_add(&request, body.data, body.length);
        if (request.failed || body.failed || request.length != size ||
            fwrite(request.data, 1, size, out) != size)
            die("cannot write");
        buf_release(&request);
        buf_release(&body);
    }
}

static FILE *open_file(const char *path, const char *mode)
{
    FILE *file = fopen(path, mode);

    if (!file)
        die(path);
    return file;
}

static void read_secret(const char *path)
{
    FILE *file = open_file(path, "rb");

    options.secret_bytes = fread(options.secret, 1, sizeof options.secret, file);
    fclose(file);
}

static void read_key(const char *path)
{
    FILE *file = open_file(path, "rb");

    options.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (!options.key)
        die("no private key");
}

static void read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"out", 1, NULL, 'o'},    {"count", 1, NULL, 'c'},  {"batch", 1, NULL, 'b'},
        {"path", 1, NULL, 'p'},   {"header", 1, NULL, 'h'}, {"prefix", 1, NULL, 'x'},
        {"secret", 1, NULL, 's'}, {"hmac", 1, NULL, 'm'},   {"sign", 1, NULL, 'k'},
        {"key-id", 1, NULL, 'i'}, {"alg", 1, NULL, 'a'},    {NULL, 0, NULL, 0}};
    const char **const texts[] = {
        ['o'] = &options.out,    ['p'] = &options.path,   ['h'] = &options.header,
        ['x'] = &options.prefix, ['i'] = &options.key_id, ['a'] = &options.algorithm};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'c')
            options.count = atol(optarg);
        else if (option == 'b')
            options.batch = atol(optarg);
        else if (option == 's' || option == 'm')
            read_secret(optarg);
        else if (option == 'k')
            read_key(optarg);
        else if (option != '?')
            *texts[option] = optarg;
        options.mac |= option == 'm';
    }
    if (!options.out || !options.path || !options.header || options.count < 1 ||
        options.batch < 1 || options.batch > BATCH_MOST ||
        (options.key ? !options.key_id || !options.algorithm : !options.secret_bytes))
        die("see the top of tests/bench/requests.c");
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    FILE *out = open_file(options.out, "wb");
    write_all(out);
    if (fclose(out))
        die("cannot write");
    EVP_PKEY_free(options.key);
    return 0;
}
