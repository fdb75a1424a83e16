/* Whatever an endpoint says of itself: a status or metrics, and a word of an error.
 *
 * What is read keeps what ingest_sample.h promises. jansson is the judge of a status: whatever is
 * read as one is JSON to it too.
 */
#include "api/ingest_answer.h"
#include "api/ingest_sample.h"
#include "core/text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_text(const char *text)
{
    must(text && strlen(text) <= SAMPLE_TEXT_MOST);
    must(text_utf8_check(text, strlen(text)) == strlen(text));
}

static void check_number(int64_t number)
{
    must(number >= 0 || number == SAMPLE_UNKNOWN);
}

static void check_quantile(double s)
{
    must(isnan(s) || isfinite(s));
}

static void check_subscriptions(const struct ingest_sample *sample)
{
    for (size_t i = 0; i < sample->subscription_count; i++) {
        const struct sample_subscription *of = &sample->subscriptions[i];
        must(i == 0 || strcmp(sample->subscriptions[i - 1].id, of->id) < 0);
        check_text(of->id);
        check_text(of->name);
        check_text(of->last_error);
        check_number(of->depth);
        check_number(of->accepted);
        check_number(of->oldest_ms);
        check_number(of->oldest_age_ms);
        check_number(of->dead_lettered);
        check_quantile(of->p50_s);
        check_quantile(of->p99_s);
    }
}

static void check_sample(const struct ingest_sample *sample)
{
    check_text(sample->instance);
    check_text(sample->version);
    check_text(sample->not_ready);
    check_number(sample->depth);
    check_number(sample->accepted_events);
    check_number(sample->dead_count);
    check_number(sample->started_ms);
    check_subscriptions(sample);
    for (size_t i = 0; i < sample->reason_count; i++) {
        check_text(sample->reasons[i].subscription);
        check_text(sample->reasons[i].reason);
        check_number(sample->reasons[i].count);
    }
    for (size_t i = 0; i < sample->sink_count; i++) {
        check_text(sample->sinks[i].name);
        check_text(sample->sinks[i].breaker);
        must(i == 0 || strcmp(sample->sinks[i - 1].name, sample->sinks[i].name) < 0);
    }
}

static void check_error(const struct error *error)
{
    must(error->code != ERROR_NONE && error->text[0]);
    for (const char *c = error->text; *c; c++)
        must((unsigned char)*c >= ' ' && *c != 0x7F);
}

static bool is_json(const char *bytes, size_t length)
{
    json_error_t why;
    json_t *json = json_loadb(bytes, length, 0, &why);
    bool is = json || json_error_code(&why) == json_error_numeric_overflow;

    json_decref(json);
    return is;
}

static void read_error(const char *bytes, size_t length)
{
    struct http_response response = {.end = HTTP_ANSWERED, .status = 500, .date_s = -1};
    struct ingest_answer answer;

    buf_init(&response.body, length + 1);
    buf_add(&response.body, bytes, length);
    ingest_answer_read(&answer, &response, 0);
    check_error(&answer.error);
    buf_release(&response.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct error error = ERROR_INIT;
    struct ingest_sample sample;

    sample_init(&sample);
    if (sample_read(&sample, bytes, size, &error)) {
        check_sample(&sample);
        sample_release(&sample);
    } else {
        check_error(&error);
    }
    error = ERROR_INIT;
    if (sample_read_status(&sample, bytes, size, &error)) {
        must(is_json(bytes, size));
        sample_release(&sample);
    }
    read_error(bytes, size);
    return 0;
}
