/* The back ends that show a canvas. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include "tui/canvas.h"

struct screen;

/* A terminal by ncurses (newterm). NULL: stdout or stdin is no terminal, TERM is unknown, or the
 * terminal cannot move its cursor: the caller then prints text. Changes the locale of LC_CTYPE. */
struct screen *screen_new(bool color, bool mouse, struct error *error);
/* Gives the terminal back as it was. */
void screen_free(struct screen *screen);
void screen_size(const struct screen *screen, int *rows, int *columns);
bool screen_is_ascii(const struct screen *screen); /* no UTF-8 locale */
/* Draws what differs, in one update. */
void screen_show(struct screen *screen, const struct canvas *canvas);
/* The next key, or -1: there is none. Never waits. */
int screen_key(struct screen *screen);
void screen_resized(struct screen *screen); /* after SIGWINCH */
void screen_suspend(struct screen *screen); /* gives it back, stops the process, takes it again */
bool screen_is_gone(const struct screen *screen); /* the terminal hung up */
/* For a crash or a second signal: gives the terminal back by one write of a text that was made at
 * the start. Async-signal-safe; nothing when there is no screen. */
void screen_rescue(void);

#endif
