#include "ingest/tally.h"

#include <stdlib.h>
#include <string.h>

static struct series *refusal(struct tally *tally, const char *reason)
{
    return metrics_series(tally->metrics, METRIC_REFUSED_REQUESTS, reason, NULL);
}

bool tally_init(struct tally *tally, struct metrics *metrics)
{
    *tally = (struct tally){.metrics = metrics, .addresses = addresses_new()};
    if (!tally->addresses)
        return false;
    pthread_mutex_init(&tally->lock, NULL);
    for (int i = 0; i < REPLY_COUNT; i++) {
        const char *reason = reply_refusal((enum reply)i);

        tally->replies[i] =
            metrics_series(metrics, METRIC_REPLIES, reply_code((enum reply)i), NULL);
        tally->refused[i] = reason ? refusal(tally, reason) : NULL;
    }
    for (int i = 0; i < PHASE_COUNT; i++)
        tally->closed[i] = metrics_series(metrics, METRIC_CLOSED, phase_word((enum phase)i), NULL);
    tally->refused_connections = refusal(tally, "connections");
    tally->refused_address = refusal(tally, "address-connections");
    tally->refused_pending = refusal(tally, "pending");
    tally->refused_tls = refusal(tally, "tls");
    tally->connections_now = metrics_series(metrics, METRIC_CONNECTIONS, NULL, NULL);
    tally->pending_now = metrics_series(metrics, METRIC_PENDING_BYTES, NULL, NULL);
    return true;
}

void tally_release(struct tally *tally)
{
    if (!tally->addresses)
        return;
    for (struct tally_source *next, *at = tally->sources; at; at = next) {
        next = at->next;
        free(at->name);
        free(at);
    }
    addresses_free(tally->addresses);
    pthread_mutex_destroy(&tally->lock);
    *tally = (struct tally){0};
}

static struct tally_source *source_new(struct tally *tally, const char *name)
{
    struct tally_source *source = calloc(1, sizeof *source);

    if (source)
        source->name = strdup(name);
    if (!source || !source->name) {
        free(source);
        return NULL;
    }
    source->requests = metrics_series(tally->metrics, METRIC_RECEIVED_REQUESTS, name, NULL);
    source->events = metrics_series(tally->metrics, METRIC_RECEIVED_EVENTS, name, NULL);
    for (int i = AUTH_OK + 1; i < AUTH_REASONS; i++)
        source->failures[i] = metrics_series(tally->metrics, METRIC_SIGNATURE_FAILURES, name,
                                             auth_reason_word((enum auth_reason)i));
    source->next = tally->sources;
    tally->sources = source;
    return source;
}

static struct tally_source *source_find_or_add(struct tally *tally, const char *name)
{
    struct tally_source *source;

    pthread_mutex_lock(&tally->lock);
    source = tally->sources;
    while (source && strcmp(source->name, name) != 0)
        source = source->next;
    if (!source)
        source = source_new(tally, name);
    pthread_mutex_unlock(&tally->lock);
    return source;
}

struct view *view_new(struct tally *tally, struct live *live)
{
    struct view *view = calloc(1, sizeof *view);

    if (!view)
        return NULL;
    atomic_init(&view->references, 1);
    view->live = live_hold(live);
    view->sources = calloc(live->config->source_count + 1, sizeof(struct tally_source *));
    if (!view->sources)
        goto failed;
    for (size_t i = 0; i < live->config->source_count; i++) {
        view->sources[i] = source_find_or_add(tally, live->config->sources[i].name);
        if (!view->sources[i])
            goto failed;
    }
    return view;
failed:
    view_drop(view);
    return NULL;
}

struct view *view_hold(struct view *view)
{
    atomic_fetch_add(&view->references, 1);
    return view;
}

void view_drop(struct view *view)
{
    if (!view || atomic_fetch_sub(&view->references, 1) != 1)
        return;
    live_drop(view->live);
    free(view->sources);
    free(view);
}

struct tally_source *view_source(const struct view *view, const struct auth_source *source)
{
    return view->sources[auth_source_config(source) - view->live->config->sources];
}

bool tally_enter(struct tally_source *source, int64_t bytes, int64_t most_bytes)
{
    if (atomic_fetch_add(&source->pending_bytes, bytes) + bytes <= most_bytes)
        return true;
    tally_leave(source, bytes);
    return false;
}

void tally_leave(struct tally_source *source, int64_t bytes)
{
    atomic_fetch_sub(&source->pending_bytes, bytes);
}
