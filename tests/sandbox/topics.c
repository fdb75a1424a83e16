#include "topics.h"

#include "page.h"

#include <stdlib.h>
#include <string.h>

#define CONVERSATION "v2.detail.events.conversation.{id}."

static const char *const topics[] = {
    "v2.detail.events.collaboratechat.adhoc.{id}.messages",
    "v2.detail.events.collaboratechat.group.{id}.messages",
    CONVERSATION "acd.end",
    CONVERSATION "acd.start",
    CONVERSATION "acw",
    CONVERSATION "attributes",
    CONVERSATION "contact.update",
    CONVERSATION "customer.end",
    CONVERSATION "customer.start",
    CONVERSATION "flow.end",
    CONVERSATION "flow.start",
    CONVERSATION "outbound",
    CONVERSATION "user.end",
    CONVERSATION "user.start",
    CONVERSATION "voicemail.end",
    CONVERSATION "voicemail.start",
    CONVERSATION "wrapup",
    "v2.operations.events.{id}",
    "v2.outbound.email.campaigns.contact.postContact",
    "v2.outbound.email.campaigns.contact.preContact",
    "v2.outbound.messaging.campaigns.contact.postContact",
    "v2.outbound.messaging.campaigns.contact.preContact",
    "v2.quality.evaluations",
    "v2.taskmanagement.workitems.{id}",
    "v2.users.{id}.activity",
    "v2.users.{id}.integrationpresence",
    "v2.users.{id}.workforcemanagement.adherence",
    "v2.users.{id}.workforcemanagement.notifications",
    "v2.users.{id}.workforcemanagement.schedules",
    "v2.users.{id}.workforcemanagement.timeoffrequests",
    "v2.workforcemanagement.managementunits.{id}.adherence",
    "v2.workforcemanagement.teams.{id}.adherence",
};

enum { TOPICS = sizeof topics / sizeof *topics };

enum field_type { STRING, INTEGER, ENUMERATION, STRINGS, OBJECT };

#define MEDIA                                                                                      \
    "VOICE CHAT EMAIL CALLBACK COBROWSE VIDEO SCREENSHARE MESSAGE INTERNALMESSAGE "                \
    "SOCIAL_EXPRESSION UNKNOWN"
#define MESSAGES                                                                                   \
    "SMS TWITTER FACEBOOK LINE WEBCHAT WEBMESSAGING OPEN WHATSAPP INSTAGRAM APPLE UNKNOWN"
#define DISCONNECTS                                                                                \
    "ENDPOINT CLIENT SYSTEM TRANSFER ERROR PEER OTHER SPAM TRANSPORT_FAILURE CONFERENCE_TRANSFER " \
    "CONSULT_TRANSFER FORWARD_TRANSFER NO_ANSWER_TRANSFER NOT_AVAILABLE_TRANSFER TIMEOUT "         \
    "UNCALLABLE "                                                                                  \
    "UNKNOWN"

/* Fields of conversation events; `topic` is what the name ends with, NULL: all of them. */
static const struct field {
    const char *topic;
    const char *name;
    enum field_type type;
    const char *values; /* of an enumeration, between spaces */
} fields[] = {
    {NULL, "eventTime", INTEGER, NULL},
    {NULL, "conversationId", STRING, NULL},
    {NULL, "participantId", STRING, NULL},
    {NULL, "sessionId", STRING, NULL},
    {NULL, "mediaType", ENUMERATION, MEDIA},
    {NULL, "messageType", ENUMERATION, MESSAGES},
    {NULL, "direction", ENUMERATION, "INBOUND OUTBOUND UNKNOWN"},
    {NULL, "provider", STRING, NULL},
    {NULL, "divisionId", STRING, NULL},
    {NULL, "ani", STRING, NULL},
    {NULL, "dnis", STRING, NULL},
    {NULL, "addressTo", STRING, NULL},
    {NULL, "addressFrom", STRING, NULL},
    {NULL, "subject", STRING, NULL},
    {NULL, "externalContactId", STRING, NULL},
    {NULL, "externalOrganizationId", STRING, NULL},
    {NULL, "callbackUserName", STRING, NULL},
    {NULL, "callbackNumbers", STRINGS, NULL},
    {NULL, "callbackScheduledTime", INTEGER, NULL},
    {NULL, "userId", STRING, NULL},
    {NULL, "queueId", STRING, NULL},
    {NULL, "disconnectType", ENUMERATION, DISCONNECTS},
    {"acd.end", "acdOutcome", ENUMERATION, "UNKNOWN ABANDON FLOW_OUT ANSWERED PARK"},
    {"acd.end", "connectedDurationMs", INTEGER, NULL},
    {"acw", "afterCallWorkDurationMs", INTEGER, NULL},
    {"acw", "wrapupCode", STRING, NULL},
    {"attributes", "attributes", OBJECT, NULL},
    {"customer.end", "interactingDurationMs", INTEGER, NULL},
    {"flow.start", "flowId", STRING, NULL},
    {"flow.end", "flowId", STRING, NULL},
    {"flow.end", "exitReason", STRING, NULL},
    {"user.end", "heldDurationMs", INTEGER, NULL},
    {"user.end", "interactingDurationMs", INTEGER, NULL},
    {"wrapup", "wrapupCode", STRING, NULL},
    {"wrapup", "wrapupNotes", STRING, NULL},
    {"wrapup", "wrapupDurationMs", INTEGER, NULL},
};

bool topics_known(const char *name)
{
    for (int i = 0; i < TOPICS; i++) {
        if (!strcmp(topics[i], name))
            return true;
    }
    return false;
}

static bool in_words(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; length && (at = strstr(at, word)); at += length) {
        bool starts = at == words || at[-1] == ' ';
        if (starts && (at[length] == ' ' || !at[length]))
            return true;
    }
    return false;
}

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {"JSONObject", "JSONArray", "String",  "Integer",
                                        "Number",     "Boolean",   "Boolean", "Null"};

    return names[json_typeof(value)];
}

static void field_validate(const struct field *field, const json_t *value, json_t *details)
{
    static const char *const expected[] = {"String", "Integer", "String", "JSONArray",
                                           "JSONObject"};
    static const json_type types[] = {JSON_STRING, JSON_INTEGER, JSON_STRING, JSON_ARRAY,
                                      JSON_OBJECT};
    char *text = NULL;

    if (json_typeof(value) != types[field->type])
        text = text_format("#/%s: expected type: %s, found: %s", field->name, expected[field->type],
                           type_name(value));
    else if (field->type == ENUMERATION && !in_words(field->values, json_string_value(value)))
        text = text_format("#/%s: %s is not a valid enum value", field->name,
                           json_string_value(value));
    if (text)
        json_array_append_new(details, json_string(text));
    free(text);
}

void topics_validate(const char *name, const json_t *event, json_t *details)
{
    size_t prefix = strlen(CONVERSATION);

    if (!json_is_object(event)) {
        json_array_append_new(
            details, json_sprintf("#: expected type: JSONObject, found: %s", type_name(event)));
        return;
    }
    if (strncmp(name, CONVERSATION, prefix))
        return;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *value = json_object_get(event, fields[i].name);
        bool applies = !fields[i].topic || !strcmp(fields[i].topic, name + prefix);
        if (applies && value)
            field_validate(&fields[i], value, details);
    }
}

void topics_list(struct call *call)
{
    page_reply_strings(call, topics, TOPICS);
}
