#include "core/override.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* -- how it stands -------------------------------------------------------------------------- */

bool override_look(const struct object *live, enum field field, int64_t now_s,
                   enum override_state *state)
{
    const struct marker_override *override = &live->marker.override;
    char is[5];

    *state = OVERRIDE_NONE;
    if (!override->hashes[field][0] || !field_table[field].overridable ||
        override->until_s > now_s + OVERRIDE_MOST_S)
        return true;
    if (!marker_hash(live->fields[field], is))
        return false;
    if (strcmp(is, override->hashes[field]) == 0)
        *state = override->until_s > now_s ? OVERRIDE_HOLDS : OVERRIDE_EXPIRED;
    return true;
}

static bool set_text(struct object *object, enum field field, const struct object *from)
{
    json_t *value = object_get(from, field);
    bool ok = value && object_set(object, field, value);

    json_decref(value);
    return ok;
}

static bool set_new(struct object *object, enum field field, json_t *value)
{
    bool ok = value && object_set(object, field, value);

    json_decref(value);
    return ok;
}

static bool differs(const struct object *a, const struct object *b, enum field field)
{
    return a->fields[field] && b->fields[field] && strcmp(a->fields[field], b->fields[field]) != 0;
}

/* -- keeping it ----------------------------------------------------------------------------- */

/* What was applied before the override stays what the marker says: only so can a later plan tell
 * that the manifest changed meanwhile. */
static bool keep_field(struct object *kept, const struct object *live, enum field field,
                       bool *pending)
{
    const char *applied = live->marker.hashes[field];
    char should[5];

    if (!marker_hash(kept->fields[field], should) || !set_text(kept, field, live))
        return false;
    *pending = applied[0] && strcmp(applied, should) != 0;
    memcpy(kept->marker.hashes[field], applied[0] ? applied : should, sizeof(should));
    memcpy(kept->marker.override.hashes[field], live->marker.override.hashes[field],
           sizeof(should));
    return true;
}

bool override_keep(const struct object *live, const struct object *wanted, int64_t now_s,
                   struct object *kept, struct plan_override *override)
{
    bool holds[FIELD_COUNT] = {false}, any = false;

    override->field_count = 0;
    for (enum field field = 0; live->marker.override.until_s && field < FIELD_COUNT; field++) {
        enum override_state state;
        if (!override_look(live, field, now_s, &state))
            return false;
        holds[field] = state == OVERRIDE_HOLDS && differs(live, wanted, field);
        any |= holds[field];
    }
    if (!any)
        return true;
    if (!object_copy(kept, wanted))
        return false;
    kept->marker.override.until_s = live->marker.override.until_s;
    memcpy(kept->marker.override.reason, live->marker.override.reason,
           sizeof(kept->marker.override.reason));
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        struct plan_override_field *one = &override->fields[override->field_count];
        if (!holds[field])
            continue;
        if (!keep_field(kept, live, field, &one->pending)) {
            object_release(kept);
            return false;
        }
        one->field = field;
        override->field_count++;
    }
    override->live = live;
    override->object = kept;
    override->wanted = wanted;
    return true;
}

/* -- starting and ending it ----------------------------------------------------------------- */

/* Room for the one change, its object and the override; the change's `after` is a copy of `live`.
 */
static bool begin(struct plan *plan, const struct object *live, int64_t now_s)
{
    plan_init(plan);
    plan->now_s = now_s;
    plan->changes = calloc(1, sizeof(*plan->changes));
    plan->overrides = calloc(1, sizeof(*plan->overrides));
    plan->kept = calloc(1, sizeof(*plan->kept));
    if (!plan->changes || !plan->overrides || !plan->kept || !object_copy(plan->kept, live))
        return false;
    plan->kept_count = 1;
    plan->changes[0] =
        (struct plan_change){.action = PLAN_UPDATE, .before = live, .after = &plan->kept[0]};
    plan->count = plan->ours = 1;
    return true;
}

/* What the change differs in, all of it asked for. */
static bool finish(struct plan *plan)
{
    struct plan_change *change = &plan->changes[0];

    if (!plan_compare(change->before, change->after, plan->now_s, change->fields,
                      &change->field_count))
        return false;
    for (size_t i = 0; i < change->field_count; i++) {
        change->fields[i].cause = CAUSE_ASKED;
        if (change->fields[i].risk > change->risk)
            change->risk = change->fields[i].risk;
    }
    return true;
}

static bool refuse(struct plan *plan, bool ok, struct error *error)
{
    if (!ok && error->code == ERROR_NONE)
        error_no_memory(error);
    if (error->code == ERROR_NONE)
        return true;
    plan_release(plan);
    return false;
}

/* The number that a field shall have: as wished, else as it is, else as the manifest says. */
static int64_t number_of(int64_t wish, const struct object *live, const struct object *wanted,
                         enum field field, int64_t otherwise)
{
    int64_t is = strtoll(live->fields[field], NULL, 10);
    int64_t should = strtoll(wanted->fields[field], NULL, 10);

    return wish ? wish : is > 0 ? is : should > 0 ? should : otherwise;
}

/* Sets the wished values; asked[f]: it was wished for, or had to follow. */
static bool set_values(struct object *object, const struct object *live,
                       const struct object *wanted, const struct override_wish *wish,
                       bool asked[FIELD_COUNT])
{
    bool ok = set_new(object, FIELD_BATCH_MODE, json_string("batched")) &&
              set_new(object, FIELD_BATCH_SIZE,
                      json_integer(number_of(wish->size, live, wanted, FIELD_BATCH_SIZE,
                                             OVERRIDE_SIZE_UNLESS_TOLD))) &&
              set_new(object, FIELD_BATCH_WINDOW,
                      json_integer(number_of(wish->window_ms, live, wanted, FIELD_BATCH_WINDOW,
                                             OVERRIDE_WINDOW_UNLESS_TOLD_MS)));

    for (enum field field = 0; field < FIELD_COUNT; field++)
        asked[field] = differs(object, live, field);
    asked[FIELD_BATCH_SIZE] |= wish->size > 0;
    asked[FIELD_BATCH_WINDOW] |= wish->window_ms > 0;
    return ok;
}

/* Notes in the marker what is overridden now: what was asked for, and what was already. */
static bool mark(struct plan *plan, const struct object *live, const struct object *wanted,
                 const bool asked[FIELD_COUNT])
{
    struct plan_override *override = &plan->overrides[0];
    struct object *object = &plan->kept[0];
    struct marker *marker = &object->marker;

    memset(&marker->override, 0, sizeof(marker->override));
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        enum override_state state;
        if (!override_look(live, field, plan->now_s, &state))
            return false;
        if ((!asked[field] && state == OVERRIDE_NONE) || !differs(object, wanted, field))
            continue;
        override->fields[override->field_count++].field = field;
        if (!marker_hash(object->fields[field], marker->override.hashes[field]) ||
            (!marker->hashes[field][0] &&
             !marker_hash(wanted->fields[field], marker->hashes[field])))
            return false;
    }
    override->live = live;
    override->object = object;
    override->wanted = wanted;
    plan->override_count = 1;
    return true;
}

static bool make_room(const struct object *object, struct error *error)
{
    json_t *text = object_get(object, FIELD_DESCRIPTION);
    size_t units = text ? text_utf16_length(json_string_value(text)) + 1 : 0;
    struct marker marker;
    bool ok = text && object_marker(object, &marker);

    if (ok && (units >= DESCRIPTION_MAX || !marker_fit(&marker, DESCRIPTION_MAX - units)))
        ok = error_set(error, ERROR_REFUSED,
                       "%s: its description leaves no room for the mark of an override; shorten it "
                       "in the manifest and apply that first",
                       object->name);
    json_decref(text);
    return ok;
}

bool override_plan(struct plan *plan, const struct object *live, const struct object *wanted,
                   const struct override_wish *wish, int64_t now_s, struct error *error)
{
    bool asked[FIELD_COUNT] = {false};
    bool ok = begin(plan, live, now_s) && set_values(plan->kept, live, wanted, wish, asked) &&
              mark(plan, live, wanted, asked) && finish(plan);

    if (ok && plan->overrides[0].field_count == 0)
        ok = error_set(error, ERROR_INVALID, "%s: that is what the manifest says; nothing to do",
                       live->name);
    if (ok) {
        plan->kept[0].marker.override.until_s = wish->until_s;
        marker_set_reason(&plan->kept[0].marker, wish->reason);
        ok = make_room(&plan->kept[0], error);
    }
    return refuse(plan, ok, error);
}

bool override_plan_cancel(struct plan *plan, const struct object *live, const struct object *wanted,
                          struct error *error)
{
    bool ok = begin(plan, live, 0);

    if (ok && live->marker.override.until_s == 0)
        ok = error_set(error, ERROR_INVALID, "%s is not overridden", live->name);
    for (enum field field = 0; ok && field < FIELD_COUNT; field++) {
        enum override_state state;
        ok = override_look(live, field, live->marker.override.until_s, &state);
        if (ok && state != OVERRIDE_NONE && wanted->fields[field])
            ok = set_text(plan->kept, field, wanted) &&
                 marker_hash(wanted->fields[field], plan->kept[0].marker.hashes[field]);
    }
    if (ok) {
        memset(&plan->kept[0].marker.override, 0, sizeof(plan->kept[0].marker.override));
        ok = finish(plan);
    }
    return refuse(plan, ok, error);
}
