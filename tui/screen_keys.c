/* What the keyboard says → the keys of request.h. */
#include "tui/screen_state.h"

#include "tui/request.h"

/* Curses has a key_name of its own, which nobody here calls. */
#define NCURSES_WIDECHAR 1
#define key_name         curses_key_name
#include <curses.h>
#undef key_name

struct row {
    int from, key;
};
static const struct row codes[] = {
    {KEY_UP, KEY_UP_},         {KEY_DOWN, KEY_DOWN_},           {KEY_LEFT, KEY_LEFT_},
    {KEY_RIGHT, KEY_RIGHT_},   {KEY_HOME, KEY_HOME_},           {KEY_END, KEY_END_},
    {KEY_PPAGE, KEY_PAGE_UP_}, {KEY_NPAGE, KEY_PAGE_DOWN_},     {KEY_ENTER, KEY_ENTER_},
    {KEY_BTAB, KEY_BACK_TAB_}, {KEY_BACKSPACE, KEY_BACKSPACE_}, {KEY_DC, KEY_DELETE_},
    {KEY_F(1), KEY_F1_},
};
static const struct row characters[] = {
    {'\r', KEY_ENTER_},    {'\n', KEY_ENTER_},     {'\t', KEY_TAB_},
    {'\033', KEY_ESCAPE_}, {'\b', KEY_BACKSPACE_}, {0x7F, KEY_BACKSPACE_},
};

static int find(const struct row *rows, size_t count, int from, int otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].from == from)
            return rows[i].key;
    return otherwise;
}

/* The wheel moves the cursor; a click is nothing. */
static int map_mouse(void)
{
    MEVENT event;

    if (getmouse(&event) != OK)
        return -1;
    return event.bstate & BUTTON4_PRESSED   ? KEY_UP_
           : event.bstate & BUTTON5_PRESSED ? KEY_DOWN_
                                            : -1;
}

int screen_map_code(int code)
{
    return code == KEY_MOUSE ? map_mouse()
                             : find(codes, sizeof(codes) / sizeof(codes[0]), code, -1);
}

int screen_map_character(unsigned character)
{
    if (character == 0 || character >= KEY_NONE_)
        return -1;
    return find(characters, sizeof(characters) / sizeof(characters[0]), (int)character,
                (int)character);
}
