/* Publishing itself. */
#include "ctl/publish.h"

#include "ctl/ask.h"
#include "ctl/journal.h"
#include "ctl/report.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 3, GAP_MS = 100, REASON_BYTES = 512, HASH_DIGITS = 12 };

/* -- what is at the service now ---------------------------------------------------------------- */

/* Whether all that the apply created or updated is listed. */
static bool is_listed(const struct apply *apply, const struct object_index *live)
{
    for (size_t i = 0; i < apply->count; i++) {
        const struct apply_item *item = &apply->items[i];
        if (item->change->after && item->id[0] && !object_index_find(live, item->id))
            return false;
    }
    return true;
}

static bool list_once(const struct publish_run *run, struct remote_listing *listing, bool *whole,
                      struct error *error)
{
    const bool needed[VIA_COUNT] = {false};
    struct object_index index;

    remote_listing_release(listing);
    remote_listing_init(listing);
    if (!remote_list(run->client, needed, listing, error))
        return false;
    if (!object_index_make(&index, &listing->objects))
        return error_no_memory(error);
    *whole = is_listed(&run->report->apply, &index);
    object_index_release(&index);
    return true;
}

/* With the ids and keys of what was created; reads may lag behind. */
static bool list_again(const struct publish_run *run, struct remote_listing *listing,
                       struct error *error)
{
    int64_t waited_ms = 0, wait_ms = GAP_MS, left_ms;
    bool whole = false;

    while (list_once(run, listing, &whole, error) && !whole && !stage_stop) {
        left_ms = run->options->settle_ms - waited_ms;
        if (left_ms <= 0)
            return error_set(error, ERROR_VERIFY, "what was created cannot be seen yet");
        wait_ms = wait_ms < left_ms ? wait_ms : left_ms;
        client_pause(run->client, wait_ms);
        waited_ms += wait_ms;
        wait_ms *= 2;
    }
    if (!whole && stage_stop)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    return whole;
}

/* -- one endpoint ------------------------------------------------------------------------------ */

static json_t *document_of(const struct publish_run *run, const struct publish_endpoint *endpoint,
                           const char *state)
{
    const struct report *report = run->report;
    bool kept = report->plan == &report->saved.plan;
    char reason[REASON_BYTES];

    snprintf(reason, sizeof(reason), "apply to %s, manifest %.*s", report->identity.organization,
             HASH_DIGITS, kept ? report->saved.manifest_hash : report->manifest.hash);
    return json_pack("{s:O, s:s, s:s, s:s}", "subscriptions", endpoint->publication.entries,
                     "replaces", state, "reason", reason, "by", ask_who());
}

/* Whether everything is there, whatever was answered. */
static bool is_there(const struct publish_run *run, size_t number,
                     const struct remote_listing *listing, struct error *error)
{
    struct publication now;
    bool ok;

    publication_init(&now);
    ok = publish_compare(run->report, number, listing, &now, NULL, error) &&
         (now.count == 0 ||
          error_set(error, ERROR_VERIFY, "endpoint %s: published, but not there as it should be",
                    run->report->publish.endpoints[number].name));
    publication_release(&now);
    return ok;
}

/* From the answer to what became of it. An answer that leaves that open is followed by a look. */
static void settle(const struct publish_run *run, size_t number,
                   const struct remote_listing *listing, enum ingest_end end)
{
    struct publish_endpoint *endpoint = &run->report->publish.endpoints[number];
    enum error_code answered = endpoint->error.code;
    struct error found = ERROR_INIT;

    if (answered == ERROR_NONE)
        endpoint->state = OUTCOME_DONE;
    else if (end == INGEST_NOT_SENT || answered == ERROR_STALE)
        endpoint->state = OUTCOME_NOT_SENT;
    else if (answered == ERROR_REFUSED || answered == ERROR_AUTH)
        endpoint->state = OUTCOME_REFUSED;
    else
        endpoint->state = OUTCOME_UNKNOWN; /* lost, or a 5xx */
    if ((endpoint->state == OUTCOME_DONE && (run->options->no_verify || stage_stop)) ||
        (endpoint->state != OUTCOME_DONE && endpoint->state != OUTCOME_UNKNOWN))
        return;
    if (is_there(run, number, listing, &found)) {
        endpoint->state = OUTCOME_DONE;
        endpoint->error = ERROR_INIT;
    } else if (answered == ERROR_NONE) {
        endpoint->state = OUTCOME_UNKNOWN;
        endpoint->error = found;
    } else if (found.code == ERROR_VERIFY) {
        endpoint->state = OUTCOME_REFUSED;
    }
}

/* Reads what is there, and replaces just that. */
static void send_once(const struct publish_run *run, size_t number,
                      const struct remote_listing *listing)
{
    struct publish_endpoint *endpoint = &run->report->publish.endpoints[number];
    char state[PUBLICATION_STATE + 1];
    enum ingest_end end;
    json_t *document;
    struct buf body;

    endpoint->error = ERROR_INIT;
    endpoint->state = OUTCOME_NOT_SENT;
    if (!publish_compare(run->report, number, listing, &endpoint->publication, state,
                         &endpoint->error))
        return;
    if (endpoint->publication.count == 0) {
        endpoint->state = OUTCOME_NOTHING;
        return;
    }
    document = document_of(run, endpoint, state);
    if (!document) {
        error_no_memory(&endpoint->error);
        return;
    }
    buf_init(&body, ASK_BODY_MAX_BYTES);
    end = ask_put(run->report->publish.ask, number, "/v1/subscriptions", document, &body,
                  &endpoint->error);
    buf_release(&body);
    json_decref(document);
    settle(run, number, listing, end);
}

static void send_all(const struct publish_run *run, size_t number,
                     const struct remote_listing *listing)
{
    static const char *const outcomes[OUTCOME_STATES] = {
        [OUTCOME_NOT_SENT] = "failed", [OUTCOME_NOTHING] = "done",    [OUTCOME_DONE] = "done",
        [OUTCOME_REFUSED] = "failed",  [OUTCOME_UNKNOWN] = "unknown",
    };
    struct publish_endpoint *endpoint = &run->report->publish.endpoints[number];

    if (!journal_publishing(run->journal, endpoint->name, &endpoint->error)) {
        endpoint->state = OUTCOME_NOT_SENT;
        return;
    }
    for (int tries = 0; tries < TRIES; tries++) { /* somebody else may be faster */
        send_once(run, number, listing);
        if (endpoint->error.code != ERROR_STALE)
            break;
    }
    journal_outcome(run->journal, "publish", endpoint->name, outcomes[endpoint->state], "");
}

/* -- all of them ------------------------------------------------------------------------------- */

static void fail_all(struct publish *publish, const struct error *error)
{
    for (size_t i = 0; i < publish->count; i++)
        if (publish->endpoints[i].state == OUTCOME_WOULD)
            publish->endpoints[i].error = *error;
    publish_withdraw(publish);
}

void publish_carry_out(const struct publish_run *run)
{
    struct publish *publish = &run->report->publish;
    bool changed = run->report->plan->count > 0;
    struct error error = ERROR_INIT;
    struct remote_listing again;

    remote_listing_init(&again);
    if (publish_count(publish) > 0 && changed && !list_again(run, &again, &error))
        fail_all(publish, &error);
    for (size_t i = 0; i < publish->count; i++) {
        struct publish_endpoint *endpoint = &publish->endpoints[i];
        if (endpoint->state != OUTCOME_WOULD)
            continue;
        if (!stage_stop) {
            send_all(run, i, changed ? &again : &run->report->listing);
        } else {
            endpoint->state = OUTCOME_NOT_SENT;
            error_set(&endpoint->error, ERROR_INTERRUPTED, "interrupted");
        }
    }
    remote_listing_release(&again);
    publish_judge(run->report);
}
