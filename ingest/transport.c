#include "ingest/transport.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

/* An end without close_notify is an end: a request has its own length, so that nobody can cut one
 * short unseen, and who is half closed still gets its answer. */
bool transport_init(struct transport *transport, int fd, SSL_CTX *tls)
{
    *transport = (struct transport){.fd = fd};
    if (!tls)
        return true;
    transport->ssl = SSL_new(tls);
    if (!transport->ssl || SSL_set_fd(transport->ssl, fd) != 1) {
        transport_release(transport);
        ERR_clear_error();
        return false;
    }
    SSL_set_mode(transport->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                     SSL_MODE_RELEASE_BUFFERS);
    SSL_set_options(transport->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_set_accept_state(transport->ssl);
    return true;
}

void transport_release(struct transport *transport)
{
    SSL_free(transport->ssl);
    if (transport->fd >= 0)
        (void)close(transport->fd);
    *transport = (struct transport){.fd = -1};
}

static enum transport_result result_of_errno(enum transport_result blocked)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? blocked : TRANSPORT_BROKEN;
}

/* OpenSSL's error queue is the thread's: what one connection leaves in it would be read as an error
 * of the next. */
static enum transport_result result_of_ssl(SSL *ssl, int returned)
{
    int why = SSL_get_error(ssl, returned);

    if (why == SSL_ERROR_WANT_READ)
        return TRANSPORT_WANTS_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return TRANSPORT_WANTS_WRITE;
    ERR_clear_error();
    return why == SSL_ERROR_ZERO_RETURN ? TRANSPORT_END : TRANSPORT_BROKEN;
}

enum transport_result transport_handshake(struct transport *transport)
{
    int returned;

    ERR_clear_error();
    returned = SSL_do_handshake(transport->ssl);
    return returned == 1 ? TRANSPORT_DONE : result_of_ssl(transport->ssl, returned);
}

static enum transport_result plain_read(int fd, char *bytes, size_t size, size_t *length)
{
    ssize_t got = recv(fd, bytes, size, 0);

    if (got < 0)
        return result_of_errno(TRANSPORT_WANTS_READ);
    *length = (size_t)got;
    return got == 0 ? TRANSPORT_END : TRANSPORT_DONE;
}

enum transport_result transport_read(struct transport *transport, char *bytes, size_t size,
                                     size_t *length)
{
    int returned;

    *length = 0;
    if (!transport->ssl)
        return plain_read(transport->fd, bytes, size, length);
    ERR_clear_error();
    returned = SSL_read_ex(transport->ssl, bytes, size, length);
    return returned == 1 ? TRANSPORT_DONE : result_of_ssl(transport->ssl, returned);
}

enum transport_result transport_write(struct transport *transport, const char *bytes, size_t length,
                                      size_t *written)
{
    int returned;

    *written = 0;
    if (!transport->ssl) {
        ssize_t sent = send(transport->fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0)
            return result_of_errno(TRANSPORT_WANTS_WRITE);
        *written = (size_t)sent;
        return TRANSPORT_DONE;
    }
    ERR_clear_error();
    returned = SSL_write_ex(transport->ssl, bytes, length, written);
    return returned == 1 ? TRANSPORT_DONE : result_of_ssl(transport->ssl, returned);
}

bool transport_holds_bytes(const struct transport *transport)
{
    return transport->ssl && SSL_has_pending(transport->ssl);
}

void transport_finish(struct transport *transport)
{
    if (transport->ssl) {
        ERR_clear_error();
        (void)SSL_shutdown(transport->ssl);
        ERR_clear_error();
    }
    (void)shutdown(transport->fd, SHUT_WR);
}

enum transport_result transport_drop(struct transport *transport, char *bytes, size_t size,
                                     size_t *length)
{
    *length = 0;
    return plain_read(transport->fd, bytes, size, length);
}

/* -- names of a certificate --------------------------------------------------------------------
 */

enum { NAME_BYTES_MOST = 254 };

struct names {
    const char *list[TRANSPORT_NAMES_MOST + 1];
    char texts[TRANSPORT_NAMES_MOST][NAME_BYTES_MOST + 1];
    size_t count;
};

/* A name with a NUL in it is an attempt to be taken for another one. */
static void names_add(struct names *names, const ASN1_STRING *name)
{
    unsigned char *text = NULL;
    int length = ASN1_STRING_to_UTF8(&text, name);

    if (length > 0 && length <= NAME_BYTES_MOST && names->count < TRANSPORT_NAMES_MOST &&
        !memchr(text, '\0', (size_t)length)) {
        char *place = names->texts[names->count];

        memcpy(place, text, (size_t)length);
        place[length] = '\0';
        names->list[names->count++] = place;
    }
    OPENSSL_free(text);
}

static void names_add_common(struct names *names, X509 *certificate)
{
    X509_NAME *subject = X509_get_subject_name(certificate);

    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
        names_add(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static void names_add_dns(struct names *names, X509 *certificate)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            names_add(names, name->d.dNSName);
    }
    GENERAL_NAMES_free(all);
}

const char *const *transport_names(const struct transport *transport)
{
    struct names *names = NULL;
    X509 *certificate;

    if (!transport->ssl || SSL_get_verify_result(transport->ssl) != X509_V_OK)
        return NULL;
    certificate = SSL_get1_peer_certificate(transport->ssl);
    if (!certificate)
        return NULL;
    names = calloc(1, sizeof *names);
    if (names) {
        names_add_common(names, certificate);
        names_add_dns(names, certificate);
    }
    X509_free(certificate);
    ERR_clear_error();
    return names ? names->list : NULL;
}
