/* What the parts of the terminal back end share. Private to screen_*.c. */
#ifndef TUI_SCREEN_STATE_H
#define TUI_SCREEN_STATE_H

#include "tui/screen.h"

/* screen_keys.c: a curses key, or a character, → a key of request.h; -1: it stands for none. Takes
 * the mouse's event from curses. */
int screen_map_code(int code);
int screen_map_character(unsigned character);

/* screen_style.c: after newterm; `color`: colours are wanted. A style's attributes and pair. */
void screen_styles_begin(bool color);
struct screen_look {
    unsigned long attributes; /* curses's attr_t */
    short pair;               /* 0: the terminal's own colours */
};
struct screen_look screen_look_of(unsigned style);

/* screen_terminfo.c: whether stdin and stdout are a terminal that can move its cursor. Writes
 * nothing to it: newterm takes one that can do nothing as well. */
MUST_CHECK bool screen_can_be_drawn(struct error *error);

/* Keeps the terminal's modes, before curses changes them. */
void screen_rescue_keep(void);
/* Makes the text of what gives the terminal back, once curses knows the terminal; from now on
 * screen_rescue does its work. */
void screen_rescue_arm(bool mouse);
/* The terminal was given back, or is taken again. */
void screen_rescue_set(bool armed);

#endif
