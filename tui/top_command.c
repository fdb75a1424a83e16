/* What is typed at the foot: the filter, which holds as it is typed, and `:` commands. */
#include "tui/top_state.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const view_names[VIEWS] = {"overview", "subscription", "letters",
                                              "drift",    "log",          "help"};

/* -- the filter ---------------------------------------------------------------------------------
 */

/* The log has one of its own: lines have no columns. */
static bool set_filter(struct top *top, const char *text, struct error *error)
{
    if (top->view != VIEW_LOG)
        return top_set_query(top, text, error);
    snprintf(top->own->log_text, sizeof(top->own->log_text), "%s", text);
    return true;
}

void top_filter_begin(struct top *top)
{
    bool log = top->view == VIEW_LOG;
    struct top_own *own = top->own;

    snprintf(own->text_before, sizeof(own->text_before), "%s",
             log ? own->log_text : top->query_text);
    prompt_begin(&top->prompt, log ? "Lines with: " : "Filter: ", own->text_before, NULL);
    top->prompting = REQUEST_FILTER;
}

/* Esc brings back what was before; what cannot be read stays to be mended. */
static void filter_key(struct top *top, enum prompt_result result)
{
    struct error error = ERROR_INIT;
    char text[PROMPT_BYTES];

    snprintf(text, sizeof(text), "%s",
             result == PROMPT_LEFT ? top->own->text_before : top->prompt.text);
    if (set_filter(top, text, &error) || result != PROMPT_DONE)
        return;
    top_hint(top, LOG_PROBLEM, "%s", error.text);
    prompt_begin(&top->prompt, "Filter: ", text, NULL);
    top->prompting = REQUEST_FILTER;
}

/* -- commands -----------------------------------------------------------------------------------
 */

static void run_sort(struct top *top, const char *argument)
{
    struct error error = ERROR_INIT;

    if (!top_set_sort(top, argument, &error))
        top_hint(top, LOG_PROBLEM, "%s", error.text);
}

static void run_filter(struct top *top, const char *argument)
{
    struct error error = ERROR_INIT;

    if (!set_filter(top, argument, &error))
        top_hint(top, LOG_PROBLEM, "%s", error.text);
}

static void run_view(struct top *top, const char *argument)
{
    for (size_t i = 0; i < VIEWS; i++)
        if (strcmp(view_names[i], argument) == 0) {
            top_show(top, (enum view_id)i);
            return;
        }
    top_hint(top, LOG_PROBLEM,
             "there is no view \"%s\": overview, subscription, letters, drift, log, help",
             argument);
}

static const struct {
    const char *name;
    void (*run)(struct top *top, const char *argument);
    const char *needs; /* NULL: without an argument it is a request of that name */
} commands[] = {
    {"sort", run_sort, "the name of a column"},
    {"filter", run_filter, NULL},
    {"view", run_view, "overview, subscription, letters, drift, log or help"},
    {"save", top_save, NULL},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* A command with what follows it, or the name of a request. */
static void run_command(struct top *top, const char *line)
{
    size_t length = strcspn(line, " ");
    const char *argument = line + length + strspn(line + length, " "), *nearest;
    enum top_request request = request_of_name(line, top->read_only);

    for (size_t i = 0; i < COMMANDS; i++) {
        if (strlen(commands[i].name) != length || memcmp(commands[i].name, line, length) != 0 ||
            !(*argument || commands[i].needs))
            continue;
        if (*argument)
            commands[i].run(top, argument);
        else
            top_hint(top, LOG_PROBLEM, "%s needs %s", line, commands[i].needs);
        return;
    }
    if (request != REQUEST_NONE) {
        top_request(top, request);
        return;
    }
    nearest = text_nearest(line, top->own->names);
    top_hint(top, LOG_PROBLEM, "there is no command \"%s\"%s%s%s", line,
             nearest ? "; did you mean " : "; Tab shows them", nearest ? nearest : "",
             nearest ? "?" : "");
}

void top_command_begin(struct top *top)
{
    prompt_begin(&top->prompt, ":", "", top->own->words);
    top->prompting = REQUEST_COMMAND;
}

static void command_key(struct top *top, enum prompt_result result)
{
    char line[PROMPT_BYTES];
    size_t length;

    if (result != PROMPT_DONE)
        return;
    snprintf(line, sizeof(line), "%s", top->prompt.text + strspn(top->prompt.text, " "));
    for (length = strlen(line); length > 0 && line[length - 1] == ' '; length--)
        line[length - 1] = '\0';
    if (*line)
        run_command(top, line);
}

/* -- both ---------------------------------------------------------------------------------------
 */

void top_prompt_key(struct top *top, int key)
{
    enum prompt_result result = prompt_key(&top->prompt, key);
    enum top_request prompting = top->prompting;

    if (result != PROMPT_GOES_ON)
        top->prompting = REQUEST_NONE; /* what it runs may begin another */
    if (prompting == REQUEST_FILTER)
        filter_key(top, result);
    else
        command_key(top, result);
    top_arrange(top);
}

/* -- completion ---------------------------------------------------------------------------------
 */

static void add_word(const char **words, size_t *count, const char *word)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(words[i], word) == 0)
            return;
    words[(*count)++] = word;
}

bool top_command_init(struct top *top)
{
    enum { NAMES_MOST = REQUESTS + COMMANDS, WORDS_MOST = NAMES_MOST + COLUMNS + VIEWS };
    struct top_own *own = top->own;
    size_t count = 0;

    own->names = calloc(NAMES_MOST + 1, sizeof(*own->names));
    own->words = calloc(WORDS_MOST + 1, sizeof(*own->words));
    if (!own->names || !own->words)
        return false;
    for (size_t i = 1; i < REQUESTS; i++)
        if (!request_table[i].acts || !top->read_only)
            add_word(own->names, &count, request_table[i].name);
    for (size_t i = 0; i < COMMANDS; i++)
        add_word(own->names, &count, commands[i].name);
    memcpy(own->words, own->names, count * sizeof(*own->words));
    for (size_t i = 0; i < COLUMNS; i++)
        add_word(own->words, &count, column_table[i].name);
    for (size_t i = 0; i < VIEWS; i++)
        add_word(own->words, &count, view_names[i]);
    return true;
}
