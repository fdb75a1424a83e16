#include "ctl/command.h"

#include "ctl/stage.h"

#include <string.h>

/* -1 means that it is not known. */
static json_t *number_or_null(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

static void status(struct client *client, struct report *report)
{
    const struct remote_identity *who = &report->identity;
    struct client_status now;

    client_get_status(client, &now);
    report->facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "organization", who->organization,
        "organization_id", who->organization_id, "client", who->client, "client_id", who->client_id,
        "token_from_cache", (int)now.token_from_cache, "token_expires_in_s",
        number_or_null(now.token_expires_in_s), "rate_limit_count", number_or_null(now.rate_count),
        "rate_limit_allowed", number_or_null(now.rate_allowed), "rate_limit_reset_s",
        number_or_null(now.rate_reset_s), "clock_skew_s",
        now.clock_skew_s == INT64_MIN ? json_null() : json_integer(now.clock_skew_s));
    if (!report->facts)
        error_no_memory(&report->error);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct client *client = NULL;

    if (strcmp(words->items[0], "status") != 0)
        error_set(&report->error, ERROR_INVALID, "auth %s: there is only `eventctl auth status`",
                  words->items[0]);
    else if (stage_settings(options, report) && stage_connect(options, STAGE_READ, report, &client))
        status(client, report);
    client_free(client);
}

const struct command command_auth = {
    .name = "auth",
    .words = "status",
    .summary = "who we are at the service, and how the token and the limits stand",
    .groups = GROUP_CONNECT,
    .words_least = 1,
    .words_most = 1,
    .run = run,
};
