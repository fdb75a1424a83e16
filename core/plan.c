#include "core/plan.h"

#include "core/override.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct plan_action_row plan_action_table[PLAN_ACTIONS] = {
    [PLAN_CREATE] = {"+", "create", "created"},
    [PLAN_UPDATE] = {"~", "update", "updated"},
    [PLAN_REPLACE] = {"±", "replace", "replaced"},
    [PLAN_DELETE] = {"-", "delete", "deleted"},
};

const char *plan_cause_name(enum plan_cause cause)
{
    static const char *const names[] = {"pending", "drifted", "drifted+pending", "expired",
                                        "asked"};

    return names[cause];
}

void plan_init(struct plan *plan)
{
    memset(plan, 0, sizeof(*plan));
}

void plan_release(struct plan *plan)
{
    free(plan->changes);
    free(plan->conflicts);
    for (size_t i = 0; i < plan->kept_count; i++)
        object_release(&plan->kept[i]);
    free(plan->kept);
    free(plan->overrides);
    free(plan->orphans);
    free(plan->unmanaged);
    free(plan->foreign);
    plan_init(plan);
}

/* -- comparing two objects ------------------------------------------------------------------ */

static bool field_cause(const struct object *live, const struct object *wanted, int64_t now_s,
                        enum field field, enum plan_cause *cause)
{
    const char *applied = live->marker.hashes[field];
    enum override_state state;
    char is[5], should[5];

    if (!override_look(live, field, now_s, &state) || !marker_hash(live->fields[field], is) ||
        !marker_hash(wanted->fields[field], should))
        return false;
    if (state == OVERRIDE_EXPIRED)
        *cause = CAUSE_EXPIRED;
    /* Protection lives in the marker itself: whoever wrote the marker wrote it. */
    else if (strcmp(applied, is) == 0 || field == FIELD_PROTECT)
        *cause = CAUSE_PENDING;
    else if (!applied[0] || strcmp(applied, should) == 0)
        *cause = CAUSE_DRIFTED;
    else
        *cause = CAUSE_BOTH;
    return true;
}

bool plan_compare(const struct object *live, const struct object *wanted, int64_t now_s,
                  struct plan_field fields[FIELD_COUNT], size_t *count)
{
    *count = 0;
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        const char *is = live->fields[field], *should = wanted->fields[field];
        struct plan_field *found = &fields[*count];
        if (!is || !should || strcmp(is, should) == 0)
            continue;
        found->field = field;
        found->risk = field_table[field].risk ? field_table[field].risk(is, should) : RISK_NONE;
        if (!field_cause(live, wanted, now_s, field, &found->cause))
            return false;
        ++*count;
    }
    return true;
}

/* -- whose an object is --------------------------------------------------------------------- */

/* An object of ours under the names that it goes by: the marker's, or, when that was edited
 * away, those that its own name tells. */
struct claim {
    const struct object *object;
    char name[MARKER_NAME_MAX + 1];
    int64_t version;
    bool marker_missing;
    bool second_half; /* the wanted version stands beside it */
    bool taken;       /* has found its place in the plan */
};

struct claims {
    struct claim *items;
    size_t count;
};

/* "NAME@vVERSION" or, of a trigger, "NAME@vVERSION/EVENT". */
static bool claim_from_name(struct claim *claim, const struct object *object)
{
    const char *at = strstr(object->name, "@v");
    size_t length = at ? (size_t)(at - object->name) : 0;
    size_t digits = at ? strspn(at + 2, "0123456789") : 0;

    if (length == 0 || length > MARKER_NAME_MAX || digits == 0 || digits > 9 ||
        at[2 + digits] != (object->via == VIA_TRIGGER ? '/' : '\0'))
        return false;
    *claim = (struct claim){
        .object = object, .version = strtoll(at + 2, NULL, 10), .marker_missing = true};
    memcpy(claim->name, object->name, length);
    return true;
}

static bool same_organization(const struct plan_input *input, const char *encoded)
{
    char known[MARKER_ORGANIZATION_MAX + 1];

    for (size_t i = 0; i < 3; i++)
        if (input->organizations[i] &&
            marker_encode(input->organizations[i], known, sizeof(known)) &&
            strcmp(known, encoded) == 0)
            return true;
    return false;
}

static bool same_owner(const struct plan_input *input, const char *encoded)
{
    char known[sizeof(((struct marker *)NULL)->owner)];

    return marker_encode(input->owner, known, sizeof(known)) && strcmp(known, encoded) == 0;
}

static const char *wanted_name(const struct object *wanted)
{
    return wanted->marker.name;
}

static int compare_wanted_name(const void *name, const void *wanted)
{
    return strcmp(name, wanted_name(*(const struct object *const *)wanted));
}

/* Everything that plan_make works with. `wanted` is ordered as the plan will be. */
struct work {
    const struct plan_input *input;
    struct plan *plan;
    const struct object **wanted;
    size_t wanted_count;
    struct claims claims; /* in the same order, then by version */
};

static const struct object **find_wanted(const struct work *work, const char *name)
{
    return bsearch(name, work->wanted, work->wanted_count, sizeof(*work->wanted),
                   compare_wanted_name);
}

static bool is_target(const struct work *work, const char *name)
{
    const char *const *target = work->input->targets;

    if (!target)
        return true;
    for (; *target; target++)
        if (strcmp(*target, name) == 0)
            return true;
    return false;
}

/* A name of ours that something not ours has: the service, or a reader, could not tell them
 * apart. */
static void note_taken_name(struct work *work, const struct object *object)
{
    for (size_t i = 0; i < work->wanted_count; i++)
        if (work->wanted[i]->via == object->via &&
            strcmp(work->wanted[i]->name, object->name) == 0 &&
            is_target(work, wanted_name(work->wanted[i])))
            work->plan->conflicts[work->plan->conflict_count++] =
                (struct plan_conflict){object, NULL, work->wanted[i]->name};
}

static void classify(struct work *work, const struct object *object)
{
    const struct marker *marker = &object->marker;
    struct claim claim = {.object = object};

    if (marker->present && same_organization(work->input, marker->organization) &&
        same_owner(work->input, marker->owner)) {
        memcpy(claim.name, marker->name, sizeof(claim.name));
        claim.version = marker->version;
        work->claims.items[work->claims.count++] = claim;
    } else if (marker->present) {
        work->plan->foreign[work->plan->foreign_count++] = object;
        note_taken_name(work, object);
    } else if (claim_from_name(&claim, object) && find_wanted(work, claim.name)) {
        work->claims.items[work->claims.count++] = claim;
    } else {
        work->plan->unmanaged[work->plan->unmanaged_count++] = object;
    }
}

static int compare_topics(const struct object *a, const struct object *b)
{
    int order = (int)a->via - (int)b->via;

    return order ? order : strcmp(a->topic ? a->topic : "", b->topic ? b->topic : "");
}

static int compare_wanted(const void *a, const void *b)
{
    const struct object *x = *(const struct object *const *)a;
    const struct object *y = *(const struct object *const *)b;
    int order = strcmp(wanted_name(x), wanted_name(y));

    return order ? order : compare_topics(x, y);
}

static int compare_claims(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    if (order == 0)
        order = compare_topics(x->object, y->object);
    if (order == 0)
        order = (x->version > y->version) - (x->version < y->version);
    return order ? order : strcmp(x->object->id, y->object->id);
}

/* -- changes -------------------------------------------------------------------------------- */

static enum risk worst(enum risk a, enum risk b)
{
    return a > b ? a : b;
}

static struct plan_change *add_change(struct work *work, enum plan_action action,
                                      const struct object *before, const struct object *after)
{
    struct plan_change *change = &work->plan->changes[work->plan->count++];

    *change = (struct plan_change){.action = action, .before = before, .after = after};
    return change;
}

/* Compares, with what is overridden kept. */
static bool fill_fields(struct work *work, struct plan_change *change)
{
    struct plan *plan = work->plan;
    struct plan_override *override = &plan->overrides[plan->override_count];
    struct object *kept = &plan->kept[plan->kept_count];

    if (change->before->marker.override.until_s) {
        if (!override_keep(change->before, change->after, plan->now_s, kept, override))
            return false;
        if (override->field_count > 0) {
            change->after = kept;
            plan->kept_count++;
            plan->override_count++;
        }
    }
    if (!plan_compare(change->before, change->after, plan->now_s, change->fields,
                      &change->field_count))
        return false;
    for (size_t i = 0; i < change->field_count; i++)
        change->risk = worst(change->risk, change->fields[i].risk);
    return true;
}

/* The object is there: is it as it should be? */
static bool plan_existing(struct work *work, struct claim *claim, const struct object *wanted)
{
    struct plan_change *change = add_change(work, PLAN_UPDATE, claim->object, wanted);

    claim->taken = true;
    change->marker_missing = claim->marker_missing;
    if (!fill_fields(work, change))
        return false;
    if (change->field_count == 0 && !change->marker_missing) {
        work->plan->count--;
        work->plan->unchanged++;
    }
    return true;
}

/* Another version of the same thing is there: the new one is created before that is deleted. */
static bool plan_replacement(struct work *work, struct claim *claim, const struct object *wanted)
{
    struct plan_change *change = add_change(work, PLAN_REPLACE, claim->object, wanted);

    claim->taken = true;
    change->marker_missing = claim->marker_missing;
    change->downgrade = claim->version > wanted->marker.version;
    change->risk = RISK_DUPLICATES;
    return fill_fields(work, change);
}

static bool same_place(const struct claim *claim, const struct object *wanted)
{
    return strcmp(claim->name, wanted_name(wanted)) == 0 &&
           compare_topics(claim->object, wanted) == 0;
}

/* The first claim to a name; claims are ordered by name. */
static struct claim *first_claim(const struct work *work, const char *name)
{
    size_t low = 0, high = work->claims.count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(work->claims.items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return work->claims.items + low;
}

static bool plan_wanted(struct work *work, const struct object *wanted)
{
    struct claim *end = work->claims.items + work->claims.count;
    struct claim *exact = NULL, *other = NULL;

    for (struct claim *claim = first_claim(work, wanted_name(wanted));
         claim < end && strcmp(claim->name, wanted_name(wanted)) == 0; claim++) {
        if (!same_place(claim, wanted) || claim->taken)
            continue;
        if (claim->version != wanted->marker.version) {
            other = claim; /* the newest, since they are ordered */
        } else if (!exact) {
            exact = claim;
        } else {
            work->plan->conflicts[work->plan->conflict_count++] =
                (struct plan_conflict){exact->object, claim->object, wanted->name};
            claim->taken = true;
        }
    }
    if (exact) {
        if (other)
            other->second_half = true;
        return plan_existing(work, exact, wanted);
    }
    if (other)
        return plan_replacement(work, other, wanted);
    add_change(work, PLAN_CREATE, NULL, wanted);
    return true;
}

/* True when the manifest has the name at another version or kind: the claim is an old one. */
static bool is_superseded(const struct work *work, const struct claim *claim)
{
    const struct object **found = find_wanted(work, claim->name);

    return found &&
           ((*found)->marker.version != claim->version || (*found)->via != claim->object->via);
}

/* True when what the object delivers goes on being delivered: the manifest has its topic still, or
 * serves the name by another kind. */
static bool has_successor(const struct work *work, const struct claim *claim)
{
    const struct object **found = find_wanted(work, claim->name);
    const struct object **end = work->wanted + work->wanted_count;

    if (!found)
        return false;
    while (found > work->wanted && strcmp(wanted_name(found[-1]), claim->name) == 0)
        found--;
    for (; found < end && strcmp(wanted_name(*found), claim->name) == 0; found++)
        if ((*found)->via != claim->object->via || compare_topics(*found, claim->object) == 0)
            return true;
    return false;
}

/* What is ours and found no place: an old version, an event that was dropped, or an orphan. */
static void plan_left_over(struct work *work, struct claim *claim)
{
    bool superseded = is_superseded(work, claim);
    struct plan_change *change;

    if (!superseded && !work->input->prune) {
        work->plan->orphans[work->plan->orphan_count++] = claim->object;
        return;
    }
    change = add_change(work, PLAN_DELETE, claim->object, NULL);
    change->superseded = superseded;
    change->second_half = superseded && claim->second_half;
    change->marker_missing = claim->marker_missing;
    change->protected = !superseded && claim->object->marker.protect;
    change->downgrade = superseded &&
                        claim->version > (*find_wanted(work, claim->name))->marker.version &&
                        (*find_wanted(work, claim->name))->via == claim->object->via;
    change->risk = superseded && has_successor(work, claim) ? RISK_DUPLICATES : RISK_MAY_DROP;
}

static int compare_changes(const void *a, const void *b)
{
    const struct plan_change *x = a, *y = b;
    const struct object *p = x->after ? x->after : x->before;
    const struct object *q = y->after ? y->after : y->before;
    int order = strcmp(p->marker.present ? p->marker.name : p->name,
                       q->marker.present ? q->marker.name : q->name);

    if (order == 0)
        order = (x->action == PLAN_DELETE) - (y->action == PLAN_DELETE);
    if (order == 0)
        order = compare_topics(p, q);
    return order ? order : strcmp(p->id ? p->id : "", q->id ? q->id : "");
}

/* Room for the worst case of each list, so that nothing below can fail for memory half-way. */
static bool work_allocate(struct work *work)
{
    const size_t remote = work->input->remote->count + 1;
    const size_t wanted = work->input->desired->count + 1;
    struct plan *plan = work->plan;
    size_t overridden = 1;

    for (size_t i = 0; i + 1 < remote; i++)
        overridden += work->input->remote->items[i].marker.override.until_s != 0;
    plan->overrides = calloc(overridden, sizeof(*plan->overrides));
    plan->kept = calloc(overridden, sizeof(*plan->kept));
    work->wanted = calloc(wanted, sizeof(*work->wanted));
    work->claims.items = calloc(remote, sizeof(*work->claims.items));
    plan->changes = calloc(remote + wanted, sizeof(*plan->changes));
    plan->conflicts = calloc(remote + wanted, sizeof(*plan->conflicts));
    plan->orphans = calloc(remote, sizeof(*plan->orphans));
    plan->unmanaged = calloc(remote, sizeof(*plan->unmanaged));
    plan->foreign = calloc(remote, sizeof(*plan->foreign));
    return plan->overrides && plan->kept && work->wanted && work->claims.items && plan->changes &&
           plan->conflicts && plan->orphans && plan->unmanaged && plan->foreign;
}

static bool work_run(struct work *work)
{
    const struct plan_input *input = work->input;

    for (size_t i = 0; i < input->desired->count; i++)
        work->wanted[work->wanted_count++] = &input->desired->items[i];
    qsort(work->wanted, work->wanted_count, sizeof(*work->wanted), compare_wanted);
    for (size_t i = 0; i < input->remote->count; i++)
        classify(work, &input->remote->items[i]);
    qsort(work->claims.items, work->claims.count, sizeof(*work->claims.items), compare_claims);
    work->plan->ours = work->claims.count;
    for (size_t i = 0; i < work->wanted_count; i++)
        if (is_target(work, wanted_name(work->wanted[i])) && !plan_wanted(work, work->wanted[i]))
            return false;
    for (size_t i = 0; i < work->claims.count; i++) {
        struct claim *claim = &work->claims.items[i];
        if (!claim->taken && is_target(work, claim->name))
            plan_left_over(work, claim);
    }
    qsort(work->plan->changes, work->plan->count, sizeof(*work->plan->changes), compare_changes);
    return true;
}

bool plan_make(struct plan *plan, const struct plan_input *input, struct error *error)
{
    struct work work = {.input = input, .plan = plan};
    bool ok;

    plan_init(plan);
    plan->now_s = input->now_s;
    ok = work_allocate(&work) && work_run(&work);
    free(work.wanted);
    free(work.claims.items);
    if (ok)
        return true;
    plan_release(plan);
    return error_no_memory(error);
}
