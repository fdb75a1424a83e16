/* What a manifest wants published, and how entries are shown and told apart. */
#include "core/publication.h"

#include "core/json.h"

#include <stdlib.h>
#include <string.h>

const char *const publication_field_names[PUBLICATION_FIELDS] = {
    [PUBLICATION_NAME] = "name",       [PUBLICATION_VERSION] = "version",
    [PUBLICATION_OWNER] = "owner",     [PUBLICATION_FILTER] = "filter",
    [PUBLICATION_KEYS_FIELD] = "keys",
};

/* -- what is wished for ------------------------------------------------------------------------ */

static bool is_among(const char *const *targets, const char *name)
{
    for (; targets && *targets; targets++)
        if (strcmp(*targets, name) == 0)
            return true;
    return !targets;
}

static json_t *list_targets(const char *const *targets)
{
    json_t *list = json_array();

    for (; list && *targets; targets++)
        if (json_array_append_new(list, json_string(*targets)) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *wish_entry(const struct object *object)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:o}", "object", object->name, "via",
                     via_name(object->via), "name", object->marker.name, "version",
                     (json_int_t)object->marker.version, "filter", object_residual(object));
}

json_t *publication_wish(const struct object_list *desired, const char *const *targets)
{
    json_t *wish = json_object(), *entries = json_array();
    bool ok = wish && entries;

    for (size_t i = 0; ok && i < desired->count; i++)
        if (is_among(targets, desired->items[i].marker.name))
            ok = json_array_append_new(entries, wish_entry(&desired->items[i])) == 0;
    ok = ok && json_object_set(wish, "entries", entries) == 0 &&
         (!targets || json_object_set_new(wish, "targets", list_targets(targets)) == 0);
    json_decref(entries);
    if (ok)
        return wish;
    json_decref(wish);
    return NULL;
}

static bool is_wished(const json_t *entry)
{
    const char *via = json_text(entry, "via");

    return via && via_find(via) < VIA_COUNT && json_text(entry, "object") &&
           json_text(entry, "name") && json_is_integer(json_object_get(entry, "version")) &&
           json_is_array(json_object_get(entry, "filter"));
}

bool publication_wish_fits(const json_t *wish)
{
    const json_t *entries = json_object_get(wish, "entries"), *one;
    const json_t *targets = json_object_get(wish, "targets");
    bool fits = json_is_array(entries) && (!targets || json_is_array(targets));
    size_t i;

    json_array_foreach(entries, i, one)
    {
        fits = fits && is_wished(one);
    }
    json_array_foreach(targets, i, one)
    {
        fits = fits && json_is_string(one);
    }
    return fits;
}

/* -- beside it --------------------------------------------------------------------------------- */

json_t *publication_value(const json_t *entry, enum publication_field field)
{
    json_t *value = json_object_get(entry, publication_field_names[field]), *ids;
    const json_t *key;
    size_t i;

    if (!json_is_array(value) || field != PUBLICATION_KEYS_FIELD)
        return value ? json_incref(value) : json_null();
    ids = json_array();
    json_array_foreach(value, i, key)
    {
        json_array_append(ids, json_object_get(key, "id"));
    }
    return ids;
}

bool publication_state(const json_t *document, char out[PUBLICATION_STATE + 1])
{
    json_t *none = json_array();
    const json_t *entries = json_object_get(document, "subscriptions");
    char *text = none ? json_canonical(entries ? entries : none) : NULL;
    bool ok = text && digest_hex(text, strlen(text), PUBLICATION_STATE, out);

    free(text);
    json_decref(none);
    return ok;
}
