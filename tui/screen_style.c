/* How a style looks: a colour, or without colours what else tells it from the rest. */
#include "tui/screen_state.h"

#define NCURSES_WIDECHAR 1
#include <curses.h>

enum { OWN = -1 }; /* the terminal's own colour */

static const struct {
    short color;
    attr_t with, without; /* attributes with colours, and without */
} rows[STYLES] = {
    [STYLE_PLAIN] = {OWN, A_NORMAL, A_NORMAL},
    [STYLE_DIM] = {OWN, A_DIM, A_DIM},
    [STYLE_STRONG] = {OWN, A_BOLD, A_BOLD},
    [STYLE_TITLE] = {OWN, A_REVERSE, A_REVERSE},
    [STYLE_HEAD] = {COLOR_CYAN, A_BOLD, A_UNDERLINE},
    [STYLE_SELECTED] = {OWN, A_REVERSE, A_REVERSE},
    [STYLE_MARKED] = {COLOR_YELLOW, A_BOLD, A_BOLD | A_UNDERLINE},
    [STYLE_GOOD] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
    [STYLE_WARN] = {COLOR_YELLOW, A_NORMAL, A_BOLD},
    [STYLE_BAD] = {COLOR_RED, A_BOLD, A_REVERSE},
    [STYLE_ALARM] = {COLOR_RED, A_BOLD | A_REVERSE, A_BOLD | A_REVERSE},
    [STYLE_PAUSED] = {COLOR_MAGENTA, A_NORMAL, A_UNDERLINE},
    [STYLE_FROZEN] = {OWN, A_BOLD | A_REVERSE, A_BOLD | A_REVERSE},
    [STYLE_GRAPH_1] = {COLOR_GREEN, A_NORMAL, A_NORMAL},
    [STYLE_GRAPH_2] = {COLOR_CYAN, A_NORMAL, A_NORMAL},
    [STYLE_GRAPH_3] = {COLOR_RED, A_NORMAL, A_NORMAL},
    [STYLE_ADD] = {COLOR_GREEN, A_NORMAL, A_BOLD},
    [STYLE_CHANGE] = {COLOR_YELLOW, A_NORMAL, A_NORMAL},
    [STYLE_REMOVE] = {COLOR_RED, A_NORMAL, A_UNDERLINE},
    [STYLE_KEY] = {COLOR_CYAN, A_BOLD, A_BOLD},
};
static bool colored;

void screen_styles_begin(bool color)
{
    short ground = OWN;

    colored = color && has_colors() && start_color() == OK && COLOR_PAIRS > STYLES;
    if (!colored)
        return;
    if (use_default_colors() != OK)
        ground = COLOR_BLACK; /* it cannot go back to its own */
    for (short i = 0; i < STYLES; i++)
        if (rows[i].color != OWN)
            init_pair((short)(i + 1), rows[i].color, ground);
}

struct screen_look screen_look_of(unsigned style)
{
    if (style >= STYLES)
        style = STYLE_PLAIN;
    if (!colored)
        return (struct screen_look){rows[style].without, 0};
    return (struct screen_look){rows[style].with,
                                rows[style].color == OWN ? (short)0 : (short)(style + 1)};
}
