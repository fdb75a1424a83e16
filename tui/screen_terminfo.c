/* What terminfo knows: whether a terminal can be drawn on, and what gives it back when there is no
 * time left for curses. That is made at the start, so that a signal's handler only writes it. */
#include "tui/screen_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

/* -- what it can --------------------------------------------------------------------------------
 */

bool screen_can_be_drawn(struct error *error)
{
    const char *name = getenv("TERM");
    bool can;
    int state;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(error, ERROR_INVALID, "this is no terminal");
    if (setupterm(NULL, STDOUT_FILENO, &state) != OK)
        return error_set(error, ERROR_INVALID, "TERM=%s: nothing is known of such a terminal",
                         name ? name : "");
    can = cursor_address && !hard_copy && !generic_type;
    del_curterm(cur_term);
    return can || error_set(error, ERROR_INVALID, "TERM=%s: it cannot move its cursor", name);
}

/* -- giving it back -----------------------------------------------------------------------------
 */

static volatile sig_atomic_t is_armed;
static bool has_modes;
static struct termios modes;
static char text[512];
static size_t length;

void screen_rescue_keep(void)
{
    has_modes = tcgetattr(STDOUT_FILENO, &modes) == 0;
}

/* tputs wants it so. What does not fit is left out. */
static int add_byte(int byte)
{
    if (length < sizeof(text))
        text[length++] = (char)byte;
    return byte;
}

static void add(const char *capability)
{
    if (capability && capability != (const char *)-1)
        (void)tputs(capability, 1, add_byte);
}

/* Where a description does not know how the mouse is turned off, curses takes xterm's way, too. */
static void add_mouse(void)
{
    const char *mode = tigetstr("XM");

    add(mode && mode != (const char *)-1 ? tiparm(mode, 0) : "\033[?1000l");
}

void screen_rescue_arm(bool mouse)
{
    length = 0;
    add(enter_am_mode); /* curses leaves it for the last cell */
    add(exit_alt_charset_mode);
    add(exit_attribute_mode);
    add(orig_pair);
    add(cursor_normal);
    add(keypad_local);
    if (mouse)
        add_mouse();
    add(exit_ca_mode ? exit_ca_mode : "\r\n");
    screen_rescue_set(true);
}

void screen_rescue_set(bool armed)
{
    is_armed = armed;
}

void screen_rescue(void)
{
    int kept = errno;

    if (!is_armed)
        return;
    is_armed = 0;
    if (write(STDOUT_FILENO, text, length) < 0)
        errno = kept;
    if (has_modes)
        (void)tcsetattr(STDOUT_FILENO, TCSANOW, &modes);
}
