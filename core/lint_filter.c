#include "core/lint_filter.h"

#include "core/event.h"
#include "core/json.h"
#include "core/text.h"

#include <ctype.h>
#include <string.h>

/* Fields that the guide and the topics call by different names. */
static const struct {
    const char *guide;
    const char *topic;
} renamed_fields[] = {
    {"interactionType", "mediaType"}, {"channelType", "mediaType"}, {"status", "acdOutcome"},
    {"startTime", "eventTime"},       {"id", "conversationId"},
};
enum { RENAMED_FIELDS = sizeof(renamed_fields) / sizeof(renamed_fields[0]) };

/* Fields whose values are words in one case: upper in topics, lower in the guide's events. */
static const char *const word_fields[VIA_COUNT][8] = {
    [VIA_EVENT_STREAMS] = {"interactionType", "channelType", "direction", "status", NULL},
    [VIA_TRIGGER] = {"mediaType", "direction", "messageType", "disconnectType", "acdOutcome",
                     "flowType", NULL},
};

static const char *op_name(enum filter_op op)
{
    return filter_operators[op].name;
}

/* --- one criterion ------------------------------------------------------------------------- */

static void lint_residual(const struct subscription *subscription,
                          const struct criterion *criterion, struct diag_list *diags)
{
    if (filter_operators[criterion->op].remote[subscription->via])
        return;
    diag_add(diags, "residual-filter", criterion->place,
             "leave it when the paired ingest service is in use; it applies what is left",
             "the source has no \"%s\": all events travel, and the receiver must drop the others",
             op_name(criterion->op));
}

/* The fields of an event as this kind of subscription delivers it; NULL: not known. */
static const char *const *fields_of(enum via via, const char *name)
{
    const struct event *event = event_find(name);

    if (event && via == VIA_TRIGGER && event->topic)
        event = event_find(event->topic);
    return event ? event->fields : NULL;
}

static bool has_field(const char *const *fields, const char *field)
{
    size_t length = strcspn(field, "."); /* what is below a field is not known */

    for (; *fields; fields++)
        if (strlen(*fields) == length && strncmp(*fields, field, length) == 0)
            return true;
    return false;
}

static const char *field_meant(enum via via, const char *field, const char *const *fields)
{
    for (size_t i = 0; i < RENAMED_FIELDS; i++) {
        if (via == VIA_TRIGGER && strcmp(renamed_fields[i].guide, field) == 0)
            return renamed_fields[i].topic;
        if (via == VIA_EVENT_STREAMS && strcmp(renamed_fields[i].topic, field) == 0)
            return renamed_fields[i].guide;
    }
    return text_nearest(field, fields);
}

static void lint_field(const struct subscription *subscription, const struct criterion *criterion,
                       struct diag_list *diags)
{
    for (size_t i = 0; i < subscription->event_count; i++) {
        const char *name = subscription->events[i].name;
        const char *const *fields = fields_of(subscription->via, name);
        const char *meant;
        char hint[320];
        if (!fields || has_field(fields, criterion->field))
            continue;
        meant = field_meant(subscription->via, criterion->field, fields);
        snprintf(hint, sizeof(hint), "did you mean \"%s\"?", meant ? meant : "");
        diag_add(diags, "unknown-field", criterion->place, meant ? hint : NULL,
                 "%s is not known to have a field \"%s\"", name, criterion->field);
        return;
    }
}

/* True when a text in the canonical JSON holds a letter that `wrong` says is in the wrong case. */
static bool has_letter(const char *json, int (*wrong)(int))
{
    bool inside = false;

    for (; *json; json++) {
        if (*json == '\\' && json[1])
            json++;
        else if (*json == '"')
            inside = !inside;
        else if (inside && (unsigned char)*json < 0x80 && wrong((unsigned char)*json))
            return true;
    }
    return false;
}

static const char *case_hint(char *hint, size_t size, const char *value, int (*change)(int))
{
    int at = snprintf(hint, size, "value: ");

    snprintf(hint + at, size - (size_t)at, "%s", value);
    for (char *c = hint + at; *c; c++)
        *c = (unsigned char)*c < 0x80 ? (char)change((unsigned char)*c) : *c;
    return hint;
}

static void lint_case(const struct subscription *subscription, const struct criterion *criterion,
                      struct diag_list *diags)
{
    bool upper = subscription->via == VIA_TRIGGER;
    const char *const *fields = word_fields[subscription->via];
    char hint[128];

    if (criterion->op == FILTER_EXISTS || criterion->op == FILTER_SIZE)
        return;
    for (; *fields; fields++)
        if (strcmp(*fields, criterion->field) == 0 &&
            has_letter(criterion->value, upper ? islower : isupper))
            diag_add(diags, "value-case", criterion->place,
                     case_hint(hint, sizeof(hint), criterion->value, upper ? toupper : tolower),
                     "values of \"%s\" are in %s case here, so this never matches",
                     criterion->field, upper ? "upper" : "lower");
}

/* --- two criteria --------------------------------------------------------------------------- */

static bool is_one_of(const json_t *value, const json_t *list)
{
    size_t i;
    json_t *element;

    json_array_foreach(list, i, element) if (json_equal(element, value)) return true;
    return false;
}

static bool is_disjoint(const json_t *a, const json_t *b)
{
    size_t i;
    json_t *element;

    json_array_foreach(a, i, element) if (is_one_of(element, b)) return false;
    return true;
}

static bool is_within(const json_t *a, const json_t *b)
{
    size_t i;
    json_t *element;

    json_array_foreach(a, i, element) if (!is_one_of(element, b)) return false;
    return true;
}

static bool is_lower_bound(enum filter_op op)
{
    return op == FILTER_GT || op == FILTER_GE;
}

static bool is_upper_bound(enum filter_op op)
{
    return op == FILTER_LT || op == FILTER_LE;
}

/* True when a number is outside what a bound allows. */
static bool is_outside(double number, enum filter_op op, double bound)
{
    return (op == FILTER_GT && number <= bound) || (op == FILTER_GE && number < bound) ||
           (op == FILTER_LT && number >= bound) || (op == FILTER_LE && number > bound);
}

static bool bounds_exclude(enum filter_op a, const json_t *x, enum filter_op b, const json_t *y)
{
    double p = json_number_value(x), q = json_number_value(y);

    if (!json_is_number(x) || !json_is_number(y))
        return false;
    if (a == FILTER_EQ)
        return is_outside(p, b, q);
    if (is_lower_bound(a) && is_upper_bound(b))
        return p > q || (p == q && (a == FILTER_GT || b == FILTER_LT));
    return false;
}

/* True when `a op x` and `b op y` of one field can not both hold. Asked in both orders. */
static bool exclude(enum filter_op a, const json_t *x, enum filter_op b, const json_t *y)
{
    bool absent = b == FILTER_EXISTS && json_is_false(y);

    if (absent)
        return a == FILTER_EXISTS ? json_is_true(x) : a != FILTER_NE && a != FILTER_NOT_IN;
    if (a == FILTER_EQ && b == FILTER_EQ)
        return !json_equal(x, y);
    if (a == FILTER_EQ && b == FILTER_NE)
        return json_equal(x, y);
    if (a == FILTER_EQ && b == FILTER_IN)
        return !is_one_of(x, y);
    if (a == FILTER_EQ && b == FILTER_NOT_IN)
        return is_one_of(x, y);
    if (a == FILTER_IN && b == FILTER_IN)
        return is_disjoint(x, y);
    if (a == FILTER_IN && b == FILTER_NOT_IN)
        return is_within(x, y);
    if (a == FILTER_IN && b == FILTER_NE)
        return json_array_size(x) == 1 && is_one_of(y, x);
    if (a == FILTER_SIZE && b == FILTER_SIZE)
        return !json_equal(x, y);
    return bounds_exclude(a, x, b, y);
}

/* False for pairs that hold together whatever their values are. */
static bool may_exclude(enum filter_op a, enum filter_op b)
{
    return a == FILTER_EQ || a == FILTER_IN || a == FILTER_EXISTS ||
           (a == FILTER_SIZE && b == FILTER_SIZE) || (is_lower_bound(a) && is_upper_bound(b));
}

/* What comparing two values costs at most, in steps. */
static size_t cost_of(const char *x, const char *y)
{
    size_t a = strlen(x), b = strlen(y);

    return a + b + (*x == '[' && *y == '[' ? a * b / 16 : 0);
}

static void lint_pair(const struct criterion *a, const struct criterion *b, struct diag_list *diags,
                      size_t *budget)
{
    json_t *x, *y;

    if (strcmp(a->field, b->field) != 0)
        return;
    if (a->op == b->op && strcmp(a->value, b->value) == 0) {
        diag_add(diags, "duplicate-criterion", b->place, "delete one of them",
                 "the criterion on \"%s\" stands twice", b->field);
        diag_add_other(diags, a->place);
        return;
    }
    if ((!may_exclude(a->op, b->op) && !may_exclude(b->op, a->op)) ||
        cost_of(a->value, b->value) > *budget)
        return;
    *budget -= cost_of(a->value, b->value);
    x = json_read_text(a->value);
    y = json_read_text(b->value);
    if (!x || !y) {
        diags->no_memory = true; /* canonical JSON fails to parse for no other reason */
    } else if (exclude(a->op, x, b->op, y) || exclude(b->op, y, a->op, x)) {
        diag_add(diags, "contradiction", b->place,
                 "all criteria must hold; for one value of several write op: in",
                 "%s %s %.100s and %s %s %.100s can not both hold: no event ever comes", a->field,
                 op_name(a->op), a->value, b->field, op_name(b->op), b->value);
        diag_add_other(diags, a->place);
    }
    json_decref(x);
    json_decref(y);
}

/* A criterion that the event's mapping adds counts like one of the subscription's own. */
static void lint_added(const struct subscription *subscription, const struct criterion *criterion,
                       struct diag_list *diags, size_t *budget)
{
    for (size_t i = 0; i < subscription->event_count; i++) {
        const struct event *event = event_find(subscription->events[i].name);
        if (!event || !event->adds.field)
            continue;
        struct criterion added = event->adds;
        added.place = subscription->events[i].place;
        lint_pair(&added, criterion, diags, budget);
    }
}

void lint_filter(const struct subscription *subscription, struct diag_list *diags, size_t *budget)
{
    for (size_t i = 0; i < subscription->filter_count; i++) {
        const struct criterion *criterion = &subscription->filter[i];
        lint_residual(subscription, criterion, diags);
        lint_field(subscription, criterion, diags);
        lint_case(subscription, criterion, diags);
        for (size_t k = 0; k < i; k++)
            lint_pair(&subscription->filter[k], criterion, diags, budget);
        if (subscription->via == VIA_TRIGGER)
            lint_added(subscription, criterion, diags, budget);
    }
}
