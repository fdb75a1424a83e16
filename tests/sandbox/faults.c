#include "faults.h"

#include "accounts.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RETRY_AFTER_DEFAULT_S = 1 };

struct faults {
    json_t *rules; /* array of objects */
};

struct fault_kind {
    const char *name;
    bool effect; /* the call is carried out, unless the rule says otherwise */
    enum fault_wire wire;
    void (*apply)(const json_t *rule, struct call *call);
};

static const char *rule_text(const json_t *rule, const char *name)
{
    return json_string_value(json_object_get(rule, name));
}

static json_int_t rule_number(const json_t *rule, const char *name, json_int_t otherwise)
{
    const json_t *value = json_object_get(rule, name);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* A rule may bring its own body; returns true when it did and it is now the reply. */
static bool reply_own_body(const json_t *rule, struct call *call, int status)
{
    const char *body = rule_text(rule, "body");
    const char *type = rule_text(rule, "content_type");

    reply_clear(call);
    if (body)
        reply_raw(call, status, type ? type : "application/json", body);
    return body != NULL;
}

static void retry_after(const json_t *rule, struct call *call)
{
    char text[24];

    if (!json_object_get(rule, "retry_after"))
        return;
    snprintf(text, sizeof text, "%d", (int)rule_number(rule, "retry_after", 0));
    reply_header(call, "Retry-After", text);
}

static void apply_status(const json_t *rule, struct call *call)
{
    int status = (int)rule_number(rule, "status", 503);
    const char *code = rule_text(rule, "code");
    const char *message = rule_text(rule, "message");

    retry_after(rule, call);
    if (reply_own_body(rule, call, status))
        return;
    reply_status(call, status);
    if (code && call->reply)
        json_object_set_new(call->reply, "code", json_string(code));
    if (message && call->reply)
        json_object_set_new(call->reply, "message", json_string(message));
}

static void apply_rate_limited(const json_t *rule, struct call *call)
{
    int seconds = (int)rule_number(rule, "retry_after", RETRY_AFTER_DEFAULT_S);
    const char *code = rule_text(rule, "code");

    reply_clear(call);
    if (accounts_authenticate(call))
        accounts_count(call);
    if (reply_own_body(rule, call, 429)) {
        retry_after(rule, call);
        return;
    }
    accounts_reply_limited(call, seconds);
    if (code)
        json_object_set_new(call->reply, "code", json_string(code));
}

static void apply_conflict(const json_t *rule, struct call *call)
{
    if (!reply_own_body(rule, call, 409))
        reply_error(call, 409, "version.conflict",
                    "The version in the request does not match the current version");
}

static void apply_conflict_400(const json_t *rule, struct call *call)
{
    if (!reply_own_body(rule, call, 400))
        reply_error(call, 400, "bad.request",
                    "The version in the request does not match the current version");
}

static void apply_login_limited(const json_t *rule, struct call *call)
{
    retry_after(rule, call);
    if (!reply_own_body(rule, call, 400))
        accounts_reply_login_limited(call);
}

static void apply_token_revoked(const json_t *rule, struct call *call)
{
    (void)rule;
    reply_clear(call);
    if (accounts_authenticate(call)) {
        accounts_revoke(call->sandbox->accounts, call->token);
        call->token = NULL;
    }
    reply_clear(call);
    accounts_reply_unauthorized(call);
}

static void apply_garbage(const json_t *rule, struct call *call)
{
    int status = call->status ? call->status : 200;

    if (!reply_own_body(rule, call, status))
        reply_raw(call, status, "application/json", "{\"entities\":[{\"id\":");
}

static void apply_loop_pages(const json_t *rule, struct call *call)
{
    (void)rule;
    json_t *self = json_object_get(call->reply, "selfUri");
    if (json_object_get(call->reply, "entities") && self)
        json_object_set(call->reply, "nextUri", self);
}

/* The first object of a page is kept in the rule until the page after it is asked for. */
static void apply_repeat_object(const json_t *rule, struct call *call)
{
    json_t *entities = json_object_get(call->reply, "entities");
    json_t *kept = json_object_get(rule, "kept");

    if (!json_is_array(entities))
        return;
    json_t *first = json_incref(json_array_get(entities, 0));
    if (kept && call_parameter(call, "after"))
        json_array_insert(entities, 0, kept);
    if (first)
        json_object_set_new((json_t *)rule, "kept", first);
}

/* Replies share their objects with the store: whatever changes one has to copy it first. */
static void reply_unshare(struct call *call)
{
    json_t *copy = json_deep_copy(call->reply);

    json_decref(call->reply);
    call->reply = copy;
}

/* Sets a member (dots reach inside), or removes it when `value` is NULL. */
static void change_member(json_t *object, const char *field, json_t *value)
{
    const char *dot = strchr(field, '.');

    if (dot) {
        char *name = strndup(field, (size_t)(dot - field));
        change_member(json_object_get(object, name), dot + 1, value);
        free(name);
    } else if (value) {
        json_object_set(object, field, value);
    } else {
        json_object_del(object, field);
    }
}

/* Changes the reply, or, in a listing that has no such member itself, each of its objects. */
static void change_field(const json_t *rule, struct call *call, json_t *value)
{
    const char *field = rule_text(rule, "field");
    size_t i;
    json_t *entity;

    if (!call->reply || !field)
        return;
    reply_unshare(call);
    json_t *entities = json_object_get(call->reply, "entities");
    if (!entities || json_object_get(call->reply, field)) {
        change_member(call->reply, field, value);
        return;
    }
    json_array_foreach(entities, i, entity)
    {
        change_member(entity, field, value);
    }
}

static void apply_drop_field(const json_t *rule, struct call *call)
{
    change_field(rule, call, NULL);
}

static void apply_set_field(const json_t *rule, struct call *call)
{
    change_field(rule, call, json_object_get(rule, "value"));
}

static void apply_nothing(const json_t *rule, struct call *call)
{
    (void)rule;
    (void)call;
}

static const struct fault_kind kinds[] = {
    {"latency", true, FAULT_WIRE_SEND, apply_nothing},
    {"status", false, FAULT_WIRE_SEND, apply_status},
    {"rate_limited", false, FAULT_WIRE_SEND, apply_rate_limited},
    {"version_conflict_409", false, FAULT_WIRE_SEND, apply_conflict},
    {"version_conflict_400", false, FAULT_WIRE_SEND, apply_conflict_400},
    {"login_rate_limited", false, FAULT_WIRE_SEND, apply_login_limited},
    {"token_revoked", false, FAULT_WIRE_SEND, apply_token_revoked},
    {"cut_before", false, FAULT_WIRE_CUT, apply_nothing},
    {"cut_after", true, FAULT_WIRE_CUT, apply_nothing},
    {"reset_before", false, FAULT_WIRE_RESET, apply_nothing},
    {"reset_after", true, FAULT_WIRE_RESET, apply_nothing},
    {"truncate", true, FAULT_WIRE_TRUNCATE, apply_nothing},
    {"garbage", true, FAULT_WIRE_SEND, apply_garbage},
    {"hang", false, FAULT_WIRE_HANG, apply_nothing},
    {"loop_pages", true, FAULT_WIRE_SEND, apply_loop_pages},
    {"repeat_object", true, FAULT_WIRE_SEND, apply_repeat_object},
    {"drop_field", true, FAULT_WIRE_SEND, apply_drop_field},
    {"set_field", true, FAULT_WIRE_SEND, apply_set_field},
};

static const struct fault_kind *kind_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    }
    return NULL;
}

/* Members of a rule and their types. */
static const struct member {
    const char *name;
    json_type type;
} members[] = {
    {"match", JSON_OBJECT}, {"skip", JSON_INTEGER},        {"times", JSON_INTEGER},
    {"fault", JSON_STRING}, {"ms", JSON_INTEGER},          {"status", JSON_INTEGER},
    {"body", JSON_STRING},  {"retry_after", JSON_INTEGER}, {"content_type", JSON_STRING},
    {"code", JSON_STRING},  {"message", JSON_STRING},      {"field", JSON_STRING},
    {"effect", JSON_TRUE},
};

static bool member_is_known(const char *name, const json_t *value)
{
    if (!strcmp(name, "value"))
        return true;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        bool same = json_typeof(value) == members[i].type ||
                    (members[i].type == JSON_TRUE && json_is_boolean(value));
        if (!strcmp(members[i].name, name))
            return same;
    }
    return false;
}

static char *rule_check(const json_t *rule)
{
    const char *name;
    json_t *value;
    const json_t *match = json_object_get(rule, "match");
    json_int_t status = rule_number(rule, "status", 200);

    if (!json_is_object(rule))
        return text_copy("a rule is not an object");
    json_object_foreach((json_t *)rule, name, value)
    {
        if (!member_is_known(name, value))
            return text_format("the member \"%s\" of a rule is unknown or of a wrong type", name);
    }
    json_object_foreach((json_t *)match, name, value)
    {
        if ((strcmp(name, "method") && strcmp(name, "path")) || !json_is_string(value))
            return text_format("the member \"%s\" of match is unknown or of a wrong type", name);
    }
    if (!kind_find(rule_text(rule, "fault")))
        return text_format("there is no fault \"%s\"",
                           rule_text(rule, "fault") ? rule_text(rule, "fault") : "");
    if (status < 200 || status > 599)
        return text_copy("status is not 200 to 599");
    return NULL;
}

struct faults *faults_new(void)
{
    struct faults *faults = text_zeroed(sizeof *faults);

    faults->rules = json_array();
    return faults;
}

void faults_free(struct faults *faults)
{
    if (!faults)
        return;
    json_decref(faults->rules);
    free(faults);
}

void faults_clear(struct faults *faults)
{
    json_array_clear(faults->rules);
}

char *faults_add(struct faults *faults, const json_t *rules)
{
    json_t *list =
        json_is_array(rules) ? json_deep_copy(rules) : json_pack("[o]", json_deep_copy(rules));
    char *wrong = NULL;

    for (size_t i = 0; !wrong && i < json_array_size(list); i++)
        wrong = rule_check(json_array_get(list, i));
    if (!wrong)
        json_array_extend(faults->rules, list);
    json_decref(list);
    return wrong;
}

json_t *faults_report(const struct faults *faults)
{
    return json_deep_copy(faults->rules);
}

static bool path_matches(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);

    if (strpbrk(pattern, "*?["))
        return !fnmatch(pattern, path, 0);
    if (length && pattern[length - 1] == '$')
        return strlen(path) == length - 1 && !strncasecmp(pattern, path, length - 1);
    return !strncasecmp(pattern, path, length);
}

/* Counts the request against the rule; true when the rule applies to it. */
static bool rule_takes(json_t *rule, const char *method, const char *path)
{
    const json_t *match = json_object_get(rule, "match");
    const char *wanted = rule_text(match, "method");
    const char *pattern = rule_text(match, "path");
    json_int_t skip = rule_number(rule, "skip", 0);
    json_int_t times = rule_number(rule, "times", -1);

    if ((wanted && strcasecmp(wanted, method)) || (pattern && !path_matches(pattern, path)) ||
        !times)
        return false;
    if (skip > 0) {
        json_object_set_new(rule, "skip", json_integer(skip - 1));
        return false;
    }
    if (times > 0)
        json_object_set_new(rule, "times", json_integer(times - 1));
    return true;
}

struct fault faults_take(struct faults *faults, const char *method, const char *path)
{
    struct fault fault = {0};
    size_t i;
    json_t *rule;

    json_array_foreach(faults->rules, i, rule)
    {
        const struct fault_kind *kind = kind_find(rule_text(rule, "fault"));
        bool latency = kind == &kinds[0];
        if ((!latency && fault.kind) || !rule_takes(rule, method, path))
            continue;
        fault.latency_ms += rule_number(rule, "ms", 0);
        if (!latency) {
            fault.kind = kind;
            fault.rule = json_incref(rule);
        }
    }
    return fault;
}

void fault_release(struct fault *fault)
{
    json_decref(fault->rule);
    fault->rule = NULL;
    fault->kind = NULL;
}

bool fault_has_effect(const struct fault *fault)
{
    const json_t *effect = json_object_get(fault->rule, "effect");

    if (!fault->kind)
        return true;
    return effect ? json_is_true(effect) : fault->kind->effect;
}

void fault_apply(const struct fault *fault, struct call *call)
{
    if (fault->kind)
        fault->kind->apply(fault->rule, call);
}

enum fault_wire fault_wire(const struct fault *fault)
{
    return fault->kind ? fault->kind->wire : FAULT_WIRE_SEND;
}
