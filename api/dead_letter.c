#include "api/dead_letter.h"

#include "core/json.h"

#include <inttypes.h>
#include <string.h>

static const char unreserved[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

/* -- which ones ---------------------------------------------------------------------------------
 */

void letter_filter_init(struct letter_filter *filter)
{
    *filter = (struct letter_filter){.came_back = -1};
}

bool letter_filter_is_empty(const struct letter_filter *filter)
{
    return !filter->subscription && !filter->reason && !filter->type && !filter->interaction &&
           filter->since_ms == 0 && filter->until_ms == 0 && filter->came_back < 0 && !filter->ids;
}

/* The conditions by the names that a query and a body's "filter" both have for them. */
enum { TEXTS = 4, TIMES = 2 };
struct condition_text {
    const char *name, *text;
};
struct condition_time {
    const char *name;
    int64_t ms;
};

static void list_conditions(const struct letter_filter *filter, struct condition_text texts[TEXTS],
                            struct condition_time times[TIMES])
{
    texts[0] = (struct condition_text){"subscription", filter->subscription};
    texts[1] = (struct condition_text){"reason", filter->reason};
    texts[2] = (struct condition_text){"type", filter->type};
    texts[3] = (struct condition_text){"interaction", filter->interaction};
    times[0] = (struct condition_time){"since", filter->since_ms};
    times[1] = (struct condition_time){"until", filter->until_ms};
}

void letter_add_encoded(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (strchr(unreserved, *text))
            buf_add_char(out, *text);
        else
            buf_printf(out, "%%%02X", (unsigned char)*text);
}

void letter_list_path(struct buf *out, const struct letter_filter *filter, int64_t after_id,
                      int limit)
{
    struct condition_text texts[TEXTS];
    struct condition_time times[TIMES];

    list_conditions(filter, texts, times);
    buf_add_text(out, "/v1/dlq?");
    for (size_t i = 0; i < TEXTS; i++) {
        if (!texts[i].text)
            continue;
        buf_printf(out, "%s=", texts[i].name);
        letter_add_encoded(out, texts[i].text);
        buf_add_char(out, '&');
    }
    for (size_t i = 0; i < TIMES; i++)
        if (times[i].ms != 0)
            buf_printf(out, "%s=%" PRId64 "&", times[i].name, times[i].ms);
    if (filter->came_back >= 0)
        buf_printf(out, "came_back=%s&", filter->came_back ? "true" : "false");
    if (after_id != 0)
        buf_printf(out, "after=%" PRId64 "&", after_id);
    buf_printf(out, "limit=%d", limit);
}

/* -- what is asked for --------------------------------------------------------------------------
 */

/* Takes the value over, like json_object_set_new; NULL is what there was no memory for. */
static bool add(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static json_t *ids_json(const struct letter_filter *filter)
{
    json_t *ids = json_array();
    bool ok = ids;

    for (size_t i = 0; ok && i < filter->id_count; i++)
        ok = json_array_append_new(ids, json_integer(filter->ids[i])) == 0;
    if (ok)
        return ids;
    json_decref(ids);
    return NULL;
}

static json_t *conditions_json(const struct letter_filter *filter)
{
    struct condition_text texts[TEXTS];
    struct condition_time times[TIMES];
    json_t *object = json_object();
    bool ok = object;

    list_conditions(filter, texts, times);
    for (size_t i = 0; ok && i < TEXTS; i++)
        ok = !texts[i].text || add(object, texts[i].name, json_string(texts[i].text));
    for (size_t i = 0; ok && i < TIMES; i++)
        ok = times[i].ms == 0 || add(object, times[i].name, json_integer(times[i].ms));
    if (ok && filter->came_back >= 0)
        ok = add(object, "came_back", json_boolean(filter->came_back));
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

static bool add_selection(json_t *body, const struct letter_filter *filter)
{
    if (filter->ids)
        return add(body, "ids", ids_json(filter));
    if (letter_filter_is_empty(filter))
        return add(body, "all", json_true());
    return add(body, "filter", conditions_json(filter));
}

json_t *letter_act_body(const struct letter_filter *filter, const struct letter_act *act)
{
    json_t *body = json_object();
    bool ok = body && add_selection(body, filter);

    if (ok && act->reason && *act->reason)
        ok = add(body, "reason", json_string(act->reason));
    if (ok && act->by && *act->by)
        ok = add(body, "by", json_string(act->by));
    if (ok && act->dry_run)
        ok = add(body, "dry_run", json_true());
    if (ok && act->rate != 0)
        ok = add(body, "rate", json_real(act->rate)); /* NULL when it is not finite */
    if (ok)
        return body;
    json_decref(body);
    return NULL;
}

int64_t letter_act_count(const char *body, size_t length)
{
    static const char *const names[] = {"count", "replaying", "aborted", "discarded"};
    json_t *reply = json_read(body, length, 0, NULL);
    int64_t count = -1;

    for (size_t i = 0; count < 0 && i < sizeof(names) / sizeof(names[0]); i++) {
        const json_t *value = json_object_get(reply, names[i]);
        if (json_is_integer(value) && json_integer_value(value) >= 0)
            count = json_integer_value(value);
    }
    json_decref(reply);
    return count;
}
