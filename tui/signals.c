#include "tui/signals.h"

#include "tui/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t end_came, resize_came, stop_came, continue_came;
static int pipe_ends[2] = {-1, -1};

static void on_end(int signal);
static void on_crash(int signal, siginfo_t *info, void *context);
static void on_screen(int signal);

/* Which signal, whose handler, and what stood there before. */
static struct row {
    int signal;
    bool screen, crash;
    struct sigaction before;
} rows[] = {
    {.signal = SIGTERM},
    {.signal = SIGHUP},
    {.signal = SIGINT},
    {.signal = SIGWINCH, .screen = true},
    {.signal = SIGTSTP, .screen = true},
    {.signal = SIGCONT, .screen = true},
    {.signal = SIGQUIT, .screen = true, .crash = true},
    {.signal = SIGSEGV, .screen = true, .crash = true},
    {.signal = SIGBUS, .screen = true, .crash = true},
    {.signal = SIGFPE, .screen = true, .crash = true},
    {.signal = SIGILL, .screen = true, .crash = true},
    {.signal = SIGABRT, .screen = true, .crash = true},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
static bool with_screen;

/* -- handlers -----------------------------------------------------------------------------------
 */

/* A full pipe wakes as well. */
static void wake(void)
{
    int kept = errno;

    if (write(pipe_ends[1], "", 1) < 0)
        errno = kept;
}

static void on_end(int signal)
{
    (void)signal;
    if (end_came) {
        screen_rescue();
        _exit(ERROR_INTERRUPTED);
    }
    end_came = 1;
    wake();
}

static void on_screen(int signal)
{
    if (signal == SIGWINCH)
        resize_came = 1;
    else if (signal == SIGTSTP)
        stop_came = 1;
    else
        continue_came = 1;
    wake();
}

/* What faulted faults again on return, now with the handler of before; what was sent is sent on. */
static void on_crash(int signal, siginfo_t *info, void *context)
{
    (void)context;
    screen_rescue();
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].signal == signal)
            sigaction(signal, &rows[i].before, NULL);
    if (info->si_code <= 0)
        raise(signal);
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

/* What is ignored, as SIGQUIT is in a shell's background job, stays so: raised again it would not
 * end the program. */
static void set_row(const struct row *row, struct sigaction *before)
{
    struct sigaction action = {.sa_flags = SA_RESTART}, present;

    sigaction(row->signal, NULL, &present);
    if (row->crash && present.sa_handler == SIG_IGN) {
        if (before)
            *before = present;
        return;
    }
    sigemptyset(&action.sa_mask);
    if (row->crash) {
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        action.sa_sigaction = on_crash;
    } else {
        action.sa_handler = row->screen ? on_screen : on_end;
    }
    sigaction(row->signal, &action, before);
}

bool signals_begin(bool screen, struct error *error)
{
    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_set(error, ERROR_FAILED, "pipe: %s", strerror(errno));
    end_came = resize_came = stop_came = continue_came = 0;
    with_screen = screen;
    for (size_t i = 0; i < ROWS; i++)
        if (screen || !rows[i].screen)
            set_row(&rows[i], &rows[i].before);
    return true;
}

void signals_set(void)
{
    for (size_t i = 0; i < ROWS; i++)
        if (with_screen || !rows[i].screen)
            set_row(&rows[i], NULL);
}

void signals_end(void)
{
    for (size_t i = 0; i < ROWS && pipe_ends[0] >= 0; i++)
        if (with_screen || !rows[i].screen)
            sigaction(rows[i].signal, &rows[i].before, NULL);
    for (size_t i = 0; i < 2; i++) {
        if (pipe_ends[i] >= 0)
            close(pipe_ends[i]);
        pipe_ends[i] = -1;
    }
}

int signals_fd(void)
{
    return pipe_ends[0];
}

/* The pipe is emptied before the flags are read: what comes in between wakes again. */
struct signals signals_take(void)
{
    struct signals taken;
    char bytes[64];

    while (read(pipe_ends[0], bytes, sizeof(bytes)) > 0)
        ;
    taken = (struct signals){end_came, resize_came, stop_came, continue_came};
    if (taken.resized)
        resize_came = 0;
    if (taken.stop)
        stop_came = 0;
    if (taken.continued)
        continue_came = 0;
    return taken;
}
