#include "ctl/reconcile.h"

#include "core/clock.h"
#include "ctl/carry.h"
#include "ctl/lock.h"
#include "ctl/stage.h"

#include <string.h>

/* -- the steps of a run ------------------------------------------------------------------------ */

/* A client is made when there is none; one that is kept may belong to another organisation than a
 * manifest that was changed meanwhile. */
static bool connect_client(struct reconcile *reconcile, struct report *run)
{
    enum stage_access access = reconcile->heal ? STAGE_WRITE : STAGE_READ;

    if (reconcile->client) {
        run->identity = reconcile->identity;
        return stage_organization(run);
    }
    if (!stage_connect(reconcile->options, access, run, &reconcile->client))
        return false;
    reconcile->identity = run->identity;
    return true;
}

static bool take_lock(struct reconcile *reconcile, struct report *run)
{
    if (reconcile->lock < 0)
        reconcile->lock =
            lock_open("reconcile", run->identity.organization_id, run->manifest.owner, &run->error);
    return reconcile->lock >= 0;
}

static size_t count_differences(const struct report *run)
{
    return run->plan ? run->plan->count + publish_count(&run->publish) : 0;
}

static bool make_plan(const struct reconcile *reconcile, struct report *run)
{
    if (!stage_plan(reconcile->options, run) || !publish_plan(reconcile->options, run))
        return false;
    if (run->plan->conflict_count > 0)
        run->error = run->allowed;
    return run->error.code == ERROR_NONE;
}

static bool report_differences(struct reconcile *reconcile, struct report *run)
{
    if (!stage_listing(reconcile->client, run) || !make_plan(reconcile, run))
        return false;
    reconcile_tell_found(reconcile, run);
    if (!publish_known(&run->publish, &run->error))
        return false;
    if (count_differences(run) > 0)
        run->error.code = ERROR_CHANGES;
    return true;
}

static bool heal_differences(struct reconcile *reconcile, struct report *run, struct carry *carry)
{
    if (!make_plan(reconcile, run))
        return false;
    reconcile_tell_found(reconcile, run);
    run->error = run->allowed;
    if (run->error.code != ERROR_NONE)
        return false;
    if (count_differences(run) > 0) {
        carry_out(carry);
        reconcile_tell_done(reconcile, run);
    } else {
        run->has_apply = true; /* so that the last run's journal is done with */
        publish_judge(run);
    }
    return run->error.code == ERROR_NONE;
}

/* -- what it was ------------------------------------------------------------------------------- */

static enum reconcile_result result_of(const struct report *run, bool busy)
{
    if (busy)
        return RECONCILE_BUSY;
    if (run->error.code == ERROR_CHANGES)
        return RECONCILE_DIFFERENT;
    if (run->error.code == ERROR_NONE)
        return count_differences(run) > 0 ? RECONCILE_HEALED : RECONCILE_OK;
    return stage_stop ? RECONCILE_INTERRUPTED : RECONCILE_FAILED;
}

/* A run that was not able to look leaves what is known of the objects as it was. */
static void count_run(struct reconcile *reconcile, const struct report *run,
                      enum reconcile_result result)
{
    struct reconcile_metrics *metrics = &reconcile->metrics;
    struct client_status status = {.token_expires_in_s = -1};
    size_t healed = run->has_apply ? run->apply.states[APPLY_DONE] : 0;

    metrics->runs[result]++;
    metrics->last_run_s = clock_unix_s();
    if (result == RECONCILE_FAILED)
        reconcile_metrics_fail(metrics, run->error.code);
    else if (result != RECONCILE_BUSY && result != RECONCILE_INTERRUPTED)
        metrics->last_success_s = metrics->last_run_s;
    if (run->plan) {
        metrics->found += count_differences(run);
        metrics->healed += result == RECONCILE_HEALED ? count_differences(run) : healed;
        metrics->differing = result == RECONCILE_HEALED ? 0 : count_differences(run) - healed;
        metrics->overridden = run->plan->override_count;
    }
    if (reconcile->client)
        client_get_status(reconcile->client, &status);
    metrics->token_expires_s =
        status.token_expires_in_s >= 0 ? metrics->last_run_s + status.token_expires_in_s : 0;
}

static void give_up_client(struct reconcile *reconcile)
{
    client_free(reconcile->client);
    reconcile->client = NULL;
}

enum reconcile_result reconcile_run(struct reconcile *reconcile, struct error *error)
{
    const struct options *options = reconcile->options;
    int64_t start_ms = clock_monotonic_ms();
    enum reconcile_result result;
    struct report run;
    struct carry carry = {.options = options, .report = &run};
    bool connected, busy = false;

    report_init(&run, "reconcile");
    connected = stage_settings(options, &run) && stage_manifest(options, NULL, &run) &&
                connect_client(reconcile, &run) && take_lock(reconcile, &run);
    if (connected && reconcile->heal) {
        carry.client = reconcile->client;
        if (carry_open(&carry, run.manifest.owner))
            (void)!heal_differences(reconcile, &run, &carry);
        busy = !carry.journal && run.error.code == ERROR_REFUSED;
        carry_close(&carry);
    } else if (connected) {
        (void)!report_differences(reconcile, &run);
    }
    result = result_of(&run, busy);
    count_run(reconcile, &run, result);
    reconcile_tell_end(reconcile, &run, result, clock_monotonic_ms() - start_ms);
    if (run.error.code == ERROR_AUTH)
        give_up_client(reconcile);
    *error = run.error;
    report_release(&run);
    return result;
}
