#include "ctl/command.h"

#include "ctl/plan_out.h"
#include "ctl/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static json_t *paths_to_json(const struct report *report)
{
    json_t *paths = json_array();

    for (size_t i = 0; i < report->manifest.source_count; i++)
        json_array_append_new(paths, json_string(report->manifest.sources[i]->path));
    return paths;
}

static void save(const struct options *options, struct report *report)
{
    struct plan_file file;
    char *text;

    plan_file_init(&file);
    memcpy(file.organization_id, report->identity.organization_id, sizeof(file.organization_id));
    memcpy(file.organization, report->identity.organization, sizeof(file.organization));
    snprintf(file.owner, sizeof(file.owner), "%s", report->manifest.owner);
    memcpy(file.manifest_hash, report->manifest.hash, sizeof(file.manifest_hash));
    file.created_s = time(NULL);
    file.expires_s = file.created_s + options->expires_ms / 1000;
    file.prune = options->prune;
    file.manifest_paths = paths_to_json(report);
    file.wish =
        publication_wish(&report->desired, options->targets.count ? options->targets.items : NULL);
    text = file.wish ? plan_file_text(&file, report->plan, &report->error) : NULL;
    if (text)
        (void)!plan_out_write(options->out, &report->manifest, text, &report->error);
    else
        error_no_memory(&report->error);
    free(text);
    plan_file_release(&file);
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    if ((options->out && !plan_out_allowed(options->out, NULL, &report->error)) ||
        !stage_read_only(options, words, report) || !publish_plan(options, report))
        return;
    if (options->out)
        save(options, report);
    if (report->error.code == ERROR_NONE && options->detailed_exitcode &&
        report->plan->count + publish_count(&report->publish) > 0)
        report->error.code = ERROR_CHANGES;
}

const struct command command_plan = {
    .name = "plan",
    .words = "[PATH…]",
    .summary = "what apply would do; writes nothing",
    .groups = GROUP_MANIFEST | GROUP_CONNECT | GROUP_PLAN | GROUP_SAVE | GROUP_ENDPOINT,
    .details =
        "Reads by listing only. Each difference is pending (the manifest changed), drifted (the\n"
        "object was changed behind our back) or both, and each change says what it may do to\n"
        "events on their way: no loss, delay, duplicates possible, may drop. Of the ingest "
        "endpoints\n"
        "of the profile, or of --endpoint, it says what they have to be told.\n"
        "--out replaces an earlier plan, and no other file; a device or FIFO is written to.\n"
        "`eventctl help environment` tells how to give credentials.\n",
    .words_most = 15,
    .run = run,
};
