/* The frame around a view: title bar, foot line, and the dialog above it. */
#include "tui/top_state.h"

#include "tui/format.h"

#include <string.h>

/* -- the title bar ------------------------------------------------------------------------------
 */

/* Writes one piece of the bar, "" when there is nothing to say. */
struct piece {
    int columns_least; /* of the screen; narrower ones go without */
    enum style style;
    void (*write)(const struct top *top, char *out, size_t size);
};

static void write_program(const struct top *top, char *out, size_t size)
{
    (void)top;
    snprintf(out, size, "eventctl top");
}

static void write_view(const struct top *top, char *out, size_t size)
{
    snprintf(out, size, "%s", view_table[top->view]->title);
}

/* "FROZEN 10:00:05 -12s": the time that is shown, and how far it is from where it was frozen. */
static void write_frozen(const struct top *top, char *out, size_t size)
{
    int64_t shown_ms = fleet_time_ms(top->fleet, top_shown_step(top)), back_ms = 0;
    char when[FORMAT_SIZE], back[FORMAT_SIZE];
    int64_t from = top->own->frozen_from;

    if (top->frozen < 0)
        return;
    if (from >= fleet_first(top->fleet) && from <= fleet_last(top->fleet))
        back_ms = shown_ms - fleet_time_ms(top->fleet, from);
    format_time(when, sizeof(when), shown_ms, top->now_ms);
    format_seconds(back, sizeof(back), (double)(back_ms < 0 ? -back_ms : back_ms) / 1000);
    snprintf(out, size, " FROZEN %s%s%s ", when,
             back_ms < 0   ? " -"
             : back_ms > 0 ? " +"
                           : "",
             back_ms ? back : "");
}

static void write_filter(const struct top *top, char *out, size_t size)
{
    const char *text = top->view == VIEW_LOG ? top->own->log_text : top->query_text;

    if (*text)
        snprintf(out, size, "filter: %s", text);
}

static void write_sort(const struct top *top, char *out, size_t size)
{
    if (top->view == VIEW_OVERVIEW)
        snprintf(out, size, "by %s%s", column_table[top->order.by].name,
                 top->order.reverse ? ", reversed" : "");
}

static void write_marked(const struct top *top, char *out, size_t size)
{
    size_t count = 0, hidden;

    for (size_t i = 0; i < top->mark_capacity; i++)
        count += top->marks[i];
    hidden = count - view_marked(top);
    if (hidden > 0)
        snprintf(out, size, "%zu marked, %zu hidden", count, hidden);
    else if (count > 0)
        snprintf(out, size, "%zu marked", count);
}

static void write_replay(const struct top *top, char *out, size_t size)
{
    if (wire_is_replay(top->wire))
        snprintf(out, size, "a recording");
}

static void write_read_only(const struct top *top, char *out, size_t size)
{
    if (top->read_only)
        snprintf(out, size, "read-only");
}

static const struct piece pieces[] = {
    {80, STYLE_TITLE, write_program}, {0, STYLE_TITLE, write_view},
    {0, STYLE_FROZEN, write_frozen},  {0, STYLE_TITLE, write_filter},
    {0, STYLE_TITLE, write_marked},   {60, STYLE_TITLE, write_sort},
    {80, STYLE_TITLE, write_replay},  {100, STYLE_TITLE, write_read_only},
};

/* The clock stands at the right; a frozen screen has none, since it is not drawn by the second. */
static void draw_title(const struct top *top, struct canvas *canvas)
{
    enum { GAP = 2 };
    int columns = canvas->width, left = columns - 1, at = 1;
    char text[PROMPT_BYTES + 64];

    canvas_fill(canvas, 0, 0, columns, STYLE_TITLE, " ", ' ');
    if (top->frozen < 0) {
        char when[FORMAT_SIZE];
        format_time(when, sizeof(when), top->now_ms, top->now_ms);
        snprintf(text, sizeof(text), "%s%s", when, columns >= 60 ? " UTC" : "");
        canvas_right(canvas, 0, 0, columns - 1, STYLE_TITLE, text);
        left -= (int)strlen(text) + GAP;
    }
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        *text = '\0';
        if (columns >= pieces[i].columns_least)
            pieces[i].write(top, text, sizeof(text));
        if (*text && left > at)
            at += canvas_text(canvas, 0, at, left - at, pieces[i].style, text) + GAP;
    }
}

/* -- the foot line ------------------------------------------------------------------------------
 */

enum { FOOT_KEYS = 13 };
static const enum top_request foot_keys[VIEWS][FOOT_KEYS] = {
    [VIEW_OVERVIEW] = {REQUEST_HELP, REQUEST_IN, REQUEST_FILTER, REQUEST_SORT_MENU, REQUEST_LETTERS,
                       REQUEST_DRIFT, REQUEST_LOG, REQUEST_FREEZE, REQUEST_PAUSE, REQUEST_REPLAY,
                       REQUEST_DISCARD, REQUEST_QUIT, REQUEST_MARK},
    [VIEW_SUBSCRIPTION] = {REQUEST_HELP, REQUEST_BACK, REQUEST_PANEL, REQUEST_LETTERS,
                           REQUEST_PAUSE, REQUEST_REPLAY, REQUEST_DISCARD, REQUEST_FREEZE,
                           REQUEST_STEP_BACK, REQUEST_STEP_ON},
    [VIEW_LETTERS] = {REQUEST_HELP, REQUEST_IN, REQUEST_BACK, REQUEST_MARK, REQUEST_REPLAY,
                      REQUEST_DISCARD, REQUEST_REFRESH, REQUEST_FILTER, REQUEST_SAVE},
    [VIEW_DRIFT] = {REQUEST_HELP, REQUEST_BACK, REQUEST_DOWN, REQUEST_REFRESH, REQUEST_SAVE},
    [VIEW_LOG] = {REQUEST_HELP, REQUEST_BACK, REQUEST_UP, REQUEST_FILTER, REQUEST_SAVE},
    [VIEW_HELP] = {REQUEST_BACK, REQUEST_DOWN, REQUEST_QUIT},
};

/* The first of a request's keys, and its name: as many as there is room for. */
static void draw_keys(const struct top *top, struct canvas *canvas, int row)
{
    int at = 1;

    for (size_t i = 0; i < FOOT_KEYS; i++) {
        const struct request_row *request = &request_table[foot_keys[top->view][i]];
        int key = (int)strcspn(request->keys, " "), name = (int)strlen(request->name);
        if (request->request == REQUEST_NONE || (request->acts && top->read_only))
            continue;
        if (at + key + 1 + name >= canvas->width)
            return;
        at += canvas_printf(canvas, row, at, canvas->width - at, STYLE_KEY, "%.*s", key,
                            request->keys);
        at +=
            1 + canvas_text(canvas, row, at + 1, canvas->width - at - 1, STYLE_DIM, request->name);
        at += 2;
    }
}

static const enum style message_styles[] = {
    [LOG_DONE] = STYLE_GOOD,  [LOG_REFUSED] = STYLE_WARN, [LOG_UNKNOWN] = STYLE_WARN,
    [LOG_NOTE] = STYLE_PLAIN, [LOG_PROBLEM] = STYLE_BAD,  [LOG_AUTH] = STYLE_ALARM};

static void draw_message(const struct top *top, struct canvas *canvas, int row)
{
    canvas_fill(canvas, row, 0, canvas->width, STYLE_PLAIN, " ", ' ');
    canvas_text(canvas, row, 0, canvas->width, message_styles[top->message_kind], top->message);
}

/* What is typed takes the last row, and a message then the one above it. */
static void draw_foot(const struct top *top, struct canvas *canvas, bool framed)
{
    int row = canvas->height - 1;

    if (top->prompting != REQUEST_NONE) {
        canvas_fill(canvas, row, 0, canvas->width, STYLE_PLAIN, " ", ' ');
        prompt_draw(&top->prompt, canvas, row);
        row--;
    }
    if (*top->message && row > 0)
        draw_message(top, canvas, row);
    else if (framed && top->prompting == REQUEST_NONE)
        draw_keys(top, canvas, row);
}

/* -- the whole ----------------------------------------------------------------------------------
 */

void top_draw(struct top *top, struct canvas *canvas)
{
    bool framed = canvas->rows >= FRAME_ROWS_LEAST && canvas->columns >= FRAME_COLUMNS_LEAST;
    int rows = framed ? canvas->rows - 2 : canvas->rows;
    struct top_own *own = top->own;
    struct canvas_part whole;

    top_arrange(top);
    own->rows = canvas->rows;
    own->columns = canvas->columns;
    own->ascii = canvas->ascii;
    own->drawn_ms = top->now_ms;
    top->dirty = false;
    if (framed)
        draw_title(top, canvas);
    whole = canvas_enter(canvas, framed ? 1 : 0, 0, rows, canvas->columns);
    view_table[top->view]->draw(top, canvas);
    canvas_restore(canvas, whole);
    draw_foot(top, canvas, framed);
    if (!top->dialog)
        return;
    whole = canvas_enter(canvas, framed ? 1 : 0, 0, rows, canvas->columns);
    top->dialog->draw(top->dialog, top, canvas);
    canvas_restore(canvas, whole);
}
