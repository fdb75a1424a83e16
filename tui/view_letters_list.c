/* The letters of one group, a page at a time, read anew after something was done with them. */
#include "tui/view_letters.h"

#include "tui/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void answered(void *context, const struct ingest_answer *answer);

/* -- a list -------------------------------------------------------------------------------------
 */

static void list_release(struct letter_list *list)
{
    for (size_t i = 0; i < list->page_count; i++)
        letter_page_release(&list->pages[i]);
    free(list->pages);
    free(list->items);
    *list = (struct letter_list){.pages = NULL};
}

/* Takes the page over. False: no memory, and the page is the caller's still. */
static bool list_add(struct letter_list *list, struct letter_page *page)
{
    size_t room = list->count < LETTERS_MOST ? LETTERS_MOST - list->count : 0;
    size_t count = page->count < room ? page->count : room;
    const struct letter **items =
        reallocarray(list->items, list->count + count + 1, sizeof(struct letter *));
    struct letter_page *pages;

    if (items)
        list->items = items;
    pages = reallocarray(list->pages, list->page_count + 1, sizeof(*pages));
    if (pages)
        list->pages = pages;
    if (!items || !pages)
        return false;
    for (size_t i = 0; i < count; i++)
        list->items[list->count++] = &page->letters[i];
    list->total = page->total;
    list->next_id = list->count < LETTERS_MOST ? page->next_id : 0;
    list->pages[list->page_count++] = *page;
    return true;
}

static int list_find(const struct letter_list *list, int64_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->id == id)
            return (int)i;
    return -1;
}

const struct letter *letter_list_selected(const struct letters *letters)
{
    size_t at = (size_t)letters->cursor;

    return at < letters->list.count ? letters->list.items[at] : NULL;
}

/* -- marks --------------------------------------------------------------------------------------
 */

/* Ids are never used again: a mark of what is gone marks nothing, and a letter whose replay failed
 * is marked still, in the group that it came back to. */
static size_t mark_place(const struct letters *letters, const struct letter_mark *mark, bool *is)
{
    size_t low = 0, high = letters->mark_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct letter_mark *one = &letters->marks[middle];
        if (one->endpoint < mark->endpoint ||
            (one->endpoint == mark->endpoint && one->id < mark->id))
            low = middle + 1;
        else
            high = middle;
    }
    *is = low < letters->mark_count && letters->marks[low].endpoint == mark->endpoint &&
          letters->marks[low].id == mark->id;
    return low;
}

bool letter_list_is_marked(const struct letters *letters, int64_t id)
{
    bool is;

    (void)mark_place(letters, &(struct letter_mark){letters->at.endpoint, id}, &is);
    return is;
}

size_t letter_list_marked(const struct letters *letters)
{
    size_t count = 0;

    for (size_t i = 0; letters->mark_count > 0 && i < letters->list.count; i++)
        count += letter_list_is_marked(letters, letters->list.items[i]->id);
    return count;
}

void letter_list_mark(struct letters *letters, int64_t id)
{
    const struct letter_mark mark = {letters->at.endpoint, id};
    bool is;
    size_t at = mark_place(letters, &mark, &is);
    struct letter_mark *marks = letters->marks;

    if (is) {
        letters->mark_count--;
        memmove(marks + at, marks + at + 1, (letters->mark_count - at) * sizeof(*marks));
        return;
    }
    if (letters->mark_count == letters->mark_capacity) {
        size_t capacity = letters->mark_capacity ? 2 * letters->mark_capacity : 64;
        marks = reallocarray(marks, capacity, sizeof(*marks));
        if (!marks)
            return; /* it shows that it is not marked */
        letters->marks = marks;
        letters->mark_capacity = capacity;
    }
    memmove(marks + at + 1, marks + at, (letters->mark_count - at) * sizeof(*marks));
    marks[at] = mark;
    letters->mark_count++;
}

/* -- reading ------------------------------------------------------------------------------------
 */

static void cancel(struct top *top, struct letters *letters)
{
    if (letters->list_ask)
        wire_cancel(top->wire, letters->list_ask);
    letters->list_ask = 0;
    list_release(&letters->fresh);
}

static void fail(struct letters *letters, const char *why)
{
    snprintf(letters->list_problem, sizeof(letters->list_problem), "could not be read: %.400s",
             why);
    list_release(&letters->fresh);
}

static void ask(struct top *top, struct letters *letters, int64_t after_id)
{
    enum { PATH_MOST_BYTES = 64 * 1024 };
    struct letter_filter filter;
    struct buf path;

    letter_group_filter(&letters->at, &filter);
    buf_init(&path, PATH_MOST_BYTES);
    letter_list_path(&path, &filter, after_id, LETTERS_PAGE);
    letters->asked_after = after_id;
    if (!path.failed)
        letters->list_ask =
            wire_ask(top->wire, letters->at.endpoint, "GET", buf_text(&path), NULL, answered, top);
    if (!letters->list_ask)
        fail(letters, "there is no memory");
    buf_release(&path);
    top->dirty = true;
}

void letter_list_read_anew(struct top *top, struct letters *letters)
{
    cancel(top, letters);
    *letters->list_problem = '\0';
    letters->anew = true;
    ask(top, letters, 0);
}

void letter_list_open(struct top *top, struct letters *letters)
{
    list_release(&letters->list);
    letters->cursor = letters->scroll[LETTERS_LIST] = 0;
    letters->read_ms = -1;
    letter_list_read_anew(top, letters);
}

void letter_list_close(struct top *top, struct letters *letters)
{
    cancel(top, letters);
    list_release(&letters->list);
}

/* The whole of what was there before is read; the cursor stays with its letter. */
static void take_fresh(struct letters *letters)
{
    const struct letter *selected = letter_list_selected(letters);
    int place = selected ? list_find(&letters->fresh, selected->id) : -1;

    list_release(&letters->list);
    letters->list = letters->fresh;
    letters->fresh = (struct letter_list){.pages = NULL};
    letters->anew = false;
    if (place >= 0)
        letters->cursor = place;
    if (letters->cursor >= (int)letters->list.count)
        letters->cursor = letters->list.count > 0 ? (int)letters->list.count - 1 : 0;
}

/* A next page that is not further on would be asked for without end. */
static void take_page(struct top *top, struct letters *letters, struct letter_page *page)
{
    struct letter_list *list = letters->anew ? &letters->fresh : &letters->list;

    if (page->next_id <= letters->asked_after)
        page->next_id = 0;
    if (!list_add(list, page)) {
        letter_page_release(page);
        fail(letters, "there is no memory");
        return;
    }
    letters->read_ms = top->now_ms;
    if (!letters->anew)
        return;
    if (list->next_id > 0 && list->count < letters->list.count)
        ask(top, letters, list->next_id);
    else
        take_fresh(letters);
}

static void answered(void *context, const struct ingest_answer *answer)
{
    struct top *top = context;
    struct letters *letters = top->letters;
    struct error error = answer->error;
    struct letter_page page;

    letters->list_ask = 0;
    top->dirty = true;
    letter_page_init(&page);
    if (error.code == ERROR_NONE && letter_page_read(&page, answer->body, answer->length, &error))
        take_page(top, letters, &page);
    else
        fail(letters, error.text);
}

static bool is_any_replaying(const struct letter_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i]->replaying)
            return true;
    return false;
}

void letter_list_step(struct top *top, struct letters *letters)
{
    if (!letters->list_ask && !*letters->list_problem && letters->read_ms >= 0 &&
        top->now_ms - letters->read_ms >= LETTERS_AGAIN_MS && is_any_replaying(&letters->list))
        letter_list_read_anew(top, letters);
}

/* Past the end lies the next page. */
bool letter_list_move(struct top *top, struct letters *letters, enum top_request request)
{
    int cursor = letters->cursor, count = (int)letters->list.count;
    bool past;

    if (!view_scroll(&cursor, request, view_page(top)))
        return false;
    past = cursor >= count;
    letters->cursor = !past ? cursor : count > 0 ? count - 1 : 0;
    if (past && letters->list.next_id > 0 && !letters->list_ask) {
        *letters->list_problem = '\0';
        ask(top, letters, letters->list.next_id);
    }
    return true;
}

/* -- drawing ------------------------------------------------------------------------------------
 */

enum letter_cell {
    CELL_MARK,
    CELL_ID,
    CELL_DIED,
    CELL_TYPE,
    CELL_WHO,
    CELL_TRIES,
    CELL_DETAIL,
    CELLS
};

static const struct letters_column columns[CELLS] = {
    [CELL_MARK] = {"", 1, 0, true},
    [CELL_ID] = {"ID", 8, 0, false},
    [CELL_DIED] = {"DIED", 11, 0, false},
    [CELL_TYPE] = {"TYPE", 22, 80, true},
    [CELL_WHO] = {"INTERACTION", 0, 0, true},
    [CELL_TRIES] = {"TRIES", 5, 60, false},
    [CELL_DETAIL] = {"DETAIL", 30, 110, true},
};

/* "acd.start" of "v2.detail.events.conversation.{id}.acd.start": the end tells them apart. */
static const char *short_type(const char *type)
{
    const char *end = strstr(type, "}.");

    return end && end[2] ? end + 2 : type;
}

static void draw_letter(const struct top *top, const struct letters *letters, struct canvas *canvas,
                        int row, size_t n)
{
    const struct letter *letter = letters->list.items[n];
    bool marked = letter_list_is_marked(letters, letter->id);
    char id[FORMAT_SIZE], died[FORMAT_SIZE] = "?", tries[FORMAT_SIZE];
    const char *cells[CELLS];

    snprintf(id, sizeof(id), "%" PRId64, letter->id);
    snprintf(tries, sizeof(tries), "%" PRId64, letter->attempts);
    if (letter->died_ms > 0)
        format_time(died, sizeof(died), letter->died_ms, top->now_ms);
    cells[CELL_MARK] = marked ? "*" : "";
    cells[CELL_ID] = id;
    cells[CELL_DIED] = letter->replaying ? "replaying" : died;
    cells[CELL_TYPE] = short_type(letter->type);
    cells[CELL_WHO] = letter->interaction;
    cells[CELL_TRIES] = tries;
    cells[CELL_DETAIL] = letter->detail;
    letters_row(canvas, row, columns, CELLS, cells,
                letter->replaying ? STYLE_DIM
                : marked          ? STYLE_MARKED
                                  : STYLE_PLAIN);
    if ((int)n == letters->cursor)
        canvas_style(canvas, row, 0, canvas->width, STYLE_SELECTED);
}

static void draw_head(const struct top *top, const struct letters *letters, struct canvas *canvas)
{
    const struct letter_list *list = &letters->list;
    char name[256], marked[FORMAT_SIZE] = "", text[512];
    size_t count = letter_list_marked(letters);

    letter_group_name(top, &letters->at, name, sizeof(name));
    if (count > 0)
        snprintf(marked, sizeof(marked), ", %zu marked", count);
    if (letters->read_ms < 0)
        snprintf(text, sizeof(text), "%s", name);
    else
        snprintf(text, sizeof(text), "%zu of %" PRId64 "%s: %s", list->count,
                 list->total > (int64_t)list->count ? list->total : (int64_t)list->count, marked,
                 name);
    canvas_text(canvas, 0, 0, canvas->width, STYLE_STRONG, text);
    if (*letters->list_problem)
        canvas_printf(canvas, 1, 0, canvas->width, STYLE_BAD, "The list %s; u tries again",
                      letters->list_problem);
    else if (letters->list_ask && !letters->anew)
        canvas_text(canvas, 1, 0, canvas->width, STYLE_DIM, "Reading the next page ...");
    else if (letters->list_ask && letters->read_ms < 0)
        canvas_text(canvas, 1, 0, canvas->width, STYLE_DIM, "Reading ...");
    else if (list->count == 0)
        canvas_text(canvas, 1, 0, canvas->width, STYLE_DIM, "None is left of these.");
    else
        letters_row(canvas, 1, columns, CELLS, NULL, STYLE_HEAD);
}

void letter_list_draw(struct top *top, struct letters *letters, struct canvas *canvas)
{
    enum { HEAD = 2 };
    int *scroll = &letters->scroll[LETTERS_LIST];

    draw_head(top, letters, canvas);
    letters_keep(scroll, letters->cursor, canvas->height - HEAD);
    for (int row = HEAD; row < canvas->height; row++) {
        size_t n = (size_t)(*scroll + row - HEAD);
        if (n < letters->list.count)
            draw_letter(top, letters, canvas, row, n);
    }
}
