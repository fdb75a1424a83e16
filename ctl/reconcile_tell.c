/* What a run of reconcile says of what it found and did. */
#include "ctl/reconcile.h"

#include "ctl/moment.h"
#include "ctl/render.h"

#include <string.h>

enum { MS = 1000, FINDING_MAX_BYTES = 4096 };

/* Whatever bytes it has; null for NULL and "". */
static json_t *text_of(const char *text)
{
    return text && *text ? render_json_text(text) : json_null();
}

/* -- what was found ---------------------------------------------------------------------------- */

static json_t *fields_of(const struct plan_change *change)
{
    json_t *fields = change->field_count > 0 ? json_array() : json_null();

    for (size_t i = 0; i < change->field_count; i++)
        json_array_append_new(fields, json_string(field_table[change->fields[i].field].name));
    return fields;
}

static const char *cause_of(const struct plan_change *change)
{
    if (plan_change_drifted(change))
        return plan_cause_name(plan_change_pending(change) ? CAUSE_BOTH : CAUSE_DRIFTED);
    return plan_cause_name(plan_change_expired(change) ? CAUSE_EXPIRED : CAUSE_PENDING);
}

static void tell_change(struct reconcile *reconcile, const struct plan_change *change)
{
    const struct object *object = change->after ? change->after : change->before;

    eventlog_write(&reconcile->log, LOG_WARNING, "difference",
                   json_pack("{s:o, s:s, s:o, s:s, s:s, s:o, s:s}", "name", text_of(object->name),
                             "kind", via_name(object->via), "id",
                             text_of(change->before ? change->before->id : NULL), "action",
                             plan_action_table[change->action].verb, "cause", cause_of(change),
                             "fields", fields_of(change), "risk", risk_name(change->risk)));
}

static void tell_override(struct reconcile *reconcile, const struct plan_override *override)
{
    const struct marker_override *mark = &override->object->marker.override;
    json_t *fields = json_array();
    struct buf until;

    buf_init(&until, 64);
    moment_add(&until, mark->until_s * MS);
    for (size_t i = 0; i < override->field_count; i++)
        json_array_append_new(fields, json_string(field_table[override->fields[i].field].name));
    eventlog_write(&reconcile->log, LOG_INFO, "override",
                   json_pack("{s:o, s:s, s:s, s:s, s:o, s:o}", "name",
                             text_of(override->object->name), "kind",
                             via_name(override->object->via), "id", override->live->id, "until",
                             buf_text(&until), "fields", fields, "reason", text_of(mark->reason)));
    buf_release(&until);
}

static void tell_endpoint(struct reconcile *reconcile, const struct publish_endpoint *endpoint)
{
    if (!endpoint->known)
        eventlog_write(&reconcile->log, LOG_ERROR, "endpoint",
                       json_pack("{s:o, s:o}", "endpoint", text_of(endpoint->name), "error",
                                 text_of(endpoint->error.text)));
    else if (endpoint->publication.count > 0)
        eventlog_write(&reconcile->log, LOG_WARNING, "unpublished",
                       json_pack("{s:o, s:I}", "endpoint", text_of(endpoint->name), "changes",
                                 (json_int_t)endpoint->publication.count));
}

void reconcile_tell_found(struct reconcile *reconcile, const struct report *run)
{
    for (size_t i = 0; i < run->plan->count; i++)
        tell_change(reconcile, &run->plan->changes[i]);
    for (size_t i = 0; i < run->plan->override_count; i++)
        tell_override(reconcile, &run->plan->overrides[i]);
    for (size_t i = 0; i < run->publish.count; i++)
        tell_endpoint(reconcile, &run->publish.endpoints[i]);
}

/* -- what became of it ------------------------------------------------------------------------- */

void reconcile_tell_done(struct reconcile *reconcile, const struct report *run)
{
    for (size_t i = 0; i < run->apply.count; i++) {
        const struct apply_item *item = &run->apply.items[i];
        bool healed = item->state == APPLY_DONE && !item->wrong && !item->twin[0];
        eventlog_write(
            &reconcile->log, healed ? LOG_INFO : LOG_ERROR, healed ? "healed" : "not_healed",
            json_pack("{s:o, s:s, s:s, s:o}", "name", text_of(plan_change_name(item->change)),
                      "action", plan_action_table[item->change->action].verb, "state",
                      apply_state_name(item->state), "error",
                      text_of(item->error ? item->error->text : NULL)));
    }
}

/* The manifest's first error, as "file:line: text". */
static json_t *first_finding(const struct report *run)
{
    json_t *finding = NULL;
    struct buf text;

    buf_init(&text, FINDING_MAX_BYTES);
    for (size_t i = 0; i < run->diags.count && !finding; i++) {
        const struct diag *diag = &run->diags.entries[i];
        if (diag->rule->severity != DIAG_ERROR)
            continue;
        if (diag->place.source)
            buf_printf(&text, "%s:%zu: ", diag->place.source->path, (size_t)diag->place.line);
        buf_add_text(&text, diag->message);
        finding = text_of(buf_text(&text));
    }
    buf_release(&text);
    return finding ? finding : json_null();
}

void reconcile_tell_end(struct reconcile *reconcile, const struct report *run,
                        enum reconcile_result result, int64_t took_ms)
{
    static const enum log_level levels[RECONCILE_RESULTS] = {[RECONCILE_OK] = LOG_INFO,
                                                             [RECONCILE_DIFFERENT] = LOG_WARNING,
                                                             [RECONCILE_HEALED] = LOG_INFO,
                                                             [RECONCILE_BUSY] = LOG_INFO,
                                                             [RECONCILE_INTERRUPTED] = LOG_WARNING,
                                                             [RECONCILE_FAILED] = LOG_ERROR};
    const struct plan *plan = run->plan;
    bool failed = run->error.code != ERROR_NONE && run->error.code != ERROR_CHANGES;
    json_t *members = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "result", reconcile_result_name(result),
        "status", error_code_name(run->error.code), "differences",
        (json_int_t)(plan ? plan->count + publish_count(&run->publish) : 0), "unchanged",
        (json_int_t)(plan ? plan->unchanged : 0), "overrides",
        (json_int_t)(plan ? plan->override_count : 0), "took_ms", (json_int_t)took_ms, "error",
        failed ? text_of(run->error.text) : json_null(), "finding",
        failed ? first_finding(run) : json_null(), "journal", text_of(run->apply.journal));

    eventlog_write(&reconcile->log, levels[result], "run", members);
}
