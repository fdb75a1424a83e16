#include "tui/prompt.h"

#include "tui/canvas_glyph.h"
#include "tui/request.h"

#include <string.h>

enum { CONTROL = 0x1F, TEXT_COLUMNS_LEAST = 20 };

/* -- whole characters ---------------------------------------------------------------------------
 */

/* Where the character after `at` begins; the end when there is none. */
static size_t next_of(const char *text, size_t at)
{
    struct glyph glyph;

    if (!text[at])
        return at;
    glyph_read(&glyph, text + at, false);
    return at + glyph.bytes;
}

/* Where the character before `at` begins: characters can be told from the start on only. */
static size_t last_of(const char *text, size_t at)
{
    size_t last = 0;

    for (size_t next = 0; next < at; next = next_of(text, next))
        last = next;
    return last;
}

/* An edit may have joined marks to what stands before them now. */
static void settle(struct prompt *prompt)
{
    size_t at = 0;

    prompt->length = strlen(prompt->text);
    while (at < prompt->at)
        at = next_of(prompt->text, at);
    prompt->at = at;
}

static void erase(struct prompt *prompt, size_t from, size_t to)
{
    memmove(prompt->text + from, prompt->text + to, prompt->length - to + 1);
    prompt->at = from;
    settle(prompt);
}

/* Whole characters, as many as there is place for. */
static void copy(char *out, size_t size, const char *text)
{
    size_t end = 0;

    for (size_t next = 0; text[end] && (next = next_of(text, end)) < size;)
        end = next;
    memcpy(out, text, end);
    out[end] = '\0';
}

/* -- keys ---------------------------------------------------------------------------------------
 */

static void go_left(struct prompt *prompt)
{
    prompt->at = last_of(prompt->text, prompt->at);
}

static void go_right(struct prompt *prompt)
{
    prompt->at = next_of(prompt->text, prompt->at);
}

static void go_home(struct prompt *prompt)
{
    prompt->at = 0;
}

static void go_end(struct prompt *prompt)
{
    prompt->at = prompt->length;
}

static void erase_before(struct prompt *prompt)
{
    erase(prompt, last_of(prompt->text, prompt->at), prompt->at);
}

static void erase_here(struct prompt *prompt)
{
    erase(prompt, prompt->at, next_of(prompt->text, prompt->at));
}

static void erase_to_start(struct prompt *prompt)
{
    erase(prompt, 0, prompt->at);
}

static void erase_word(struct prompt *prompt)
{
    size_t from = prompt->at;

    while (from > 0 && prompt->text[from - 1] == ' ')
        from--;
    while (from > 0 && prompt->text[from - 1] != ' ')
        from--;
    erase(prompt, from, prompt->at);
}

static size_t utf8_write(char utf8[4], uint32_t code)
{
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = bytes - 1; i > 0; i--, code >>= 6)
        utf8[i] = (char)(0x80 | (code & 0x3F));
    utf8[0] = (char)(leads[bytes] | code);
    return bytes;
}

static void insert(struct prompt *prompt, uint32_t code)
{
    char utf8[4];
    size_t bytes = utf8_write(utf8, code);

    if (prompt->length + bytes >= sizeof(prompt->text))
        return;
    memmove(prompt->text + prompt->at + bytes, prompt->text + prompt->at,
            prompt->length - prompt->at + 1);
    memcpy(prompt->text + prompt->at, utf8, bytes);
    prompt->at += bytes;
    settle(prompt);
}

/* -- completion ---------------------------------------------------------------------------------
 */

/* Nothing comes in by completion that could not be typed. */
static bool is_typable(const char *word)
{
    struct glyph glyph = {.spelled = false};

    for (; *word && !glyph.spelled; word += glyph.bytes)
        glyph_read(&glyph, word, false);
    return !glyph.spelled;
}

/* The n-th word that begins with what was typed from `start` on; NULL: there are not as many. */
static const char *fitting(const struct prompt *prompt, size_t start, size_t n)
{
    for (const char *const *word = prompt->words; *word; word++)
        if (strncmp(*word, prompt->text + start, prompt->typed - start) == 0 &&
            start + strlen(*word) < sizeof(prompt->text) && is_typable(*word) && n-- == 0)
            return *word;
    return NULL;
}

/* A word that was put there begins with what was typed: that stays as it is from Tab to Tab. */
static void complete(struct prompt *prompt)
{
    const char *word;
    size_t start;

    if (!prompt->words)
        return;
    if (prompt->completing == 0)
        prompt->typed = prompt->length;
    start = prompt->typed;
    while (start > 0 && prompt->text[start - 1] != ' ')
        start--;
    word = fitting(prompt, start, prompt->completing);
    if (!word) {
        prompt->completing = 0;
        word = fitting(prompt, start, 0);
    }
    if (!word)
        return;
    prompt->completing++;
    copy(prompt->text + start, sizeof(prompt->text) - start, word);
    prompt->at = start + strlen(word);
    settle(prompt);
}

/* -- the prompt ---------------------------------------------------------------------------------
 */

static const struct {
    int key;
    void (*edit)(struct prompt *prompt); /* NULL: it ends */
    enum prompt_result result;
} keys[] = {
    {KEY_LEFT_, go_left, PROMPT_GOES_ON},
    {KEY_RIGHT_, go_right, PROMPT_GOES_ON},
    {KEY_HOME_, go_home, PROMPT_GOES_ON},
    {'A' & CONTROL, go_home, PROMPT_GOES_ON},
    {KEY_END_, go_end, PROMPT_GOES_ON},
    {'E' & CONTROL, go_end, PROMPT_GOES_ON},
    {KEY_BACKSPACE_, erase_before, PROMPT_GOES_ON},
    {'H' & CONTROL, erase_before, PROMPT_GOES_ON},
    {0x7F, erase_before, PROMPT_GOES_ON},
    {KEY_DELETE_, erase_here, PROMPT_GOES_ON},
    {'U' & CONTROL, erase_to_start, PROMPT_GOES_ON},
    {'W' & CONTROL, erase_word, PROMPT_GOES_ON},
    {KEY_TAB_, complete, PROMPT_GOES_ON},
    {'\t', complete, PROMPT_GOES_ON},
    {KEY_ENTER_, NULL, PROMPT_DONE},
    {'\r', NULL, PROMPT_DONE},
    {'\n', NULL, PROMPT_DONE},
    {KEY_ESCAPE_, NULL, PROMPT_LEFT},
    {'[' & CONTROL, NULL, PROMPT_LEFT},
};

void prompt_begin(struct prompt *prompt, const char *label, const char *text,
                  const char *const *words)
{
    *prompt = (struct prompt){.words = words};
    copy(prompt->label, sizeof(prompt->label), label);
    copy(prompt->text, sizeof(prompt->text), text ? text : "");
    prompt->length = prompt->at = strlen(prompt->text);
}

enum prompt_result prompt_key(struct prompt *prompt, int key)
{
    size_t i = 0;

    while (i < sizeof(keys) / sizeof(keys[0]) && keys[i].key != key)
        i++;
    if (i == sizeof(keys) / sizeof(keys[0])) {
        prompt->completing = 0;
        if (key > 0 && key < KEY_NONE_ && glyph_width((uint32_t)key) >= 0)
            insert(prompt, (uint32_t)key);
        return PROMPT_GOES_ON;
    }
    if (keys[i].edit != complete)
        prompt->completing = 0;
    if (keys[i].edit)
        keys[i].edit(prompt);
    return keys[i].result;
}

/* -- drawing ------------------------------------------------------------------------------------
 */

static int columns_of(const char *text, size_t from, size_t to, bool ascii)
{
    struct glyph glyph;
    int columns = 0;

    for (; from < to; from += glyph.bytes) {
        glyph_read(&glyph, text + from, ascii);
        columns += glyph.columns;
    }
    return columns;
}

/* The first character that is shown: all when it fits, else so that the cursor has its place, and
 * after it a quarter of the room what comes there. */
static size_t first_shown(const struct prompt *prompt, int room, bool ascii)
{
    int after = columns_of(prompt->text, prompt->at, prompt->length, ascii);
    int before = columns_of(prompt->text, 0, prompt->at, ascii);
    int most = room - 1 - (after < room / 4 ? after : room / 4);
    struct glyph glyph;
    size_t first = 0;

    for (; first < prompt->at && before > most; first += glyph.bytes) {
        glyph_read(&glyph, prompt->text + first, ascii);
        before -= glyph.columns;
    }
    return first;
}

void prompt_draw(const struct prompt *prompt, struct canvas *canvas, int row)
{
    int half = (canvas->width + 1) / 2;
    int least = half < TEXT_COLUMNS_LEAST ? half : TEXT_COLUMNS_LEAST;
    int label = canvas_text(canvas, row, 0, canvas->width - least, STYLE_STRONG, prompt->label);
    int room = canvas->width - label;
    size_t first = first_shown(prompt, room, canvas->ascii);
    int column = label + columns_of(prompt->text, first, prompt->at, canvas->ascii);

    canvas_fill(canvas, row, label, room, STYLE_PLAIN, " ", ' ');
    canvas_text(canvas, row, label, room, STYLE_PLAIN, prompt->text + first);
    if (first > 0)
        canvas_put(canvas, row, label, STYLE_PLAIN, "…", '~');
    if (row >= 0 && row < canvas->height && column < canvas->width) {
        canvas->cursor_row = canvas->top + row;
        canvas->cursor_column = canvas->left + column;
    }
}
