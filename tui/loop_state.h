/* What the screen's loop and the text's loop share. Private to loop*.c. */
#ifndef TUI_LOOP_STATE_H
#define TUI_LOOP_STATE_H

#include "tui/loop.h"
#include "tui/screen.h"
#include "tui/signals.h"
#include "tui/watch.h"

struct loop {
    const struct top_settings *settings;
    struct ingest *ingest; /* NULL: a replay */
    struct wire *wire;
    struct fleet *fleet;
    struct watch *watch;
    struct genesys *genesys; /* NULL: none */
    int64_t interval_ms;
    int64_t base_ms;           /* since the epoch, when the clock that never jumps was 0 */
    int64_t first_ms, last_ms; /* of a replay */
    struct pollfd *fds;
    size_t fds_most;
    struct buf last_words; /* for stderr, once the terminal was given back */
};

/* Since the epoch; never goes back, and counts on while the machine sleeps. In a replay on a
 * screen: the recording's time. */
int64_t loop_now(const struct loop *loop);

/* Takes what came in and asks what is due. Returns milliseconds until something is. *drift: there
 * is news of the Genesys side. */
int64_t loop_turn(struct loop *loop, int64_t now_ms, bool *drift);

/* Waits for sockets, signals, the keyboard (-1: none), and a reader of `out` that goes away (-1:
 * not looked at). */
struct loop_woken {
    bool keyboard, keyboard_gone, out_gone;
};
struct loop_woken loop_wait(struct loop *loop, int keyboard, int out, int64_t timeout_ms);

MUST_CHECK bool loop_screen(struct loop *loop, struct screen *screen, struct error *error);
MUST_CHECK bool loop_text(struct loop *loop, enum top_health *health, struct error *error);

bool loop_interrupted(struct error *error); /* sets it; false */

#endif
