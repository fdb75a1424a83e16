#include "tui/request.h"

#include "core/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* -- the table ----------------------------------------------------------------------------------
 */

const struct request_row request_table[REQUESTS] = {
    {REQUEST_NONE, "", "", "", false},
    {REQUEST_HELP, "help", "? F1", "this help", false},
    {REQUEST_FILTER, "filter", "/", "show only what a filter lets through", false},
    {REQUEST_COMMAND, "command", ":", "any of these by its name; Tab completes", false},
    {REQUEST_SORT_MENU, "sort-menu", "s", "choose the column to sort by", false},
    {REQUEST_SORT_LEFT, "sort-left", "<", "sort by the column to the left", false},
    {REQUEST_SORT_RIGHT, "sort-right", ">", "sort by the column to the right", false},
    {REQUEST_REVERSE, "reverse", "r", "turn the sort order around", false},
    {REQUEST_UP, "up", "k Up", "the row above", false},
    {REQUEST_DOWN, "down", "j Down", "the row below", false},
    {REQUEST_PAGE_UP, "page-up", "PgUp", "a page up", false},
    {REQUEST_PAGE_DOWN, "page-down", "PgDn", "a page down", false},
    {REQUEST_FIRST, "first", "g Home", "the first row", false},
    {REQUEST_LAST, "last", "G End", "the last row", false},
    {REQUEST_IN, "in", "Enter Right", "into what is selected", false},
    {REQUEST_BACK, "back", "Esc Left", "back to where this came from", false},
    {REQUEST_PANEL, "panel", "Tab", "the next panel", false},
    {REQUEST_OVERVIEW, "overview", "1", "every subscription", false},
    {REQUEST_LETTERS, "letters", "2", "the dead letters", false},
    {REQUEST_DRIFT, "drift", "3", "what the plan would change", false},
    {REQUEST_LOG, "log", "4", "what was done here, and what failed", false},
    {REQUEST_FREEZE, "freeze", "z", "freeze the view, or let it go on", false},
    {REQUEST_STEP_BACK, "step-back", "[", "a step back in time; the view is frozen", false},
    {REQUEST_STEP_ON, "step-on", "]", "a step on in time", false},
    {REQUEST_LIVE, "live", "L", "live again", false},
    {REQUEST_MARK, "mark", "Space", "mark what is selected, or unmark it", false},
    {REQUEST_SAVE, "save", "w", "write the screen to a file as text", false},
    {REQUEST_REFRESH, "refresh", "u C-l", "ask again now, and draw anew", false},
    {REQUEST_PAUSE, "pause", "P", "pause or resume what is marked, else selected", true},
    {REQUEST_REPLAY, "replay", "R", "replay dead letters", true},
    {REQUEST_DISCARD, "discard", "D", "discard dead letters", true},
    {REQUEST_QUIT, "quit", "q", "end the dashboard", false},
};

static bool is_offered(const struct request_row *row, bool read_only)
{
    return row->request != REQUEST_NONE && !(row->acts && read_only);
}

/* -- names of keys ------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    int key;
} key_names[] = {
    {"Space", ' '},           {"Up", KEY_UP_},
    {"Down", KEY_DOWN_},      {"Left", KEY_LEFT_},
    {"Right", KEY_RIGHT_},    {"Home", KEY_HOME_},
    {"End", KEY_END_},        {"PgUp", KEY_PAGE_UP_},
    {"PgDn", KEY_PAGE_DOWN_}, {"Enter", KEY_ENTER_},
    {"Esc", KEY_ESCAPE_},     {"Tab", KEY_TAB_},
    {"S-Tab", KEY_BACK_TAB_}, {"Backspace", KEY_BACKSPACE_},
    {"Delete", KEY_DELETE_},  {"F1", KEY_F1_},
};
enum { KEY_NAMES = sizeof(key_names) / sizeof(key_names[0]), CONTROL_MOST = 26 };

static bool is_shown(uint32_t code)
{
    return code >= 0x20 && (code < 0x7F || code >= 0xA0) && code < KEY_NONE_;
}

/* The one character that a text is, or -1. */
static int code_of_character(const char *text)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t length = strlen(text);
    uint32_t code;

    if (length == 0 || length > 4 || text_utf8_check(text, length) != length)
        return -1;
    code = (unsigned char)text[0] & masks[length];
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return -1; /* a second character */
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    }
    return is_shown(code) ? (int)code : -1;
}

int key_of_name(const char *name)
{
    for (size_t i = 0; i < KEY_NAMES; i++)
        if (strcmp(key_names[i].name, name) == 0)
            return key_names[i].key;
    if (strncmp(name, "C-", 2) == 0 && name[2] >= 'a' && name[2] <= 'z' && !name[3])
        return name[2] - 'a' + 1;
    return code_of_character(name);
}

static void put_character(char *out, size_t size, uint32_t code)
{
    static const unsigned char heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    char text[5] = "";

    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3F));
    text[0] = (char)(heads[length] | code);
    snprintf(out, size, "%s", text);
}

char *key_name(char *out, size_t size, int key)
{
    snprintf(out, size, "?");
    for (size_t i = 0; i < KEY_NAMES; i++)
        if (key_names[i].key == key) {
            snprintf(out, size, "%s", key_names[i].name);
            return out;
        }
    if (key >= 1 && key <= CONTROL_MOST)
        snprintf(out, size, "C-%c", 'a' + key - 1);
    else if (key > 0 && is_shown((uint32_t)key) && !(key >= 0xD800 && key < 0xE000))
        put_character(out, size, (uint32_t)key);
    return out;
}

/* -- finding ------------------------------------------------------------------------------------
 */

/* Takes the next name off a row's keys. False: there is none. */
static bool next_name(const char **keys, char *name, size_t size)
{
    size_t length;

    *keys += strspn(*keys, " ");
    length = strcspn(*keys, " ");
    snprintf(name, size, "%.*s", (int)length, *keys);
    *keys += length;
    return length > 0;
}

static bool has_key(const struct request_row *row, int key)
{
    const char *keys = row->keys;
    char name[16];

    while (next_name(&keys, name, sizeof(name)))
        if (key_of_name(name) == key)
            return true;
    return false;
}

enum top_request request_of_key(int key, bool read_only)
{
    for (size_t i = 0; i < REQUESTS; i++)
        if (is_offered(&request_table[i], read_only) && has_key(&request_table[i], key))
            return request_table[i].request;
    return REQUEST_NONE;
}

enum top_request request_of_name(const char *name, bool read_only)
{
    for (size_t i = 0; i < REQUESTS; i++)
        if (is_offered(&request_table[i], read_only) && strcmp(request_table[i].name, name) == 0)
            return request_table[i].request;
    return REQUEST_NONE;
}

void request_help(struct buf *out, bool read_only)
{
    for (size_t i = 0; i < REQUESTS; i++)
        if (is_offered(&request_table[i], read_only))
            buf_printf(out, "%-12s %s\n", request_table[i].keys, request_table[i].help);
}
