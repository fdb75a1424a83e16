/* A line that is typed at the foot of the screen, with completion. Pure: keys in, text out. */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include "tui/canvas.h"

enum { PROMPT_BYTES = 512 };

enum prompt_result { PROMPT_GOES_ON, PROMPT_DONE, PROMPT_LEFT };

struct prompt {
    char label[128];
    char text[PROMPT_BYTES];
    size_t length, at;        /* bytes; at: where the next character goes */
    const char *const *words; /* of completion; ends with NULL; NULL: none */
    size_t completing;        /* the n-th of those that fit; 0: none is being tried */
    size_t typed;             /* bytes of the text before the first Tab, while one is */
};
/* `text` NULL: none. Words that could not be typed are not offered. */
void prompt_begin(struct prompt *prompt, const char *label, const char *text,
                  const char *const *words);
/* Characters, Left, Right, Home, End, Backspace, Delete, C-a C-e C-u C-w, Tab; Enter ends it, and
 * Escape leaves it. What canvas_text would not show as it is cannot be typed. */
enum prompt_result prompt_key(struct prompt *prompt, int key);
/* In the present part's row; puts the cursor. A long text is shown around where it is typed. */
void prompt_draw(const struct prompt *prompt, struct canvas *canvas, int row);

#endif
