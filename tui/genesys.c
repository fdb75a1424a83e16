#include "tui/genesys.h"

#include "api/reply.h"
#include "core/buf.h"
#include "core/json.h"
#include "tui/genesys_state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { INTERVAL_MS = 60000, AUDIT_DAYS = 14 };
#define DAY_MS (24 * INT64_C(3600000))

/* In this order, from one reading to the next. */
enum step { STEP_IDLE, STEP_IDENTITY, STEP_LISTING, STEP_AUDIT };

struct genesys {
    struct genesys_options options;
    struct client *client;
    enum step step;
    int64_t now_ms, due_ms;
    struct remote_identity identity;
    struct remote_listing listing;
    struct plan plan;
    json_t *making, *snapshot;
    size_t audits; /* that are asked */
    bool news;
};

/* -- life cycle ---------------------------------------------------------------------------------
 */

struct genesys *genesys_new(const struct genesys_options *options, struct error *error)
{
    struct genesys *genesys = calloc(1, sizeof(*genesys));

    if (!genesys) {
        error_no_memory(error);
        return NULL;
    }
    genesys->options = *options;
    if (!genesys->options.interval_ms)
        genesys->options.interval_ms = INTERVAL_MS;
    remote_listing_init(&genesys->listing);
    plan_init(&genesys->plan);
    genesys->client = client_new(options->client, error);
    if (genesys->client)
        return genesys;
    genesys_free(genesys);
    return NULL;
}

/* What is under way ends by a callback. */
void genesys_free(struct genesys *genesys)
{
    if (!genesys)
        return;
    client_free(genesys->client);
    plan_release(&genesys->plan);
    remote_listing_release(&genesys->listing);
    json_decref(genesys->making);
    json_decref(genesys->snapshot);
    free(genesys);
}

const json_t *genesys_snapshot(const struct genesys *genesys)
{
    return genesys->snapshot;
}

void genesys_again(struct genesys *genesys)
{
    genesys->due_ms = 0;
}

size_t genesys_poll(struct genesys *genesys, struct pollfd *fds, size_t most, int *timeout_ms)
{
    int64_t wait_ms = genesys->due_ms - genesys->now_ms;

    if (genesys->step == STEP_IDLE && wait_ms < *timeout_ms)
        *timeout_ms = wait_ms > 0 ? (int)wait_ms : 0;
    return client_poll(genesys->client, fds, most, timeout_ms);
}

/* -- one reading --------------------------------------------------------------------------------
 */

static void add_token(struct genesys *genesys)
{
    struct client_status status;
    json_t *expires;

    client_get_status(genesys->client, &status);
    expires = status.token_expires_in_s < 0
                  ? json_null()
                  : json_integer(genesys->now_ms + status.token_expires_in_s * 1000);
    json_object_set_new(genesys->making, "token_expires_ms", expires);
    json_object_set_new(genesys->making, "token_lifetime_ms",
                        json_integer(status.token_lifetime_s * 1000));
}

/* What was read last stays, with the time at which it was. */
static void keep_last(json_t *making, const json_t *last)
{
    static const char *const kept[] = {"read_ms", "plan", "subscriptions", "organization"};

    for (size_t i = 0; last && i < sizeof(kept) / sizeof(kept[0]); i++)
        if (json_object_get(last, kept[i]))
            json_object_set(making, kept[i], json_object_get(last, kept[i]));
}

/* The reading is over: what was made is shown from now on. Without memory the last one stays. */
static void reading_end(struct genesys *genesys, const struct error *error)
{
    bool failed = error && error->code != ERROR_NONE;

    if (genesys->making) {
        add_token(genesys);
        if (failed)
            keep_last(genesys->making, genesys->snapshot);
        else
            json_object_set_new(genesys->making, "read_ms", json_integer(genesys->now_ms));
        json_object_set_new(genesys->making, "error",
                            failed ? json_string(error->text) : json_null());
        json_object_set_new(genesys->making, "refused",
                            json_boolean(failed && error->code == ERROR_AUTH));
        json_decref(genesys->snapshot);
        genesys->snapshot = genesys->making;
        genesys->making = NULL;
        genesys->news = true;
    }
    plan_release(&genesys->plan);
    remote_listing_release(&genesys->listing);
    genesys->step = STEP_IDLE;
    genesys->due_ms = genesys->now_ms + genesys->options.interval_ms;
}

static void on_audit(void *context, const struct audit_record *records, size_t count,
                     const struct error *error)
{
    struct genesys *genesys = context;

    if (genesys->making && error->code == ERROR_NONE)
        genesys_add_audit(genesys->making, records, count);
    if (--genesys->audits == 0)
        reading_end(genesys, NULL);
}

/* Who did it, where something drifted. Whoever may not read the audit sees no names. */
static void ask_audit(struct genesys *genesys)
{
    static const char *const services[] = {"ProcessAutomation", "EventStreams"};
    struct error error = ERROR_INIT;

    genesys->step = STEP_AUDIT;
    genesys->audits = 1;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if (plan_count_drifted(&genesys->plan) > 0 &&
            audit_start(genesys->client, services[i], genesys->now_ms - AUDIT_DAYS * DAY_MS,
                        genesys->now_ms, on_audit, genesys, &error))
            genesys->audits++;
    if (--genesys->audits == 0)
        reading_end(genesys, NULL);
}

static bool make_plan(struct genesys *genesys, struct error *error)
{
    const struct genesys_options *options = &genesys->options;
    const struct plan_input input = {
        .desired = options->desired,
        .remote = &genesys->listing.objects,
        .owner = options->owner,
        .organizations = {options->organizations[0], genesys->identity.organization,
                          genesys->identity.organization_id},
        .now_s = genesys->now_ms / 1000,
    };

    return !options->desired || plan_make(&genesys->plan, &input, error);
}

static void on_listed(void *context, struct remote_listing *listing, const struct error *error)
{
    struct genesys *genesys = context;
    struct error why = *error;

    genesys->listing = *listing;
    if (why.code == ERROR_NONE && make_plan(genesys, &why) &&
        !genesys_describe(genesys->making, &genesys->options, &genesys->listing, &genesys->plan))
        error_no_memory(&why);
    if (why.code == ERROR_NONE)
        ask_audit(genesys);
    else
        reading_end(genesys, &why);
}

static bool names_organization(const struct genesys *genesys, struct error *error)
{
    const struct remote_identity *identity = &genesys->identity;
    const char *wanted = genesys->options.organizations[0];

    return !wanted || !*wanted || strcasecmp(wanted, identity->organization) == 0 ||
           strcasecmp(wanted, identity->organization_id) == 0 ||
           error_set(error, ERROR_REFUSED,
                     "the credentials are for organisation %s (%s), the manifest says %s",
                     identity->organization, identity->organization_id, wanted);
}

static void on_identity(void *context, struct reply *reply)
{
    struct genesys *genesys = context;
    struct error error = reply->error;

    genesys->step = STEP_LISTING;
    if (error.code == ERROR_NONE && reply_read_identity(reply->body, &genesys->identity, &error) &&
        names_organization(genesys, &error) &&
        remote_list_start(genesys->client, genesys->options.needed, on_listed, genesys, &error)) {
        json_object_set_new(genesys->making, "organization",
                            json_string(genesys->identity.organization));
        return;
    }
    reading_end(genesys, &error);
}

static void reading_begin(struct genesys *genesys)
{
    static const struct request who = {.method = "GET", .path = "/api/v2/tokens/me"};
    struct error error = ERROR_INIT;

    json_decref(genesys->making);
    genesys->making = json_pack("{s:I, s:s, s:n, s:[], s:[]}", "at_ms", (json_int_t)genesys->now_ms,
                                "organization", "", "error", "plan", "subscriptions");
    genesys->step = STEP_IDENTITY;
    if (!genesys->making)
        error_no_memory(&error);
    if (!genesys->making || !client_start(genesys->client, &who, on_identity, genesys, &error))
        reading_end(genesys, &error);
}

bool genesys_step(struct genesys *genesys, int64_t now_ms)
{
    bool news;

    genesys->now_ms = now_ms;
    if (genesys->step == STEP_IDLE && now_ms >= genesys->due_ms)
        reading_begin(genesys);
    client_step(genesys->client, 0);
    news = genesys->news;
    genesys->news = false;
    return news;
}
