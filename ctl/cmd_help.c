#include "ctl/command.h"

#include "core/buf.h"
#include "core/filter.h"
#include "ctl/settings.h"
#include "tui/column.h"
#include "tui/request.h"

#include <string.h>

enum { HELP_MAX_BYTES = 1024 * 1024 };

/* The commands, or those alone whose first word it is. */
static void add_commands(struct buf *out, const char *group)
{
    size_t length = group ? strlen(group) : 0;

    for (const struct command *const *command = command_table; *command; command++)
        if (!group ||
            (strncmp((*command)->name, group, length) == 0 && (*command)->name[length] == ' '))
            buf_printf(out, "  %-13s  %s\n", (*command)->name, (*command)->summary);
}

static void add_overview(struct buf *out)
{
    buf_add_text(out, "eventctl keeps Genesys Cloud event subscriptions as a manifest says.\n\n"
                      "  eventctl COMMAND [OPTIONS]\n\n");
    add_commands(out, NULL);
    buf_add_text(out, "\n`eventctl help COMMAND` tells its options; there are also the topics\n"
                      "exit-codes, rules, filters, environment, keys and columns.\n");
}

static void add_command(struct buf *out, const struct command *command)
{
    buf_printf(out, "eventctl %s%s%s [OPTIONS]: %s\n", command->name, *command->words ? " " : "",
               command->words, command->summary);
    if (command->details)
        buf_printf(out, "\n%s", command->details);
    buf_add_text(out, "\nOptions:\n");
    option_help(out, command->groups);
}

static void add_exit_codes(struct buf *out)
{
    for (const struct error_code_row *row = error_code_table; row->name; row++)
        buf_printf(out, "%3d  %s\n", (int)row->code, row->meaning);
}

static void add_rules(struct buf *out)
{
    buf_add_text(
        out, "Lint rules, each switched off by --disable RULE or `lint: {disable: [RULE]}`:\n\n");
    for (const struct diag_rule *rule = diag_rule_table; rule->id; rule++)
        if (rule->lint)
            buf_printf(out, "  %-30s %-8s %s\n", rule->id,
                       rule->severity == DIAG_ERROR ? "error" : "warning", rule->summary);
    buf_add_text(out, "\nRules that always hold:\n\n");
    for (const struct diag_rule *rule = diag_rule_table; rule->id; rule++)
        if (!rule->lint)
            buf_printf(out, "  %-30s %s\n", rule->id, rule->summary);
}

static void add_filters(struct buf *out)
{
    buf_printf(out, "  %-10s %-14s %-20s %s\n", "manifest", "event-streams", "trigger", "meaning");
    for (size_t op = 0; op < FILTER_OPS; op++) {
        const struct filter_operator *row = &filter_operators[op];
        buf_printf(out, "  %-10s %-14s %-20s %s\n", row->name,
                   row->remote[VIA_EVENT_STREAMS] ? row->remote[VIA_EVENT_STREAMS] : "(ingest)",
                   row->remote[VIA_TRIGGER] ? row->remote[VIA_TRIGGER] : "(ingest)", row->help);
    }
    buf_add_text(out, "\n(ingest): the source cannot; the paired ingest service applies it.\n");
}

static void add_environment(struct buf *out)
{
    buf_add_text(
        out, "Flag > environment > .eventctl.yaml > $XDG_CONFIG_HOME/eventctl/config.yaml.\n\n"
             "  EVENTCTL_PROFILE, EVENTCTL_CONFIG        which profile, of which file\n"
             "  EVENTCTL_REGION                          such as mypurecloud.de\n"
             "  EVENTCTL_API_URL, EVENTCTL_LOGIN_URL     instead of the region's\n"
             "  EVENTCTL_ORGANIZATION                    refuse any other, by name or id\n"
             "  EVENTCTL_CLIENT_ID, EVENTCTL_CLIENT_SECRET\n"
             "  EVENTCTL_NEXT_CLIENT_ID, EVENTCTL_NEXT_CLIENT_SECRET\n"
             "                                           tried when the first is refused\n"
             "  EVENTCTL_INGEST_TOKEN                    of the ingest endpoints\n"
             "  EVENTCTL_CA_FILE                         certificates to trust\n"
             "  https_proxy, no_proxy                    as libcurl reads them\n"
             "  NO_COLOR, CLICOLOR_FORCE, TERM           colours\n"
             "  XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME\n"
             "                                           configuration, token cache, journals\n\n"
             "A file has `profile: NAME`, the default, and `profiles:`, each with any of these "
             "keys:\n\n");
    settings_help(out);
    buf_add_text(
        out, "\n(1) not in .eventctl.yaml: it comes with a checkout, and must not choose where\n"
             "secrets are sent or what is run.\n");
}

static void add_keys(struct buf *out)
{
    request_help(out, false);
}

static void add_columns(struct buf *out)
{
    for (size_t i = 0; i < COLUMNS; i++)
        buf_printf(out, "  %-11s %s\n", column_table[i].name, column_table[i].help);
    buf_add_text(out, "\nA filter is words that must all hold: `voice` stands in name or id, "
                      "`state:fail` and\n`sink:crm` in that column, `depth>100`, `oldest>5m`, "
                      "`p95>=300ms`, `dead>1k` compare; `!`\nbefore a word turns it round. What "
                      "is not known holds nothing.\n");
}

static const struct {
    const char *name;
    void (*add)(struct buf *out);
} topics[] = {{"exit-codes", add_exit_codes},   {"rules", add_rules}, {"filters", add_filters},
              {"environment", add_environment}, {"keys", add_keys},   {"columns", add_columns}};

/* False: there is no help on these words. */
static bool add_on(struct buf *out, const struct option_words *words)
{
    size_t taken;
    const struct command *command = command_find(words, &taken);

    if (command && taken == words->count) {
        add_command(out, command);
        return true;
    }
    if (words->count > 1)
        return false;
    if (command_is_group(words->items[0])) {
        add_commands(out, words->items[0]);
        return true;
    }
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        if (strcmp(topics[i].name, words->items[0]) == 0) {
            topics[i].add(out);
            return true;
        }
    return false;
}

static void run(const struct options *options, const struct option_words *words,
                struct report *report)
{
    struct buf out;

    (void)options;
    buf_init(&out, HELP_MAX_BYTES);
    if (words->count == 0)
        add_overview(&out);
    else if (!add_on(&out, words))
        error_set(&report->error, ERROR_INVALID, "no help on \"%s%s%s\"; try `eventctl help`",
                  words->items[0], words->count > 1 ? " " : "",
                  words->count > 1 ? words->items[1] : "");
    if (report->error.code == ERROR_NONE && !(report->document = buf_take(&out)))
        error_no_memory(&report->error);
    buf_release(&out);
}

const struct command command_help = {
    .name = "help",
    .words = "[COMMAND|TOPIC]",
    .summary = "this text, or that of a command or topic",
    .words_most = 2,
    .run = run,
};
