/* The loop: one poll() over keyboard, sockets and timers; signals are flags.
 *
 * top_run is what `eventctl top` is: on a terminal the dashboard, else text. */
#ifndef TUI_LOOP_H
#define TUI_LOOP_H

#include "core/error.h"
#include "tui/fleet.h"
#include "tui/genesys.h"
#include "tui/wire.h"

struct top_settings {
    const struct wire_endpoint *endpoints;
    size_t endpoint_count;
    const char *ca_file;
    const struct genesys_options *genesys; /* NULL: none is known */
    int64_t interval_ms;                   /* 0: 1 s */
    int64_t count; /* of prints without a screen; 0: one with --once, endless else */
    bool once, json, read_only, mouse, ascii;
    int color;   /* 0 auto, 1 always, 2 never */
    int columns; /* of the text; 0: the terminal's, COLUMNS, else 120 */
    const char *filter, *sort, *record, *replay, *who;
    const char *note; /* for the log: what is not shown, and why; NULL: nothing */
};
enum top_health { TOP_HEALTHY = 0, TOP_CANNOT_TELL = 1, TOP_DEGRADED = 2 };
/* The exit code is *health, of the last print; a screen that was quit is HEALTHY. False: it could
 * not begin, *error says why; or a signal ended it, then that is ERROR_INTERRUPTED. Uses stdin and
 * stdout. */
MUST_CHECK bool top_run(const struct top_settings *settings, enum top_health *health,
                        struct error *error);

/* HEALTHY: every endpoint live and every row OK, PAUSED or unknown to be otherwise; DEGRADED: a row
 * is FAIL, LATE or DRIFT, or an endpoint is not live or takes no events while another tells;
 * CANNOT_TELL: none tells. */
enum top_health top_judge(const struct fleet *fleet, int64_t now_ms);

#endif
