#include "ingest/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* "127.0.0.1:0" or "[::]:8443" */
static bool parse(const char *text, struct sockaddr_storage *out, socklen_t *length)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    const char *colon = strrchr(text, ':');
    size_t bracket = text[0] == '[';
    char host[INET6_ADDRSTRLEN], *end;
    size_t host_length = colon ? (size_t)(colon - text) : 0;
    unsigned long port;

    if (host_length < 2 + bracket * 2 || host_length - bracket * 2 >= sizeof host ||
        (bracket && colon[-1] != ']') || colon[1] < '0' || colon[1] > '9')
        return false;
    host_length -= bracket * 2;
    memcpy(host, text + bracket, host_length);
    host[host_length] = '\0';
    port = strtoul(colon + 1, &end, 10);
    if (*end || port > 65535)
        return false;
    memset(out, 0, sizeof *out);
    if (bracket) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        *length = sizeof *v6;
        return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *length = sizeof *v4;
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

bool listener_parse(const char *text, struct listener_address *address, struct error *error)
{
    return parse(text, &address->at, &address->length) ||
           error_set(error, ERROR_INVALID, "it is no address with a port");
}

void listener_write(const struct listener_address *address, char text[LISTENER_TEXT_BYTES])
{
    const struct sockaddr_storage *at = &address->at;
    char host[INET6_ADDRSTRLEN] = "";
    bool v6 = at->ss_family == AF_INET6;
    const void *from = v6 ? (const void *)&((const struct sockaddr_in6 *)at)->sin6_addr
                          : (const void *)&((const struct sockaddr_in *)at)->sin_addr;
    uint16_t port = v6 ? ((const struct sockaddr_in6 *)at)->sin6_port
                       : ((const struct sockaddr_in *)at)->sin_port;

    (void)inet_ntop(at->ss_family, from, host, sizeof host);
    (void)snprintf(text, LISTENER_TEXT_BYTES, v6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)ntohs(port));
}

struct in6_addr listener_peer(const struct sockaddr_storage *from)
{
    struct in6_addr address = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

    if (from->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)from)->sin6_addr;
    memcpy(address.s6_addr + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
    return address;
}

/* A port that somebody else serves is refused: SO_REUSEPORT would else share it with a second
 * ingestd of the same user, without a word. So it is tried without, first. */
static bool is_free(const struct listener_address *address)
{
    const int on = 1;
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound;

    if (fd < 0)
        return true; /* the listener's own socket will say why */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bound = bind(fd, (const struct sockaddr *)&address->at, address->length) == 0 ||
            errno != EADDRINUSE;
    (void)close(fd);
    return bound;
}

/* False: errno says why. */
static bool bind_and_listen(int fd, struct listener_address *address)
{
    const int on = 1, off = 0;
    struct sockaddr *at = (struct sockaddr *)&address->at;
    socklen_t length = sizeof address->at;

    if (at->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, at, address->length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, at, &length) != 0)
        return false;
    address->length = length;
    return true;
}

int listener_open(struct listener_address *address, bool first, struct error *error)
{
    bool taken = first && !is_free(address);
    int fd = -1;

    if (!taken)
        fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind_and_listen(fd, address))
        return fd;
    error_set(error, ERROR_FAILED, "cannot listen: %s", strerror(taken ? EADDRINUSE : errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}
