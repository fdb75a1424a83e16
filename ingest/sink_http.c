/* Delivery by HTTP POST, one event a request.
 *
 * A delivery takes a free slot (a libcurl handle with its kept connection), so that there are never
 * more slots than deliveries at a time.
 */
#include "ingest/sink_type.h"

#include "core/file.h"
#include "core/text.h"
#include "ingest/sink_headers.h"
#include "ingest/sink_slot.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOKEN_MOST_BYTES = 16 * 1024,
    CA_MOST_BYTES = 4 * 1024 * 1024,
};

struct http {
    const struct config_sink *config;
    char *authorization; /* the whole header, a secret; NULL: none */
    struct buf ca;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of what follows */
    struct slot *slots, *free;
};

/* The one that was used last comes first: its connection is the likeliest to be alive. */
static struct slot *slot_take(struct http *http)
{
    struct slot *slot;

    pthread_mutex_lock(&http->lock);
    slot = http->free;
    if (slot) {
        http->free = slot->next_free;
    } else if ((slot = slot_new(http->config, &http->ca))) {
        slot->next = http->slots;
        http->slots = slot;
    }
    pthread_mutex_unlock(&http->lock);
    return slot;
}

static void slot_give_back(struct http *http, struct slot *slot)
{
    pthread_mutex_lock(&http->lock);
    slot->next_free = http->free;
    http->free = slot;
    pthread_mutex_unlock(&http->lock);
}

static const struct {
    CURLcode code;
    const char *reason;
} reasons[] = {
    {CURLE_OPERATION_TIMEDOUT, "timeout"},
    {CURLE_COULDNT_CONNECT, "connect"},
    {CURLE_COULDNT_RESOLVE_HOST, "dns"},
    {CURLE_GOT_NOTHING, "reset"},
    {CURLE_SEND_ERROR, "reset"},
    {CURLE_RECV_ERROR, "reset"},
    {CURLE_SEND_FAIL_REWIND, "reset"},
    {CURLE_PARTIAL_FILE, "reset"},
    {CURLE_SSL_CONNECT_ERROR, "tls"},
    {CURLE_PEER_FAILED_VERIFICATION, "tls"},
    {CURLE_SSL_CACERT_BADFILE, "tls"},
    {CURLE_SSL_CERTPROBLEM, "tls"},
    {CURLE_SSL_CIPHER, "tls"},
    {CURLE_SSL_ENGINE_INITFAILED, "tls"},
};

static void judge_failure(const struct slot *slot, CURLcode code, struct outcome *outcome)
{
    const char *reason = "other";

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].code == code)
            reason = reasons[i].reason;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        outcome_set(outcome, OUTCOME_STOPPED, "", "cut off: the service stops");
    else if (slot->too_long)
        outcome_set(outcome, OUTCOME_FAILED, "too-large",
                    "the answer has more than %d bytes, or as many of headers",
                    SLOT_ANSWER_MOST_BYTES);
    else
        outcome_set(outcome, OUTCOME_FAILED, reason, "%s",
                    slot->problem[0] ? slot->problem : curl_easy_strerror(code));
}

/* What a well sink says of one request (RFC 9110, section 15.5); 401, 403, 404, 408 and 429 are
 * said of all. */
static bool is_of_event(long status)
{
    static const long of_event[] = {400, 405, 406, 409, 410, 411, 412, 413, 414, 415, 422};

    for (size_t i = 0; i < sizeof(of_event) / sizeof(of_event[0]); i++)
        if (of_event[i] == status)
            return true;
    return false;
}

/* Seconds; 0: it has none. A number that is too large for libcurl is none to it. */
static curl_off_t retry_after_s(CURL *easy)
{
    curl_off_t wait_s = 0;
    struct curl_header *header;
    const char *digits;

    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait_s);
    if (wait_s != 0 ||
        curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return wait_s;
    digits = header->value + strspn(header->value, "0");
    return *digits && !digits[strspn(digits, "0123456789")] ? INT64_MAX : 0;
}

static void judge_answer(const struct slot *slot, struct outcome *outcome)
{
    long status = 0;
    curl_off_t wait_s = retry_after_s(slot->easy);
    const char *location = NULL;
    char reason[16];

    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(slot->easy, CURLINFO_REDIRECT_URL, &location);
    snprintf(reason, sizeof(reason), "http-%03ld", status);
    if (status >= 200 && status <= 299) {
        outcome_set(outcome, OUTCOME_DELIVERED, "", "%ld", status);
    } else if (status >= 300 && status <= 399) {
        outcome_set(outcome, OUTCOME_FAILED, "redirect", "%ld to %s; redirects are not followed",
                    status, location ? location : "nowhere");
    } else if ((status == 429 || status == 503) && wait_s > 0) {
        /* "Retry-After: 0" says nothing that our own gaps do not say better. */
        outcome_set(outcome, OUTCOME_LATER, reason, "%ld: %s", status, slot->start);
        outcome->wait_ms =
            wait_s < OUTCOME_LATER_MOST_MS / 1000 ? 1000 * wait_s : OUTCOME_LATER_MOST_MS;
    } else {
        outcome_set(outcome, OUTCOME_FAILED, reason, "%ld%s%s", status, slot->start[0] ? ": " : "",
                    slot->start);
        outcome->sink_is_well = is_of_event(status);
    }
}

static void deliver_one(struct http *http, struct slot *slot, const struct delivery *delivery,
                        struct outcome *outcome)
{
    struct curl_slist *headers = sink_headers_new(http->config, http->authorization, delivery);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    size_t length;
    const char *shown = delivery_shown(delivery, &length);

    if (headers)
        code = slot_post(slot, shown, length, headers, http->config->timeout_ms, &http->stopping);
    if (code == CURLE_OK)
        judge_answer(slot, outcome);
    else
        judge_failure(slot, code, outcome);
    sink_headers_free(headers);
}

static void http_deliver(void *state, struct delivery *const *deliveries, size_t count,
                         struct outcome *outcomes)
{
    struct http *http = state;

    for (size_t i = 0; i < count; i++) {
        struct slot *slot = slot_take(http);
        if (!slot) {
            outcome_set(&outcomes[i], OUTCOME_FAILED, "other", "out of memory");
            continue;
        }
        deliver_one(http, slot, deliveries[i], &outcomes[i]);
        slot_give_back(http, slot);
    }
}

static void http_stop(void *state)
{
    struct http *http = state;

    atomic_store(&http->stopping, true);
    pthread_mutex_lock(&http->lock);
    for (struct slot *slot = http->slots; slot; slot = slot->next)
        curl_multi_wakeup(slot->multi);
    pthread_mutex_unlock(&http->lock);
}

/* -- opening --------------------------------------------------------------------------------- */

static bool check_url(const char *text, struct error *error)
{
    struct text_url url;

    if (!text_parse_url(text, &url))
        return error_set(error, ERROR_INVALID, "not an HTTP or HTTPS URL");
    if (url.has_userinfo)
        return error_set(error, ERROR_INVALID,
                         "a URL with a user or password in it; use a token file or a header");
    return true;
}

/* The file's text without the white space around it, as the header that it makes. */
static bool read_token(struct http *http, struct error *error)
{
    const char *path = http->config->token_file;
    struct buf text;
    size_t from = 0, to;
    bool ok;

    buf_init(&text, TOKEN_MOST_BYTES);
    ok = file_read(path, &text, error);
    for (to = text.length; to > 0 && isspace((unsigned char)text.data[to - 1]);)
        to--;
    while (from < to && isspace((unsigned char)text.data[from]))
        from++;
    for (size_t i = from; ok && i < to; i++)
        if ((unsigned char)text.data[i] <= ' ' || (unsigned char)text.data[i] >= 0x7f)
            ok = error_set(error, ERROR_INVALID, "%s: not a token: it holds white space", path);
    if (ok && from == to)
        ok = error_set(error, ERROR_INVALID, "%s: it is empty", path);
    if (ok && asprintf(&http->authorization, "Authorization: Bearer %.*s", (int)(to - from),
                       text.data + from) < 0) {
        http->authorization = NULL;
        ok = error_no_memory(error);
    }
    if (text.data)
        OPENSSL_cleanse(text.data, text.length);
    buf_release(&text);
    return ok;
}

/* Read here and kept, so that a wrong one is found at the start, not by the first event. */
static bool read_ca(struct http *http, struct error *error)
{
    const char *path = http->config->ca_file;
    BIO *bio;
    X509 *certificate = NULL;

    if (!file_read(path, &http->ca, error))
        return false;
    bio = BIO_new_mem_buf(buf_text(&http->ca), (int)http->ca.length);
    if (bio)
        certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (!certificate)
        return error_set(error, ERROR_INVALID, "%s: no PEM certificate in it", path);
    X509_free(certificate);
    return true;
}

static void http_close(void *state)
{
    struct http *http = state;

    while (http->slots) {
        struct slot *next = http->slots->next;
        slot_free(http->slots);
        http->slots = next;
    }
    if (http->authorization)
        OPENSSL_cleanse(http->authorization, strlen(http->authorization));
    free(http->authorization);
    buf_release(&http->ca);
    pthread_mutex_destroy(&http->lock);
    free(http);
    curl_global_cleanup();
}

static void *http_open(const struct config_sink *config, struct error *error)
{
    struct http *http;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_no_memory(error);
        return NULL;
    }
    http = calloc(1, sizeof(*http));
    if (!http) {
        error_no_memory(error);
        curl_global_cleanup();
        return NULL;
    }
    http->config = config;
    pthread_mutex_init(&http->lock, NULL);
    buf_init(&http->ca, CA_MOST_BYTES);
    if (check_url(config->url, error) && sink_headers_check(config, error) &&
        (!config->token_file || read_token(http, error)) &&
        (!config->ca_file || read_ca(http, error)))
        return http;
    http_close(http);
    return NULL;
}

const struct sink_type sink_http = {
    .batch_most = 1,
    .open = http_open,
    .close = http_close,
    .deliver = http_deliver,
    .stop = http_stop,
};
