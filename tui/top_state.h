/* What the files of top share. Private to top*.c, view.c and view_log.c. */
#ifndef TUI_TOP_STATE_H
#define TUI_TOP_STATE_H

#include "tui/dialog.h"
#include "tui/view.h"

enum { LOG_LINES = 1000, LOG_TEXT_BYTES = 1024, PROBLEM_BYTES = 512 };

/* Smaller screens have neither title nor foot. */
enum { FRAME_ROWS_LEAST = 8, FRAME_COLUMNS_LEAST = 40 };

/* An endpoint as it was looked at last: what differs is logged. */
struct top_seen {
    enum endpoint_state state;
    bool down, refused; /* down: until it is live again */
    int64_t down_since_ms;
    char problem[PROBLEM_BYTES];
};

struct top_own {
    int64_t interval_ms;
    int64_t due_ms;      /* of the fleet's next step; -1: not begun */
    int64_t drawn_ms;    /* -1: never */
    int64_t frozen_from; /* the newest step when it was frozen; -1 */
    bool arrange;        /* the order is to be made anew: its pointers may have died */
    size_t place;        /* of the selected row in the order */
    struct top_seen *seen;
    int64_t genesys_ms; /* of the snapshot that was taken last; -1 */
    char genesys_problem[PROBLEM_BYTES];
    int rows, columns; /* of the screen, when it was drawn last; 0: never */
    bool ascii;
    char text_before[PROMPT_BYTES]; /* what the filter was when its prompt began */
    char log_text[PROMPT_BYTES];    /* the log's own filter */
    const char **names;        /* what `:` begins with; ends with NULL; the texts are the tables' */
    const char **words;        /* these, and what follows them, for completion */
    enum act_kind choice_kind; /* which endpoint R or D is for, while a menu asks */
    size_t choice_row, choice_count, *choices;
};

/* In the foot line alone, until the next key. */
void top_hint(struct top *top, enum log_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void top_log_free(struct top *top);

/* Makes the order of the shown step where it is due, and keeps the selection. */
void top_arrange(struct top *top);

/* False: *error says why; the old one stands. */
MUST_CHECK bool top_set_query(struct top *top, const char *text, struct error *error);
MUST_CHECK bool top_set_sort(struct top *top, const char *name, struct error *error);
void top_sort_by(struct top *top, enum column_id column);

/* What a key or a name asked for: the view's, else what all views have in common. */
void top_request(struct top *top, enum top_request request);

/* False: no memory. */
MUST_CHECK bool top_command_init(struct top *top);
void top_filter_begin(struct top *top);
void top_command_begin(struct top *top);
void top_prompt_key(struct top *top, int key);

/* The screen as text in a new file; NULL: one that is named after the time. Says what became of
 * it. */
void top_save(struct top *top, const char *path);

#endif
