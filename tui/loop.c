#include "tui/loop.h"

#include "tui/loop_state.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL_MS = 1000, FDS_OF_GENESYS = 64, FDS_OF_ENDPOINT = 8, LAST_WORDS_BYTES = 1 << 20 };

/* -- time ---------------------------------------------------------------------------------------
 */

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t loop_now(const struct loop *loop)
{
    int64_t now_ms = loop->base_ms + clock_ms(CLOCK_BOOTTIME);

    if (wire_is_replay(loop->wire) && now_ms > loop->last_ms)
        return loop->last_ms;
    return now_ms;
}

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool open_wire(struct loop *loop, struct error *error)
{
    const struct top_settings *settings = loop->settings;
    const struct ingest_options options = {.ca_file = settings->ca_file};
    int64_t interval_ms;

    loop->interval_ms = settings->interval_ms > 0 ? settings->interval_ms : INTERVAL_MS;
    loop->base_ms = clock_ms(CLOCK_REALTIME) - clock_ms(CLOCK_BOOTTIME);
    if (settings->replay) {
        loop->wire = wire_replay(settings->replay, error);
        if (!loop->wire)
            return false;
        wire_span(loop->wire, &loop->first_ms, &loop->last_ms, &interval_ms);
        loop->interval_ms = interval_ms > 0 ? interval_ms : INTERVAL_MS;
        loop->base_ms = loop->first_ms - clock_ms(CLOCK_BOOTTIME);
        return true;
    }
    loop->ingest = ingest_new(&options, error);
    if (loop->ingest)
        loop->wire = wire_live(loop->ingest, settings->endpoints, settings->endpoint_count, error);
    return loop->wire;
}

static struct fleet *open_fleet(const struct loop *loop)
{
    size_t count = wire_endpoints(loop->wire);
    struct fleet_endpoint *endpoints = calloc(count + 1, sizeof(*endpoints));
    struct fleet *fleet = NULL;

    for (size_t i = 0; endpoints && i < count; i++) {
        const struct wire_endpoint *endpoint = wire_endpoint(loop->wire, i);
        endpoints[i] = (struct fleet_endpoint){endpoint->name, endpoint->url, endpoint->production};
    }
    if (endpoints)
        fleet = fleet_new(endpoints, count, loop->interval_ms, 0);
    free(endpoints);
    return fleet;
}

static bool loop_open(struct loop *loop, struct error *error)
{
    const struct top_settings *settings = loop->settings;

    if (!open_wire(loop, error))
        return false;
    loop->fds_most = 3 + FDS_OF_GENESYS + FDS_OF_ENDPOINT * wire_endpoints(loop->wire);
    loop->fds = calloc(loop->fds_most, sizeof(*loop->fds));
    loop->fleet = open_fleet(loop);
    if (loop->fleet)
        loop->watch = watch_new(loop->wire, loop->fleet, loop->interval_ms);
    if (!loop->fds || !loop->watch)
        return error_no_memory(error);
    if (settings->genesys && !settings->replay &&
        !(loop->genesys = genesys_new(settings->genesys, error)))
        return false;
    return !settings->record ||
           wire_record(loop->wire, settings->record, loop->interval_ms, loop_now(loop), error);
}

static void loop_close(struct loop *loop)
{
    genesys_free(loop->genesys);
    watch_free(loop->watch);
    fleet_free(loop->fleet);
    wire_free(loop->wire);
    ingest_free(loop->ingest);
    free(loop->fds);
}

/* -- one turn -----------------------------------------------------------------------------------
 */

int64_t loop_turn(struct loop *loop, int64_t now_ms, bool *drift)
{
    *drift = false;
    (void)watch_step(loop->watch, now_ms);
    wire_step(loop->wire, now_ms, 0);
    if (loop->genesys && genesys_step(loop->genesys, now_ms)) {
        *drift = true;
        wire_note_genesys(loop->wire, genesys_snapshot(loop->genesys), now_ms);
    }
    return watch_step(loop->watch, now_ms); /* what the answers made due */
}

struct loop_woken loop_wait(struct loop *loop, int keyboard, int out, int64_t timeout_ms)
{
    enum { GONE = POLLERR | POLLHUP | POLLNVAL };
    struct pollfd *fds = loop->fds;
    int timeout = timeout_ms < 0 ? 0 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    struct loop_woken woken = {false, false, false};
    size_t count = 3;

    fds[0] = (struct pollfd){signals_fd(), POLLIN, 0};
    fds[1] = (struct pollfd){keyboard, POLLIN, 0};
    fds[2] = (struct pollfd){out, 0, 0};
    count += wire_poll(loop->wire, fds + count, loop->fds_most - count, &timeout);
    if (loop->genesys)
        count += genesys_poll(loop->genesys, fds + count, loop->fds_most - count, &timeout);
    if (poll(fds, (nfds_t)count, timeout) <= 0)
        return woken;
    woken.keyboard = fds[1].revents & POLLIN;
    woken.keyboard_gone = fds[1].revents & GONE;
    woken.out_gone = fds[2].revents & GONE;
    return woken;
}

bool loop_interrupted(struct error *error)
{
    return error_set(error, ERROR_INTERRUPTED, "interrupted");
}

/* -- the whole ----------------------------------------------------------------------------------
 */

static bool wants_color(const struct top_settings *settings)
{
    const char *no = getenv("NO_COLOR");

    return settings->color == 1 || (settings->color == 0 && !(no && *no));
}

/* NULL: text is wanted, or all that can be had. */
static struct screen *open_screen(const struct top_settings *settings)
{
    struct error why = ERROR_INIT;

    if (settings->once || settings->json || settings->count > 0)
        return NULL;
    return screen_new(wants_color(settings), settings->mouse, &why);
}

bool top_run(const struct top_settings *settings, enum top_health *health, struct error *error)
{
    struct loop loop = {.settings = settings};
    struct screen *screen = NULL;
    bool ok = false;

    *health = TOP_CANNOT_TELL;
    buf_init(&loop.last_words, LAST_WORDS_BYTES);
    signal(SIGPIPE, SIG_IGN);
    if (!loop_open(&loop, error))
        goto cleanup;
    screen = open_screen(settings);
    if (!signals_begin(screen, error))
        goto cleanup;
    if (screen)
        *health = TOP_HEALTHY;
    ok = screen ? loop_screen(&loop, screen, error) : loop_text(&loop, health, error);
cleanup:
    screen_free(screen);
    fputs(buf_text(&loop.last_words), stderr);
    buf_release(&loop.last_words);
    loop_close(&loop);
    signals_end();
    return ok;
}

/* -- the verdict --------------------------------------------------------------------------------
 */

enum top_health top_judge(const struct fleet *fleet, int64_t now_ms)
{
    size_t count = fleet_endpoints(fleet), tell = 0, well = 0;
    int64_t step = fleet_last(fleet);

    for (size_t i = 0; i < count; i++) {
        struct endpoint endpoint;
        fleet_endpoint(fleet, i, now_ms, &endpoint);
        tell += endpoint.state == ENDPOINT_LIVE || endpoint.state == ENDPOINT_LATE;
        well += endpoint.state == ENDPOINT_LIVE &&
                !(endpoint.sample && endpoint.sample->ready == SAMPLE_NO);
    }
    if (tell == 0)
        return TOP_CANNOT_TELL;
    if (well < count)
        return TOP_DEGRADED;
    for (size_t i = 0; i < fleet_rows(fleet) && step >= 0; i++) {
        struct point point;
        fleet_point(fleet, i, step, &point);
        if (point.state == ROW_FAIL || point.state == ROW_LATE || point.state == ROW_DRIFT)
            return TOP_DEGRADED;
    }
    return TOP_HEALTHY;
}
