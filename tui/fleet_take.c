/* A sample comes in: its subscriptions find their rows and what the last step knew of them. */
#include "tui/fleet_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t NO_ROW = UINT32_MAX;

/* -- who is who ---------------------------------------------------------------------------------
 */

static struct part part_new(uint32_t row)
{
    struct part part = {.row = row, .dead = NAN};

    for (size_t i = 0; i < RATES; i++) {
        part.rates[i] = NAN;
        part.base[i] = SAMPLE_UNKNOWN;
    }
    return part;
}

/* Goes through the endpoint's last sample and this one together. Counts those without a row. */
static size_t join(const struct fleet *fleet, const struct fleet_source *source,
                   const struct ingest_sample *sample, struct part *parts)
{
    const struct ingest_sample *before = &source->sample;
    size_t at = 0, without = 0;

    for (size_t i = 0; i < sample->subscription_count; i++) {
        const char *id = sample->subscriptions[i].id;
        int order = 1;
        while (at < before->subscription_count &&
               (order = strcmp(before->subscriptions[at].id, id)) < 0)
            at++;
        if (at < before->subscription_count && order == 0) {
            parts[i] = source->parts[at++];
        } else {
            size_t row = fleet_find(fleet, id);
            parts[i] = part_new(row == SIZE_MAX ? NO_ROW : (uint32_t)row);
            without += row == SIZE_MAX;
        }
    }
    return without;
}

/* Gives the next rows to those that have none. */
static bool add_rows(struct fleet *fleet, struct ingest_sample *sample, struct part *parts,
                     size_t count)
{
    const char **ids = arena_alloc(&sample->arena, (count + 1) * sizeof(*ids));
    size_t found = 0;

    if (!ids)
        return false;
    for (size_t i = 0; i < sample->subscription_count; i++) {
        if (parts[i].row != NO_ROW)
            continue;
        parts[i].row = (uint32_t)(fleet->row_count + found);
        ids[found++] = sample->subscriptions[i].id;
    }
    return fleet_rows_add(fleet, ids, count);
}

/* -- what is made of it once --------------------------------------------------------------------
 */

static int compare_id(const void *id, const void *subscription)
{
    return strcmp(id, ((const struct sample_subscription *)subscription)->id);
}

/* No reasons at all are none only where somebody counted. */
static void count_dead(const struct ingest_sample *sample, struct part *parts)
{
    bool counted = sample->dead_count != SAMPLE_UNKNOWN || sample->reason_count > 0;

    for (size_t i = 0; i < sample->subscription_count; i++)
        parts[i].dead = counted ? 0 : NAN;
    for (size_t i = 0; i < sample->reason_count; i++) {
        const struct sample_reason *reason = &sample->reasons[i];
        const struct sample_subscription *of = NULL;
        if (sample->subscription_count > 0)
            of = bsearch(reason->subscription, sample->subscriptions, sample->subscription_count,
                         sizeof(*of), compare_id);
        if (of)
            parts[of - sample->subscriptions].dead +=
                reason->count == SAMPLE_UNKNOWN ? NAN : (double)reason->count;
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_failing(const struct sample_subscription *of, const char *const *open, size_t count)
{
    if (count > 0 && bsearch(&of->sink, open, count, sizeof(*open), compare_texts))
        return true;
    return of->parked > 0 && of->last_error_ms > 0 && of->last_error_ms > of->last_delivered_ms;
}

static bool judge(struct ingest_sample *sample, struct part *parts)
{
    const char **open = arena_alloc(&sample->arena, (sample->sink_count + 1) * sizeof(*open));
    size_t count = 0;

    if (!open)
        return false;
    for (size_t i = 0; i < sample->sink_count; i++)
        if (strcmp(sample->sinks[i].breaker, "open") == 0)
            open[count++] = sample->sinks[i].name;
    qsort(open, count, sizeof(*open), compare_texts);
    for (size_t i = 0; i < sample->subscription_count; i++) {
        parts[i].failing = is_failing(&sample->subscriptions[i], open, count);
        parts[i].paused = sample->subscriptions[i].paused == SAMPLE_YES;
    }
    return true;
}

/* -- what rows show of it -----------------------------------------------------------------------
 */

/* A time of the endpoint's clock by ours. In whole seconds, so that it stands still although
 * answers take now more, now less time; 0: none. */
static int64_t our_time_ms(int64_t ms, int64_t skew_ms)
{
    int64_t ours;

    if (ms <= 0)
        return 0;
    if (skew_ms == SAMPLE_UNKNOWN)
        return ms;
    if (__builtin_sub_overflow(ms, skew_ms / 1000 * 1000, &ours) || ours < 0)
        return 0;
    return ours;
}

/* An endpoint may always correct its own error; another one's only with a later one. */
static bool tell_error(struct fleet_row *row, const struct sample_subscription *of, size_t source,
                       int64_t skew_ms, bool *changed)
{
    int64_t error_ms = our_time_ms(of->last_error_ms, skew_ms);

    if (row->last_error && row->error_source != source && error_ms <= row->shown.last_error_ms)
        return true;
    if (!fleet_text_keep(&row->last_error, of->last_error, changed))
        return false;
    row->error_source = source;
    row->shown.last_error_ms = error_ms;
    return true;
}

static bool tell_row(const struct fleet *fleet, struct fleet_row *row,
                     const struct sample_subscription *of, size_t source, int64_t skew_ms)
{
    int64_t delivered_ms = our_time_ms(of->last_delivered_ms, skew_ms);
    bool changed = !row->shown.id, ok;

    ok = (!*of->name || fleet_text_keep(&row->name, of->name, &changed)) &&
         (!*of->sink || fleet_text_keep(&row->sink, of->sink, &changed)) &&
         tell_error(row, of, source, skew_ms, &changed);
    if (delivered_ms > row->shown.last_delivered_ms)
        row->shown.last_delivered_ms = delivered_ms;
    if (changed)
        fleet_row_show(fleet, row);
    return ok;
}

static bool tell_rows(struct fleet *fleet, const struct ingest_sample *sample,
                      const struct part *parts, size_t source, int64_t skew_ms)
{
    for (size_t i = 0; i < sample->subscription_count; i++)
        if (!tell_row(fleet, &fleet->rows[parts[i].row], &sample->subscriptions[i], source,
                      skew_ms))
            return false;
    return true;
}

/* -- the endpoint -------------------------------------------------------------------------------
 */

static bool has_clock(const struct ingest_sample *sample)
{
    return sample->now_ms > 0;
}

/* Whether counters of the two may be compared: of one instance, by one clock that went on. */
static bool continues(const struct fleet_source *source, const struct ingest_sample *sample,
                      int64_t clock_ms)
{
    const struct ingest_sample *before = &source->sample;

    return source->told && strcmp(before->instance, sample->instance) == 0 &&
           before->started_ms == sample->started_ms && has_clock(before) == has_clock(sample) &&
           clock_ms >= source->clock_ms;
}

static int64_t skew_of(const struct ingest_sample *sample, int64_t now_ms)
{
    return has_clock(sample) ? sample->now_ms - now_ms : SAMPLE_UNKNOWN;
}

static void replace(struct fleet *fleet, struct fleet_source *source, struct ingest_sample *sample,
                    struct part *parts, int64_t now_ms)
{
    int64_t clock_ms = has_clock(sample) ? sample->now_ms : now_ms;

    if (!continues(source, sample, clock_ms))
        source->base_ms = SAMPLE_UNKNOWN;
    for (size_t i = 0; i < source->sample.subscription_count; i++)
        fleet->rows[source->parts[i].row].shown.endpoints--;
    sample_release(&source->sample);
    source->sample = *sample;
    sample_init(sample);
    source->parts = parts;
    source->sampled_ms = now_ms;
    source->clock_ms = clock_ms;
    source->skew_ms = skew_of(&source->sample, now_ms);
    source->told = source->fresh = true;
    source->down = false;
    for (size_t i = 0; i < source->sample.subscription_count; i++) {
        struct row *row = &fleet->rows[parts[i].row].shown;
        row->endpoints++;
        row->sampled_ms = now_ms;
    }
}

bool fleet_take(struct fleet *fleet, size_t endpoint, struct ingest_sample *sample, int64_t now_ms)
{
    struct fleet_source *source = &fleet->sources[endpoint];
    struct part *parts =
        arena_alloc(&sample->arena, (sample->subscription_count + 1) * sizeof(*parts));
    size_t fresh;

    if (!parts)
        return false;
    fresh = join(fleet, source, sample, parts);
    count_dead(sample, parts);
    if (!judge(sample, parts) || !add_rows(fleet, sample, parts, fresh))
        return false;
    if (!tell_rows(fleet, sample, parts, endpoint, skew_of(sample, now_ms))) {
        fleet_rows_drop(fleet, fresh);
        return false;
    }
    fleet_rows_commit(fleet, fresh);
    /* A new one may be whose drift another was given by its name. */
    for (size_t i = 0; fresh > 0 && i < fleet->row_count; i++)
        fleet_row_show(fleet, &fleet->rows[i]);
    replace(fleet, source, sample, parts, now_ms);
    return true;
}
