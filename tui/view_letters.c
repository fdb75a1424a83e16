/* Dead letters: by reason, then the list of one reason, then one letter. Looking consumes nothing.
 */
#include "tui/view_letters.h"

#include "tui/dialog.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* -- life cycle ---------------------------------------------------------------------------------
 */

/* Made when it is first needed; NULL: no memory. */
static struct letters *letters_of(struct top *top)
{
    if (top->letters)
        return top->letters;
    top->letters = calloc(1, sizeof(*top->letters));
    if (!top->letters)
        return NULL;
    top->letters->came_from = SIZE_MAX;
    letter_page_init(&top->letters->one);
    return top->letters;
}

void view_letters_free(struct top *top)
{
    struct letters *letters = top->letters;

    if (!letters)
        return;
    letter_one_close(top, letters);
    letter_list_close(top, letters);
    letter_group_release(&letters->at);
    free(letters->marks);
    free(letters);
    top->letters = NULL;
}

/* -- tables -------------------------------------------------------------------------------------
 */

void letters_row(struct canvas *canvas, int row, const struct letters_column *columns, size_t count,
                 const char *const *cells, enum style style)
{
    int room = canvas->width, at = 0;

    for (size_t i = 0; i < count; i++)
        if (canvas->width >= columns[i].least)
            room -= columns[i].width + 1;
    for (size_t i = 0; i < count; i++) {
        int width = columns[i].width ? columns[i].width : room;
        const char *text = cells ? cells[i] : columns[i].title;
        if (canvas->width < columns[i].least || width <= 0)
            continue;
        if (columns[i].left)
            canvas_text(canvas, row, at, width, style, text);
        else
            canvas_right(canvas, row, at, width, style, text);
        at += width + 1;
    }
}

bool letters_move(int *cursor, enum top_request request, int count, int page)
{
    if (!view_scroll(cursor, request, page))
        return false;
    if (*cursor >= count)
        *cursor = count > 0 ? count - 1 : 0;
    return true;
}

void letters_keep(int *scroll, int cursor, int rows)
{
    if (cursor < *scroll)
        *scroll = cursor;
    else if (rows > 0 && cursor >= *scroll + rows)
        *scroll = cursor - rows + 1;
}

/* -- actions ------------------------------------------------------------------------------------
 */

static void act_on_group(struct top *top, const struct letters *letters, enum act_kind kind)
{
    struct letter_filter filter;
    char what[256];

    letter_group_filter(&letters->at, &filter);
    letter_group_what(top, &letters->at, "dead letters", what, sizeof(what));
    act_letters(top, kind, letters->at.endpoint, &filter, what);
}

static void act_on_ids(struct top *top, struct letters *letters, enum act_kind kind,
                       const int64_t *ids, size_t count)
{
    struct letter_filter filter;
    char which[64] = "marked dead letters", what[256];

    letter_filter_init(&filter);
    filter.ids = ids;
    filter.id_count = count;
    if (count == 1)
        snprintf(which, sizeof(which), "dead letter %" PRId64, ids[0]);
    letter_group_what(top, &letters->at, which, what, sizeof(what));
    letters->acting = true;
    act_letters(top, kind, letters->at.endpoint, &filter, what);
}

static void act_on_marked(struct top *top, struct letters *letters, enum act_kind kind)
{
    const struct letter_list *list = &letters->list;
    int64_t *ids = calloc(list->count + 1, sizeof(*ids));
    size_t count = 0;

    for (size_t i = 0; ids && i < list->count; i++)
        if (letter_list_is_marked(letters, list->items[i]->id))
            ids[count++] = list->items[i]->id;
    if (ids)
        act_on_ids(top, letters, kind, ids, count);
    else
        top_say(top, LOG_PROBLEM, "there is no memory");
    free(ids);
}

static void act(struct top *top, struct letters *letters, enum act_kind kind)
{
    const struct letter *letter = letter_list_selected(letters);

    if (letters->level == LETTERS_ONE)
        act_on_ids(top, letters, kind, &letters->one_id, 1);
    else if (letters->level == LETTERS_LIST && letter_list_marked(letters) > 0)
        act_on_marked(top, letters, kind);
    else if (letters->level == LETTERS_LIST && letter)
        act_on_ids(top, letters, kind, &letter->id, 1);
    else if (letters->level == LETTERS_GROUPS && letters->at.reason)
        act_on_group(top, letters, kind);
}

/* -- requests -----------------------------------------------------------------------------------
 */

/* Makes the selected group `at`, after its order or its endpoints changed. */
static void settle_group(struct top *top, struct letters *letters)
{
    if (letters->level == LETTERS_GROUPS)
        (void)letter_groups_move(top, letters, REQUEST_NONE);
}

static void go_in(struct top *top, struct letters *letters)
{
    const struct letter *letter = letter_list_selected(letters);

    if (letters->level == LETTERS_GROUPS && letters->at.reason) {
        letters->level = LETTERS_LIST;
        letter_list_open(top, letters);
    } else if (letters->level == LETTERS_LIST && letter) {
        letters->level = LETTERS_ONE;
        letter_one_open(top, letters, letter->id);
    }
}

/* False: this is the first level. */
static bool go_out(struct top *top, struct letters *letters)
{
    if (letters->level == LETTERS_GROUPS)
        return false;
    if (letters->level == LETTERS_ONE)
        letter_one_close(top, letters);
    else
        letter_list_close(top, letters);
    letters->level--;
    return true;
}

static bool refresh(struct top *top, struct letters *letters)
{
    if (letters->level == LETTERS_GROUPS)
        return false;
    if (letters->level == LETTERS_ONE)
        letter_one_open(top, letters, letters->one_id);
    else
        letter_list_read_anew(top, letters);
    return true;
}

static bool move(struct top *top, struct letters *letters, enum top_request request)
{
    if (letters->level == LETTERS_GROUPS)
        return letter_groups_move(top, letters, request);
    if (letters->level == LETTERS_LIST)
        return letter_list_move(top, letters, request);
    return view_scroll(&letters->scroll[LETTERS_ONE], request, view_page(top));
}

static void mark(struct top *top, struct letters *letters)
{
    const struct letter *letter = letter_list_selected(letters);

    if (letters->level != LETTERS_LIST || !letter)
        return;
    letter_list_mark(letters, letter->id);
    (void)letter_list_move(top, letters, REQUEST_DOWN);
}

static bool on_request(struct top *top, enum top_request request)
{
    struct letters *letters = letters_of(top);

    if (!letters)
        return false;
    settle_group(top, letters);
    switch (request) {
    case REQUEST_IN:
        go_in(top, letters);
        return true;
    case REQUEST_BACK:
        return go_out(top, letters);
    case REQUEST_MARK:
        mark(top, letters);
        return true;
    case REQUEST_REFRESH:
        return refresh(top, letters);
    case REQUEST_REPLAY:
        act(top, letters, ACT_REPLAY);
        return true;
    case REQUEST_DISCARD:
        act(top, letters, ACT_DISCARD);
        return true;
    default:
        return move(top, letters, request);
    }
}

/* -- the view -----------------------------------------------------------------------------------
 */

static void on_step(struct top *top)
{
    struct letters *letters = letters_of(top);

    if (!letters || letters->level == LETTERS_GROUPS)
        return;
    if (letters->acting && !top->dialog) {
        letters->acting = false;
        letter_list_read_anew(top, letters);
        if (letters->level == LETTERS_ONE)
            letter_one_open(top, letters, letters->one_id);
    }
    letter_list_step(top, letters);
}

static void draw(struct top *top, struct canvas *canvas)
{
    static void (*const levels[])(struct top * top, struct letters * letters,
                                  struct canvas * canvas) = {[LETTERS_GROUPS] = letter_groups_draw,
                                                             [LETTERS_LIST] = letter_list_draw,
                                                             [LETTERS_ONE] = letter_one_draw};
    struct letters *letters = letters_of(top);

    if (!letters) {
        canvas_text(canvas, 0, 0, canvas->width, STYLE_BAD, "There is no memory for this.");
        return;
    }
    settle_group(top, letters);
    levels[letters->level](top, letters, canvas);
}

const struct view view_letters = {
    .title = "Dead letters", .draw = draw, .request = on_request, .step = on_step};
