/* Envelopes: the scan counts what the cut gives, whatever the bytes; events yield their ids. */
#include "ingest/envelope.h"

#include "core/json.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#define UUID  "3fa85f64-5717-4562-b3fc-2c963f66afa6"
#define TOPIC "v2.detail.events.conversation."

/* -- the scan -----------------------------------------------------------------------------------
 */

/* Cuts it, and sees that the parts stand in the body, in order; how many there are. */
static uint32_t count_parts(const char *body, size_t length)
{
    const char *part, *after = body;
    size_t offset = 0, bytes;
    uint32_t count = 0;

    while (envelope_next(body, length, &offset, &part, &bytes)) {
        assert_true(part >= after && part + bytes <= body + length);
        after = part + bytes;
        count++;
        assert_true(count <= ENVELOPE_EVENTS_MOST);
    }
    assert_false(envelope_next(body, length, &offset, &part, &bytes));
    return count;
}

/* What jansson makes of it; 0: nothing. */
static uint32_t count_by_jansson(const char *body, size_t length)
{
    json_t *json = json_read(body, length, 0, NULL);
    size_t count = !json                                          ? 0
                   : json_is_array(json) && json_array_size(json) ? json_array_size(json)
                                                                  : 1;

    json_decref(json);
    return (uint32_t)count;
}

/* The body from the heap at its exact size, so that a byte read beyond it is found. */
static struct envelope scan(const char *body, size_t length, char *subscription)
{
    char *copy = malloc(length ? length : 1);
    struct envelope envelope;
    uint32_t parsed = count_by_jansson(body, length);

    assert_non_null(copy);
    memcpy(copy, body, length);
    envelope = envelope_scan(copy, length);
    subscription[0] = '\0';
    if (envelope.subscription)
        snprintf(subscription, 64, "%.*s", (int)envelope.subscription_length,
                 envelope.subscription);
    assert_int_equal(count_parts(copy, length), envelope.events);
    assert_true(parsed == 0 || (envelope.json && envelope.events == parsed));
    free(copy);
    return envelope;
}

#define BYTES(text) text, sizeof(text) - 1
#define GUIDE                                                                                      \
    "{\"subscriptionId\":\"sub-1\",\"eventType\":\"Interaction.Created\",\"payload\":{\"id\":"     \
    "\"i\"}}"

static const struct {
    const char *body;
    size_t length;
    bool json, batch;
    uint32_t events;
    const char *subscription;
} scans[] = {
    {BYTES(GUIDE), true, false, 1, "sub-1"},
    {BYTES(" \r\n\t" GUIDE "\n"), true, false, 1, "sub-1"},
    {BYTES("[" GUIDE "]"), true, true, 1, "sub-1"},
    {BYTES("[" GUIDE " , " GUIDE "\n]"), true, true, 2, "sub-1"},
    {BYTES("[{\"a\":1},{\"subscriptionId\":\"second\"}]"), true, true, 2, ""},
    {BYTES("[1,{\"subscriptionId\":\"second\"}]"), true, true, 2, ""},
    {BYTES("{\"payload\":{\"subscriptionId\":\"deeper\"}}"), true, false, 1, ""},
    {BYTES("{\"a\":\"subscriptionId\",\"b\":\"c\"}"), true, false, 1, ""},
    {BYTES("{\"subscriptionId\" : \t\"sub-2\"}"), true, false, 1, "sub-2"},
    {BYTES("{\"subscriptionId\":\"a\\\"b\"}"), true, false, 1, ""},
    {BYTES("{\"subscriptionId\":\"\"}"), true, false, 1, ""},
    {BYTES("{\"subscriptionId\":7}"), true, false, 1, ""},
    {BYTES("{\"subscriptionId\":\"a\",\"subscriptionId\":\"b\"}"), true, false, 1, "b"},
    {BYTES("{\"subscriptionId\":\"a\",\"subscriptionId\":null}"), true, false, 1, ""},
    {BYTES("{\"subscriptionIdx\":\"a\",\"xsubscriptionId\":\"b\"}"), true, false, 1, ""},
    {BYTES("[]"), true, true, 1, ""},
    {BYTES(" [ \n] "), true, true, 1, ""},
    {BYTES("[[1,2],[3,[4,5]],{\"a\":[6,7]}]"), true, true, 3, ""},
    {BYTES("[\"a,b\",\"]\",\"[{\",\"\\\"\",\"\\\\\",\"\\\\\\\",\"]"), true, true, 6, ""},
    {BYTES("[\"01234567,01\\\",234567\",\"0123456789012345,\"]"), true, true, 2, ""},
    {BYTES("[1,,2]"), true, true, 3, ""},
    {BYTES("[,]"), true, true, 2, ""},
    {BYTES("{}"), true, false, 1, ""},
    {BYTES("{\"a\":\"\0\",\"b\":[\0]}"), true, false, 1, ""},
    /* no JSON */
    {BYTES(""), false, false, 1, ""},
    {BYTES("  "), false, false, 1, ""},
    {BYTES("\0"), false, false, 1, ""},
    {BYTES("text"), false, false, 1, ""},
    {BYTES("\"a,b\""), false, false, 1, ""},
    {BYTES("17"), false, false, 1, ""},
    {BYTES("\xEF\xBB\xBF{}"), false, false, 1, ""},
    {BYTES("{"), false, false, 1, ""},
    {BYTES("["), false, false, 1, ""},
    {BYTES("[1,2"), false, false, 1, ""},
    {BYTES("[1,2]]"), false, false, 1, ""},
    {BYTES("[1,2]3"), false, false, 1, ""},
    {BYTES("{}{}"), false, false, 1, ""},
    {BYTES("{]"), false, false, 1, ""},
    {BYTES("[{]}"), false, false, 1, ""},
    {BYTES("[1,\"2]"), false, false, 1, ""},
    {BYTES("[1,\"2\\\"]"), false, false, 1, ""},
    {BYTES("[\"\\"), false, false, 1, ""},
    {BYTES("{\"subscriptionId\":\"sub-3\",\"payload\":{"), false, false, 1, "sub-3"},
    {BYTES("{\"subscriptionId\":\"sub-3"), false, false, 1, ""},
    {BYTES("{\"subscriptionId\":"), false, false, 1, ""},
    {BYTES("{\"subscriptionId\""), false, false, 1, ""},
};

static void test_scan(void **state)
{
    char subscription[64];

    (void)state;
    for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
        struct envelope found = scan(scans[i].body, scans[i].length, subscription);
        if (found.json != scans[i].json || found.batch != scans[i].batch ||
            found.events != scans[i].events || strcmp(subscription, scans[i].subscription) != 0)
            fail_msg("row %zu: %s: %d %d %u \"%s\"", i, scans[i].body, found.json, found.batch,
                     found.events, subscription);
    }
}

/* Every beginning of a batch is read without a byte too many, and only the whole is JSON. */
static void test_cut_off(void **state)
{
    static const char body[] = "[" GUIDE ",{\"a\\\"\":[\"\\\\\",{}]}]";
    char subscription[64];

    (void)state;
    for (size_t length = 0; length < sizeof(body); length++)
        assert_int_equal(scan(body, length, subscription).json, length == sizeof(body) - 1);
}

/* `count` times `piece`. */
static size_t repeat(char *out, const char *piece, size_t count)
{
    size_t length = strlen(piece);

    for (size_t i = 0; i < count; i++)
        memcpy(out + i * length, piece, length);
    return length * count;
}

static void test_depth(void **state)
{
    static char body[400000];
    char subscription[64];
    size_t length;

    (void)state;
    for (size_t depth = ENVELOPE_DEPTH_TOLD - 1; depth <= ENVELOPE_DEPTH_TOLD + 2; depth++) {
        length = repeat(body, "[", depth);
        length += repeat(body + length, "]", depth);
        assert_true(scan(body, length, subscription).json);
        body[length - 1] = '}'; /* of the outermost */
        assert_false(scan(body, length, subscription).json);
        assert_false(scan(body, length - 1, subscription).json);
    }
    length = repeat(body, "{", sizeof(body) / 2);
    length += repeat(body + length, "}", sizeof(body) / 2);
    assert_true(scan(body, length, subscription).json);
    length = repeat(body, "[", sizeof(body));
    assert_false(scan(body, length, subscription).json);
    length = repeat(body, "[{\"a\":", sizeof(body) / 6);
    assert_false(scan(body, length, subscription).json);
}

/* What one element nests changes nothing for its neighbours, whether it can be read or not. */
static void test_deep_element(void **state)
{
    static const size_t depths[] = {ENVELOPE_DEPTH_TOLD, 70, 2000, 3000, 100000};
    static char body[400000];
    char subscription[64];

    (void)state;
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        size_t length = repeat(body, "[" GUIDE ",{\"a\":", 1), offset = 0, bytes;
        const char *part;
        struct envelope found;

        length += repeat(body + length, "[", depths[i]);
        length += repeat(body + length, "]", depths[i]);
        length += repeat(body + length, "}," GUIDE "]", 1);
        found = scan(body, length, subscription);
        assert_true(found.json && found.batch);
        assert_int_equal(found.events, 3);
        assert_string_equal(subscription, "sub-1");
        for (size_t n = 0; n < 3; n++) {
            assert_true(envelope_next(body, length, &offset, &part, &bytes));
            assert_int_equal(bytes, n == 1 ? 2 * depths[i] + 6 : sizeof(GUIDE) - 1);
        }
    }
}

static void test_many(void **state)
{
    static char body[10000 * sizeof(GUIDE) + 2];
    char subscription[64];
    size_t length = 1;

    (void)state;
    body[0] = '[';
    length += repeat(body + 1, GUIDE ",", 10000);
    body[length - 1] = ']';
    assert_int_equal(scan(body, length, subscription).events, 10000);
    length = repeat(body, "[", 1);
    length += repeat(body + 1, ",", ENVELOPE_EVENTS_MOST);
    body[length++] = ']';
    assert_false(scan(body, length, subscription).json);
    body[length - 2] = ' ';
    assert_int_equal(scan(body, length, subscription).events, ENVELOPE_EVENTS_MOST);
}

static void test_parts_are_trimmed(void **state)
{
    static const char body[] = " [ {\"a\":1} ,\n\"b,]\" , 3\t] ";
    static const char *const wanted[] = {"{\"a\":1}", "\"b,]\"", "3"};
    const char *part;
    size_t offset = 0, bytes;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(envelope_next(body, sizeof(body) - 1, &offset, &part, &bytes));
        assert_int_equal(bytes, strlen(wanted[i]));
        assert_memory_equal(part, wanted[i], bytes);
    }
    assert_false(envelope_next(body, sizeof(body) - 1, &offset, &part, &bytes));
}

static void test_empty_array_is_one_part(void **state)
{
    const char *part;
    size_t offset = 0, bytes;

    (void)state;
    assert_true(envelope_next(" [ ] ", 5, &offset, &part, &bytes));
    assert_int_equal(bytes, 3);
    assert_memory_equal(part, "[ ]", 3);
    assert_false(envelope_next(" [ ] ", 5, &offset, &part, &bytes));
}

/* -- events -------------------------------------------------------------------------------------
 */

/* The JSON stays for as long as the facts' fields are looked at. */
static json_t *read_event(const char *text, const char *topic, struct event_facts *facts)
{
    json_t *event = json_read(text, strlen(text), JSON_ALLOW_NUL, NULL);

    event_read(event, text, strlen(text), topic, facts);
    return event;
}

static const struct {
    const char *event, *topic;
    enum envelope_form form;
    const char *subscription, *type, *interaction;
    int64_t time_ms;
    const char *field; /* one of its fields; NULL: it has no fields */
} events[] = {
    {"{\"subscriptionId\":\"s\",\"eventType\":\"Interaction.Created\",\"payload\":{\"id\":\"i\","
     "\"startTime\":\"2023-10-27T10:00:00Z\"}}",
     "", FORM_GUIDE, "s", "Interaction.Created", "i", 1698400800000, "startTime"},
    {"{\"eventType\":\"E\",\"payload\":{\"conversationId\":\"c\",\"eventTime\":5}}", "", FORM_GUIDE,
     "", "E", "c", 5, "eventTime"},
    {"{\"eventType\":\"E\",\"payload\":{\"id\":12}}", "", FORM_GUIDE, "", "E", "12", 0, "id"},
    {"{\"subscriptionId\":\"s\",\"eventType\":\"E\"}", "", FORM_GUIDE, "s", "E", "", 0, NULL},
    {"{\"subscriptionId\":\"s\",\"payload\":{\"id\":\"i\"}}", "T", FORM_GUIDE, "s", "T", "i", 0,
     "id"},
    {"{\"topicName\":\"" TOPIC UUID
     ".acd.end\",\"version\":\"2\",\"eventBody\":{\"conversationId\":"
     "\"c\",\"eventTime\":1698400800123},\"metadata\":{\"CorrelationId\":\"x\"}}",
     "", FORM_NOTIFICATION, "", TOPIC "{id}.acd.end", "c", 1698400800123, "conversationId"},
    {"{\"topicName\":\"" TOPIC UUID ".acw\",\"eventBody\":{\"a\":1}}", "", FORM_NOTIFICATION, "",
     TOPIC "{id}.acw", UUID, 0, "a"},
    {"{\"topicName\":\"" TOPIC "c-7.acw\",\"eventBody\":{\"id\":\"no\"}}", "", FORM_NOTIFICATION,
     "", TOPIC "{id}.acw", "c-7", 0, "id"},
    {"{\"topicName\":\"" TOPIC "{id}.acw\",\"eventBody\":{\"id\":\"i\"}}", "", FORM_NOTIFICATION,
     "", TOPIC "{id}.acw", "i", 0, "id"},
    {"{\"topicName\":\"v2.users." UUID ".presence\",\"eventBody\":{\"id\":\"i\"}}", "",
     FORM_NOTIFICATION, "", "v2.users.{id}.presence", "i", 0, "id"},
    {"{\"version\":\"0\",\"id\":\"e\",\"detail-type\":\"" TOPIC
     "{id}.customer.end\",\"time\":\"2023-10-27T10:00:00Z\",\"detail\":{\"topicName\":\"" TOPIC UUID
     ".customer.end\",\"eventBody\":{\"conversationId\":\"" UUID
     "\",\"eventTime\":1698400800123}}}",
     "", FORM_EVENTBRIDGE, "", TOPIC "{id}.customer.end", UUID, 1698400800123, "eventTime"},
    {"{\"detail-type\":\"T\",\"time\":\"2023-10-27T10:00:00Z\",\"detail\":{\"conversationId\":"
     "\"c\"}}",
     "", FORM_EVENTBRIDGE, "", "T", "c", 1698400800000, "conversationId"},
    {"{\"conversationId\":\"c\",\"eventTime\":7}", TOPIC "{id}.acd.end", FORM_BARE, "",
     TOPIC "{id}.acd.end", "c", 7, "eventTime"},
    {"{\"eventTime\":7}", TOPIC UUID ".acd.end", FORM_BARE, "", TOPIC "{id}.acd.end", UUID, 7,
     "eventTime"},
    {"{\"conversationId\":\"c\"}", "", FORM_BARE, "", "", "c", 0, "conversationId"},
    {"{\"a\":1}", "", FORM_OTHER, "", "", "", 0, "a"},
    {"[]", "", FORM_OTHER, "", "", "", 0, NULL},
    {"[]", "T", FORM_OTHER, "", "T", "", 0, NULL},
    {"no JSON", "T", FORM_OTHER, "", "T", "", 0, NULL},
    {"{\"eventType\":\"E\",\"payload\":{\"id\":\"a\\nb\\u001b\"}}", "", FORM_GUIDE, "", "E",
     "a\nb\x1b", 0, "id"},
    {"{\"eventType\":7,\"payload\":[],\"subscriptionId\":{}}", "", FORM_OTHER, "", "", "", 0,
     "payload"},
    {"{\"eventType\":\"E\",\"payload\":{\"id\":\"\",\"startTime\":-5}}", "", FORM_GUIDE, "", "E",
     "", 0, "id"},
    {"{\"eventType\":\"E\",\"payload\":{\"id\":\"i\",\"eventTime\":1e300,\"startTime\":"
     "9223372036854775807}}",
     "", FORM_GUIDE, "", "E", "i", 0, "id"},
};

static void test_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        struct event_facts facts;
        json_t *event = read_event(events[i].event, events[i].topic, &facts);
        assert_int_equal(facts.form, events[i].form);
        assert_string_equal(facts.subscription, events[i].subscription);
        assert_string_equal(facts.type, events[i].type);
        assert_string_equal(facts.interaction, events[i].interaction);
        assert_int_equal(facts.has_ids, facts.type[0] && facts.interaction[0]);
        assert_int_equal(facts.time_ms, events[i].time_ms);
        assert_int_equal(facts.fields != NULL, events[i].field != NULL);
        assert_true(!events[i].field || json_object_get(facts.fields, events[i].field));
        json_decref(event);
    }
}

static void test_form_words(void **state)
{
    (void)state;
    assert_string_equal(envelope_form_word(FORM_GUIDE), "guide");
    assert_string_equal(envelope_form_word(FORM_NOTIFICATION), "notification");
    assert_string_equal(envelope_form_word(FORM_EVENTBRIDGE), "eventbridge");
    assert_string_equal(envelope_form_word(FORM_BARE), "bare");
    assert_string_equal(envelope_form_word(FORM_OTHER), "other");
}

/* A guide event whose id, subscription and type are `length` of a letter, with `last` at the end.
 */
static struct event_facts read_long(size_t length, const char *last)
{
    static char text[300000], id[70000];
    struct event_facts facts;

    memset(id, 'x', length);
    id[length] = '\0';
    snprintf(text, sizeof(text),
             "{\"eventType\":\"v2.%s%s\",\"subscriptionId\":\"%s%s\",\"payload\":{\"id\":\"%s%s\","
             "\"sequenceNumber\":1}}",
             id, last, id, last, id, last);
    json_decref(read_event(text, "", &facts));
    return facts;
}

/* An id that does not fit stands as its digest, and two of them stay two; so do those with a NUL.
 */
static void assert_hashed(size_t length, const char *last, const char *other)
{
    struct event_facts one = read_long(length, last), two = read_long(length, other);

    assert_int_equal(strlen(one.interaction), 7 + 64);
    assert_memory_equal(one.interaction, "sha256:", 7);
    assert_memory_equal(one.type, "sha256:", 7);
    assert_memory_equal(one.subscription, "sha256:", 7);
    assert_string_not_equal(one.interaction, two.interaction);
    assert_string_not_equal(one.type, two.type);
    assert_string_not_equal(one.subscription, two.subscription);
    assert_memory_not_equal(one.key, two.key, EVENT_KEY_BYTES);
    assert_true(one.has_ids);
}

static void test_long_ids(void **state)
{
    (void)state;
    assert_hashed(65536, "a", "b");
    assert_hashed(EVENT_ID_MOST, "a", "b");
    assert_hashed(1, "\\u0000a", "\\u0000b");
    assert_int_equal(strlen(read_long(EVENT_ID_MOST - 5, "a").interaction), EVENT_ID_MOST - 4);
}

/* -- keys ---------------------------------------------------------------------------------------
 */

static void key_of(const char *text, uint8_t key[EVENT_KEY_BYTES])
{
    struct event_facts facts;

    json_decref(read_event(text, "", &facts));
    memcpy(key, facts.key, EVENT_KEY_BYTES);
}

static bool same_key(const char *one, const char *two)
{
    uint8_t a[EVENT_KEY_BYTES], b[EVENT_KEY_BYTES];

    key_of(one, a);
    key_of(two, b);
    return memcmp(a, b, sizeof(a)) == 0;
}

#define BODY(id, more) "{\"eventType\":\"E\",\"payload\":{\"id\":\"" id "\"" more "}}"
#define TYPED(type, id)                                                                            \
    "{\"eventType\":\"" type "\",\"payload\":{\"id\":\"" id "\",\"sequenceNumber\":1}}"
#define PLACE(participant, session, time)                                                          \
    BODY("i", ",\"participantId\":\"" participant "\",\"sessionId\":\"" session                    \
              "\",\"eventTime\":" time)

static const struct {
    const char *one, *two;
    bool same;
} keys[] = {
    {GUIDE, GUIDE, true},
    {TYPED("bc", "a"), TYPED("c", "ab"), false},
    {TYPED("E", "a"), TYPED("E", "b"), false},
    {TYPED("E", "a"), TYPED("F", "a"), false},
    {TYPED("E", "a"), " " TYPED("E", "a"), true},
    {BODY("i", ",\"sequenceNumber\":1"), BODY("i", ",\"sequenceNumber\":2"), false},
    {BODY("i", ",\"sequenceNumber\":1,\"x\":1"), BODY("i", ",\"sequenceNumber\":1,\"x\":2"), true},
    {BODY("i", ",\"sequenceNumber\":1,\"eventId\":\"a\""),
     BODY("i", ",\"sequenceNumber\":1,\"eventId\":\"b\""), true},
    {BODY("i", ",\"eventId\":\"a\""), BODY("i", ",\"eventId\":\"b\""), false},
    {BODY("i", ",\"eventId\":\"a\",\"x\":1"), BODY("i", ",\"eventId\":\"a\",\"x\":2"), true},
    {BODY("i", ",\"eventId\":\"1\""), BODY("i", ",\"sequenceNumber\":1"), false},
    {PLACE("p", "s", "5"), PLACE("p", "s", "5.0"), true},
    {PLACE("p", "s", "5"), PLACE("q", "s", "5"), false},
    {PLACE("p", "s", "5"), PLACE("p", "t", "5"), false},
    {PLACE("p", "s", "5"), PLACE("p", "s", "6"), false},
    {PLACE("ab", "c", "5"), PLACE("a", "bc", "5"), false},
    {PLACE("atb", "c", "5"), PLACE("a", "btc", "5"), false},
    {PLACE("p", "", "5"), PLACE("", "p", "5"), false},
    {BODY("i", ",\"x\":1"), BODY("i", ",\"x\":2"), false},
    {BODY("i", ",\"eventTime\":5,\"x\":1"), BODY("i", ",\"eventTime\":5,\"x\":2"), false},
    {"broken", "broken", true},
    {"broken", "broken2", false},
    /* The same event by two ways: the topic's id makes no other type. */
    {"{\"topicName\":\"" TOPIC UUID ".acw\",\"eventBody\":{\"conversationId\":\"" UUID
     "\",\"participantId\":\"p\",\"eventTime\":5}}",
     "{\"topicName\":\"" TOPIC "{id}.acw\",\"eventBody\":{\"conversationId\":\"" UUID
     "\",\"participantId\":\"p\",\"eventTime\":5}}",
     true},
};

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (same_key(keys[i].one, keys[i].two) != keys[i].same)
            fail_msg("row %zu: %s, %s", i, keys[i].one, keys[i].two);
}

/* -- times --------------------------------------------------------------------------------------
 */

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"2023-10-27T10:00:00Z", 1698400800000},
    {"2023-10-27T10:00:00.5Z", 1698400800500},
    {"2023-10-27t10:00:00.123456789z", 1698400800123},
    {"2023-10-27T10:00:00,007Z", 1698400800007},
    {"2023-10-27T12:00:00+02:00", 1698400800000},
    {"2023-10-27T05:30:00-0430", 1698400800000},
    {"2023-10-27T11:00:00+01", 1698400800000},
    {"2023-10-27 10:00:00", 1698400800000},
    {"2023-10-27T10:00Z", 1698400800000},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"2000-02-29T23:59:60Z", 951868800000},
    {"1970-01-01T00:00:00.001Z", 1},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
    /* none */
    {"", 0},
    {"2023", 0},
    {"2023-10-27", 0},
    {"2023-10-27T", 0},
    {"2023-10-27T10", 0},
    {"2023-10-27T10:00:0", 0},
    {"2023-10-27T10:00:00.Z", 0},
    {"2023-10-27T10:00:00ZZ", 0},
    {"2023-10-27T10:00:00+", 0},
    {"2023-10-27T10:00:00+2:00", 0},
    {"2023-10-27T10:00:00+02:", 0},
    {"2023-10-27T10:00:00+02:60", 0},
    {"2023-10-27T24:00:00Z", 0},
    {"2023-10-27T10:60:00Z", 0},
    {"2023-10-27T10:00:61Z", 0},
    {"2023-13-01T00:00:00Z", 0},
    {"2023-00-01T00:00:00Z", 0},
    {"2023-02-29T00:00:00Z", 0},
    {"2100-02-29T00:00:00Z", 0},
    {"2023-10-00T00:00:00Z", 0},
    {"1969-12-31T23:59:59Z", 0},
    {"0000-01-01T00:00:00Z", 0},
    {"-2023-10-27T10:00:00Z", 0},
    {" 2023-10-27T10:00:00Z", 0},
    {"20231027T100000Z", 0},
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (event_time_ms(times[i].text) != times[i].ms)
            fail_msg("%s: %lld", times[i].text, (long long)event_time_ms(times[i].text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_deep_element),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_parts_are_trimmed),
        cmocka_unit_test(test_empty_array_is_one_part),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_form_words),
        cmocka_unit_test(test_long_ids),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
