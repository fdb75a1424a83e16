#include "core/event.h"

#include <stddef.h>
#include <string.h>

#define TOPIC "v2.detail.events.conversation.{id}."

/* What the guide's filter and payload examples name. */
static const char *const interaction_fields[] = {
    "id", "channelType", "startTime", "direction", "interactionType", "status", NULL,
};

#define COMMON_FIELDS                                                                              \
    "eventTime", "conversationId", "participantId", "sessionId", "mediaType", "provider",          \
        "direction", "ani", "dnis", "divisionId", "addressTo", "addressFrom", "subject",           \
        "messageType", "conversationExternalContactIds", "conversationExternalOrganizationIds"

#define ROUTING_FIELDS                                                                             \
    "queueId", "requestedRoutings", "requestedRoutingSkillIds", "requestedLanguageId",             \
        "requestedRoutingUserIds", "routingPriority"

#define FLOW_FIELDS "flowId", "flowType", "flowVersion"

static const char *const customer_start_fields[] = {COMMON_FIELDS, NULL};
static const char *const customer_end_fields[] = {COMMON_FIELDS, "disconnectType",
                                                  "interactingDurationMs", NULL};
static const char *const acd_start_fields[] = {COMMON_FIELDS, ROUTING_FIELDS, NULL};
static const char *const acd_end_fields[] = {
    COMMON_FIELDS, ROUTING_FIELDS, "acdOutcome",       "answeredUserId",      "disconnectType",
    "usedRouting", "flowType",     "utilizationLabel", "connectedDurationMs", NULL};
static const char *const user_start_fields[] = {
    COMMON_FIELDS,           "userId", "queueId", "callbackUserName", "callbackNumbers",
    "callbackScheduledTime", NULL};
static const char *const user_end_fields[] = {COMMON_FIELDS,
                                              "userId",
                                              "queueId",
                                              "callbackUserName",
                                              "callbackNumbers",
                                              "callbackScheduledTime",
                                              "disconnectType",
                                              "interactingDurationMs",
                                              "heldDurationMs",
                                              "alertingDurationMs",
                                              "contactingDurationMs",
                                              "dialingDurationMs",
                                              "callbackDurationMs",
                                              NULL};
static const char *const acw_fields[] = {COMMON_FIELDS, "userId", "queueId", "acwDurationMs", NULL};
static const char *const wrapup_fields[] = {
    COMMON_FIELDS, "userId", "queueId", "wrapupCode", "wrapupNotes", "wrapupDurationMs", NULL};
static const char *const flow_start_fields[] = {COMMON_FIELDS, FLOW_FIELDS, NULL};
static const char *const flow_end_fields[] = {
    COMMON_FIELDS,  FLOW_FIELDS, "disconnectType", "connectedDurationMs", "exitReason",
    "transferType", NULL};
static const char *const attributes_fields[] = {"eventTime", "conversationId", "participantId",
                                                "attributes", NULL};

#define GUIDE                                                                                      \
    {                                                                                              \
        [VIA_EVENT_STREAMS] = true, [VIA_TRIGGER] = true                                           \
    }
#define BY_TRIGGER                                                                                 \
    {                                                                                              \
        [VIA_TRIGGER] = true                                                                       \
    }

/* A guide event's fields are those of its payload; through a trigger it carries its topic's. */
const struct event event_table[] = {
    {"Interaction.Created", TOPIC "customer.start", "the customer's side begins", .by_via = GUIDE,
     .high_volume = true, .fields = interaction_fields},
    {"Interaction.Confirmed", TOPIC "acd.end", "the queue's work ends with an answer",
     .adds = {"acdOutcome", FILTER_EQ, "\"ANSWERED\"", {NULL, 0, 0}}, .by_via = GUIDE,
     .high_volume = true, .fields = interaction_fields},
    {"Interaction.Closed", TOPIC "customer.end", "the customer's side ends", .by_via = GUIDE,
     .high_volume = true, .fields = interaction_fields},
    {"Interaction.Transferred", TOPIC "user.end", "an agent's part ends by a transfer",
     .adds = {"disconnectType", FILTER_EQ, "\"TRANSFER\"", {NULL, 0, 0}}, .by_via = GUIDE,
     .fields = interaction_fields},
    {"Interaction.Abandoned", TOPIC "acd.end", "the queue's work ends without an answer",
     .adds = {"acdOutcome", FILTER_EQ, "\"ABANDON\"", {NULL, 0, 0}}, .by_via = GUIDE,
     .fields = interaction_fields},
    {TOPIC "customer.start", TOPIC "customer.start", NULL, .by_via = BY_TRIGGER,
     .high_volume = true, .fields = customer_start_fields},
    {TOPIC "customer.end", TOPIC "customer.end", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = customer_end_fields},
    {TOPIC "acd.start", TOPIC "acd.start", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = acd_start_fields},
    {TOPIC "acd.end", TOPIC "acd.end", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = acd_end_fields},
    {TOPIC "user.start", TOPIC "user.start", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = user_start_fields},
    {TOPIC "user.end", TOPIC "user.end", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = user_end_fields},
    {TOPIC "acw", TOPIC "acw", NULL, .by_via = BY_TRIGGER, .fields = acw_fields},
    {TOPIC "wrapup", TOPIC "wrapup", NULL, .by_via = BY_TRIGGER, .fields = wrapup_fields},
    {TOPIC "flow.start", TOPIC "flow.start", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = flow_start_fields},
    {TOPIC "flow.end", TOPIC "flow.end", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = flow_end_fields},
    {TOPIC "attributes", TOPIC "attributes", NULL, .by_via = BY_TRIGGER, .high_volume = true,
     .fields = attributes_fields},
    {.name = NULL},
};

const struct event *event_find(const char *name)
{
    for (const struct event *event = event_table; event->name; event++)
        if (strcmp(event->name, name) == 0)
            return event;
    return NULL;
}

bool event_is_catch_all(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && name[length - 1] == '*';
}

/* At least two parts after the version, each of letters, digits, "_" or "-", or one in braces. */
bool event_is_topic(const char *name)
{
    size_t parts = 0;

    if (strncmp(name, "v2.", 3) != 0)
        return false;
    name += 3;
    for (;;) {
        bool braced = *name == '{';
        size_t length;
        name += braced;
        length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
        if (length == 0 || (braced && name[length] != '}'))
            return false;
        name += length + braced;
        parts++;
        if (*name == '\0')
            return parts >= 2;
        if (*name++ != '.')
            return false;
    }
}
