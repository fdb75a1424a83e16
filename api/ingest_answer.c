#include "api/ingest_answer.h"

#include "core/json.h"
#include "core/text.h"

#include <string.h>

enum {
    WORDS_MOST = 300,                /* bytes of the endpoint's words that are shown */
    WORDS_BODY_MOST = 64 * 1024,     /* a longer body has no short word to say */
    WORDS_SAFE_MOST = 8 * WORDS_MOST /* once what is unsafe is written out */
};

/* The endpoint's own words: "error" or "message" of a JSON object; "" when there are none. */
static void add_words(struct buf *out, const char *body, size_t length)
{
    json_t *json = length <= WORDS_BODY_MOST ? json_read(body, length, 0, NULL) : NULL;
    const char *words = json_text(json, "error");
    size_t shown;

    if (!words)
        words = json_text(json, "message");
    shown = words ? strnlen(words, WORDS_MOST) : 0;
    while (shown > 0 && ((unsigned char)words[shown] & 0xC0) == 0x80)
        shown--;
    if (shown > 0)
        text_add_safe(out, words, shown);
    if (shown > 0 && words[shown])
        buf_add_text(out, "…");
    json_decref(json);
}

static void set_error(struct ingest_answer *answer)
{
    bool refused = answer->status == 401 || answer->status == 403;
    struct buf words;

    buf_init(&words, WORDS_SAFE_MOST);
    add_words(&words, answer->body, answer->length);
    error_set(&answer->error, refused ? ERROR_AUTH : ERROR_FAILED, "status %ld%s%s", answer->status,
              words.length ? ": " : "", buf_text(&words));
    buf_release(&words);
}

void ingest_answer_read(struct ingest_answer *answer, const struct http_response *response,
                        int64_t took_ms)
{
    static const enum ingest_end ends[] = {[HTTP_ANSWERED] = INGEST_ANSWERED,
                                           [HTTP_NOT_SENT] = INGEST_NOT_SENT,
                                           [HTTP_LOST] = INGEST_LOST};

    *answer = (struct ingest_answer){.end = ends[response->end],
                                     .body = "",
                                     .took_ms = took_ms,
                                     .date_s = response->date_s,
                                     .error = ERROR_INIT};
    if (response->end != HTTP_ANSWERED) {
        error_set(
            &answer->error, ERROR_FAILED, "%s%s",
            response->end == HTTP_LOST ? "no whole answer: " : "not sent: ", response->problem);
        return;
    }
    answer->status = response->status;
    answer->body = buf_text(&response->body);
    answer->length = response->body.length;
    if (answer->status < 200 || answer->status > 299)
        set_error(answer);
}
