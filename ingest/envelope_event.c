/* One event's particulars: its form, ids, time and idempotency key. */
#include "ingest/envelope.h"

#include "core/digest.h"
#include "ingest/event_key.h"

#include <stdio.h>
#include <string.h>

/* A text that is not ours; may hold NULs. */
struct text {
    const char *bytes; /* NULL: there is none */
    size_t length;
};

/* What is known of an event while it is read. */
struct reading {
    const json_t *outer; /* the event itself */
    const json_t *envelope;
    const json_t *fields;
    struct text type, interaction;
    char numbers[4][24]; /* ids that came as numbers */
    size_t number_count;
};

/* -- members -------------------------------------------------------------------------------------
 */

static struct text text_of(const json_t *string)
{
    if (!json_is_string(string) || json_string_length(string) == 0)
        return (struct text){NULL, 0};
    return (struct text){json_string_value(string), json_string_length(string)};
}

static const json_t *object_at(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);

    return json_is_object(member) ? member : NULL;
}

/* A member that is a string, or a whole number, as text. */
static struct text id_at(struct reading *reading, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    char *number;

    if (!json_is_integer(member) ||
        reading->number_count == sizeof(reading->numbers) / sizeof(reading->numbers[0]))
        return text_of(member);
    number = reading->numbers[reading->number_count++];
    snprintf(number, sizeof(reading->numbers[0]), "%lld", (long long)json_integer_value(member));
    return (struct text){number, strlen(number)};
}

/* The first of the names (ends with NULL) that is there. */
static struct text first_id(struct reading *reading, const json_t *object, const char *const *names)
{
    struct text found = {NULL, 0};

    for (; *names && !found.bytes; names++)
        found = id_at(reading, object, *names);
    return found;
}

/* -- forms ---------------------------------------------------------------------------------------
 */

/* Two of the guide's three members. */
static bool is_guide(const json_t *event)
{
    return json_is_string(json_object_get(event, "eventType")) +
               json_is_string(json_object_get(event, "subscriptionId")) +
               (object_at(event, "payload") != NULL) >=
           2;
}

static bool is_notification(const json_t *event)
{
    return json_is_string(json_object_get(event, "topicName")) && object_at(event, "eventBody");
}

static bool is_eventbridge(const json_t *event)
{
    return json_is_string(json_object_get(event, "detail-type")) && object_at(event, "detail");
}

static bool is_bare(const json_t *event)
{
    return json_is_string(json_object_get(event, "conversationId"));
}

static void open_guide(struct reading *reading)
{
    reading->fields = object_at(reading->outer, "payload");
    reading->type = text_of(json_object_get(reading->outer, "eventType"));
}

static void open_notification(struct reading *reading)
{
    reading->fields = object_at(reading->outer, "eventBody");
    reading->type = text_of(json_object_get(reading->outer, "topicName"));
}

/* Its detail is a notification, or the fields themselves. */
static void open_eventbridge(struct reading *reading)
{
    reading->envelope = object_at(reading->outer, "detail");
    reading->fields = object_at(reading->envelope, "eventBody");
    if (!reading->fields)
        reading->fields = reading->envelope;
    reading->type = text_of(json_object_get(reading->envelope, "topicName"));
    if (!reading->type.bytes)
        reading->type = text_of(json_object_get(reading->outer, "detail-type"));
}

static void open_bare(struct reading *reading)
{
    reading->fields = reading->outer;
    reading->type = text_of(json_object_get(reading->outer, "eventType"));
    if (!reading->type.bytes)
        reading->type = text_of(json_object_get(reading->outer, "topicName"));
}

static const char *const guide_ids[] = {"id", "conversationId", "interactionId", NULL};
static const char *const topic_ids[] = {"conversationId", "interactionId", NULL};
static const char *const last_ids[] = {"id", NULL};

static const struct form {
    const char *word;
    bool (*matches)(const json_t *event); /* asked in this order; NULL: when no other does */
    void (*open)(struct reading *reading);
    const char *const *interactions; /* members of the fields that name the interaction */
    const char *const *event_ids;    /* members of the event that name it alone */
    const char *times[2];            /* members of the fields, the first that is good */
} forms[] = {
    [FORM_GUIDE] = {"guide",
                    is_guide,
                    open_guide,
                    guide_ids,
                    (const char *const[]){"eventId", "id", NULL},
                    {"startTime", "eventTime"}},
    [FORM_NOTIFICATION] = {"notification",
                           is_notification,
                           open_notification,
                           topic_ids,
                           (const char *const[]){"eventId", NULL},
                           {"eventTime", "startTime"}},
    [FORM_EVENTBRIDGE] = {"eventbridge",
                          is_eventbridge,
                          open_eventbridge,
                          topic_ids,
                          (const char *const[]){"id", NULL},
                          {"eventTime", "startTime"}},
    [FORM_BARE] = {"bare",
                   is_bare,
                   open_bare,
                   topic_ids,
                   (const char *const[]){"eventId", NULL},
                   {"eventTime", "startTime"}},
    [FORM_OTHER] = {"other",
                    NULL,
                    open_bare,
                    topic_ids,
                    (const char *const[]){"eventId", NULL},
                    {"eventTime", "startTime"}},
};

const char *envelope_form_word(enum envelope_form form)
{
    return (unsigned)form <= FORM_OTHER ? forms[form].word : forms[FORM_OTHER].word;
}

/* An object with a topic beside it is a bare event body, whatever it holds. */
static enum envelope_form find_form(const json_t *event, const char *topic)
{
    int form = FORM_GUIDE;

    while (form < FORM_OTHER && !forms[form].matches(event))
        form++;
    if (form == FORM_OTHER && json_is_object(event) && *topic)
        return FORM_BARE;
    return (enum envelope_form)form;
}

/* -- copies --------------------------------------------------------------------------------------
 */

/* Copies a text, or what stands for it: its digest when it does not fit or a copy would be cut at
 * a NUL. `size` is at least 72. */
static void set_text(char *out, size_t size, struct text text)
{
    static const char prefix[] = "sha256:";

    out[0] = '\0';
    if (!text.bytes)
        return;
    if (text.length < size && !memchr(text.bytes, '\0', text.length)) {
        memcpy(out, text.bytes, text.length);
        out[text.length] = '\0';
        return;
    }
    memcpy(out, prefix, sizeof(prefix));
    if (!digest_hex(text.bytes, text.length, DIGEST_HEX, out + sizeof(prefix) - 1))
        out[0] = '\0';
}

static bool is_uuid(const char *bytes, size_t length)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (length != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < length; i++)
        if (form[i] == '-' ? bytes[i] != '-' : !strchr("0123456789abcdefABCDEF", bytes[i]))
            return false;
    return memchr(bytes, '\0', length) == NULL; /* strchr finds it, too */
}

static const char conversations[] = "v2.detail.events.conversation.";
static const char any_id[] = "{id}";

/* The conversation's id in a topic's name: what follows the prefix, up to the next dot. */
static struct text topic_id(struct text topic)
{
    size_t prefix = sizeof(conversations) - 1;
    struct text id = {NULL, 0};
    const char *dot;

    if (topic.length <= prefix || memcmp(topic.bytes, conversations, prefix) != 0)
        return id;
    dot = memchr(topic.bytes + prefix, '.', topic.length - prefix);
    if (!dot || dot == topic.bytes + prefix)
        return id;
    return (struct text){topic.bytes + prefix, (size_t)(dot - topic.bytes) - prefix};
}

static bool is_any_id(struct text id)
{
    return id.length == sizeof(any_id) - 1 && memcmp(id.bytes, any_id, id.length) == 0;
}

/* A topic's name with {id} for each part that is an id; any other text as it is. */
static void set_type(char *out, size_t size, struct text name)
{
    char general[2 * EVENT_ID_MOST + sizeof(any_id)]; /* one part may grow: it becomes {id} */
    struct text id = topic_id(name);
    size_t length = 0;

    if (name.length < 3 || name.length > 2 * EVENT_ID_MOST || memcmp(name.bytes, "v2.", 3) != 0) {
        set_text(out, size, name);
        return;
    }
    for (size_t at = 0, part; at <= name.length; at += part + 1) {
        const char *begin = name.bytes + at, *dot = memchr(begin, '.', name.length - at);
        bool general_part;
        part = dot ? (size_t)(dot - begin) : name.length - at;
        general_part = is_uuid(begin, part) || begin == id.bytes;
        memcpy(general + length, general_part ? any_id : begin,
               general_part ? sizeof(any_id) - 1 : part);
        length += general_part ? sizeof(any_id) - 1 : part;
        if (dot)
            general[length++] = '.';
    }
    set_text(out, size, (struct text){general, length});
}

/* -- the key -------------------------------------------------------------------------------------
 */

static void add_part(struct event_key *key, struct text part)
{
    event_key_add(key, part.bytes, part.length);
}

static struct text find_sequence(struct reading *reading)
{
    struct text sequence = id_at(reading, reading->outer, "sequenceNumber");

    if (!sequence.bytes)
        sequence = id_at(reading, reading->envelope, "sequenceNumber");
    return sequence.bytes ? sequence : id_at(reading, reading->fields, "sequenceNumber");
}

static struct text find_event_id(struct reading *reading, const struct form *form)
{
    struct text id = first_id(reading, reading->outer, form->event_ids);

    return id.bytes ? id : id_at(reading, reading->fields, "eventId");
}

/* What tells the event from others of its interaction and type: the first of four that it has. */
static void add_distinction(struct event_key *key, struct reading *reading, const struct form *form,
                            int64_t time_ms, struct text raw)
{
    struct text sequence = find_sequence(reading);
    struct text id = find_event_id(reading, form);
    struct text participant = text_of(json_object_get(reading->fields, "participantId"));
    struct text session = text_of(json_object_get(reading->fields, "sessionId"));
    char time[24];

    if (sequence.bytes || id.bytes) {
        add_part(key, (struct text){sequence.bytes ? "sequence" : "event", sequence.bytes ? 8 : 5});
        add_part(key, sequence.bytes ? sequence : id);
    } else if (time_ms && (participant.bytes || session.bytes)) {
        snprintf(time, sizeof(time), "%lld", (long long)time_ms);
        add_part(key, participant);
        add_part(key, session);
        add_part(key, (struct text){time, strlen(time)});
    } else {
        add_part(key, raw);
    }
}

/* -- all of it ----------------------------------------------------------------------------------
 */

static int64_t time_of(const json_t *value)
{
    const int64_t most_ms = INT64_C(253402300799999); /* the last of the year 9999 */
    int64_t ms = 0;

    if (json_is_string(value))
        return event_time_ms(json_string_value(value));
    if (json_is_integer(value))
        ms = json_integer_value(value);
    else if (json_is_real(value) && json_real_value(value) > 0 &&
             json_real_value(value) <= (double)most_ms)
        ms = (int64_t)json_real_value(value);
    return ms > 0 && ms <= most_ms ? ms : 0;
}

static int64_t find_time(const struct reading *reading, const struct form *form)
{
    int64_t ms = time_of(json_object_get(reading->fields, form->times[0]));

    return ms ? ms : time_of(json_object_get(reading->fields, form->times[1]));
}

/* What stands on the envelope alone is when it was sent: good for order, not for identity. */
static int64_t find_envelope_time(const struct reading *reading)
{
    static const char *const names[] = {"eventTime", "startTime", "timestamp", "time"};
    int64_t ms = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !ms; i++) {
        ms = time_of(json_object_get(reading->envelope, names[i]));
        ms = ms ? ms : time_of(json_object_get(reading->outer, names[i]));
    }
    return ms;
}

static void find_interaction(struct reading *reading, const struct form *form)
{
    struct text id = first_id(reading, reading->fields, form->interactions);

    if (!id.bytes)
        id = first_id(reading, reading->envelope, topic_ids);
    if (!id.bytes && reading->type.bytes) {
        id = topic_id(reading->type);
        id = id.bytes && is_any_id(id) ? (struct text){NULL, 0} : id;
    }
    reading->interaction = id.bytes ? id : first_id(reading, reading->fields, last_ids);
}

void event_read(const json_t *event, const char *part, size_t part_bytes, const char *topic,
                struct event_facts *facts)
{
    enum envelope_form which = find_form(event, topic);
    const struct form *form = &forms[which];
    struct reading reading = {.outer = event, .envelope = event};
    struct event_key key;
    int64_t time_ms;

    *facts = (struct event_facts){.form = which};
    if (json_is_object(event))
        form->open(&reading);
    if (!reading.type.bytes && *topic)
        reading.type = (struct text){topic, strlen(topic)};
    find_interaction(&reading, form);
    time_ms = find_time(&reading, form);

    set_text(facts->subscription, sizeof(facts->subscription),
             text_of(json_object_get(event, "subscriptionId")));
    set_type(facts->type, sizeof(facts->type), reading.type);
    set_text(facts->interaction, sizeof(facts->interaction), reading.interaction);
    facts->has_ids = facts->type[0] && facts->interaction[0];
    facts->fields = reading.fields;
    facts->time_ms = time_ms ? time_ms : find_envelope_time(&reading);

    event_key_init(&key);
    add_part(&key, reading.interaction);
    add_part(&key, (struct text){facts->type, strlen(facts->type)});
    add_distinction(&key, &reading, form, time_ms, (struct text){part, part_bytes});
    event_key_make(&key, facts->key);
}
