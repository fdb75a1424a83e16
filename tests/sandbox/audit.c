#include "audit.h"

#include "accounts.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { AUDIT_PREFIX = 0xa0000000, PAGE_MAX = 500 };

struct audit {
    json_t *records;
    uint64_t last_id;
};

static const char *const actions[] = {"Create", "Update", "Delete", NULL};
static const char *const orders[] = {"ascending", "descending", "Ascending", "Descending", NULL};

/* Services that can be asked for; what has no `entity` is known but has no records here. */
static const struct service {
    const char *name;
    const char *entity;
} services[] = {
    {"EventStreams", "Subscription"}, {"Integrations", NULL}, {"ProcessAutomation", "Trigger"},
    {"Triggers", "Trigger"},          {"Architect", NULL},    {"PeoplePermissions", NULL},
};

struct audit *audit_new(void)
{
    struct audit *audit = text_zeroed(sizeof *audit);

    audit->records = json_array();
    return audit;
}

void audit_free(struct audit *audit)
{
    if (!audit)
        return;
    json_decref(audit->records);
    free(audit);
}

/* A changed value as the audit shows it: a list of strings, empty for none. */
static json_t *change_values(const json_t *value)
{
    json_t *list = json_array();

    if (!value || json_is_null(value))
        return list;
    if (json_is_string(value)) {
        json_array_append_new(list, json_string(json_string_value(value)));
        return list;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    json_array_append_new(list, text_json(text ? text : ""));
    free(text);
    return list;
}

static void add_change(json_t *changes, const char *property, const json_t *old, const json_t *new)
{
    static const char *const silent[] = {"id", "selfUri", "dateModified", "dateCreated", NULL};

    if (check_is_one_of(property, silent) || (old && new &&json_equal(old, new)))
        return;
    json_array_append_new(changes, json_pack("{s:s, s:o, s:o}", "property", property, "oldValues",
                                             change_values(old), "newValues", change_values(new)));
}

static json_t *property_changes(const json_t *before, const json_t *after)
{
    json_t *changes = json_array();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)before, name, value)
    {
        add_change(changes, name, value, json_object_get(after, name));
    }
    json_object_foreach((json_t *)after, name, value)
    {
        if (!json_object_get(before, name))
            add_change(changes, name, NULL, value);
    }
    return changes;
}

static json_t *audit_client(const struct call *call)
{
    if (!call->client)
        return json_object();
    char *uri = text_format("/api/v2/oauth/clients/%s", call->client->id);
    json_t *client = json_pack("{s:s, s:s}", "id", call->client->id, "selfUri", uri);
    free(uri);
    return client;
}

void audit_record(struct call *call, const struct audit_kind *kind, const json_t *before,
                  const json_t *after, json_t *user)
{
    struct audit *audit = call->sandbox->audit;
    const json_t *entity = after ? after : before;
    char id[TEXT_UUID_SIZE];
    char date[TEXT_TIME_SIZE];

    text_uuid(AUDIT_PREFIX, ++audit->last_id, id);
    text_time(text_wall_ms(), date);
    json_t *record = json_pack(
        "{s:s, s:s, s:o, s:[s], s:s, s:s, s:s, s:s, s:{s:O*, s:O*, s:O*}, s:s, s:s, s:s, "
        "s:{s:s}, s:b, s:o, s:{}, s:[]}",
        "id", id, "userHomeOrgId", call->sandbox->settings.organization_id, "client",
        audit_client(call), "remoteIp", call->remote_ip, "serviceName", kind->service, "level",
        "USER", "eventDate", date, "action",
        actions[!before ? 0
                : after ? 1
                        : 2],
        "entity", "id", json_object_get(entity, "id"), "name", json_object_get(entity, "name"),
        "selfUri", json_object_get(entity, "selfUri"), "entityType", kind->entity_type, "status",
        "SUCCESS", "application", "", "initiatingAction", "transactionId", call->correlation_id,
        "transactionInitiator", 1, "propertyChanges", property_changes(before, after), "context",
        "entityChanges");
    if (user)
        json_object_set(record, "user", user);
    json_array_append_new(audit->records, record);
    if (json_array_size(audit->records) > AUDIT_RECORDS_MAX)
        json_array_remove(audit->records, 0);
}

/* One query, read and checked. */
struct audit_query {
    const char *service; /* NULL: all */
    int64_t from_ms;     /* since the epoch */
    int64_t to_ms;
    const json_t *filters;
    bool ascending;
    json_int_t page;
    json_int_t size;
};

/* Where each filter property stands in a record. */
static const struct filter {
    const char *property;
    const char *path[3];
} filters[] = {
    {"UserId", {"user", "id", NULL}},     {"ClientId", {"client", "id", NULL}},
    {"Action", {"action", NULL, NULL}},   {"EntityType", {"entityType", NULL, NULL}},
    {"EntityId", {"entity", "id", NULL}}, {"TrusteeOrganizationId", {"userHomeOrgId", NULL, NULL}},
};

static const struct filter *filter_find(const char *property)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        if (!strcasecmp(filters[i].property, property))
            return &filters[i];
    }
    return NULL;
}

static bool filters_hold(const json_t *record, const json_t *wanted)
{
    size_t i;
    json_t *one;

    json_array_foreach(wanted, i, one)
    {
        const struct filter *filter =
            filter_find(json_string_value(json_object_get(one, "property")));
        const char *value = json_string_value(json_object_get(one, "value"));
        const json_t *at = record;
        for (int step = 0; filter->path[step]; step++)
            at = json_object_get(at, filter->path[step]);
        if (!json_is_string(at) || strcasecmp(json_string_value(at), value))
            return false;
    }
    return true;
}

static bool service_holds(const json_t *record, const char *service)
{
    const char *own = json_string_value(json_object_get(record, "serviceName"));

    /* Triggers are audited by ProcessAutomation; both names find them. */
    return !service || !strcmp(own, service) ||
           (!strcmp(service, "Triggers") && !strcmp(own, "ProcessAutomation"));
}

static void read_interval(struct check *check, const json_t *body, struct audit_query *query)
{
    const char *interval = check_string(check, body, "interval", true, 1, 100);
    const char *slash = interval ? strchr(interval, '/') : NULL;

    if (interval &&
        (!slash || !text_time_parse(interval, (size_t)(slash - interval), &query->from_ms) ||
         !text_time_parse(slash + 1, strlen(slash + 1), &query->to_ms)))
        check_fail(check, "invalid.date", "interval",
                   "Interval dates must be specified as ISO-8601 strings separated by a slash. For "
                   "example: yyyy-MM-ddTHH:mm:ss/yyyy-MM-ddTHH:mm:ss");
    else if (interval && query->from_ms > query->to_ms)
        check_fail(check, "constraint.validation", "interval",
                   "The start of the interval must be before its end");
}

static void read_service(struct check *check, const json_t *body, struct audit_query *query)
{
    query->service = check_string(check, body, "serviceName", false, 1, 100);
    for (size_t i = 0; query->service && i < sizeof services / sizeof *services; i++) {
        if (!strcmp(services[i].name, query->service))
            return;
    }
    if (query->service)
        check_fail(check, "invalid.value", "serviceName",
                   "Value [%s] is not valid for field type [serviceName].", query->service);
}

static void read_lists(struct check *check, const json_t *body, struct audit_query *query)
{
    size_t i;
    json_t *one;
    const json_t *sort = json_array_get(check_member(body, "sort"), 0);
    const char *order = json_string_value(json_object_get(sort, "sortOrder"));

    query->filters = check_member(body, "filters");
    json_array_foreach(query->filters, i, one)
    {
        const char *property = json_string_value(json_object_get(one, "property"));
        if (!property || !filter_find(property) || !json_is_string(json_object_get(one, "value")))
            check_fail(check, "invalid.value", "filters", "Filter [%s] is not valid.",
                       property ? property : "");
    }
    if (order)
        check_one_of(check, "sortOrder", order, orders);
    query->ascending = order && !strncasecmp(order, "asc", 3);
    check_integer(check, body, "pageNumber", 1, INT32_MAX, &query->page);
    check_integer(check, body, "pageSize", 1, PAGE_MAX, &query->size);
}

static json_t *query_run(const struct audit *audit, const struct audit_query *query, size_t *total)
{
    size_t length = json_array_size(audit->records);
    size_t skip = (size_t)((query->page - 1) * query->size);
    json_t *found = json_array();

    *total = 0;
    for (size_t i = 0; i < length; i++) {
        json_t *record = json_array_get(audit->records, query->ascending ? i : length - 1 - i);
        const char *date = json_string_value(json_object_get(record, "eventDate"));
        int64_t ms = 0;
        text_time_parse(date, strlen(date), &ms);
        if (ms < query->from_ms || ms > query->to_ms || !service_holds(record, query->service) ||
            !filters_hold(record, query->filters))
            continue;
        if ((*total)++ >= skip && json_array_size(found) < (size_t)query->size)
            json_array_append(found, record);
    }
    return found;
}

void audit_query(struct call *call)
{
    struct audit_query query = {.page = 1, .size = 25};
    struct check check = {0};
    size_t total;

    if (!call_read_body(call, true))
        return;
    if (!json_is_object(call->body)) {
        reply_status(call, 400);
        return;
    }
    read_interval(&check, call->body, &query);
    read_service(&check, call->body, &query);
    read_lists(&check, call->body, &query);
    if (!check_reply(&check, call))
        return;
    json_t *found = query_run(call->sandbox->audit, &query, &total);
    json_int_t pages = ((json_int_t)total + query.size - 1) / query.size;
    reply_json(call, 200,
               json_pack("{s:o, s:I, s:I, s:I, s:I}", "entities", found, "pageSize", query.size,
                         "pageNumber", query.page, "total", (json_int_t)total, "pageCount", pages));
}

void audit_servicemapping(struct call *call)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        json_t *entities = json_array();
        if (services[i].entity)
            json_array_append_new(entities,
                                  json_pack("{s:s, s:[sss]}", "name", services[i].entity, "actions",
                                            actions[0], actions[1], actions[2]));
        json_array_append_new(
            list, json_pack("{s:s, s:o}", "name", services[i].name, "entities", entities));
    }
    reply_json(call, 200, json_pack("{s:o}", "services", list));
}
