#include "core/plan_file.h"

#include "core/file.h"
#include "core/json.h"
#include "core/publication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char format_kind[] = "eventctl-plan";
enum { FORMAT_MAJOR = 1, PLAN_FILE_MAX_BYTES = 512 * 1024 * 1024 };

void plan_file_init(struct plan_file *file)
{
    memset(file, 0, sizeof(*file));
}

void plan_file_release(struct plan_file *file)
{
    json_decref(file->manifest_paths);
    json_decref(file->wish);
    plan_release(&file->plan);
    object_list_release(&file->before);
    object_list_release(&file->after);
    plan_file_init(file);
}

/* -- writing -------------------------------------------------------------------------------- */

static json_t *object_or_null(const struct object *object)
{
    return object ? object_to_json(object) : json_null();
}

static json_t *change_to_json(const struct plan_change *change)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:o, s:o}", "action",
                     plan_action_table[change->action].verb, "risk", risk_name(change->risk),
                     "superseded", (int)change->superseded, "second_half", (int)change->second_half,
                     "protected", (int)change->protected, "downgrade", (int)change->downgrade,
                     "before", object_or_null(change->before), "after",
                     object_or_null(change->after));
}

static json_t *body_to_json(const struct plan_file *file, const struct plan *plan)
{
    json_t *changes = json_array();
    json_t *paths = file->manifest_paths ? json_incref(file->manifest_paths) : json_array();

    for (size_t i = 0; changes && i < plan->count; i++)
        if (json_array_append_new(changes, change_to_json(&plan->changes[i])) < 0) {
            json_decref(changes);
            changes = NULL;
        }
    return json_pack("{s:{s:s, s:s}, s:s, s:s, s:o, s:I, s:I, s:b, s:o, s:O*}", "organization",
                     "id", file->organization_id, "name", file->organization, "owner", file->owner,
                     "manifest_hash", file->manifest_hash, "manifest_paths", paths, "created_s",
                     (json_int_t)file->created_s, "expires_s", (json_int_t)file->expires_s, "prune",
                     (int)file->prune, "changes", changes, "publish", file->wish);
}

/* The checksum is over the body's canonical text. */
static bool body_checksum(const json_t *body, char out[DIGEST_HEX + 1])
{
    struct buf text;
    bool ok;

    buf_init(&text, PLAN_FILE_MAX_BYTES);
    json_add_canonical(&text, body);
    ok = !text.failed && digest_hex(text.data, text.length, DIGEST_HEX, out);
    buf_release(&text);
    return ok;
}

char *plan_file_text(const struct plan_file *file, const struct plan *plan, struct error *error)
{
    char checksum[DIGEST_HEX + 1];
    json_t *body = body_to_json(file, plan);
    json_t *whole = NULL;
    char *text = NULL;

    if (body && body_checksum(body, checksum))
        whole = json_pack("{s:s, s:s, s:s, s:O}", "kind", format_kind, "format_version", "1.0",
                          "checksum", checksum, "plan", body);
    if (whole)
        text = json_write(whole, JSON_INDENT(1) | JSON_SORT_KEYS);
    if (!text)
        error_no_memory(error);
    json_decref(whole);
    json_decref(body);
    return text;
}

bool plan_file_write(const char *path, const struct plan_file *file, const struct plan *plan,
                     struct error *error)
{
    char *text = plan_file_text(file, plan, error);
    bool ok = text && file_replace(path, text, strlen(text), error);

    free(text);
    return ok;
}

/* -- reading -------------------------------------------------------------------------------- */

static void take_text(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_text(object, key);

    snprintf(out, size, "%s", text ? text : "");
}

/* Adds the object of a change to its list; "null" adds nothing. */
static bool take_object(struct object_list *list, const json_t *change, const char *key,
                        struct error *error)
{
    const json_t *json = json_object_get(change, key);
    struct object object;
    bool ok;

    if (json_is_null(json))
        return true;
    if (!object_from_json(&object, json, error))
        return false;
    ok = object_list_add(list, &object);
    object_release(&object);
    return ok || error_no_memory(error);
}

static bool take_action(const json_t *change, enum plan_action *action)
{
    const char *verb = json_text(change, "action");

    for (*action = 0; verb && *action < PLAN_ACTIONS; ++*action)
        if (strcmp(verb, plan_action_table[*action].verb) == 0)
            return true;
    return false;
}

static bool take_risk(const json_t *change, enum risk *risk)
{
    const char *name = json_text(change, "risk");

    for (*risk = 0; name && *risk < RISK_COUNT; ++*risk)
        if (strcmp(name, risk_name(*risk)) == 0)
            return true;
    return false;
}

/* A change's two objects stand last in their lists, where it has them. The pointers are set when
 * all lists are complete, since they move while they grow. */
static bool take_change(struct plan_file *file, const json_t *json, struct error *error)
{
    struct plan_change *change = &file->plan.changes[file->plan.count];
    size_t before = file->before.count, after = file->after.count;

    *change =
        (struct plan_change){.superseded = json_is_true(json_object_get(json, "superseded")),
                             .second_half = json_is_true(json_object_get(json, "second_half")),
                             .protected = json_is_true(json_object_get(json, "protected")),
                             .downgrade = json_is_true(json_object_get(json, "downgrade"))};
    if (!take_action(json, &change->action) || !take_risk(json, &change->risk))
        return error_set(error, ERROR_INVALID, "a change without a known action and risk");
    if (!take_object(&file->before, json, "before", error) ||
        !take_object(&file->after, json, "after", error))
        return false;
    if ((file->before.count > before) != (change->action != PLAN_CREATE) ||
        (file->after.count > after) != (change->action != PLAN_DELETE))
        return error_set(error, ERROR_INVALID, "a change whose objects do not fit its action");
    if (file->before.count > before && !file->before.items[before].id)
        return error_set(error, ERROR_INVALID, "a planned object without its id");
    file->plan.count++;
    return true;
}

static bool connect_changes(struct plan_file *file)
{
    size_t before = 0, after = 0;

    for (size_t i = 0; i < file->plan.count; i++) {
        struct plan_change *change = &file->plan.changes[i];
        if (change->action != PLAN_CREATE)
            change->before = &file->before.items[before++];
        if (change->action != PLAN_DELETE)
            change->after = &file->after.items[after++];
        if (change->before && change->after &&
            !plan_compare(change->before, change->after, file->created_s, change->fields,
                          &change->field_count))
            return false;
        change->marker_missing = change->before && !change->before->marker.present;
    }
    return true;
}

static bool take_body(struct plan_file *file, const json_t *body, struct error *error)
{
    const json_t *organization = json_object_get(body, "organization");
    const json_t *changes = json_object_get(body, "changes");
    const json_t *change;
    size_t i;

    take_text(file->organization_id, sizeof(file->organization_id), organization, "id");
    take_text(file->organization, sizeof(file->organization), organization, "name");
    take_text(file->owner, sizeof(file->owner), body, "owner");
    take_text(file->manifest_hash, sizeof(file->manifest_hash), body, "manifest_hash");
    file->created_s = json_integer_value(json_object_get(body, "created_s"));
    file->plan.now_s = file->created_s;
    file->expires_s = json_integer_value(json_object_get(body, "expires_s"));
    file->prune = json_is_true(json_object_get(body, "prune"));
    file->manifest_paths = json_incref(json_object_get(body, "manifest_paths"));
    file->wish = json_incref(json_object_get(body, "publish"));
    if (file->wish && !publication_wish_fits(file->wish))
        return error_set(error, ERROR_INVALID, "what is to be published is malformed");
    file->plan.changes = calloc(json_array_size(changes) + 1, sizeof(*file->plan.changes));
    if (!file->plan.changes)
        return error_no_memory(error);
    json_array_foreach(changes, i, change) if (!take_change(file, change, error)) return false;
    return connect_changes(file) || error_no_memory(error);
}

/* A whole file of the right kind and undamaged: its body (a new reference). */
static json_t *open_body(const char *path, struct error *error)
{
    char checksum[DIGEST_HEX + 1];
    const char *version, *kind;
    struct error why = ERROR_INIT;
    json_error_t problem;
    json_t *body = NULL;
    struct buf text;
    json_t *whole;

    buf_init(&text, PLAN_FILE_MAX_BYTES);
    if (!file_read(path, &text, &why)) {
        buf_release(&text);
        error_set(error, ERROR_INVALID, "the plan cannot be read: %s", why.text);
        return NULL;
    }
    whole = json_read(buf_text(&text), text.length, JSON_REJECT_DUPLICATES, &problem);
    buf_release(&text);
    kind = json_text(whole, "kind");
    version = json_text(whole, "format_version");
    if (!kind || strcmp(kind, format_kind) != 0 || !version)
        error_set(error, ERROR_INVALID,
                  "%s is not a plan made by `eventctl plan --out` (a manifest is given with -f)",
                  path);
    else if (strtol(version, NULL, 10) != FORMAT_MAJOR)
        error_set(error, ERROR_INVALID, "%s has plan format %s; this eventctl reads format %d",
                  path, version, FORMAT_MAJOR);
    else if (!body_checksum(json_object_get(whole, "plan"), checksum))
        error_no_memory(error);
    else if (!json_text(whole, "checksum") || strcmp(json_text(whole, "checksum"), checksum) != 0)
        error_set(error, ERROR_INVALID, "%s is damaged: its checksum does not fit", path);
    else
        body = json_incref(json_object_get(whole, "plan"));
    json_decref(whole);
    return body;
}

bool plan_file_is_one(const char *path)
{
    struct error none = ERROR_INIT;
    const char *kind;
    json_t *whole;
    struct buf text;
    bool is;

    buf_init(&text, PLAN_FILE_MAX_BYTES);
    whole = file_read(path, &text, &none) ? json_read(buf_text(&text), text.length, 0, NULL) : NULL;
    buf_release(&text);
    kind = json_text(whole, "kind");
    is = kind && strcmp(kind, format_kind) == 0;
    json_decref(whole);
    return is;
}

bool plan_file_read(const char *path, struct plan_file *file, struct error *error)
{
    json_t *body = open_body(path, error);
    bool ok;

    plan_file_init(file);
    if (!body)
        return false;
    ok = take_body(file, body, error);
    json_decref(body);
    if (!ok) {
        error_wrap(error, "%s", path);
        plan_file_release(file);
    }
    return ok;
}

/* -- has anything moved? -------------------------------------------------------------------- */

/* Something that has the name, or the marker, of what is to be created. */
static const struct object *find_claimant(const struct object_list *live,
                                          const struct object *wanted)
{
    for (size_t i = 0; i < live->count; i++) {
        const struct object *object = &live->items[i];
        const struct marker *marker = &object->marker;
        if (object->via != wanted->via)
            continue;
        if (strcmp(object->name, wanted->name) == 0)
            return object;
        if (marker->present && marker->version == wanted->marker.version &&
            strcmp(marker->name, wanted->marker.name) == 0 &&
            strcmp(marker->owner, wanted->marker.owner) == 0 &&
            strcmp(marker->organization, wanted->marker.organization) == 0 &&
            strcmp(object->topic ? object->topic : "", wanted->topic ? wanted->topic : "") == 0)
            return object;
    }
    return NULL;
}

enum change_state { AS_PLANNED, ALREADY_DONE, MOVED, NO_MEMORY };

/* The live object has every wanted value, and a marker. */
static enum change_state wanted_state(const struct object *live, const struct object *wanted)
{
    struct plan_field fields[FIELD_COUNT];
    size_t differing;

    if (!plan_compare(live, wanted, 0, fields, &differing))
        return NO_MEMORY;
    return differing == 0 && live->marker.present ? ALREADY_DONE : MOVED;
}

static enum change_state before_state(const struct plan_change *change, const struct object *live)
{
    char planned[17], now[17];

    if (!live)
        return change->action == PLAN_UPDATE ? MOVED : ALREADY_DONE;
    if (!object_fingerprint(change->before, planned) || !object_fingerprint(live, now))
        return NO_MEMORY;
    if (strcmp(planned, now) == 0)
        return AS_PLANNED;
    return change->action == PLAN_UPDATE ? wanted_state(live, change->after) : MOVED;
}

/* A replacement is done when both its halves are; when only the new object is there, what is
 * left of it is a delete. */
static enum change_state change_state(struct plan_change *change, const struct object_list *live,
                                      const struct object_index *index, const struct object **found)
{
    enum change_state before = AS_PLANNED, after;

    *found = NULL;
    if (change->before) {
        *found = object_index_find(index, change->before->id);
        before = before_state(change, *found);
    }
    if (change->action == PLAN_UPDATE || change->action == PLAN_DELETE || before == MOVED ||
        before == NO_MEMORY)
        return before;
    const struct object *claimant = find_claimant(live, change->after);
    if (!claimant) /* a replacement whose old half vanished meanwhile is not what was planned */
        return change->before && before == ALREADY_DONE ? MOVED : AS_PLANNED;
    *found = claimant;
    after = wanted_state(claimant, change->after);
    if (after == ALREADY_DONE && change->before && before == AS_PLANNED) {
        change->action = PLAN_DELETE;
        change->superseded = true;
        change->second_half = true;
        change->after = NULL;
        change->field_count = 0;
        return AS_PLANNED;
    }
    return after;
}

long plan_file_compare(struct plan_file *file, const struct object_list *live, plan_moved moved,
                       void *context)
{
    struct object_index index;
    const struct object *found;
    size_t kept = 0;
    long count = 0;

    if (!object_index_make(&index, live))
        return -1;
    for (size_t i = 0; i < file->plan.count && count >= 0; i++) {
        struct plan_change change = file->plan.changes[i];
        enum change_state state = change_state(&change, live, &index, &found);
        if (state == NO_MEMORY)
            count = -1;
        else if (state == MOVED) {
            count++;
            moved(context, &change, found);
        }
        if (state == ALREADY_DONE)
            file->already_done++;
        else
            file->plan.changes[kept++] = change;
    }
    if (count >= 0)
        file->plan.count = kept;
    object_index_release(&index);
    return count;
}
