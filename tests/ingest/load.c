/* Sends events to ingestd as fast as it answers, and writes down every 202: what the accounting of
 * tests/ingest/accounting.py starts from.
 *
 *   load --port N --secret FILE --acknowledged FILE [--connections 16] [--events N] [--first N]
 *        [--batch N] [--interactions N] [--path /hub] [--subscription ID]
 *
 * Events carry sequence numbers from --first on; a request's numbers are appended to the file, one
 * a line, only after its 202 was read whole. A request that gets another answer, or none since the
 * connection broke, is not acknowledged: it is sent again, as a sender would, until it is or the
 * program is told to end (SIGTERM). Prints "N acknowledged, N sent, N refused, N broken".
 */
#include "core/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 512, BATCH_MOST = 4096, REQUEST_MOST_BYTES = 4 * 1024 * 1024 };

static struct {
    int port, connections, batch, acknowledged_fd;
    long events, first, interactions;
    const char *path, *subscription;
    char secret[256];
    size_t secret_bytes;
} options = {.connections = 16,
             .batch = 1,
             .events = 1000,
             .first = 1,
             .interactions = 100,
             .path = "/hub",
             .subscription = "sub-1",
             .acknowledged_fd = -1};

static volatile sig_atomic_t ending;
static long next_number, acknowledged, sent, refused, broken;

struct connection {
    int fd;
    struct buf request;
    size_t written;
    char reply[4096];
    size_t read;
    long first; /* of the request that is under way */
    int count;  /* 0: none is */
};

static void on_term(int signal)
{
    (void)signal;
    ending = 1;
}

static void add_event(struct buf *body, long number)
{
    long interaction = number % options.interactions;

    buf_printf(body,
               "{\"subscriptionId\":\"%s\",\"eventType\":\"Interaction.Created\","
               "\"sequenceNumber\":%ld,\"payload\":{\"id\":\"int-%ld\",\"channelType\":\"voice\","
               "\"startTime\":\"2023-10-27T10:00:00Z\",\"direction\":\"inbound\"}}",
               options.subscription, number, interaction);
}

static void make_request(struct connection *connection)
{
    struct buf body;
    unsigned char mac[EVP_MAX_MD_SIZE], base64[128];
    unsigned int mac_bytes = 0;

    buf_init(&body, REQUEST_MOST_BYTES);
    if (options.batch > 1)
        buf_add_char(&body, '[');
    for (int i = 0; i < connection->count; i++) {
        if (i)
            buf_add_char(&body, ',');
        add_event(&body, connection->first + i);
    }
    if (options.batch > 1)
        buf_add_char(&body, ']');
    HMAC(EVP_sha256(), options.secret, (int)options.secret_bytes, (const unsigned char *)body.data,
         body.length, mac, &mac_bytes);
    EVP_EncodeBlock(base64, mac, (int)mac_bytes);
    buf_reset(&connection->request);
    buf_printf(&connection->request,
               "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
               "X-Hub-Signature-256: sha256=%s\r\nContent-Length: %zu\r\n\r\n",
               options.path, (char *)base64, body.length);
    buf_add(&connection->request, body.data, body.length);
    buf_release(&body);
    connection->written = connection->read = 0;
}

/* Takes the next numbers, unless those of a request that went wrong are still to be sent. */
static bool begin_request(struct connection *connection)
{
    if (!connection->count) {
        long left = options.first + options.events - next_number;
        if (left <= 0)
            return false;
        connection->first = next_number;
        connection->count = left < options.batch ? (int)left : options.batch;
        next_number += connection->count;
    }
    make_request(connection);
    sent++;
    return true;
}

static void hang_up(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
}

/* Opens it and begins; false when the server is not there, which is tried again. */
static bool open_connection(struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address)) {
        hang_up(connection);
        return false;
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    if (begin_request(connection))
        return true;
    hang_up(connection);
    return false;
}

static void write_down(struct connection *connection)
{
    struct buf lines;

    buf_init(&lines, REQUEST_MOST_BYTES);
    for (int i = 0; i < connection->count; i++)
        buf_printf(&lines, "%ld\n", connection->first + i);
    if (lines.failed ||
        write(options.acknowledged_fd, lines.data, lines.length) != (ssize_t)lines.length) {
        perror("load: acknowledged");
        exit(1);
    }
    buf_release(&lines);
    acknowledged += connection->count;
    connection->count = 0;
}

/* The reply is whole when its head and its claimed body are there; 0: not yet. */
static int reply_status(struct connection *connection)
{
    connection->reply[connection->read] = 0;
    char *end = strstr(connection->reply, "\r\n\r\n");
    if (!end)
        return 0;
    char *length = strcasestr(connection->reply, "content-length:");
    size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    if (connection->read < (size_t)(end + 4 - connection->reply) + body)
        return 0;
    return atoi(connection->reply + strlen("HTTP/1.1 "));
}

static void on_readable(struct connection *connection)
{
    ssize_t got = read(connection->fd, connection->reply + connection->read,
                       sizeof connection->reply - 1 - connection->read);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        broken += connection->count > 0;
        hang_up(connection);
        return;
    }
    connection->read += (size_t)got;
    int status = reply_status(connection);
    if (!status)
        return;
    if (status == 202)
        write_down(connection);
    else
        refused++;
    if (strcasestr(connection->reply, "connection: close") || !begin_request(connection))
        hang_up(connection);
}

static void on_writable(struct connection *connection)
{
    ssize_t put = write(connection->fd, connection->request.data + connection->written,
                        connection->request.length - connection->written);

    if (put > 0) {
        connection->written += (size_t)put;
    } else if (errno != EAGAIN && errno != EINTR) {
        broken++;
        hang_up(connection);
    }
}

static bool unfinished(const struct connection *connections)
{
    if (next_number < options.first + options.events)
        return true;
    for (int i = 0; i < options.connections; i++)
        if (connections[i].count)
            return true;
    return false;
}

static void turn(struct connection *connections)
{
    struct pollfd polled[CONNECTIONS_MOST];
    bool any = false;

    for (int i = 0; i < options.connections; i++) {
        struct connection *connection = &connections[i];
        if (connection->fd < 0)
            open_connection(connection);
        polled[i] = (struct pollfd){.fd = connection->fd, .events = POLLIN};
        if (connection->fd >= 0 && connection->written < connection->request.length)
            polled[i].events |= POLLOUT;
        any |= connection->fd >= 0;
    }
    /* While nobody is there, look again after a moment. */
    if (poll(polled, (nfds_t)options.connections, any ? 1000 : 5) <= 0)
        return;
    for (int i = 0; i < options.connections; i++) {
        if (polled[i].revents & (POLLIN | POLLHUP | POLLERR))
            on_readable(&connections[i]);
        else if (polled[i].revents & POLLOUT)
            on_writable(&connections[i]);
    }
}

static void read_secret(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, options.secret, sizeof options.secret);

    if (got <= 0) {
        perror(path);
        exit(1);
    }
    close(fd);
    options.secret_bytes = (size_t)got;
}

static void read_options(int argc, char **argv)
{
    static const struct option known[] = {{"port", 1, NULL, 'p'},
                                          {"secret", 1, NULL, 's'},
                                          {"acknowledged", 1, NULL, 'a'},
                                          {"connections", 1, NULL, 'c'},
                                          {"events", 1, NULL, 'n'},
                                          {"first", 1, NULL, 'f'},
                                          {"batch", 1, NULL, 'b'},
                                          {"interactions", 1, NULL, 'i'},
                                          {"path", 1, NULL, 'u'},
                                          {"subscription", 1, NULL, 'S'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        switch (option) {
        case 'p':
            options.port = atoi(optarg);
            break;
        case 's':
            read_secret(optarg);
            break;
        case 'a':
            options.acknowledged_fd = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            break;
        case 'c':
            options.connections = atoi(optarg);
            break;
        case 'n':
            options.events = atol(optarg);
            break;
        case 'f':
            options.first = atol(optarg);
            break;
        case 'b':
            options.batch = atoi(optarg);
            break;
        case 'i':
            options.interactions = atol(optarg);
            break;
        case 'u':
            options.path = optarg;
            break;
        case 'S':
            options.subscription = optarg;
            break;
        default:
            exit(3);
        }
    if (options.port <= 0 || !options.secret_bytes || options.acknowledged_fd < 0 ||
        options.connections < 1 || options.connections > CONNECTIONS_MOST || options.batch < 1 ||
        options.batch > BATCH_MOST || options.interactions < 1) {
        fputs("load: see the top of tests/ingest/load.c\n", stderr);
        exit(3);
    }
}

int main(int argc, char **argv)
{
    static struct connection connections[CONNECTIONS_MOST];

    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_term);
    next_number = options.first;
    for (int i = 0; i < options.connections; i++) {
        connections[i].fd = -1;
        buf_init(&connections[i].request, REQUEST_MOST_BYTES);
    }
    while (!ending && unfinished(connections))
        turn(connections);
    for (int i = 0; i < options.connections; i++) {
        hang_up(&connections[i]);
        buf_release(&connections[i].request);
    }
    printf("%ld acknowledged, %ld sent, %ld refused, %ld broken\n", acknowledged, sent, refused,
           broken);
    return 0;
}
