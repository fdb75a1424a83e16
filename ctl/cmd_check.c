#include "ctl/command.h"

#include "ctl/stage.h"

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct client *client = NULL;

    if (stage_settings(options, report) && stage_manifest(options, words, report) &&
        stage_connect(options, report, &client) && stage_listing(client, report) &&
        stage_plan(options, report)) {
        if (report->plan->conflict_count > 0)
            report->error = report->allowed;
        else if (report->plan->count > 0)
            report->error.code = ERROR_CHANGES;
    }
    client_free(client);
}

const struct command command_check = {
    .name = "check",
    .words = "[PATH…]",
    .summary = "drift check for CI: exit 2 when anything is not as the manifest says",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_PLAN,
    .details = "The same reading as plan. It sends no writes: it only ever lists.\n",
    .words_most = 15,
    .run = run,
};
