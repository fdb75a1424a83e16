#include "tui/fleet.h"

#include "core/text.h"
#include "tui/fleet_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const row_state_words[ROW_STATES] = {
    [ROW_UNKNOWN] = "?",     [ROW_OK] = "OK",     [ROW_DRIFT] = "DRIFT", [ROW_LATE] = "LATE",
    [ROW_PAUSED] = "PAUSED", [ROW_FAIL] = "FAIL", [ROW_GONE] = "GONE",
};
const char row_state_chars[ROW_STATES] = {
    [ROW_UNKNOWN] = '?', [ROW_OK] = '.',   [ROW_DRIFT] = '~', [ROW_LATE] = '!',
    [ROW_PAUSED] = '=',  [ROW_FAIL] = 'X', [ROW_GONE] = '-',
};

/* -- life cycle ---------------------------------------------------------------------------------
 */

static bool source_init(struct fleet_source *source, const struct fleet_endpoint *endpoint)
{
    *source = (struct fleet_source){.production = endpoint->production,
                                    .skew_ms = SAMPLE_UNKNOWN,
                                    .base_ms = SAMPLE_UNKNOWN,
                                    .received = NAN,
                                    .delivered = NAN,
                                    .depth = NAN,
                                    .dead = NAN};
    sample_init(&source->sample);
    source->name = strdup(endpoint->name);
    source->url = strdup(endpoint->url);
    return source->name && source->url;
}

struct fleet *fleet_new(const struct fleet_endpoint *endpoints, size_t count, int64_t interval_ms,
                        size_t points_most)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    bool ok;

    if (!fleet)
        return NULL;
    fleet->interval_ms = interval_ms > 0 ? interval_ms : 1;
    fleet->step_most = points_most > 0 ? points_most : FLEET_POINTS;
    fleet->last = -1;
    fleet->steps = calloc(fleet->step_most, sizeof(*fleet->steps));
    fleet->sources = calloc(count + 1, sizeof(*fleet->sources));
    ok = fleet->steps && fleet->sources;
    for (size_t i = 0; ok && i < count; i++) {
        fleet->source_count++;
        ok = source_init(&fleet->sources[i], &endpoints[i]);
    }
    if (ok)
        return fleet;
    fleet_free(fleet);
    return NULL;
}

void fleet_free(struct fleet *fleet)
{
    if (!fleet)
        return;
    for (size_t i = 0; i < fleet->source_count; i++) {
        sample_release(&fleet->sources[i].sample);
        free(fleet->sources[i].name);
        free(fleet->sources[i].url);
    }
    for (size_t i = 0; fleet->steps && i < fleet->step_most; i++)
        free(fleet->steps[i].points);
    fleet_rows_free(fleet);
    fleet_drifts_release(&fleet->drifts);
    free(fleet->sources);
    free(fleet->steps);
    free(fleet);
}

/* -- endpoints ----------------------------------------------------------------------------------
 */

enum endpoint_state fleet_source_state(const struct fleet *fleet, const struct fleet_source *source,
                                       int64_t now_ms)
{
    if (source->down)
        return ENDPOINT_DOWN;
    if (!source->told)
        return ENDPOINT_WAITING;
    return now_ms - source->sampled_ms > FLEET_LATE_INTERVALS * fleet->interval_ms ? ENDPOINT_LATE
                                                                                   : ENDPOINT_LIVE;
}

/* Cut where a character ends. */
static void problem_keep(struct fleet_source *source, const char *problem)
{
    size_t length = strnlen(problem, sizeof(source->problem) - 1);

    length = text_utf8_check(problem, length);
    memcpy(source->problem, problem, length);
    source->problem[length] = '\0';
}

void fleet_fail(struct fleet *fleet, size_t endpoint, const char *problem, bool refused,
                int64_t now_ms, int64_t retry_ms)
{
    struct fleet_source *source = &fleet->sources[endpoint];

    if (!source->down)
        source->down_since_ms = now_ms;
    source->down = true;
    source->refused = refused;
    source->retry_ms = retry_ms;
    problem_keep(source, problem);
}

size_t fleet_endpoints(const struct fleet *fleet)
{
    return fleet->source_count;
}

void fleet_endpoint(const struct fleet *fleet, size_t n, int64_t now_ms, struct endpoint *out)
{
    const struct fleet_source *source = &fleet->sources[n];

    *out = (struct endpoint){
        .name = source->name,
        .url = source->url,
        .production = source->production,
        .state = fleet_source_state(fleet, source, now_ms),
        .sampled_ms = source->sampled_ms,
        .down_since_ms = source->down ? source->down_since_ms : 0,
        .retry_ms = source->down ? source->retry_ms : 0,
        .problem = source->down ? source->problem : NULL,
        .refused = source->down && source->refused,
        .skew_ms = source->skew_ms,
        .sample = source->told ? &source->sample : NULL,
        .received = source->received,
        .delivered = source->delivered,
        .depth = source->depth,
        .dead = source->dead,
    };
}
