#include "api/audit.h"

#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AUDIT_PAGE = 500, TIME_SIZE = 32 };

struct asking {
    audit_done done;
    void *context;
};

static void time_write(char out[TIME_SIZE], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* "2026-11-24T10:00:00.123Z"; the audit has no other form. */
static int64_t time_read(const char *text)
{
    struct tm tm = {.tm_year = 0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    double fraction = rest && *rest == '.' ? strtod(rest, NULL) : 0;

    return rest ? (int64_t)timegm(&tm) * 1000 + (int64_t)(fraction * 1000) : 0;
}

/* Copies what fits, whole characters. */
static void copy(char *out, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size) : 0;

    if (length == size)
        for (length = size - 1; length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80;)
            length--;
    if (length > 0)
        memcpy(out, text, length);
    out[length] = '\0';
}

static void read_who(const json_t *record, struct audit_record *out)
{
    const json_t *user = json_object_get(record, "user"),
                 *client = json_object_get(record, "client");
    const char *name = json_text(user, "name"), *id = json_text(user, "id");

    if (name || id) {
        copy(out->who, sizeof(out->who), name ? name : id);
    } else if (json_text(client, "id")) {
        size_t length = (size_t)snprintf(out->who, sizeof(out->who), "client ");
        copy(out->who + length, sizeof(out->who) - length, json_text(client, "id"));
    }
}

/* Its address, or the first of them. */
static void read_from(const json_t *record, struct audit_record *out)
{
    const json_t *ip = json_object_get(record, "remoteIp");

    copy(out->from, sizeof(out->from),
         json_string_value(json_is_array(ip) ? json_array_get(ip, 0) : ip));
}

static void read_changed(const json_t *record, struct audit_record *out)
{
    const json_t *changes = json_object_get(record, "propertyChanges");
    size_t length = 0;

    for (size_t i = 0; i < json_array_size(changes); i++) {
        const char *name = json_text(json_array_get(changes, i), "property");
        if (name && length + strlen(name) + 3 < sizeof(out->changed))
            length += (size_t)snprintf(out->changed + length, sizeof(out->changed) - length, "%s%s",
                                       length ? ", " : "", name);
    }
}

static void read_record(const json_t *record, struct audit_record *out)
{
    *out = (struct audit_record){.at_ms = time_read(json_text(record, "eventDate"))};
    copy(out->entity, sizeof(out->entity), json_text(json_object_get(record, "entity"), "id"));
    read_from(record, out);
    copy(out->action, sizeof(out->action), json_text(record, "action"));
    read_who(record, out);
    read_changed(record, out);
}

static void on_reply(void *context, struct reply *reply)
{
    struct asking *asking = context;
    const json_t *entities = json_object_get(reply->body, "entities");
    size_t count = reply->error.code == ERROR_NONE ? json_array_size(entities) : 0;
    struct audit_record *records = count ? calloc(count, sizeof(*records)) : NULL;
    struct error error = reply->error;

    if (count && !records) {
        error_no_memory(&error);
        count = 0;
    }
    for (size_t i = 0; i < count; i++)
        read_record(json_array_get(entities, i), &records[i]);
    asking->done(asking->context, records, count, &error);
    free(records);
    free(asking);
}

bool audit_start(struct client *client, const char *service, int64_t from_ms, int64_t to_ms,
                 audit_done done, void *context, struct error *error)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    char from[TIME_SIZE], to[TIME_SIZE], interval[2 * TIME_SIZE];
    struct request request = {.method = "POST",
                              .path = "/api/v2/audits/query/realtime",
                              .repeatable = true,
                              .permission = "audits:audit:view"};
    bool ok;

    time_write(from, from_ms);
    time_write(to, to_ms);
    snprintf(interval, sizeof(interval), "%s/%s", from, to);
    request.body = json_pack("{s:s, s:s, s:i, s:i}", "interval", interval, "serviceName", service,
                             "pageNumber", 1, "pageSize", AUDIT_PAGE);
    if (!asking || !request.body) {
        ok = error_no_memory(error);
    } else {
        *asking = (struct asking){done, context};
        ok = client_start(client, &request, on_reply, asking, error);
    }
    json_decref(request.body);
    if (!ok)
        free(asking);
    return ok;
}
