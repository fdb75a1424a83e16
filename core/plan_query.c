/* Questions to a plan that is made: counts, names, and whether it may be applied. */
#include "core/plan.h"

size_t plan_count(const struct plan *plan, enum plan_action action)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count += plan->changes[i].action == action;
    return count;
}

/* Is one field of that cause, or of both? */
static bool has_cause(const struct plan_change *change, enum plan_cause cause)
{
    for (size_t i = 0; i < change->field_count; i++)
        if (change->fields[i].cause == cause || change->fields[i].cause == CAUSE_BOTH)
            return true;
    return false;
}

bool plan_change_drifted(const struct plan_change *change)
{
    return change->action == PLAN_UPDATE &&
           (change->marker_missing || has_cause(change, CAUSE_DRIFTED));
}

bool plan_change_pending(const struct plan_change *change)
{
    return change->action != PLAN_UPDATE || has_cause(change, CAUSE_PENDING);
}

bool plan_change_expired(const struct plan_change *change)
{
    for (size_t i = 0; change->action == PLAN_UPDATE && i < change->field_count; i++)
        if (change->fields[i].cause == CAUSE_EXPIRED)
            return true;
    return false;
}

size_t plan_count_drifted(const struct plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count += plan_change_drifted(&plan->changes[i]);
    return count;
}

const char *plan_change_name(const struct plan_change *change)
{
    return change->after ? change->after->name : change->before->name;
}

size_t plan_writes(const struct plan *plan)
{
    return plan->count + plan_count(plan, PLAN_REPLACE);
}

/* What limits are measured by. A replacement of which half is done counts as it did before it was
 * begun: one object, one update. */
struct figures {
    size_t updates, deletes, ours;
};

static struct figures count_figures(const struct plan *plan)
{
    struct figures figures = {plan_count(plan, PLAN_UPDATE) + plan_count(plan, PLAN_REPLACE),
                              plan_count(plan, PLAN_DELETE), plan->ours};

    for (size_t i = 0; i < plan->count; i++)
        if (plan->changes[i].second_half) {
            figures.updates++;
            figures.deletes--;
            figures.ours -= figures.ours > 0;
        }
    return figures;
}

/* True when `count` is more than `percent` of what is ours. */
static bool is_over(size_t ours, size_t count, unsigned percent)
{
    return ours >= PLAN_LIMIT_LEAST && count * 100 > ours * percent;
}

static bool refuse_percent(size_t ours, const char *what, const char *flag, size_t count,
                           unsigned percent, struct error *error)
{
    size_t needed = (count * 100 + ours - 1) / ours;

    return error_set(error, ERROR_REFUSED,
                     "the plan %s %zu of %zu objects (%zu %%), more than the limit of %u %%; if "
                     "that is meant: %s %zu",
                     what, count, ours, needed, percent, flag, needed);
}

bool plan_allowed(const struct plan *plan, const struct plan_limits *limits, struct error *error)
{
    const struct figures figures = count_figures(plan);

    if (plan->conflict_count > 0)
        return error_set(error, ERROR_FAILED,
                         "%zu name%s claimed by more than one object; nothing is written until "
                         "that is cleared up in Genesys Cloud",
                         plan->conflict_count, plan->conflict_count == 1 ? " is" : "s are");
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->protected)
            return error_set(error, ERROR_REFUSED,
                             "%s is protected and is not deleted, not even with --prune; to "
                             "delete it, apply it with `protect: false` first",
                             change->before->name);
        if (change->downgrade && !limits->allow_downgrade)
            return error_set(error, ERROR_REFUSED,
                             "%s is newer than the manifest's version (an older checkout?); if "
                             "going back is meant: --allow-downgrade",
                             change->before->name);
    }
    if (is_over(figures.ours, figures.deletes, limits->max_deletes_percent))
        return refuse_percent(figures.ours, "deletes", "--max-deletes", figures.deletes,
                              limits->max_deletes_percent, error);
    if (is_over(figures.ours, figures.updates, limits->max_updates_percent))
        return refuse_percent(figures.ours, "updates", "--max-updates", figures.updates,
                              limits->max_updates_percent, error);
    return true;
}
