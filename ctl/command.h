/* A command: one struct literal in a file of its own, and what it is given to work with.
 *
 * main parses the options, finds the command, runs it, and renders the report that it filled.
 * A command never prints its result and never exits: it fills the report, whose error code is
 * the exit code.
 */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include "ctl/option.h"
#include "ctl/report.h"

struct command {
    const char *name;    /* "plan" */
    const char *words;   /* what stands after it: "[PLAN]"; "" for nothing */
    const char *summary; /* one line */
    unsigned groups;     /* enum option_group */
    size_t words_least, words_most;
    const char *details; /* paragraphs for `eventctl help NAME`; NULL: none */
    void (*run)(const struct options *options, const struct option_words *words,
                struct report *report);
};

extern const struct command command_validate, command_plan, command_apply, command_check,
    command_list, command_show, command_auth, command_schema, command_version, command_help;

/* All commands in the order of the help; ends with NULL. */
extern const struct command *const command_table[];

/* NULL when there is none. */
const struct command *command_find(const char *name);

#endif
