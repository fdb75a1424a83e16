/* Signals as flags, with a pipe that wakes poll().
 *
 * SIGTERM, SIGHUP and SIGINT ask for an orderly end; one more ends at once with
 * ERROR_INTERRUPTED, the terminal given back. SIGWINCH, SIGTSTP and SIGCONT are flags. After a
 * crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT) the terminal is given back, and the
 * signal then does what it did before.
 *
 * Always holds: what was set before signals_begin is set again after signals_end.
 */
#ifndef TUI_SIGNALS_H
#define TUI_SIGNALS_H

#include "core/error.h"

/* What came since the last signals_take; end stays. */
struct signals {
    bool end, resized, stop, continued;
};

/* `screen`: also those that only a terminal needs. */
MUST_CHECK bool signals_begin(bool screen, struct error *error);
/* Once more, after somebody else (curses) set handlers of its own. */
void signals_set(void);
void signals_end(void);

/* To be polled for reading. */
int signals_fd(void);
struct signals signals_take(void);

#endif
