#include "ctl/command.h"

#include "core/text.h"
#include "ctl/helper.h"
#include "ctl/render.h"
#include "ctl/stage.h"

#include <curl/curl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command *const command_table[] = {
    &command_validate,
    &command_plan,
    &command_apply,
    &command_check,
    &command_override,
    &command_reconcile,
    &command_list,
    &command_show,
    &command_dlq_list,
    &command_dlq_show,
    &command_dlq_replay,
    &command_dlq_discard,
    &command_pause,
    &command_resume,
    &command_shapes_list,
    &command_shapes_diff,
    &command_shapes_accept,
    &command_top,
    &command_auth,
    &command_schema,
    &command_version,
    &command_help,
    NULL,
};

/* How many of the words a command's name is; 0: they do not begin with it. */
static size_t name_words(const char *name, const struct option_words *words)
{
    size_t count = 0;

    for (size_t length; *name; name += length + (name[length] == ' '), count++) {
        length = strcspn(name, " ");
        if (count == words->count || strlen(words->items[count]) != length ||
            strncmp(words->items[count], name, length) != 0)
            return 0;
    }
    return count;
}

const struct command *command_find(const struct option_words *words, size_t *taken)
{
    for (const struct command *const *command = command_table; *command; command++)
        if ((*taken = name_words((*command)->name, words)) > 0)
            return *command;
    return NULL;
}

bool command_is_group(const char *word)
{
    size_t length = strlen(word);

    for (const struct command *const *command = command_table; *command; command++)
        if (strncmp((*command)->name, word, length) == 0 && (*command)->name[length] == ' ')
            return true;
    return false;
}

/* The first signal asks for an orderly end; the second ends at once, as was said. */
static void on_signal(int signal)
{
    static const char ending[] = "\neventctl: ending; once more ends at once\n";
    static const char writing[] =
        "\neventctl: finishing what is in flight; once more ends at once, "
        "and leaves its outcome to the next run\n";
    const char *said = stage_writing ? writing : ending;

    (void)signal;
    if (stage_stop) {
        helper_kill();
        _exit(ERROR_INTERRUPTED);
    }
    stage_stop = 1;
    if (write(STDERR_FILENO, said, strlen(said)) < 0)
        return;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* "Did you mean" is asked of the first word, or of both where the first one is right. */
static bool unknown_command(const struct option_words *words, struct error *error)
{
    enum { COMMANDS_MOST = 64, NAME_BYTES = 32 };
    char names[COMMANDS_MOST][NAME_BYTES], given[2 * NAME_BYTES];
    const char *candidates[COMMANDS_MOST + 1];
    bool group = command_is_group(words->items[0]), two = group && words->count > 1;
    const char *nearest;
    size_t count = 0;

    for (; command_table[count] && count < COMMANDS_MOST; count++) {
        snprintf(names[count], NAME_BYTES, "%s", command_table[count]->name);
        if (!group)
            names[count][strcspn(names[count], " ")] = '\0';
        candidates[count] = names[count];
    }
    candidates[count] = NULL;
    snprintf(given, sizeof(given), "%s%s%s", words->items[0], two ? " " : "",
             two ? words->items[1] : "");
    nearest = text_nearest(given, candidates);
    if (!nearest && group)
        return error_set(error, ERROR_INVALID, "which %s command? see `eventctl help %s`",
                         words->items[0], words->items[0]);
    return error_set(error, ERROR_INVALID, "no command \"%s%s%s\"%s%s%s", words->items[0],
                     two ? " " : "", two ? words->items[1] : "", nearest ? "; did you mean " : "",
                     nearest ? nearest : "", nearest ? "?" : "");
}

/* NULL: there is none, and without words that is no error yet. */
static const struct command *choose_command(const struct option_words *words,
                                            const struct options *options, size_t *taken,
                                            struct error *error)
{
    const struct command *command = command_find(words, taken);

    if (command)
        return command;
    *taken = words->count;
    if (words->count == 0)
        return options->help || error->code != ERROR_NONE ? &command_help : NULL;
    if (options->help && command_is_group(words->items[0]))
        return &command_help;
    (void)!unknown_command(words, error);
    return NULL;
}

static bool check_words(const struct command *command, const struct option_words *words,
                        struct error *error)
{
    if (words->count < command->words_least)
        return error_set(error, ERROR_INVALID, "usage: eventctl %s %s", command->name,
                         command->words);
    if (words->count > command->words_most)
        return error_set(error, ERROR_INVALID, "eventctl %s takes no \"%s\"", command->name,
                         words->items[command->words_most]);
    return true;
}

/* Runs the command, whose name is the first `taken` words. */
static void run_command(const struct command *command, struct options *options,
                        const struct option_words *words, size_t taken,
                        const struct option_set *used, struct report *report)
{
    struct option_words rest = {.count = 0};

    if (options->help && command != &command_help) {
        for (size_t i = 0; i < taken; i++)
            rest.items[rest.count++] = words->items[i];
        command_help.run(options, &rest, report);
        return;
    }
    for (size_t i = taken; i < words->count; i++)
        rest.items[rest.count++] = words->items[i];
    if (option_check(command->name, command->groups, used, &report->error) &&
        check_words(command, &rest, &report->error))
        command->run(options, &rest, report);
    if (stage_stop && report->error.code != ERROR_NONE) {
        report->error.code = ERROR_INTERRUPTED;
        if (strncmp(report->error.text, "interrupted", 11) != 0)
            error_wrap(&report->error, "interrupted");
    }
}

/* What is larger is given back to the system when it is freed. Said once, it stays so; else the
 * first large thing that is freed would raise it, and growing lists would leave holes. (mallopt(3))
 */
enum { LARGE_BYTES = 128 * 1024 };

int main(int argc, char **argv)
{
    struct options options;
    struct option_words words;
    struct error error = ERROR_INIT, sink_error = ERROR_INIT;
    struct render_plan sinks;
    const struct command *command;
    struct report report;
    struct option_set used;
    size_t taken;
    int code;

    setlocale(LC_CTYPE, "");
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    catch_signals();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return ERROR_FAILED;
    (void)!option_parse(argc, argv, &options, &words, &used, &error);
    command = choose_command(&words, &options, &taken, &error);
    report_init(&report, command ? command->name : "");
    report.error = error;
    if (!render_choose(&sinks, &options, &sink_error) && error.code == ERROR_NONE)
        report.error = sink_error;
    if (report.error.code == ERROR_NONE && !command) {
        command_help.run(&options, &words, &report);
        error_set(&report.error, ERROR_INVALID, "which command?");
    } else if (report.error.code == ERROR_NONE) {
        run_command(command, &options, &words, taken, &used, &report);
    }
    render_report(&sinks, &options, &report);
    render_errors(&options, &report);
    code = report.error.code;
    report_release(&report);
    curl_global_cleanup();
    return code;
}
