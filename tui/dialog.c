#include "tui/dialog.h"

#include "tui/dialog_box.h"

#include <stdlib.h>

/* -- which dialog there is ----------------------------------------------------------------------
 */

void dialog_show(struct top *top, struct dialog *dialog)
{
    dialog_close(top);
    top->dialog = dialog;
    top->dirty = true;
}

void dialog_close(struct top *top)
{
    struct dialog *dialog = top->dialog;

    if (!dialog)
        return;
    top->dialog = NULL;
    top->dirty = true;
    dialog->free(dialog, top);
}

/* -- the menu -----------------------------------------------------------------------------------
 */

struct menu {
    struct dialog dialog;
    struct arena arena;
    const char *title;
    struct list list;
    void (*chosen)(struct top *top, size_t n);
};

static void menu_draw(struct dialog *dialog, struct top *top, struct canvas *canvas)
{
    const struct menu *menu = (struct menu *)dialog;
    int rows = menu->list.count < CANVAS_ROWS_MOST ? (int)menu->list.count : CANVAS_ROWS_MOST;
    struct canvas_part before =
        box_enter(canvas, menu->title, rows, list_columns(&menu->list, canvas->ascii));

    (void)top;
    list_draw(&menu->list, canvas);
    canvas_restore(canvas, before);
}

/* The menu is gone before what was chosen happens: that may show the next dialog. */
static bool menu_key(struct dialog *dialog, struct top *top, int key)
{
    struct menu *menu = (struct menu *)dialog;
    void (*chosen)(struct top * top, size_t n) = menu->chosen;
    size_t n = menu->list.at;

    if (key == KEY_ESCAPE_ || key == 'q')
        return false;
    if (key != KEY_ENTER_) {
        list_key(&menu->list, key);
        return true;
    }
    dialog_close(top);
    chosen(top, n);
    return true;
}

static bool menu_step(struct dialog *dialog, struct top *top)
{
    (void)dialog, (void)top;
    return true;
}

static void menu_free(struct dialog *dialog, struct top *top)
{
    struct menu *menu = (struct menu *)dialog;

    (void)top;
    arena_release(&menu->arena);
    free(menu);
}

static bool copy_texts(struct menu *menu, const char *title, const char *const *items, size_t count)
{
    const char **copies = arena_alloc(&menu->arena, count * sizeof(*copies));
    bool ok = copies && (menu->title = arena_text(&menu->arena, title));

    for (size_t i = 0; ok && i < count; i++)
        ok = (copies[i] = arena_text(&menu->arena, items[i]));
    menu->list.items = copies;
    return ok;
}

void dialog_menu(struct top *top, const char *title, const char *const *items, size_t count,
                 size_t first, void (*chosen)(struct top *top, size_t n))
{
    struct menu *menu = count > 0 ? calloc(1, sizeof(*menu)) : NULL;

    if (count == 0)
        return;
    if (menu)
        *menu = (struct menu){.dialog = {menu_draw, menu_key, menu_step, menu_free},
                              .list = {.count = count, .at = first < count ? first : 0},
                              .chosen = chosen};
    if (menu && copy_texts(menu, title, items, count)) {
        dialog_show(top, &menu->dialog);
        return;
    }
    if (menu)
        menu_free(&menu->dialog, top);
    top_say(top, LOG_PROBLEM, "there is no memory for a menu");
}
