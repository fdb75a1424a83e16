#include "tui/screen.h"

#include "tui/screen_state.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

enum { ESCAPE_DELAY_MS = 25, CONTROL_L = 12 };

struct screen {
    SCREEN *curses;
    WINDOW *keys; /* a pad: reading from it never draws */
    bool ascii;
    bool gone;         /* a read failed for good */
    mbstate_t partial; /* of a character that is being read */
    /* What curses was told last; NULL: all is to be told. */
    struct cell *shown;
    int rows, columns; /* of that */
};

/* -- taking the terminal ------------------------------------------------------------------------
 */

static void on_nothing(int signal)
{
    (void)signal;
}

/* Curses leaves alone what has a handler already, and it must: else it ignores SIGTSTP while it
 * draws, and a stop asked for just then would be lost. What comes meanwhile waits. */
static SCREEN *new_terminal(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
    enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };
    struct sigaction before[SIGNALS], handled = {.sa_handler = on_nothing};
    sigset_t these, mask;
    SCREEN *curses;

    sigemptyset(&handled.sa_mask);
    sigemptyset(&these);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaddset(&these, signals[i]);
    sigprocmask(SIG_BLOCK, &these, &mask);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &handled, &before[i]);
    curses = newterm(NULL, stdout, stdin);
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return curses;
}

/* Interrupt and suspend stay signals; quit would leave the terminal as it is. */
static void set_modes(void)
{
    struct termios modes;

    cbreak();
    noecho();
    nonl();
    if (tcgetattr(STDOUT_FILENO, &modes) == 0) {
        modes.c_cc[VQUIT] = _POSIX_VDISABLE;
        (void)tcsetattr(STDOUT_FILENO, TCSANOW, &modes);
    }
    def_prog_mode();
}

static bool set_up(struct screen *screen, bool color, bool mouse)
{
    screen->keys = newpad(1, 1);
    if (!screen->keys)
        return false;
    set_modes();
    if (!getenv("ESCDELAY"))
        set_escdelay(ESCAPE_DELAY_MS);
    typeahead(-1); /* a frame is drawn as a whole */
    keypad(screen->keys, TRUE);
    nodelay(screen->keys, TRUE);
    screen_styles_begin(color);
    if (mouse) {
        mousemask(BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
        mouseinterval(0);
    }
    return true;
}

struct screen *screen_new(bool color, bool mouse, struct error *error)
{
    struct screen *screen;

    setlocale(LC_CTYPE, "");
    use_tioctl(TRUE); /* the terminal itself knows its size, not LINES and COLUMNS */
    if (!screen_can_be_drawn(error))
        return NULL;
    screen = calloc(1, sizeof(*screen));
    if (!screen) {
        error_no_memory(error);
        return NULL;
    }
    screen->ascii = strcasecmp(nl_langinfo(CODESET), "UTF-8") != 0;
    screen_rescue_keep();
    screen->curses = new_terminal();
    if (!screen->curses || !set_up(screen, color, mouse)) {
        error_set(error, ERROR_FAILED, "curses cannot begin");
        screen_free(screen);
        return NULL;
    }
    screen_rescue_arm(mouse);
    return screen;
}

void screen_free(struct screen *screen)
{
    if (!screen)
        return;
    if (screen->keys)
        delwin(screen->keys);
    if (screen->curses) {
        endwin();
        delscreen(screen->curses);
    }
    screen_rescue_set(false);
    free(screen->shown);
    free(screen);
}

/* -- what the terminal is -----------------------------------------------------------------------
 */

void screen_size(const struct screen *screen, int *rows, int *columns)
{
    (void)screen;
    getmaxyx(stdscr, *rows, *columns);
}

bool screen_is_ascii(const struct screen *screen)
{
    return screen->ascii;
}

bool screen_is_gone(const struct screen *screen)
{
    struct pollfd keyboard = {STDIN_FILENO, POLLIN, 0};

    return screen->gone ||
           (poll(&keyboard, 1, 0) > 0 && (keyboard.revents & (POLLHUP | POLLERR | POLLNVAL)));
}

/* -- drawing ------------------------------------------------------------------------------------
 */

/* What is on the terminal is not known any more. */
static void forget(struct screen *screen)
{
    free(screen->shown);
    screen->shown = NULL;
    erase();
    clearok(curscr, TRUE);
}

/* Whether curses takes as many columns for it as the canvas does. */
static bool is_as_wide(const wchar_t *text, int columns)
{
    return text[0] && wcwidth(text[0]) == columns;
}

/* A base with its marks, as many as curses takes; "?" for what it would not show as the canvas
 * means it. */
static void make_character(cchar_t *character, const struct cell *cell, int columns)
{
    struct screen_look look = screen_look_of(cell->style);
    wchar_t text[CELL_BYTES + 1] = L"";

    if (mbstowcs(text, cell->text, CELL_BYTES) == (size_t)-1)
        text[0] = L'\0';
    text[CCHARW_MAX < CELL_BYTES ? CCHARW_MAX : CELL_BYTES] = L'\0';
    if (!is_as_wide(text, columns) ||
        setcchar(character, text, (attr_t)look.attributes, look.pair, NULL) != OK)
        (void)setcchar(character, L"?", (attr_t)look.attributes, look.pair, NULL);
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    return a->style == b->style && strcmp(a->text, b->text) == 0;
}

/* One row, as far as it differs from `before` (NULL: all of it). The right half of a wide character
 * was told with its left one. */
static void show_row(const struct cell *cells, const struct cell *before, int row, int columns)
{
    for (int i = 0; i < columns; i++) {
        int width = i + 1 < columns && !cells[i + 1].text[0] ? 2 : 1;
        cchar_t character;
        if (!cells[i].text[0] || (before && is_same(&cells[i], &before[i])))
            continue;
        make_character(&character, &cells[i], width);
        (void)mvadd_wch(row, i, &character); /* fails after it wrote the last cell */
    }
}

/* Without memory for it, all is told each time. */
static void keep(struct screen *screen, const struct canvas *canvas, int rows, int columns)
{
    if (!screen->shown)
        screen->shown = malloc(sizeof(struct cell) * (size_t)rows * (size_t)columns);
    for (int i = 0; screen->shown && i < rows; i++)
        memcpy(screen->shown + (size_t)i * (size_t)columns,
               canvas->cells + (size_t)i * (size_t)canvas->columns,
               sizeof(struct cell) * (size_t)columns);
    screen->rows = rows;
    screen->columns = columns;
}

static void show_cursor(const struct canvas *canvas)
{
    bool shown = canvas->cursor_row >= 0;

    leaveok(stdscr, !shown);
    curs_set(shown);
    if (shown)
        move(canvas->cursor_row, canvas->cursor_column);
}

void screen_show(struct screen *screen, const struct canvas *canvas)
{
    int rows, columns;

    screen_size(screen, &rows, &columns);
    rows = canvas->rows < rows ? canvas->rows : rows;
    columns = canvas->columns < columns ? canvas->columns : columns;
    if (screen->shown && (rows != screen->rows || columns != screen->columns))
        forget(screen);
    for (int i = 0; i < rows; i++)
        show_row(canvas->cells + (size_t)i * (size_t)canvas->columns,
                 screen->shown ? screen->shown + (size_t)i * (size_t)columns : NULL, i, columns);
    keep(screen, canvas, rows, columns);
    show_cursor(canvas);
    wnoutrefresh(stdscr);
    doupdate();
}

/* -- keys and signals ---------------------------------------------------------------------------
 */

/* The character that ends with this byte; 0: none does. What is no character is left out, and the
 * byte after it begins anew: wget_wch would wait for more and take keys with it. */
static unsigned add_byte(struct screen *screen, char byte)
{
    wchar_t character = L'\0';
    size_t length = mbrtowc(&character, &byte, 1, &screen->partial);

    if (length == (size_t)-1) {
        memset(&screen->partial, 0, sizeof(screen->partial));
        length = mbrtowc(&character, &byte, 1, &screen->partial);
    }
    if (length == (size_t)-1)
        memset(&screen->partial, 0, sizeof(screen->partial));
    return length == 1 ? (unsigned)character : 0;
}

int screen_key(struct screen *screen)
{
    for (;;) {
        int value, key;
        errno = 0;
        value = wgetch(screen->keys);
        if (value == ERR) {
            screen->gone = screen->gone || errno == EIO;
            return -1;
        }
        key = value >= KEY_MIN ? screen_map_code(value)
                               : screen_map_character(add_byte(screen, (char)value));
        if (key == CONTROL_L)
            forget(screen); /* somebody else wrote there */
        if (key >= 0)
            return key;
    }
}

/* Who stopped the process and let it go on may have had the terminal in between. */
void screen_resized(struct screen *screen)
{
    struct winsize size;

    reset_prog_mode();
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        (void)resizeterm(size.ws_row < CANVAS_ROWS_MOST ? size.ws_row : CANVAS_ROWS_MOST,
                         size.ws_col < CANVAS_COLUMNS_MOST ? size.ws_col : CANVAS_COLUMNS_MOST);
    forget(screen);
}

void screen_suspend(struct screen *screen)
{
    struct sigaction before, stop = {.sa_handler = SIG_DFL};

    endwin();
    screen_rescue_set(false);
    sigemptyset(&stop.sa_mask);
    sigaction(SIGTSTP, &stop, &before);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
    screen_rescue_set(true);
    forget(screen);
}
