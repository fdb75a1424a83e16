/* What an action shows: the facts that are confirmed, what is asked for, the keys. */
#include "tui/act_state.h"

#include "tui/format.h"

enum { COLUMNS_WANTED = 72, LABEL_COLUMNS = 10, FACT_BYTES_MOST = 4096 };

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

static enum style place_style(const struct act *act)
{
    for (size_t i = 0; i < act->place_count; i++)
        if (act->places[i].chosen && act->places[i].production)
            return STYLE_WARN;
    return STYLE_STRONG;
}

/* -- lines --------------------------------------------------------------------------------------
 */

/* In the order that they stand in. With less room the ones of higher rank are left out first. */
static const struct line {
    const char *label;
    void (*add)(const struct act *act, struct buf *out); /* a fact; NULL: none */
    bool prompt, says, keys;
    int rank;
} lines[] = {
    {.label = "Endpoint", .add = add_places, .rank = 2},
    {.label = "Object", .add = add_objects, .rank = 3},
    {.label = "Count", .add = add_count, .rank = 4},
    {.label = "Effect", .add = add_effect, .rank = 5},
    {.rank = 7},
    {.says = true, .rank = 1},
    {.prompt = true, .rank = 0},
    {.rank = 8},
    {.keys = true, .rank = 6},
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

static void draw_fact(const struct act *act, const struct line *line, struct canvas *canvas,
                      int row)
{
    enum style style = line->add == add_places ? place_style(act) : STYLE_STRONG;
    struct buf text;

    buf_init(&text, FACT_BYTES_MOST);
    line->add(act, &text);
    canvas_text(canvas, row, 0, LABEL_COLUMNS, STYLE_DIM, line->label);
    canvas_text(canvas, row, LABEL_COLUMNS, canvas->width - LABEL_COLUMNS, style, buf_text(&text));
    buf_release(&text);
}

static void draw_line(const struct act *act, const struct line *line, struct canvas *canvas,
                      int row)
{
    if (line->add)
        draw_fact(act, line, canvas, row);
    else if (line->says)
        canvas_text(canvas, row, 0, canvas->width, act->complains ? STYLE_BAD : STYLE_PLAIN,
                    act->says);
    else if (line->prompt)
        prompt_draw(&act->prompt, canvas, row);
    else if (line->keys)
        canvas_text(canvas, row, 0, canvas->width, STYLE_KEY, act_step_of(act)->keys);
}

static void draw_lines(const struct act *act, struct canvas *canvas)
{
    bool asks = act_step_of(act)->typed;
    int room = asks ? canvas->height : canvas->height + 1, row = 0;

    for (size_t i = 0; i < LINES; i++)
        if (lines[i].rank < room && (asks || !lines[i].prompt))
            draw_line(act, &lines[i], canvas, row++);
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
    const struct act *act = (struct act *)dialog;
    bool lists = act_step_of(act)->chosen;
    const char *title = act->verb ? act->verb->title : "Pause or resume: where?";
    int rows = lists ? (int)act->where.count + 2 : LINES;
    struct canvas_part before = box_enter(canvas, title, rows, COLUMNS_WANTED);

    (void)top;
    if (lists)
        draw_where(act, canvas);
    else if (act->verb)
        draw_lines(act, canvas);
    canvas_restore(canvas, before);
}
