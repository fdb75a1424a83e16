/* Whatever body was accepted: the scan counts what the cut gives, agrees with jansson where that
 * reads it, and each part yields facts that keep their promises.
 *
 * Now and then the bytes are repeated to half a megabyte: what takes more than linear time then
 * runs into the fuzzer's time limit.
 */
#include "core/json.h"
#include "ingest/envelope.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONG_BYTES = 512 * 1024 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_facts(const char *part, size_t part_bytes, const char *topic)
{
    json_t *event = json_read(part, part_bytes, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct event_facts facts, again;

    event_read(event, part, part_bytes, topic, &facts);
    event_read(event, part, part_bytes, topic, &again);
    require(memcmp(facts.key, again.key, EVENT_KEY_BYTES) == 0);
    require(strlen(facts.type) < sizeof(facts.type));
    require(strlen(facts.interaction) < sizeof(facts.interaction));
    require(strlen(facts.subscription) < sizeof(facts.subscription));
    require(facts.has_ids == (facts.type[0] && facts.interaction[0]));
    require(facts.time_ms >= 0 && (!facts.fields || json_is_object(facts.fields)));
    require(strcmp(envelope_form_word(facts.form), "other") != 0 || facts.form == FORM_OTHER);
    json_decref(event);
}

static void check_parsed(const char *body, size_t length, const struct envelope *envelope)
{
    json_t *json = json_read(body, length, JSON_ALLOW_NUL, NULL);
    size_t size = json_array_size(json);

    if (json && envelope->json) {
        require(envelope->batch == json_is_array(json));
        require(envelope->events == (size ? size : 1));
    }
    json_decref(json);
}

/* `full`: each part is read, too. */
static void check_body(const char *body, size_t length, bool full)
{
    struct envelope envelope = envelope_scan(body, length);
    const char *part, *after = body, *end = body + length, *name = envelope.subscription;
    size_t offset = 0, part_bytes;
    uint32_t count = 0;

    require(envelope.events >= 1 && envelope.events <= ENVELOPE_EVENTS_MOST);
    require(envelope.json || (envelope.events == 1 && !envelope.batch));
    require(!name || (name > body && name + envelope.subscription_length < end));
    while (envelope_next(body, length, &offset, &part, &part_bytes)) {
        require(part >= after && part_bytes <= (size_t)(end - part));
        after = part + part_bytes;
        if (full)
            check_facts(part, part_bytes, count % 2 ? "v2.detail.events.conversation.c.acw" : "");
        count++;
    }
    require(count == envelope.events);
    if (full)
        check_parsed(body, length, &envelope);
}

static void check_repeated(const uint8_t *data, size_t size)
{
    char *body = malloc(LONG_BYTES);

    for (size_t i = 0; body && i < LONG_BYTES; i++)
        body[i] = (char)data[i % size];
    if (body)
        check_body(body, LONG_BYTES, false);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = malloc(size + 1);
    unsigned sum = 0;

    if (!body)
        return 0;
    memcpy(body, data, size);
    body[size] = '\0';
    check_body((const char *)data, size, true);
    event_time_ms(body);
    free(body);
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    if (size > 0 && sum % 64 == 0)
        check_repeated(data, size);
    return 0;
}
