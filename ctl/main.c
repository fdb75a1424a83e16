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
    &command_validate, &command_plan, &command_apply, &command_check,
    &command_list,     &command_show, &command_auth,  &command_schema,
    &command_version,  &command_help, NULL,
};

const struct command *command_find(const char *name)
{
    for (const struct command *const *command = command_table; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    return NULL;
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

static const struct command *choose_command(const struct option_words *words,
                                            const struct options *options, struct error *error)
{
    const char *names[64];
    const char *nearest;
    size_t count = 0;

    if (words->count == 0)
        return options->help || error->code != ERROR_NONE ? &command_help : NULL;
    for (const struct command *const *command = command_table; *command; command++)
        names[count++] = (*command)->name;
    names[count] = NULL;
    nearest = text_nearest(words->items[0], names);
    if (!command_find(words->items[0]))
        error_set(error, ERROR_INVALID, "no command \"%s\"%s%s%s", words->items[0],
                  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return command_find(words->items[0]);
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

/* Runs the command whose words begin after its name. */
static void run_command(const struct command *command, struct options *options,
                        const struct option_words *words, uint64_t used, struct report *report)
{
    struct option_words rest = {.count = 0};

    if (options->help && command != &command_help) {
        rest.items[rest.count++] = command->name;
        command_help.run(options, &rest, report);
        return;
    }
    for (size_t i = 1; i < words->count; i++)
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
    uint64_t used;
    int code;

    setlocale(LC_CTYPE, "");
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    catch_signals();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return ERROR_FAILED;
    (void)!option_parse(argc, argv, &options, &words, &used, &error);
    command = choose_command(&words, &options, &error);
    report_init(&report, command ? command->name : "");
    report.error = error;
    if (!render_choose(&sinks, &options, &sink_error) && error.code == ERROR_NONE)
        report.error = sink_error;
    if (report.error.code == ERROR_NONE && !command) {
        command_help.run(&options, &words, &report);
        error_set(&report.error, ERROR_INVALID, "which command?");
    } else if (report.error.code == ERROR_NONE) {
        run_command(command, &options, &words, used, &report);
    }
    render_report(&sinks, &options, &report);
    render_errors(&options, &report);
    code = report.error.code;
    report_release(&report);
    curl_global_cleanup();
    return code;
}
