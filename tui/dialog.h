/* What stands before the view and takes the keys: menus and the steps of an action.
 *
 * An action's way: what → (replay: count, dry run, rate) → confirm, with endpoint, object, count
 * and effect, a reason, and on a production endpoint its name typed → progress (Esc takes a replay
 * back, b leaves it going on) → one result line in the log: done, refused, or unknown because the
 * connection broke. Nobody confirms what the screen has no room for.
 * act.c is this way; dialog.c draws and hands on keys.
 */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include "api/dead_letter.h"
#include "tui/top.h"

struct dialog {
    void (*draw)(struct dialog *dialog, struct top *top, struct canvas *canvas);
    /* False: it has ended, and is freed by the caller with `free`. True says nothing of `dialog`:
     * it may have closed itself, and another be in its place. */
    bool (*key)(struct dialog *dialog, struct top *top, int key);
    bool (*step)(struct dialog *dialog, struct top *top); /* likewise */
    void (*free)(struct dialog *dialog, struct top *top);
};
/* Takes the place of the one that is there. */
void dialog_show(struct top *top, struct dialog *dialog);
void dialog_close(struct top *top);

/* A menu: `chosen` is called with the number; Esc leaves. Texts are copied. Of no items: none. */
void dialog_menu(struct top *top, const char *title, const char *const *items, size_t count,
                 size_t first, void (*chosen)(struct top *top, size_t n));

/* The actions, on one endpoint each: where a row is on several, a menu asks which, or all. */
void act_pause(struct top *top, const size_t *rows,
               size_t count); /* or resume, what they are not */
enum act_kind { ACT_REPLAY, ACT_DISCARD };
/* `what`: for people, "dead letters of voice (http-500)"; without the endpoint. The filter's texts
 * and ids are copied. */
void act_letters(struct top *top, enum act_kind kind, size_t endpoint,
                 const struct letter_filter *filter, const char *what);

/* At the end of the program, when nobody can read the log any more: closes the dialog, and adds the
 * lines, safe for a terminal, that this gave and those of what is still unknown. */
void act_last_words(struct top *top, struct buf *out);

#endif
