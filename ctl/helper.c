#include "ctl/helper.h"

#include "core/clock.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LOOK_MS = 200,     /* a signal between two waits is noticed so late at the most */
    EXIT_LOOK_MS = 10, /* how often it is looked whether a process has ended */
    GRACE_MS = 1000,   /* between SIGTERM and SIGKILL */
    USUAL_MS = 60000
};

/* The group that a signal handler kills; 0: none. */
static volatile sig_atomic_t running;

struct helper {
    const struct helper_options *options;
    pid_t pid; /* and its process group; 0: not running, or reaped */
    int output;
    int terminal; /* lent to the helper; -1: it is not */
    int64_t timeout_ms, until_ms;
    int status; /* as waitpid has it, once reaped */
};

/* -- the terminal ---------------------------------------------------------------------------- */

/* The terminal when it is ours to lend; -1 otherwise. */
static int terminal_open(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (terminal >= 0 && tcgetpgrp(terminal) != getpgrp()) {
        close(terminal);
        terminal = -1;
    }
    return terminal;
}

/* Makes a group the one that reads from the terminal. SIGTTOU would stop whoever is not. */
static void terminal_give(int terminal, pid_t group)
{
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTTOU);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    (void)!tcsetpgrp(terminal, group);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* -- start and end --------------------------------------------------------------------------- */

/* The child, with all signals blocked: until it is another program they would be answered twice. */
static void __attribute__((noreturn))
become(const struct helper *helper, int output, const sigset_t *before)
{
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

    setpgid(0, 0);
    if (helper->terminal >= 0)
        terminal_give(helper->terminal, getpid());
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        signal(ours[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, before, NULL);
    if (dup2(output, STDOUT_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", helper->options->command, (char *)NULL);
    _exit(127);
}

static bool start(struct helper *helper)
{
    sigset_t all, before;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid = fork();
    if (pid == 0)
        become(helper, ends[1], &before);
    if (pid > 0) {
        setpgid(pid, pid); /* here and there: whoever comes first */
        helper->pid = pid;
        running = pid;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    helper->output = ends[0];
    close(ends[1]);
    return pid > 0;
}

/* True when the first process has ended. */
static bool reap(struct helper *helper)
{
    if (helper->pid > 0 && waitpid(helper->pid, &helper->status, WNOHANG) == helper->pid)
        helper->pid = 0;
    return helper->pid == 0;
}

/* Ends the whole group, in kindness first. */
static void end(struct helper *helper)
{
    const pid_t group = helper->pid;
    int64_t until_ms = clock_monotonic_ms() + GRACE_MS;

    if (group == 0)
        return;
    kill(-group, SIGTERM);
    kill(-group, SIGCONT);
    while ((!reap(helper) || kill(-group, 0) == 0) && clock_monotonic_ms() < until_ms)
        poll(NULL, 0, EXIT_LOOK_MS);
    kill(-group, SIGKILL);
    while (helper->pid > 0 && waitpid(helper->pid, &helper->status, 0) < 0 && errno == EINTR)
        ;
    helper->pid = 0;
}

void helper_kill(void)
{
    if (running > 0)
        kill(-(pid_t)running, SIGKILL);
}

/* -- waiting --------------------------------------------------------------------------------- */

static bool time_is_over(const struct helper *helper, struct error *error)
{
    struct buf text;

    buf_init(&text, 64);
    text_add_duration(&text, helper->timeout_ms);
    error_set(error, ERROR_AUTH, "the credential helper did not end within %s (--timeout)",
              buf_text(&text));
    buf_release(&text);
    return false;
}

/* False: there is nothing more to wait for. */
static bool may_wait(const struct helper *helper, struct error *error)
{
    const struct helper_options *options = helper->options;

    if (options->stop && *options->stop)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    return clock_monotonic_ms() < helper->until_ms || time_is_over(helper, error);
}

static int wait_ms(const struct helper *helper)
{
    int64_t left_ms = helper->until_ms - clock_monotonic_ms();

    return left_ms < 0 ? 0 : left_ms < LOOK_MS ? (int)left_ms : LOOK_MS;
}

/* Reads up to the end of the output. */
static bool read_all(struct helper *helper, struct buf *out, struct error *error)
{
    struct pollfd look = {.fd = helper->output, .events = POLLIN};
    char chunk[1024];
    ssize_t got = 1;

    while (got != 0 && !out->failed) {
        if (!may_wait(helper, error))
            return false;
        if (poll(&look, 1, wait_ms(helper)) <= 0)
            continue;
        got = read(helper->output, chunk, sizeof(chunk));
        if (got < 0 && errno != EINTR)
            return error_set(error, ERROR_AUTH, "the credential helper: %s", strerror(errno));
        if (got > 0)
            buf_add(out, chunk, (size_t)got);
        OPENSSL_cleanse(chunk, sizeof(chunk));
    }
    return !out->failed ||
           error_set(error, ERROR_AUTH, "the credential helper prints more than a client secret");
}

static bool wait_for_exit(struct helper *helper, struct error *error)
{
    while (!reap(helper)) {
        if (!may_wait(helper, error))
            return false;
        poll(NULL, 0, EXIT_LOOK_MS);
    }
    if (helper->status == 0)
        return true;
    if (WIFSIGNALED(helper->status) && WTERMSIG(helper->status) == SIGINT)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    return error_set(error, ERROR_AUTH, "the credential helper failed");
}

bool helper_run(const struct helper_options *options, struct buf *out, struct error *error)
{
    struct helper helper = {.options = options, .output = -1, .terminal = terminal_open()};
    bool ok;

    helper.timeout_ms = options->timeout_ms ? options->timeout_ms : USUAL_MS;
    helper.until_ms = clock_monotonic_ms() + helper.timeout_ms;
    ok = start(&helper) ||
         error_set(error, ERROR_AUTH, "the credential helper could not be started: %s",
                   strerror(errno));
    ok = ok && read_all(&helper, out, error) && wait_for_exit(&helper, error);
    end(&helper);
    running = 0;
    if (helper.terminal >= 0) {
        terminal_give(helper.terminal, getpgrp());
        close(helper.terminal);
    }
    if (helper.output >= 0)
        close(helper.output);
    return ok;
}
