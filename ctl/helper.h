/* A user's command, run for what it prints: bounded in time, ended by a signal.
 *
 * It has a process group of its own, so that an end that comes too soon takes all that it started
 * with it. Where eventctl has the terminal the helper gets it meanwhile: it may ask for a password,
 * and Ctrl-C is then the helper's.
 */
#ifndef CTL_HELPER_H
#define CTL_HELPER_H

#include "core/buf.h"
#include "core/error.h"

#include <signal.h>
#include <stdint.h>

struct helper_options {
    const char *command;               /* for /bin/sh */
    int64_t timeout_ms;                /* 0: 60 s */
    const volatile sig_atomic_t *stop; /* set by a signal */
};

/* Appends what the command prints. False: ERROR_AUTH when it could not be started, failed or took
 * too long, ERROR_INTERRUPTED when it was stopped; what took too long or was stopped is ended with
 * all that it started. What was read stands in `out`, which the caller wipes, either way. */
MUST_CHECK bool helper_run(const struct helper_options *options, struct buf *out,
                           struct error *error);

/* Kills a helper that is running. For a signal handler that ends the program. */
void helper_kill(void);

#endif
