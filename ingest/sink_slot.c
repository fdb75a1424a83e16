#include "ingest/sink_slot.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_HEADERS_MOST_BYTES = 64 * 1024,
    CONNECT_MOST_MS = 10000,
    IDLE_CONNECTION_MAX_S = 50,
    POLL_MS = 5000, /* a stop wakes it */
};

/* -- what libcurl calls ---------------------------------------------------------------------- */

/* The body, once. */
static size_t on_read(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    size_t left = slot->body_bytes - slot->body_sent;
    size_t take = left < size * count ? left : size * count;

    if (take == 0)
        return CURL_READFUNC_ABORT;
    memcpy(bytes, slot->body + slot->body_sent, take);
    slot->body_sent += take;
    return take;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
    const struct slot *slot = context;

    return offset == 0 && origin == SEEK_SET && slot->body_sent == 0 ? CURL_SEEKFUNC_OK
                                                                     : CURL_SEEKFUNC_FAIL;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;

    /* An answer whose headers are cut off is none, though libcurl takes it for one. */
    slot->headers_ended = bytes[0] == '\r' || bytes[0] == '\n';
    slot->header_bytes += size * count;
    slot->too_long |= slot->header_bytes > ANSWER_HEADERS_MOST_BYTES;
    return slot->too_long ? 0 : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    size_t length = size * count;

    if (slot->answer_bytes < SLOT_START_BYTES) {
        size_t room = SLOT_START_BYTES - slot->answer_bytes;
        memcpy(slot->start + slot->answer_bytes, bytes, length < room ? length : room);
    }
    slot->answer_bytes += length;
    slot->too_long |= slot->answer_bytes > SLOT_ANSWER_MOST_BYTES;
    return slot->too_long ? 0 : length;
}

/* -- slots ----------------------------------------------------------------------------------- */

void slot_free(struct slot *slot)
{
    curl_easy_cleanup(slot->easy);
    if (slot->multi)
        curl_multi_cleanup(slot->multi);
    free(slot);
}

static void set_callbacks(struct slot *slot)
{
    CURL *easy = slot->easy;

    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->problem);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, slot);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
}

static bool set_options(CURL *easy, const struct config_sink *config, const struct buf *ca_text)
{
    int64_t timeout_ms = config->timeout_ms;
    struct curl_blob ca = {ca_text->data, ca_text->length, CURL_BLOB_NOCOPY};

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_CONNECTION_MAX_S);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(timeout_ms < CONNECT_MOST_MS ? timeout_ms : CONNECT_MOST_MS));
    /* A look-up that hangs must not hold up the timeout or a stop. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "ingestd/" EVENTCTL_VERSION);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (ca.len > 0 && curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca) != CURLE_OK)
        return false;
    return curl_easy_setopt(easy, CURLOPT_URL, config->url) == CURLE_OK;
}

struct slot *slot_new(const struct config_sink *config, const struct buf *ca)
{
    struct slot *slot = calloc(1, sizeof(*slot));

    if (!slot)
        return NULL;
    slot->multi = curl_multi_init();
    slot->easy = curl_easy_init();
    if (!slot->multi || !slot->easy || !set_options(slot->easy, config, ca)) {
        slot_free(slot);
        return NULL;
    }
    set_callbacks(slot);
    curl_multi_setopt(slot->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(slot->multi, CURLMOPT_MAXCONNECTS, 1L);
    return slot;
}

/* -- one delivery ---------------------------------------------------------------------------- */

static bool slot_ended(struct slot *slot, CURLcode *code)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(slot->multi, &left)))
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return true;
        }
    return false;
}

static CURLcode slot_run(struct slot *slot, const atomic_bool *stopping)
{
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int running;

    if (curl_multi_add_handle(slot->multi, slot->easy) != CURLM_OK)
        return code;
    while (curl_multi_perform(slot->multi, &running) == CURLM_OK && !slot_ended(slot, &code)) {
        if (atomic_load(stopping)) {
            code = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        curl_multi_poll(slot->multi, NULL, 0, POLL_MS, NULL);
    }
    curl_multi_remove_handle(slot->multi, slot->easy);
    return code == CURLE_OK && !slot->headers_ended ? CURLE_PARTIAL_FILE : code;
}

static CURLcode slot_try(struct slot *slot, int64_t deadline_ms, bool fresh,
                         const atomic_bool *stopping)
{
    int64_t left_ms = deadline_ms - clock_monotonic_ms();

    if (atomic_load(stopping))
        return CURLE_ABORTED_BY_CALLBACK;
    slot->body_sent = slot->header_bytes = slot->answer_bytes = 0;
    slot->too_long = slot->headers_ended = false;
    memset(slot->start, 0, sizeof(slot->start));
    slot->problem[0] = '\0';
    curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
    curl_easy_setopt(slot->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    return slot_run(slot, stopping);
}

/* Was it a kept connection that had been closed meanwhile? Then no answer has begun. Mostly libcurl
 * finds that out itself, connects afresh and asks for the body again, which on_seek refuses. */
static bool kept_one_died(const struct slot *slot, CURLcode code)
{
    long connects = 0;

    if (slot->header_bytes > 0)
        return false;
    if (code == CURLE_SEND_FAIL_REWIND)
        return true;
    if (code != CURLE_GOT_NOTHING && code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR)
        return false;
    return curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK &&
           connects == 0;
}

CURLcode slot_post(struct slot *slot, const char *body, size_t body_bytes,
                   struct curl_slist *headers, int64_t timeout_ms, const atomic_bool *stopping)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    CURLcode code;

    slot->body = body;
    slot->body_bytes = body_bytes;
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_bytes);
    code = curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK)
        code = slot_try(slot, deadline_ms, false, stopping);
    if (kept_one_died(slot, code))
        code = slot_try(slot, deadline_ms, true, stopping);
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, NULL);
    return code;
}
