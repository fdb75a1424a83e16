/* What a key may ask for: one list gives the enum, the bindings, the help, the names for `:` and
 * the manual. */
#ifndef TUI_REQUEST_H
#define TUI_REQUEST_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Keys beyond characters, as the back ends and scripts name them. */
enum key {
    KEY_NONE_ = 0x110000,
    KEY_UP_,
    KEY_DOWN_,
    KEY_LEFT_,
    KEY_RIGHT_,
    KEY_HOME_,
    KEY_END_,
    KEY_PAGE_UP_,
    KEY_PAGE_DOWN_,
    KEY_ENTER_,
    KEY_ESCAPE_,
    KEY_TAB_,
    KEY_BACK_TAB_,
    KEY_BACKSPACE_,
    KEY_DELETE_,
    KEY_F1_,
    KEYS_END_
};

enum top_request {
    REQUEST_NONE,
    REQUEST_HELP,
    REQUEST_FILTER,
    REQUEST_COMMAND,
    REQUEST_SORT_MENU,
    REQUEST_SORT_LEFT,
    REQUEST_SORT_RIGHT,
    REQUEST_REVERSE,
    REQUEST_UP,
    REQUEST_DOWN,
    REQUEST_PAGE_UP,
    REQUEST_PAGE_DOWN,
    REQUEST_FIRST,
    REQUEST_LAST,
    REQUEST_IN,
    REQUEST_BACK,
    REQUEST_PANEL,
    REQUEST_OVERVIEW,
    REQUEST_LETTERS,
    REQUEST_DRIFT,
    REQUEST_LOG,
    REQUEST_FREEZE,
    REQUEST_STEP_BACK,
    REQUEST_STEP_ON,
    REQUEST_LIVE,
    REQUEST_MARK,
    REQUEST_SAVE,
    REQUEST_REFRESH,
    REQUEST_PAUSE,
    REQUEST_REPLAY,
    REQUEST_DISCARD,
    REQUEST_QUIT,
    REQUESTS
};

struct request_row {
    enum top_request request;
    const char *name; /* for `:`, "sort-menu" */
    const char *keys; /* as help shows them, blanks between: "z", "j Down" */
    const char *help;
    bool acts; /* changes something: gone with --read-only */
};
extern const struct request_row request_table[REQUESTS]; /* [0] is REQUEST_NONE, without a name */

enum top_request request_of_key(int key, bool read_only);
enum top_request request_of_name(const char *name,
                                 bool read_only); /* REQUEST_NONE: there is none */

/* "Down", "C-c", "x", "é": the key, or -1. What scripts and the table are written in. */
int key_of_name(const char *name);
/* The name of a key, for messages; at least 16 bytes. */
char *key_name(char *out, size_t size, int key);

/* The help as lines, "j Down      the next row"; for the manual and the help view. */
void request_help(struct buf *out, bool read_only);

#endif
