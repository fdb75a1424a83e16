#include "core/keys.h"

#include "core/diag.h"
#include "core/text.h"

#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"

enum { ORGANIZATION_MOST = 100 };

#define STREAMS (1u << VIA_EVENT_STREAMS)
#define TRIGGER (1u << VIA_TRIGGER)

/* --- words -------------------------------------------------------------------------------- */

static const char *pick(const char *const *words, int count, int number)
{
    return number >= 0 && number < count ? words[number] : NULL;
}

static const char *api_version_word(int number)
{
    static const char *const words[] = {"eventctl/v1"};

    return pick(words, 1, number);
}

static const char *via_word(int number)
{
    return number >= 0 && number < VIA_COUNT ? via_name((enum via)number) : NULL;
}

static const char *mode_word(int number)
{
    static const char *const words[] = {"immediate", "batched"};

    return pick(words, 2, number);
}

const char *data_format_word(int number)
{
    static const char *const words[] = {"TopLevelPrimitives", "Json"};

    return pick(words, 2, number);
}

static const char *op_word(int number)
{
    return number >= 0 && number < FILTER_OPS ? filter_operators[number].name : NULL;
}

/* --- checks ------------------------------------------------------------------------------- */

static bool is_all(const char *text, const char *set)
{
    return *text && text[strspn(text, set)] == '\0';
}

static const struct spec_complaint *check_name(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is no name for a subscription",
        "lower-case letters, digits, \".\", \"_\" and \"-\", at most 64; "
        "a letter or digit first"};

    return strchr(LOWER DIGITS, text[0]) && is_all(text, LOWER DIGITS "._-") && strlen(text) <= 64
               ? NULL
               : &wrong;
}

static const struct spec_complaint *check_owner(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is no owner's name",
        "lower-case letters, digits and \"-\", at most 40; a letter or digit first"};

    return strchr(LOWER DIGITS, text[0]) && is_all(text, LOWER DIGITS "-") && strlen(text) <= 40
               ? NULL
               : &wrong;
}

/* The marker holds it percent-encoded (core/marker.h). */
static const struct spec_complaint *check_organization(const char *text)
{
    static const struct spec_complaint wrong = {
        "out-of-range", "takes more than 100 characters when it is percent-encoded",
        "write the organisation's id"};
    size_t encoded = 0;

    for (const char *c = text; *c; c++)
        encoded += strchr(UPPER LOWER DIGITS "._-", *c) ? 1 : 3;
    return encoded <= ORGANIZATION_MOST ? NULL : &wrong;
}

static const struct spec_complaint *check_variable(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "holds what is no variable's name",
        "upper-case letters, digits and \"_\"; no digit first"};
    /* A manifest comes with a checkout: what it names is printed by a plan and sent to URLs. */
    static const struct spec_complaint ours = {
        "bad-value", "names a variable of eventctl itself, which may be a secret",
        "names that begin with EVENTCTL_ cannot be filled in; take another"};

    if (strncmp(text, "EVENTCTL_", strlen("EVENTCTL_")) == 0)
        return &ours;
    return is_all(text, UPPER DIGITS "_") && !strchr(DIGITS, text[0]) ? NULL : &wrong;
}

static const struct spec_complaint *check_description(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "holds \"[eventctl\", with which eventctl marks what is its own",
        "write it in another way"};

    return strstr(text, "[eventctl") ? &wrong : NULL;
}

static const struct spec_complaint *check_url(const char *text)
{
    static const struct spec_complaint wrong = {"bad-value", "is no URL that can be delivered to",
                                                "https://HOST/PATH"};
    struct text_url url;

    return text_parse_url(text, &url) ? NULL : &wrong;
}

static const struct spec_complaint *check_uuid(const char *text)
{
    static const struct spec_complaint wrong = {
        "bad-value", "is no id of a workflow",
        "32 hexadecimal digits in groups of 8-4-4-4-12, as the workflow's address shows them"};
    static const size_t groups[] = {8, 4, 4, 4, 12};

    for (size_t i = 0; i < 5; i++) {
        if (strspn(text, HEX) != groups[i] || text[groups[i]] != (i < 4 ? '-' : '\0'))
            return &wrong;
        text += groups[i] + 1;
    }
    return NULL;
}

/* Names with dots between them, each beginning with a letter or "_". */
static const struct spec_complaint *check_field(const char *text)
{
    static const struct spec_complaint path = {"bad-value", "is written without \"$\"",
                                               "drop the leading \"$.\""};
    static const struct spec_complaint wrong = {
        "bad-value", "is no name of a field", "a name, or names with dots between them: mediaType"};

    if (text[0] == '$')
        return &path;
    for (;;) {
        if (!*text || !strchr(UPPER LOWER "_", *text))
            return &wrong;
        text += strspn(text, UPPER LOWER DIGITS "_-");
        if (*text == '\0')
            return NULL;
        if (*text++ != '.')
            return &wrong;
    }
}

static const struct spec_complaint *check_rule(const char *text)
{
    static const struct spec_complaint wrong = {
        "unknown-rule", "names a rule that cannot be switched off",
        "only lint rules can; `eventctl help rules` lists them"};
    const struct diag_rule *rule = diag_rule_find(text);

    return !rule || rule->lint ? NULL : &wrong; /* an unknown one gets its own finding */
}

/* --- tables ------------------------------------------------------------------------------- */

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct spec_key batching_rows[] = {
    {"mode", SPEC_WORD, AT(batching_keys, mode), .kinds = STREAMS, .word = mode_word,
     .fallback = "immediate", .help = "one delivery for each event, or several events in one"},
    {"window", SPEC_DURATION, AT(batching_keys, window_ms), .kinds = STREAMS, .least = 10,
     .most = 60000, .fallback = "100ms",
     .help = "the longest that a batch waits for more events (mode: batched)"},
    {"size", SPEC_INT, AT(batching_keys, size), .kinds = STREAMS, .least = 1, .most = 1000,
     .fallback = "50", .help = "the most events in a batch (mode: batched)"},
    {.name = NULL},
};
static const struct spec batching_spec = {"delivery.batching", batching_rows, false, false};

static const struct spec_key delivery_rows[] = {
    {"url", SPEC_TEXT, AT(delivery_keys, url), .required = true, .kinds = STREAMS, .least = 1,
     .most = 2048, .check = check_url, .pattern = "^[Hh][Tt][Tt][Pp][Ss]?://[^ ]+$",
     .help = "where events are posted to; HTTPS"},
    {"batching", SPEC_GROUP, AT(delivery_keys, batching), .kinds = STREAMS,
     .nested = &batching_spec, .help = "how events are put together"},
    {.name = NULL},
};
static const struct spec delivery_spec = {"delivery", delivery_rows, false, false};

static const struct spec_key target_rows[] = {
    {"workflow", SPEC_TEXT, AT(target_keys, workflow), .required = true, .kinds = TRIGGER,
     .check = check_uuid, .pattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
     .help = "the id of the workflow that is started"},
    {"dataFormat", SPEC_WORD, AT(target_keys, data_format), .kinds = TRIGGER,
     .word = data_format_word, .fallback = "TopLevelPrimitives",
     .help = "the workflow's input: the event as one JSON text, or its plain fields one by one"},
    {.name = NULL},
};
static const struct spec target_spec = {"target", target_rows, false, false};

static const struct spec_key criterion_rows[] = {
    {"field", SPEC_TEXT, AT(criterion_keys, field), .required = true, .least = 1, .most = 256,
     .check = check_field, .pattern = "^[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)*$",
     .help = "a field of the event, without \"$\": mediaType"},
    {"op", SPEC_WORD, AT(criterion_keys, op), .required = true, .word = op_word,
     .help = "how the field is compared with the value"},
    {"value", SPEC_NODE, AT(criterion_keys, value),
     .help = "what it is compared with; a list for in, not_in and all, true or false for exists"},
    {.name = NULL},
};
const struct spec criterion_spec = {"a criterion", criterion_rows, false, false};

const struct spec_key event_key = {
    "events", SPEC_TEXT, .least = 1, .most = 200,
    .help = "an event of the guide (Interaction.Created) or, via trigger, a topic"};
const struct spec_key variable_key = {"variables",
                                      SPEC_TEXT,
                                      .literal = true,
                                      .least = 1,
                                      .most = 100,
                                      .check = check_variable,
                                      .pattern = "^[A-Z_][A-Z0-9_]*$",
                                      .help = "the name of an environment variable"};
const struct spec_key rule_key = {"disable",
                                  SPEC_TEXT,
                                  .literal = true,
                                  .least = 1,
                                  .most = 100,
                                  .check = check_rule,
                                  .help = "the id of a lint rule"};
const struct spec_key subscription_name_key = {
    "name",
    SPEC_TEXT,
    .literal = true,
    .least = 1,
    .most = 64,
    .check = check_name,
    .pattern = "^[a-z0-9][a-z0-9._-]{0,63}$",
    .help = "stable and unique; part of the object's name at the service"};

static const struct spec_key subscription_rows[] = {
    {"version", SPEC_INT, AT(subscription_keys, version), .required = true, .least = 1,
     .most = 1000000,
     .help = "a whole number; a higher one replaces the object, old after new, so that nothing is "
             "lost"},
    {"via", SPEC_WORD, AT(subscription_keys, via), .in_defaults = true, .word = via_word,
     .fallback = "event-streams", .help = "how the events leave Genesys Cloud"},
    {"description", SPEC_TEXT, AT(subscription_keys, description), .least = 0, .most = 512,
     .check = check_description, .pattern = "^(?!.*\\[eventctl)[^\\u0000-\\u001f\\u007f-\\u009f]*$",
     .fallback = "\"\"", .help = "what it is for, in one line"},
    {"events", SPEC_LIST, AT(subscription_keys, events), .required = true, .least = 1, .most = 100,
     .unique = true, .item = &event_key, .help = "the events that are delivered, none twice"},
    {"filter", SPEC_LIST, AT(subscription_keys, filter), .least = 0, .most = 50,
     .nested = &criterion_spec, .fallback = "[]", .help = "criteria that must all hold"},
    {"enabled", SPEC_BOOL, AT(subscription_keys, enabled), .in_defaults = true, .fallback = "true",
     .help = "whether it delivers"},
    {"protect", SPEC_BOOL, AT(subscription_keys, protect), .in_defaults = true, .fallback = "false",
     .help = "never deleted, not even with --prune"},
    {"delivery", SPEC_GROUP, AT(subscription_keys, delivery), .in_defaults = true, .kinds = STREAMS,
     .nested = &delivery_spec, .help = "where and how events are posted"},
    {"target", SPEC_GROUP, AT(subscription_keys, target), .in_defaults = true, .kinds = TRIGGER,
     .nested = &target_spec, .help = "the workflow that is started"},
    {"ttl", SPEC_DURATION, AT(subscription_keys, ttl_ms), .in_defaults = true, .kinds = TRIGGER,
     .least = 10000, .most = INT64_C(31536000000), .step_ms = 1000,
     .help = "an event older than this starts nothing any more; not together with delay"},
    {"delay", SPEC_DURATION, AT(subscription_keys, delay_ms), .in_defaults = true, .kinds = TRIGGER,
     .least = 60000, .most = 900000, .step_ms = 1000,
     .help = "the workflow starts this much later; not together with ttl"},
    {.name = NULL},
};
const struct spec subscription_spec = {"a subscription", subscription_rows, false, false};
static const struct spec defaults_spec = {"defaults", subscription_rows, true, false};

static const struct spec_key lint_rows[] = {
    {"disable", SPEC_LIST, AT(lint_keys, disable), .least = 0, .most = 100, .item = &rule_key,
     .fallback = "[]", .help = "lint rules that are switched off for the whole manifest"},
    {.name = NULL},
};
static const struct spec lint_spec = {"lint", lint_rows, false, false};

static const struct spec_key manifest_rows[] = {
    {"apiVersion", SPEC_WORD, AT(manifest_keys, api_version), .required = true, .literal = true,
     .word = api_version_word, .help = "the form of this file"},
    {"organization", SPEC_TEXT, AT(manifest_keys, organization), .least = 1, .most = 100,
     .check = check_organization,
     .help = "the organisation's name or id, needed in one of the files; any other is refused "
             "before the first read"},
    {"owner", SPEC_TEXT, AT(manifest_keys, owner), .least = 1, .most = 40, .check = check_owner,
     .pattern = "^[a-z0-9][a-z0-9-]{0,39}$",
     .help = "tells apart several manifests of one organisation"},
    {"variables", SPEC_LIST, AT(manifest_keys, variables), .least = 0, .most = 1000, .unique = true,
     .item = &variable_key, .fallback = "[]",
     .help = "environment variables that this file may use as ${NAME}; $${ is a plain ${"},
    {"defaults", SPEC_GROUP, AT(manifest_keys, defaults), .nested = &defaults_spec,
     .help = "for the subscriptions of this file, where their kind has the key"},
    {"lint", SPEC_GROUP, AT(manifest_keys, lint), .nested = &lint_spec,
     .help = "which lint rules apply"},
    {"subscriptions", SPEC_MAP, AT(manifest_keys, subscriptions), .may_be_null = true,
     .nested = &subscription_spec, .name_item = &subscription_name_key,
     .help = "the subscriptions by name"},
    {.name = NULL},
};
const struct spec manifest_spec = {"a manifest", manifest_rows, false, true};
