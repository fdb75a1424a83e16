#include "ctl/confirm.h"

#include "core/text.h"
#include "ctl/stage.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ANSWER_BYTES = 256, QUESTION_MAX_BYTES = 64 * 1024 };

/* Byte by byte: what is typed ahead is the next question's. False: a signal came first. */
static bool read_answer(char *answer, size_t size)
{
    enum { LOOK_MS = 200 }; /* a signal between two waits is noticed so late at the most */
    struct pollfd look = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t length = 0;
    char c = '\0';

    while (c != '\n') {
        while (!stage_stop && poll(&look, 1, LOOK_MS) <= 0)
            ;
        if (stage_stop)
            return false;
        if (read(STDIN_FILENO, &c, 1) != 1)
            break; /* its end */
        if (c != '\r' && c != '\n' && length + 1 < size)
            answer[length++] = c;
    }
    answer[length] = '\0';
    return true;
}

static void print_question(const struct confirm *confirm)
{
    struct buf out;

    buf_init(&out, QUESTION_MAX_BYTES);
    text_add_safe(&out, confirm->question, strlen(confirm->question));
    if (confirm->name) {
        buf_add_text(&out, " Type ");
        text_add_safe(&out, confirm->name, strlen(confirm->name));
        buf_add_text(&out, " to go on: ");
    } else {
        buf_add_text(&out, " [y/N] ");
    }
    fputs(buf_text(&out), stderr);
    buf_release(&out);
}

static bool is_consent(const struct confirm *confirm, const char *answer)
{
    if (confirm->name)
        return strcmp(answer, confirm->name) == 0;
    return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
}

bool confirm_ask(const struct confirm *confirm, struct error *error)
{
    char answer[ANSWER_BYTES] = "";
    bool terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

    if (confirm->yes && !(confirm->name && terminal))
        return true;
    if (!terminal)
        return error_set(error, ERROR_INVALID,
                         "there is no terminal to ask at: --yes %s without asking", confirm->does);
    print_question(confirm);
    if (!read_answer(answer, sizeof(answer)))
        return error_set(error, ERROR_INTERRUPTED, "interrupted; %s", confirm->nothing);
    return is_consent(confirm, answer) ||
           error_set(error, ERROR_FAILED, "not confirmed; %s", confirm->nothing);
}
