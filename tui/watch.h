/* Asks every endpoint for its status once an interval, and feeds the fleet.
 *
 * GET /v1/status; where that is 404 or no JSON, GET /metrics from then on. One question at a time
 * to an endpoint; one that does not answer is asked again after 1 s, 2 s, 4 s … 30 s.
 */
#ifndef TUI_WATCH_H
#define TUI_WATCH_H

#include "tui/fleet.h"
#include "tui/wire.h"

struct watch;
/* Both are borrowed. */
struct watch *watch_new(struct wire *wire, struct fleet *fleet, int64_t interval_ms);
void watch_free(struct watch *watch);
/* Asks what is due. Returns how many milliseconds until something is. */
int64_t watch_step(struct watch *watch, int64_t now_ms);
/* True once after something changed that may be seen: a sample, a failure. */
bool watch_news(struct watch *watch);
/* Every endpoint has answered or failed at least once. */
bool watch_all_heard(const struct watch *watch);
/* Every endpoint either gave so many samples since it last failed, or failed last. */
bool watch_all_sampled(const struct watch *watch, unsigned samples);

#endif
