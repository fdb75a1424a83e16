#include "lifecycle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BEGIN_S = 1698400800 /* 2023-10-27T10:00:00Z */, CONVERSATION_EVERY_MS = 100 };
enum { QUEUES = 8, AGENTS = 40, WRAPUPS = 4, OUR_ADDRESS = 100 };
enum { QUEUE_PREFIX = 0x90000000, AGENT_PREFIX = 0x91000000, OTHER_PREFIX = 0x92000000 };
enum { STEP_MIN_MS = 1500, STEP_SPREAD_MS = 60000 };

#define TOPIC "v2.detail.events.conversation.{id}."

/* -- the steps ----------------------------------------------------------------------------- */

enum role { CUSTOMER, FLOW, QUEUE, AGENT };

enum step_name {
    STARTED,
    MENU_BEGUN,
    MENU_DONE,
    QUEUED,
    ANSWERED,
    GIVEN_UP,
    TALKING,
    PASSED_ON,
    TALKED,
    ENDED,
    LEFT,
    FINISHED,
    NOTED,
};

struct step {
    const char *topic;
    const char *type;   /* the guide's; NULL: it has no word for it */
    const char *status; /* in its payload */
    enum role role;
    const char *words[2][2]; /* members of the event body beside those that all have */
    const char *duration;    /* the member that has how long it took */
};

static const struct step steps[] = {
    [STARTED] = {TOPIC "customer.start", "Interaction.Created", "waiting", CUSTOMER, {{0}}, NULL},
    [MENU_BEGUN] = {TOPIC "flow.start", NULL, NULL, FLOW, {{0}}, NULL},
    [MENU_DONE] = {TOPIC "flow.end", NULL, NULL, FLOW, {{"exitReason", "TRANSFER"}}, NULL},
    [QUEUED] = {TOPIC "acd.start", NULL, NULL, QUEUE, {{0}}, NULL},
    [ANSWERED] = {TOPIC "acd.end",
                  "Interaction.Confirmed",
                  "connected",
                  QUEUE,
                  {{"acdOutcome", "ANSWERED"}},
                  "connectedDurationMs"},
    [GIVEN_UP] = {TOPIC "acd.end",
                  "Interaction.Abandoned",
                  "abandoned",
                  QUEUE,
                  {{"acdOutcome", "ABANDON"}, {"disconnectType", "PEER"}},
                  "connectedDurationMs"},
    [TALKING] = {TOPIC "user.start", NULL, NULL, AGENT, {{0}}, NULL},
    [PASSED_ON] = {TOPIC "user.end",
                   "Interaction.Transferred",
                   "transferred",
                   AGENT,
                   {{"disconnectType", "TRANSFER"}},
                   "interactingDurationMs"},
    [TALKED] = {TOPIC "user.end",
                NULL,
                NULL,
                AGENT,
                {{"disconnectType", "PEER"}},
                "interactingDurationMs"},
    [ENDED] = {TOPIC "customer.end",
               "Interaction.Closed",
               "completed",
               CUSTOMER,
               {{"disconnectType", "CLIENT"}},
               "interactingDurationMs"},
    [LEFT] = {TOPIC "customer.end",
              "Interaction.Closed",
              "abandoned",
              CUSTOMER,
              {{"disconnectType", "CLIENT"}},
              "interactingDurationMs"},
    [FINISHED] = {TOPIC "acw", NULL, NULL, AGENT, {{0}}, "afterCallWorkDurationMs"},
    [NOTED] =
        {TOPIC "wrapup", NULL, NULL, AGENT, {{"wrapupNotes", "as agreed"}}, "wrapupDurationMs"},
};

static const unsigned char answered[] = {STARTED, MENU_BEGUN, MENU_DONE, QUEUED,   ANSWERED,
                                         TALKING, TALKED,     ENDED,     FINISHED, NOTED};
static const unsigned char transferred[] = {STARTED, MENU_BEGUN, MENU_DONE, QUEUED,   ANSWERED,
                                            TALKING, PASSED_ON,  QUEUED,    ANSWERED, TALKING,
                                            TALKED,  ENDED,      FINISHED,  NOTED};
static const unsigned char abandoned[] = {STARTED, MENU_BEGUN, MENU_DONE, QUEUED, GIVEN_UP, LEFT};

static const struct media {
    const char *channel;
    const char *topic_word;
    const char *from; /* members of the event body that say who speaks to whom */
    const char *to;
    const char *before; /* an address: what stands before and after its number */
    const char *after;
} media[TRAFFIC_MEDIA] = {
    [TRAFFIC_VOICE] = {"voice", "VOICE", "ani", "dnis", "tel:+1317555", ""},
    [TRAFFIC_CHAT] = {"chat", "CHAT", "addressFrom", "addressTo", "guest-", ""},
    [TRAFFIC_MESSAGE] = {"message", "MESSAGE", "addressFrom", "addressTo", "+1317555", ""},
    [TRAFFIC_EMAIL] = {"email", "EMAIL", "addressFrom", "addressTo", "customer-", "@example.com"},
};

/* -- chance -------------------------------------------------------------------------------- */

/* What is drawn; each has its own number, so that no draw moves another. Steps take 8 each. */
enum draw {
    DRAW_ID,
    DRAW_ID_TOO,
    DRAW_MEDIA,
    DRAW_DIRECTION,
    DRAW_ABANDON,
    DRAW_TRANSFER,
    DRAW_CALLER,
    DRAW_WRAPUP,
    DRAW_PARTICIPANT = 16, /* and for a leg and a role */
    DRAW_QUEUE = 64,       /* and for a leg */
    DRAW_AGENT = 72,
    DRAW_STEP = 128,
};

enum step_draw { STEP_DURATION, STEP_TWICE, STEP_REORDER, STEP_GAP, STEP_DRAWS = 8 };

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), the finalizer. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t drawn(const struct lifecycle *lifecycle, unsigned draw)
{
    return mix(mix(mix(lifecycle->seed) ^ lifecycle->number) ^ draw);
}

/* 0 up to, but not, 1. */
static double chance(const struct lifecycle *lifecycle, unsigned draw)
{
    return (double)(drawn(lifecycle, draw) >> 11) / (double)(UINT64_C(1) << 53);
}

static double step_chance(const struct lifecycle *lifecycle, unsigned step, enum step_draw draw)
{
    return chance(lifecycle, DRAW_STEP + STEP_DRAWS * step + draw);
}

static bool happens(double drawn_chance, double percent)
{
    return 100 * drawn_chance < percent;
}

/* A version 4 UUID of two draws. */
static void draw_uuid(const struct lifecycle *lifecycle, unsigned draw, char out[TEXT_UUID_SIZE])
{
    uint64_t a = drawn(lifecycle, draw);
    uint64_t b = mix(a);

    snprintf(out, TEXT_UUID_SIZE,
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, a >> 32,
             a >> 16 & 0xffff, a & 0xfff, (b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffff);
}

/* -- a conversation ------------------------------------------------------------------------ */

static unsigned char draw_media(const struct lifecycle *lifecycle,
                                const struct traffic_settings *settings)
{
    double weights = 0;
    unsigned char which = 0;

    for (int i = 0; i < TRAFFIC_MEDIA; i++)
        weights += settings->media[i];
    double at = chance(lifecycle, DRAW_MEDIA) * weights;
    while (which < TRAFFIC_MEDIA - 1 && (at -= settings->media[which]) >= 0)
        which++;
    return which;
}

/*
 * A step that is told late changes places with the next one that the same receivers hear of: one
 * with a word of the guide's with the next such, any other with the next of all.
 */
static void draw_order(struct lifecycle *lifecycle, double percent)
{
    for (unsigned char i = 0; i < lifecycle->count; i++)
        lifecycle->order[i] = i;
    for (unsigned i = 0; i < lifecycle->count; i++) {
        bool guides = steps[lifecycle->steps[i]].type;
        unsigned next = i + 1;
        while (guides && next < lifecycle->count && !steps[lifecycle->steps[next]].type)
            next++;
        bool moved = lifecycle->order[i] != i;
        if (moved || next >= lifecycle->count || lifecycle->order[next] != next ||
            !happens(step_chance(lifecycle, i, STEP_REORDER), percent))
            continue;
        lifecycle->order[i] = (unsigned char)next;
        lifecycle->order[next] = (unsigned char)i;
    }
}

void lifecycle_init(struct lifecycle *lifecycle, const struct traffic_settings *settings,
                    uint64_t number)
{
    *lifecycle = (struct lifecycle){.seed = (uint64_t)settings->seed, .number = number};
    lifecycle->media = draw_media(lifecycle, settings);
    lifecycle->outbound = happens(chance(lifecycle, DRAW_DIRECTION), 10);
    lifecycle->new_schema =
        settings->schema_change_after >= 0 && (double)number >= settings->schema_change_after;
    if (happens(chance(lifecycle, DRAW_ABANDON), settings->abandon_percent)) {
        lifecycle->steps = abandoned;
        lifecycle->count = sizeof abandoned;
    } else if (happens(chance(lifecycle, DRAW_TRANSFER), settings->transfer_percent)) {
        lifecycle->steps = transferred;
        lifecycle->count = sizeof transferred;
    } else {
        lifecycle->steps = answered;
        lifecycle->count = sizeof answered;
    }
    for (unsigned i = 0; i < lifecycle->count; i++)
        lifecycle->twice |=
            (unsigned)happens(step_chance(lifecycle, i, STEP_TWICE), settings->duplicate_percent)
            << i;
    draw_order(lifecycle, settings->reorder_percent);
}

double lifecycle_gap(const struct lifecycle *lifecycle, unsigned position)
{
    return 0.5 + step_chance(lifecycle, position, STEP_GAP);
}

/* -- its events ---------------------------------------------------------------------------- */

/* One event while it is made. */
struct telling {
    const struct lifecycle *lifecycle;
    const struct step *step;
    unsigned leg; /* how often the conversation was passed on before */
    int64_t at_ms;
    int64_t took_ms;
    const char *interaction;
    char queue[TEXT_UUID_SIZE];
};

static int64_t step_took_ms(const struct lifecycle *lifecycle, unsigned step)
{
    return STEP_MIN_MS + (int64_t)(STEP_SPREAD_MS * step_chance(lifecycle, step, STEP_DURATION));
}

static struct telling telling_of(const struct lifecycle *lifecycle, unsigned step)
{
    struct telling telling = {
        .lifecycle = lifecycle,
        .step = &steps[lifecycle->steps[step]],
        .at_ms = INT64_C(1000) * BEGIN_S + CONVERSATION_EVERY_MS * (int64_t)lifecycle->number,
        .took_ms = step_took_ms(lifecycle, step),
    };

    for (unsigned i = 0; i < step; i++) {
        telling.at_ms += step_took_ms(lifecycle, i + 1);
        telling.leg += lifecycle->steps[i] == PASSED_ON;
    }
    text_uuid(QUEUE_PREFIX, drawn(lifecycle, DRAW_QUEUE + telling.leg) % QUEUES, telling.queue);
    return telling;
}

static json_t *direction_of(const struct lifecycle *lifecycle)
{
    const char *word = lifecycle->outbound ? "outbound" : "inbound";

    if (!lifecycle->new_schema)
        return json_string(word);
    return json_pack("{s:s, s:s}", "name", word, "initiator",
                     lifecycle->outbound ? "agent" : "customer");
}

static json_t *payload_of(const struct telling *telling)
{
    const struct lifecycle *lifecycle = telling->lifecycle;
    const char *channel = media[lifecycle->media].channel;
    char time[TEXT_TIME_SIZE];
    char engagement[TEXT_UUID_SIZE];

    text_time(telling->at_ms, time);
    json_t *payload = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "id", telling->interaction,
                                "channelType", channel, "startTime", time, "direction",
                                direction_of(lifecycle), "interactionType", channel, "status",
                                telling->step->status, "queueId", telling->queue);
    if (lifecycle->new_schema) {
        draw_uuid(lifecycle, DRAW_ID_TOO, engagement);
        json_object_set_new(payload, "engagementId", json_string(engagement));
    }
    return payload;
}

static void add_party(const struct telling *telling, json_t *body)
{
    const struct lifecycle *lifecycle = telling->lifecycle;
    unsigned leg =
        telling->step->role == CUSTOMER || telling->step->role == FLOW ? 0 : telling->leg;
    unsigned draw = DRAW_PARTICIPANT + 8 * leg + 2 * telling->step->role;
    const struct media *medium = &media[lifecycle->media];
    char id[TEXT_UUID_SIZE];

    draw_uuid(lifecycle, draw, id);
    json_object_set_new(body, "participantId", json_string(id));
    draw_uuid(lifecycle, draw + 1, id);
    json_object_set_new(body, "sessionId", json_string(id));
    if (telling->step->role == AGENT) {
        text_uuid(AGENT_PREFIX, drawn(lifecycle, DRAW_AGENT + leg) % AGENTS, id);
        json_object_set_new(body, "userId", json_string(id));
    }
    if (telling->step->role != CUSTOMER && telling->step->role != FLOW)
        json_object_set_new(body, "queueId", json_string(telling->queue));
    json_object_set_new(body, medium->from,
                        json_sprintf("%s%04u%s", medium->before,
                                     (unsigned)(drawn(lifecycle, DRAW_CALLER) % 10000),
                                     medium->after));
    json_object_set_new(body, medium->to,
                        json_sprintf("%s%04u%s", medium->before, OUR_ADDRESS, medium->after));
}

static void add_details(const struct telling *telling, json_t *body)
{
    const struct step *step = telling->step;
    char id[TEXT_UUID_SIZE];

    for (int i = 0; i < 2 && step->words[i][0]; i++)
        json_object_set_new(body, step->words[i][0], json_string(step->words[i][1]));
    if (step->duration)
        json_object_set_new(body, step->duration, json_integer(telling->took_ms));
    if (step->role == FLOW) {
        text_uuid(OTHER_PREFIX, WRAPUPS, id);
        json_object_set_new(body, "flowId", json_string(id));
    }
    if (step == &steps[NOTED]) {
        text_uuid(OTHER_PREFIX, drawn(telling->lifecycle, DRAW_WRAPUP) % WRAPUPS, id);
        json_object_set_new(body, "wrapupCode", json_string(id));
    }
}

static json_t *body_of(const struct telling *telling)
{
    const struct lifecycle *lifecycle = telling->lifecycle;
    char division[TEXT_UUID_SIZE];

    text_uuid(OTHER_PREFIX, WRAPUPS + 1, division);
    json_t *body = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s}", "eventTime", (json_int_t)telling->at_ms, "conversationId",
        telling->interaction, "mediaType", media[lifecycle->media].topic_word, "provider", "Edge",
        "direction", lifecycle->outbound ? "OUTBOUND" : "INBOUND", "divisionId", division);
    add_party(telling, body);
    add_details(telling, body);
    return body;
}

struct happening *lifecycle_tell(const struct lifecycle *lifecycle, unsigned position)
{
    unsigned step = lifecycle->order[position];
    struct happening *happening = text_zeroed(sizeof *happening);
    struct telling telling = telling_of(lifecycle, step);

    happening->references = 1;
    draw_uuid(lifecycle, DRAW_ID, happening->interaction);
    happening->type = telling.step->type;
    happening->topic = telling.step->topic;
    happening->sequence = lifecycle->number * LIFECYCLE_STEPS_MAX + step + 1;
    happening->twice = lifecycle->twice >> step & 1;
    telling.interaction = happening->interaction;
    happening->payload = happening->type ? payload_of(&telling) : NULL;
    happening->body = body_of(&telling);
    return happening;
}
