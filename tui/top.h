/* The dashboard, but for terminal and clock: keys and answers in, a drawn canvas out.
 *
 * One struct holds all that is on the screen. A back end (screen_curses.c, screen_text.c, a test)
 * gives it keys and time and asks it to draw; it never reads a clock, a terminal or a locale.
 *
 * A view is a table of functions (view.h). A dialog (dialog.h) stands before the view and takes the
 * keys while it is there.
 */
#ifndef TUI_TOP_H
#define TUI_TOP_H

#include "tui/canvas.h"
#include "tui/fleet.h"
#include "tui/genesys.h"
#include "tui/order.h"
#include "tui/prompt.h"
#include "tui/request.h"
#include "tui/watch.h"
#include "tui/wire.h"

enum view_id {
    VIEW_OVERVIEW,
    VIEW_SUBSCRIPTION,
    VIEW_LETTERS,
    VIEW_DRIFT,
    VIEW_LOG,
    VIEW_HELP,
    VIEWS
};

/* One line of the log: what was done here, with which result; or a failure to be seen. */
enum log_kind { LOG_DONE, LOG_REFUSED, LOG_UNKNOWN, LOG_NOTE, LOG_PROBLEM, LOG_AUTH };
struct log_line {
    int64_t at_ms;
    enum log_kind kind;
    char *text;
};

struct letters;
struct dialog;
struct top_own; /* top_state.h */
struct top {
    /* Given; borrowed. */
    struct wire *wire;
    struct watch *watch;
    struct fleet *fleet;
    struct genesys *genesys; /* NULL: none, or a replay: then the wire has its snapshots */
    bool read_only, color;
    const char *who; /* stands in what is recorded of actions */

    int64_t now_ms;
    enum view_id view, before; /* before: where Esc leads from HELP, SUBSCRIPTION, … */
    int64_t frozen;            /* the step that is shown; -1: the newest */
    struct query *query;
    char query_text[PROMPT_BYTES];
    struct order order;
    size_t selected; /* row of the fleet; SIZE_MAX: none */
    bool *marks;     /* by row of the fleet */
    size_t mark_capacity;
    int scroll[VIEWS], cursor[VIEWS], panel[VIEWS];
    struct letters *letters; /* view_letters.c's */
    struct dialog *dialog;   /* NULL: none */
    struct prompt prompt;
    enum top_request prompting; /* what the prompt is for; REQUEST_NONE: there is none */
    char message[256];          /* in the foot line until the next key */
    enum log_kind message_kind;
    struct log_line *log;
    size_t log_count, log_first;
    const json_t *genesys_now; /* the newest snapshot; NULL */
    const char *save_folder;   /* for `w`; NULL: the working folder */
    bool dirty;                /* something is to be drawn */
    bool quit;
    struct top_own *own; /* top*.c's */
};

struct top_options {
    struct wire *wire;
    struct watch *watch;
    struct fleet *fleet;
    struct genesys *genesys;
    bool read_only, color;
    const char *who, *save_folder;
    const char *query, *sort; /* as --filter and --sort gave them; NULL */
    int64_t interval_ms;      /* between two steps of the fleet; 0: 1 s */
};
/* NULL: *error says why (a filter that cannot be read: ERROR_INVALID). */
struct top *top_new(const struct top_options *options, struct error *error);
void top_free(struct top *top);

void top_key(struct top *top, int key);
/* Time went on: takes what came in, ticks the fleet when an interval is over. */
void top_step(struct top *top, int64_t now_ms);
/* How many milliseconds until top_step has something to do by itself. */
int64_t top_wait_ms(const struct top *top, int64_t now_ms);
/* True: something is to be drawn since the last top_draw. */
bool top_is_dirty(const struct top *top);
void top_draw(struct top *top, struct canvas *canvas);

/* For views, dialogs and actions. */
int64_t top_shown_step(const struct top *top); /* the frozen or the newest */
void top_say(struct top *top, enum log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* in the foot line and the log */
void top_note(struct top *top, enum log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4))); /* in the log alone */
void top_show(struct top *top, enum view_id view);
const struct log_line *top_log(const struct top *top, size_t n); /* 0: the oldest; NULL: none */
/* The Genesys side's entry of a row ("subscriptions" of the snapshot); NULL. */
const json_t *top_genesys_of(const struct top *top, size_t row);

#endif
