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
    const char *name;    /* "plan"; of two words: "dlq list" */
    const char *words;   /* what stands after it: "[PLAN]"; "" for nothing */
    const char *summary; /* one line */
    unsigned groups;     /* enum option_group */
    size_t words_least, words_most;
    const char *details; /* paragraphs for `eventctl help NAME`; NULL: none */
    void (*run)(const struct options *options, const struct option_words *words,
                struct report *report);
};

extern const struct command command_validate, command_plan, command_apply, command_check,
    command_override, command_reconcile, command_list, command_show, command_dlq_list,
    command_dlq_show, command_dlq_replay, command_dlq_discard, command_pause, command_resume,
    command_shapes_list, command_shapes_diff, command_shapes_accept, command_top, command_auth,
    command_schema, command_version, command_help;

/* All commands in the order of the help; ends with NULL. */
extern const struct command *const command_table[];

/* The command that the words begin with, and how many of them are its name; NULL when there is
 * none.
 */
const struct command *command_find(const struct option_words *words, size_t *taken);

/* Whether a word is the first of commands of two words, as "dlq" is. */
bool command_is_group(const char *word);

#endif
