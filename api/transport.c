#include "api/transport.h"

#include "core/clock.h"
#include "api/token.h"

#include "core/text.h"

#include <curl/curl.h>
#include <openssl/crypto.h>

enum {
    IDLE_CONNECTION_MAX_S = 50,
    HANDLES_KEPT = 16,
    LOOK_MS = 100 /* what cannot be polled is looked at so often */
};

struct exchange {
    struct exchange *next, *previous; /* of those under way */
    struct transport *transport;
    CURL *easy;
    struct curl_slist *headers;
    char *authorization; /* the whole header, a secret */
    struct http_response response;
    const char *body; /* the request's */
    size_t body_length, body_sent;
    size_t header_bytes;
    bool too_long, no_memory;
    char curl_problem[CURL_ERROR_SIZE];
    transport_done done;
    void *context;
};

struct transport {
    CURLM *multi;
    struct exchange *exchanges;
    CURL *kept[HANDLES_KEPT]; /* idle handles, to be used again */
    size_t kept_count;
    char *ca_file, *proxy;
    int64_t connect_timeout_ms, timeout_ms;
};

struct transport *transport_new(const struct transport_options *options, struct error *error)
{
    struct transport *transport;
    bool ok;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_no_memory(error);
        return NULL;
    }
    transport = calloc(1, sizeof(*transport));
    ok = transport && (transport->multi = curl_multi_init());
    if (ok && options->ca_file)
        ok = (transport->ca_file = strdup(options->ca_file)) != NULL;
    if (ok && options->proxy)
        ok = (transport->proxy = strdup(options->proxy)) != NULL;
    if (!ok) {
        error_no_memory(error);
        if (transport)
            transport_free(transport);
        else
            curl_global_cleanup();
        return NULL;
    }
    transport->connect_timeout_ms = options->connect_timeout_ms;
    transport->timeout_ms = options->timeout_ms;
    curl_multi_setopt(transport->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, (long)options->connections + 1);
    return transport;
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    while (transport->exchanges)
        transport_cancel(transport->exchanges);
    while (transport->kept_count > 0)
        curl_easy_cleanup(transport->kept[--transport->kept_count]);
    if (transport->multi)
        curl_multi_cleanup(transport->multi);
    free(transport->ca_file);
    free(transport->proxy);
    free(transport);
    curl_global_cleanup();
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    struct buf *body = &exchange->response.body;

    exchange->too_long = exchange->too_long || size * count > body->limit - body->length;
    if (exchange->too_long)
        return 0;
    buf_add(body, bytes, size * count);
    exchange->no_memory = body->failed;
    return body->failed ? 0 : size * count;
}

/* The request's body, once: a second reading finds its end and fails the transfer, as seeking back
 * does. */
static size_t on_read(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t left = exchange->body_length - exchange->body_sent;
    size_t take = left < size * count ? left : size * count;

    if (take == 0)
        return CURL_READFUNC_ABORT;
    memcpy(bytes, exchange->body + exchange->body_sent, take);
    exchange->body_sent += take;
    return take;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct exchange *exchange = context;

    return offset == 0 && origin == SEEK_SET && exchange->body_sent == 0 ? CURL_SEEKFUNC_OK
                                                                         : CURL_SEEKFUNC_FAIL;
}

static void response_reset(struct http_response *response)
{
    response->correlation_id[0] = '\0';
    response->rate_count = response->rate_allowed = response->rate_reset_s = -1;
    response->retry_after_ms = response->date_s = -1;
}

static void take_header(struct http_response *response, const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t member;
    } numbers[] = {
        {"inin-ratelimit-count", offsetof(struct http_response, rate_count)},
        {"inin-ratelimit-allowed", offsetof(struct http_response, rate_allowed)},
        {"inin-ratelimit-reset", offsetof(struct http_response, rate_reset_s)},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcasecmp(name, numbers[i].name) == 0)
            *(int64_t *)((char *)response + numbers[i].member) = reply_read_number(value);
    if (strcasecmp(name, "ININ-Correlation-Id") == 0)
        reply_read_correlation(value, strlen(value), response->correlation_id);
    else if (strcasecmp(name, "Retry-After") == 0)
        response->retry_after_ms = reply_read_retry_after(value, clock_unix_s());
    else if (strcasecmp(name, "Date") == 0)
        response->date_s = (int64_t)curl_getdate(value, NULL);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = size * count;
    char line[1024];
    char *value;

    exchange->header_bytes += length;
    if (exchange->header_bytes > TRANSPORT_HEADERS_MAX_BYTES) {
        exchange->too_long = true;
        return 0;
    }
    if (length > 5 && memcmp(bytes, "HTTP/", 5) == 0) /* another answer begins (100, then 200) */
        response_reset(&exchange->response);
    if (length >= sizeof(line))
        return length;
    memcpy(line, bytes, length);
    line[length] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    value = strchr(line, ':');
    if (value) {
        *value++ = '\0';
        take_header(&exchange->response, line, value + strspn(value, " \t"));
    }
    return length;
}

static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool build_headers(struct exchange *exchange, const struct http_request *request)
{
    char type[128], accept[256];

    if (request->authorization) {
        if (asprintf(&exchange->authorization, "Authorization: %s", request->authorization) < 0) {
            exchange->authorization = NULL;
            return false;
        }
        if (!add_header(&exchange->headers, exchange->authorization))
            return false;
    }
    snprintf(type, sizeof(type), "Content-Type: %s",
             request->content_type ? request->content_type : "application/json");
    snprintf(accept, sizeof(accept), "Accept: %s",
             request->accept ? request->accept : "application/json");
    return add_header(&exchange->headers, type) && add_header(&exchange->headers, accept) &&
           add_header(&exchange->headers, "Expect:");
}

static void set_limits(const struct transport *transport, CURL *easy, bool plain)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a slow name server holds nobody up at the
                                                       end: its thread is left to itself */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_MAX_S);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)transport->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)transport->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "eventctl");
    if (transport->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, transport->ca_file);
    if (transport->proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, transport->proxy);
    else if (plain) /* plain http is loopback: no secret goes through a proxy in the clear */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

static bool set_request(struct exchange *exchange, const struct http_request *request)
{
    CURL *easy = exchange->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->curl_problem);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    if (request->body_length > 0) {
        exchange->body = request->body;
        exchange->body_length = request->body_length;
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
    }
    /* On a kept connection that died libcurl would send a change a second time, unasked: without
     * a body nothing stops it but a connection of its own. */
    if (strcmp(request->method, "GET") != 0 && request->body_length == 0)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

static void exchange_free(struct exchange *exchange)
{
    struct transport *transport = exchange->transport;

    for (struct curl_slist *header = exchange->headers; header; header = header->next)
        OPENSSL_cleanse(header->data, strlen(header->data));
    curl_slist_free_all(exchange->headers);
    secret_free(exchange->authorization);
    if (exchange->response.body.data)
        OPENSSL_cleanse(exchange->response.body.data, exchange->response.body.length);
    buf_release(&exchange->response.body);
    if (exchange->easy && transport->kept_count < HANDLES_KEPT) {
        curl_easy_reset(exchange->easy);
        transport->kept[transport->kept_count++] = exchange->easy;
    } else if (exchange->easy) {
        curl_easy_cleanup(exchange->easy);
    }
    free(exchange);
}

struct exchange *transport_start(struct transport *transport, const struct http_request *request,
                                 transport_done done, void *context)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    bool ok;

    if (!exchange)
        return NULL;
    exchange->transport = transport;
    exchange->done = done;
    exchange->context = context;
    buf_init(&exchange->response.body,
             request->answer_most ? request->answer_most : TRANSPORT_BODY_MAX_BYTES);
    response_reset(&exchange->response);
    exchange->easy =
        transport->kept_count > 0 ? transport->kept[--transport->kept_count] : curl_easy_init();
    ok = exchange->easy && build_headers(exchange, request);
    if (ok) {
        set_limits(transport, exchange->easy, strncasecmp(request->url, "http:", 5) == 0);
        ok = set_request(exchange, request) &&
             curl_multi_add_handle(transport->multi, exchange->easy) == CURLM_OK;
    }
    if (!ok) {
        exchange_free(exchange);
        return NULL;
    }
    exchange->next = transport->exchanges;
    if (exchange->next)
        exchange->next->previous = exchange;
    transport->exchanges = exchange;
    return exchange;
}

static void exchange_unlink(struct exchange *exchange)
{
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        exchange->transport->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    curl_multi_remove_handle(exchange->transport->multi, exchange->easy);
}

void transport_cancel(struct exchange *exchange)
{
    exchange_unlink(exchange);
    exchange_free(exchange);
}

/* Whether the service can have had the whole request. A request with a body has not been sent while
 * nobody asked for the body; one without was sent when libcurl got as far as sending. */
static bool was_sent(const struct exchange *exchange)
{
    curl_off_t before_sending_us = 0;

    if (exchange->body_length > 0)
        return exchange->body_sent > 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &before_sending_us);
    return before_sending_us > 0;
}

static void exchange_judge(struct exchange *exchange, CURLcode code)
{
    struct http_response *response = &exchange->response;
    const char *why = exchange->curl_problem[0] ? exchange->curl_problem : curl_easy_strerror(code);
    struct buf text;

    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &response->status);
    if (code == CURLE_OK && response->status > 0) {
        response->end = HTTP_ANSWERED;
        return;
    }
    response->end = was_sent(exchange) ? HTTP_LOST : HTTP_NOT_SENT;
    response->hopeless = exchange->too_long || code == CURLE_PEER_FAILED_VERIFICATION ||
                         code == CURLE_SSL_CACERT_BADFILE || code == CURLE_URL_MALFORMAT ||
                         code == CURLE_UNSUPPORTED_PROTOCOL;
    if (code == CURLE_SEND_FAIL_REWIND)
        why = "the connection was closed before an answer";
    if (exchange->too_long)
        why = "the answer is longer than allowed";
    if (exchange->no_memory)
        why = "out of memory";
    buf_init(&text, sizeof(response->problem) - 1);
    text_add_safe(&text, why, strnlen(why, 200));
    snprintf(response->problem, sizeof(response->problem), "%s", buf_text(&text));
    buf_release(&text);
}

/* Returns the number of exchanges that ended. */
static size_t collect(struct transport *transport)
{
    CURLMsg *message;
    size_t ended = 0;
    int left;

    while ((message = curl_multi_info_read(transport->multi, &left))) {
        struct exchange *exchange = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        exchange_judge(exchange, code);
        exchange_unlink(exchange);
        exchange->done(exchange->context, &exchange->response);
        exchange_free(exchange);
        ended++;
    }
    return ended;
}

size_t transport_poll(const struct transport *transport, struct pollfd *fds, size_t most,
                      int *timeout_ms)
{
    fd_set reading, writing, exceptions;
    long wait_ms = -1;
    size_t count = 0;
    int last = -1;

    if (!transport->exchanges)
        return 0;
    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_ZERO(&exceptions);
    curl_multi_fdset(transport->multi, &reading, &writing, &exceptions, &last);
    curl_multi_timeout(transport->multi, &wait_ms);
    if (last < 0 && (wait_ms < 0 || wait_ms > LOOK_MS))
        wait_ms = LOOK_MS;
    for (int fd = 0; fd <= last; fd++) {
        short events =
            (short)((FD_ISSET(fd, &reading) ? POLLIN : 0) | (FD_ISSET(fd, &writing) ? POLLOUT : 0));
        if (events && count < most)
            fds[count++] = (struct pollfd){fd, events, 0};
        else if (events && (wait_ms < 0 || wait_ms > LOOK_MS))
            wait_ms = LOOK_MS;
    }
    if (wait_ms >= 0 && (*timeout_ms < 0 || wait_ms < *timeout_ms))
        *timeout_ms = (int)wait_ms;
    return count;
}

void transport_step(struct transport *transport, int timeout_ms)
{
    int running = 0;

    curl_multi_perform(transport->multi, &running);
    if (collect(transport) > 0 || timeout_ms <= 0)
        return;
    curl_multi_poll(transport->multi, NULL, 0, timeout_ms, NULL);
    curl_multi_perform(transport->multi, &running);
    collect(transport);
}
