/* The dashboard on a terminal: keys first, then the network, then at most one drawing. */
#include "tui/loop_state.h"

#include "tui/dialog.h"

#include <unistd.h>

enum { WAKE_MOST_MS = 1000 }; /* ages that are shown grow by the second */

struct shown {
    struct loop *loop;
    struct screen *screen;
    struct top *top;
    struct canvas canvas;
    int rows, columns;
    int64_t wake_ms; /* the next on the grid of ticks */
    bool redraw;     /* though the top is not dirty */
};

/* -- drawing ------------------------------------------------------------------------------------
 */

/* Without memory for the new size the old canvas stays: what is outside is cut off. */
static void fit(struct shown *shown)
{
    bool ascii = shown->loop->settings->ascii || screen_is_ascii(shown->screen);
    struct canvas canvas;
    int rows, columns;

    screen_size(shown->screen, &rows, &columns);
    if (rows == shown->rows && columns == shown->columns)
        return;
    if (!canvas_init(&canvas, rows, columns, ascii))
        return;
    canvas_release(&shown->canvas);
    shown->canvas = canvas;
    shown->rows = rows;
    shown->columns = columns;
    shown->redraw = true;
}

static void draw(struct shown *shown)
{
    if (!top_is_dirty(shown->top) && !shown->redraw)
        return;
    shown->redraw = false;
    canvas_clear(&shown->canvas);
    top_draw(shown->top, &shown->canvas);
    screen_show(shown->screen, &shown->canvas);
}

/* -- one turn -----------------------------------------------------------------------------------
 */

static void take_signals(struct shown *shown, const struct signals *came)
{
    if (came->stop) {
        screen_suspend(shown->screen);
        signals_set(); /* it may have given the signal its default back */
    }
    if (came->stop || came->continued || came->resized) {
        screen_resized(shown->screen);
        fit(shown);
        shown->redraw = true;
    }
}

static void take_keys(struct shown *shown)
{
    int key;

    while (!shown->top->quit && (key = screen_key(shown->screen)) >= 0)
        top_key(shown->top, key);
}

/* A recording that came to its end stands still, and says so. */
static void end_replay(struct shown *shown, int64_t now_ms)
{
    struct loop *loop = shown->loop;

    if (!wire_is_replay(loop->wire) || now_ms < loop->last_ms || shown->wake_ms == INT64_MAX)
        return;
    shown->wake_ms = INT64_MAX;
    if (shown->top->frozen < 0)
        shown->top->frozen = fleet_last(loop->fleet);
    top_say(shown->top, LOG_NOTE, "the recording ends here");
    shown->redraw = true;
}

static void check_recording(struct shown *shown)
{
    struct error error = ERROR_INIT;

    if (!wire_recording_is_well(shown->loop->wire, &error))
        top_say(shown->top, LOG_PROBLEM, "%s", error.text);
}

/* Returns how long to wait. */
static int64_t turn(struct shown *shown)
{
    int64_t now_ms = loop_now(shown->loop), wait_ms;
    int64_t beat_ms =
        shown->loop->interval_ms < WAKE_MOST_MS ? shown->loop->interval_ms : WAKE_MOST_MS;
    bool drift;

    wait_ms = loop_turn(shown->loop, now_ms, &drift);
    top_step(shown->top, now_ms);
    check_recording(shown);
    end_replay(shown, now_ms);
    if (shown->wake_ms <= now_ms)
        shown->wake_ms += ((now_ms - shown->wake_ms) / beat_ms + 1) * beat_ms;
    draw(shown);
    if (shown->wake_ms == INT64_MAX)
        return wait_ms;
    if (shown->wake_ms - now_ms < wait_ms)
        wait_ms = shown->wake_ms - now_ms;
    return top_wait_ms(shown->top, now_ms) < wait_ms ? top_wait_ms(shown->top, now_ms) : wait_ms;
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool run(struct shown *shown, struct error *error)
{
    struct loop_woken woken = {false, false, false};
    int64_t wait_ms;

    /* The first picture comes before the first question. */
    shown->wake_ms = loop_now(shown->loop);
    top_step(shown->top, shown->wake_ms);
    fit(shown);
    draw(shown);
    for (;;) {
        struct signals came = signals_take();
        if (came.end || woken.keyboard_gone || screen_is_gone(shown->screen))
            return loop_interrupted(error);
        take_signals(shown, &came);
        take_keys(shown);
        if (shown->top->quit)
            return true;
        wait_ms = turn(shown);
        woken = loop_wait(shown->loop, STDIN_FILENO, -1, wait_ms);
    }
}

bool loop_screen(struct loop *loop, struct screen *screen, struct error *error)
{
    const struct top_settings *settings = loop->settings;
    const struct top_options options = {.wire = loop->wire,
                                        .watch = loop->watch,
                                        .fleet = loop->fleet,
                                        .genesys = loop->genesys,
                                        .interval_ms = loop->interval_ms,
                                        .read_only = settings->read_only,
                                        .color = settings->color != 2,
                                        .who = settings->who,
                                        .query = settings->filter,
                                        .sort = settings->sort};
    struct shown shown = {.loop = loop, .screen = screen};
    bool ok = false;

    signals_set(); /* curses has set some of its own */
    shown.top = top_new(&options, error);
    if (!shown.top)
        return false;
    if (!canvas_init(&shown.canvas, 1, 1, settings->ascii || screen_is_ascii(screen)))
        error_no_memory(error);
    else
        ok = true;
    shown.top->now_ms = loop_now(loop);
    if (settings->note)
        top_note(shown.top, LOG_NOTE, "%s", settings->note);
    ok = ok && run(&shown, error);
    act_last_words(shown.top, &loop->last_words);
    top_free(shown.top);
    canvas_release(&shown.canvas);
    return ok;
}
