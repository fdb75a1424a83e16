/* A screen of the dashboard as text, from a recording, without a terminal.
 *
 *   screens RECORDING COLUMNSxROWS utf-8|ascii|styles [STEP...]
 *
 * A step is "@SECONDS" (time goes on to so many seconds behind the recording's start), a key's name
 * ("Down", "z", "Enter"), or text in quotes, typed key by key. Prints the canvas as it then is;
 * `styles` with the meaning of each stretch that is not plain. Ends with 2 when called wrongly.
 */
#include "core/buf.h"
#include "tui/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DUMP_MOST = 4 * 1024 * 1024, STEP_MS = 100, TURNS_A_KEY = 4 };

struct stage {
    struct wire *wire;
    struct fleet *fleet;
    struct watch *watch;
    struct top *top;
    int64_t first_ms, last_ms, interval_ms, now_ms;
};

static void fail(const char *why)
{
    fprintf(stderr, "screens: %s\n", why);
    exit(2);
}

static void turn(struct stage *stage)
{
    (void)watch_step(stage->watch, stage->now_ms);
    wire_step(stage->wire, stage->now_ms, 0);
    (void)watch_step(stage->watch, stage->now_ms);
    top_step(stage->top, stage->now_ms);
}

static void go_on(struct stage *stage, int64_t until_ms)
{
    for (; stage->now_ms < until_ms; stage->now_ms += STEP_MS)
        turn(stage);
    turn(stage);
}

/* Answers come when the wire moves: each key may ask for something. */
static void press(struct stage *stage, int key)
{
    top_key(stage->top, key);
    for (int i = 0; i < TURNS_A_KEY; i++)
        turn(stage);
}

static void take_step(struct stage *stage, const char *step)
{
    char *end = NULL;
    double seconds = *step == '@' ? strtod(step + 1, &end) : 0;

    if (end && step[1] && !*end) {
        go_on(stage, stage->first_ms + (int64_t)(seconds * 1000));
    } else if (*step == '"' && strlen(step) > 1) {
        for (const char *at = step + 1; *at && *at != '"'; at++)
            press(stage, (unsigned char)*at);
    } else if (key_of_name(step) >= 0) {
        press(stage, key_of_name(step));
    } else {
        fail("a step that is no time, text or key");
    }
}

static void open_stage(struct stage *stage, const char *path)
{
    struct fleet_endpoint endpoints[16];
    struct error error = ERROR_INIT;
    struct top_options options = {.who = "operator", .color = true};
    size_t count;

    stage->wire = wire_replay(path, &error);
    if (!stage->wire)
        fail(error.text);
    count = wire_endpoints(stage->wire);
    if (count > sizeof(endpoints) / sizeof(endpoints[0]))
        fail("too many endpoints");
    for (size_t i = 0; i < count; i++) {
        const struct wire_endpoint *endpoint = wire_endpoint(stage->wire, i);
        endpoints[i] = (struct fleet_endpoint){endpoint->name, endpoint->url, endpoint->production};
    }
    wire_span(stage->wire, &stage->first_ms, &stage->last_ms, &stage->interval_ms);
    stage->now_ms = stage->first_ms;
    stage->fleet = fleet_new(endpoints, count, stage->interval_ms, 0);
    stage->watch = stage->fleet ? watch_new(stage->wire, stage->fleet, stage->interval_ms) : NULL;
    options.wire = stage->wire;
    options.fleet = stage->fleet;
    options.watch = stage->watch;
    stage->top = stage->watch ? top_new(&options, &error) : NULL;
    if (!stage->top)
        fail("no memory");
    turn(stage);
}

static void print(struct stage *stage, int rows, int columns, const char *mode)
{
    struct canvas canvas;
    struct buf out;

    buf_init(&out, DUMP_MOST);
    if (!canvas_init(&canvas, rows, columns, strcmp(mode, "ascii") == 0))
        fail("no memory");
    canvas_clear(&canvas);
    top_draw(stage->top, &canvas);
    canvas_dump(&canvas, strcmp(mode, "styles") == 0, &out);
    fputs(buf_text(&out), stdout);
    canvas_release(&canvas);
    buf_release(&out);
}

int main(int argc, char **argv)
{
    struct stage stage = {.now_ms = 0};
    int rows, columns;

    if (argc < 4 || sscanf(argv[2], "%dx%d", &columns, &rows) != 2 ||
        (strcmp(argv[3], "utf-8") != 0 && strcmp(argv[3], "ascii") != 0 &&
         strcmp(argv[3], "styles") != 0))
        fail("RECORDING COLUMNSxROWS utf-8|ascii|styles [STEP...]");
    open_stage(&stage, argv[1]);
    for (int i = 4; i < argc; i++)
        take_step(&stage, argv[i]);
    print(&stage, rows, columns, argv[3]);
    top_free(stage.top);
    watch_free(stage.watch);
    fleet_free(stage.fleet);
    wire_free(stage.wire);
    return 0;
}
