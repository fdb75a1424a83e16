#include "traffic.h"

#include "delivery.h"
#include "lifecycle.h"
#include "traffic_settings.h"

#include <event2/event.h>
#include <stdlib.h>

enum { PULSE_MS = 5, PULSE_MAX_MS = 1000 /* of time that one pulse may make up for */ };
enum { LIVE_MAX = 200000 /* conversations at a time; more wait with their beginning */ };

struct conversation {
    struct lifecycle lifecycle;
    unsigned position; /* of its next event */
    double due_ms;     /* of traffic's own time */
};

struct traffic {
    struct sandbox *sandbox;
    struct event *pulse;
    struct traffic_settings settings;
    bool runs;
    int64_t last_ms;            /* monotonic time of the last pulse */
    double now_ms;              /* since the start, without the times when a target was full */
    double surge_ms;            /* when the surge was set */
    double owed;                /* conversations that are to begin, and the part of the next one */
    struct conversation **live; /* a heap: the one whose event is due first comes first */
    size_t live_count;
    size_t live_capacity;
    uint64_t started;
    uint64_t finished;
    uint64_t events;
};

/* -- the heap ------------------------------------------------------------------------------ */

static bool comes_before(const struct conversation *a, const struct conversation *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return a->lifecycle.number < b->lifecycle.number;
}

static void swap(struct conversation **a, struct conversation **b)
{
    struct conversation *kept = *a;

    *a = *b;
    *b = kept;
}

static void live_add(struct traffic *traffic, struct conversation *conversation)
{
    size_t at = traffic->live_count++;

    if (at == traffic->live_capacity) {
        traffic->live_capacity = at ? 2 * at : 64;
        traffic->live = text_resized(traffic->live, traffic->live_capacity * sizeof *traffic->live);
    }
    struct conversation **live = traffic->live;
    live[at] = conversation;
    for (; at && comes_before(live[at], live[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&live[at], &live[(at - 1) / 2]);
}

/* The first one's time has changed. */
static void live_sink(struct traffic *traffic)
{
    struct conversation **live = traffic->live;
    size_t at = 0;

    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < traffic->live_count; child++)
            least = comes_before(live[child], live[least]) ? child : least;
        if (least == at)
            return;
        swap(&live[at], &live[least]);
        at = least;
    }
}

static void live_remove_first(struct traffic *traffic)
{
    free(traffic->live[0]);
    traffic->live[0] = traffic->live[--traffic->live_count];
    live_sink(traffic);
}

static void live_clear(struct traffic *traffic)
{
    while (traffic->live_count)
        free(traffic->live[--traffic->live_count]);
}

/* -- generating ---------------------------------------------------------------------------- */

static bool all_have_begun(const struct traffic *traffic)
{
    return traffic->settings.conversations > 0 &&
           (double)traffic->started >= traffic->settings.conversations;
}

static double times_now(const struct traffic *traffic)
{
    double since_s = (traffic->now_ms - traffic->surge_ms) / 1000 - traffic->settings.surge.after_s;
    bool surges = since_s >= 0 && since_s < traffic->settings.surge.for_s;

    return surges ? traffic->settings.surge.times : 1;
}

static void begin_due(struct traffic *traffic, double passed_ms)
{
    traffic->owed += traffic->settings.conversations_per_s * times_now(traffic) * passed_ms / 1000;
    while (traffic->owed >= 1 && !all_have_begun(traffic) && traffic->live_count < LIVE_MAX) {
        struct conversation *conversation = text_zeroed(sizeof *conversation);
        traffic->owed--;
        lifecycle_init(&conversation->lifecycle, &traffic->settings, traffic->started++);
        conversation->due_ms = traffic->now_ms;
        live_add(traffic, conversation);
    }
    if (traffic->owed > 1)
        traffic->owed = 1;
}

static void tell_first(struct traffic *traffic)
{
    struct conversation *first = traffic->live[0];
    struct happening *happening = lifecycle_tell(&first->lifecycle, first->position++);

    delivery_offer(traffic->sandbox->delivery, happening);
    happening_close(happening);
    happening_release(happening);
    traffic->events++;
    if (first->position == first->lifecycle.count) {
        traffic->finished++;
        live_remove_first(traffic);
        return;
    }
    first->due_ms += traffic->settings.pace_ms * lifecycle_gap(&first->lifecycle, first->position);
    live_sink(traffic);
}

static void generate(struct traffic *traffic)
{
    struct delivery *delivery = traffic->sandbox->delivery;
    int64_t now_ms = text_monotonic_ms();
    int64_t passed_ms = now_ms - traffic->last_ms;

    traffic->last_ms = now_ms;
    if (passed_ms > PULSE_MAX_MS)
        passed_ms = PULSE_MAX_MS;
    if (!delivery_has_room(delivery))
        return;
    traffic->now_ms += (double)passed_ms;
    begin_due(traffic, (double)passed_ms);
    while (traffic->live_count && traffic->live[0]->due_ms <= traffic->now_ms &&
           delivery_has_room(delivery))
        tell_first(traffic);
    traffic->runs = traffic->live_count || !all_have_begun(traffic);
}

static void pulse_plan(struct traffic *traffic)
{
    const struct timeval delay = {.tv_usec = 1000 * PULSE_MS};

    event_add(traffic->pulse, &delay);
}

static void on_pulse(evutil_socket_t fd, short events, void *context)
{
    struct traffic *traffic = context;

    (void)fd;
    (void)events;
    if (traffic->runs)
        generate(traffic);
    delivery_pulse(traffic->sandbox->delivery);
    if (traffic->runs || delivery_waits(traffic->sandbox->delivery))
        pulse_plan(traffic);
}

/* -- from outside -------------------------------------------------------------------------- */

struct traffic *traffic_new(struct sandbox *sandbox)
{
    struct traffic *traffic = text_zeroed(sizeof *traffic);

    traffic->sandbox = sandbox;
    traffic->pulse = event_new(sandbox->base, -1, 0, on_pulse, traffic);
    traffic_settings_init(&traffic->settings);
    return traffic;
}

void traffic_free(struct traffic *traffic)
{
    if (!traffic)
        return;
    live_clear(traffic);
    free(traffic->live);
    event_free(traffic->pulse);
    free(traffic);
}

char *traffic_start(struct traffic *traffic, const json_t *document)
{
    struct traffic_settings settings = traffic->settings;

    if (!traffic->runs)
        traffic_settings_init(&settings);
    char *wrong = traffic_settings_read(&settings, document);
    if (wrong)
        return wrong;
    if (!traffic->runs) {
        live_clear(traffic);
        traffic->started = traffic->finished = traffic->events = 0;
        traffic->now_ms = 0;
        traffic->owed = 1;
        traffic->last_ms = text_monotonic_ms();
    }
    if (!traffic->runs || json_object_get(document, "surge"))
        traffic->surge_ms = traffic->now_ms;
    traffic->settings = settings;
    traffic->runs = true;
    pulse_plan(traffic);
    return NULL;
}

void traffic_stop(struct traffic *traffic)
{
    traffic->runs = false;
    live_clear(traffic);
}

bool traffic_runs(const struct traffic *traffic)
{
    return traffic->runs;
}

json_t *traffic_report(const struct traffic *traffic)
{
    json_t *report = traffic_settings_report(&traffic->settings);

    json_object_set_new(report, "started", json_integer((json_int_t)traffic->started));
    json_object_set_new(report, "finished", json_integer((json_int_t)traffic->finished));
    json_object_set_new(report, "events", json_integer((json_int_t)traffic->events));
    json_object_set_new(report, "running", json_boolean(traffic->runs));
    return report;
}
