#include "ingest/published.h"

#include "core/criterion.h"
#include "core/json.h"
#include "core/text.h"
#include "ingest/arrival.h"
#include "ingest/auth_key.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MOST = 4, PEM_MOST = 8192, RSA_BITS_MOST = 16384 };

struct reading {
    struct published *published;
    struct config_subscription *subscription;
    struct auth_published_key *keys;
    const char *id;
    struct error *error;
};

static bool wrong(const struct reading *reading, const char *what)
{
    return error_set(reading->error, ERROR_INVALID, "subscription \"%.128s\": %s", reading->id,
                     what);
}

static bool no_memory(const struct reading *reading)
{
    return error_no_memory(reading->error);
}

/* What is misspelt would silently be left out: a filter, a key. */
static bool members_known(const struct reading *reading, const json_t *object, const char *words)
{
    const char *name;
    json_t *value;

    if (!json_is_object(object))
        return wrong(reading, "something in it is no object");
    json_object_foreach((json_t *)object, name, value)
    {
        if (!text_words_hold(words, name))
            return error_set(reading->error, ERROR_INVALID,
                             "subscription \"%.128s\": \"%.64s\" is not known here", reading->id,
                             name);
    }
    return true;
}

/* Looked at here, since no source may have a scheme that uses it. */
static bool key_fits(const struct reading *reading, const char *pem)
{
    struct auth_key key = {.id = NULL};
    struct error why = ERROR_INIT;
    bool ok = auth_key_load_public(&key, pem, strlen(pem), RSA_BITS_MOST, &why);

    auth_key_release(&key);
    return ok || error_set(reading->error, why.code, "subscription \"%.128s\": a key's \"pem\" %s",
                           reading->id, why.text);
}

static bool read_criterion(struct reading *reading, const json_t *item, struct criterion *criterion)
{
    struct arena *arena = &reading->published->arena;
    const char *field = json_text(item, "field"), *op = json_text(item, "op");
    const json_t *value = json_object_get(item, "value");

    if (!members_known(reading, item, " field op value "))
        return false;
    if (!field || !criterion_field_fits(field))
        return wrong(reading, "a criterion's \"field\" is none that an event can have");
    if (!op || filter_op_find(op) < 0)
        return wrong(reading, "a criterion's \"op\" is none that is known");
    if (!value)
        return wrong(reading, "a criterion has no \"value\"");
    char *canonical = json_canonical(value);
    criterion->field = arena_text(arena, field);
    criterion->op = (enum filter_op)filter_op_find(op);
    criterion->value = canonical ? arena_text(arena, canonical) : NULL;
    free(canonical);
    return (criterion->field && criterion->value) || no_memory(reading);
}

static bool read_filter(struct reading *reading, const json_t *filter)
{
    size_t count = json_array_size(filter);

    if (!filter || json_is_null(filter))
        return true;
    if (!json_is_array(filter) || count > CONFIG_CRITERIA_MOST)
        return wrong(reading, "\"filter\" is a list of at most 64 criteria");
    struct criterion *criteria =
        arena_alloc(&reading->published->arena, (count + 1) * sizeof *criteria);
    if (!criteria)
        return no_memory(reading);
    for (size_t i = 0; i < count; i++)
        if (!read_criterion(reading, json_array_get(filter, i), &criteria[i]))
            return false;
    reading->subscription->filter = criteria;
    reading->subscription->filter_count = count;
    return true;
}

static bool read_keys(struct reading *reading, const json_t *keys)
{
    struct published *published = reading->published;

    if (!keys || json_is_null(keys))
        return true;
    if (!json_is_array(keys) || json_array_size(keys) > KEYS_MOST)
        return wrong(reading, "\"keys\" is a list of at most 4 keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *item = json_array_get(keys, i);
        const char *id = json_text(item, "id"), *pem = json_text(item, "pem");
        if (!members_known(reading, item, " id pem "))
            return false;
        if (!id || !*id || strlen(id) > 128 || !pem || strlen(pem) > PEM_MOST)
            return wrong(reading, "a key has an \"id\" and a \"pem\"");
        struct auth_published_key *key = &reading->keys[published->key_count++];
        *key = (struct auth_published_key){reading->subscription->id,
                                           arena_text(&published->arena, id),
                                           arena_text(&published->arena, pem)};
        if (!key->id || !key->pem)
            return no_memory(reading);
        if (!key_fits(reading, pem))
            return false;
    }
    return true;
}

static bool read_subscription(struct reading *reading, const json_t *item)
{
    struct arena *arena = &reading->published->arena;
    struct config_subscription *subscription = reading->subscription;
    const char *name = json_text(item, "name"), *sink = json_text(item, "sink");

    reading->id = json_text(item, "id");
    if (!reading->id || !*reading->id || strlen(reading->id) > ARRIVAL_SUBSCRIPTION_MOST)
        return error_set(reading->error, ERROR_INVALID,
                         "a subscription needs an \"id\" of 1 to 128 bytes");
    if (!members_known(reading, item, " id name version owner sink filter keys "))
        return false;
    if (json_object_get(item, "sink") && !sink)
        return wrong(reading, "its \"sink\" is no text");
    for (const char *c = reading->id; *c; c++)
        if (*c < '!' || *c > '~')
            return wrong(reading, "its id is not printable ASCII");
    subscription->id = arena_text(arena, reading->id);
    subscription->name = arena_text(arena, name ? name : "");
    subscription->sink = sink ? arena_text(arena, sink) : NULL;
    if (!subscription->id || !subscription->name || (sink && !subscription->sink))
        return no_memory(reading);
    return read_filter(reading, json_object_get(item, "filter")) &&
           read_keys(reading, json_object_get(item, "keys"));
}

static bool ids_differ(struct published *published, struct error *error)
{
    json_t *seen = json_object();
    bool ok = seen != NULL || error_no_memory(error);

    for (size_t i = 0; ok && i < published->count; i++) {
        const char *id = published->subscriptions[i].id;
        if (json_object_get(seen, id))
            ok = error_set(error, ERROR_INVALID, "subscription \"%s\" stands twice", id);
        else if (json_object_set_new(seen, id, json_true()))
            ok = error_no_memory(error);
    }
    json_decref(seen);
    return ok;
}

static bool read_all(struct published *published, const json_t *list, struct error *error)
{
    size_t count = json_array_size(list);
    struct config_subscription *subscriptions =
        arena_alloc(&published->arena, (count + 1) * sizeof *subscriptions);
    struct auth_published_key *keys =
        arena_alloc(&published->arena, (count * KEYS_MOST + 1) * sizeof *keys);
    struct reading reading = {.published = published, .keys = keys, .error = error};

    if (!subscriptions || !keys)
        return error_no_memory(error);
    published->subscriptions = subscriptions;
    published->keys = keys;
    for (size_t i = 0; i < count; i++) {
        reading.subscription = &subscriptions[i];
        if (!read_subscription(&reading, json_array_get(list, i)))
            return false;
        published->count++;
    }
    return ids_differ(published, error);
}

bool published_read(struct published *published, const char *document, size_t length,
                    struct error *error)
{
    *published = (struct published){0};
    arena_init(&published->arena);
    json_t *top = json_read(document, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(top, "subscriptions");
    bool ok;

    if (!json_is_array(list) || json_array_size(list) > PUBLISHED_MOST)
        ok = error_set(error, ERROR_INVALID,
                       "not an object with a list \"subscriptions\" of at most %d", PUBLISHED_MOST);
    else
        ok = read_all(published, list, error);
    json_decref(top);
    if (!ok)
        published_release(published);
    return ok;
}

void published_release(struct published *published)
{
    arena_release(&published->arena);
    *published = (struct published){0};
}

const struct config_subscription *published_merge(struct published *published,
                                                  const struct config *config, size_t *count)
{
    size_t most = config->subscription_count + published->count;
    struct config_subscription *merged =
        arena_alloc(&published->arena, (most + 1) * sizeof *merged);

    if (!merged)
        return NULL;
    *count = 0;
    for (size_t i = 0; i < config->subscription_count; i++)
        merged[(*count)++] = config->subscriptions[i];
    for (size_t i = 0; i < published->count; i++) {
        bool configured = false;
        for (size_t j = 0; j < config->subscription_count && !configured; j++)
            configured = !strcmp(config->subscriptions[j].id, published->subscriptions[i].id);
        if (!configured)
            merged[(*count)++] = published->subscriptions[i];
    }
    return merged;
}
