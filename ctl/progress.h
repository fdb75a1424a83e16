/* Progress of long work on stderr: a bar on a terminal, else at most a line every ten seconds.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *what; /* "writes" */
    bool silent, terminal;
    int64_t shown_ms; /* when it was last shown, monotonic; 0: never */
    bool bar_on_screen;
};

/* `silent`: nothing is ever shown. */
void progress_init(struct progress *progress, const char *what, bool silent);
void progress_show(struct progress *progress, size_t done, size_t total, int64_t eta_ms);

/* Takes the bar off the screen: before anything else is printed, and at the end. */
void progress_clear(struct progress *progress);

#endif
