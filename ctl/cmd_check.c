#include "ctl/command.h"

#include "ctl/stage.h"

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    if (stage_read_only(options, words, report) && publish_plan(options, report) &&
        publish_known(&report->publish, &report->error) &&
        report->plan->count + publish_count(&report->publish) > 0)
        report->error.code = ERROR_CHANGES;
}

const struct command command_check = {
    .name = "check",
    .words = "[PATH…]",
    .summary = "drift check for CI: exit 2 when anything is not as the manifest says",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_PLAN | GROUP_ENDPOINT,
    .details =
        "The same reading as plan. It sends no writes: it only ever lists. An ingest endpoint\n"
        "that cannot be asked is an error.\n",
    .words_most = 15,
    .run = run,
};
