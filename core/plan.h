/* What would have to change so that the service has what the manifest asks for.
 *
 * A plan compares three things, field by field: what is desired, what is at the service, and (from
 * the object's marker) what was last applied. A difference is *pending* when the service still has
 * what was applied, *drifted* when the manifest still asks for what was applied, and both when
 * neither does.
 *
 * Every remote object falls into one class: ours and wanted; ours of another version or kind
 * (superseded: replaced by the wanted one); ours but no longer in the manifest (an orphan:
 * deleted only with prune); foreign (another organisation's or owner's marker: never touched);
 * unmanaged (no marker, and no name of ours). One whose marker was edited away but whose name is
 * ours is drift, never a reason to create a second one. Two that claim to be the same, and
 * a name that something foreign has taken, are conflicts: a plan with conflicts is not applied.
 *
 * Fields that are overridden for a time (core/override.h) are no difference while that holds, and
 * are what is kept of an object that is changed otherwise; when it has expired, they are changes.
 *
 * Always holds: the same input gives the same plan in the same order: by subscription name, kind,
 * topic. Objects are borrowed from the two lists, which must outlive the plan, but for those in
 * `kept`.
 *
 * Life cycle: plan_init allocates nothing; plan_make; plan_release.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/object.h"

enum plan_action { PLAN_CREATE, PLAN_UPDATE, PLAN_REPLACE, PLAN_DELETE, PLAN_ACTIONS };

/* One row an action: the sign and the words, in the order of the enum. */
struct plan_action_row {
    const char *sign, *verb, *done; /* "+", "create", "created" */
};
extern const struct plan_action_row plan_action_table[PLAN_ACTIONS];

enum plan_cause {
    CAUSE_PENDING,
    CAUSE_DRIFTED,
    CAUSE_BOTH,
    CAUSE_EXPIRED, /* it was overridden until now */
    CAUSE_ASKED    /* it is overridden, or that is taken back, by this very run */
};
const char *plan_cause_name(enum plan_cause cause); /* "pending", "drifted+pending" */

struct plan_field {
    enum field field;
    enum plan_cause cause;
    enum risk risk;
};

struct plan_change {
    enum plan_action action;
    const struct object *before; /* NULL for a create; for a replace what is deleted afterwards */
    const struct object *after;  /* NULL for a delete */
    struct plan_field fields[FIELD_COUNT]; /* update, replace: what differs */
    size_t field_count;
    bool marker_missing; /* `before` has lost its marker, or had it damaged */
    bool superseded;     /* a delete that belongs to a replacement: needs no prune */
    bool second_half;    /* a superseded one whose replacement stands already: what an interrupted
                            replace has left, and counted by the limits as the replace is */
    bool protected;      /* a delete that protection forbids: the plan is refused */
    bool downgrade; /* `before` is of a newer version than the manifest: refused unless allowed */
    enum risk risk; /* the worst of it */
};

/* Two objects that claim the same place, or a place that is taken. */
struct plan_conflict {
    const struct object *first, *second; /* second is NULL when `first` alone is in the way */
    const char *name;                    /* the name that both claim */
};

/* An object with overrides that hold. */
struct plan_override_field {
    enum field field;
    bool pending; /* the manifest's value changed meanwhile, and waits */
};
struct plan_override {
    const struct object *live;   /* at the service */
    const struct object *object; /* as it shall stay; its marker says until when, and why */
    const struct object *wanted; /* as the manifest says */
    struct plan_override_field fields[FIELD_COUNT];
    size_t field_count;
};

struct plan_input {
    const struct object_list *desired, *remote;
    const char *owner;            /* "" when the manifest has none */
    const char *organizations[3]; /* the names by which markers may call this organisation:
                                     as written, name, id; unencoded; NULL: not given */
    bool prune;
    const char *const *targets; /* subscription names, ends with NULL; NULL: all */
    int64_t now_s;              /* since the epoch: which overrides have expired */
};

struct plan {
    int64_t now_s; /* as the input had it */
    struct plan_change *changes;
    size_t count;
    size_t unchanged; /* objects that are as they should be */
    size_t ours;      /* remote objects that are ours: what limits are measured against */
    struct plan_conflict *conflicts;
    size_t conflict_count;
    struct plan_override *overrides;
    size_t override_count;
    struct object *kept; /* owned: wanted objects with what is overridden kept as it is */
    size_t kept_count;
    const struct object **orphans; /* ours, no longer in the manifest, kept for want of prune */
    size_t orphan_count;
    const struct object **unmanaged;
    size_t unmanaged_count;
    const struct object **foreign;
    size_t foreign_count;
};

void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

/* False: no memory; the plan is released. Conflicts are no failure of this call. */
MUST_CHECK bool plan_make(struct plan *plan, const struct plan_input *input, struct error *error);

/* How many changes are of an action; with `drifted`, only those that hold drift. */
size_t plan_count(const struct plan *plan, enum plan_action action);
bool plan_change_drifted(const struct plan_change *change);
bool plan_change_pending(const struct plan_change *change);
bool plan_change_expired(const struct plan_change *change); /* holds what was overridden */
size_t plan_count_drifted(const struct plan *plan);

/* The name that a change goes by: the wanted object's, else the existing one's. */
const char *plan_change_name(const struct plan_change *change);

/* The calls that write: a replacement takes two. */
size_t plan_writes(const struct plan *plan);

struct plan_limits {
    unsigned max_updates_percent, max_deletes_percent; /* 30 unless told */
    bool allow_downgrade;
};
enum { PLAN_LIMIT_LEAST = 10 }; /* objects of ours before percentages mean anything */

/* Whether the plan may be applied: false with ERROR_FAILED (conflicts) or ERROR_REFUSED
 * (protection, limits, downgrade); the text names the limit, the figure and the flag that allows
 * it. */
MUST_CHECK bool plan_allowed(const struct plan *plan, const struct plan_limits *limits,
                             struct error *error);

/* Compares two objects of one kind, field by field; the marker of `live` and the time tell the
 * cause. Writes the fields that differ, and how many. False: no memory. */
MUST_CHECK bool plan_compare(const struct object *live, const struct object *wanted, int64_t now_s,
                             struct plan_field fields[FIELD_COUNT], size_t *count);

#endif
