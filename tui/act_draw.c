/* What an action shows: the facts that are confirmed, what is asked for, the keys. */
#include "tui/act_state.h"

#include "tui/format.h"

enum { COLUMNS_WANTED = 72, LABEL_COLUMNS = 10, FACT_BYTES_MOST = 65536 };

/* -- facts --------------------------------------------------------------------------------------
 */

static void add_places(const struct act *act, struct buf *out)
{
    for (size_t i = 0; i < act->place_count; i++)
        if (act->places[i].chosen)
            buf_printf(out, "%s%s%s", out->length ? ", " : "", act->places[i].name,
                       act->places[i].production ? " (production)" : "");
}

/* At several endpoints a name without its endpoint says too little. */
static void add_objects(const struct act *act, struct buf *out)
{
    bool alone = act->target_count == 1;

    for (size_t i = 0; i < act->target_count && !out->failed; i++)
        buf_printf(out, "%s%s%s%s", i > 0 ? ", " : "", act->targets[i].name, alone ? "" : " at ",
                   alone ? "" : act_place_name(act, &act->targets[i]));
}

static void add_count(const struct act *act, struct buf *out)
{
    if (act->targets[0].id)
        buf_printf(out, "%zu", act->target_count);
    else if (act->count >= 0)
        buf_printf(out, "%lld", (long long)act->count);
    else
        buf_add_text(out, "?");
    if (act->skipped > 0)
        buf_printf(out, " (%zu paused already)", act->skipped);
}

static void add_effect(const struct act *act, struct buf *out)
{
    char rate[FORMAT_SIZE], time[FORMAT_SIZE];

    buf_add_text(out, act->verb->effect);
    if (act->rate > 0)
        buf_printf(out, ", %s a second: %s at least", format_rate(rate, sizeof(rate), act->rate),
                   format_seconds(time, sizeof(time), (double)act->count / act->rate));
}

static void add_says(const struct act *act, struct buf *out)
{
    buf_add_text(out, act->hides ? "Too small to confirm: make it larger." : act->says);
}

static void add_keys(const struct act *act, struct buf *out)
{
    buf_add_text(out, act_step_of(act)->keys);
}

/* -- styles -------------------------------------------------------------------------------------
 */

static enum style place_style(const struct act *act)
{
    for (size_t i = 0; i < act->place_count; i++)
        if (act->places[i].chosen && act->places[i].production)
            return STYLE_WARN;
    return STYLE_STRONG;
}

static enum style fact_style(const struct act *act)
{
    (void)act;
    return STYLE_STRONG;
}

static enum style says_style(const struct act *act)
{
    return act->complains || act->hides ? STYLE_BAD : STYLE_PLAIN;
}

static enum style keys_style(const struct act *act)
{
    (void)act;
    return STYLE_KEY;
}

/* -- lines --------------------------------------------------------------------------------------
 */

/* In the order that they stand in. */
static const struct line {
    enum { LINE_FACT, LINE_SAYS, LINE_PROMPT, LINE_KEYS, LINE_EMPTY } kind;
    const char *label;
    void (*add)(const struct act *act, struct buf *out);
    enum style (*style)(const struct act *act);
} lines[] = {
    {LINE_FACT, "Endpoint", add_places, place_style},
    {LINE_FACT, "Object", add_objects, fact_style},
    {LINE_FACT, "Count", add_count, fact_style},
    {LINE_FACT, "Effect", add_effect, fact_style},
    {LINE_EMPTY, NULL, NULL, NULL},
    {LINE_SAYS, NULL, add_says, says_style},
    {LINE_PROMPT, NULL, NULL, NULL},
    {LINE_EMPTY, NULL, NULL, NULL},
    {LINE_KEYS, NULL, add_keys, keys_style},
};
enum { LINES = sizeof(lines) / sizeof(lines[0]), ROWS_MOST = CANVAS_ROWS_MOST };

/* Each line, and how many rows it would take and has. */
struct shown {
    struct buf texts[LINES];
    int wanted[LINES], rows[LINES];
};

static int column_of(const struct line *line)
{
    return line->label ? LABEL_COLUMNS : 0;
}

/* Returns the rows that all would take. */
static int measure(const struct act *act, int columns, bool ascii, struct shown *shown)
{
    int rows = 0;

    for (size_t i = 0; i < LINES; i++) {
        const struct line *line = &lines[i];
        buf_reset(&shown->texts[i]);
        if (line->add)
            line->add(act, &shown->texts[i]);
        shown->wanted[i] =
            line->kind == LINE_PROMPT && !act_step_of(act)->typed
                ? 0
                : box_text_rows(buf_text(&shown->texts[i]), columns - column_of(line), ascii);
        rows += shown->wanted[i] < ROWS_MOST ? shown->wanted[i] : ROWS_MOST;
    }
    return rows;
}

/* To the lines of this kind, up to `most` rows to each; returns what is left of `room`. */
static int give(struct shown *shown, int kind, int most, int room)
{
    for (size_t i = 0; i < LINES; i++) {
        int wanted = shown->wanted[i] < most ? shown->wanted[i] : most;
        int more = wanted - shown->rows[i];
        if ((int)lines[i].kind != kind || more <= 0)
            continue;
        more = more < room ? more : room;
        shown->rows[i] += more;
        room -= more;
    }
    return room;
}

/* With little room: what is typed, what is confirmed, the rest; `tells`: what is said goes before
 * what is confirmed. */
static void share(const struct act *act, const struct canvas *canvas, bool tells,
                  struct shown *shown)
{
    bool typed = act_step_of(act)->typed;
    int room = canvas->height;

    (void)measure(act, canvas->width, canvas->ascii, shown);
    for (size_t i = 0; i < LINES; i++)
        shown->rows[i] = 0;
    room = give(shown, LINE_PROMPT, 1, room);
    room = give(shown, LINE_SAYS, tells ? 1 : 0, room);
    room = give(shown, LINE_KEYS, typed ? 0 : 1, room);
    room = give(shown, LINE_FACT, 1, room);
    room = give(shown, LINE_FACT, ROWS_MOST, room);
    room = give(shown, LINE_SAYS, ROWS_MOST, room);
    room = give(shown, LINE_KEYS, ROWS_MOST, room);
    (void)give(shown, LINE_EMPTY, 1, room);
}

/* Whether something that is confirmed is not to be seen. Of several objects the number tells that
 * there are more. */
static bool hides(const struct act *act, const struct shown *shown)
{
    for (size_t i = 0; i < LINES; i++) {
        bool may_be_cut = lines[i].add == add_objects && act->target_count > 1;
        if (lines[i].kind == LINE_FACT && shown->rows[i] < (may_be_cut ? 1 : shown->wanted[i]))
            return true;
    }
    return false;
}

static void draw_text(const struct act *act, const struct line *line, struct canvas *canvas,
                      int row, int rows, const char *text)
{
    int column = column_of(line);

    if (line->label)
        canvas_text(canvas, row, 0, LABEL_COLUMNS, STYLE_DIM, line->label);
    if (line->label || rows > 1)
        box_text(canvas, row, column, rows, line->style(act), text);
    else
        canvas_text(canvas, row, column, canvas->width, line->style(act), text);
}

static void draw_lines(struct act *act, struct canvas *canvas, struct shown *shown)
{
    bool confirms = act_step_of(act)->confirms;
    int row = 0;

    act->hides = false;
    share(act, canvas, !confirms, shown);
    act->hides = confirms && hides(act, shown);
    if (act->hides || act->complains)
        share(act, canvas, true, shown);
    for (size_t i = 0; i < LINES; i++) {
        if (shown->rows[i] == 0)
            continue;
        if (lines[i].kind == LINE_PROMPT)
            prompt_draw(&act->prompt, canvas, row);
        else if (lines[i].add)
            draw_text(act, &lines[i], canvas, row, shown->rows[i], buf_text(&shown->texts[i]));
        row += shown->rows[i];
    }
}

static void draw_where(const struct act *act, struct canvas *canvas)
{
    int height = canvas->height, keys = height > 2 ? 2 : 0;
    struct canvas_part whole = canvas_enter(canvas, 0, 0, height - keys, canvas->width);

    list_draw(&act->where, canvas);
    canvas_restore(canvas, whole);
    if (keys)
        canvas_text(canvas, height - 1, 0, canvas->width, STYLE_KEY, act_step_of(act)->keys);
}

void act_draw(struct dialog *dialog, struct top *top, struct canvas *canvas)
{
    struct act *act = (struct act *)dialog;
    bool lists = act_step_of(act)->chosen;
    const char *title = act->verb ? act->verb->title : "Pause or resume: where?";
    int columns = canvas->width - 4 < COLUMNS_WANTED ? canvas->width - 4 : COLUMNS_WANTED;
    struct canvas_part before;
    struct shown shown;

    (void)top;
    for (size_t i = 0; i < LINES; i++)
        buf_init(&shown.texts[i], FACT_BYTES_MOST);
    if (lists) {
        before = box_enter(canvas, title, (int)act->where.count + 2, COLUMNS_WANTED);
        draw_where(act, canvas);
    } else {
        before =
            box_enter(canvas, title, measure(act, columns, canvas->ascii, &shown), COLUMNS_WANTED);
        draw_lines(act, canvas, &shown);
    }
    canvas_restore(canvas, before);
    for (size_t i = 0; i < LINES; i++)
        buf_release(&shown.texts[i]);
}
