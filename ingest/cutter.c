#include "ingest/cutter.h"

#include "core/clock.h"
#include "core/json.h"
#include "ingest/surrogate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers that are too large for an integer are still JSON. */
static json_t *event_parse(const char *text, size_t bytes, json_error_t *why)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *event;

    *why = (json_error_t){.line = -1};
    event = json_read(text, bytes, flags, why);
    if (!event && why->text[0] && json_error_code(why) == json_error_numeric_overflow)
        event = json_read(text, bytes, flags | JSON_DECODE_INT_AS_REAL, why);
    return event;
}

/* False: no memory. Half a surrogate pair is JSON too (RFC 8259, section 8.2), and what JavaScript
 * makes of a text cut in the middle of an emoji; jansson refuses it, so it reads a copy. */
static bool part_parse(const char *part, size_t bytes, json_t **event)
{
    json_error_t why;
    char *copy;

    *event = event_parse(part, bytes, &why);
    if (!*event && why.text[0] && json_error_code(&why) == json_error_invalid_syntax &&
        memmem(part, bytes, "\\u", 2)) {
        copy = malloc(bytes);
        if (!copy)
            return false;
        memcpy(copy, part, bytes);
        if (surrogates_mend(copy, bytes))
            *event = event_parse(copy, bytes, &why);
        free(copy);
    }
    return *event || (why.text[0] && json_error_code(&why) != json_error_out_of_memory);
}

/* What the parts of a request share. */
struct whole {
    struct shared_arrival *request;
    char topic[EVENT_ID_MOST];
    bool one; /* its body is one event, of whatever part: whose it is was found before */
    bool first_read;
    char first[ARRIVAL_SUBSCRIPTION_MOST + 1]; /* whose its first event says it is; or "" */
};

static void topic_read(const struct arrival *arrival, char *topic, size_t size)
{
    json_t *headers;
    const char *text;

    topic[0] = '\0';
    if (!arrival->headers || !strstr(arrival->headers, "\"topic\""))
        return;
    headers = json_read_text(arrival->headers);
    text = json_text(headers, "topic");
    snprintf(topic, size, "%s", text ? text : "");
    json_decref(headers);
}

static struct delivery *delivery_new(struct shared_arrival *request, struct event_place place,
                                     const char *part, size_t bytes,
                                     const struct event_facts *facts, bool stray)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));

    if (!delivery)
        return NULL;
    delivery->request = shared_arrival_hold(request);
    delivery->place = place;
    delivery->event = part;
    delivery->event_bytes = bytes;
    delivery->type = strdup(facts->type);
    delivery->interaction = strdup(facts->interaction);
    delivery->time_ms = facts->time_ms;
    delivery->received_us = request->arrival.received_us;
    delivery->form = facts->form;
    delivery->quarantined = !facts->has_ids;
    memcpy(delivery->key, facts->key, EVENT_KEY_BYTES);
    delivery->stray = stray ? strdup(facts->subscription) : NULL;
    if (delivery->type && delivery->interaction && (delivery->stray || !stray))
        return delivery;
    delivery_free(delivery);
    return NULL;
}

static void cut_add(struct cut *cut, struct delivery *delivery)
{
    if (cut->last)
        cut->last->next = delivery;
    else
        cut->first = delivery;
    cut->last = delivery;
    cut->quarantined += delivery->quarantined;
}

/* False: no memory. */
static bool first_read(struct whole *whole)
{
    const struct arrival *arrival = &whole->request->arrival;
    struct event_facts facts;
    const char *part;
    size_t offset = 0, bytes;
    json_t *event;

    if (whole->first_read)
        return true;
    if (!envelope_next(arrival->body, arrival->body_bytes, &offset, &part, &bytes) ||
        !part_parse(part, bytes, &event))
        return false;
    event_read(event, part, bytes, "", &facts);
    json_decref(event);
    memcpy(whole->first, facts.subscription, sizeof(whole->first));
    whole->first_read = true;
    return true;
}

/* A batch is of one subscription, that of its first event: what says otherwise must not reach
 * another's sink. The scan's name for it need not be the event's own: some ids it does not read, or
 * replaces. False: no memory. */
static bool stray_find(struct whole *whole, struct event_place place,
                       const struct event_facts *facts, bool *stray)
{
    const char *name = whole->request->arrival.subscription;

    *stray = !whole->one && place.part > 0 && facts->subscription[0] && name &&
             strcmp(facts->subscription, name) != 0;
    if (!*stray)
        return true;
    if (!first_read(whole))
        return false;
    *stray = strcmp(facts->subscription, whole->first) != 0;
    return true;
}

static bool cut_part(const struct cutter *cutter, struct whole *whole, struct event_place place,
                     const char *part, size_t bytes, struct cut *cut)
{
    struct event_facts facts;
    struct delivery *delivery;
    json_t *event;
    bool ok, stray;

    if (!part_parse(part, bytes, &event))
        return false;
    event_read(event, part, bytes, whole->topic, &facts);
    ok = stray_find(whole, place, &facts, &stray);
    if (!ok) {
        json_decref(event);
        return false;
    }
    if (event && !stray && cutter->match && !match_holds(cutter->match, facts.fields)) {
        cut->filtered++;
    } else {
        if (event && !stray && cutter->shapes && facts.fields)
            shapes_look(cutter->shapes, facts.type, facts.fields, part, bytes, clock_unix_us());
        delivery = delivery_new(whole->request, place, part, bytes, &facts, stray);
        ok = delivery != NULL;
        if (ok) {
            delivery->hopeless = !event || stray;
            cut_add(cut, delivery);
        }
    }
    json_decref(event);
    return ok;
}

/* What the scan found to be no JSON is one part, and so is an array without elements. */
static bool next_part(const struct arrival *arrival, uint32_t number, size_t *offset,
                      const char **part, size_t *bytes)
{
    if (!(arrival->flags & ARRIVAL_QUARANTINED) &&
        envelope_next(arrival->body, arrival->body_bytes, offset, part, bytes))
        return true;
    *part = arrival->body;
    *bytes = arrival->body_bytes;
    return number == 0;
}

bool cutter_cut(const struct cutter *cutter, struct shared_arrival *request, struct cut *cut)
{
    const struct arrival *arrival = &request->arrival;
    struct event_place place = {.position = arrival->position};
    struct whole whole = {.request = request};
    const char *part;
    size_t offset = 0, bytes;

    *cut = (struct cut){.first = NULL};
    topic_read(arrival, whole.topic, sizeof(whole.topic));
    for (; next_part(arrival, place.part, &offset, &part, &bytes); place.part++) {
        cut->parts++;
        if (cutter->only != CUTTER_ALL && cutter->only != place.part)
            continue;
        if (cutter->skips && cutter->skips(cutter->context, place))
            cut->skipped++;
        else if (!cut_part(cutter, &whole, place, part, bytes, cut)) {
            cut_release(cut);
            return false;
        }
    }
    return true;
}

void cut_release(struct cut *cut)
{
    for (struct delivery *delivery = cut->first, *next; delivery; delivery = next) {
        next = delivery->next;
        delivery_free(delivery);
    }
    *cut = (struct cut){.first = NULL};
}

struct delivery *cutter_one(struct shared_arrival *request, struct event_place place)
{
    const struct cutter cutter = {.only = CUTTER_ALL};
    struct whole whole = {.request = request, .one = true};
    struct cut cut = {.first = NULL};

    topic_read(&request->arrival, whole.topic, sizeof(whole.topic));
    if (!cut_part(&cutter, &whole, place, request->arrival.body, request->arrival.body_bytes, &cut))
        return NULL;
    return cut.first;
}

bool cutter_passes(const struct match *match, const struct delivery *delivery, bool *passes)
{
    char topic[EVENT_ID_MOST];
    struct event_facts facts;
    json_t *event;

    if (!part_parse(delivery->event, delivery->event_bytes, &event))
        return false;
    topic_read(&delivery->request->arrival, topic, sizeof(topic));
    event_read(event, delivery->event, delivery->event_bytes, topic, &facts);
    *passes = !event || match_holds(match, facts.fields);
    json_decref(event);
    return true;
}
