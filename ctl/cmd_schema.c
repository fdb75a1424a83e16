#include "ctl/command.h"

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    (void)options;
    (void)words;
    report->document = manifest_schema();
    if (!report->document)
        error_no_memory(&report->error);
}

const struct command command_schema = {
    .name = "schema",
    .words = "",
    .summary = "the JSON Schema of a manifest, for editors",
    .details =
        "Made from the table that the parser reads by. Keep it beside the manifests and name\n"
        "it in their first line: # yaml-language-server: $schema=./subscription.schema.json\n",
    .run = run,
};
